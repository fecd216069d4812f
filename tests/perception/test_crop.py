"""The virtual camera: its geometry against the real camera's, and its pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facegpt_ros.face import CropEstimate
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.detect import Detection
from facegpt_ros.render.camera import Camera

CAMERAS = {
    "pinhole": Camera.from_fov(640, 480, 60),
    "anamorphic": Camera(640, 480, 520, 560, 300, 250),
    "plumb_bob": Camera(640, 480, 500, 505, 325, 236, (-0.3, 0.1, 0.001, -0.001, 0.0), "plumb_bob"),
    "equidistant": Camera(640, 480, 300, 300, 319.5, 239.5, (-0.02, 0.01, 0.0, 0.0), "equidistant"),
}
camera_of_each_model = pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS.keys())


def _head() -> np.ndarray:
    """(68, 3), the mean face's landmarks, model frame."""
    model = MorphableModel.load()
    return model.landmarks(np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names))).astype(float)


def _posed(yaw: float, pitch: float, roll: float, translation: tuple[float, float, float]) -> np.ndarray:
    return _head() @ matrix_from_euler(yaw, pitch, roll).T + translation


def _estimate(rotation: np.ndarray, offset: np.ndarray, scale: float) -> CropEstimate:
    nothing = np.zeros((1, 1))
    return CropEstimate(
        nothing, nothing, nothing, np.zeros((1, 27)), rotation[None], offset[None], np.array([scale]), np.ones(1)
    )


@camera_of_each_model
@pytest.mark.parametrize(
    "pose", [(0, 0, 0, (0, 0, 0.6)), (40, -20, 70, (0.25, 0.15, 0.6)), (-30, 10, 170, (-0.4, 0.1, 0.9))]
)
def test_standard_framing_centres_levels_and_fills_two_thirds(camera: Camera, pose: tuple):
    points = _posed(*pose)
    seen = CropCamera.from_points(camera, points).project(points)
    low, high = seen.min(0), seen.max(0)
    assert np.abs(low + high).max() < 0.01
    assert (high - low).max() == pytest.approx(4 / 3, abs=0.01)
    assert seen[45, 0] > seen[36, 0]
    assert abs(seen[45, 1] - seen[36, 1]) < 0.01


def test_several_faces_are_framed_as_each_alone():
    poses = [(0, 0, 0, (0, 0, 0.6)), (40, -20, 70, (0.25, 0.15, 0.6)), (-30, 10, 170, (-0.4, 0.1, 0.9))]
    points = np.stack([_posed(*pose) for pose in poses])
    camera = CAMERAS["pinhole"]
    for crop, own in zip(CropCamera.from_faces(camera, points), points, strict=True):
        alone = CropCamera.from_points(camera, own)
        assert np.allclose(crop.rotation, alone.rotation, atol=1e-12)
        assert crop.half_extent == pytest.approx(alone.half_extent, rel=1e-12)


@camera_of_each_model
def test_landmarks_in_the_image_give_the_framing_of_the_points_behind_them(camera: Camera):
    points = _posed(25, 10, -20, (0.15, -0.1, 0.7))
    here, there = CropCamera.from_landmarks(camera, camera.project(points)), CropCamera.from_points(camera, points)
    assert np.abs(here.rotation - there.rotation).max() < 1e-3
    assert here.half_extent == pytest.approx(there.half_extent, rel=1e-3)


@camera_of_each_model
def test_crop_units_map_back_to_where_the_real_camera_sees_the_points(camera: Camera):
    points = _posed(-35, 15, 40, (-0.2, 0.12, 0.5))
    crop = CropCamera.from_points(camera, points)
    assert np.abs(crop.to_pixels(crop.project(points)) - camera.project(points)).max() < 1e-3


@camera_of_each_model
def test_lift_gives_back_the_pose_that_lower_took(camera: Camera):
    rotation, translation = matrix_from_euler(30, -15, 50), np.array([0.2, -0.1, 0.8])
    crop = CropCamera.from_points(camera, _head() @ rotation.T + translation)
    lowered = crop.lower(rotation, translation)
    lifted = crop.lift(_estimate(*lowered), 0)
    assert np.allclose(lifted[0], rotation) and np.allclose(lifted[1], translation)
    # offset is where the sellion is seen, scale its magnification there.
    aside = crop.rotation @ [1e-4, 0, 0]
    assert np.allclose(crop.project(translation), lowered[1])
    assert (crop.project(translation + aside) - lowered[1])[0] == pytest.approx(1e-4 * lowered[2])


def test_an_upright_crop_sees_the_same_face_wherever_it_is_in_the_image():
    """A head turned with the viewing ray looks the same to the virtual camera, however wide the lens."""
    camera = Camera.from_fov(640, 480, 100)
    straight = np.array([0, 0, 0.6])
    head = _head() @ matrix_from_euler(20, 10, 0).T
    expected = CropCamera.from_points(camera, head + straight)
    turn = cv2.Rodrigues(np.array([0.3, 0.5, 0.0]))[0]
    aside = CropCamera.from_points(camera, (head + straight) @ turn.T)
    difference = aside.project((head + straight) @ turn.T) - expected.project(head + straight)
    assert np.abs(difference).max() < 1e-3


@camera_of_each_model
@pytest.mark.parametrize("distance", [0.25, 0.5, 1.5])
def test_picture_shows_points_within_half_a_pixel_of_where_they_are(camera: Camera, distance: float):
    """Bright dots painted where the real camera sees 3D points are found where the crop expects them."""
    points = _posed(10, 5, 25, (0.25 * distance, -0.15 * distance, distance))
    crop, size = CropCamera.from_points(camera, points), 160
    y, x = np.mgrid[: camera.height, : camera.width]
    pixel_of_crop = crop.half_extent * camera.fx * 2 / size  # in source pixels
    width = max(1.0, 1.5 * pixel_of_crop)
    for point in points[[36, 45, 30, 48, 54, 8]]:
        u, v = camera.project(point)
        dot = 250 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * width**2))
        image = np.dstack([dot.round().astype(np.uint8)] * 3)
        picture = crop.extract(image, size)[..., 0].astype(float)
        rows, columns = np.mgrid[:size, :size]
        centre = np.array([(columns * picture).sum(), (rows * picture).sum()]) / picture.sum()
        expected = (crop.project(point) + 1) * size / 2 - 0.5
        assert np.abs(centre - expected).max() * pixel_of_crop < 0.5


def test_around_sees_its_pixel_in_the_middle_with_its_size_and_roll():
    camera = CAMERAS["pinhole"]
    crop = CropCamera.around(camera, (400, 300), 50, np.radians(30))
    assert np.allclose(crop.to_pixels(np.zeros(2)), (400, 300), atol=1e-6)
    reach = crop.to_pixels(np.array([1.0, 0])) - crop.to_pixels(np.array([-1.0, 0]))
    assert np.linalg.norm(reach) == pytest.approx(100, rel=0.02)
    assert np.degrees(np.arctan2(reach[1], reach[0])) == pytest.approx(30, abs=2)


@camera_of_each_model
def test_crop_over_the_border_is_black_outside_and_whole_inside(camera: Camera):
    image = np.full((480, 640, 3), 200, np.uint8)
    picture = CropCamera.around(camera, (0, 240), 200).extract(image, 64)
    # The middle rows: further up and down a lens bows the border.
    assert (picture[24:40, 34:] == 200).all() and (picture[24:40, :28] == 0).all()
    assert not CropCamera.around(camera, (-400, 240), 50).extract(image, 64).any()


@pytest.mark.parametrize("name", ["pinhole", "plumb_bob"])
def test_shrinking_averages_instead_of_skipping_pixels(name: str):
    checkers = (np.indices((480, 640)).sum(0) % 2 * 255).astype(np.uint8)
    picture = CropCamera.around(CAMERAS[name], (320, 240), 200, 0.1).extract(np.dstack([checkers] * 3), 64)
    assert picture.std() < 10 and abs(picture.mean() - 127.5) < 5


def test_faces_too_close_or_odd_still_give_a_camera():
    camera = CAMERAS["pinhole"]
    crop = CropCamera.from_points(camera, _posed(0, 0, 0, (0, 0, 0.1)))
    assert np.isfinite(crop.rotation).all() and crop.half_extent <= 2
    flat = Detection((0, 0, 0, 0), 0.5, np.full((6, 2), 100.0))
    crop = CropCamera.from_detection(camera, flat)
    assert np.isfinite(crop.rotation).all() and crop.half_extent > 0
    assert crop.extract(np.zeros((480, 640, 3), np.uint8), 32).shape == (32, 32, 3)


@camera_of_each_model
@pytest.mark.parametrize("roll", [0, 60, 180])
def test_detection_gives_nearly_the_standard_framing(camera: Camera, roll: float):
    points = _posed(10, 0, roll, (0.1, 0.05, 0.7))
    pixels = camera.project(points)
    # The points that BlazeFace finds, built from landmarks: middles of eyes, nose tip, mouth, ears near the jaw's ends.
    keypoints = [pixels[36:42].mean(0), pixels[42:48].mean(0), pixels[30], pixels[48:].mean(0), pixels[1], pixels[15]]
    crop = CropCamera.from_detection(camera, Detection((0, 0, 1, 1), 0.9, np.array(keypoints)))
    standard = CropCamera.from_points(camera, points)
    assert np.abs(standard.project(crop.rotation[:, 2])).max() < 0.12
    assert crop.half_extent / standard.half_extent == pytest.approx(1, abs=0.12)
    turn = (standard.rotation.T @ crop.rotation)[:, 0]
    assert abs(np.degrees(np.arctan2(turn[1], turn[0]))) < 3
