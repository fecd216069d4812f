"""Faces that were said for texts, each under its text, to look at."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np

from facegpt_ros.evaluation.text_scores import Generated
from facegpt_ros.language.attributes import read
from facegpt_ros.language.matches import present
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.viz.gallery import centred, portrait, skin

_SIZE, _LINE, _LINES, _LETTERS = 256, 15, 7, 40


def text_tiles(model: MorphableModel, faces: Sequence[Generated], count: int) -> list[np.ndarray]:
    """At most so many tiles, evenly spread over the faces; (361, 256, 3) uint8 BGR each."""
    chosen = np.linspace(0, len(faces) - 1, min(count, len(faces))).round().astype(int)
    return [text_tile(model, faces[i]) for i in chosen]


def text_tile(model: MorphableModel, one: Generated) -> np.ndarray:
    """A face in studio light, a little turned, above its text and how many of the named things it has."""
    tile = np.full((_SIZE + _LINE * _LINES, _SIZE, 3), 255, np.uint8)
    named = len(one.described.asked)
    if one.face is None:
        tile[:_SIZE] = 217
        verdict = f"no face; 0 of {named}"
    else:
        identity, expression, albedo = one.face
        vertices = centred(model, model.vertices(identity, expression))
        tile[:_SIZE] = portrait(model, vertices, skin(model, albedo), yaw=20, size=_SIZE)
        verdict = f"{present(one.described.asked, read(model, *one.face))[0]} of {named}"
    text = one.described.text.encode("ascii", "replace").decode()
    lines = textwrap.wrap(text, _LETTERS, max_lines=_LINES - 1, placeholder=" ...") or [""]
    for k, line in enumerate([*lines, verdict]):
        where, grey = (4, _SIZE + 11 + _LINE * k), (110, 110, 110) if k == len(lines) else (30, 30, 30)
        cv2.putText(tile, line, where, cv2.FONT_HERSHEY_SIMPLEX, 0.36, grey, 1, cv2.LINE_AA)
    return tile
