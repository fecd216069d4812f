"""`facegpt bench`: what it costs, measured on this machine; figures as JSON."""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path

# name: one line of help; each is a module here with add_arguments(parser) and run(args) -> (figures, exit status).
KINDS = {
    "node": "camera process, face_node process, subscriber process: rate, latency, memory",
    "start": "from launch to FaceGPT's first message, with an empty cache and with a full one",
    "path": "what a frame costs, stage by stage and face by face, beside what this machine could do at best",
    "words": "what an answer costs: time to the first word, words a second",
    "peers": "a frame beside MediaPipe Face Mesh, the cnn estimator and the language model in torch",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, text in KINDS.items():
        kind = kinds.add_parser(name, help=text, description=text)
        kind.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
        import_module(f"facegpt_ros.bench.{name}").add_arguments(kind)


def run(args: argparse.Namespace) -> int:
    figures, status = import_module(f"facegpt_ros.bench.{args.kind}").run(args)
    text = json.dumps(figures, indent=2)
    print(text)
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(text + "\n", encoding="utf-8")
    return int(status)
