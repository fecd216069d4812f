"""Engines: what TensorRT makes of a graph, for one GPU and one version, kept with all that they were made for.

An engine is a program for the GPU: it is built on the machine that runs it, in a folder that nobody else writes to, and
its sha256 is checked before it is opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from facegpt_ros import engines
from facegpt_ros.errors import CacheError

PART = "engines"
_ENGINE, _KEY = "engine.bin", "key.json"


@dataclass(frozen=True)
class EngineKey:
    """All that an engine depends on.

    Attributes:
        graph: sha256 of the ONNX graph.
        backend, version: "tensorrt", "10.3.0".
        gpu, sm: its name and compute capability.
        precision: of the graph.
        profiles: the sizes that it is built for, and its scratch memory.
    """

    graph: str
    backend: str
    version: str
    gpu: str
    sm: str
    precision: str
    profiles: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def changes(self, other: EngineKey) -> list[str]:
        """What is different in `other`, in words."""
        out = []
        for name in (entry.name for entry in fields(self)):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                out.append(f"{name} was {_short(theirs)}, is {_short(mine)}")
        return out


@dataclass(frozen=True)
class Engine:
    """One engine.

    Attributes:
        content: of its file.
        notes: why it was built now, and whether it could be kept; empty where it lay ready.
    """

    content: bytes
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """An engine in the cache. Attributes: folder; key, None where it cannot be read; problem, what is wrong with it."""

    folder: Path
    key: EngineKey | None
    problem: str = ""

    @property
    def line(self) -> str:
        """For people."""
        size = sum(path.stat().st_size for path in self.folder.glob("*")) / 1e6
        what = (
            "" if self.key is None else f"; {self.key.backend} {self.key.version}, {self.key.gpu}, {self.key.precision}"
        )
        return f"{self.folder.name}: {self.problem or 'ok'}{what}; {size:.0f} MB"


def engine(
    label: str, key: EngineKey, build: Callable[[], bytes], say: Callable[[str], None] = lambda line: None
) -> Engine:
    """The engine of a graph, from the cache or built into it.

    Args:
        label: of the graph, such as "face".
        key: of what is wanted.
        build: makes it.
        say: called with a line before it is built, which takes minutes, and when it cannot be kept.

    Raises:
        WeightsError: what build raises.
    """
    ready, why = _ready(label, key)
    if ready is not None:
        return Engine(ready)
    try:
        with engines.locked(f"{label}-{key.digest}", PART) as parent:
            ready, why = _ready(label, key)  # another process may have been first
            if ready is not None:
                return Engine(ready)
            say(f"{label}: building its engine, because {why}")
            content = build()
            return _keep(parent, label, key, content, why, say)
    except CacheError as error:
        note = f"{error}; the engine runs from memory until then"
    say(f"{label}: building its engine, because {why}")
    say(note)
    return Engine(build(), (f"built because {why}", note))


def kept() -> list[Kept]:
    """Every engine in the cache, each read and checked."""
    folder = engines.cache_dir() / PART
    out = []
    for path in sorted(folder.glob("[!.]*")) if folder.is_dir() else []:
        key, content, problem = _read(path)
        out.append(Kept(path, key, "" if content is not None else problem))
    return out


def _ready(label: str, key: EngineKey) -> tuple[bytes | None, str]:
    """The engine, or None and why there is none."""
    parent = engines.cache_dir() / PART
    folder = parent / f"{label}-{key.digest}"
    if folder.is_dir():
        found, content, problem = _read(folder)
        if content is not None and found == key:
            return content, ""
        return None, f"{folder}: {problem or 'is of another key'}"
    others = [_read_key(path) for path in parent.glob(f"{label}-*")] if parent.is_dir() else []
    changes: list[list[str]] = [key.changes(other) for other in others if other is not None]
    if not changes:
        return None, "there is none yet"
    return None, "; ".join(sorted(changes, key=len)[0])


def _keep(parent: Path, label: str, key: EngineKey, content: bytes, why: str, say: Callable[[str], None]) -> Engine:
    folder = parent / f"{label}-{key.digest}"
    scratch = parent / f".{folder.name}.part"  # a fixed name: what a killed process left goes now
    notes = [f"built because {why}"]
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        (scratch / _ENGINE).write_bytes(content)
        document = {**asdict(key), "sha256": hashlib.sha256(content).hexdigest()}
        (scratch / _KEY).write_text(json.dumps(document), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(scratch, folder)
        _drop_outdated(parent, label, key)
    except OSError as error:
        notes.append(
            f"{folder}: cannot be written ({error.strerror or error}); the engine runs from memory and is built again "
            "next time: make room, or set FACEGPT_CACHE to a folder that has some"
        )
        say(notes[-1])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Engine(content, tuple(notes))


def _drop_outdated(parent: Path, label: str, key: EngineKey) -> None:
    """Engines of this GPU by another version, which cannot be opened any more."""
    for path in parent.glob(f"{label}-*"):
        other = _read_key(path)
        same = other is not None and (other.backend, other.gpu, other.sm) == (key.backend, key.gpu, key.sm)
        if same and other is not None and other.version != key.version:
            shutil.rmtree(path, ignore_errors=True)


def _read(folder: Path) -> tuple[EngineKey | None, bytes | None, str]:
    """Key, content and what is wrong; content None where something is."""
    key = _read_key(folder)
    if key is None:
        return None, None, "its key cannot be read"
    try:
        content = (folder / _ENGINE).read_bytes()
        expected = json.loads((folder / _KEY).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError) as error:
        return key, None, f"cannot be read ({error})"
    if hashlib.sha256(content).hexdigest() != expected:
        return key, None, "is not what was built (its sha256 is another)"
    return key, content, ""


def _read_key(folder: Path) -> EngineKey | None:
    try:
        held: dict[str, Any] = json.loads((folder / _KEY).read_text(encoding="utf-8"))
        values = {entry.name: held[entry.name] for entry in fields(EngineKey)}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return EngineKey(**values) if all(isinstance(value, str) for value in values.values()) else None


def _short(value: str) -> str:
    whole_hash = len(value) == 64 and all(letter in "0123456789abcdef" for letter in value)
    return value[:8] if whole_hash else value
