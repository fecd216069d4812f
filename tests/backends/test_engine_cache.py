"""Engines by a builder that is none: which are kept, which are built again, and what is said of it."""

import hashlib
import json
import multiprocessing
from dataclasses import fields, replace
from pathlib import Path

import pytest

from facegpt_ros import engines
from facegpt_ros.backends import engine_cache
from facegpt_ros.backends.engine_cache import EngineKey, engine, kept
from facegpt_ros.errors import WeightsError

KEY = EngineKey("a" * 64, "tensorrt", "10.3.0", "Orin", "8.7", "fp16", "T 1 22 192")


class Builder:
    """Counts; what it builds is of its number."""

    def __init__(self):
        self.built, self.said = 0, []

    def __call__(self):
        self.built += 1
        return b"engine %d " % self.built * 100

    def engine(self, key=KEY, label="face"):
        return engine(label, key, self, self.said.append)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_builds_once_privately_and_says_so():
    builder = Builder()
    first, second = builder.engine(), builder.engine()
    assert builder.built == 1 and first.content == second.content
    assert first.notes == ("built because there is none yet",) and second.notes == ()
    assert builder.said == ["face: building its engine, because there is none yet"]
    (one,) = kept()
    assert one.key == KEY and one.problem == "" and one.folder.stat().st_mode & 0o777 == 0o700
    assert "tensorrt 10.3.0, Orin, fp16" in one.line
    assert one.folder in engines.clean() and not kept()


@pytest.mark.parametrize("name", [entry.name for entry in fields(EngineKey)])
def test_whatever_changes_builds_again_and_is_named(name):
    builder = Builder()
    builder.engine()
    changed = replace(KEY, **{name: "b" * 64 if name == "graph" else "other"})
    builder.engine(changed)
    old, new = ("a" * 8, "b" * 8) if name == "graph" else (getattr(KEY, name), "other")
    assert builder.said[1:] == [f"face: building its engine, because {name} was {old}, is {new}"]
    builder.engine(changed)
    builder.engine(label="decode")
    assert builder.built == 3 and builder.said[-1].endswith("there is none yet")


def test_engines_of_another_gpu_stay_and_those_of_another_version_go():
    builder = Builder()
    builder.engine()
    builder.engine(replace(KEY, gpu="Thor"))
    builder.engine(label="decode")
    builder.engine(replace(KEY, version="10.15.0"))
    left = [(one.folder.name.split("-")[0], one.key.gpu, one.key.version) for one in kept()]
    assert sorted(left) == [("decode", "Orin", "10.3.0"), ("face", "Orin", "10.15.0"), ("face", "Thor", "10.3.0")]


def _truncate(path: Path):
    path.write_bytes(path.read_bytes()[:-5])


def _flip(path: Path):
    content = path.read_bytes()
    path.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])


def _rename_gpu(path: Path):
    path.write_text(json.dumps({**json.loads(path.read_text()), "gpu": "Thor"}))


@pytest.mark.parametrize(
    ("name", "damage", "why"),
    [
        ("engine.bin", _truncate, "is not what was built"),
        ("engine.bin", _flip, "is not what was built"),
        ("engine.bin", Path.unlink, "cannot be read"),
        ("key.json", _truncate, "its key cannot be read"),
        ("key.json", _rename_gpu, "is of another key"),
    ],
)
def test_a_damaged_engine_is_never_opened_but_built_again(name, damage, why):
    builder = Builder()
    builder.engine()
    (one,) = kept()
    damage(one.folder / name)
    assert builder.engine().content.startswith(b"engine 2")
    assert why in builder.said[-1] and str(one.folder) in builder.said[-1]
    (again,) = kept()
    assert again.problem == "" and builder.engine().content.startswith(b"engine 2")


def test_verify_names_what_is_damaged():
    Builder().engine()
    (one,) = kept()
    _flip(one.folder / "engine.bin")
    assert kept()[0].problem == "is not what was built (its sha256 is another)"
    (one.folder / "key.json").write_text("[]")
    assert kept()[0].problem == "its key cannot be read" and "cannot be read" in kept()[0].line


def test_a_cache_that_cannot_be_written_gives_an_engine_from_memory(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "file"))
    builder = Builder()
    made = builder.engine()
    assert made.content.startswith(b"engine 1") and "runs from memory" in made.notes[-1]
    assert "set FACEGPT_CACHE" in builder.said[-1]
    assert builder.engine().content.startswith(b"engine 2")


def test_a_full_disk_gives_an_engine_from_memory_and_leaves_nothing(cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    builder = Builder()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        made = builder.engine()
    assert made.content.startswith(b"engine 1")
    assert "No space left on device" in made.notes[-1] and "runs from memory" in made.notes[-1]
    assert kept() == [] and not list((cache / "engines").glob("*.part"))
    assert builder.engine().notes == ("built because there is none yet",)


def test_what_the_builder_raises_is_raised_and_nothing_is_kept():
    def build():
        raise WeightsError("TensorRT could not build it")

    with pytest.raises(WeightsError, match="could not build it"):
        engine("face", KEY, build)
    assert kept() == []


def _in_another_process(queue):
    made = engine("face", KEY, lambda: b"engine of %d" % id(queue))
    queue.put((hashlib.sha256(made.content).hexdigest(), made.notes))


def test_two_at_once_build_it_once():
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    both = [context.Process(target=_in_another_process, args=(queue,)) for _ in range(2)]
    for process in both:
        process.start()
    said = [queue.get(timeout=60) for _ in both]
    for process in both:
        process.join()
    assert said[0][0] == said[1][0]
    assert sorted(len(notes) for _, notes in said) == [0, 1]
    assert engine_cache.kept()[0].problem == ""
