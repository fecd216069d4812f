import numpy as np
import pytest

from facegpt_ros.evaluation.renders import Studio, held_out_people
from facegpt_ros.evaluation.scenes import SIZE, scene, scenes, turned_light
from facegpt_ros.language.facts import face_facts, find
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.shading import ambient, directional, sh_basis


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def studio(model) -> Studio:
    return Studio(model, 5)


def test_a_turned_light_falls_from_the_same_side_of_the_room():
    phi = ambient(0.4) + directional(np.array([1.0, -0.4, -0.6]), 0.7)
    turn = matrix_from_euler(25, -10, 30)
    normals = np.random.default_rng(1).standard_normal((20, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    there = sh_basis(normals) @ turned_light(phi, turn).reshape(9, 3)
    here = sh_basis(normals @ turn.T) @ phi.reshape(9, 3)
    assert np.abs(there - here).max() < 1e-5
    assert np.allclose(turned_light(phi, np.eye(3)), phi, atol=1e-5)


def test_everybody_is_in_the_picture_from_left_to_right(model, studio):
    people = held_out_people(model, "val")
    for count in range(4):
        one = scene(studio, people, np.random.default_rng([3, count]), count)
        assert len(one.faces) == count and one.image.shape == (480, 640, 3)
        centres = [face.landmarks.mean(0) for face in one.faces]
        assert sorted(centre[0] for centre in centres) == [centre[0] for centre in centres]
        assert all(0 < x < 640 and 0 < y < 480 for x, y in centres)
        assert find(face_facts(model, one.faces, SIZE), "faces").value == str(count)
        for face in one.faces:
            assert one.crop(face, 64).std() > 5


def test_the_truth_is_what_the_picture_shows(model, studio):
    """The side that the facts call lit is the brighter one."""
    people = held_out_people(model, "val")
    agree = []
    for seed in range(25):
        one = scene(studio, people, np.random.default_rng([4, seed]), 1)
        fact = find(face_facts(model, one.faces, SIZE), "light_side")
        if fact.value in ("viewer's left", "viewer's right") and fact.confidence > 0.8:
            marks = one.faces[0].landmarks
            middle = marks[27:31].mean(0)
            left, right = (0.5 * (marks[k] + middle) for k in ((2, 14) if marks[2, 0] < marks[14, 0] else (14, 2)))
            tones = [one.image[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4].mean() for x, y in (left, right)]
            agree.append((tones[0] > tones[1]) == (fact.value == "viewer's left"))
    assert len(agree) >= 3 and np.mean(agree) >= 0.75


def test_a_seed_gives_the_same_scenes_however_many(model):
    few = next(iter(scenes(model, "val", 1, 9)))
    many = next(iter(scenes(model, "val", 5, 9)))
    assert np.array_equal(few.image, many.image)
    assert all(np.array_equal(a.landmarks, b.landmarks) for a, b in zip(few.faces, many.faces, strict=True))
