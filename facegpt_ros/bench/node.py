"""`facegpt bench node`: rate, latency, memory and honesty of face_node between real processes."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facegpt_ros import engines
from facegpt_ros.config import CameraNodeConfig, Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.model.preparation import build_ahead
from facegpt_ros.portrait import PORTRAIT_CENTRE, PORTRAIT_FACE, moving_portrait, write_video
from facegpt_ros.processes import NodeProcesses, stop_on_sigterm
from facegpt_ros.up import split_parameters

_RECORDED = "facegpt_ros.nodes.recorded"
_NAMESPACE = "facegpt_bench"
_WARM_UP_S = 2.0
_START_LIMIT_S = 60.0
#: An image that left the camera less than this before a processing began may still have been on its way.
IN_FLIGHT_S = 0.005
#: Name of a figure, its limit, and whether more is better.
Limit = tuple[str, float, bool]
#: What --check asks for.
LIMITS: tuple[Limit, ...] = (("fps", 30.0, True), ("latency_ms.p95", 40.0, False), ("stale", 0.0, False),
                             ("rss_mb", 500.0, False), ("first_message_s", 8.0, False))  # fmt: skip


@dataclass(frozen=True)
class Received:
    """One result at the subscriber; times in s on the clock of the stamps; by: the estimator that it names."""

    stamp: float
    at: float
    faces: int
    dropped: int
    by: str = ""


@dataclass(frozen=True)
class Usage:
    """What a process has used by some moment.

    Attributes:
        at: of that moment, s on the clock of the stamps.
        cpu_s: processor time of all its threads, s.
        rss_mb, peak_mb: resident size, shared memory included, now and at most.
    """

    at: float
    cpu_s: float
    rss_mb: float
    peak_mb: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Now. Raises OSError where there is no such process."""
        user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        cpu_s = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        held = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        rss, peak = (int(held[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
        return cls(time.time(), cpu_s, rss, peak)


def add_arguments(node: argparse.ArgumentParser) -> None:
    node.add_argument("--check", action="store_true", help="status 1 where a figure misses its limit")
    node.add_argument(
        "--seconds", type=float, default=20.0, help="measured, after a warm-up; at most 3600, default: 20"
    )
    node.add_argument("--rate", type=float, default=40.0, help="of the camera, Hz; 0: as fast as consumed; default: 40")
    node.add_argument("--video", metavar="PATH", help="default: a portrait set in motion")
    node.add_argument("--cores", type=int, default=2, help="that all processes share; default: 2")
    node.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="one parameter, see `facegpt config`"
    )


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Figures, and the exit status."""
    if not 1.0 <= args.seconds <= 3600.0:
        raise ConfigError(f"--seconds is {args.seconds:g}; it must be 1 to 3600")
    if args.rate:  # camera_node would keep its own rate instead of a wrong one
        CameraNodeConfig.from_flat({"source.fps": args.rate})
    share_cores(args.cores)
    with tempfile.TemporaryDirectory(prefix="facegpt_bench") as scratch, stop_on_sigterm():
        figures = _measure(args, Path(scratch))
    for line in (missed := misses(figures)):
        print(f"facegpt bench: {line}", file=sys.stderr)
    return figures, 1 if args.check and missed else 0


def _measure(args: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    from facegpt_ros.nodes.monitor import monitoring

    face, camera = split_parameters(args.set)
    build_ahead(Config.from_flat(face).estimator)
    source = camera_source(scratch, args.rate, args.video)
    diaries = {name: scratch / f"{name}.csv" for name in ("camera_node", "face_node")}
    received: list[Received] = []

    def on_result(stamp: float, at: float, message: Any) -> None:
        received.append(Received(stamp, at, len(message.faces), message.dropped, message.model_id))

    with NodeProcesses(_NAMESPACE, quiet=True) as nodes, monitoring(_NAMESPACE, on_result=on_result) as monitor:
        nodes.start(
            "camera_node",
            _RECORDED,
            parameters=source | camera,
            arguments=["camera_node", str(diaries["camera_node"])],
        )
        launched = time.time()
        process = nodes.start(
            "face_node",
            _RECORDED,
            parameters=face,
            arguments=["face_node", str(diaries["face_node"]), "--activate"],
        )
        begin: Usage | None = None
        while begin is None or time.time() < begin.at + args.seconds:
            monitor.spin(0.1)
            if begin is None and received and time.time() >= received[0].at + _WARM_UP_S:
                begin, before = Usage.of(process.pid), len(received)
            if nodes.ended() or (not received and time.time() - launched > _START_LIMIT_S):
                raise ConfigError(f"no result within {_START_LIMIT_S:.0f} s, or a node has ended: see what they print")
        end, results = Usage.of(process.pid), len(received) - before
        for name, status in nodes.stop().items():
            if status:  # the diary is whole all the same
                print(f"facegpt bench: {name} ended with status {status}", file=sys.stderr)
    figures = summary(received, read_diary(diaries["camera_node"]), read_diary(diaries["face_node"]), _WARM_UP_S)
    return figures | {
        "rss_mb": round(end.peak_mb, 1),
        "rss_begin_mb": round(begin.rss_mb, 1),
        "rss_end_mb": round(end.rss_mb, 1),
        "first_message_s": round(received[0].at - launched, 2),
        "cpu_ms": round(1e3 * (end.cpu_s - begin.cpu_s) / max(1, results), 2),
        "cpu_share": round((end.cpu_s - begin.cpu_s) / (end.at - begin.at) / args.cores, 3),
        "seconds": args.seconds,
        "camera_hz": args.rate,
        "cores": args.cores,
        "load_1min": round(os.getloadavg()[0], 2),
    }


def camera_source(scratch: Path, rate: float, video: str | None = None) -> dict[str, object]:
    """Parameters of camera_node for images of 640×480.

    Args:
        scratch: the folder that a portrait set in motion goes to, unless there is a video.
        rate: Hz; 0: as fast as consumed.
    """
    if video is None:
        portrait = cv2.imread(str(engines.fetch("astronaut")))
        write_video(moving_portrait(portrait, PORTRAIT_CENTRE, PORTRAIT_FACE), scratch / "portrait.avi", 30.0)
    pace = {"source.pace": "fixed", "source.fps": rate} if rate else {"source.pace": "consumed"}
    uri = video or str(scratch / "portrait.avi")
    return {"source.uri": uri, "source.loop": True, "source.width": 640, "source.height": 480, **pace}


def read_diary(path: Path) -> np.ndarray:
    """(N, 2) int64: stamp and time, ns, in order of time."""
    rows = [line.split(",") for line in path.read_text().splitlines()]
    return np.array([(int(stamp), int(now)) for stamp, now in rows], np.int64).reshape(-1, 2)


def summary(received: list[Received], published: np.ndarray, begun: np.ndarray, warm_up_s: float) -> dict[str, Any]:
    """Figures after the warm-up.

    Args:
        published: (P, 2) int64 ns, stamp of each image and when the camera had published it.
        begun: (B, 2) int64 ns, stamp of each processed image and when its processing began.

    Returns:
        fps, latency_ms (stamp to receipt), dropped (as face_node counts them), stale (results whose image was not the
        newest that had left the camera when processing began; images that left within IN_FLIGHT_S count as on their
        way), stale_strict (those count too), results, with_face, estimators (that the results name).

    Raises:
        ConfigError: fewer than two results.
    """
    start = received[0].at + warm_up_s if received else 0.0
    kept = [one for one in received if one.at >= start]
    if len(kept) < 2:
        raise ConfigError(f"only {len(kept)} results came after the warm-up; measure longer")
    latency = np.array([one.at - one.stamp for one in kept]) * 1000
    p50, p95, p99 = np.percentile(latency, (50, 95, 99))
    begun = begun[begun[:, 1] >= start * 1e9]
    return {
        "fps": round((len(kept) - 1) / (kept[-1].at - kept[0].at), 2),
        "latency_ms": {"p50": round(p50, 2), "p95": round(p95, 2), "p99": round(p99, 2)},
        "dropped": sum(one.dropped for one in kept),
        "stale": _stale(published, begun, IN_FLIGHT_S),
        "stale_strict": _stale(published, begun, 0.0),
        "results": len(kept),
        "with_face": sum(one.faces > 0 for one in kept),
        "estimators": sorted({one.by for one in kept}),
    }


def misses(figures: dict[str, Any], limits: Sequence[Limit] = LIMITS) -> list[str]:
    """One sentence for each figure that misses its limit; a name with dots lies deeper."""
    lines = []
    for name, limit, more_is_better in limits:
        value: Any = figures
        for part in name.split("."):
            value = value[part]
        if value < limit if more_is_better else value > limit:
            lines.append(f"{name} is {value:g}; it should be {'at least' if more_is_better else 'at most'} {limit:g}")
    return lines


def _stale(published: np.ndarray, begun: np.ndarray, in_flight_s: float) -> int:
    if not len(published):
        return 0
    # The newest stamp that had been out for long enough when each processing began; published is in order of time.
    index = np.searchsorted(published[:, 1], begun[:, 1] - int(in_flight_s * 1e9), side="right") - 1
    newest = np.where(index >= 0, published[np.maximum(index, 0), 0], 0)
    return int((newest > begun[:, 0]).sum())


def share_cores(count: int) -> None:
    """This process, and those that it starts, keep to so many cores.

    Raises:
        ConfigError: it may not use so many.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    usable = sorted(os.sched_getaffinity(0))
    if not 1 <= count <= len(usable):
        raise ConfigError(f"--cores is {count}; this process may use 1 to {len(usable)}")
    os.sched_setaffinity(0, usable[:count])
