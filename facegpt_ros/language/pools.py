"""Phrasings held out whole: which of a pool's phrases belong to train, val and test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from facegpt_ros.errors import ConfigError

T = TypeVar("T")
SPLITS = ("train", "val", "test")
_SMALLEST = 5  # a pool of fewer phrases is shared: held-out words must have words beside them to be learnt from
_SHARE = 0.14  # of val, and as many of test
#: Ends phrases that are for training alone: they came when others had been held out, which so stay what they are.
EXTRA = "*"
_FURTHER = Path(__file__).parent / "further"
_EXTRA_OFTEN = 0.5  # of the words of a train text, where there are some: they are the rarer ones
_HELD_OUT_OFTEN = 0.6  # of the words of a val or test text; the others are known ones in a frame that is not


def lines(text: str) -> tuple[str, ...]:
    """A table of phrases, one a line, each once."""
    return tuple(dict.fromkeys(line.strip() for line in text.strip().splitlines()))


def for_training(text: str) -> tuple[str, ...]:
    """As lines, for training alone."""
    return tuple(line + EXTRA for line in lines(text))


def further(name: str) -> str:
    """A table of further/: what is for training alone."""
    return (_FURTHER / f"{name}.txt").read_text(encoding="utf-8")


@cache
def parts(pool: str, phrases: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Split → its phrases, none in two, without those of `extra`; empty for val and test of a small pool.

    Which phrase goes where depends on its text and the pool's name alone, so that adding one moves few, and one with
    EXTRA none.
    """
    own = dict.fromkeys(phrase for phrase in phrases if not phrase.endswith(EXTRA))
    ranked = sorted(own, key=lambda phrase: hashlib.sha256(f"{pool}|{phrase}".encode()).hexdigest())
    few = max(1, round(_SHARE * len(ranked))) if len(ranked) >= _SMALLEST else 0
    return {
        "train": tuple(ranked[2 * few :]),
        "val": tuple(ranked[few : 2 * few]),
        "test": tuple(ranked[:few]),
    }


@cache
def extra(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Those for training alone, without their mark."""
    marked = (phrase.removesuffix(EXTRA) for phrase in phrases if phrase.endswith(EXTRA))
    return tuple(dict.fromkeys(phrase for phrase in marked if phrase not in phrases))


class Picker:
    """Picks phrases of one split.

    Args:
        rng: where chance comes from.
        split: "train", "val" or "test".

    Raises:
        ConfigError: there is no such split.
    """

    def __init__(self, rng: np.random.Generator, split: str = "train") -> None:
        if split not in SPLITS:
            raise ConfigError(f"split is '{split}'; use {', '.join(SPLITS)}")
        self.rng, self.split = rng, split

    def whole(self, pool: str, phrases: Sequence[str]) -> str:
        """One of the split's own: of frames and situations, which no other split says."""
        divided = parts(pool, tuple(phrases))
        more = extra(tuple(phrases)) if self.split == "train" else ()
        return self.any((divided[self.split] or divided["train"]) + more)

    def word(self, pool: str, phrases: Sequence[str]) -> str:
        """One of train's, and in val and test mostly one of those that train never says."""
        divided = parts(pool, tuple(phrases))
        if self.split == "train":
            more = extra(tuple(phrases))
            return self.any(more if more and self.chance(_EXTRA_OFTEN) else divided["train"])
        held_out = divided[self.split]
        return self.any(held_out if held_out and self.chance(_HELD_OUT_OFTEN) else divided["train"])

    def any(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)
