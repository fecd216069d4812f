"""`facegpt demo`: camera_node and face_node on real video, a live status line, an overlay video and a picture."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros import engines
from facegpt_ros.config import Config, SourceConfig
from facegpt_ros.errors import ConfigError, FaceGPTError
from facegpt_ros.model.preparation import build_ahead
from facegpt_ros.portrait import PORTRAIT_CENTRE, PORTRAIT_FACE, moving_portrait, write_video
from facegpt_ros.processes import NodeProcesses, stop_on_sigterm
from facegpt_ros.recording import Recording
from facegpt_ros.sources import open_source
from facegpt_ros.up import CAMERA_NODE, FACE_NODE, split_parameters

_NAMESPACE = "facegpt_demo"
_WIDTH = 640
_FPS = 30.0
_START_LIMIT_S = 60.0


@dataclass(frozen=True)
class Clip:
    """One source to play: its name in the output folder, and what source.uri says."""

    name: str
    uri: str
    fps: float


class _Failed(Exception):
    """The reason why a clip could not be played."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--camera", metavar="NUMBER", help="a webcam instead of the two clips; stop with Ctrl-C")
    source.add_argument("--video", metavar="PATH", help="a video file or folder of images instead of the two clips")
    parser.add_argument(
        "--real-time",
        action="store_true",
        help="play files as recorded and drop what comes too fast; default: every image, as fast as it goes",
    )
    parser.add_argument("--seconds", type=float, default=math.inf, help="of each source; default: all of it")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/demo"), metavar="DIR", help="default: out/demo")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="one parameter, see `facegpt config`"
    )


def run(args: argparse.Namespace) -> int:
    """Status 1 where no result came, with the reason."""
    if not args.seconds > 0:
        raise ConfigError(f"--seconds is {args.seconds:g}; it must be positive")
    face, camera = split_parameters(args.set)
    with tempfile.TemporaryDirectory(prefix="facegpt_demo") as scratch:
        clips = _clips(args, Path(scratch))
        try:
            build_ahead(Config.from_flat(face).estimator)  # else the CNN would serve for most of a short clip
        except FaceGPTError as error:
            print(f"FaceGPT is not ready, the CNN begins: {error}", flush=True)
        print("starting face_node; the first time on a machine it compiles the renderer", flush=True)
        with stop_on_sigterm(), NodeProcesses(_NAMESPACE, quiet=True) as nodes:
            shown: dict[str, object] = {"output.overlay": True, "image.timeout_s": 30.0}
            nodes.start("face_node", FACE_NODE, parameters=shown | face, arguments=["--activate"])
            try:
                for clip in clips:
                    _play(clip, nodes, camera, args)
            except KeyboardInterrupt:
                print("stopped", flush=True)
            except _Failed as error:
                print(f"facegpt demo: {error}", file=sys.stderr)
                return 1
    return 0


def _clips(args: argparse.Namespace, scratch: Path) -> list[Clip]:
    if args.camera is not None:
        return [Clip("webcam", args.camera, _FPS)]
    if args.video is not None:
        source = open_source(SourceConfig(uri=args.video))  # refuses what cannot be opened, before anything starts
        source.close()
        return [Clip(Path(args.video).stem, args.video, source.fps)]
    print("material: a talking head and a portrait set in motion", flush=True)
    talking = engines.fetch("carphone", say=_say)
    portrait = cv2.imread(str(engines.fetch("astronaut", say=_say)))
    path = scratch / "portrait.avi"
    write_video(moving_portrait(portrait, PORTRAIT_CENTRE, PORTRAIT_FACE, fps=_FPS), path, _FPS)
    return [Clip("talking_head", str(talking), _FPS), Clip("moving_portrait", str(path), _FPS)]


def _play(clip: Clip, nodes: NodeProcesses, camera: dict[str, object], args: argparse.Namespace) -> None:
    from facegpt_ros.nodes.monitor import monitoring

    in_step = args.camera is None and not args.real_time
    recording = Recording(args.output / clip.name, clip.fps, fill=not in_step)
    confidence: dict[float, float] = {}
    seen = {"images": 0, "faces": 0}
    said_by: dict[str, None] = {}  # in the order in which they took over

    def on_result(stamp: float, received: float, message: object) -> None:
        faces = message.faces  # type: ignore[attr-defined]
        seen["images"] += 1
        said_by[message.model_id] = None  # type: ignore[attr-defined]
        seen["faces"] += bool(faces)
        confidence[stamp] = max((face.confidence for face in faces), default=0.0)

    def on_overlay(stamp: float, picture: np.ndarray) -> None:
        # Later pictures win ties: by then the face is followed and smoothed.
        recording.add(stamp, picture.copy(), confidence.get(stamp, 0.0) + 1e-6 * recording.frames)

    source = {"source.uri": clip.uri, "source.width": _WIDTH, "source.exit_at_end": True}
    source |= {"source.pace": "consumed" if in_step else "real_time"} | camera
    with monitoring(_NAMESPACE, on_result=on_result, on_overlay=on_overlay) as monitor:
        nodes.start("camera_node", CAMERA_NODE, parameters=source)
        started = time.monotonic()
        first = math.inf
        status = _StatusLine(lambda: f"{clip.name}: {monitor.stats.figures().line()}")
        try:
            while "camera_node" not in nodes.ended() and time.monotonic() - first < args.seconds:
                monitor.spin(0.05)
                if seen["images"] and first == math.inf:
                    first = time.monotonic()
                if first == math.inf and time.monotonic() - started > _START_LIMIT_S:
                    raise _Failed(f"no result within {_START_LIMIT_S:.0f} s; see what the nodes print above")
                if "face_node" in nodes.ended():
                    raise _Failed("face_node has ended; see what it prints above")
                status.show()
            deadline = time.monotonic() + 1.0
            while time.monotonic() < deadline:  # what is still on its way
                monitor.spin(0.05)
        finally:
            status.end()
            files = recording.close()
            if seen["images"]:
                who = ", then ".join(said_by)
                print(f"{clip.name}: a face in {seen['faces']} of {seen['images']} images, by {who}", flush=True)
            for path in files:
                print(f"    {path}", flush=True)
        camera_process = nodes.running.pop("camera_node")
        if camera_process.poll() is None:
            camera_process.terminate()
            camera_process.wait()
        if not seen["images"]:
            raise _Failed(f"{clip.uri} gave no result; see what the nodes print above")


class _StatusLine:
    """One line that renews itself on a terminal; elsewhere a line every two seconds."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._terminal = sys.stdout.isatty()
        self._shown_at = time.monotonic()
        self._width = 0

    def show(self) -> None:
        if time.monotonic() - self._shown_at < (0.2 if self._terminal else 2.0):
            return
        self._shown_at = time.monotonic()
        text = self._text()
        self._width = max(self._width, len(text))
        self._print(text, end="" if self._terminal else "\n")

    def end(self) -> None:
        self._print(self._text(), end="\n")

    def _print(self, text: str, end: str) -> None:
        print(f"\r{text.ljust(self._width)}" if self._terminal else text, end=end, flush=True)


def _say(line: str) -> None:
    print(line, flush=True)
