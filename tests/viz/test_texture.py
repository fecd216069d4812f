import cv2
import numpy as np
import pytest

from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.shading import ambient
from facegpt_ros.viz.texture import bake_texture

SIZE = 512
CAMERA = Camera(320, 240, 300, 300, 160, 120, (-0.2, 0.05, 0.0, 0.0, 0.0), "plumb_bob")
# Middle of the nose's ridge, its tip, right and left brow, right and left peak of the upper lip.
RIDGE, TIP, RIGHT_BROW, LEFT_BROW, RIGHT_LIP, LEFT_LIP = 28, 30, 19, 24, 50, 52


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def seen(model: MorphableModel, yaw: float = 0.0, x: float = 0.0) -> Face:
    counts = (len(names) for names in (model.identity_names, model.expression_names, model.albedo_names))
    identity, expression, albedo = (np.zeros(count, np.float32) for count in counts)
    rotation, translation = matrix_from_euler(yaw, 0, 0), np.array([x, 0.0, 0.4])
    landmarks = CAMERA.project(posed_landmarks(model, identity, expression, rotation, translation))
    return Face(
        "f1", 1.0, (0, 0, 1, 1), rotation, translation, identity, expression, albedo, ambient(), CAMERA, landmarks
    )


def colour_at(texture: np.ndarray, model: MorphableModel, landmark: int) -> np.ndarray:
    """What the mesh shows at a landmark."""
    vertices, weights = (part[landmark] for part in model.embedding())
    triangle = np.flatnonzero((model.triangles == vertices).all(1))[0]
    u, v = weights @ model.uv_corners[triangle]
    return cv2.getRectSubPix(texture.astype(np.float32), (1, 1), (u * SIZE - 0.5, (1 - v) * SIZE - 0.5))[0, 0]


def ramp() -> np.ndarray:
    """Blue grows to the right, green downwards."""
    y, x = np.mgrid[:240, :320]
    return np.dstack([x * 0.7, y, np.full_like(x, 60)]).astype(np.uint8)


@pytest.mark.parametrize("yaw", [-10, 0, 10])
def test_shows_on_each_landmark_what_the_photo_shows_there(model, yaw: float):
    face = seen(model, yaw)
    texture = bake_texture(ramp(), face, model, SIZE)
    assert texture.shape == (SIZE, SIZE, 3) and texture.dtype == np.uint8
    for landmark in (RIDGE, TIP, RIGHT_BROW, LEFT_BROW, RIGHT_LIP, LEFT_LIP):
        x, y = face.landmarks[landmark]
        assert np.abs(colour_at(texture, model, landmark) - (0.7 * x, y, 60)).max() < 3, landmark


def test_takes_the_side_that_is_hidden_from_the_one_that_is_seen(model):
    face = seen(model, 70)
    image = np.full((240, 320, 3), 40, np.uint8)
    shown = face.landmarks[RIGHT_BROW]
    cv2.circle(image, tuple(np.rint(shown).astype(int).tolist()), 14, (200, 180, 90), -1)
    texture = bake_texture(image, face, model, SIZE)
    right, left = (colour_at(texture, model, mark) for mark in (RIGHT_BROW, LEFT_BROW))
    assert np.abs(right - (200, 180, 90)).max() < 20
    assert np.abs(left - right).max() < 25


def test_paints_what_nobody_sees_in_the_tone_of_the_photo(model):
    blue = bake_texture(np.full((240, 320, 3), (180, 90, 90), np.uint8), seen(model), model, SIZE)
    scalp = (model.regions["scalp"] > 0.9)[model.triangles].all(1)
    u, v = model.uv_corners[scalp].mean(1).T
    b, g, r = blue[((1 - v) * SIZE).astype(int), (u * SIZE).astype(int)].mean(0)
    assert b > 1.5 * r and b > 1.5 * g


def test_background_does_not_bleed_onto_the_head(model):
    """A green wall behind a grey face leaves no green at the edge, though the photo shows it half a pixel beside."""
    face = seen(model)
    wall = np.full((240, 320, 3), (0, 255, 0), np.uint8)
    vertices = model.vertices(face.identity, face.expression) @ face.rotation.T + face.translation
    head = cv2.convexHull(np.rint(CAMERA.project(vertices)).astype(np.int32))
    cv2.fillConvexPoly(wall, head, (120, 120, 120))
    texture = bake_texture(wall, face, model, SIZE).astype(int)
    atlas = model.uv_corners[(model.regions["face"] > 0.1)[model.triangles].all(1)].mean(1)
    b, g, _ = texture[((1 - atlas[:, 1]) * SIZE).astype(int), (atlas[:, 0] * SIZE).astype(int)].T
    assert (g - b).max() < 40


def test_a_face_half_outside_the_photo_is_still_whole(model):
    texture = bake_texture(np.full((240, 320, 3), 150, np.uint8), seen(model, 0, 0.2), model, SIZE)
    for landmark in (RIGHT_BROW, LEFT_BROW, TIP):
        assert np.abs(colour_at(texture, model, landmark) - 150).max() < 40
