"""Things in front of a face: glasses, masks, hats, hands, hair, bars. Drawn on crops of renders and photos alike.

All draw in place on a crop (S, S, 3) uint8 BGR at landmarks in crop units: -1..1 from edge to edge, x right, y down.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from facegpt_ros.training.augment import crop_noise
from facegpt_ros.training.solid import empty_mask, lay, strands

_SHIFT = 4  # cv2 draws with this many fractional bits
_SKIN = np.array(
    [[198, 216, 240], [150, 180, 226], [110, 145, 198], [70, 105, 160], [45, 70, 110], [30, 45, 75]], float
)
_HAIR = np.array([[18, 20, 24], [25, 35, 55], [40, 65, 105], [90, 140, 190], [150, 155, 160], [215, 218, 222]], float)


_WHOLE = np.array([255.0])
_CLOTH = np.array([[225, 200, 150], [235, 235, 235], [30, 30, 30], [200, 215, 160]], float)


def pixels(points: np.ndarray, size: int) -> np.ndarray:
    """Crop units (..., 2) → pixels (..., 2); (0, 0) is the centre of the top left pixel."""
    return (points + 1) * (size / 2) - 0.5


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(points * (1 << _SHIFT)).astype(np.int32)


def _fill(image: np.ndarray, points: np.ndarray, colour: np.ndarray) -> None:
    cv2.fillPoly(image, [_fixed(points)], [float(c) for c in colour], cv2.LINE_AA, _SHIFT)


def _line(image: np.ndarray, points: np.ndarray, colour: np.ndarray, width: float, closed: bool = False) -> None:
    width = max(1, round(width))
    cv2.polylines(image, [_fixed(points)], closed, [float(c) for c in colour], width, cv2.LINE_AA, _SHIFT)


def _any_colour(rng: np.random.Generator) -> np.ndarray:
    return np.clip(rng.uniform(0, 255) + rng.normal(0, 45, 3), 0, 255)


def _skin_colour(rng: np.random.Generator) -> np.ndarray:
    a, b = _SKIN[rng.integers(0, len(_SKIN), 2)]
    return np.clip((a + b) / 2 * np.exp(rng.normal(0, 0.15)), 0, 255)


def hair_colour(rng: np.random.Generator) -> np.ndarray:
    """BGR 0..255: black to blond, grey, white."""
    a, b = _HAIR[rng.integers(0, len(_HAIR), 2)]
    return np.clip((a + b) / 2 * np.exp(rng.normal(0, 0.2)), 0, 255)


def _blend(crop: np.ndarray, drawn: np.ndarray, opacity: float) -> None:
    cv2.addWeighted(drawn, opacity, crop, 1 - opacity, 0, dst=crop)


def glasses(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """A frame round both eyes with bridge and temples; clear, tinted or sun glasses."""
    size = crop.shape[0]
    at = pixels(landmarks, size)
    eyes = np.stack([at[36:42].mean(0), at[42:48].mean(0)])
    across = eyes[1] - eyes[0]
    distance = np.linalg.norm(across)
    if distance < 4:
        return
    down = at[30] - at[27]
    down = down / (np.linalg.norm(down) + 1e-6)
    widths = np.array([np.linalg.norm(at[39] - at[36]), np.linalg.norm(at[45] - at[42])])
    half_w = widths * rng.uniform(0.72, 1.0)
    half_h = distance * rng.uniform(0.2, 0.36)
    power = rng.uniform(2, 6)  # superellipse: round to rectangular
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    unit = np.stack([np.sign(cos) * np.abs(cos) ** (2 / power), np.sign(sin) * np.abs(sin) ** (2 / power)], -1)
    along = across / distance
    shift = down * distance * rng.uniform(-0.02, 0.12)
    rings = [eyes[i] + shift + unit[:, :1] * along * half_w[i] + unit[:, 1:] * down * half_h for i in range(2)]
    frame = _any_colour(rng) * (0.35 if rng.random() < 0.7 else 1)
    if rng.random() < 0.55:
        lens = crop.copy()
        dark = rng.random() < 0.6
        for ring in rings:
            _fill(lens, ring, _any_colour(rng) * (0.25 if dark else 1))
        _blend(crop, lens, rng.uniform(0.55, 1.0) if dark else rng.uniform(0.05, 0.35))
    width = size * rng.uniform(0.006, 0.03)
    rim = empty_mask(crop)
    for ring in rings:
        _line(rim, ring, _WHOLE, width, closed=True)
    # Inner ends are the points closest to the other lens.
    inner = [rings[0][np.argmax(rings[0] @ along)], rings[1][np.argmin(rings[1] @ along)]]
    outer = [rings[0][np.argmin(rings[0] @ along)], rings[1][np.argmax(rings[1] @ along)]]
    _line(rim, np.stack(inner), _WHOLE, width)
    for end, temple in zip(outer, (at[0], at[16]), strict=True):
        if (temple - end) @ (end - eyes.mean(0)) > 0:  # the temple behind a turned head is hidden
            _line(rim, np.stack([end, temple]), _WHOLE, width)
    lay(crop, rim, frame, rng, 0.4 * width + 0.012 * size)
    if rng.random() < 0.3:  # a window or a lamp in the lenses
        glare = crop.copy()
        for ring in rings:
            middle, small = ring.mean(0), rng.uniform(0.15, 0.5)
            _fill(glare, middle + small * (ring - middle) + rng.normal(0, 0.15 * size * 0.2, 2), np.array([255.0] * 3))
        _blend(crop, glare, rng.uniform(0.1, 0.5))


def mask(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """A surgical mask or scarf over nose or mouth and below, with folds and ear loops."""
    size = crop.shape[0]
    at = pixels(landmarks, size)
    top = at[int(rng.integers(28, 31))] if rng.random() < 0.7 else at[33]
    down = at[8] - at[27]
    lower = at[2:15] + down * rng.uniform(-0.05, 0.12) * np.sin(np.linspace(0, np.pi, 13))[:, None]
    left, right = (top + 0.5 * (side - top) + down * 0.04 for side in (at[2], at[14]))
    body = empty_mask(crop)
    _fill(body, np.concatenate([left[None], top[None], right[None], lower[::-1]]), _WHOLE)
    colour = _CLOTH[rng.integers(len(_CLOTH))] * np.exp(rng.normal(0, 0.15)) if rng.random() < 0.6 else _any_colour(rng)
    folds = strands(crop, at[14] - at[2], rng, rng.uniform(0.02, 0.12))
    if rng.random() < 0.6:
        for side, ear in ((at[2], at[0]), (at[14], at[16])):
            _line(crop, np.stack([side, ear]), 0.9 * colour, size * 0.008)
    lay(crop, body, colour * folds, rng, 0.09 * size, rng.uniform(0.1, 0.4))


def hat(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """A cap, helmet or fringe: everything above a line over the brows, perhaps with a rim."""
    size = crop.shape[0]
    at = pixels(landmarks, size)
    up = at[27] - at[8]
    lift = up * rng.uniform(0.03, 0.4)
    left, right = at[17] + lift, at[26] + lift
    out = (right - left) * rng.uniform(0.1, 0.45)
    middle = (left + right) / 2 + up * rng.uniform(-0.05, 0.08)
    points = np.stack([left - out, middle, right + out, right + out + up * 1.3, left - out + up * 1.3])
    body = empty_mask(crop)
    if rng.random() < 0.5:  # a fringe
        teeth = np.linspace(left - out, right + out, 14)[1:-1] + rng.normal(0, 0.03 * size, (12, 2))
        sag = np.sin(np.linspace(0, np.pi, 14))[1:-1, None] * (middle - (left + right) / 2)
        _fill(body, np.concatenate([points[:1], teeth + sag, points[2:]]), _WHOLE)
        lay(crop, body, hair_colour(rng) * strands(crop, up, rng, 0.2), rng, 0.04 * size)
        return
    _fill(body, points, _WHOLE)
    lay(crop, body, _any_colour(rng) * strands(crop, right - left, rng, rng.uniform(0, 0.08)), rng, 0.06 * size)
    if rng.random() < 0.5:
        rim = empty_mask(crop)
        _line(rim, points[:3], _WHOLE, size * rng.uniform(0.01, 0.08))
        lay(crop, rim, _any_colour(rng), rng, 0.03 * size)


def hair_strokes(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """Strands that fall from the top over cheeks, forehead or one eye."""
    size = crop.shape[0]
    at = pixels(landmarks, size)
    up = at[27] - at[8]
    colour = hair_colour(rng)
    side = 0 if rng.random() < 0.5 else 16
    root = at[side] + up * rng.uniform(0.5, 0.9) + (at[27] - at[side]) * rng.uniform(0, 0.8)
    tip = at[side] - up * rng.uniform(-0.3, 0.6) + (at[27] - at[side]) * rng.uniform(-0.15, 0.45)
    bend = (at[27] - at[side]) * rng.uniform(-0.5, 0.15)
    spread = np.linalg.norm(up) * rng.uniform(0.03, 0.16)
    s = np.linspace(0, 1, 7)[:, None]
    path = (1 - s) * root + s * tip + 4 * s * (1 - s) * bend
    lock = empty_mask(crop)
    for _ in range(int(rng.integers(4, 16))):
        offset = rng.normal(0, spread, 2) * (0.3 + 0.7 * s)
        _line(lock, path + offset, _WHOLE, size * rng.uniform(0.004, 0.035))
    lay(crop, lock, colour * strands(crop, root - tip, rng, 0.2), rng, 0.012 * size)


def hand(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """A palm with fingers, rounded and shaded, from outside towards a random landmark."""
    size = crop.shape[0]
    at = pixels(landmarks, size)
    goal = at[int(rng.integers(0, 68))] + rng.normal(0, 0.1 * size, 2)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-along[1], along[0]])
    width = size * rng.uniform(0.05, 0.11)
    colour = _skin_colour(rng)
    wrist = goal - along * width * rng.uniform(5, 8)
    palm = goal - along * width * rng.uniform(2.5, 4)
    arm = empty_mask(crop)
    _line(arm, np.stack([wrist, palm]), _WHOLE, width * 2.6)
    lay(crop, arm, colour * 0.95, rng, 0.8 * width)
    count = int(rng.integers(1, 5))
    reach = along * width * rng.uniform(-0.3, 0.8)
    for i in range(count):
        aside = i - (count - 1) / 2
        base = palm + side * width * 0.9 * aside
        tip = goal + reach + side * width * rng.uniform(0.95, 1.15) * aside - along * width * 0.3 * aside**2
        knuckle = (base + tip) / 2 + side * width * rng.normal(0, 0.12)
        finger = empty_mask(crop)
        _line(finger, np.stack([base, knuckle, tip]), _WHOLE, width * 0.95)
        lay(crop, finger, colour * np.exp(rng.normal(0, 0.05)), rng, 0.3 * width)
        if rng.random() < 0.4:
            nail = tip + along * width * 0.15
            cv2.circle(
                crop,
                tuple(int(v) for v in nail),
                max(1, int(0.25 * width)),
                (colour * 1.15).clip(0, 255).tolist(),
                -1,
                cv2.LINE_AA,
            )


def block(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """A bar, disc, phone or other flat thing, with texture."""
    size = crop.shape[0]
    centre = pixels(landmarks[int(rng.integers(0, 68))], size) + rng.normal(0, 0.12 * size, 2)
    half = size * rng.uniform(0.03, 0.28, 2)
    angle = rng.uniform(0, 180)
    kind = rng.random()
    layer = crop.copy()
    colour = _any_colour(rng)
    if kind < 0.4:
        corners = cv2.boxPoints((tuple(float(v) for v in centre), tuple(float(v) for v in 2 * half), float(angle)))
        _fill(layer, corners, colour)
    elif kind < 0.7:
        cv2.ellipse(
            layer,
            tuple(int(v) for v in _fixed(centre)),
            tuple(int(v) for v in _fixed(half)),
            angle,
            0,
            360,
            [float(c) for c in colour],
            -1,
            cv2.LINE_AA,
            _SHIFT,
        )
    else:
        points = centre + rng.normal(0, 1, (int(rng.integers(3, 8)), 2)) * half
        _fill(layer, points, colour)
    if rng.random() < 0.5:
        coarse = crop_noise(rng, (8, 8, 3)) * rng.uniform(5, 40)
        changed = (layer != crop).any(2)
        texture = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)[changed]
        layer[changed] = np.clip(layer[changed] + texture, 0, 255).astype(np.uint8)
    _blend(crop, layer, 1.0 if rng.random() < 0.85 else rng.uniform(0.4, 0.9))


_KINDS: tuple[tuple[Callable[..., None], float], ...] = (
    (glasses, 0.36),
    (hair_strokes, 0.2),
    (hat, 0.12),
    (hand, 0.1),
    (block, 0.15),
    (mask, 0.07),
)


def occlude(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator, probability: float = 0.5) -> None:
    """Draws none, one or two things in place.

    Args:
        crop: (S, S, 3) uint8 BGR, changed.
        landmarks: (68, 2) crop units.
        rng: draws what and where.
        probability: that there is anything at all.
    """
    weights = np.array([w for _, w in _KINDS])
    while rng.random() < probability:
        kind = int(rng.choice(len(_KINDS), p=weights / weights.sum()))
        _KINDS[kind][0](crop, landmarks, rng)
        probability *= 0.4


def hide(crop: np.ndarray, landmarks: np.ndarray, background: np.ndarray) -> None:
    """Covers the face but for its rim with something else: a crop without a face to be found. In place."""
    at = pixels(landmarks, crop.shape[0])
    centre = at[27:36].mean(0)
    hull = cv2.convexHull((centre + (at - centre) * 1.05).astype(np.float32))[:, 0]
    inside = np.zeros(crop.shape[:2], np.uint8)
    _fill(inside, hull, np.array([255.0]))
    crop[inside > 0] = background[inside > 0]
