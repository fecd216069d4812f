"""`facegpt bench peers`: FaceGPT's frame beside other programs, turn by turn in one run."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2

from facegpt_ros import engines
from facegpt_ros.backends.onnx_runtime import language_threads
from facegpt_ros.bench.interleaved import Turn, interleaved, ratio, summary
from facegpt_ros.bench.path import FollowedCrowd
from facegpt_ros.bench.peer import Peer, environment
from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator

# Without what mediapipe names but Face Mesh never imports (jax, sentencepiece, sounddevice).
_MEDIAPIPE = ("mediapipe==0.10.21", "numpy<2", "opencv-python-headless<4.12", "matplotlib", "absl-py", "attrs",
              "flatbuffers", "protobuf>=4.25.3,<5", "contourpy", "cycler", "fonttools", "kiwisolver", "packaging",
              "pillow", "pyparsing", "python-dateutil", "six")  # fmt: skip
_SIZE = (640, 480)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=60, help="frames of each (default: %(default)s)")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Figures, and the exit status. A peer that cannot be had is named, with the reason."""
    if not 2 <= args.repeats <= 10_000:
        raise ConfigError(f"--repeats is {args.repeats}; give 2 to 10000")
    ours = FollowedCrowd(Config.from_flat({"estimator.name": "facegpt"}), 1, _SIZE)
    cnn = FollowedCrowd(Config.from_flat({"estimator.name": "cnn"}), 1, _SIZE)
    estimator = ours.pipeline.estimator
    assert isinstance(estimator, FaceGPTEstimator)
    tokens, guess = estimator.see(ours.pixels)
    reader = estimator.reader
    turns: dict[str, Turn] = {
        "facegpt": ours.frame,
        "cnn": cnn.frame,
        "facegpt, language model alone": lambda: reader.frames(tokens, guess),
    }
    missing = {}
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as running:
        image = Path(scratch) / "frame.png"
        cv2.imwrite(str(image), ours.image)
        read = [str(n) for n in (reader.layers, reader.before, tokens.shape[1] + reader.after, language_threads())]
        for name, start in (
            ("MediaPipe Face Mesh", lambda: Peer("peer_mediapipe.py", [str(image), "1"], _mediapipe())),
            ("llama.cpp, 30 layers in 4 bit", lambda: Peer("peer_llama.py", llama(read[1:3], 1), llama_environment())),
            ("transformers, float32", lambda: Peer("peer_transformers.py", [*read, "float32"])),
            ("transformers, bfloat16", lambda: Peer("peer_transformers.py", [*read, "bfloat16"])),
        ):
            try:
                turns[name] = running.enter_context(start())
            except ConfigError as error:
                missing[name] = str(error)
                print(f"facegpt bench: without {name}: {error}", file=sys.stderr)
        taken = interleaved(turns, args.repeats, what="frames", settling=1)
    for followed in (ours, cnn):
        followed.pipeline.close()
    return {
        "estimator": estimator.model_id,
        "image": f"{_SIZE[0]}x{_SIZE[1]}, one face",
        "ms": {name: summary(values) for name, values in taken.items()},
        "facegpt_takes_times": {name: ratio(taken["facegpt"], values) for name, values in taken.items()},
        "language_model_takes_times": {
            name: ratio(taken["facegpt, language model alone"], values)
            for name, values in taken.items()
            if name.startswith(("transformers", "llama.cpp"))
        },
        "missing": missing,
    }, 0


def llama(read: list[str], words: int) -> list[str]:
    """Arguments of peer_llama.py: reads so many tokens after so many, or speaks so many words."""
    path = engines.fetch("language_model", download=False)
    return [str(path), *read, str(language_threads()), str(words)]


def llama_environment() -> str:
    """The interpreter that has llama.cpp."""
    return environment("llama", ["xllamacpp==2026.10.11549"], "--no-deps")


def _mediapipe() -> str:
    return environment("mediapipe", _MEDIAPIPE, "--no-deps")
