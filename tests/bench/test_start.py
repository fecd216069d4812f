import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facegpt_ros import engines
from facegpt_ros.bench.node import misses
from facegpt_ros.bench.start import LIMITS, Launch, empty_cache, summary
from facegpt_ros.cli import main
from facegpt_ros.errors import WeightsError

NODE = "/facegpt_bench/face_node: faces"


def heard(*messages: tuple[float, str], progress: int = 0) -> Launch:
    return Launch(list(messages), [f"{n} of 9 parts" for n in range(progress)])


def test_a_launch_is_done_with_facegpts_first_message_and_its_gaps_count():
    launch = heard((1.0, "cnn@1"), (1.5, "cnn@1"))
    assert not launch.done and not Launch().done
    launch.messages.append((4.0, "facegpt@2"))
    assert launch.done
    expected = {"first_s": 1.0, "facegpt_s": 4.0, "meanwhile": 2, "longest_gap_s": 2.5, "progress_seen": 0}
    assert launch.figures() == expected
    assert heard((3.0, "facegpt@2")).figures()["longest_gap_s"] == 0.0


def test_progress_counts_once_and_of_this_bench_alone():
    launch = Launch()
    for text in ("reading", "1 of 9", "1 of 9", ""):
        launch.on_status(NODE, "ok", {"preparation": text})
    launch.on_status("/robot/face_node: faces", "cnn serves instead of facegpt: x", {"preparation": "elsewhere"})
    launch.on_status(NODE, "ok", {"fps": "30"})
    assert launch.progress == ["reading", "1 of 9"] and launch.problem == ""
    launch.on_status(NODE, "cnn serves instead of facegpt: disk full", {"preparation": ""})
    assert launch.problem == "cnn serves instead of facegpt: disk full"


def test_launches_are_summed_up_and_held_against_the_limits():
    empty = [heard((2.0, "cnn@1"), (at, "facegpt@2"), progress=3) for at in (30.0, 90.0, 50.0)]
    cached = [heard((at, "facegpt@2")) for at in (3.0, 9.0, 3.5)]
    figures = summary({"empty": empty, "cached": cached})
    assert figures["empty"]["facegpt_s"] == {"median": 50.0, "max": 90.0} and figures["empty"]["first_by"] == ["cnn@1"]
    assert figures["cached"]["first_s"]["median"] == 3.5 and misses(figures, LIMITS) == []
    silent = summary({"empty": [heard((61.0, "facegpt@2"))], "cached": cached[1:2]})
    assert misses(json.loads(json.dumps(silent)), LIMITS) == [
        "cached.facegpt_s.median is 9; it should be at most 4",
        "empty.facegpt_s.median is 61; it should be at most 60",
        "empty.progress_seen.median is 0; it should be at least 1",
    ]


@pytest.mark.parametrize("named", [True, False])
def test_the_empty_cache_has_the_fetched_weights_and_leaves_them(tmp_path, monkeypatch, named):
    own = tmp_path / "facegpt_ros"
    (own / "weights").mkdir(parents=True)
    (own / "graphs").mkdir()
    (own / "weights" / "m.gguf").write_text("weights")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("FACEGPT_CACHE", raising=False)
    if named:
        monkeypatch.setenv("FACEGPT_CACHE", str(own))
    with empty_cache() as cache:
        assert engines.cache_dir() == cache != own
        assert [path.name for path in cache.iterdir()] == ["weights"]
        assert (cache / "weights" / "m.gguf").read_text() == "weights"
        with engines.locked("graph", "graphs") as folder:
            (folder / "built").write_text("x")
    assert not cache.exists() and engines.cache_dir() == own
    assert (own / "weights" / "m.gguf").read_text() == "weights" and not list((own / "graphs").iterdir())


def test_weights_that_must_be_downloaded_first_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path))
    assert main(["bench", "start"]) == 1
    assert "run `facegpt engines prepare language_model`" in capsys.readouterr().err
    assert main(["bench", "start", "--repeats", "0"]) == 1
    assert "--repeats is 0; give 1 to 100" in capsys.readouterr().err


def bench_start(*words: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("facegpt_ros.msg", reason="the interfaces are not built")
    try:
        for name in ("language_model", "astronaut"):
            engines.fetch(name, download=False)
    except WeightsError as error:
        pytest.skip(str(error))
    command = [sys.executable, "-m", "facegpt_ros.cli", "bench", "start", "--repeats", "1", "--cores", "1", *words]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(1 + os.getpid() % 100)}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


@pytest.mark.ros
def test_a_facegpt_that_never_comes_ends_the_bench_with_the_nodes_own_reason():
    done = bench_start("--set", "estimator.weights=/nowhere.safetensors")
    assert done.returncode == 1 and not done.stdout
    assert "no message by facegpt: cnn serves instead of facegpt: /nowhere.safetensors: no such file" in done.stderr


@pytest.mark.heavy
@pytest.mark.ros
def test_both_kinds_of_launch_reach_facegpt(tmp_path: Path):
    done = bench_start("--json", str(tmp_path / "f.json"))
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["empty"]["progress_seen"]["median"] >= 2
    assert [name.split("@")[0] for kind in ("empty", "cached") for name in figures[kind]["first_by"]] == [
        "cnn",
        "facegpt",
    ]
    assert figures["empty"]["facegpt_s"]["median"] > figures["cached"]["facegpt_s"]["median"]
