"""`facegpt engines`: fetch, build, list, verify and delete what the nodes load."""

from __future__ import annotations

import argparse
import sys

from facegpt_ros import engines
from facegpt_ros.errors import FaceGPTError, WeightsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    prepare = actions.add_parser("prepare", help="fetch what is missing (needs the network once)")
    prepare.add_argument("names", nargs="*", metavar="NAME", help="entries; default: all that a node needs")
    prepare.add_argument("--demo", action="store_true", help="also the material of the demo and the tests")
    prepare.add_argument("--force", action="store_true", help="fetch again even when it is there")
    build = actions.add_parser("build", help="make FaceGPT's graphs and engines ahead of launch (minutes)")
    build.add_argument("--recipe", default="", metavar="NAME", help="of engines/recipes; default: this machine's")
    build.add_argument(
        "--set",
        choices=("portable", "modern"),
        default="portable",
        help="modern: also the decode graph of opset 24, whose cache stays in its place",
    )
    build.add_argument("--weights", default="", metavar="FILE", help="other weights of FaceGPT than the shipped ones")
    verify = actions.add_parser("verify", help="check the sha256 of every file that is here, built ones too")
    verify.add_argument(
        "names", nargs="*", metavar="NAME", help="entries; default: all that a node needs, and what is built"
    )
    actions.add_parser("list", help="every file: state, version, licence, source; graphs, engines and recipes")
    actions.add_parser("clean", help="delete the fetched files, and the graphs and engines built from them")


def run(args: argparse.Namespace) -> int:
    """Returns the exit status: 0, or 1 when a file is missing or altered."""
    if args.action == "prepare":
        return _each(_chosen(args.names, args.demo), force=args.force, download=True)
    if args.action == "verify":
        failed = _each(_chosen(args.names, False), force=False, download=False)
        if args.names:
            return failed
        from facegpt_ros.engines_build import verify_built

        return max(failed, int(not verify_built(print, lambda line: print(line, file=sys.stderr))))
    if args.action == "build":
        from facegpt_ros.engines_build import build_all, recipe_of

        try:
            build_all(
                recipe_of(args.recipe), args.weights, lambda line: print(line, flush=True), modern=args.set == "modern"
            )
        except FaceGPTError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    if args.action == "clean":
        for path in engines.clean():
            print(f"deleted {path}")
        return 0
    for entry in engines.read_manifest().values():
        origin = "shipped" if entry.shipped else f"{entry.package}=={entry.version}"
        print(f"{entry.name}: {_state(entry)}; {origin}; {entry.licence}; for {entry.use}; {entry.about}")
        print(f"    {entry.location}\n    from {entry.source}")
    from facegpt_ros.engines_build import list_built

    list_built(print)
    return 0


def _chosen(names: list[str], demo: bool) -> list[str]:
    return names or [e.name for e in engines.read_manifest().values() if e.use == "node" or demo]


def _each(names: list[str], *, force: bool, download: bool) -> int:
    failed = 0
    for name in names:
        try:
            path = engines.fetch(name, download=download, force=force, say=lambda line: print(line, flush=True))
            print(f"{name}: ok, {path}")
        except WeightsError as error:
            failed = 1
            print(error, file=sys.stderr)
    return failed


def _state(entry: engines.Entry) -> str:
    if not entry.location.is_file():
        return "missing"
    try:
        engines.verify(entry.name)
    except WeightsError:
        return "ALTERED"
    return "ok"
