"""Answers: a face where one is asked for, else words, token by token, with keys and values of what was said kept."""

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
        text: without special tokens.
        raw: θ (D,) of its <FACE>, None where no face was asked for.
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
    """An answer to each prompt; prompts of one length are answered together.

    Args:
        parts: prompts that end with the assistant's turn open.
        image: row of each one's image in image_tokens (N, P, D) and guess (N, size), -1 without; None: no image.
        limit: tokens of an answer.
        temperature: 0 always says the likeliest token.
    """
    rows = list(image) if image is not None else [-1] * len(parts)
    out = net(net.sequences([prompts.to_read(p) for p in parts], rows), image_tokens, guess)
    answers: list[Answer | None] = [
        Answer(prompts.HERE, raw, True) if asked > 0 else None for raw, asked in zip(out.raw, out.asked, strict=True)
    ]
    read = {i: net.tokens(prompts.to_answer(p)) for i, p in enumerate(parts) if answers[i] is None}
    for length in sorted({len(ids) for ids in read.values()}):
        same = [i for i, ids in read.items() if len(ids) == length]
        said = _together(net, torch.tensor([read[i] for i in same]), limit, temperature, generator)
        for i, tokens in zip(same, said, strict=True):
            finished = net.tokenizer.end in tokens
            own = tokens[: tokens.index(net.tokenizer.end)] if finished else tokens
            answers[i] = Answer(net.tokenizer.decode(own).strip(), None, finished)
    return [answer for answer in answers if answer is not None]


def _together(
    net: FaceVLM, ids: Tensor, limit: int, temperature: float, generator: torch.Generator | None
) -> list[list[int]]:
    """Tokens of each answer to ids (B, T), its end included."""
    count, length = ids.shape
    cache = net.cache(count, length + limit + 1)
    hidden = net.foresee(net.words(ids), cache)
    said: list[list[int]] = [[] for _ in range(count)]
    running = torch.ones(count, dtype=torch.bool)
    for _ in range(limit):
        logits = net.say(hidden[:, -1])  # (B, V)
        if temperature > 0:
            likely = torch.softmax(logits / temperature, 1)
            token = torch.multinomial(likely, 1, generator=generator)[:, 0]
        else:
            token = logits.argmax(1)
        for i in torch.nonzero(running)[:, 0].tolist():
            said[i].append(int(token[i]))
        running &= token != net.tokenizer.end
        if not running.any():
            break
        hidden = net.foresee(net.words(token[:, None]), cache)
    return said
