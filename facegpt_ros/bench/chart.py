"""Stacked bars as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.reconstruction import png

#: Title → bar → part → its length; the parts of a bar add up, and bars of a panel share one scale.
Panels = Mapping[str, Mapping[str, Mapping[str, float]]]

_COLOURS = ((180, 119, 31), (14, 127, 255), (44, 160, 44), (40, 39, 214), (189, 103, 148), (150, 150, 150))  # BGR
_WIDTH, _BAR, _STEP, _LEFT, _RIGHT, _TOP = 900, 34, 48, 150, 110, 50  # px
_INK, _PAPER = (40, 40, 40), (255, 255, 255)
_ROOM = 46  # px that a part needs for its own number


def chart(path: Path, panels: Panels) -> None:
    """One panel below the other, each with a bar for every name and a legend where there are several parts.

    Raises:
        OSError: the file cannot be written.
    """
    write_whole(path, png(np.concatenate([_panel(title, bars) for title, bars in panels.items() if bars])))


def _panel(title: str, bars: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """(H, W, 3) uint8 BGR."""
    longest = max(sum(parts.values()) for parts in bars.values())
    names = list(dict.fromkeys(name for parts in bars.values() for name in parts))
    legend = names if len(names) > 1 else []
    image = np.full((_TOP + (len(bars) + bool(legend)) * _STEP, _WIDTH, 3), 255, np.uint8)
    _write(image, title, 14, 32, 0.7)
    y = _TOP
    for bar, parts in bars.items():
        _write(image, bar, 14, y + 23)
        x = float(_LEFT)
        for name, value in parts.items():
            end = x + value / longest * (_WIDTH - _LEFT - _RIGHT)
            colour = _COLOURS[names.index(name) % len(_COLOURS)]
            cv2.rectangle(image, (round(x), y), (round(end), y + _BAR), colour, cv2.FILLED)
            if len(parts) > 1 and end - x > _ROOM:
                _write(image, f"{value:.1f}", round(x) + 6, y + 22, 0.45, _PAPER)
            x = end
        _write(image, f"{sum(parts.values()):.1f}", round(x) + 8, y + 23)
        y += _STEP
    x = float(_LEFT)
    for index, name in enumerate(legend):
        colour = _COLOURS[index % len(_COLOURS)]
        cv2.rectangle(image, (round(x), y + 8), (round(x) + 16, y + 24), colour, cv2.FILLED)
        _write(image, name, round(x) + 22, y + 22)
        x += 40 + 10 * len(name)
    return image


def _write(
    image: np.ndarray, text: str, x: int, y: int, size: float = 0.55, colour: tuple[int, int, int] = _INK
) -> None:
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
