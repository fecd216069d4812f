"""`facegpt up`: face_node, and a camera where asked for, without ros2 launch. Ctrl-C stops them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from facegpt_ros.config import CameraNodeConfig, Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.parameters import ParameterSet
from facegpt_ros.processes import NodeProcesses, stop_on_sigterm

FACE_NODE, CAMERA_NODE = "facegpt_ros.nodes.face_node", "facegpt_ros.nodes.camera_node"
_POLL_S = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--camera", metavar="NUMBER", help="publish the images of this webcam")
    source.add_argument("--video", metavar="PATH", help="publish this video file or folder of images")
    parser.add_argument("--loop", action="store_true", help="start the video again at its end")
    parser.add_argument("--params-file", metavar="YAML", help="parameters, as `facegpt config` prints them")
    parser.add_argument("--namespace", default="", help="of the nodes and their topics")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="one parameter, see `facegpt config`"
    )
    parser.add_argument("--remap", action="append", default=[], metavar="FROM=TO", help="one topic: image=/cam/image")


def run(args: argparse.Namespace) -> int:
    """Until Ctrl-C (status 0) or until a node ends (its status)."""
    face, camera = split_parameters(args.set)
    files = [args.params_file] if args.params_file else []
    for path in files:
        if not Path(path).is_file():
            raise ConfigError(f"--params-file {path}: no such file; make one with `facegpt config --yaml > {path}`")
    remap = dict(_pair(text, "--remap") for text in args.remap)
    source = args.video if args.video is not None else args.camera
    with stop_on_sigterm(), NodeProcesses(args.namespace) as nodes:
        nodes.start(
            "face_node", FACE_NODE, parameters=face, params_files=files, arguments=["--activate"], remap=remap
        )
        if source is not None:
            camera = {"source.uri": source, "source.loop": args.loop} | camera
            nodes.start("camera_node", CAMERA_NODE, parameters=camera, params_files=files, remap=remap)
        try:
            while not (ended := nodes.ended()):
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            return 0
    return max(ended.values())


def split_parameters(assignments: Sequence[str]) -> tuple[dict[str, object], dict[str, object]]:
    """NAME=VALUE texts to the parameters of face_node and of camera_node.

    Raises:
        ConfigError: no "=", an unknown name, or a value out of range.
    """
    kinds: tuple[type[ParameterSet], ...] = (Config, CameraNodeConfig)
    known = [{parameter.name: parameter for parameter in kind.parameters()} for kind in kinds]
    split: tuple[dict[str, object], dict[str, object]] = ({}, {})
    for text in assignments:
        name, raw = _pair(text, "--set")
        side = 1 if name.startswith("source.") else 0
        declared = known[side].get(name)
        try:
            value = raw if declared is not None and declared.type is str else yaml.safe_load(raw)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {text}: what follows = cannot be read; write it as in a YAML file") from error
        split[side][name] = kinds[side].from_flat({name: value}).flat()[name]
    return split


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"{option} {text}: write it as NAME=VALUE")
    return name, value
