"""Answers, token by token, with the keys and values of all that was said kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from facegpt_ros.model import prompts
from facegpt_ros.model.vlm import FaceVLM


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        text: without special tokens; <FACE> is left out.
        raw: θ (D,) of the first <FACE>, None where the answer has none.
        finished: whether it ended by itself, not by the limit.
    """

    text: str
    raw: Tensor | None
    finished: bool


@torch.inference_mode()
def generate(
    net: FaceVLM,
    parts: Sequence[Sequence[prompts.Part]],
    image: Sequence[int] | None = None,
    image_tokens: Tensor | None = None,
    guess: Tensor | None = None,
    *,
    limit: int = 64,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[Answer]:
    """An answer to each prompt; prompts of one length are read together.

    Args:
        parts: prompts that end with the assistant's turn open.
        image: row of each one's image in image_tokens (N, P, D) and guess (N, size), -1 without; None: no image.
        limit: tokens of an answer.
        temperature: 0 always says the likeliest token.
    """
    rows = list(image) if image is not None else [-1] * len(parts)
    read = [net.tokens(p)[0] for p in parts]
    answers: list[Answer | None] = [None] * len(parts)
    for length in sorted({len(ids) for ids in read}):
        same = [i for i, ids in enumerate(read) if len(ids) == length]
        ids = torch.tensor([read[i] for i in same])
        where = torch.tensor([rows[i] for i in same])
        said, raws = _together(net, ids, where, image_tokens, guess, limit, temperature, generator)
        for i, tokens, raw in zip(same, said, raws, strict=True):
            finished = net.tokenizer.end in tokens
            own = tokens[: tokens.index(net.tokenizer.end)] if finished else tokens
            answers[i] = Answer(net.tokenizer.decode(own).strip(), raw, finished)
    return [answer for answer in answers if answer is not None]


def _together(
    net: FaceVLM,
    ids: Tensor,
    where: Tensor,
    image_tokens: Tensor | None,
    guess: Tensor | None,
    limit: int,
    temperature: float,
    generator: torch.Generator | None,
) -> tuple[list[list[int]], list[Tensor | None]]:
    """Tokens of each answer to ids (B, T), its end included, and the first face of each."""
    count, length = ids.shape
    cache = net.cache(count, length + limit + 1)
    _, hidden = net.read(net.embed(ids, where, image_tokens), cache)
    said: list[list[int]] = [[] for _ in range(count)]
    raws: list[Tensor | None] = [None] * count
    running = torch.ones(count, dtype=torch.bool)
    for _ in range(limit):
        logits = net.logits(hidden[:, -1])  # (B, V + 1)
        if temperature > 0:
            likely = torch.softmax(logits / temperature, 1)
            token = torch.multinomial(likely, 1, generator=generator)[:, 0]
        else:
            token = logits.argmax(1)
        for i in torch.nonzero(running)[:, 0].tolist():
            said[i].append(int(token[i]))
        read, hidden = net.read(net.embed(token[:, None], where, None), cache)
        for i in torch.nonzero(running & (token == net.tokenizer.face))[:, 0].tolist():
            if raws[i] is None:
                row = int(where[i])
                first = guess[row] if guess is not None and row >= 0 else net.mean
                raws[i] = net.head(read[i : i + 1, -1], first[None])[0][0]
        running &= token != net.tokenizer.end
        if not running.any():
            break
    return said, raws
