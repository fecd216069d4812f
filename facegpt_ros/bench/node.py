"""`facegpt bench node`: rate, latency, memory and honesty of face_node between real processes."""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facegpt_ros import engines
from facegpt_ros.config import CameraNodeConfig
from facegpt_ros.errors import ConfigError
from facegpt_ros.portrait import PORTRAIT_CENTRE, PORTRAIT_FACE, moving_portrait, write_video
from facegpt_ros.processes import NodeProcesses, stop_on_sigterm
from facegpt_ros.up import split_parameters

_RECORDED = "facegpt_ros.nodes.recorded"
_NAMESPACE = "facegpt_bench"
_WARM_UP_S = 2.0
_START_LIMIT_S = 60.0
#: An image that left the camera less than this before a processing began may still have been on its way.
IN_FLIGHT_S = 0.005
#: What --check asks for: name, limit, and whether more is better.
LIMITS = (("fps", 30.0, True), ("latency_ms.p95", 40.0, False), ("stale", 0.0, False), ("rss_mb", 500.0, False),
          ("first_message_s", 8.0, False))  # fmt: skip


@dataclass(frozen=True)
class Received:
    """One result at the subscriber; times in s on the clock of the stamps."""

    stamp: float
    at: float
    faces: int
    dropped: int


def add_arguments(node: argparse.ArgumentParser) -> None:
    node.add_argument("--check", action="store_true", help="status 1 where a figure misses its limit")
    node.add_argument("--seconds", type=float, default=20.0, help="measured, after a warm-up; default: 20")
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
    _share_cores(args.cores)
    with tempfile.TemporaryDirectory(prefix="facegpt_bench") as scratch, stop_on_sigterm():
        figures = _measure(args, Path(scratch))
    for line in (missed := misses(figures)):
        print(f"facegpt bench: {line}", file=sys.stderr)
    return figures, 1 if args.check and missed else 0


def _measure(args: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    from facegpt_ros.nodes.monitor import monitoring

    face, camera = split_parameters(args.set)
    if args.video is None:
        portrait = cv2.imread(str(engines.fetch("astronaut")))
        write_video(moving_portrait(portrait, PORTRAIT_CENTRE, PORTRAIT_FACE), scratch / "portrait.avi", 30.0)
    source = {
        "source.uri": args.video or str(scratch / "portrait.avi"),
        "source.loop": True,
        "source.width": 640,
        "source.height": 480,
    }
    source |= {"source.pace": "fixed", "source.fps": args.rate} if args.rate else {"source.pace": "consumed"}
    diaries = {name: scratch / f"{name}.csv" for name in ("camera_node", "face_node")}
    received: list[Received] = []

    def on_result(stamp: float, at: float, message: Any) -> None:
        received.append(Received(stamp, at, len(message.faces), message.dropped))

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
        end, used, results = math.inf, 0.0, 0
        while time.time() < end:
            monitor.spin(0.1)
            if received and end == math.inf:
                end = received[0].at + _WARM_UP_S + args.seconds
                used, results = _cpu_s(process.pid), len(received)
            if nodes.ended() or (not received and time.time() - launched > _START_LIMIT_S):
                raise ConfigError(f"no result within {_START_LIMIT_S:.0f} s, or a node has ended: see what they print")
        rss_mb = _peak_rss_mb(process.pid)
        cpu_ms = (_cpu_s(process.pid) - used) / max(1, len(received) - results) * 1000
        nodes.stop()
    figures = summary(received, read_diary(diaries["camera_node"]), read_diary(diaries["face_node"]), _WARM_UP_S)
    return figures | {
        "rss_mb": round(rss_mb, 1),
        "first_message_s": round(received[0].at - launched, 2),
        "cpu_ms": round(cpu_ms, 2),
        "camera_hz": args.rate,
        "cores": args.cores,
        "load_1min": round(os.getloadavg()[0], 2),
    }


def read_diary(path: Path) -> np.ndarray:
    """(N, 2) int64: stamp and time, ns, in order of time."""
    rows = [line.split(",") for line in path.read_text().splitlines()]
    return np.array([(int(stamp), int(now)) for _, stamp, now in rows], np.int64).reshape(-1, 2)


def summary(received: list[Received], published: np.ndarray, begun: np.ndarray, warm_up_s: float) -> dict[str, Any]:
    """Figures after the warm-up.

    Args:
        published: (P, 2) int64 ns, stamp of each image and when the camera had published it.
        begun: (B, 2) int64 ns, stamp of each processed image and when its processing began.

    Returns:
        fps, latency_ms (stamp to receipt), dropped (as face_node counts them), stale (results whose image was not the
        newest that had left the camera when processing began; images that left within IN_FLIGHT_S count as on their
        way), stale_strict (those count too), results, with_face.

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
    }


def misses(figures: dict[str, Any]) -> list[str]:
    """One sentence for each figure that misses its limit."""
    lines = []
    for name, limit, more_is_better in LIMITS:
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


def _share_cores(count: int) -> None:
    if not hasattr(os, "sched_setaffinity"):
        return
    usable = sorted(os.sched_getaffinity(0))
    if not 1 <= count <= len(usable):
        raise ConfigError(f"--cores is {count}; this process may use 1 to {len(usable)}")
    os.sched_setaffinity(0, usable[:count])


def _cpu_s(pid: int) -> float:
    """Processor time used so far by all threads of a process, s."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _peak_rss_mb(pid: int) -> float:
    """Largest resident size so far, shared memory included, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e6
    return float("nan")
