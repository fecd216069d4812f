import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("gguf", reason="gguf is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from facegpt_ros import engines, private_folder  # noqa: E402
from facegpt_ros.errors import CacheError, ConfigError, WeightsError  # noqa: E402
from facegpt_ros.model import facegpt_build  # noqa: E402
from facegpt_ros.model.built_graphs import FILES  # noqa: E402
from facegpt_ros.model.facegpt_build import build, build_kept  # noqa: E402
from facegpt_ros.model.facegpt_file import FaceGPTFile  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from tests.model.test_gguf_file import write  # noqa: E402
from tests.model.tiny_facegpt import save_facegpt  # noqa: E402
from tests.model.tiny_language import config  # noqa: E402

LAYOUT = ThetaLayout(7, 5, 3)


@pytest.fixture
def language(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(private_folder, "PLACES", (("memory", str(tmp_path / "memory")),))
    return write(tmp_path / "m.gguf")


@pytest.fixture
def file(tmp_path, language):
    return FaceGPTFile.open(save_facegpt(tmp_path, language, LAYOUT))


def graphs(tmp_path) -> list[Path]:
    return sorted((tmp_path / "cache" / "graphs").glob("[!.]*"))


def test_builds_once_privately_and_says_how_far_it_is(file, language, tmp_path, capfd, monkeypatch):
    built = build(file, language)
    said = capfd.readouterr()
    assert said.out == "" and "building FaceGPT (int8, once)" in said.err and "100%" in said.err
    assert graphs(tmp_path) == [built.folder] and built.folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in built.folder.iterdir()} == {*FILES, "sha256.json"}
    assert built.config == config()
    monkeypatch.setattr(facegpt_build, "_write_all", lambda *_: pytest.fail("built again"))
    assert build(file, language) == built
    assert capfd.readouterr().err == ""
    assert engines.clean() and not graphs(tmp_path)


def test_each_input_has_graphs_of_its_own(file, language, tmp_path, monkeypatch):
    first = build(file, language)
    other = FaceGPTFile.open(save_facegpt(tmp_path, language, LAYOUT, depth="2"))
    assert build(other, language).folder != first.folder
    assert build(file, language, "fp32").embedding().dtype == np.float32
    assert first.embedding().dtype == np.float16
    monkeypatch.setattr(facegpt_build, "GRAPH_VERSION", 99)
    build(file, language)
    assert len(graphs(tmp_path)) == 4
    deep = FaceGPTFile.open(save_facegpt(tmp_path, language, LAYOUT, depth="9"))
    with pytest.raises(WeightsError, match="read after 9 layers"):
        build(deep, language)
    with pytest.raises(ConfigError, match="precision is 'int4'"):
        build(file, language, "int4")


def test_frames_have_a_graph_for_each_exit(language, tmp_path):
    built = build(FaceGPTFile.open(save_facegpt(tmp_path, language, LAYOUT, exits=(1, 2))), language)
    assert (built.exits, built.depth) == ((1, 2), 3) and built.frame(3) == built.face
    assert built.frame(1).stat().st_size < built.frame(2).stat().st_size < built.face.stat().st_size
    for exits in ((3,), (0,)):
        with pytest.raises(WeightsError, match=rf"exits are after \[{exits[0]}\] layers of 3; export it again"):
            FaceGPTFile.open(save_facegpt(tmp_path, language, LAYOUT, exits=exits, depth="3"))


@pytest.mark.parametrize("name", [*FILES, "frame_1.onnx", "sha256.json"])
def test_a_file_that_changed_is_built_again(language, tmp_path, name, capfd):
    file = FaceGPTFile.open(save_facegpt(tmp_path, language, LAYOUT, exits=(1,)))
    built = build(file, language)
    whole = (built.folder / name).read_bytes()
    for broken in (whole[:-9], whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        (built.folder / name).write_bytes(broken)
        capfd.readouterr()
        build(file, language)
        assert (built.folder / name).read_bytes() == whole
        assert "building it again" in capfd.readouterr().err


_BUILD = """
import os, sys
from pathlib import Path
from facegpt_ros.model import facegpt_build
from facegpt_ros.model.facegpt_file import FaceGPTFile
if sys.argv[3] == "die":
    facegpt_build.fused_decode_graph = lambda *parts: os._exit(9)
folder = facegpt_build.build(FaceGPTFile.open(Path(sys.argv[1])), Path(sys.argv[2])).folder
print(folder)
"""


def start(file, language, how) -> subprocess.Popen:
    command = [sys.executable, "-c", _BUILD, str(file.path), str(language), how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def test_killed_in_the_middle_then_two_at_once_build_it_once(file, language, tmp_path):
    killed = start(file, language, "die")
    killed.communicate()
    assert killed.returncode == 9 and not graphs(tmp_path)
    assert list((tmp_path / "cache" / "graphs").glob(".*.part"))
    both = [start(file, language, "live") for _ in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0] == said[1][0] == f"{graphs(tmp_path)[0]}\n"
    assert sum("building FaceGPT" in err for _, err in said) == 1
    assert not list((tmp_path / "cache" / "graphs").glob(".*.part"))


def test_a_full_disk_is_told_before_and_while_building(file, language, tmp_path, monkeypatch):
    usage = facegpt_build.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(facegpt_build.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(WeightsError, match=r"graphs need \d+ MB, 1 MB are free; make room"):
        build(file, language)
    monkeypatch.undo()
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "cache"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WeightsError, match=r"cannot be written \(No space left on device\); make room"):
        build(file, language)
    assert not list((tmp_path / "cache" / "graphs").glob("*.part"))


def not_a_folder(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "taken"))


def full(tmp_path, monkeypatch):
    usage = facegpt_build.shutil.disk_usage
    few = usage(tmp_path)._replace(free=1_000_000)
    small = tmp_path / "cache"
    monkeypatch.setattr(facegpt_build.shutil, "disk_usage", lambda at: few if small in Path(at).parents else usage(at))


def fills_up(tmp_path, monkeypatch):
    write_bytes = Path.write_bytes

    def write(path, content):
        if tmp_path / "cache" in path.parents:
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", write)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (not_a_folder, r"taken/graphs: cannot be written \(.*\); set FACEGPT_CACHE"),
        (full, r"other/graphs: the graphs need \d+ MB, 1 MB are free; make room"),
        (fills_up, r"other/graphs/.*: cannot be written \(No space left on device\); make room"),
    ],
)
def test_where_the_cache_cannot_keep_them_graphs_run_from_memory(
    file, language, tmp_path, monkeypatch, capfd, spoil, why
):
    kept = build(file, language)
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "cache" / "other"))
    spoil(tmp_path, monkeypatch)
    capfd.readouterr()
    graphs = build(file, language)
    assert graphs.folder.parent == tmp_path / "memory" and kept.note == ""
    assert re.search(rf"from memory \({graphs.folder}\) and are built again at the next launch: .*{why}", graphs.note)
    assert graphs.note in capfd.readouterr().err
    for name in FILES:
        assert (graphs.folder / name).read_bytes() == (kept.folder / name).read_bytes()
    assert graphs.config == kept.config
    del graphs
    assert not list((tmp_path / "memory").iterdir())
    with pytest.raises(CacheError, match=why):
        build_kept(file, language)


def test_where_there_is_no_memory_either_the_cache_is_what_is_named(file, language, tmp_path, monkeypatch):
    not_a_folder(tmp_path, monkeypatch)
    usage = facegpt_build.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(facegpt_build.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(CacheError, match=r"taken/graphs: cannot be written"):
        build(file, language)
    assert not list((tmp_path / "memory").iterdir())


def test_graphs_in_a_cache_that_cannot_be_written_are_read_there(file, language, tmp_path, monkeypatch):
    kept = build(file, language)

    def refuse(name, part):
        raise CacheError("read-only")

    monkeypatch.setattr(engines, "locked", refuse)
    assert build(file, language) == kept
    (kept.folder / "face.onnx").write_bytes(b"altered")
    assert build(file, language).folder.parent == tmp_path / "memory"


def test_two_processes_without_a_cache_have_graphs_of_their_own(file, language, tmp_path, monkeypatch):
    not_a_folder(tmp_path, monkeypatch)
    both = [start(file, language, "live") for _ in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    folders = {Path(out.strip()) for out, _ in said}
    assert len(folders) == 2 and all("run from" in err for _, err in said)
    assert not any(folder.exists() for folder in folders)


def test_too_little_memory_is_named(file, language, tmp_path, monkeypatch):
    def too_big(*_):
        raise MemoryError

    monkeypatch.setattr(facegpt_build, "face_graph", too_big)
    with pytest.raises(WeightsError, match="memory ran out"):
        build(file, language)
    not_a_folder(tmp_path, monkeypatch)
    with pytest.raises(WeightsError, match="memory ran out"):
        build(file, language)
    assert not list((tmp_path / "memory").iterdir())


def test_another_language_model_is_refused(file, language, tmp_path):
    other = write(tmp_path / "other.gguf", pairs=np.ones((32, 32), np.float32))
    with pytest.raises(WeightsError, match="use the weights and the language model of one release"):
        build(file, other)
    with pytest.raises(WeightsError, match="engines prepare language_model"):
        build(file, tmp_path / "nowhere.gguf")


@pytest.mark.parametrize(
    ("drop", "changes", "says"),
    [
        ("", {"format": "facegpt-0"}, "its format is facegpt-0"),
        ("layout", {}, "lacks layout"),
        ("", {"layout": "{}"}, "no weights of FaceGPT"),
        ("", {"size": "large"}, "no weights of FaceGPT"),
        ("", {"layout": ThetaLayout(8, 5, 3).to_json()}, "a face head says"),
    ],
)
def test_a_file_that_is_no_facegpt_is_named(tmp_path, language, drop, changes, says):
    path = save_facegpt(tmp_path, language, LAYOUT, drop, **changes)
    with pytest.raises(WeightsError, match=r"facegpt\.safetensors") as error:
        FaceGPTFile.open(path)
    assert says in str(error.value)


def test_truncated_missing_and_nan_weights_are_named(tmp_path, language):
    from safetensors.numpy import load_file, save_file

    path = save_facegpt(tmp_path, language, LAYOUT)
    tensors, notes = load_file(str(path)), FaceGPTFile.open(path)
    assert notes.image_tokens == 6
    whole = path.read_bytes()
    for broken in (whole[:-100], b"", b"\xff" * 100):
        path.write_bytes(broken)
        with pytest.raises(WeightsError, match="no weights of FaceGPT"):
            FaceGPTFile.open(path)
    path.unlink()
    with pytest.raises(WeightsError, match="no such file; check estimator.weights"):
        FaceGPTFile.open(path)
    save_facegpt(tmp_path, language, LAYOUT)
    tensors["ours"][0, 3] = np.nan
    from safetensors import safe_open

    with safe_open(str(path), "np") as file:
        metadata = file.metadata()
    save_file(tensors, str(path), metadata)
    with pytest.raises(WeightsError, match="ours holds NaN"):
        FaceGPTFile.open(path)
