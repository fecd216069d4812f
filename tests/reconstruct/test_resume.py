"""What is done is not done again, and nothing is lost: after a kill, a change, a deletion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.reconstruct.find import find_sources
from facegpt_ros.reconstruct.image import Job
from facegpt_ros.reconstruct.record import alone_in, join_as_worker
from facegpt_ros.reconstruct.run import reconstruct
from tests.reconstruct.oracle import Performer, names_in, photo, run_in, written

pytestmark = pytest.mark.usefixtures("quick")
ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, **options) -> list[str]:
    """Names of the images that were not done before."""
    performer = Performer()
    run_in(folder / "out", folder / "in", performer=performer, **options)
    return performer.did


def times(folder: Path) -> dict[str, int]:
    return {name: (folder / "out" / name).stat().st_mtime_ns for name in names_in(folder / "out")}


@pytest.fixture
def done(tmp_path: Path) -> Path:
    """Two photos of which everything is done: a of one face, b of two."""
    written(tmp_path / "in" / "a.png", photo(1))
    written(tmp_path / "in" / "b.png", photo(2))
    assert run(tmp_path) == ["in/a", "in/b"]
    return tmp_path


def test_killed_before_any_of_its_files_a_run_goes_on_without_doing_or_losing_an_image(tmp_path: Path):
    script = Path(__file__).with_name("killed_run.py")
    subprocess.run([sys.executable, script, tmp_path], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    log = (tmp_path / "log").read_text().splitlines()
    assert log.count("killed") > 9
    records = [line for line in log if line.startswith(".done/")]
    assert records == [".done/in/a.json", ".done/in/b.json", ".done/in/c.json"]
    for name in "abc":
        after = log[log.index(f".done/in/{name}.json") + 1 :]
        assert not [line for line in after if line.startswith(f"in/{name}")]
    b = [f"in/b_{face}{end}" for face in (0, 1) for end in (".json", ".mtl", ".obj", "_texture.png")]
    single = [f"in/{name}{end}" for name in "ac" for end in (".json", ".mtl", ".obj", ".png", "_texture.png")]
    assert names_in(tmp_path / "out") == sorted([*single, "in/b.png", *b])
    assert not list((tmp_path / "out").rglob("*.part"))


def test_what_is_done_stays_and_the_summary_says_so(done: Path, capsys: pytest.CaptureFixture):
    before = times(done)
    assert run(done) == [] and times(done) == before
    assert "0 faces from 0 images" in (said := capsys.readouterr().out) and "2 images done before" in said


def test_a_photo_that_only_got_another_time_stays_and_a_new_one_is_done(done: Path):
    os.utime(done / "in" / "a.png", (1, 1))
    written(done / "in" / "0.png", photo())
    assert run(done) == ["in/0"]


def test_a_photo_that_changed_is_done_again_and_what_was_of_the_old_one_goes(done: Path):
    written(done / "in" / "b.png", photo(1))
    assert run(done) == ["in/b"]
    assert [name for name in names_in(done / "out") if name.startswith("in/b")] == [
        f"in/b{end}" for end in (".json", ".mtl", ".obj", ".png", "_texture.png")
    ]


@pytest.mark.parametrize(
    "options", [{"neutral": True}, {"max_faces": 1}, {"fov_deg": 50.0}, {"made_with": (("x", "y"),)}]
)
def test_other_options_do_everything_again(done: Path, options: dict):
    assert run(done, **options) == ["in/a", "in/b"]
    assert run(done, **options) == []


@pytest.mark.parametrize("lost", ["in/b_1.mtl", "in/b.png", ".done/in/b.json"])
def test_a_file_that_is_missing_is_made_again(done: Path, lost: str):
    (done / "out" / lost).unlink()
    assert run(done) == ["in/b"] and (done / "out" / lost).is_file()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "facegpt-reconstruct-record/1", "files": 3}'])
def test_a_broken_record_counts_for_nothing(done: Path, content: bytes):
    (done / "out" / ".done" / "in" / "a.json").write_bytes(content)
    assert run(done) == ["in/a"]


def test_a_record_deletes_nothing_outside_the_output_folder(done: Path):
    path = done / "out" / ".done" / "in" / "a.json"
    record = json.loads(path.read_text())
    other = done / "mine.txt"
    other.write_text("keep")
    path.write_text(json.dumps({**record, "files": ["../mine.txt", str(other)], "options": {}}))
    assert run(done) == ["in/a"] and other.read_text() == "keep"


def test_what_failed_is_tried_again_and_counted_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture):
    written(tmp_path / "in" / "a.png", photo(0))
    written(tmp_path / "in" / "b.png", photo(1))
    assert run(tmp_path) == ["in/a", "in/b"]
    report = tmp_path / "summary.json"
    performer = Performer()
    job = Job(tmp_path / "out", fov_deg=60.0)
    reconstruct(find_sources([tmp_path / "in"], job.folder), job, performer, report)
    assert performer.did == ["in/a"]
    summary = json.loads(report.read_text())
    counts = {key: summary[key] for key in ("images", "done", "resumed", "remaining", "faces")}
    assert counts == {"images": 2, "done": 0, "resumed": 1, "remaining": 0, "faces": 0}
    assert summary["failed"][0]["image"].endswith("a.png") and "no face found" in summary["failed"][0]["reason"]


def test_a_run_that_is_stopped_says_what_is_left(tmp_path: Path, capsys: pytest.CaptureFixture):
    class Stopped(Performer):
        def __call__(self, job, sources):
            yield from super().__call__(job, sources[:1])
            raise KeyboardInterrupt

    for name in "abc":
        written(tmp_path / "in" / f"{name}.png", photo())
    with pytest.raises(KeyboardInterrupt):
        run_in(tmp_path / "out", tmp_path / "in", performer=Stopped())
    assert "1 face from 1 image" in (said := capsys.readouterr().out) and "2 images left" in said
    assert run(tmp_path) == ["in/b", "in/c"]


def test_two_runs_do_not_write_to_one_folder(done: Path):
    with alone_in(done / "out"), pytest.raises(ConfigError, match="another facegpt reconstruct"):
        run(done)
    assert run(done) == []


def test_a_run_waits_for_the_workers_of_a_killed_one(tmp_path: Path, capfd: pytest.CaptureFixture):
    worker, entered = join_as_worker(tmp_path), threading.Event()

    def enter() -> None:
        with alone_in(tmp_path):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    while "waiting for the workers" not in capfd.readouterr().err:
        assert thread.is_alive()
    assert not entered.is_set()
    worker.close()
    thread.join()
    assert entered.is_set()
