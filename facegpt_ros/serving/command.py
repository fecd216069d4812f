"""`facegpt triton`: the estimators for a Triton server, which many robots share."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from facegpt_ros import engines
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ConfigError
from facegpt_ros.model.matrix import PRECISIONS
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.processes import stop_on_sigterm
from facegpt_ros.serving.repository import BACKENDS, Batching, export
from facegpt_ros.serving.server import find_wheel, triton_server

_ESTIMATORS = ("facegpt", "cnn")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `facegpt triton`."""
    actions = parser.add_subparsers(dest="action", required=True)
    write = actions.add_parser("export", help="write a model repository for a server that you run")
    write.add_argument("folder", type=Path, metavar="DIR", help="the repository; other models in it stay")
    write.add_argument(
        "--backend",
        choices=BACKENDS,
        default=BACKENDS[0],
        help="of the server, which runs the graph (default: %(default)s)",
    )
    serve = actions.add_parser("serve", help="run a server here, on the CPU: pip install --no-deps nvidia-pytriton")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all (default: %(default)s)"
    )
    serve.add_argument("--port", type=int, default=8001, help="gRPC port (default: %(default)s)")
    usual = Batching()
    for action in (write, serve):
        action.add_argument("estimators", nargs="*", metavar="NAME", help="facegpt, cnn or both (default: facegpt)")
        action.add_argument("--weights", default="", help="other weights than the shipped ones, of one estimator")
        action.add_argument("--precision", choices=PRECISIONS, default="int8", help="of facegpt (default: %(default)s)")
        action.add_argument("--layers", type=int, default=0, help="of facegpt: the parameter estimator.layers")
        action.add_argument("--threads", type=int, default=0, help="of one batch; 0: one for each core (default: 0)")
        action.add_argument(
            "--max-batch", type=int, default=usual.most, help="crops in one batch at most (default: %(default)s)"
        )
        action.add_argument(
            "--delay-us",
            type=int,
            default=usual.delay_us,
            help="longest wait for a batch to fill (default: %(default)s)",
        )


def run(args: argparse.Namespace) -> int:
    """Returns the exit status; of serve, the server's."""
    if args.action == "export":
        for written in _export(args, args.folder, args.backend):
            print(f"wrote {written}")
        return 0
    find_wheel()
    if not 0 < args.port < 65536:
        raise ConfigError(f"the port is {args.port}; give 1 to 65535")
    with tempfile.TemporaryDirectory(prefix="facegpt_models_") as folder, stop_on_sigterm():
        _export(args, Path(folder), "python")
        with triton_server(Path(folder), args.host, args.port) as server:
            print(f"robots set estimator.server to HOST:{args.port}; Ctrl-C ends the server", file=sys.stderr)
            return server.wait()


def _export(args: argparse.Namespace, folder: Path, backend: str) -> list[Path]:
    names = args.estimators or [_ESTIMATORS[0]]
    unknown = [name for name in names if name not in _ESTIMATORS]
    if unknown:
        raise ConfigError(f"there is no estimator '{unknown[0]}'; use {' or '.join(_ESTIMATORS)}")
    if args.weights and len(names) > 1:
        raise ConfigError("--weights are of one estimator; export one after the other")
    model = MorphableModel.load(engines.fetch("morphable_model", download=False))
    batching = Batching(args.max_batch, delay_us=args.delay_us)
    written = []
    for name in names:
        options = {key: getattr(args, key) for key in ("weights", "precision", "layers", "threads")}
        config = EstimatorConfig(name=name, **options)
        written.append(export(folder, config, model, backend, batching))
    return written
