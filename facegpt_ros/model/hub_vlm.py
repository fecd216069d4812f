"""Larger open vision-language models that say <FACE>: SmolVLM, LLaVA-1.5 (as FaceGPT's paper, arXiv 2406.07163).

crop → their own vision encoder and connector → image tokens; then all is as with FaceGPT (model/vlm.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.hub_files import hub_folder, load_hub_model, model_type
from facegpt_ros.model.hub_pixels import HubPixels
from facegpt_ros.model.hub_tokenizer import HubTokenizer
from facegpt_ros.model.lora import HUB_TARGETS, add_adapters
from facegpt_ros.model.prompts import HUB_TURNS
from facegpt_ros.model.regressor import Regressor
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.model.vlm import FaceVLM

_SAMPLE = 4096  # embeddings looked at for their scale


class HubVLM(FaceVLM):
    """A hub model with <FACE> and σ; it is frozen but for adapters.

    Args:
        hub: Idefics3-, SmolVLM- or LlavaForConditionalGeneration of transformers.
        tokenizer: of the same folder.
        pixels: of the same folder.
        layout: of θ.
        vision: says first guesses; None: the mean face is the first guess.
        depth: how many of the language model's layers run before <FACE> is read; None: all.
    """

    def __init__(
        self,
        hub: Any,
        tokenizer: HubTokenizer,
        pixels: HubPixels,
        layout: ThetaLayout,
        vision: Regressor | None = None,
        depth: int | None = None,
    ) -> None:
        table = hub.get_input_embeddings().weight.detach()
        kind = hub.config.model_type
        super().__init__(tokenizer, layout, table.shape[1], float(table[:_SAMPLE].float().std()), HUB_TURNS[kind])
        self.vision, self.language, self.pixels = vision, hub, pixels
        self._look = _LOOKS[kind]
        text = hub.get_decoder()
        layers = len(text.layers)
        if (depth or 0) > layers:
            raise WeightsError(f"depth is {depth}; the model has {layers} layers, ask for at most so many")
        self.depth = depth or layers
        some = table[: min(16, len(table))].to(torch.bfloat16).view(torch.int16).cpu().numpy()
        self.base = f"{kind} {table.shape[1]}×{layers} {hashlib.sha256(some.tobytes()).hexdigest()[:8]}"
        with torch.inference_mode():
            self._tokens = self._image_tokens(torch.zeros((1, pixels.side, pixels.side, 3), dtype=torch.uint8)).shape[1]

    @classmethod
    def load(
        cls,
        name: str,
        layout: ThetaLayout,
        vision: Regressor | None = None,
        depth: int | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> HubVLM:
        """Of a folder or a hub id; see hub_files.hub_folder.

        Args:
            dtype: of the frozen weights; <FACE>, σ and adapters are float32.

        Raises:
            WeightsError: it cannot be had, is of no known family, or is broken.
        """
        folder = hub_folder(name)
        turns = HUB_TURNS[model_type(folder)]
        hub = load_hub_model(folder, dtype)
        tokenizer = HubTokenizer(folder / "tokenizer.json", turns, len(hub.get_input_embeddings().weight))
        pixels = HubPixels.of(folder, hub.config.vision_config.image_size)
        return cls(hub, tokenizer, pixels, layout, vision, depth)

    def add_adapters(self, rank: int, alpha: float) -> int:
        """On attention and MLP of the language model, not of the vision encoder; returns how many."""
        return add_adapters(self.language.get_decoder(), rank, alpha, HUB_TARGETS)

    @property
    def tokens_per_image(self) -> int:
        return self._tokens

    def see(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        guess = self.mean.expand(len(crops), -1) if self.vision is None else self.vision(crops)
        return self._image_tokens(crops), guess

    def _image_tokens(self, crops: Tensor) -> Tensor:
        return self._look(self.language.model, self.pixels(crops).to(self.language.dtype))

    def words(self, ids: Tensor) -> Tensor:
        return self.language.get_input_embeddings()(ids)

    def run(self, x: Tensor, cache: HubCache | None = None, words: bool = False) -> Tensor:
        held = cache.held if cache else None
        text = self.language.get_decoder()
        layers = text.layers
        text.layers = layers if words else layers[: self.depth]
        try:
            return text(inputs_embeds=x, past_key_values=held, use_cache=cache is not None).last_hidden_state
        finally:
            text.layers = layers

    def say(self, hidden: Tensor) -> Tensor:
        layer = self.language.get_output_embeddings()
        return layer(hidden.to(layer.weight.dtype)).float()

    def cache(self, batch: int, capacity: int) -> HubCache:
        return HubCache()


class HubCache:
    """Keys and values of a hub model; grows by itself."""

    def __init__(self, layers: list[tuple[Tensor, Tensor]] | None = None) -> None:
        from transformers import DynamicCache

        self.held: Any = DynamicCache(layers or None)

    def repeat(self, batch: int, room: int = 0) -> HubCache:
        """The same prefix for each of `batch` continuations: a copy."""
        each = [(layer.keys, layer.values) for layer in self.held.layers]
        return HubCache([(k.repeat_interleave(batch, 0), v.repeat_interleave(batch, 0)) for k, v in each])


def _look_idefics3(model: Any, pixels: Tensor) -> Tensor:
    """Pixels (N, 3, side, side) → image tokens (N, P, D); get_image_features would drop black pictures."""
    return model.connector(model.vision_model(pixel_values=pixels).last_hidden_state)


def _look_llava(model: Any, pixels: Tensor) -> Tensor:
    """Pixels (N, 3, side, side) → image tokens (N, P, D)."""
    return torch.stack(list(model.get_image_features(pixel_values=pixels, return_dict=True).pooler_output))


_LOOKS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "idefics3": _look_idefics3,
    "smolvlm": _look_idefics3,
    "llava": _look_llava,
}
