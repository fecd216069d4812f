"""Files made to break or to harm: each gets a ModelError that names the file and what is wrong, and nothing runs."""

import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.loaders import load_model
from tests.morphable.loaders import tiny

h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install h5py")
FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def refused(path, message):
    with pytest.raises(ModelError, match=message) as caught:
        load_model(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("attack", "named"),
    [
        (lambda mark: Calls(os.system, f"touch {mark}"), r"posix.system"),
        (lambda mark: Calls(eval, f"open({str(mark)!r}, 'w')"), r"eval"),
        (lambda mark: Calls(getattr, "x", "upper"), r"getattr"),
        (lambda mark: Calls(np.save, str(mark), 1), r"numpy.save"),
    ],
)
def test_a_pickle_that_calls_anything_is_refused_and_runs_nothing(protocol, attack, named, tmp_path):
    path, mark = tmp_path / "generic_model.pkl", tmp_path / "mark"
    path.write_bytes(pickle.dumps({**tiny.flame_content(), "bs_type": attack(mark)}, protocol))
    refused(path, f"the pickle is refused: it names .*{named}")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("opcodes", "message"),
    [
        (b"\x80\x02cnumpy\ndtype\n}X\x01\x00\x00\x00aK\x01sb.", "sets the state of a _Word"),
        (b"\x80\x02K\x01)R.", "calls a int"),
        (b"\x80\x02Pid\n.", "refers to objects outside the file"),
        (b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".", "declares 1099511627776 bytes"),
        (b"\x80\x02]r\xff\xff\xff\xff.", "holds a list, not a dictionary"),  # a memo of 4 G entries
        (b"\x80\x02" + b"(" * 10, "broken or cut off"),
        (b"\x80\x02K\x01.", "holds a int, not a dictionary"),
    ],
)
def test_opcodes_by_hand_do_no_harm(opcodes, message, tmp_path):
    path = tmp_path / "flame.pkl"
    path.write_bytes(opcodes)
    refused(path, message)


def flame(tmp_path, **changes):
    path = tmp_path / "flame.pkl"
    content = {k: v for k, v in {**tiny.flame_content(), **changes}.items() if v is not None}
    path.write_bytes(pickle.dumps(content, 4))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"posedirs": None}, "'posedirs' is missing"),
        ({"shapedirs": np.zeros((tiny.V, 3, 10))}, r"'shapedirs' has the shape \(144, 3, 10\), not 144×3×400"),
        ({"f": tiny.TRIANGLES + 1}, r"'f' holds 1..144, outside 0..143"),
        ({"f": tiny.TRIANGLES + 0.5}, "'f' holds float64, and not only whole numbers"),
        ({"v_template": np.full((tiny.V, 3), np.nan)}, "'v_template' holds 432 values that are not finite"),
        ({"v_template": np.full((tiny.V, 3), "x")}, "'v_template' is no array .*U1"),
        ({"v_template": [[1, 2], [3]]}, "'v_template' is"),
        ({"v_template": tiny.MEAN * 1000}, "the mean shape is 180 m large"),
        ({"weights": np.array([None] * 4)}, "'weights' is no array"),
        ({"kintree_table": np.array([[0, 2, 0, 1, 1], range(5)])}, "names the parents"),
        ({"J_regressor": sparse.csc_matrix((5, 3))}, "'J_regressor' has the shape"),
    ],
)
def test_flame_with_a_wrong_array_is_refused_by_its_name(changes, message, tmp_path):
    refused(flame(tmp_path, **changes), message)


def test_sparse_matrix_that_points_outside_itself_is_refused(tmp_path):
    broken = sparse.csc_matrix(np.eye(5, tiny.V))
    broken.indices[0] = 99
    refused(flame(tmp_path, J_regressor=broken), "indexes outside itself")
    huge = sparse.csc_matrix(np.eye(5, tiny.V))
    huge._shape = (10**9, 10**9)
    refused(flame(tmp_path, J_regressor=huge), "a sparse matrix is 1000000000×1000000000")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shapePC": None}, "neither 'shapePC' nor 'idBase'"),
        ({"texMU": None}, "'texMU' is missing; get it again"),
        ({"shapeEV": -tiny.SHAPE_SD[:, None]}, r"'shapeEV' \[0\] is -0.03: a deviation below 0"),
        ({"shapeMU": np.zeros((7, 1))}, "'shapeMU' has 7 numbers, no multiple of 3"),
        ({"tl": tiny.TRIANGLES}, "'tl' holds 0..143, outside 1..144"),
        ({"texPC": np.zeros((2, 2))}, r"'texPC' has the shape \(2, 2\), not 432×3"),
        ({"shapePC": np.full((3 * tiny.V, tiny.IDENTITY), np.inf)}, "'shapePC' holds 2160 values that are not finite"),
    ],
)
def test_bfm_2009_with_a_wrong_key_is_refused_by_its_name(changes, message, tmp_path):
    refused(tiny.write_bfm2009(tmp_path / "m.mat", **changes), message)


def test_expression_files_that_contradict_each_other_are_refused(tmp_path):
    path = tiny.write_bfm2009(tmp_path / "01_MorphableModel.mat")
    binary = tmp_path / "Exp_Pca.bin"
    for data, message in (
        (b"", "declares 0 expressions in 0 bytes"),
        (struct.pack("<i", 2**31 - 1) + bytes(400), "declares 2147483647 expressions"),
        (struct.pack("<i", -1) + bytes(400), "declares -1 expressions"),
    ):
        binary.write_bytes(data)
        with pytest.raises(ModelError, match=message):
            load_model(path)
    tiny.write_expressions(tmp_path, np.arange(tiny.V))
    (tmp_path / "std_exp.txt").write_text("1 2")
    with pytest.raises(ModelError, match="std_exp.txt: 2 deviations, not 4"):
        load_model(path)
    tiny.write_expressions(tmp_path, np.arange(tiny.V))
    (tmp_path / "BFM_exp_idx.mat").unlink()
    with pytest.raises(ModelError, match="BFM_exp_idx.mat is missing.*take Exp_Pca.bin away"):
        load_model(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape/model/pcaVariance": None}, "'shape/model/pcaVariance' is missing"),
        ({"color/model/pcaVariance": np.array([1, -2, 1.0])}, r"\[1\] is -2: a variance below 0"),
        ({"expression/model/mean": np.zeros(9)}, r"'expression/model/mean' has the shape \(9,\), not 432"),
        ({"shape/representer/cells": np.full((3, 5), tiny.V)}, "holds 144..144, outside 0..143"),
        ({"shape/representer/cells": np.zeros((4, 5), int)}, r"has the shape \(4, 5\), not 3×n"),
        ({"shape/model/mean": np.full(3 * tiny.V, np.nan)}, "432 values that are not finite"),
        ({"shape/model/mean": "text"}, "'shape/model/mean'"),
    ],
)
def test_bfm_2017_with_a_wrong_dataset_is_refused_by_its_name(changes, message, tmp_path):
    refused(tiny.write_statismo(tmp_path / "m.h5", **changes), message)


def test_hdf5_of_something_else_or_with_links_elsewhere_is_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    refused(tmp_path / "other.h5", "holds no 'shape/model'")
    other = tiny.write_statismo(tmp_path / "model.h5")
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["shape/model/mean"] = h5py.ExternalLink(str(other), "/shape/model/mean")
    refused(tmp_path / "link.h5", "lies in another file")


def test_declared_sizes_that_the_file_cannot_explain_are_refused_before_memory_is_asked_for(tmp_path):
    path = tmp_path / "bomb.h5"
    tiny.write_statismo(path, **{"shape/model/mean": None})
    with h5py.File(path, "a") as file:
        file.create_dataset("shape/model/mean", (1 << 40,), "f4", chunks=(1 << 16,))
    refused(path, "declares 4398046511104 bytes and stores 0")
    with (
        zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("neutral.npy", "w") as file,
    ):
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (25_000_000, 3)})
        for _ in range(300):
            file.write(bytes(1_000_000))
    refused(tmp_path / "bomb.npz", "'neutral' declares 300000128 bytes and stores")
    with zipfile.ZipFile(tmp_path / "liar.npz", "w") as archive, archive.open("neutral.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 3)})
    refused(tmp_path / "liar.npz", "'neutral' cannot be read .*does not take 0 bytes")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": None}, "'id' is missing"),
        ({"faces": tiny.QUADS + 100}, "'faces' holds"),
        ({"expr_names": np.array(["one"])}, "'expr_names' has 1 words for 4 axes"),
        ({"neutral": np.array([{"a": 1}], object)}, "'neutral' cannot be read .*object"),
        ({"landmarks68": np.arange(5)}, r"'landmarks68' has the shape \(5,\), not 68"),
    ],
)
def test_ict_with_a_wrong_array_is_refused_by_its_name(changes, message, tmp_path):
    refused(tiny.write_ict_npz(tmp_path / "ict.npz", **changes), message)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("jawOpen.obj", "v 1 2 3\n", "1 vertices, generic_neutral_mesh.obj has 144"),
        ("jawOpen.obj", "v 1 2 x\n", "no triples of numbers"),
        ("generic_neutral_mesh.obj", "v 1 2 nan\n", "not finite"),
        ("vertex_indices.json", "{}", "idx_to_landmark_verts cannot be read"),
        ("vertex_indices.json", '{"idx_to_landmark_verts": [1]}', "has 1 numbers, not 68"),
    ],
)
def test_ict_folder_with_a_wrong_file_is_refused_by_its_name(file, text, message, tmp_path):
    folder = tiny.write_ict_folder(tmp_path / "FaceXModel")
    (folder / file).write_text(text)
    with pytest.raises(ModelError, match=message) as caught:
        load_model(folder)
    assert file in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (struct.pack("<Iii", 4, 2**31 - 1, 2**31 - 1), "needs 18446744056529682436 bytes at 12, and 0 are left"),
        (struct.pack("<Iii", 4, -1, 1), "'shape_model.mean' is -1×1"),
        (struct.pack("<I", 9), "'version' is 9, not 1..4"),
        (b"", "'version' needs 4 bytes at 0, and 0 are left: the file is cut off"),
        (tiny.eos_bytes() + b"x", "'the end' is followed by 1 bytes"),
        (tiny.eos_bytes()[:-100], "the file is cut off"),
    ],
)
def test_eos_archive_that_declares_what_cannot_be_is_refused(data, message, tmp_path):
    path = tmp_path / "m.bin"
    path.write_bytes(data)
    refused(path, message)


def test_eos_archive_with_a_negative_variance_is_refused(tmp_path):
    data = bytearray(tiny.eos_bytes())
    at = 4 + 8 + 12 * tiny.V + 8 + 12 * tiny.V * tiny.IDENTITY + 8
    data[at : at + 4] = struct.pack("<f", -1)
    (tmp_path / "m.bin").write_bytes(data)
    refused(tmp_path / "m.bin", "'shape_model.eigenvalues' go down to -1.0")


def fuzzed(data: bytes, cut: int, flips: list[tuple[int, int]]) -> bytes:
    out = bytearray(data)
    for at, value in flips:
        out[at % len(out)] = value
    return bytes(out[: cut % len(out) or len(out)])


FLIPS = st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 255)), max_size=8)
NEAR = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8)
EOS, PICKLE = tiny.eos_bytes(), pickle.dumps(tiny.flame_content(), 2)


def only_model_errors(path, data):
    path.write_bytes(data)
    try:
        model = load_model(path)
        assert np.isfinite(model.bases["mean"]).all()
    except ModelError as error:
        assert str(path) in str(error)


@FUZZ
@given(cut=st.integers(0, 1 << 30), flips=st.one_of(FLIPS, NEAR))
def test_cut_and_altered_eos_archives_raise_only_model_errors(cut, flips, tmp_path):
    only_model_errors(tmp_path / "m.bin", fuzzed(EOS, cut, flips))


@FUZZ
@given(flips=st.one_of(FLIPS, NEAR))
def test_altered_eos_archives_raise_only_model_errors(flips, tmp_path):
    only_model_errors(tmp_path / "m.bin", fuzzed(EOS, 0, flips))


@FUZZ
@given(cut=st.integers(0, 1 << 30), flips=st.one_of(FLIPS, NEAR))
def test_cut_and_altered_pickles_raise_only_model_errors(cut, flips, tmp_path):
    only_model_errors(tmp_path / "m.pkl", fuzzed(PICKLE, cut, flips))


@FUZZ
@given(tail=st.binary(max_size=60), whole=st.booleans())
def test_arbitrary_opcodes_raise_only_model_errors(tail, whole, tmp_path):
    only_model_errors(tmp_path / "m.pkl", b"\x80\x02" + tail + (b"." if whole else b""))
