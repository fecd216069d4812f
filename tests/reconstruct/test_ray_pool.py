"""Ray Data on a cluster of this machine with two workers, and a kill of everything in the middle of it."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from facegpt_ros.cli import main
from facegpt_ros.errors import ConfigError
from facegpt_ros.reconstruct import ray_pool
from facegpt_ros.reconstruct.image import ImageWorker, Job
from facegpt_ros.reconstruct.names import make_folder
from facegpt_ros.reconstruct.ray_pool import PoolWorker
from facegpt_ros.reconstruct.source import Photo
from tests.reconstruct.oracle import Oracle, photo, written

ROOT = Path(__file__).resolve().parents[2]
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: bash scripts/nightly installs it")
IMAGES = 6


@pytest.fixture
def folder(portrait: Path, tmp_path: Path) -> Path:
    """The demo's portrait several times, and one file that is no image."""
    (tmp_path / "in").mkdir()
    for index in range(IMAGES):
        shutil.copy(portrait, tmp_path / "in" / f"{index}.png")
    (tmp_path / "in" / "words.jpg").write_text("these are words")
    return tmp_path


def start(folder: Path) -> subprocess.Popen[str]:
    """A run with two workers in a process group of its own, all that Ray starts in it."""
    words = ["reconstruct", "in", "-o", "out", "--workers", "2", "--json", "summary.json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    environment.pop("RAY_ADDRESS", None)
    return subprocess.Popen(
        [sys.executable, "-m", "facegpt_ros.cli", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def records(folder: Path) -> dict[str, int]:
    return {path.stem: path.stat().st_mtime_ns for path in (folder / "out" / ".done" / "in").glob("*.json")}


@needs_ray
@pytest.mark.heavy
def test_two_workers_do_each_image_once_also_after_a_kill(folder: Path):
    killed = start(folder)
    assert killed.stdout is not None
    assert "1 face" in killed.stdout.readline()
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    before = records(folder)
    assert 0 < len(before) < IMAGES

    ended = start(folder)
    said, errors = ended.communicate()
    assert ended.returncode == 1, errors  # for the file that is no image
    assert "in/words.jpg: no picture that OpenCV reads" in errors
    after = records(folder)
    assert len(after) == IMAGES
    assert not [name for name, time in before.items() if after[name] != time]
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["resumed"] >= len(before) and summary["done"] + summary["resumed"] == IMAGES
    assert said.count(": 1 face: ") == summary["done"] and summary["remaining"] == 0
    assert not [path for path in (folder / "out").rglob("*") if path.suffix in (".part", ".begun")]
    meshes = [path.read_text().splitlines() for path in (folder / "out" / "in").glob("*.obj")]
    assert len({tuple(line for line in mesh if line.startswith("v ")) for mesh in meshes}) == 1


@pytest.mark.usefixtures("quick")
def test_an_image_on_which_workers_die_is_left_out_and_its_neighbours_are_done(tmp_path: Path):
    sources = [Photo(name, written(tmp_path / f"{name}.png", photo())) for name in "ab"]
    make_folder(tmp_path / "out")
    job = Job(tmp_path / "out", fov_deg=60.0)
    for _ in range(2):
        job.records().begin("a")  # all that a worker leaves that dies
    worker = PoolWorker.__new__(PoolWorker)  # without the weights
    worker._worker, worker._records = ImageWorker(job, Oracle()), job.records()
    rows = list(worker({"source": np.array([pickle.dumps(source) for source in sources], object)}))
    left_out, done = (pickle.loads(row["outcome"][0]) for row in rows)
    assert "2 workers died on it" in left_out.reason and left_out.reason.startswith(str(sources[0].path))
    assert (done.name, done.faces, done.reason) == ("b", 1, "")
    assert not list((tmp_path / "out").rglob("*.begun"))


def test_without_ray_its_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(ray_pool, "find_spec", lambda name: None)
    (tmp_path / "1.jpg").write_bytes(b"x")
    for option in (["--ray"], ["--workers", "2"]):
        assert main(["reconstruct", str(tmp_path / "1.jpg"), "-o", str(tmp_path / "out"), *option]) == 1
        assert 'pip install "ray[data]"' in capsys.readouterr().err


def test_a_number_of_workers_out_of_range_is_said(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert main(["reconstruct", "1.jpg", "-o", str(tmp_path / "out"), "--workers", "0"]) == 1
    assert "--workers is 0" in capsys.readouterr().err


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("ray", reason="needs Ray: bash scripts/nightly installs it")
    with socket.socket() as bound:  # and not listening: nobody else gets the port, nobody answers
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(ConfigError, match=f"RAY_ADDRESS is {address}, and nothing answers there"):
            next(ray_pool.on_ray(Job(Path("out")), []))
