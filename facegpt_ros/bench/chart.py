"""Stacked bars as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.reconstruction import png

_COLOURS = ((180, 119, 31), (14, 127, 255), (44, 160, 44), (40, 39, 214), (189, 103, 148), (150, 150, 150))  # BGR
_WIDTH, _BAR, _LEFT, _TOP = 900, 34, 150, 50  # px
_INK = (40, 40, 40)


def chart(path: Path, title: str, bars: Mapping[str, Mapping[str, float]]) -> None:
    """One bar for each name, of parts that add up; the same parts in all.

    Raises:
        OSError: the file cannot be written.
    """
    longest = max(sum(parts.values()) for parts in bars.values())
    names = list(dict.fromkeys(name for parts in bars.values() for name in parts))
    image = np.full((_TOP + (len(bars) + 2) * (_BAR + 14), _WIDTH, 3), 255, np.uint8)
    _write(image, title, 14, 32, 0.7)
    y = _TOP
    for bar, parts in bars.items():
        _write(image, bar, 14, y + 23)
        x = float(_LEFT)
        for name, value in parts.items():
            end = x + value / longest * (_WIDTH - _LEFT - 110)
            colour = _COLOURS[names.index(name) % len(_COLOURS)]
            cv2.rectangle(image, (round(x), y), (round(end), y + _BAR), colour, cv2.FILLED)
            x = end
        _write(image, f"{sum(parts.values()):.1f}", round(x) + 8, y + 23)
        y += _BAR + 14
    x = float(_LEFT)
    for index, name in enumerate(names):
        colour = _COLOURS[index % len(_COLOURS)]
        cv2.rectangle(image, (round(x), y + 8), (round(x) + 16, y + 24), colour, cv2.FILLED)
        _write(image, name, round(x) + 22, y + 22)
        x += 40 + 10 * len(name)
    write_whole(path, png(image))


def _write(image: np.ndarray, text: str, x: int, y: int, size: float = 0.55) -> None:
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, _INK, 1, cv2.LINE_AA)
