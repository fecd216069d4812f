"""Which network a run of `facegpt train facegpt` trains: FaceGPT's own, or a larger one from the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from facegpt_ros import engines
from facegpt_ros.errors import WeightsError
from facegpt_ros.model.facegpt import FaceGPT
from facegpt_ros.model.gguf_file import GgufFile
from facegpt_ros.model.language_model import LanguageModel
from facegpt_ros.model.lora import add_adapters
from facegpt_ros.model.regressor import Regressor
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.model.tokenizer import Tokenizer
from facegpt_ros.model.vlm import FaceVLM, is_ours
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.export import load_weights
from facegpt_ros.training.facegpt_options import FaceGPTOptions
from facegpt_ros.training.loop import load_checkpoint
from facegpt_ros.training.warm_start import METADATA_KEY, Outputs

#: Options that a checkpoint holds, for another network would result.
SHAPE = ("size", "rank", "depth", "frozen")


def network(
    options: FaceGPTOptions,
    layout: ThetaLayout,
    adapters: bool,
    language: tuple[LanguageModel, Tokenizer] | None = None,
) -> FaceVLM:
    """The network that the options ask for, with adapters, ready to train.

    Args:
        layout: of the morphable model.
        adapters: whether they learn.
        language: a language model and its tokenizer; read from the options' file if None.

    Raises:
        WeightsError: a file is missing, broken, or made for another morphable model.
    """
    dtype = torch.bfloat16 if options.bf16 else torch.float32
    alpha, depth = 2.0 * options.rank, options.depth or None
    net: FaceVLM
    if options.vlm is not None:
        from facegpt_ros.model.hub_vlm import HubVLM

        guess = _vision(options.vision, layout) if options.vision else None
        net = hub = HubVLM.load(options.vlm, layout, guess, depth, dtype)
        hub.add_adapters(options.rank, alpha)
    else:
        model, tokenizer = language or read_language(options.language)
        model.requires_grad_(False)
        if options.frozen >= len(model.layers):
            raise WeightsError(f"frozen is {options.frozen}; the model has {len(model.layers)} layers, give less")
        add_adapters(model.layers[options.frozen : depth], options.rank, alpha)
        for layer in model.modules():  # what is frozen would be rounded again on every use
            if isinstance(layer, torch.nn.Linear):
                layer.to(dtype)
        path = options.vision or engines.fetch("regressor_fp32", download=False)
        net = FaceGPT(_vision(path, layout), model, tokenizer, options.size // 32, depth)
    if not adapters:
        net.language.requires_grad_(False)
    net.precision = dtype
    return net


def trained(
    path: Path,
    model: MorphableModel,
    vision: Path | None = None,
    language: Path | None = None,
    vlm: str | None = None,
) -> tuple[FaceVLM, dict[str, Any]]:
    """The averaged weights of a checkpoint.pt of `facegpt train facegpt`, ready to infer, and what else it holds.

    Args:
        vision, language, vlm: what it was trained with, as the options of training.

    Raises:
        WeightsError: a file is missing or broken, or was trained with another morphable model or language model.
    """
    state = load_checkpoint(path)
    missing = [key for key in ("ema", *SHAPE, METADATA_KEY) if key not in state]
    if missing:
        raise WeightsError(f"{path} has no {missing[0]}: it is no FaceGPT; give a checkpoint of `train facegpt`")
    outputs = Outputs.of(model)
    if state[METADATA_KEY] != outputs.to_json():
        raise WeightsError(
            f"{path} was trained with another morphable model than {model.model_id}; use both of one release"
        )
    held = {key: state[key] for key in SHAPE}
    options = FaceGPTOptions(path.parent, [], vision=vision, language=language, vlm=vlm, **held)
    net = network(options, outputs.layout, adapters=False)
    if state.get("base") != net.base:
        raise WeightsError(f"{path} was trained with {state.get('base')}, this is {net.base}; give the same --vlm")
    fill(net, path, state)
    return net.eval(), state


def fill(net: FaceVLM, path: Path, state: dict[str, Any]) -> None:
    """Puts the averaged weights of a checkpoint into net, all that is_ours.

    Raises:
        WeightsError: some are missing, or do not fit.
    """
    try:
        absent, unexpected = net.load_state_dict(state["ema"], strict=False)
    except RuntimeError as error:
        raise WeightsError(f"{path} holds a FaceGPT of another shape ({error}); train it again") from error
    ours = [name for name in absent if is_ours(name)]
    if unexpected or ours:
        raise WeightsError(f"{path} lacks {ours[:2]} or has {unexpected[:2]} too many; train it again")


def read_language(path: Path | None) -> tuple[LanguageModel, Tokenizer]:
    """Of a GGUF file; SmolLM2-135M-Instruct, fetched when it is missing, if None."""
    file = GgufFile(path or engines.fetch("language_model"))
    model = LanguageModel(file.config)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in file.weights().items()})
    return model.eval(), Tokenizer(file.vocabulary())


def _vision(path: Path, layout: ThetaLayout) -> Regressor:
    vision = load_weights(path).requires_grad_(False)
    if vision.layout != layout:
        raise WeightsError(f"{path}: made for {vision.layout}, the morphable model needs {layout}")
    return vision
