"""FaceGPT made ready beside the frames, with tiny files; its graphs are built by a real process."""

import gc
import subprocess
import sys
import threading

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("gguf", reason="gguf is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from facegpt_ros import engines, private_folder  # noqa: E402
from facegpt_ros.config import EstimatorConfig  # noqa: E402
from facegpt_ros.errors import CacheError, WeightsError  # noqa: E402
from facegpt_ros.model import facegpt_build, preparation  # noqa: E402
from facegpt_ros.model.build_process import BuildProcess  # noqa: E402
from facegpt_ros.model.facegpt_build import built  # noqa: E402
from facegpt_ros.model.facegpt_file import FaceGPTFile  # noqa: E402
from facegpt_ros.model.preparation import open_or_prepare  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from tests.model.test_gguf_file import write  # noqa: E402
from tests.model.tiny_facegpt import SIZE, save_facegpt  # noqa: E402

MODEL = MorphableModel.load()
LAYOUT = ThetaLayout.of(MODEL)


class Cnn:
    """Stands for the CNN, whose own weights are of no matter here."""

    model_id = "cnn"


@pytest.fixture
def language(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(private_folder, "PLACES", (("memory", str(tmp_path / "memory")),))
    path = write(tmp_path / "m.gguf")
    monkeypatch.setattr(engines, "fetch", lambda name, download: path)
    monkeypatch.setattr(preparation, "load_estimator", lambda config, model: Cnn())
    return path


@pytest.fixture
def config(tmp_path, language):
    return EstimatorConfig(name="facegpt", weights=str(save_facegpt(tmp_path, language, LAYOUT)), precision="fp32")


@pytest.fixture
def built_elsewhere(monkeypatch):
    """This process builds nothing."""
    monkeypatch.setattr(facegpt_build, "_write_all", lambda *_: pytest.fail("built in this process"))


def test_the_cnn_serves_until_another_process_has_built_facegpt(config, built_elsewhere):
    serving, coming = open_or_prepare(config, MODEL)
    assert serving.model_id == "cnn" and coming is not None
    coming.wait()
    assert (coming.progress, coming.problem) == ("", "")
    estimator = coming.take()
    assert estimator is not None and estimator.model_id.startswith("facegpt@")
    assert estimator.infer(np.zeros((1, SIZE, SIZE, 3), np.uint8)).spread is not None
    assert coming.take() is None
    estimator.close()


def test_graphs_in_the_cache_are_opened_at_once(config, language, built_elsewhere, monkeypatch):
    BuildProcess(config.weights, language, config.precision).wait()
    monkeypatch.setattr(preparation, "BuildProcess", lambda *_: pytest.fail("a process was started"))
    serving, coming = open_or_prepare(config, MODEL)
    assert serving.model_id.startswith("facegpt@") and coming is None
    serving.close()


def test_a_build_says_how_far_it_is(config, language, tmp_path):
    heard = []
    BuildProcess(config.weights, language, config.precision).wait(lambda *parts: heard.append(parts))
    assert built(FaceGPTFile.open(tmp_path / "facegpt.safetensors"), config.precision) is not None
    total = heard[0][1]
    assert heard == [(done, total) for done in range(1, total + 1)]


def test_progress_names_the_parts_and_the_time_left(config, monkeypatch):
    said, known = [], threading.Event()

    class Half:
        def __init__(self, *_):
            pass

        def wait(self, progress):
            assert known.wait(20)
            progress(5, 10)
            said.append(coming.progress)
            raise WeightsError("disk full; make room")

    monkeypatch.setattr(preparation, "BuildProcess", Half)
    coming = preparation.Preparation(config, MODEL)
    known.set()
    coming.wait()
    assert said[0].startswith("FaceGPT: building its graphs, 5 of 10 parts, about ") and said[0].endswith(" s left")
    assert coming.problem == "cnn serves instead of facegpt: disk full; make room; then configure the node again"
    assert coming.progress == "" and coming.take() is None


def test_a_killed_build_is_named_and_the_next_one_succeeds(config, language, tmp_path):
    file = FaceGPTFile.open(tmp_path / "facegpt.safetensors")
    folder = facegpt_build._folder(file, config.precision)
    with engines.locked(folder.name, "graphs"):  # it waits for the lock when it is killed
        building = BuildProcess(config.weights, language, config.precision)
        building.stop()
        with pytest.raises(WeightsError, match=r"was killed \(SIGKILL\), .* close other programs"):
            building.wait()
    BuildProcess(config.weights, language, config.precision).wait()
    assert built(file, config.precision) is not None


def spoil_weights(tmp_path):
    (tmp_path / "facegpt.safetensors").unlink()


def spoil_cache(tmp_path):
    (tmp_path / "cache").write_text("no folder")


def spoil_cache_and_memory(tmp_path):
    spoil_cache(tmp_path)
    (tmp_path / "memory").rmdir()


def spoil_language(tmp_path):
    with open(tmp_path / "m.gguf", "ab") as file:
        file.write(b"x")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (spoil_weights, r"facegpt\.safetensors: no such file; check estimator\.weights"),
        (spoil_cache_and_memory, r"graphs: cannot be written .* set FACEGPT_CACHE to a folder that can"),
        (spoil_language, r"m\.gguf: its sha256 is .* use the weights and the language model of one release"),
    ],
)
def test_what_is_wrong_leaves_the_cnn_serving_and_names_cause_and_cure(config, tmp_path, spoil, says):
    spoil(tmp_path)
    serving, coming = open_or_prepare(config, MODEL)
    assert serving.model_id == "cnn"
    coming.wait()
    assert coming.take() is None and coming.progress == ""
    with pytest.raises(WeightsError, match=f"cnn serves instead of facegpt: .*{says}"):
        raise WeightsError(coming.problem)


def test_without_a_cache_facegpt_serves_from_memory_and_says_so(config, tmp_path, built_elsewhere):
    spoil_cache(tmp_path)
    serving, coming = open_or_prepare(config, MODEL)
    assert serving.model_id == "cnn"
    coming.wait()
    says = r"run from memory .* built again at the next launch: .*cache/graphs: cannot be written .* set FACEGPT_CACHE"
    with pytest.raises(WeightsError, match=f"^FaceGPT's graphs {says}"):
        raise WeightsError(coming.problem)
    estimator = coming.take()
    assert estimator.infer(np.zeros((1, SIZE, SIZE, 3), np.uint8)).spread is not None
    assert estimator.graphs.folder.parent == tmp_path / "memory"
    gc.collect()
    assert estimator.graphs.face.is_file()  # for as long as somebody uses them
    estimator.close()
    del estimator
    gc.collect()
    assert not list((tmp_path / "memory").iterdir())


def test_a_folder_that_cannot_be_written_is_told_by_the_process_that_builds(config, language, tmp_path):
    with pytest.raises(CacheError, match=r"nowhere: cannot be written \(No such file or directory\)"):
        BuildProcess(config.weights, language, config.precision, tmp_path / "nowhere").wait()


def test_closing_stops_a_build_in_memory_too(config, tmp_path, monkeypatch):
    building, stopped = threading.Event(), threading.Event()

    class Slow:
        def __init__(self, weights, language, precision, folder=None):
            self.folder = folder

        def wait(self, progress):
            if self.folder is None:
                raise CacheError("read-only")
            building.set()
            assert stopped.wait(20)
            raise WeightsError("was killed")

        def stop(self):
            if self.folder is not None:
                stopped.set()

    monkeypatch.setattr(preparation, "BuildProcess", Slow)
    coming = preparation.Preparation(config, MODEL)
    assert building.wait(20)
    coming.close()
    assert coming.problem == "" and coming.take() is None and not list((tmp_path / "memory").iterdir())


def test_closing_stops_the_build_and_is_no_problem(config, tmp_path):
    file = FaceGPTFile.open(tmp_path / "facegpt.safetensors")
    folder = facegpt_build._folder(file, config.precision)
    with engines.locked(folder.name, "graphs"):  # no build ends by itself
        _, coming = open_or_prepare(config, MODEL)
        coming.close()
        assert coming.problem == "" and coming.take() is None
    assert not folder.exists()


def test_a_build_ends_with_the_process_that_began_it(config, language, tmp_path):
    file = FaceGPTFile.open(tmp_path / "facegpt.safetensors")
    code = """
import os, sys
from facegpt_ros.model.build_process import BuildProcess
BuildProcess(*sys.argv[1:])
print("begun", flush=True)
os._exit(0)
"""
    folder = facegpt_build._folder(file, config.precision)
    with engines.locked(folder.name, "graphs"):  # no build ends by itself
        command = [sys.executable, "-c", code, config.weights, str(language), config.precision]
        # Standard error is the builder's too, so this returns when that has ended.
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "begun\n" and not folder.exists()
