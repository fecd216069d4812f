"""The `facegpt` command: a table of subcommands, each in the module that does its work."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from facegpt_ros import __version__
from facegpt_ros.errors import FaceGPTError

# name: (one line of help, module with add_arguments(parser) and run(args) -> exit status). A module is imported only
# when its subcommand is asked for: most need nothing of what the others import.
SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("follow the face in a video or webcam, publish it, leave an overlay video", "facegpt_ros.demo"),
    "up": ("start the nodes without ros2 launch", "facegpt_ros.up"),
    "reconstruct": (
        "photos, folders and bags to overlays, textured meshes and coefficients",
        "facegpt_ros.reconstruct.command",
    ),
    "imagine": ("a face from words: picture, textured mesh and coefficients", "facegpt_ros.imagine"),
    "fit": ("the morphable model fitted to photos and 3D scans", "facegpt_ros.fit_cli"),
    "engines": ("fetch, list and check the weights", "facegpt_ros.engines_cli"),
    "triton": ("run estimators for many robots on a Triton server", "facegpt_ros.serving.command"),
    "config": ("print every parameter with its range, as YAML or a table", "facegpt_ros.config"),
    "morphable": ("build or look at the morphable face model", "facegpt_ros.morphable_cli"),
    "train": ("train an estimator", "facegpt_ros.training.command"),
    "evaluate": ("measure accuracy on a test set", "facegpt_ros.evaluation.command"),
    "bench": ("measure what it costs here: rate, latency, memory, words a second", "facegpt_ros.bench.command"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand.

    Args:
        argv: the words after `facegpt`; None for those of this process.

    Returns:
        Exit status: 0 done, 1 failed for a reason that was printed, 2 wrong usage, 130 stopped with Ctrl-C.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: names of files need not be text, or not of here
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0].startswith("-") or words[0] not in SUBCOMMANDS:
        _overview().parse_args(words or ["--help"])  # prints help, version or the error, and exits
    name, rest = words[0], words[1:]
    try:
        module = import_module(SUBCOMMANDS[name][1])
        parser = argparse.ArgumentParser(prog=f"facegpt {name}", description=SUBCOMMANDS[name][0])
        module.add_arguments(parser)
        return int(module.run(parser.parse_args(rest)))
    except FaceGPTError as error:
        print(f"facegpt {name}: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"facegpt {name}: {error}; {_cure(error.name or '')}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader, such as head, has enough
        return 0


def _overview() -> argparse.ArgumentParser:
    width = max(map(len, SUBCOMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {text}" for name, (text, _) in SUBCOMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="facegpt",
        description="3D faces from camera images, in ROS 2.",
        epilog=f"commands (each with --help):\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"facegpt_ros {__version__}")
    parser.add_argument("command", choices=SUBCOMMANDS, metavar="command")
    return parser


def _cure(module: str) -> str:
    package = module.split(".")[0]
    if package in ("rclpy", "rcl_interfaces", "sensor_msgs", "tf2_msgs"):
        return "source your ROS 2, or install its wheels with `pip install .` from a checkout"
    if package in ("torch", "anny", "efficientnet_lite_pytorch"):
        return "training needs torch and more: `bash scripts/test` installs it into .venv"
    if module.startswith("facegpt_ros."):
        return "this part is not in this version"
    return f"install {package} with pip"


if __name__ == "__main__":
    sys.exit(main())
