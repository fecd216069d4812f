"""The language model's own answers to prompts that ask for no face: by learning them again it stays what it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.language.requests import not_asking
from facegpt_ros.model import prompts
from facegpt_ros.model.generate import generate
from facegpt_ros.model.vlm import FaceVLM

KINDS = ("instruction", "sum", "small talk", "faces in general")
_TEMPERATURE = 0.8
_TOKENS = 56
BRIEF = 10  # tokens: how an answer begins is enough to show that it is no face
_TOGETHER = 24


class OwnAnswer(NamedTuple):
    """finished: whether the answer ended by itself, not by the limit."""

    prompt: str
    answer: str
    finished: bool


def general_prompts(count: int, seed: int | Sequence[int], split: str, of: Sequence[str] = KINDS) -> list[str]:
    """Prompts that ask for no face, as many of each kind; by default what can be answered without seeing one."""
    rng = np.random.default_rng(seed)
    return [not_asking(rng, split, of[i % len(of)]).text for i in range(count)]


def own_answers(net: FaceVLM, asked: Sequence[str], path: Path, seed: int = 0, limit: int = _TOKENS) -> list[OwnAnswer]:
    """What it says to each prompt, if anything; read from path where it was written for the same prompts.

    Args:
        net: untrained: its adapters add nothing yet.
        path: JSON lines, written where they are missing.
        limit: tokens of an answer.
    """
    if path.is_file():
        held = [json.loads(line) for line in path.read_text().splitlines()]
        if [row["prompt"] for row in held] == list(asked) and all(row.keys() == set(OwnAnswer._fields) for row in held):
            return [OwnAnswer(**row) for row in held if row["answer"]]
    generator = torch.Generator().manual_seed(seed)
    read = [prompts.chat([(text, "")]) for text in asked]
    answers = [OwnAnswer(text, "", False) for text in asked]
    for part in tqdm(net.alike(read, _TOGETHER), desc="own answers", unit="batch"):
        said = generate(net, [read[i] for i in part], limit=limit, temperature=_TEMPERATURE, generator=generator)
        for i, answer in zip(part, said, strict=True):
            answers[i] = OwnAnswer(asked[i], answer.text, answer.finished)
    lines = [json.dumps(answer._asdict()) for answer in answers]
    write_whole(path, "\n".join(lines).encode() + b"\n")
    return [answer for answer in answers if answer.answer]
