"""A face carried to a model of another topology looks the same: distances, landmarks, colours, pose."""

import json
from pathlib import Path

import numpy as np
import pytest

from facegpt_ros import cli
from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.carry import Carrier
from facegpt_ros.morphable.face_area import face
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.loaders import load_model
from facegpt_ros.morphable.loaders.loaded import LoadedModel
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.theta_file import read_theta
from facegpt_ros.render.rasterize import vertex_normals

ICT = Path(__file__).resolve().parents[3] / "shared/data/ict/ict_full_f16.npz"
needs_ict = pytest.mark.skipif(
    not ICT.exists(), reason=f"{ICT} is not here: the shared data is not part of the package"
)


@pytest.fixture(scope="module")
def open_face() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def other(open_face) -> LinearModel:
    """The open face with its triangles' corners moved to their centroids, turned and shifted: another topology."""
    corners = face_triangles(open_face)
    used, local = np.unique(corners, return_inverse=True)
    local = local.reshape(-1, 3)
    middle = len(used) + np.arange(len(local))
    triangles = np.concatenate([np.stack([local[:, i], local[:, (i + 1) % 3], middle], 1) for i in range(3)])

    def finer(basis: np.ndarray) -> np.ndarray:
        rows = basis.reshape(-1, open_face.n_vertices, 3)
        return np.concatenate([rows[:, used], rows[:, corners].mean(2)], 1)

    b = open_face.bases
    rng = np.random.default_rng(5)
    count = len(open_face.identity_names)
    mix = np.linalg.qr(rng.normal(size=(count, count)))[0].astype(np.float32)
    return LoadedModel(
        name="other",
        version="1",
        licence="test",
        mean=finer(b["mean"])[0] + (0, 0.01, -0.02),
        identity=np.einsum("jk,kvi->jvi", mix, finer(b["identity"])),
        expression=finer(b["expression"]),
        albedo_mean=finer(b["albedo_mean"])[0],
        albedo=finer(b["albedo"]),
        triangles=triangles,
        identity_names=[f"i{k}" for k in range(count)],
        expression_names=open_face.expression_names,
        albedo_names=open_face.albedo_names,
        origin=np.zeros(3),
        landmark_numbers={},
        regions={},
    )


def face_triangles(model: MorphableModel) -> np.ndarray:
    return model.triangles[(model.regions["face"] > 0.1)[model.triangles].all(1)]


def theta_of(model: LinearModel, seed: int = 0, **expression: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    delta = np.zeros(len(model.expression_names))
    for name, value in expression.items():
        delta[model.expression_names.index(name)] = value
    return rng.normal(size=len(model.identity_names)) * 0.8, delta, rng.normal(size=len(model.albedo_names))


def test_the_same_space_in_another_topology_and_basis_is_found_without_landmarks(open_face, other):
    alpha, delta, gamma = theta_of(open_face, jawOpen=0.6, mouthSmileLeft=0.5)
    carried = Carrier(open_face, other).carry(alpha, delta, gamma)
    assert np.median(carried.neutral_mm) < 0.25
    assert np.median(carried.expressive_mm) < 0.2
    assert np.quantile(carried.expressive_mm, 0.95) < 1.0
    assert carried.covered > 0.8
    assert abs(carried.expression[open_face.expression_names.index("jawOpen")] - 0.6) < 0.1
    assert abs(carried.expression[open_face.expression_names.index("mouthSmileLeft")] - 0.5) < 0.15
    np.testing.assert_allclose(carried.translation, (0, -0.01, 0.02), atol=1.5e-3)
    used = np.unique(face_triangles(open_face))
    skin = face(open_face)[used]
    found, true = other.colours(carried.albedo)[: len(used)][skin], open_face.colours(gamma)[used][skin]
    assert np.abs(found - true).mean() < 0.04


def test_a_neutral_face_gets_no_expression(open_face, other):
    alpha, delta, gamma = theta_of(other)
    carried = Carrier(other, open_face).carry(alpha, delta, gamma)
    assert not carried.expression.any()
    np.testing.assert_array_equal(carried.neutral_mm, carried.expressive_mm)


@needs_ict
def test_open_face_and_light_stage_model_carry_faces_both_ways_below_a_millimetre(open_face):
    ict = load_model(ICT)
    to_ict, back = Carrier(open_face, ict), Carrier(ict, open_face)
    alpha, delta, gamma = theta_of(open_face, jawOpen=0.6, mouthSmileLeft=0.5)
    there = to_ict.carry(alpha, delta, gamma)
    assert np.median(there.neutral_mm) < 0.7
    assert np.median(there.expressive_mm) < 0.9
    assert there.expression[ict.expression_names.index("jawOpen")] > 0.4
    again = back.carry(there.identity, there.expression, there.albedo)
    assert np.median(again.expressive_mm) < 0.8
    start, end = open_face.landmarks(alpha, delta), open_face.landmarks(again.identity, again.expression)
    assert np.median(np.linalg.norm(start - end - (start - end).mean(0), axis=1)) < 3e-3  # there and back


def test_models_that_do_not_touch_are_refused(open_face, other):
    flat = np.array([[0, 0, 0], [1e-3, 0, 0], [0, 1e-3, 0]])
    empty = np.zeros((0, 9))
    small = LoadedModel(
        name="speck", version="1", licence="test", mean=flat, identity=empty, expression=empty, albedo=empty,
        albedo_mean=np.ones((3, 3)), triangles=[[0, 1, 2]], identity_names=[], expression_names=[], albedo_names=[],
        origin=np.zeros(3), landmark_numbers={}, regions={},
    )  # fmt: skip
    with pytest.raises(ModelError, match="speck shows 3 vertices of a face.*too few"):
        Carrier(open_face, small)


def test_convert_writes_coefficients_and_prints_millimetres(tmp_path, capsys, open_face):
    theta = tmp_path / "in.json"
    pose = {"translation_m": [0.1, 0, 0.8], "quaternion_xyzw": [1, 0, 0, 0]}
    theta.write_text(json.dumps({"identity": [0.5] * 120, "expression": {"jawOpen": 0.5}, "pose": pose}))
    words = ["morphable", "convert", "open", "open", "--theta", str(theta), "-o", str(tmp_path / "out.json")]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "neutral: median 0." in said
    assert "% of the face's vertices" in said
    assert cli.main([*words[:-1], str(tmp_path / "out.npz"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["error_mm"]["expressive"]["median"] < 0.2
    for name in ("out.json", "out.npz"):
        back = read_theta(tmp_path / name, open_face)
        assert abs(back.expression[open_face.expression_names.index("jawOpen")] - 0.5) < 0.05
        np.testing.assert_allclose(back.translation, (0.1, 0, 0.8), atol=2e-3)
        np.testing.assert_allclose(back.rotation, np.diag([1, -1, -1]), atol=2e-2)
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["morphable_model"]["licence"] == open_face.licence
    assert written["converted"]["error_mm"] == printed["error_mm"]


def test_outside_of_the_finer_mesh_is_outside(other):
    normals = vertex_normals(other.bases["mean"], other.triangles)
    assert normals[other.bases["mean"][:, 2].argmax(), 2] > 0.9
