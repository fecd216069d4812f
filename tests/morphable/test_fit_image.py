"""Analysis by synthesis on pictures whose truth is known: the model's own faces, rendered."""

import numpy as np
import pytest

from facegpt_ros.errors import ImageError
from facegpt_ros.face import Face
from facegpt_ros.morphable.fit_image import ImageFitOptions, ImageFitter
from facegpt_ros.morphable.landmark_problem import State
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.photometric import Appearance, PhotometricProblem, SkinSurface
from facegpt_ros.morphable.pose import matrix_from_euler, rotation_from_vector
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.morphable.skin import skin_trust
from facegpt_ros.render.batch import composite, render_face
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import vertex_normals
from facegpt_ros.render.shading import ambient, directional
from facegpt_ros.viz.fit_sheet import draw_skin, photo_sheet

MODEL = MorphableModel.load()
CAMERA = Camera.from_fov(240, 240, 25)
LIGHT = ambient(0.6) + directional(np.array([-0.5, -0.6, -1.0]), 0.35)


def person(seed: int, yaw: float = 12.0) -> tuple[np.ndarray, dict]:
    """(240, 240, 3) uint8 BGR and its truth."""
    rng = np.random.default_rng(seed)
    identity = rng.normal(0, 0.7, len(MODEL.identity_names)).astype(np.float32)
    expression = np.zeros(len(MODEL.expression_names), np.float32)
    expression[MODEL.expression_names.index("mouthSmileLeft")] = 0.5
    expression[MODEL.expression_names.index("mouthSmileRight")] = 0.5
    albedo = rng.normal(0, 0.8, len(MODEL.albedo_names)).astype(np.float32)
    rotation, translation = matrix_from_euler(yaw, -5, 4), np.array([0.01, 0.02, 0.75])
    points = (MODEL.vertices(identity, expression) @ rotation.T + translation).astype(np.float32)
    pixels = np.concatenate([CAMERA.project(points), points[:, 2:]], 1).astype(np.float32)
    picture = np.full((240, 240, 3), 90, np.uint8)
    normals = vertex_normals(points, MODEL.triangles)
    composite(render_face(pixels, MODEL.triangles, MODEL.colours(albedo), normals, LIGHT, 240), picture)
    marks = CAMERA.project(posed_landmarks(MODEL, identity, expression, rotation, translation))
    truth = {"identity": identity, "expression": expression, "albedo": albedo, "rotation": rotation, "marks": marks}
    return np.ascontiguousarray(picture[..., ::-1]), truth


@pytest.fixture(scope="module")
def fitter() -> ImageFitter:
    return ImageFitter(MODEL)


def psnr(image: np.ndarray, face: Face, fitter: ImageFitter) -> float:
    picture, skin = draw_skin(image.shape, face, fitter.surface)
    return 10 * np.log10(255**2 / float(((picture - image)[skin] ** 2).mean()))


def angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip((np.trace(a @ b.T) - 1) / 2, -1, 1))))


@pytest.mark.parametrize("seed", [0, 1])
def test_explains_a_rendered_face(fitter, seed: int):
    image, truth = person(seed)
    face = fitter.fit(image, CAMERA, landmarks=truth["marks"])
    eyes = np.linalg.norm(truth["marks"][45] - truth["marks"][36])
    assert np.linalg.norm(face.landmarks - truth["marks"], axis=1).mean() < 0.01 * eyes
    assert psnr(image, face, fitter) > 33
    assert angle_deg(face.rotation, truth["rotation"]) < 3
    assert face.expression.min() >= 0 and face.expression.max() <= 1


def test_the_photo_tells_more_than_its_landmarks(fitter):
    """The identity that is found is nearer to the truth than what landmarks alone say."""
    gains = []
    face_part = MODEL.regions["face"] > 0.5
    rest = np.zeros(len(MODEL.expression_names))
    for seed in range(3):
        image, truth = person(seed, yaw=25)
        with_photo = fitter.fit(image, CAMERA, landmarks=truth["marks"])
        alone = fitter._given.fit(truth["marks"], CAMERA)
        true = MODEL.vertices(truth["identity"], rest)[face_part]
        gaps = []
        for identity in (with_photo.identity, alone.identity[0]):
            found = MODEL.vertices(identity, rest)[face_part]
            gaps.append(np.sqrt((((found - found.mean(0)) - (true - true.mean(0))) ** 2).mean()))
        gains.append(gaps[0] / gaps[1])
    assert np.mean(gains) < 0.95


def test_begins_with_an_estimate_where_there_are_no_landmarks(fitter):
    image, truth = person(2)
    rough = fitter.fit(image, CAMERA, landmarks=truth["marks"])
    turned = rough.rotation @ rotation_from_vector(np.radians([3.0, -4, 2]))
    marks = truth["marks"] + np.random.default_rng(0).normal(0, 2.0, (68, 2))
    start = Face(**{**vars(rough), "rotation": turned, "landmarks": marks, "identity": 0 * rough.identity})
    face = fitter.fit(image, CAMERA, start=start)
    eyes = np.linalg.norm(truth["marks"][45] - truth["marks"][36])
    before = np.linalg.norm(marks - truth["marks"], axis=1).mean() / eyes
    after = np.linalg.norm(face.landmarks - truth["marks"], axis=1).mean() / eyes
    assert after < 0.6 * before and psnr(image, face, fitter) > 28


def test_glasses_and_hair_do_not_colour_the_skin(fitter):
    image, truth = person(3)
    clean = fitter.fit(image, CAMERA, landmarks=truth["marks"])
    hidden = image.copy()
    x, y = truth["marks"][27].astype(int)
    hidden[: y - 12] = (30, 25, 20)  # a fringe
    hidden[y - 3 : y + 1, x - 45 : x + 45] = 10  # the bar of a frame
    face = fitter.fit(hidden, CAMERA, landmarks=truth["marks"])
    inside = MODEL.regions["cheeks"] > 0.5
    colour = [MODEL.colours(f.albedo)[inside].mean(0) * f.illumination[:3] for f in (clean, face)]
    assert np.abs(colour[0] - colour[1]).max() < 0.06


def test_needs_landmarks_or_an_estimate_and_skin_to_see(fitter):
    image, truth = person(0)
    with pytest.raises(ImageError, match="give one of them"):
        fitter.fit(image, CAMERA)
    with pytest.raises(ImageError, match="skin can be seen"):
        fitter.fit(image, CAMERA, landmarks=truth["marks"] + 1000)


def test_the_sheet_shows_photo_fit_difference_and_mesh(fitter):
    image, truth = person(1)
    face = fitter.fit(image, CAMERA, landmarks=truth["marks"])
    sheet = photo_sheet(image, face, fitter.surface, 100)
    assert sheet.shape == (100, 400, 3)
    photo, fit, difference = sheet[:, :100], sheet[:, 100:200], sheet[:, 200:300]
    assert np.abs(photo.astype(int) - fit).mean() < 4 and np.abs(difference.astype(int) - 128).mean() < 12
    assert not np.array_equal(photo, fit)


def test_the_slope_is_that_of_differences():
    """Colours of held surface points against the photo where they go: every part of the Jacobian."""
    surface = SkinSurface(MODEL)
    size, focal = 64, 4.0
    y, x = np.mgrid[:size, :size] / np.float32(size)
    picture = np.stack([0.4 + 0.3 * x, 0.5 - 0.2 * y, 0.3 + 0.1 * x + 0.1 * y], -1).astype(np.float32)  # linear
    problem = PhotometricProblem(surface, picture, np.ones((size, size), np.float32), focal, noise=0.05, weight=1.0)
    problem._robust = lambda residual, seen: np.full(len(residual), 1 / len(residual))  # type: ignore[method-assign]
    rng = np.random.default_rng(0)
    k, a = surface.basis.shape[2], surface.albedo.shape[2]
    coefficients = rng.normal(0, 0.3, (1, k))
    coefficients[:, len(MODEL.identity_names) :] = 0.2
    state = State(coefficients, matrix_from_euler(15, -8, 5)[None], np.array([[0.01, 0.02, 0.6]]))
    look = Appearance(rng.normal(0, 0.5, a), LIGHT.astype(np.float64))
    seen = problem.see(state)
    assert len(seen.rows) > 300
    _, slope = problem.linearise(state, seen, look)

    def cost(change: np.ndarray) -> float:
        turn = rotation_from_vector(change[k : k + 3])
        moved = State(state.coefficients + change[:k], turn @ state.rotation, state.translation + change[k + 3 : k + 6])
        other = Appearance(look.albedo + change[k + 6 : k + 6 + a], look.illumination + change[k + 6 + a :])
        albedo, light = problem.shade(moved, seen, other)
        places = [s._geometry(moved, slopes=False)[0].astype(np.float64) for s in (problem,)][0]
        at = np.einsum("nci,nc->ni", places[seen.corners], seen.barycentric.astype(np.float64))
        u, v = ((at[:, :2] / at[:, 2:] * focal + 1) * size / 2 - 0.5).T / size
        photo = np.stack([0.4 + 0.3 * u, 0.5 - 0.2 * v, 0.3 + 0.1 * u + 0.1 * v], -1)
        rest = picture[seen.rows, seen.columns]
        start = np.stack([seen.columns, seen.rows]) / size
        begun = np.stack([0.4 + 0.3 * start[0], 0.5 - 0.2 * start[1], 0.3 + 0.1 * start.sum(0)], -1)
        return float((((photo - begun) + rest - albedo * light) ** 2).sum() / len(rest) / 0.05**2)

    for index in (
        0,
        5,
        len(MODEL.identity_names) + 24,
        k,
        k + 1,
        k + 2,
        k + 3,
        k + 4,
        k + 5,
        k + 6,
        k + 6 + a,
        k + 6 + a + 8,
    ):
        step = np.zeros(len(slope))
        step[index] = 1e-3
        measured = (cost(step) - cost(-step)) / 2e-3 / 2  # the slope is that of half the cost
        assert measured == pytest.approx(slope[index], rel=0.05, abs=0.03 * np.abs(slope).mean()), index


def test_skin_is_told_from_hair_and_frames_by_colour():
    image = np.zeros((60, 60, 3), np.uint8)
    image[:] = (120, 150, 200)
    image[:20] = (30, 40, 60)
    image[40:44] = 10
    image[50:, 50:] = (255, 255, 255)
    image = np.clip(image + np.random.default_rng(0).normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    trust = skin_trust(image, np.ones((60, 60), bool))
    assert trust[24:36, 5:45].min() > 0.5 and trust[:17].max() == 0 and trust[41:43].max() == 0
    assert trust[53:, 53:].max() == 0 and skin_trust(image, np.zeros((60, 60), bool)).max() == 0


def test_more_steps_are_not_worse(fitter):
    image, truth = person(4)
    few = ImageFitter(MODEL, ImageFitOptions(sizes=(56,), steps=(1,))).fit(image, CAMERA, landmarks=truth["marks"])
    many = fitter.fit(image, CAMERA, landmarks=truth["marks"])
    assert psnr(image, many, fitter) > psnr(image, few, fitter)
