"""From a file of weights to whoever runs it."""

from __future__ import annotations

from pathlib import Path

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.speaker import RobotSpeaker, Speaker
from facegpt_ros.morphable.model import MorphableModel


def open_speaker(
    path: Path | None,
    model: MorphableModel,
    vision: Path | None = None,
    language: Path | None = None,
    vlm: str | None = None,
) -> Speaker:
    """The network of a file: a training checkpoint (.pt) runs in torch, an exported one (.safetensors) as on a robot.

    Args:
        vision: what it was trained on: .safetensors of the CNN, or .onnx of an exported network; None: the usual one.
        language: .gguf of its language model; None: the one of the manifest.
        vlm: of a checkpoint, the larger model that it was trained on; None: FaceGPT's own.

    Raises:
        ConfigError: no file is given, or nothing here runs a file of its kind.
        WeightsError: it is missing, broken, or made for another morphable model.
    """
    if path is None:
        raise ConfigError("text, chat and general need a network that talks; give its --checkpoint")
    if path.suffix == ".pt":
        from facegpt_ros.evaluation.torch_speaker import TorchSpeaker

        return TorchSpeaker.load(path, model, vision, language, vlm)
    if path.suffix == ".safetensors" and vlm is None:
        from facegpt_ros import engines
        from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator

        gguf = language or engines.fetch("language_model", download=False)
        return RobotSpeaker(FaceGPTEstimator(path, model, gguf, vision), model)
    raise ConfigError(
        f"--checkpoint {path}: give a checkpoint.pt of `train facegpt`, or a facegpt.safetensors without --vlm"
    )
