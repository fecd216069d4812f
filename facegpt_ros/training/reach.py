"""How large what flows through FaceGPT's language model becomes, channel by channel: what smooth_quant goes by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from facegpt_ros.model import prompts
from facegpt_ros.model.facegpt import FaceGPT
from facegpt_ros.model.smooth_quant import READERS

_TOGETHER = 16


@torch.no_grad()
def reach(net: FaceGPT, crops: np.ndarray, texts: Sequence[str]) -> dict[str, Tensor]:
    """The largest magnitude of each channel that goes into the matrices of smooth_quant.READERS.

    What stands at the beginning of every prompt is left out: it is read once, in float32.

    Args:
        crops: (N, S, S, 3) uint8 BGR; each is read as a frame, and with a text.
        texts: that are said; each is read alone.

    Returns:
        "0.attention", "0.output", "0.mlp", "0.down", "1.attention", … → (channels,) float32.
    """
    cache, frame = net.cache_of(prompts.prefix()), net.frame_cache()
    found: dict[str, Tensor] = {}

    def read(text: str, tokens: Tensor | None) -> None:
        parts = prompts.to_read(prompts.chat([(text, "")], image=tokens is not None))
        ids = torch.tensor([net.tokens(parts)[cache.length :]])
        x = net.embed(ids, torch.tensor([-1 if tokens is None else 0]), tokens)
        net.read(x, cache.repeat(1, ids.shape[1]))

    with _noted(net, found):
        for i in range(0, len(crops), _TOGETHER):
            net.estimate(torch.from_numpy(crops[i : i + _TOGETHER]), frame)
        for i, text in enumerate(texts):
            read(text, None)
            if i < len(crops):
                read(text, net.see(torch.from_numpy(crops[i : i + 1]))[0])
    return found


@contextmanager
def _noted(net: FaceGPT, found: dict[str, Tensor]) -> Iterator[None]:
    """While it lasts, what the layers take is noted."""

    def note(name: str):  # type: ignore[no-untyped-def]
        def hook(_module, inputs: tuple[Tensor]) -> None:  # type: ignore[no-untyped-def]
            largest = inputs[0].float().abs().amax((0, 1))
            found[name] = torch.maximum(found.get(name, largest), largest)

        return hook

    hooks = [
        layer.get_submodule(readers[0]).register_forward_pre_hook(note(f"{index}.{name}"))
        for index, layer in enumerate(net.language.layers[: net.depth])
        for name, readers in READERS.items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
