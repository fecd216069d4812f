"""Random faces as the crop's virtual camera may see them: θ, framing and light, with exact values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from facegpt_ros.face import CropEstimate
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler, seen_yaw
from facegpt_ros.render.shading import ambient, directional, sh_basis
from facegpt_ros.training.framing import jitter, standard_framing

_COEFFICIENT_LIMIT = 2.5
_IDENTITY_SPREAD = (0.6, 1.1)  # σ; real people of the val split have 0.84, for the basis holds drawn ones too
_PORTRAITS = 0.2  # share that looks as people do when they are photographed: at the camera, at rest or smiling
_REACH = 1.15  # how far a mixture may move a landmark, in the furthest that one expression alone does
_SLACK_M = 0.002


@dataclass(frozen=True)
class Scenes:
    """N faces in front of their virtual cameras.

    Attributes:
        theta: exact θ.
        half_extent: h (N,), the crop spans x/z in -h..h.
        translation: (N, 3) m, sellion in the virtual camera's optical frame.
        landmarks: (N, 68, 2) crop units.
    """

    theta: CropEstimate
    half_extent: np.ndarray
    translation: np.ndarray
    landmarks: np.ndarray


def project(points: np.ndarray, rotation: np.ndarray, translation: np.ndarray, half_extent: np.ndarray) -> np.ndarray:
    """Model frame (N, K, 3) m → crop units (N, K, 2)."""
    seen = points @ rotation.transpose(0, 2, 1) + translation[:, None]
    return seen[..., :2] / (np.maximum(seen[..., 2:], 1e-3) * half_extent[:, None, None])


def sample_scenes(model: MorphableModel, rng: np.random.Generator, count: int, twins: int = 0) -> Scenes:
    """count random faces: anyone, any look, ±60° yaw and a little beyond, framed as the tracker would.

    Each two of the first 2 · twins are one person, seen twice.
    """
    limit = _COEFFICIENT_LIMIT
    spread = rng.uniform(*_IDENTITY_SPREAD, (count, 1))
    identity = (spread * rng.standard_normal((count, len(model.identity_names)))).clip(-limit, limit)
    portrait = rng.random(count) < _PORTRAITS
    expression = sample_expressions(model.expression_names, rng, count)
    expression = np.where(portrait[:, None], portrait_expressions(model.expression_names, rng, count), expression)
    expression = within_reach(model, expression)
    albedo = rng.standard_normal((count, len(model.albedo_names)))
    albedo = np.where(rng.random(albedo.shape) < 0.25, rng.uniform(-limit, limit, albedo.shape), albedo).clip(
        -limit, limit
    )
    for coefficients in (identity, albedo):
        coefficients[1 : 2 * twins : 2] = coefficients[0 : 2 * twins : 2]
    kind = rng.random(count)
    yaw = np.select(
        [kind < 0.3, kind < 0.82], [rng.normal(0, 18, count), rng.uniform(-60, 60, count)], rng.uniform(-75, 75, count)
    )
    kind = rng.random(count)
    pitch = np.select(
        [kind < 0.35, kind < 0.88], [rng.normal(0, 12, count), rng.uniform(-30, 30, count)], rng.uniform(-40, 40, count)
    )
    yaw, pitch = np.where(portrait, rng.normal(0, 9, count), yaw), np.where(portrait, rng.normal(0, 6, count), pitch)
    rotation = matrix_from_euler(yaw, pitch, np.zeros(count))
    distance = np.exp(rng.uniform(np.log(0.25), np.log(3.0), count))  # m; its effect is the strength of perspective

    translation = np.stack([np.zeros(count), np.zeros(count), distance], -1)
    for _ in range(2):  # turning the camera to the face moves the landmarks a little, so once more
        points = model.landmarks(identity, expression, yaw=seen_yaw(rotation, translation)).astype(np.float64)
        framing = standard_framing(project(points, rotation, translation, np.ones(count)))
        turn = _about_z(-framing.roll)
        rotation, translation = turn @ rotation, np.einsum("nij,nj->ni", turn, translation)
        centre = np.einsum("nij,nj->ni", turn[:, :2, :2], framing.centre)
        translation[:, :2] -= centre * translation[:, 2:]
    shift, size, roll = jitter(rng, count)
    half_extent = framing.half * size
    translation[:, :2] -= shift * (framing.half * translation[:, 2])[:, None]
    turn = _about_z(-roll)
    rotation, translation = turn @ rotation, np.einsum("nij,nj->ni", turn, translation)
    points = model.landmarks(identity, expression, yaw=seen_yaw(rotation, translation)).astype(np.float64)

    depth = translation[:, 2]
    theta = CropEstimate(
        identity=identity.astype(np.float32),
        expression=expression,
        albedo=albedo.astype(np.float32),
        illumination=sample_illumination(rng, count),
        rotation=rotation,
        offset=translation[:, :2] / (depth * half_extent)[:, None],
        scale=1 / (half_extent * depth),
        presence=np.ones(count, np.float32),
    )
    return Scenes(theta, half_extent, translation, project(points, rotation, translation, half_extent))


def _about_z(angle: np.ndarray) -> np.ndarray:
    """Rotations (N, 3, 3) about the optical axis; positive turns x towards y, clockwise in the image."""
    turn = np.zeros((len(angle), 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(angle)
    turn[:, 1, 0] = np.sin(angle)
    turn[:, 0, 1] = -turn[:, 1, 0]
    turn[:, 2, 2] = 1
    return turn


_FRONT = np.array([[x, y, -np.sqrt(1 - x * x - y * y)] for x in (-0.6, 0, 0.6) for y in (-0.6, 0, 0.6)])


@lru_cache(maxsize=1)
def _lights() -> np.ndarray:
    """φ of white lights from many directions, mostly from above and from the camera's side: (1024, 9, 3)."""
    directions = np.random.default_rng(4).normal(0, 1, (1024, 3)) * (1.0, 0.8, 0.7) + (0, -0.5, -0.7)
    return np.stack([directional(direction) for direction in directions]).reshape(-1, 9, 3)


def sample_illumination(rng: np.random.Generator, count: int) -> np.ndarray:
    """φ (count, 27) float32: tinted ambient and one to three lights, exposed so that no face is black or burnt."""
    tint = np.exp(rng.normal(0, 0.06, (count, 1, 3)))
    phi = ambient(1.0).reshape(9, 3) * tint * rng.uniform(0.25, 1.0, (count, 1, 1))
    for k in range(3):
        on = rng.random((count, 1, 1)) < (1.0, 2 / 3, 1 / 3)[k]
        colour = rng.uniform(0.05, 1.0, (count, 1, 1)) * np.exp(rng.normal(0, 0.1, (count, 1, 3)))
        phi = phi + on * colour * _lights()[rng.integers(0, 1024, count)]
    shading = np.maximum(sh_basis(_FRONT) @ phi, 0).mean((1, 2))
    phi *= (rng.uniform(0.55, 1.2, count) / np.maximum(shading, 1e-3))[:, None, None]
    return phi.reshape(count, 27).astype(np.float32)


def sample_expressions(names: tuple[str, ...], rng: np.random.Generator, count: int) -> np.ndarray:
    """δ (count, E) float32, ARKit activations: from neutral to grimace, pairs mostly together, eyes looking one way."""
    index = {name: i for i, name in enumerate(names)}
    units = _units(names)
    out = np.zeros((count, len(names)), np.float32)
    for row in out:
        _gaze(row, index, rng)
        if rng.random() < 0.2:
            continue
        for _ in range(int(rng.integers(0, 7))):
            unit = units[int(rng.integers(len(units)))]
            level = rng.beta(0.9, 1.3)
            for i in unit if rng.random() < 0.8 else unit[:: int(rng.choice([-1, 1]))][:1]:
                row[i] = np.clip(level * np.exp(rng.normal(0, 0.1)), 0, 1)
        _mix(row, index, rng)
    return out


def portrait_expressions(names: tuple[str, ...], rng: np.random.Generator, count: int) -> np.ndarray:
    """δ (count, E) float32 of people who are photographed: a smile or none, eyes at the camera, traces of the rest."""
    index = {name: i for i, name in enumerate(names)}
    smile = np.where(rng.random(count) < 0.6, rng.beta(1.6, 1.4, count), 0)
    wide = smile * rng.uniform(0, 1, count) * (rng.random(count) < 0.6)  # with teeth
    levels = {
        "mouthSmile": smile,
        "mouthUpperUp": 0.7 * wide,
        "mouthLowerDown": 0.4 * wide,
        "mouthStretch": 0.3 * wide,
        "mouthDimple": 0.4 * smile * rng.uniform(0, 1, count),
        "cheekSquint": 0.6 * smile * rng.uniform(0, 1, count),
        "eyeSquint": np.maximum(0.6 * smile, 0.25) * rng.uniform(0, 1, count),
        "eyeBlink": np.abs(rng.normal(0, 0.12, count)),
        "jawOpen": 0.15 * wide * rng.uniform(0, 1, count),
    }
    out = np.zeros((count, len(names)), np.float32)
    for stem, level in levels.items():
        for name in (stem, f"{stem}Left", f"{stem}Right"):
            if name in index:
                out[:, index[name]] = level * np.exp(rng.normal(0, 0.1, count))
    traces = np.abs(rng.normal(0, 0.06, out.shape)) * (rng.random(out.shape) < 0.25)
    traces[:, [i for name, i in index.items() if name.startswith(("eyeLook", "tongue", "mouthClose"))]] = 0
    out = np.clip(out + traces, 0, 1).astype(np.float32)
    for row in out:
        _gaze(row, index, rng, 0.12)
    return out


def within_reach(model: MorphableModel, expression: np.ndarray) -> np.ndarray:
    """δ (N, E) with those mixtures weakened whose parts add up to more than a face can move."""
    count = len(model.expression_names)
    rest = np.zeros((count + 1, len(model.identity_names)), np.float32)
    points = model.landmarks(rest, np.eye(count + 1, count, dtype=np.float32))  # (E + 1, 68, 3)
    single = points[:-1] - points[-1]
    limit = _REACH * np.linalg.norm(single, axis=-1).max(0) + _SLACK_M  # (68,)
    moved = np.linalg.norm(np.einsum("ne,ekc->nkc", expression, single), axis=-1)  # (N, 68)
    return (expression / np.maximum(1, (moved / limit).max(1))[:, None]).astype(np.float32)


def _units(names: tuple[str, ...]) -> list[list[int]]:
    """Left/right pairs as one, the rest alone; gaze, jaw opening and lip closing have their own rules."""
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        if name.startswith("eyeLook") or name in ("jawOpen", "mouthClose", "tongueOut"):
            continue
        paired = name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
        key = name.removesuffix("Left").removesuffix("Right") if paired else name
        groups.setdefault(key, []).append(i)
    return list(groups.values())


def _gaze(row: np.ndarray, index: dict[str, int], rng: np.random.Generator, spread: float = 0.45) -> None:
    left, up = np.clip(rng.normal(0, spread, 2), -1, 1)  # towards the subject's left, and up
    level = {
        "eyeLookOutLeft": max(left, 0),
        "eyeLookInRight": max(left, 0),
        "eyeLookInLeft": max(-left, 0),
        "eyeLookOutRight": max(-left, 0),
        **{f"eyeLookUp{s}": max(up, 0) for s in ("Left", "Right")},
        **{f"eyeLookDown{s}": max(-up, 0) for s in ("Left", "Right")},
    }
    for name, value in level.items():
        if name in index:
            row[index[name]] = value


def _mix(row: np.ndarray, index: dict[str, int], rng: np.random.Generator) -> None:
    def put(stem: str, level: float, both: bool = True) -> None:
        sides = ("Left", "Right") if both else (("Left", "Right")[int(rng.integers(2))],)
        for name in [stem + s for s in sides] if stem not in index else [stem]:
            if name in index:
                row[index[name]] = np.clip(level + rng.normal(0, 0.03), 0, 1)

    def level_of(name: str) -> float:
        return float(row[index[name]]) if name in index else 0.0

    if rng.random() < 0.25:
        put("eyeBlink", rng.beta(1.2, 0.8), both=rng.random() < 0.85)
    if rng.random() < 0.25:
        put("mouthSmile", rng.beta(1.3, 1.1), both=rng.random() < 0.93)
    if rng.random() < 0.4:
        put("jawOpen", rng.beta(0.9, 1.6))
        if rng.random() < 0.15:
            put("mouthClose", level_of("jawOpen") * rng.uniform(0.3, 1.0))
    if rng.random() < 0.02 and level_of("jawOpen") > 0.2:
        put("tongueOut", rng.uniform(0.2, 1))
    # Muscles that pull against each other are not both at work.
    rivals = [("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"), ("mouthPucker", "mouthFunnel")]
    rivals += [("browInnerUp", "browDownLeft"), ("browInnerUp", "browDownRight")]
    for s in ("Left", "Right"):
        rivals += [
            (f"eyeBlink{s}", f"eyeWide{s}"),
            (f"mouthSmile{s}", f"mouthFrown{s}"),
            (f"mouthStretch{s}", "mouthPucker"),
        ]
        rivals += [
            (f"mouthSmile{s}", "mouthPucker"),
            (f"eyeSquint{s}", f"eyeWide{s}"),
            (f"browDown{s}", f"browOuterUp{s}"),
        ]
    for a, b in rivals:
        if a in index and b in index and row[index[a]] > 0 and row[index[b]] > 0:
            row[index[a] if rng.random() < 0.5 else index[b]] = 0


def without_face(scenes: Scenes, rows: np.ndarray) -> Scenes:
    """The same scenes with presence 0 at rows (N,) bool."""
    presence = np.where(rows, 0, scenes.theta.presence).astype(np.float32)
    return replace(scenes, theta=replace(scenes.theta, presence=presence))
