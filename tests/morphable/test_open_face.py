"""The shipped head is whole: eyes, teeth, tongue, lips and lids."""

import numpy as np
import pytest

from facegpt_ros.morphable.gaze import DOWN_DEG, SIDEWAYS_DEG, UP_DEG
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.rasterize import rasterize


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def shape(model, **activations):
    expression = np.zeros(len(model.expression_names))
    for name, value in activations.items():
        expression[model.expression_names.index(name)] = value
    return model.vertices(np.zeros(len(model.identity_names)), expression).astype(np.float64)


def eyeballs(model):
    inside = np.flatnonzero(model.regions["eyes"] > 0.5)
    x = shape(model)[inside, 0]
    return {"Right": inside[x < 0], "Left": inside[x > 0]}


def seen_pixels(model, vertices, region, yaw=0.0):
    """Of the region, from the front or turned; one pixel is 0.2 mm."""
    size, distance = 1200, 1.5
    points = vertices @ matrix_from_euler(yaw, 0, 0).T + (0, -0.02, distance)
    pixels = points[:, :2] / points[:, 2:] * (distance / 0.0002) + size / 2
    image = np.concatenate([pixels, points[:, 2:]], 1).astype(np.float32)
    ids, _ = rasterize(image, model.triangles, size, size)
    of_region = (model.regions[region][model.triangles] > 0.5).all(1)
    return int(of_region[ids[ids >= 0]].sum())


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_both_eyeballs_are_whole_and_round(model, side):
    ball = shape(model)[eyeballs(model)[side]]
    centre = (ball.min(0) + ball.max(0)) / 2
    radius = np.linalg.norm(ball - centre, axis=1)
    assert radius.std() < 0.02 * radius.mean()
    assert np.ptp(ball[:, 2]) > 1.95 * radius.mean()  # it has a back


@pytest.mark.parametrize(
    ("name", "axis", "sign", "degrees"),
    [
        ("eyeLookOutLeft", 0, 1, SIDEWAYS_DEG),
        ("eyeLookInLeft", 0, -1, SIDEWAYS_DEG),
        ("eyeLookOutRight", 0, -1, SIDEWAYS_DEG),
        ("eyeLookUpRight", 1, 1, UP_DEG),
        ("eyeLookDownLeft", 1, -1, DOWN_DEG),
    ],
)
def test_an_eyeball_turns_and_stays_round(model, name, axis, sign, degrees):
    ball = eyeballs(model)["Left" if name.endswith("Left") else "Right"]
    rest, turned, half = (shape(model, **{name: level})[ball] for level in (0, 1, 0.5))
    centre = (rest.min(0) + rest.max(0)) / 2
    pupil = model.regions["pupil"][ball] > 0.5
    aim = (turned[pupil] - centre).mean(0)
    angle = np.degrees(np.arctan2(aim[axis], aim[2]))
    assert angle == pytest.approx(sign * degrees, abs=1.0)
    # A linear model turns along the chord: halfway an eyeball is 1 - cos(θ/2) thinner, nothing worse.
    thinner = 1 - np.cos(np.radians(degrees / 2))
    radius = np.linalg.norm(rest - centre, axis=1).mean()
    for ball_now, least in ((turned, 0.0), (half, thinner)):
        reach = np.linalg.norm(ball_now - centre, axis=1) / radius
        assert 1 - least - 0.01 < reach.min() and reach.max() < 1.01


def test_lower_teeth_move_with_the_jaw_and_upper_ones_do_not(model):
    teeth = np.flatnonzero(model.regions["teeth"] > 0.5)
    rest, opened = shape(model)[teeth], shape(model, jawOpen=1)[teeth]
    moved = np.linalg.norm(opened - rest, axis=1)
    lower = moved > 0.010
    assert 0.3 < lower.mean() < 0.7
    assert moved[~lower].max() < 0.001
    assert rest[lower, 1].mean() < rest[~lower, 1].mean()
    # A row moves as one rigid thing: distances within it stay.
    spread = [np.linalg.norm(row - row.mean(0), axis=1) for row in (rest[lower], opened[lower])]
    assert np.abs(spread[0] - spread[1]).max() < 0.004


@pytest.mark.parametrize("yaw", [0, 35])
def test_a_neutral_mouth_is_closed(model, yaw):
    shown = sum(seen_pixels(model, shape(model), part, yaw) for part in ("teeth", "gums", "tongue"))
    open_mouth = sum(seen_pixels(model, shape(model, jawOpen=0.6), part, yaw) for part in ("teeth", "gums", "tongue"))
    assert open_mouth > 2000
    assert shown < 0.02 * open_mouth


def test_random_people_keep_their_mouths_shut(model):
    rng = np.random.default_rng(3)
    rest = np.zeros(len(model.expression_names))
    inside = sum(seen_pixels(model, shape(model, jawOpen=0.6), part) for part in ("teeth", "gums", "tongue"))
    shown = [
        sum(
            seen_pixels(model, model.vertices(rng.normal(0, 1, len(model.identity_names)), rest), part)
            for part in ("teeth", "gums", "tongue")
        )
        for _ in range(8)
    ]
    assert np.median(shown) < 0.05 * inside and max(shown) < 0.2 * inside


def test_lids_meet_on_a_blink(model):
    awake = seen_pixels(model, shape(model), "eyes")
    blinking = seen_pixels(model, shape(model, eyeBlinkLeft=1, eyeBlinkRight=1), "eyes")
    assert awake > 3000
    assert blinking < 0.05 * awake


@pytest.mark.parametrize("name", ["mouthPressLeft", "mouthSmileLeft", "mouthPucker", "mouthLeft"])
def test_closed_lips_do_not_cross(model, name):
    lips = [model.landmarks(np.zeros(len(model.identity_names)), activation(model, name), "mediapipe478")]
    upper, lower = lips[0][[81, 82, 13, 312, 311], 1], lips[0][[178, 87, 14, 317, 402], 1]
    assert (upper - lower).min() > -0.002  # m


def activation(model, name):
    out = np.zeros(len(model.expression_names))
    out[model.expression_names.index(name)] = 1
    return out


def test_the_tongue_comes_out(model):
    tongue = np.flatnonzero(model.regions["tongue"] > 0.5)

    def lips(name, value):
        identity = np.zeros(len(model.identity_names))
        return model.landmarks(identity, value * activation(model, name), "mediapipe478")

    assert shape(model, jawOpen=1, tongueOut=1)[tongue, 2].max() > lips("jawOpen", 1)[14, 2]
    assert shape(model)[tongue, 2].max() < lips("jawOpen", 0)[14, 2]
