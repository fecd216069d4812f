import json
import mmap
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from facegpt_ros import engines
from facegpt_ros.bench import node
from facegpt_ros.bench.node import Received, Usage, misses, read_diary, summary
from facegpt_ros.cli import main
from facegpt_ros.errors import ConfigError, WeightsError

MS = 1_000_000


def stream(count, period_ms=25, latency_ms=12):
    """An undisturbed run: every image is published at once, begun 2 ms later and received latency_ms later."""
    stamps = np.arange(count) * period_ms * MS
    published = np.stack([stamps, stamps + MS], 1)
    begun = np.stack([stamps, stamps + 2 * MS], 1)
    received = [Received(s / 1e9, (s + latency_ms * MS) / 1e9, 1, 0, "cnn@1") for s in stamps.tolist()]
    return received, published, begun


def test_an_undisturbed_run_is_summed_up():
    figures = summary(*stream(201), warm_up_s=1.0)
    assert figures["fps"] == pytest.approx(40, abs=0.01)
    assert figures["latency_ms"] == {"p50": 12.0, "p95": 12.0, "p99": 12.0}
    assert (figures["stale"], figures["stale_strict"], figures["dropped"]) == (0, 0, 0)
    assert figures["with_face"] == figures["results"] == 161
    assert figures["estimators"] == ["cnn@1"]


def test_a_processing_that_begins_after_a_newer_image_left_is_stale():
    received, published, begun = stream(11)
    begun[5, 1] += 40 * MS  # image 6 left the camera 17 ms before
    begun[7, 1] += 26 * MS  # image 8 left 2 ms before: still on its way
    figures = summary(received, published, begun, warm_up_s=0.0)
    assert (figures["stale"], figures["stale_strict"]) == (1, 2)


def test_too_few_results_say_so():
    with pytest.raises(ConfigError, match="measure longer"):
        summary(*stream(3), warm_up_s=10.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--rate", "-5"], "source.fps is -5.0; it must be 0.1 to 1000"),
        (["--rate", "5000"], "source.fps is 5000.0"),
        (["--rate", "nan"], "source.fps is nan"),
        (["--seconds", "nan"], "--seconds is nan; it must be 1 to 3600"),
        (["--set", "perception.max_faces=["], "--set perception.max_faces=[: "),
    ],
)
def test_what_cannot_be_measured_is_said_before_a_node_starts(given, said, monkeypatch, capsys):
    monkeypatch.setattr(node, "NodeProcesses", None)
    monkeypatch.setattr(node, "share_cores", lambda count: None)
    assert main(["bench", "node", *given]) == 1
    assert said in capsys.readouterr().err


def test_misses_name_figure_and_limit():
    good = {"fps": 31, "latency_ms": {"p95": 20}, "stale": 0, "rss_mb": 300, "first_message_s": 3}
    assert misses(good) == []
    assert misses(json.loads(json.dumps(good | {"fps": 29.5, "stale": 2}))) == [
        "fps is 29.5; it should be at least 30",
        "stale is 2; it should be at most 0",
    ]


def test_diary_is_read_back(tmp_path):
    path = tmp_path / "diary.csv"
    path.write_text("5,7\n6,9\n")
    assert read_diary(path).tolist() == [[5, 7], [6, 9]]


def test_what_a_process_uses_shows_its_work_and_what_it_holds():
    begin = Usage.of(os.getpid())
    with mmap.mmap(-1, 240_000_000) as held:  # what malloc frees, it may keep
        numbers = np.frombuffer(held, np.uint8)
        worked = time.process_time()
        while time.process_time() < worked + 0.1:  # that counter ticks a hundred times a second
            numbers += 1
        end = Usage.of(os.getpid())
        assert end.rss_mb - begin.rss_mb == pytest.approx(240, abs=30) and end.peak_mb >= end.rss_mb - 1
        assert end.cpu_s > begin.cpu_s and end.at > begin.at
        del numbers
    assert Usage.of(os.getpid()).rss_mb < end.rss_mb - 200


@pytest.mark.ros
def test_a_run_of_the_nodes_reports_rate_memory_and_its_share_of_the_cores(tmp_path):
    pytest.importorskip("facegpt_ros.msg", reason="the interfaces are not built")
    try:
        engines.fetch("astronaut", download=False)
    except WeightsError as error:
        pytest.skip(str(error))
    out = tmp_path / "f.json"
    command = [sys.executable, "-m", "facegpt_ros.cli", "bench", "node", "--rate", "10", "--seconds", "2"]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(1 + os.getpid() % 100)}
    done = subprocess.run([*command, "--json", str(out)], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    assert figures["seconds"] == 2 and figures["results"] >= 2 and figures["cpu_share"] > 0
    assert 50 < figures["rss_begin_mb"] <= figures["rss_mb"] and 50 < figures["rss_end_mb"] <= figures["rss_mb"]
