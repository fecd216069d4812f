"""Which network a run of `facegpt train facegpt` trains: FaceGPT's own, or a larger one from the hub."""

from __future__ import annotations

from pathlib import Path

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
from facegpt_ros.model.vlm import FaceVLM
from facegpt_ros.training.export import load_weights
from facegpt_ros.training.facegpt_options import FaceGPTOptions


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
        add_adapters(model, options.rank, alpha)
        for layer in model.modules():  # what is frozen would be rounded again on every use
            if isinstance(layer, torch.nn.Linear):
                layer.to(dtype)
        path = options.vision or engines.fetch("regressor_fp32", download=False)
        net = FaceGPT(_vision(path, layout), model, tokenizer, options.size // 32, depth)
    if not adapters:
        net.language.requires_grad_(False)
    net.precision = dtype
    return net


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
