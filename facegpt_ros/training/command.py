"""`facegpt train`: one action for each thing to train or to make of what was trained."""

from __future__ import annotations

import argparse
from importlib import import_module

# action: (one line of help, module with add_arguments and run)
ACTIONS = {
    "regressor": ("train the CNN on renders and photos; resumes", "facegpt_ros.training.regressor"),
    "facegpt": ("train the vision-language model, stage by stage; resumes", "facegpt_ros.training.facegpt"),
    "exits": ("heads of facegpt that read frames after a few layers; resumes", "facegpt_ros.training.exits"),
    "export": ("a checkpoint to safetensors and ONNX, fp32 and int8", "facegpt_ros.training.export"),
    "export-facegpt": ("a checkpoint of facegpt to what a robot runs", "facegpt_ros.training.export_facegpt"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    for name, (text, module) in ACTIONS.items():
        import_module(module).add_arguments(actions.add_parser(name, help=text, description=text))


def run(args: argparse.Namespace) -> int:
    return import_module(ACTIONS[args.action][1]).run(args)
