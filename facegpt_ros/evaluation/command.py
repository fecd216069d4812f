"""`facegpt evaluate`: the README's accuracy figures."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

#: Every set, and the function that scores it, loaded when it is asked for.
_ESTIMATES, _SCANS = "estimate_command:run_estimates", "fit_command:run_scans"
_LANGUAGE = "language_command:run_language"
SETS = {
    **{f"{what}-{split}": _ESTIMATES for what in ("congress", "sfhq") for split in ("val", "test")},
    **{f"{what}{split}": _ESTIMATES for what in ("renders", "now", "identity", "jitter") for split in ("", "-val")},
    "scans": _SCANS,
    "scans-val": _SCANS,
    **{f"{what}{split}": _LANGUAGE for what in ("text", "chat") for split in ("", "-val")},
    "general": _LANGUAGE,
}
_FITS = "fit_command:run_fits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        choices=tuple(SETS),
        required=True,
        help="photos of a split; renders of people the model never saw; now: shapes by the NoW challenge's protocol on "
        "such renders and on a scan; identity: whether a face is known again; jitter: how steady a stream is; scans, "
        "which the morphable model itself is fitted to; or of a network that talks, text: faces from words, chat: "
        "answers about rendered people, general: how well it still knows its language. What ends in -val is for "
        "choosing, the rest for reports",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data"),
        help="folder that holds congress/, sfhq/, scans/ and ict/; renders need none of it",
    )
    parser.add_argument("--estimator", default="", help="which estimator is evaluated; default: the node's own")
    parser.add_argument(
        "--method",
        choices=("estimate", "fit", "fit-labels"),
        default="estimate",
        help="photos: what the network estimates; that as the start of a fit by analysis by synthesis; or such a fit "
        "to the photo and its labelled landmarks, which needs no network",
    )
    parser.add_argument(
        "--count",
        type=_positive,
        help="how many pictures or people: renders 300, now 200, jitter 8, identity all, unless this says otherwise; "
        "of text 500 texts and 500 prompts of each kind, of chat 400 questions; general is always all",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="text, chat, general: an exported facegpt.safetensors, or checkpoint.pt of `facegpt train facegpt`",
    )
    parser.add_argument(
        "--vision", type=Path, help="its regressor.safetensors or vision graph; the usual one by default"
    )
    parser.add_argument("--language", type=Path, help="its .gguf; SmolLM2-135M-Instruct by default")
    parser.add_argument("--vlm", metavar="MODEL", help="the larger model that a checkpoint was trained on, if it was")
    parser.add_argument("--weights", default="", help="other weights of the estimator than the shipped ones")
    parser.add_argument("--precision", default="", help="the parameter estimator.precision, of the estimator")
    parser.add_argument("--layers", type=int, default=0, help="the parameter estimator.layers")
    parser.add_argument("--model", type=Path, help="scans and fit-labels: other morphable model than the shipped one")
    parser.add_argument("--now", type=Path, metavar="DIR", help="set now: the real NoW validation set, if you have it")
    parser.add_argument("--realy", type=Path, metavar="DIR", help="set now: the real REALY benchmark, if you have it")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of overlays here")
    parser.add_argument("--tiles", type=int, default=48, help="pictures on the contact sheet, evenly spread")


def run(args: argparse.Namespace) -> int:
    name = SETS[args.set] if args.method == "estimate" or SETS[args.set] != _ESTIMATES else _FITS
    module, function = name.split(":")
    return int(getattr(import_module(f"facegpt_ros.evaluation.{module}"), function)(args))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} pictures; give 1 or more")
    return number
