from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.photos import photos
from facegpt_ros.evaluation.renders import held_out_people, renders
from facegpt_ros.evaluation.scores import RENDER_SEEDS, Scores, nearest, nme68, score_photos, score_renders
from facegpt_ros.evaluation.shape import best_fit
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE, OUTER_EYES
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.photometric import SkinSurface
from facegpt_ros.morphable.pose import matrix_from_euler, seen_yaw
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.shading import ambient
from facegpt_ros.viz.fit_sheet import draw_skin
from tests.evaluation.seer import Seer, face_at, unseen


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def square(x: float = 0, y: float = 0) -> np.ndarray:
    """(68, 2) px: 100 px wide and high from (x, y), its outer eye corners 80 px apart."""
    points = np.random.default_rng(0).uniform(0, 100, (68, 2))
    points[:2] = (0, 0), (100, 100)
    points[list(OUTER_EYES)] = (10, 40), (90, 40)
    return points + (x, y)


def test_nme_is_the_mean_distance_over_that_of_the_outer_eyes():
    truth = square()
    assert nme68(truth, truth) == 0
    assert nme68(truth + (3, 4), truth) == pytest.approx(5 / 80)
    one_off = truth.copy()
    one_off[7] += (0, 68)
    assert nme68(one_off, truth) == pytest.approx(1 / 80)


def test_nearest_takes_the_face_at_the_truth_and_no_other(model):
    here, there = face_at(square(5, 5), model), face_at(square(300, 0), model)
    assert nearest([there, here], square()) is here
    assert nearest([there], square()) is None
    assert nearest([], square()) is None
    # Two at one place: either will do, but comparing them must not fail.
    assert nearest([face_at(square(), model), face_at(square(), model)], square()) is not None


def test_scores_have_the_keys_that_are_promised():
    scores = Scores(images=2, nme68=[0.04, 0.06], pose=[np.array([1.0, -2, 3]), np.array([-3.0, 2, 1])])
    scores.shape, scores.shape_mean_face, scores.shape_limit = (
        [np.array([1.0, 3])],
        [np.array([2.0])],
        [np.array([0.5])],
    )
    result = json.loads(json.dumps(scores.as_json()))
    assert result["detection"] == 1 and result["nme68"] == pytest.approx(0.05)
    assert result["pose_deg"] == {"yaw": 2, "pitch": 2, "roll": 2}
    figures = {"median": 2, "mean": 2, "std": 1, "mean_face_median": 2, "below_mean_face": 0, "limit_median": 0.5}
    assert result["shape_mm"] == figures


def test_scores_of_nothing_are_said_without_a_division_by_zero():
    assert Scores().as_json()["detection"] == 0 and Scores().as_json()["nme68"] is None
    missed = Scores(images=3).as_json()
    assert missed["detection"] == 0 and "pose_deg" not in missed


def test_a_perfect_pipeline_scores_perfectly_on_renders(model):
    shown = list(renders(model, held_out_people(model, "val"), 2, RENDER_SEEDS["val"]))
    answers = [
        face_at(
            render.landmarks,
            model,
            rotation=render.rotation,
            translation=render.translation,
            identity=best_fit(model, render.neutral),
            expression=render.expression,
        )
        for render in shown
    ]
    seer = Seer(model, ([answer] for answer in answers))
    result = score_renders(seer, 2, "val", unseen).as_json()
    assert seer.resets == 2 and result["images"] == 2 and result["detection"] == 1
    assert result["nme68"] == 0 and max(result["pose_deg"].values()) < 1e-9
    shape = result["shape_mm"]
    assert shape["median"] == pytest.approx(shape["limit_median"])
    assert shape["median"] < shape["mean_face_median"]
    assert shape["below_mean_face"] == pytest.approx(1 - shape["median"] / shape["mean_face_median"])


def test_pose_errors_are_told_by_axis(model):
    (render,) = renders(model, held_out_people(model, "val"), 1, RENDER_SEEDS["val"])
    turned = render.rotation @ matrix_from_euler(0, 0, 0).T @ matrix_from_euler(0, 5, 0)  # up, in the head's own frame
    seer = Seer(model, [[face_at(render.landmarks, model, rotation=turned)]])
    errors = score_renders(seer, 1, "val", unseen).as_json()["pose_deg"]
    assert errors["pitch"] == pytest.approx(5, abs=1e-6) and errors["yaw"] < 1e-6 and errors["roll"] < 1e-6


def test_a_face_that_is_not_found_counts_against_detection_only(model):
    seer = Seer(model, [[], []])
    result = score_renders(seer, 2, "val", unseen).as_json()
    assert result["images"] == 2 and result["detection"] == 0 and result["nme68"] is None and "shape_mm" not in result


def photo_folder(folder: Path) -> np.ndarray:
    """Two photos, one of the val split; returns the val photo's 68 landmarks."""
    (folder / "images").mkdir(parents=True)
    for name in ("a", "b"):
        cv2.imwrite(str(folder / "images" / f"{name}.png"), np.zeros((120, 160, 3), np.uint8))
    (folder / "split.csv").write_text("id,split,file\na,train,a.png\nb,val,b.png\n")
    landmarks = np.random.default_rng(0).uniform(0, 100, (2, 468, 3)).astype(np.float32)
    np.savez(folder / "mediapipe468.npz", ids=np.array(["a", "b"]), landmarks=landmarks)
    return landmarks[1][list(IBUG68_FROM_MEDIAPIPE), :2].astype(np.float64)


def test_photos_of_a_split_are_scored_alone(tmp_path: Path, model):
    truth = photo_folder(tmp_path / "set")
    ((name, image, landmarks),) = photos(tmp_path / "set", "val")
    assert name == "b" and image.shape == (120, 160, 3) and np.array_equal(landmarks, truth)
    seer = Seer(model, [[face_at(truth, model)]])
    seen: list[str] = []
    result = score_photos(seer, tmp_path / "set", "val", 60, lambda name, *_: seen.append(name)).as_json()
    assert result["images"] == 1 and result["nme68"] == 0 and seen == ["b"] and "pose_deg" not in result


def test_a_folder_without_photos_names_itself_and_the_cure(tmp_path: Path):
    with pytest.raises(ConfigError, match="give --data"):
        list(photos(tmp_path / "nothing", "val"))
    photo_folder(tmp_path / "set")
    (tmp_path / "set" / "images" / "b.png").write_bytes(b"no image")
    with pytest.raises(ConfigError, match=r"b\.png"):
        list(photos(tmp_path / "set", "val"))


def test_figures_of_turned_faces_are_told_apart():
    scores = Scores(images=3, nme68=[0.1] * 3, yaw=[10.0, -55.0, 70.0])
    scores.pose = [np.array([1.0, 1, 1]), np.array([5.0, 5, 5]), np.array([9.0, 9, 9])]
    for column in (scores.shape, scores.shape_mean_face, scores.shape_limit):
        column += [np.array([1.0]), np.array([3.0]), np.array([8.0])]
    result = scores.as_json()
    assert result["within_40"] == pytest.approx(1 / 3)
    assert result["pose_deg_40"]["yaw"] == 1 and result["pose_deg_60"]["yaw"] == 3 and result["pose_deg"]["yaw"] == 5
    assert result["shape_mm_40"]["median"] == 1 and result["shape_mm_60"]["median"] == 2
    assert result["shape_mm"]["median"] == 3


def test_a_face_that_is_its_photo_is_drawn_perfectly_and_a_pale_one_is_not(tmp_path: Path, model):
    """A photo drawn from a face, with that face's own landmarks as labels."""
    camera = Camera.from_fov(220, 260, 60)
    pose = matrix_from_euler(0, 0, 0), np.array([0.0, -0.01, 0.3])
    neutral, rest = np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names))
    marks = camera.project(model.landmarks(neutral, rest, "mediapipe478") @ pose[0].T + pose[1])
    truth = marks[list(IBUG68_FROM_MEDIAPIPE)]
    values = {"rotation": pose[0], "translation": pose[1], "camera": camera, "illumination": ambient(0.9)}
    face = face_at(truth, model, **values)
    picture, drawn = draw_skin((260, 220), face, SkinSurface(model))
    assert drawn.mean() > 0.1
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    photo = np.where(drawn[..., None], picture, (90, 120, 160)).clip(0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / "images" / "a.png"), photo)
    (folder / "split.csv").write_text("id,split,file\na,test,a.png\n")
    depth = np.zeros((478, 1))
    np.savez(folder / "mediapipe468.npz", ids=np.array(["a"]), landmarks=np.hstack([marks, depth])[None, :468])

    def scored(answer) -> dict:
        return score_photos(Seer(model, [[answer]]), folder, "test", 60, unseen).as_json()

    right = scored(face)
    assert right["psnr_db"] > 45 and right["ssim"] > 0.99 and right["skin_covered"] > 0.9 and right["nme68"] == 0
    pale = scored(replace(face, illumination=ambient(0.6)))
    assert pale["psnr_db"] < 25 < right["psnr_db"]
    aside = scored(replace(face, translation=pose[1] + (0.02, 0, 0)))
    assert aside["skin_covered"] < right["skin_covered"] and aside["ssim"] < right["ssim"]


def test_expressions_of_renders_are_compared_with_their_own(model):
    shown = list(renders(model, held_out_people(model, "val"), 3, RENDER_SEEDS["val"]))
    said = [np.full(len(model.expression_names), 0.1 * i) for i in range(3)]
    answers = ([face_at(r.landmarks, model, expression=e)] for r, e in zip(shown, said, strict=True))
    expressions = score_renders(Seer(model, answers), 3, "val", unseen).expressions
    assert np.array_equal(expressions.truth, [r.expression for r in shown]) and np.ptp(expressions.truth) > 0.2
    assert np.array_equal(expressions.said, said)
    turned = [abs(float(seen_yaw(r.rotation, r.translation))) for r in shown]
    seen = [v.sum() for v in expressions.visible]
    assert np.argmin(seen) == np.argmax(turned)
