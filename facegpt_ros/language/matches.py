"""What words ask of a face, as ranges of values, and how much of it a face has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.language.attribute_table import ATTRIBUTES, EXPRESSION, RIVALS
from facegpt_ros.language.degrees import NOT, PLAIN, degree_ranges


@dataclass(frozen=True)
class Wish:
    """One thing that a text asks for.

    Attributes:
        key: of ATTRIBUTES.
        sign: 1 for the high word, -1 for the low one.
        degree: of degrees.py; NOT with sign 1 is "not wide".

    Raises:
        ConfigError: there is no such attribute or degree, or it has no opposite.
    """

    key: str
    sign: int = 1
    degree: str = PLAIN

    def __post_init__(self) -> None:
        if self.key not in ATTRIBUTES:
            raise ConfigError(f"there is no attribute '{self.key}'; attributes are {', '.join(ATTRIBUTES)}")
        if self.sign not in ((1, -1) if ATTRIBUTES[self.key].low else (1,)):
            raise ConfigError(f"sign of {self.key} is {self.sign}; give 1, or -1 for what has an opposite")
        degree_ranges(self.degree, expression=self._expression)

    @property
    def _expression(self) -> bool:
        return ATTRIBUTES[self.key].kind == EXPRESSION

    @property
    def drawn(self) -> tuple[float, float]:
        """Values that a face is drawn with for it."""
        return self._scaled(degree_ranges(self.degree, expression=self._expression).drawn)

    @property
    def present(self) -> tuple[float, float]:
        """Values that count as having it."""
        return self._scaled(degree_ranges(self.degree, expression=self._expression).present)

    def draw(self, rng: np.random.Generator) -> float:
        """A value that has it: σ, or activation 0..1."""
        value = float(rng.uniform(*self.drawn))
        return float(np.clip(value, *((0.0, 1.0) if self._expression else ATTRIBUTES[self.key].limits)))

    def holds(self, value: float | np.ndarray) -> np.ndarray:
        """Whether values (...) have it."""
        low, high = self.present
        return (np.asarray(value) >= low) & (np.asarray(value) <= high)

    def _scaled(self, limits: tuple[float, float]) -> tuple[float, float]:
        scale = ATTRIBUTES[self.key].scale
        low, high = sorted(self.sign * scale * limit for limit in limits)
        return low, high


def present(asked: Iterable[Wish], values: Mapping[str, float | np.ndarray]) -> tuple[int, int]:
    """How many of the things asked for a face has: (hits, total), the share of `text_attributes`.

    Args:
        asked: what a text names.
        values: of one face, as attributes.read gives them.

    Raises:
        ConfigError: the values lack an attribute that is asked for, or are of several faces.
    """
    hits = total = 0
    for wish in asked:
        if wish.key not in values:
            raise ConfigError(f"values lack {wish.key}, which is asked for; read them with attributes.read")
        value = np.asarray(values[wish.key])
        if value.size != 1:
            raise ConfigError(f"{wish.key} has {value.size} values; give those of one face")
        hits += int(wish.holds(value).all())
        total += 1
    return hits, total


def compatible(one: Wish, other: Wish) -> bool:
    """Whether one face may be asked for both: not the same attribute, nor expressions that pull against each other."""
    if one.key == other.key:
        return False
    both_at_work = one.degree != NOT and other.degree != NOT
    return not (both_at_work and {one.key, other.key} in RIVALS)
