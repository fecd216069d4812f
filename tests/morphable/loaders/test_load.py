"""Every layout gives the same face: metres, origin at the sellion, coefficients in σ."""

import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.loaders import load_model
from facegpt_ros.morphable.model import SHIPPED
from tests.morphable.loaders import tiny

pytest.importorskip("h5py", reason="h5py is not installed: pip install h5py")
SELLION = tiny.MEAN[tiny.LANDMARKS[27]]


def bfm2009(folder):
    return tiny.write_bfm2009(folder / "01_MorphableModel.mat")


def bfm2009_with_expressions(folder):
    tiny.write_expressions(folder, np.arange(tiny.V))
    return bfm2009(folder)


def front(folder):
    return tiny.write_front(folder / "BFM_model_front.mat")


def bfm2017(folder):
    return tiny.write_statismo(folder / "model2017-1_face12_nomouth.h5")


def flame_pkl(folder):
    path = folder / "generic_model.pkl"
    path.write_bytes(tiny.chumpy_pickle(tiny.flame_content(), ("shapedirs", "posedirs", "v_template")))
    return path


def flame_npz(folder):
    content = {**tiny.flame_content(), "J_regressor": tiny.flame_content()["J_regressor"].toarray()}
    np.savez(folder / "flame2023.npz", **content)
    return folder / "flame2023.npz"


def ict_npz(folder):
    return tiny.write_ict_npz(folder / "ict.npz")


def ict_folder(folder):
    return tiny.write_ict_folder(folder / "FaceXModel").parent


def surrey(folder):
    (folder / "sfm.bin").write_bytes(tiny.eos_bytes())
    return folder / "sfm.bin"


ALL = [bfm2009, bfm2009_with_expressions, front, bfm2017, flame_pkl, flame_npz, ict_npz, ict_folder, surrey]
WITH_COLOURS = [bfm2009, front, bfm2017, surrey]


@pytest.fixture
def landmark_file(tmp_path):
    path = tmp_path / "landmarks.json"
    path.write_text(json.dumps({str(i): int(v) for i, v in enumerate(tiny.LANDMARKS)}))
    return path


@pytest.mark.parametrize("write", ALL)
def test_every_layout_gives_the_same_face_in_metres_from_the_sellion(write, tmp_path, landmark_file):
    model = load_model(write(tmp_path), landmarks=landmark_file)
    identity = np.zeros(len(model.identity_names))
    identity[:5] = 1, -2, 0.5, 0, 1.5
    expression = np.zeros(len(model.expression_names))
    expected = tiny.MEAN - SELLION + (tiny.SHAPE @ (identity[:5] * tiny.SHAPE_SD)).reshape(-1, 3)
    if len(expression):
        expression[0] = 1
        expected = expected + (tiny.MOVING[:, 0] * tiny.MOVING_SD[0]).reshape(-1, 3)
    np.testing.assert_allclose(model.vertices(identity, expression), expected, atol=2e-5)
    np.testing.assert_allclose(model.origin, SELLION, atol=1e-6)
    rest = model.landmarks(0 * identity, 0 * expression)
    np.testing.assert_allclose(rest, (tiny.MEAN - SELLION)[tiny.LANDMARKS], atol=2e-5)
    assert len(model.sha256) == 64


@pytest.mark.parametrize("write", ALL)
def test_triangles_face_outward_whatever_the_file_says(write, tmp_path):
    model = load_model(write(tmp_path))
    a, b, c = model.bases["mean"][model.triangles].transpose(1, 0, 2)
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()


@pytest.mark.parametrize("write", WITH_COLOURS)
def test_colours_are_rgb_between_0_and_1(write, tmp_path):
    model = load_model(write(tmp_path))
    expected = tiny.COLOUR_MEAN + (tiny.COLOUR[:, 1] * tiny.COLOUR_SD[1]).reshape(-1, 3)
    np.testing.assert_allclose(model.colours([0, 1, 0]), expected.clip(0, 1), atol=1e-4)


@pytest.mark.parametrize(
    ("write", "says"),
    [(bfm2009, "non-commercial"), (bfm2017, "non-commercial"), (flame_pkl, "Max-Planck"), (ict_npz, "MIT"),
     (surrey, "University of Surrey"), (front, "FaceWarehouse")],
)  # fmt: skip
def test_licence_is_the_owners_and_not_ours(write, says, tmp_path):
    licence = load_model(write(tmp_path)).licence
    assert says in licence
    assert "CC0" not in licence


def test_expressions_are_clipped_as_what_they_are(tmp_path):
    assert load_model(ict_npz(tmp_path)).limits["expression"] == (-1, 2)  # activations
    assert load_model(bfm2017(tmp_path)).limits["expression"] == (-6, 6)  # σ


def test_fewer_axes_are_kept_when_asked_for(tmp_path):
    model = load_model(bfm2017(tmp_path), identity=2, expression=3, albedo=1)
    assert [len(n) for n in (model.identity_names, model.expression_names, model.albedo_names)] == [2, 3, 1]
    assert np.allclose(model.vertices([0, 1], [0, 0, 0])[:, 0] - model.vertices([0, 0], [0, 0, 0])[:, 0],
                       (tiny.SHAPE[:, 1] * tiny.SHAPE_SD[1])[::3], atol=1e-5)  # fmt: skip


def test_expressions_of_a_part_of_the_head_cut_the_mesh_to_that_part(tmp_path):
    kept = np.arange(tiny.SIDE, tiny.V)  # without the lowest row
    tiny.write_expressions(tmp_path, kept)
    model = load_model(bfm2009(tmp_path))
    np.testing.assert_allclose(model.bases["mean"], tiny.MEAN[kept], atol=1e-6)
    assert len(model.triangles) == len(tiny.TRIANGLES) - 2 * (tiny.SIDE - 1)
    expected = (tiny.MOVING[3 * tiny.SIDE :, 2] * tiny.MOVING_SD[2]).reshape(-1, 3)
    np.testing.assert_allclose(model.bases["expression"][2].reshape(-1, 3), expected, atol=1e-6)


def test_front_of_the_face_is_kept_where_deep3dfacerecons_index_files_lie_next_to_it(tmp_path):
    from scipy.io import savemat

    tiny.write_expressions(tmp_path, np.arange(tiny.V))
    order = np.random.default_rng(0).permutation(tiny.V)  # as good a front as any
    place = np.argsort(order)
    savemat(tmp_path / "BFM_front_idx.mat", {"idx": order[:, None] + 1})
    info = {"tri": place[tiny.TRIANGLES] + 1, "keypoints": place[tiny.LANDMARKS][None] + 1}
    savemat(tmp_path / "facemodel_info.mat", info)
    model = load_model(bfm2009(tmp_path))
    assert model.schemes == ("ibug68",)
    np.testing.assert_allclose(model.bases["mean"], (tiny.MEAN - SELLION)[order], atol=1e-5)


def test_open_face_loads_by_default_and_by_path():
    assert load_model().sha256 == load_model(SHIPPED).sha256


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_of_an_eos_model_loads(version, tmp_path):
    (tmp_path / "m.bin").write_bytes(tiny.eos_bytes(version, blendshapes=True, colours=False))
    model = load_model(tmp_path / "m.bin")
    assert len(model.expression_names) == (tiny.EXPRESSION if version > 1 else 0)
    assert model.limits["expression"] == (-1, 2)
    assert not model.albedo_names


def test_numpys_pickles_of_every_protocol_load(tmp_path):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / f"flame{protocol}.pkl"
        path.write_bytes(pickle.dumps(tiny.flame_content(), protocol))
        np.testing.assert_allclose(load_model(path).bases["mean"], tiny.MEAN, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing.mat", None, "No such file"),
        ("notes.txt", b"hello, face", "first bytes are b'hello, f'.*FLAME"),
        ("empty.npz", b"", "first bytes are b''"),
        ("half.npz", b"PK\x03\x04 and no more", "is no .npz file"),
        ("half.mat", b"MATLAB 5.0 MAT-file" + bytes(150), "is no MATLAB file|neither 'shapePC' nor 'idBase'"),
        ("half.h5", b"\x89HDF\r\n\x1a\n" + bytes(50), "is no HDF5 file"),
    ],
)
def test_what_is_no_model_is_named_with_what_would_be_one(name, content, message, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        load_model(path)
    assert str(path) in str(caught.value)


def test_folders_and_tables_of_other_things_are_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no generic_neutral_mesh.obj"):
        load_model(tmp_path)
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ModelError, match="neither 'v_template' .FLAME. nor 'neutral'"):
        load_model(tmp_path / "other.npz")
    save_file({"x": np.zeros(3)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(ModelError, match="lacks or garbles 'format'"):
        load_model(tmp_path / "other.safetensors")


def test_landmarks_on_the_wrong_side_or_nowhere_are_refused(tmp_path):
    path = tmp_path / "landmarks.json"
    model = ict_npz(tmp_path)
    for content, message in (
        ({"36": int(tiny.LANDMARKS[45]), "45": int(tiny.LANDMARKS[36])}, "x does not point to the subject's left"),
        ({"36": 99999}, "landmark 36 is vertex 99999, which no triangle uses"),
        ({"68": 3}, "numbered 68..68; iBUG's numbers are 0..67"),
        ({}, "names no landmark"),
        ([1, 2], "is no landmark file"),
    ):
        path.write_text(json.dumps(content))
        with pytest.raises(ModelError, match=message):
            load_model(model, landmarks=path)


def test_landmark_files_of_eos_and_flame_are_read(tmp_path):
    (tmp_path / "ibug.txt").write_text("# iBUG, from 1\n[landmark_mappings]\n37 = 98  # eye\n 46 =  105\n28 102\n; 9\n")
    model = load_model(surrey(tmp_path), landmarks=tmp_path / "ibug.txt")
    assert model.landmark_numbers == {"ibug68_part": (27, 36, 45)}
    triangle = np.arange(51)
    weights = np.tile([0.2, 0.3, 0.5], (51, 1))
    (tmp_path / "flame_static_embedding.pkl").write_bytes(
        pickle.dumps({"lmk_face_idx": triangle, "lmk_b_coords": weights}, protocol=2)
    )
    with pytest.raises(ModelError, match="x does not point"):  # such landmarks are nobody's: the file was read
        load_model(flame_pkl(tmp_path))
    full = {"full_lmk_faces_idx": np.zeros((1, 68), int), "full_lmk_bary_coords": np.ones((1, 68, 3)) / 3}
    np.save(tmp_path / "landmark_embedding.npy", full, allow_pickle=True)
    with pytest.raises(ModelError, match="x does not point"):
        load_model(flame_pkl(tmp_path))
