import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE, IBUG68_MIRROR
from facegpt_ros.morphable.model import SHIPPED, MorphableModel

IDENTITY, EXPRESSION, ALBEDO = 120, 52, 209


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def rest(model):
    return np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names))


def points(model, identity, expression, scheme="ibug68"):
    return model.landmarks(identity, expression, scheme)


def test_counts_and_names_are_what_the_issue_promises(model):
    assert len(model.identity_names) == IDENTITY
    assert 80 <= IDENTITY <= 150 and ALBEDO >= 40
    assert len(model.expression_names) == EXPRESSION
    assert {"jawOpen", "eyeBlinkLeft", "mouthSmileRight", "tongueOut"} <= set(model.expression_names)
    assert len(model.albedo_names) == ALBEDO
    assert {"face", "skin", "lips", "brows", "eyes", "beard"} <= set(model.regions)
    assert SHIPPED.stat().st_size < 24e6


def test_sellion_stays_at_the_origin_for_every_identity(model, rest):
    rng = np.random.default_rng(0)
    identity = rng.normal(size=(20, IDENTITY))
    sellion = points(model, identity, np.zeros((20, EXPRESSION)), "mediapipe478")[:, 168]
    assert np.abs(sellion.mean(0)).max() < 5e-3  # MediaPipe's point, moved to where photos are labelled
    assert sellion.std(0).max() < 2e-3


def test_head_is_metric_upright_and_looks_out_of_the_face(model, rest):
    v = model.vertices(*rest)
    lm = points(model, *rest)
    assert 0.085 < np.linalg.norm(lm[36] - lm[45]) < 0.096  # outer eye corners of an adult, m
    assert lm[8, 1] < lm[57, 1] < lm[30, 1] < 0 < v[:, 1].max()  # chin, lip, nose tip, top of the head
    assert lm[30, 2] > lm[27, 2] > v[:, 2].min()  # the nose tip is in front
    assert lm[45, 0] > 0 > lm[36, 0]  # x to the subject's left


def test_triangles_face_outward(model, rest):
    v = model.vertices(*rest).astype(np.float64)
    a, b, c = v[model.triangles].transpose(1, 0, 2)
    volume = np.einsum("ni,ni->n", a - v.mean(0), np.cross(b - v.mean(0), c - v.mean(0))).sum() / 6
    assert 0.002 < volume < 0.008  # m³ of a head, positive only when counter-clockwise seen from outside


def test_fast_landmarks_equal_the_mesh_at_the_embedding(model):
    rng = np.random.default_rng(1)
    identity, expression = rng.normal(size=IDENTITY), rng.uniform(size=EXPRESSION)
    for scheme in ("ibug68", "mediapipe478"):
        corners, weights = model.embedding(scheme)
        on_mesh = np.einsum("nci,nc->ni", model.vertices(identity, expression)[corners], weights)
        np.testing.assert_allclose(points(model, identity, expression, scheme), on_mesh, atol=2e-6)
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)


def test_ibug_points_are_the_same_subset_of_mediapipes(model, rest):
    np.testing.assert_allclose(
        points(model, *rest), points(model, *rest, "mediapipe478")[list(IBUG68_FROM_MEDIAPIPE)], atol=1e-6
    )


def test_ibug_mirror_is_an_involution_and_swaps_the_sides(model, rest):
    mirror = np.array(IBUG68_MIRROR)
    np.testing.assert_array_equal(mirror[mirror], np.arange(68))
    lm = points(model, *rest)
    np.testing.assert_allclose(lm[mirror] * (-1, 1, 1), lm, atol=4e-3)


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        ("jawOpen", lambda r, m: r[57, 1] - m[57, 1] > 0.012),  # lower lip goes down
        ("eyeBlinkLeft", lambda r, m: (r[43, 1] - r[47, 1]) > 3 * abs(m[43, 1] - m[47, 1])),
        ("mouthSmileLeft", lambda r, m: m[54, 1] - r[54, 1] > 0.003),  # left corner goes up
        ("browInnerUp", lambda r, m: m[21, 1] - r[21, 1] > 0.002),
    ],
)
def test_expressions_move_what_their_names_say(model, rest, name, moves):
    expression = np.zeros(EXPRESSION)
    expression[model.expression_names.index(name)] = 1
    assert moves(points(model, *rest), points(model, rest[0], expression))


def test_skin_spans_very_dark_to_very_light(model):
    cheek = model.regions["cheeks"].argmax()
    tones = []
    for value in (-2.5, 0, 2.5):
        albedo = np.zeros(ALBEDO)
        albedo[model.albedo_names.index("skin_lightness")] = value
        tones.append(model.colours(albedo)[cheek].mean())
    assert tones[0] < 0.3 < 0.45 < tones[1] < 0.7 < 0.85 < tones[2]


def test_coefficients_of_wrong_shape_or_not_finite_are_named(model, rest):
    with pytest.raises(ModelError, match=r"identity has shape \(3,\).*120"):
        model.vertices(np.zeros(3), rest[1])
    with pytest.raises(ModelError, match="expression holds a value that is not finite"):
        model.vertices(rest[0], np.full(EXPRESSION, np.nan))


def test_missing_or_broken_file_names_path_and_cure(tmp_path):
    with pytest.raises(ModelError, match="nowhere.safetensors.*facegpt morphable build"):
        MorphableModel.load(tmp_path / "nowhere.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(SHIPPED.read_bytes()[:1000])
    with pytest.raises(ModelError, match="broken.safetensors is no safetensors file"):
        MorphableModel.load(broken)


def tampered(tmp_path, change):
    with safe_open(str(SHIPPED), framework="np") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = dict(file.metadata())
    change(tensors, metadata)
    path = tmp_path / "tampered.safetensors"
    save_file(tensors, str(path), metadata)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, m: t.pop("mean"), "lacks or garbles 'mean'"),
        (lambda t, m: m.update(format="other/9"), "format is 'other/9'"),
        (lambda t, m: t.update(triangles=t["triangles"] + 9999), "triangles index vertices"),
        (lambda t, m: t.update(albedo_basis=np.full_like(t["albedo_basis"], np.nan)), "albedo basis"),
        (lambda t, m: m.update(identity_names=json.dumps(["one"])), "identity basis is"),
    ],
)
def test_altered_tensors_are_refused_by_name(tmp_path, change, message):
    with pytest.raises(ModelError, match=message):
        MorphableModel.load(tampered(tmp_path, change))
