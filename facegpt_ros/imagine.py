"""`facegpt imagine`: a face from words, as a picture, a textured mesh and coefficients."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Protocol

import numpy as np

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ConfigError
from facegpt_ros.face import CropEstimate
from facegpt_ros.language.attributes import read
from facegpt_ros.language.variety import vary
from facegpt_ros.model import prompts
from facegpt_ros.model.estimator import load_estimator
from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator
from facegpt_ros.model.speaker import Said
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.reconstruct.names import make_folder
from facegpt_ros.reconstruction import face_files, json_lines, model_json, png, rounded, write_mesh
from facegpt_ros.viz.gallery import centred, portrait

FORMAT = "facegpt-imagined/1"
_TOKENS = 24  # of an answer
_REQUEST = "Show me this face:"
_MOST = 64
_YAWS, _SIZE = (-40, 0, 40), 384


class Speaks(Protocol):
    """What imagine needs of FaceGPTEstimator."""

    model_id: str

    def say(self, parts: list[prompts.Part], *, limit: int) -> Said: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `facegpt imagine`."""
    parser.add_argument("text", help='what the face looks like, such as "an old man with a wide nose and a big smile"')
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument(
        "--seed", type=int, default=0, help="0: the face that is said; others differ in what has no name (default: 0)"
    )
    parser.add_argument("--count", type=int, default=1, help="so many faces, of seed, seed + 1, … (default: 1)")
    parser.add_argument("--weights", default="", help="facegpt.safetensors of an export; the shipped ones by default")


def run(args: argparse.Namespace) -> int:
    """Prints what was written; returns the exit status."""
    text = " ".join(args.text.split())
    if not text:
        raise ConfigError("the text is empty; say what the face looks like")
    if args.seed < 0 or not 1 <= args.count <= _MOST:
        raise ConfigError(f"seed is {args.seed} and count {args.count}; give 0 or more, and 1 to {_MOST}")
    config = EstimatorConfig(name="facegpt", weights=args.weights)
    make_folder(args.output)
    model = MorphableModel.load()
    estimator = load_estimator(config, model)
    assert isinstance(estimator, FaceGPTEstimator)
    try:
        for line in imagine(estimator, model, text, args.output, range(args.seed, args.seed + args.count)):
            print(line)
    finally:
        estimator.close()
    return 0


def imagine(speaker: Speaks, model: MorphableModel, text: str, folder: Path, seeds: range) -> list[str]:
    """Writes a face for each seed.

    Args:
        text: what a person says.
        folder: to write to; it must exist. Files are called face_0.obj after their seed.

    Returns:
        A line for each about what was written.

    Raises:
        ConfigError: the words are too many, or ask for no face.
        OSError: a file cannot be written.
    """
    said = speaker.say(prompts.chat([(text, "")]), limit=_TOKENS)
    if said.estimate is None:  # a description alone need not sound like a request
        said = speaker.say(prompts.chat([(f"{_REQUEST} {text}", "")]), limit=_TOKENS)
    if said.estimate is None or said.raw is None or not np.isfinite(said.raw).all():
        raise ConfigError(f"no face came of '{text}', the answer is '{said.text}'; ask for a face and what it has")
    lines = []
    for seed in seeds:
        face = _face(model, said.estimate, seed)
        about = {"format": FORMAT, "text": text, "seed": seed, "answer": said.text, "model_id": speaker.model_id}
        name = f"face_{seed}"
        _write(model, face, folder, name, about)
        lines.append(f"{folder / name}.png, .obj + .json")
    return lines


def _face(model: MorphableModel, estimate: CropEstimate, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """α, δ, γ."""
    said = estimate.identity[0], estimate.expression[0], estimate.albedo[0]
    return vary(model, *said, seed=seed) if seed else said


def _write(
    model: MorphableModel, face: tuple[np.ndarray, np.ndarray, np.ndarray], folder: Path, name: str, about: dict
) -> None:
    identity, expression, albedo = face
    vertices, colours = model.vertices(identity, expression), model.texture(albedo)
    head = centred(model, vertices)
    sides = [portrait(model, head, colours, yaw=yaw, size=_SIZE) for yaw in _YAWS]
    write_whole(folder / f"{name}.png", png(np.concatenate(sides, 1)))
    texture = (255 * np.clip(colours, 0, 1)).round().astype(np.uint8)[..., ::-1]
    files = write_mesh(model, vertices, png(np.ascontiguousarray(texture)), folder, name)
    values = read(model, identity, expression, albedo)
    document = {
        **about,
        "morphable_model": model_json(model),
        "theta": {
            "identity": rounded(identity, 4),
            "expression": rounded(expression, 4),
            "albedo": rounded(albedo, 4),
        },
        "names": {
            "identity": model.identity_names,
            "expression": model.expression_names,
            "albedo": model.albedo_names,
        },
        "attributes": {key: round(float(value), 3) for key, value in values.items()},
        "files": {"picture": f"{name}.png", **files},
    }
    write_whole(folder / face_files(name)[3], json_lines(document))
