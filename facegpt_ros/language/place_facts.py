"""Facts of where a face is, and of several faces among each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.language.fact import Doubt, Fact, graded

_CALIBRATED, _ASSUMED = 0.06, 0.3  # relative error of the distance; an assumed field of view can be far off
_TOLERANCE = 0.25  # within which a distance counts as right
_NEAR_M = (0.5, 1.2, 2.5)
_NEAR_WORDS = ("very close", "close", "some steps away", "far away")
_THIRDS = (1 / 3, 2 / 3)
_SMALL, _LARGE = 0.18, 0.42  # of the image's height, brow to chin
_JITTER = 0.015  # of the box, relative to the image


def place_facts(face: Face, image_size: tuple[int, int], spread: Doubt) -> list[Fact]:
    """distance, position_side, position_height, size.

    Args:
        image_size: (width, height) px.
    """
    width, height = image_size
    x, y, w, h = face.roi
    trust, who = face.confidence, face.face_id
    metres = float(np.linalg.norm(face.translation))
    relative = spread.distance if spread.distance is not None else (_ASSUMED if face.camera.assumed else _CALIBRATED)
    if not np.isfinite(relative) or relative < 0:
        relative = float("inf")
    near, word, far = (_NEAR_WORDS[int(np.searchsorted(_NEAR_M, metres * by))] for by in (0.75, 1.0, 1.25))
    also = tuple({near, far} - {word})
    within = graded("distance", 0.0, relative, (-_TOLERANCE, _TOLERANCE), ("less", word, "more"), trust=trust)
    across = ("left", "centre", "right")
    down = ("top", "middle", "bottom")
    return [
        Fact("distance", word, within.confidence, metres, "m", who, also),
        graded("position_side", (x + w / 2) / width, _JITTER, _THIRDS, across, trust=trust, face=who),
        graded("position_height", (y + h / 2) / height, _JITTER, _THIRDS, down, trust=trust, face=who),
        graded("size", 100 * h / height, 100 * _JITTER, (100 * _SMALL, 100 * _LARGE), ("small", "medium", "large"),
               trust=trust, unit="%", face=who),
    ]  # fmt: skip


def order_words(count: int) -> tuple[str, ...]:
    """Names of so many faces from left to right."""
    ordinals = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
    if count < 2:
        return ("only",) * count
    if count == 3:
        return ("left", "middle", "right")
    return ("left", *(ordinals[i] if i < len(ordinals) else f"{i + 2}th" for i in range(count - 2)), "right")


def together_facts(faces: Sequence[Face], smiles: Sequence[Fact | None], spread: Doubt) -> list[Fact]:
    """faces, order, nearest and most_smiling; the last two of two faces or more, their values are words of order.

    Args:
        faces: from left to right; smiles: the fact "smile" of each.
    """
    trust = min((face.confidence for face in faces), default=1.0)
    facts = [Fact("faces", str(len(faces)), trust, float(len(faces)))]
    words = order_words(len(faces))
    named = zip(words, faces, strict=True)
    facts += [Fact("order", word, face.confidence, None, "", face.face_id) for word, face in named]
    if len(faces) < 2:
        return facts
    metres = np.array([np.linalg.norm(face.translation) for face in faces])
    # A wrong field of view scales all distances alike: it does not change who is nearer.
    relative = _CALIBRATED if spread.distance is None else spread.distance
    facts.append(_least("nearest", metres, relative * metres, words, trust))
    known = [smile for smile in smiles if smile is not None and smile.number is not None]
    if len(known) == len(faces):
        levels = np.array([smile.number for smile in known], np.float64)
        if levels.max() < 0.2:
            facts.append(Fact("most_smiling", "nobody", min(smile.confidence for smile in known), None, "", ""))
        else:
            facts.append(_least("most_smiling", -levels, np.full(len(levels), 0.07), words, trust))
    return facts


def _least(key: str, values: np.ndarray, spread: np.ndarray, words: Sequence[str], trust: float) -> Fact:
    first, second = np.argsort(values, kind="stable")[:2]
    doubt = float(np.hypot(spread[first], spread[second]))
    fact = graded(key, float(values[second] - values[first]), doubt, (0.0,), (words[second], words[first]), trust=trust)
    return Fact(key, words[first], fact.confidence, abs(float(values[first])), "m" if key == "nearest" else "", "",
                (words[second],) if fact.also else ())  # fmt: skip
