from pathlib import Path

import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.evaluation.identity_scores import (
    IdentityScores,
    cosine_distances,
    identity_of_photos,
    identity_of_renders,
    top1,
    view,
)
from facegpt_ros.evaluation.renders import held_out_people
from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.photo_folder import write_photos
from tests.evaluation.seer import face_at, unseen

MODEL = MorphableModel.load()
MARKS = np.random.default_rng(0).uniform(100, 200, (68, 2))


def met(first: np.ndarray, second: np.ndarray) -> dict:
    scores = IdentityScores()
    for a, b in zip(first, second, strict=True):
        scores.add(face_at(MARKS, MODEL, identity=a), face_at(MARKS, MODEL, identity=b))
    return scores.as_json()


def people(count: int = 40) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, len(MODEL.identity_names)))


def test_people_who_are_recognised_are_all_nearest_to_themselves():
    alpha = people()
    figures = met(alpha, alpha + 0.1 * np.random.default_rng(2).standard_normal(alpha.shape))
    assert figures["top1_cosine"] == figures["top1_distance"] == 1
    assert figures["people"] == 40 and figures["chance"] == 1 / 40


def test_strangers_are_told_no_better_than_by_chance():
    figures = met(people(), np.random.default_rng(3).standard_normal(people().shape))
    assert figures["top1_cosine"] < 0.15 and figures["top1_distance"] < 0.15


def test_an_estimator_that_draws_everybody_alike_recognises_nobody():
    same = np.ones((10, len(MODEL.identity_names)))
    assert met(same, same)["top1_cosine"] == 0 and met(0 * same, 0 * same)["top1_distance"] == 0


def test_a_face_that_is_not_found_is_not_recognised():
    scores = IdentityScores()
    alpha = people(4)
    for row in alpha[:2]:
        face = face_at(MARKS, MODEL, identity=row)
        scores.add(face, face)
        scores.add(face, None)
    figures = scores.as_json()
    assert figures["found"] == 0.5 and figures["top1_cosine"] == 0.5
    assert (scores + scores).people == 8
    assert IdentityScores().as_json()["top1_cosine"] is None


def test_top1_asks_rows_and_columns():
    assert top1(np.array([[0.0, 1], [1, 0]])) == 1
    assert top1(np.array([[0.5, 0.4], [1, 0]])) == pytest.approx((0.5 + 1) / 2)
    distances = cosine_distances(np.array([[1.0, 0], [0, 0]]), np.array([[2.0, 0], [0, -3]]))
    assert np.allclose(distances, [[0, 1], [1, 1]])


def test_views_differ_in_light_but_keep_the_landmarks_in_place_unmirrored():
    image = np.full((275, 225, 3), 90, np.uint8)
    marks = np.array([[70, 100], [150, 100], [110, 190]] + [[110, 140]] * 65, np.float64)
    for (x, y), tone in zip(marks[:3].astype(int), ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
        image[y - 6 : y + 7, x - 6 : x + 7] = tone
    first, second = (view(image, marks, np.random.default_rng([4, k])) for k in range(2))
    assert first[0].shape == (320, 320, 3) and np.abs(first[0].astype(int) - second[0]).mean() > 5
    for seen, places in (first, second):
        (ax, ay), (bx, by), (cx, cy) = places[:3]
        assert (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0
        grey = np.median(seen.reshape(-1, 3), axis=0)
        for x, y in places[:3].round().astype(int):
            assert np.abs(seen[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1)) - grey).max() > 30
    repeat = view(image, marks, np.random.default_rng([4, 0]))
    assert np.array_equal(repeat[0], first[0])


class Finder:
    """Finds whatever truth it is handed through `nearest`: one face that fills the image, of the next identity."""

    def __init__(self, identities: np.ndarray) -> None:
        self.model, self._next = MODEL, iter(identities)

    def reset(self) -> None:
        """Nothing is remembered."""

    def process(self, image: np.ndarray, camera, stamp_s: float) -> list[Face]:
        identity = next(self._next)
        grid = np.stack(np.meshgrid(np.arange(0, camera.width, 40), np.arange(0, camera.height, 40)), -1).reshape(-1, 2)
        return [face_at(at + MARKS - MARKS.mean(0), MODEL, identity=identity) for at in grid]


def test_photos_are_seen_twice_each(tmp_path: Path):
    write_photos(tmp_path / "set", 3)
    alpha = people(3)
    scores = identity_of_photos(Finder(np.repeat(alpha, 2, 0)), tmp_path / "set", "test", 60, unseen)
    assert scores.people == 3 and scores.as_json()["top1_cosine"] == 1
    assert identity_of_photos(Finder(np.repeat(alpha, 2, 0)), tmp_path / "set", "test", 60, unseen, count=2).people == 2


def test_renders_show_each_held_out_person_twice_in_other_pictures():
    shown: list[np.ndarray] = []
    finder = Finder(np.repeat(people(2), 2, 0))
    scores = identity_of_renders(finder, "val", lambda name, image, *_: shown.append(image), count=2)
    assert scores.people == 2 and scores.as_json()["top1_distance"] == 1
    assert len(shown) == 4 and all(np.abs(shown[0].astype(int) - other).mean() > 10 for other in shown[1:])
    with pytest.raises(ModelError):
        held_out_people(MODEL, "train")
