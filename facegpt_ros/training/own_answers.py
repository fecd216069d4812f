"""The language model's own answers to prompts that ask for no face: by learning them again it stays what it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

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
_TOGETHER = 24


def general_prompts(count: int, seed: int, split: str) -> list[str]:
    """Prompts that ask for no face and can be answered without seeing one."""
    rng = np.random.default_rng(seed)
    return [not_asking(rng, split, KINDS[i % len(KINDS)]).text for i in range(count)]


def own_answers(net: FaceVLM, asked: Sequence[str], path: Path, seed: int = 0) -> list[tuple[str, str]]:
    """(prompt, answer) pairs; read from path where they were made for the same prompts.

    Args:
        net: untrained: its adapters add nothing yet.
        path: JSON lines, written where they are missing.
    """
    if path.is_file():
        held = [json.loads(line) for line in path.read_text().splitlines()]
        if [row["prompt"] for row in held] == list(asked):
            return [(row["prompt"], row["answer"]) for row in held if row["answer"]]
    generator = torch.Generator().manual_seed(seed)
    read = [prompts.chat([(text, "")]) for text in asked]
    answers = [""] * len(asked)
    for part in tqdm(net.alike(read, _TOGETHER), desc="own answers", unit="batch"):
        said = generate(net, [read[i] for i in part], limit=_TOKENS, temperature=_TEMPERATURE, generator=generator)
        for i, answer in zip(part, said, strict=True):
            answers[i] = answer.text
    lines = [json.dumps({"prompt": text, "answer": answer}) for text, answer in zip(asked, answers, strict=True)]
    write_whole(path, "\n".join(lines).encode() + b"\n")
    return [(text, answer) for text, answer in zip(asked, answers, strict=True) if answer]
