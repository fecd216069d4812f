import dataclasses

import numpy as np
import pytest

from facegpt_ros.errors import ConfigError, ImageError, ModelError
from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.shading import ambient
from facegpt_ros.viz.overlay import draw_landmarks, draw_overlay, draw_wireframe, shown_part, warm_up

CAMERA = Camera.from_fov(320, 240, 60)
MODES = ("mesh", "wire", "landmarks")


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def _face(model: MorphableModel, translation=(0, 0, 0.5), yaw: float = 0, camera: Camera = CAMERA, **changes) -> Face:
    identity, expression = np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names))
    rotation, translation = matrix_from_euler(yaw, 0, 0), np.asarray(translation, np.float64)
    landmarks = camera.project(posed_landmarks(model, identity, expression, rotation, translation))
    low, high = landmarks.min(0), landmarks.max(0)
    face = Face(
        face_id="f0001",
        confidence=0.9,
        roi=(*low, *(high - low)),
        rotation=rotation,
        translation=translation,
        identity=identity,
        expression=expression,
        albedo=np.zeros(len(model.albedo_names)),
        illumination=ambient(0.9),
        camera=camera,
        landmarks=landmarks,
    )
    return dataclasses.replace(face, **changes)


def _grey(camera: Camera = CAMERA) -> np.ndarray:
    return np.full((camera.height, camera.width, 3), 40, np.uint8)


def _drawn_box(picture: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero((picture != 40).any(-1))
    return np.array([columns.min(), rows.min(), columns.max(), rows.max()])


@pytest.mark.parametrize("mode", MODES)
def test_the_face_is_drawn_where_its_landmarks_are_and_nowhere_else(model, mode):
    face, image = _face(model, (0.05, 0.02, 0.5)), _grey()
    picture = draw_overlay(image, [face], model, mode=mode, labels=False)
    assert picture.shape == image.shape
    assert picture.dtype == np.uint8
    assert (image == 40).all()
    low, high = face.landmarks.min(0), face.landmarks.max(0)
    box = _drawn_box(picture)
    assert (box[:2] <= low + 3).all()
    assert (box[2:] >= high - 3).all()
    # The forehead and the cheeks reach beyond the landmarks, by less than half of their extent.
    assert (box[:2] >= low - 0.5 * (high - low)).all()
    assert (box[2:] <= high + 0.5 * (high - low)).all()


def test_the_mesh_sits_under_the_landmarks_also_through_a_lens(model):
    camera = Camera(320, 240, 200, 200, 160, 120, (-0.35, 0.12, 0.0, 0.0, 0.0), "plumb_bob")
    face = _face(model, (-0.2, 0.1, 0.5), camera=camera)
    picture = draw_overlay(_grey(), [face], model, alpha=1.0, labels=False)
    inner = np.rint(face.landmarks[17:]).astype(int)
    assert (picture[inner[:, 1], inner[:, 0]] != 40).any(-1).all()
    straight = camera.matrix @ face.translation
    assert np.linalg.norm(straight[:2] / straight[2] - face.landmarks[27]) > 3  # the lens does move it
    assert np.linalg.norm(_drawn_box(picture).reshape(2, 2).mean(0) - face.landmarks.mean(0)) < 12


def test_albedo_is_drawn_in_bgr_with_the_estimated_light(model):
    red = np.zeros((9, 3), np.float32)
    red[0] = (1.0, 0.1, 0.1)
    face = _face(model, illumination=red.ravel())
    x, y = np.rint(face.landmarks[30] + (4, -4)).astype(int)
    picture = draw_overlay(_grey(), [face], model, alpha=1.0, surface="albedo", labels=False)
    blue, _, strongest = picture[y, x].astype(int)
    assert strongest > 3 * blue


def test_opacity_blends_with_the_image(model):
    face = _face(model)
    x, y = np.rint((face.landmarks[30] + face.landmarks[2]) / 2).astype(int)
    full, half, none = (
        int(draw_overlay(_grey(), [face], model, alpha=alpha, labels=False)[y, x, 0]) for alpha in (1.0, 0.5, 0.0)
    )
    assert none == 40
    assert half == pytest.approx((full + 40) / 2, abs=1.5)


def test_the_nearer_face_is_drawn_over_the_farther(model):
    near, far = _face(model, (0, 0, 0.4)), _face(model, (0, 0, 0.8), yaw=40)
    alone = draw_overlay(_grey(), [near], model, alpha=1.0, labels=False)
    both = draw_overlay(_grey(), [near, far], model, alpha=1.0, labels=False)
    x, y = np.rint((near.landmarks[30] + near.landmarks[2]) / 2).astype(int)
    np.testing.assert_array_equal(alone[y, x], both[y, x])


def test_writes_the_id_and_the_confidence(model):
    face = _face(model)
    plain = draw_overlay(_grey(), [face], model, labels=False)
    labelled = draw_overlay(_grey(), [face], model)
    assert (plain != labelled).any()
    sure = draw_overlay(_grey(), [dataclasses.replace(face, confidence=0.11)], model)
    assert (sure != labelled).any()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "translation",
    [(0.4, 0, 0.5), (0.28, 0.2, 0.5), (0, 0, 0.02), (0, 0, -0.5), (0, 0, 500.0), (5e5, 0, 1.0), (np.nan, 0, 0.5)],
)
def test_faces_partly_or_wholly_out_of_view_do_no_harm(model, mode, translation):
    face = _face(model, translation)
    picture = draw_overlay(_grey(), [face], model, mode=mode)
    assert picture.shape == (240, 320, 3)


def test_without_faces_it_is_a_copy(model):
    image = _grey()
    picture = draw_overlay(image, [], model)
    np.testing.assert_array_equal(picture, image)
    assert picture is not image


def test_takes_an_image_that_cannot_be_written(model):
    image = _grey()
    image.flags.writeable = False
    assert (draw_overlay(image, [_face(model)], model) != 40).any()


def test_wireframe_leaves_gaps_and_colours_what_it_is_told(model):
    picture = _grey()
    draw_wireframe(picture, _face(model, (0, 0, 0.25)), model, colour=(255, 0, 0), alpha=1.0)
    changed = (picture != 40).any(-1)
    assert 0.02 < changed.mean() < 0.9
    assert picture[changed][:, 2].max() <= 40


def test_landmarks_that_are_not_finite_are_left_out():
    picture = _grey()
    draw_landmarks(picture, np.full((68, 2), np.nan))
    assert (picture == 40).all()


def test_shows_the_face_but_not_the_tongue(model):
    triangles, opacity = shown_part(model)
    assert 0 < len(triangles) < len(model.triangles)
    assert opacity[model.regions["tongue"] > 0.99].max() < 0.05
    assert opacity[model.regions["face"] > 0.99].mean() > 0.9


def test_wrong_arguments_are_named(model):
    with pytest.raises(ImageError, match="float64"):
        draw_overlay(np.zeros((8, 8, 3)), [], model)
    with pytest.raises(ImageError, match=r"\(8, 8\)"):
        draw_overlay(np.zeros((8, 8), np.uint8), [], model)
    with pytest.raises(ConfigError, match="'points'"):
        draw_overlay(_grey(), [], model, mode="points")
    with pytest.raises(ConfigError, match="'gold'"):
        draw_overlay(_grey(), [], model, surface="gold")
    with pytest.raises(ModelError, match="identity"):
        draw_overlay(_grey(), [dataclasses.replace(_face(model), identity=np.zeros(3))], model)


def test_after_warming_up_nothing_is_left_to_compile(model):
    from facegpt_ros.render import kernels

    def compiled() -> int:
        return sum(len(loop.signatures) for loop in vars(kernels).values() if hasattr(loop, "signatures"))

    warm_up(model)
    before = compiled()
    for mode in MODES:
        draw_overlay(_grey(), [_face(model)], model, mode=mode)
    draw_overlay(_grey(), [_face(model)], model, surface="albedo")
    assert compiled() == before
