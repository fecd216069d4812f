import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.morphable.contour import JAW
from facegpt_ros.morphable.embedding import refine
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE, IBUG68_MIRROR, MEDIAPIPE_MIRROR
from facegpt_ros.morphable.landmarks_cli import write_landmarks
from facegpt_ros.morphable.lips import on_own_lip
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.outline import YAWS, outline
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.skin_surface import SkinSurface
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import rasterize

COUNT = 20
CAMERA = Camera.from_fov(400, 400, 15)


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def skin(model) -> SkinSurface:
    return SkinSurface(model)


@pytest.fixture(scope="module")
def labels(model) -> np.ndarray:
    """(COUNT, 468, 2) px: faces labelled where the model's own landmarks are, one side as the other."""
    rng = np.random.default_rng(0)
    identity = rng.normal(0, 0.7, (COUNT, len(model.identity_names)))
    rotation = matrix_from_euler(rng.normal(0, 12, COUNT), rng.normal(0, 6, COUNT), rng.normal(0, 5, COUNT))
    points = model.landmarks(identity, np.zeros((COUNT, len(model.expression_names))), "mediapipe478")[:, :468]
    return CAMERA.project(points @ rotation.transpose(0, 2, 1) + (0, 0, 1.0))


@pytest.fixture(scope="module")
def displaced(model, skin) -> MorphableModel:
    """The model with every third landmark, and its twin, 2 mm from where it belongs."""
    rng = np.random.default_rng(1)
    triangle, weights = (part.copy() for part in model.surface_points("mediapipe478"))
    for k in range(0, 468, 3):
        twin = MEDIAPIPE_MIRROR[k]
        if twin <= k:
            continue
        step = skin.tangents(triangle[k : k + 1])[0] @ rng.normal(0, 1, 2)
        triangle[k], weights[k] = skin.moved(triangle[k], weights[k], 2e-3 * step / np.linalg.norm(step))
        triangle[twin], weights[twin] = skin.mirrored(int(triangle[k]), weights[k].astype(float))
    ibug = list(IBUG68_FROM_MEDIAPIPE)
    return model.with_landmarks({"mediapipe478": (triangle, weights), "ibug68": (triangle[ibug], weights[ibug])})


@pytest.fixture(scope="module")
def refined(displaced, labels) -> MorphableModel:
    return refine(displaced, labels, [CAMERA] * COUNT, rounds=3)


def places(model: MorphableModel, scheme: str = "mediapipe478") -> np.ndarray:
    corners, weights = model.embedding(scheme)
    return np.einsum("nci,nc->ni", model.bases["mean"][corners], weights)


def test_landmarks_come_back_to_where_the_labels_say(model, displaced, refined):
    wrong = np.linalg.norm(places(displaced) - places(model), axis=1)
    left = np.linalg.norm(places(refined) - places(model), axis=1)
    moved = wrong > 1.5e-3
    assert moved.sum() > 80
    assert left[moved].mean() < 0.35 * wrong[moved].mean()
    assert np.median(left) < 0.4e-3


def test_the_result_is_symmetric_and_on_the_skin(refined, skin):
    at = places(refined)[:468]
    assert np.abs(at[list(MEDIAPIPE_MIRROR[:468])] * (-1, 1, 1) - at).max() < 1e-3
    triangle, weights = refined.surface_points("mediapipe478")
    assert skin.allowed[triangle[:468]].mean() > 0.98
    assert weights.min() >= -1e-6 and np.allclose(weights.sum(1), 1, atol=1e-5)


def test_irises_stay_and_the_68_stay_a_subset(displaced, refined):
    np.testing.assert_array_equal(places(refined)[468:], places(displaced)[468:])
    np.testing.assert_array_equal(places(refined, "ibug68"), places(refined)[list(IBUG68_FROM_MEDIAPIPE)])


def test_lips_keep_to_their_own_side(refined, model):
    """With the mouth open, the inner points of the upper lip are above those of the lower one."""
    expression = np.zeros(len(model.expression_names))
    expression[model.expression_names.index("jawOpen")] = 0.5
    points = refined.landmarks(np.zeros(len(model.identity_names)), expression)
    for upper, lower in ((61, 67), (62, 66), (63, 65)):
        assert points[upper, 1] - points[lower, 1] > 5e-3


def test_a_move_never_crosses_from_one_lip_to_the_other(model, skin):
    triangle, weights = model.surface_points("mediapipe478")
    upper, _ = skin.moved(int(triangle[13]), weights[13], np.array([0, -2e-3, 0]))
    expression = np.zeros(len(model.expression_names))
    expression[model.expression_names.index("jawOpen")] = 1
    open_mouth = model.vertices(np.zeros(len(model.identity_names)), expression)[model.triangles].mean(1)
    assert abs(open_mouth[upper, 1] - skin.vertices[model.triangles[upper]].mean(0)[1]) < 6e-3  # the lower lip falls


def test_contour_meets_the_jaw_from_ahead_and_mirrors_itself(refined):
    contour = refined.contour
    assert tuple(contour.yaw) == YAWS
    rest = np.zeros(len(refined.identity_names)), np.zeros(len(refined.expression_names))
    np.testing.assert_allclose(refined.landmarks(*rest, yaw=0.0), refined.landmarks(*rest), atol=1e-6)
    right, left = refined.landmarks(*rest, yaw=-50.0)[JAW], refined.landmarks(*rest, yaw=50.0)[JAW]
    np.testing.assert_allclose(left[list(IBUG68_MIRROR[:17])] * (-1, 1, 1), right, atol=1.5e-3)


@pytest.mark.parametrize("yaw", [35.0, 45.0, -45.0])
def test_on_a_turned_head_the_far_jaw_lies_on_the_outline_of_the_face(model, skin, yaw):
    """Each point of the far cheek has the face on its inner side and no face skin 4 px further out."""
    triangle, weights = model.surface_points()
    slid = model.with_landmarks(
        {s: model.surface_points(s) for s in model.schemes},
        outline(skin, np.tile(triangle[:17], (5, 1)), np.tile(weights[:17], (5, 1, 1)).astype(float)),
    )
    rest = np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names))
    rotation, camera = matrix_from_euler(yaw, 0, 0), Camera.from_fov(500, 500, 15)
    points = slid.landmarks(*rest, yaw=yaw) @ rotation.T + (0, 0, 1.0)
    seen = model.vertices(*rest) @ rotation.T + (0, 0, 1.0)
    pixels = np.concatenate([camera.project(seen), seen[:, 2:]], 1).astype(np.float32)
    ids, _ = rasterize(pixels, model.triangles[skin.allowed], 500, 500)
    far = [11, 12, 13, 14] if yaw > 0 else [2, 3, 4, 5]
    out = np.sign(yaw)
    for x, y in np.rint(camera.project(points)[far]).astype(int):
        assert (ids[y, [int(x - out * d) for d in (3, 4, 5)]] >= 0).any()
        assert (ids[y, [int(x + out * d) for d in range(5, 12)]] < 0).all()
    near = [0, 1, 2, 3] if yaw > 0 else [13, 14, 15, 16]
    still = model.landmarks(*rest) @ rotation.T + (0, 0, 1.0)
    np.testing.assert_allclose(points[near], still[near], atol=1e-6)


def test_written_file_holds_the_landmarks_and_all_else(refined, tmp_path):
    out = tmp_path / "refined.safetensors"
    write_landmarks(None, refined, out)
    read = MorphableModel.load(out)
    rest = np.full(len(read.identity_names), 0.3), np.full(len(read.expression_names), 0.2)
    for yaw in (None, 33.0):
        np.testing.assert_array_equal(read.landmarks(*rest, yaw=yaw), refined.landmarks(*rest, yaw=yaw))
    np.testing.assert_array_equal(read.vertices(*rest), MorphableModel.load().vertices(*rest))


def test_a_folder_without_photos_of_the_split_is_named(tmp_path):
    from facegpt_ros.cli import main
    from facegpt_ros.morphable.landmarks_cli import _labelled

    (tmp_path / "split.csv").write_text("id,split,width,height\na,test,10,10\n")
    np.savez(tmp_path / "mediapipe468.npz", ids=np.array(["a"]), landmarks=np.zeros((1, 468, 3)))
    with pytest.raises(ConfigError, match="no photo of split 'train'"):
        _labelled([tmp_path], "train", 15.0)
    assert main(["morphable", "landmarks", "--photos", str(tmp_path), "--out", str(tmp_path / "out.safetensors")]) == 1


def test_an_inner_lip_point_on_the_other_lip_is_moved_over(model, skin):
    own = on_own_lip(model, skin, *model.surface_points("mediapipe478"))
    wrong = tuple(part.copy() for part in own)
    for lower, upper in ((14, 13), (87, 82), (402, 311)):
        wrong[0][lower], wrong[1][lower] = own[0][upper], own[1][upper]
    again = on_own_lip(model, skin, *wrong)
    expression = np.zeros(len(model.expression_names))
    expression[model.expression_names.index("jawOpen")] = 0.5
    vertices = model.vertices(np.zeros(len(model.identity_names)), expression)
    points = np.einsum("nci,nc->ni", vertices[model.triangles[again[0]]], again[1])
    for lower, upper in ((14, 13), (87, 82), (402, 311)):
        assert points[upper, 1] - points[lower, 1] > 5e-3
