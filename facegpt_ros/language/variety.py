"""Other faces for the same words: a seed moves a face in the directions that its words do not speak of."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.language.attribute_table import ALBEDO, ATTRIBUTES, EXPRESSION
from facegpt_ros.language.attributes import draw, read
from facegpt_ros.model.theta import COEFFICIENT_LIMIT
from facegpt_ros.morphable.model import MorphableModel

_MOST = 3.0  # times the spread that people have; beyond it nobody looks like that
_WARMTH = "skin_yellowness"  # the one axis whose attribute is not read off it alone


def vary(
    model: MorphableModel,
    identity: np.ndarray,
    expression: np.ndarray,
    albedo: np.ndarray,
    asked: Iterable[str] | None = None,
    seed: int = 0,
    amount: float = 1.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Another face that is as the words say.

    Args:
        identity, expression, albedo: α (I,), δ (E,), γ (A,) of the face that was generated.
        asked: keys of ATTRIBUTES that the words speak of, which stay as they are; None, where nobody has read the
            words, keeps every nameable attribute.
        seed: 0 or more; the same gives the same face.
        amount: times the spread that people have; 0 gives the face back.

    Returns:
        α, δ, γ float32.

    Raises:
        ModelError: a shape is another, a value is not finite, no attribute has that key, or the amount is not in 0..3.
    """
    if not 0 <= amount <= _MOST:
        raise ModelError(f"amount is {amount}; give 0 to {_MOST:g}")
    if seed < 0:
        raise ModelError(f"seed is {seed}; give 0 or more")
    kept = tuple(ATTRIBUTES) if asked is None else tuple(dict.fromkeys(asked))
    unknown = [key for key in kept if key not in ATTRIBUTES]
    if unknown:
        raise ModelError(f"there is no attribute '{unknown[0]}'; attributes are {', '.join(ATTRIBUTES)}")
    face = tuple(np.asarray(part, np.float64) for part in (identity, expression, albedo))
    values = {key: float(value) for key, value in _one(model, face).items() if key in kept}
    drawable = {key: value for key, value in values.items() if _drawable(model, key)}
    other = draw(model, drawable, np.random.default_rng(seed), amount)
    usual = draw(model, drawable, None)
    moved = [np.asarray(a, np.float64) - b for a, b in zip(other, usual, strict=True)]
    out_identity = face[0] + _room(face[0], moved[0]) * moved[0]
    out_expression = _expression(model, face[1], moved[1], kept)
    out_albedo = _albedo(model, face, moved[2], kept)
    return out_identity.astype(np.float32), out_expression.astype(np.float32), out_albedo.astype(np.float32)


def _one(model: MorphableModel, face: tuple[np.ndarray, ...]) -> dict[str, np.ndarray]:
    if any(part.ndim != 1 for part in face):
        raise ModelError(f"the face has shapes {', '.join(str(part.shape) for part in face)}; give one face, (I,)")
    return read(model, *face)


def _drawable(model: MorphableModel, key: str) -> bool:
    attribute = ATTRIBUTES[key]
    return attribute.kind != ALBEDO or all(name in model.albedo_names for name in attribute.axes)


def _room(start: np.ndarray, step: np.ndarray) -> float:
    """How much of a step, 0..1, leaves every coefficient where the prior knows faces."""
    limit = np.maximum(COEFFICIENT_LIMIT, np.abs(start))
    room = (limit - np.sign(step) * start) / np.maximum(np.abs(step), 1e-9)
    return float(np.clip(room.min(initial=1.0), 0, 1))


def _expression(model: MorphableModel, start: np.ndarray, step: np.ndarray, kept: tuple[str, ...]) -> np.ndarray:
    out = np.clip(start + step, 0, 1)
    held = {
        name
        for key in kept
        if ATTRIBUTES[key].kind == EXPRESSION
        for name in (*ATTRIBUTES[key].plus, *ATTRIBUTES[key].minus)
    }
    still = np.array([name in held for name in model.expression_names], bool)
    return np.where(still, start, out)


def _albedo(model: MorphableModel, face: tuple[np.ndarray, ...], step: np.ndarray, kept: tuple[str, ...]) -> np.ndarray:
    out = face[2] + step
    for key, attribute in ATTRIBUTES.items():
        for name in attribute.axes if attribute.kind == ALBEDO else ():
            if name in model.albedo_names:
                k = model.albedo_names.index(name)
                low, high = attribute.limits
                out[k] = face[2][k] if key in kept else np.clip(out[k], min(low, face[2][k]), max(high, face[2][k]))
    fine = np.array([not any(name in a.axes for a in ATTRIBUTES.values()) for name in model.albedo_names], bool)
    limit = np.maximum(COEFFICIENT_LIMIT, np.abs(face[2]))
    out = np.where(fine, out.clip(-limit, limit), out)
    if _WARMTH in model.albedo_names:  # what counts as warm depends on how light a skin is
        rest = np.zeros(len(face[0])), np.zeros(len(face[1]))
        before, after = (float(read(model, *rest, part)["skin_warmth"]) for part in (face[2], out))
        k = model.albedo_names.index(_WARMTH)
        target = (
            before if "skin_warmth" in kept else float(np.clip(before + step[k], *ATTRIBUTES["skin_warmth"].limits))
        )
        out[k] += target - after
    return out
