"""How well the language model itself foresees text, in float32: what its words are held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from facegpt_ros.model.tokenizer import TokenizerLike
from facegpt_ros.training.networks import read_language


def base_reader(path: Path | None) -> Callable[[Sequence[str]], list[np.ndarray]]:
    """As Speaker.read, of a GGUF file; of SmolLM2-135M-Instruct if None."""
    model, tokenizer = read_language(path)
    return lambda texts: likelihoods(texts, tokenizer, lambda ids: model.logits(model(model.embed(ids))))


@torch.inference_mode()
def likelihoods(texts: Sequence[str], tokenizer: TokenizerLike, logits: Callable[[Tensor], Tensor]) -> list[np.ndarray]:
    """Log-likelihood of every token but the first of each text, nats, (T - 1,) each.

    Args:
        logits: ids (1, T) → (1, T, V), of the token after each.
    """
    out = []
    for text in texts:
        ids = torch.tensor([tokenizer.encode(text)])
        likely = torch.log_softmax(logits(ids)[0, :-1].float(), -1)
        out.append(likely.gather(1, ids[0, 1:, None])[:, 0].numpy())
    return out
