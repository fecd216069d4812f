"""What the benches are made of: turns, ceilings, floors, peers, charts."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from facegpt_ros.bench import path
from facegpt_ros.bench import peer as peers
from facegpt_ros.bench.ceilings import Ceilings, measure
from facegpt_ros.bench.chart import chart
from facegpt_ros.bench.graph_cost import Cost, convolution_cost, language_cost
from facegpt_ros.bench.interleaved import interleaved, ratio, summary
from facegpt_ros.bench.peer import Peer, environment
from facegpt_ros.errors import ConfigError
from facegpt_ros.model.language_config import LanguageConfig


def test_turns_are_taken_one_after_the_other_and_the_warm_up_does_not_count():
    order = []

    def own_measure() -> float:
        order.append("b")
        return float(len(order))

    taken = interleaved({"a": lambda: order.append("a"), "b": own_measure}, repeats=3, warm_up=1)
    assert "".join(order) == "abababab"
    assert taken["b"].tolist() == [4.0, 6.0, 8.0]  # what it said itself, of the last three
    assert taken["a"].shape == (3,) and (taken["a"] >= 0).all()
    order.clear()
    settled = interleaved({"a": lambda: order.append("a"), "b": own_measure}, repeats=2, warm_up=0, settling=1)
    assert "".join(order) == "aabbaabb" and settled["b"].tolist() == [4.0, 8.0]


def test_a_ratio_is_of_turns_side_by_side():
    one = np.array([2.0, 20.0, 200.0])  # the machine grew slower
    assert ratio(one, one / 2) == 2.0
    assert summary(np.arange(101.0)) == {"min": 0.0, "median": 50.0, "p95": 95.0, "p99": 99.0}


def test_what_takes_longest_at_best_is_the_bound():
    best = Ceilings(threads=1, int8_gmac_s=100.0, fp32_gmac_s=10.0, read_gb_s=20.0)
    assert best.bound_ms(1e9, 1e8) == {"compute": 10.0, "memory": 5.0}
    assert best.bound_ms(1e9, 1e8, "int8_blocks")["compute"] == 10.0
    assert best.bound_ms(1e9, 1e8, "fp32")["compute"] == best.bound_ms(1e9, 1e8, "fp16")["compute"] == 100.0


def test_the_machine_has_ceilings():
    pytest.importorskip("onnx")
    best = measure(1, repeats=2)
    assert best.int8_gmac_s > 1 and best.fp32_gmac_s > 1 and best.read_gb_s > 0.5


def test_a_language_models_multiplications():
    config = LanguageConfig(layers=2, width=32, heads=2, key_heads=1, hidden=48, vocabulary=9)
    # a layer: 32 × (32 + 2 × 16) of queries, keys and values, 32 × 32 of the output, 3 × 32 × 48 of the perceptron
    mixed, after = 32 * 64, 32 * 32 + 3 * 32 * 48
    cost = language_cost(config, 2, tokens=5, before=3, faces=4, each=1.0)
    assert cost.bytes_read == 2 * (mixed + after)
    first = 5 * (mixed + after) + 2 * 32 * 5 * 8
    last = 5 * mixed + after + 2 * 32 * 8  # one position of the last layer goes on
    assert cost.multiplications == 4 * (first + last)


def test_a_convolutions_multiplications(tmp_path: Path):
    onnx = pytest.importorskip("onnx")
    make = onnx.helper
    weight = onnx.numpy_helper.from_array(np.zeros((8, 3, 3, 3), np.float32), "w")
    graph = make.make_graph(
        [make.make_node("Conv", ["x", "w"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]),
         make.make_node("Relu", ["c"], ["y"])],
        "g",
        [make.make_tensor_value_info("x", 1, ["N", 3, 16, 16])],
        [make.make_tensor_value_info("y", 1, None)],
        [weight],
    )  # fmt: skip
    onnx.save(make.make_model(graph), str(tmp_path / "g.onnx"))
    assert convolution_cost(tmp_path / "g.onnx", 2).multiplications == 2 * 8 * 8 * 8 * 27


def test_a_peer_times_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(peers, "_HERE", tmp_path)
    (tmp_path / "good.py").write_text(
        "import sys\nprint('noise')\nprint('peer: ready', flush=True)\n"
        "for n, _ in enumerate(sys.stdin): print(f'peer: {n + 0.5}', flush=True)\n"
    )
    with Peer("good.py") as peer:
        assert [peer(), peer()] == [0.5, 1.5]


def test_a_peer_may_say_a_lot_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(peers, "_HERE", tmp_path)
    (tmp_path / "loud.py").write_text(
        "import signal, sys\nsignal.alarm(20)\nsys.stderr.write('x' * 2**18)\nprint('peer: ready', flush=True)\n"
        "for _ in sys.stdin: sys.stderr.write('x' * 2**18); print('peer: 1.5', flush=True)\n"
    )
    with Peer("loud.py") as peer:
        assert peer() == 1.5


def test_a_peer_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(peers, "_HERE", tmp_path)
    (tmp_path / "bad.py").write_text("import sys\nsys.exit('no such package')\n")
    with pytest.raises(ConfigError, match=r"bad\.py ended: no such package"):
        Peer("bad.py")


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path))
    python = environment("peer", ["pip"], "--no-index")
    made = Path(python).stat().st_ino
    assert environment("peer", ["pip"]) == python and Path(python).stat().st_ino == made
    assert Path(sys.prefix) not in Path(python).parents


def test_packages_that_cannot_be_had_are_named_and_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def create(folder: Path, **_: object) -> None:
        """In place of a virtual environment, which takes pip seconds: the interpreter that is here."""
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (folder / "bin" / "python").chmod(0o755)

    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path))
    monkeypatch.setattr(peers.venv, "create", create)
    said = r"no_such_package_of_facegpt==1\.0: pip cannot install them here \(.*no_such_package_of_facegpt"
    with pytest.raises(ConfigError, match=said):
        environment("peer", ["no_such_package_of_facegpt==1.0"], "--no-index")
    (python,) = tmp_path.rglob("bin/python")
    assert not (python.parents[1] / "packages").exists()  # nothing says that it is done


def test_a_chart_shows_every_part(tmp_path: Path):
    stages = {"1": {"crop": 1.0, "vision": 3.0}, "2": {"crop": 2.0, "vision": 6.0}}
    chart(tmp_path / "c.png", {"ms": stages})
    blue, orange = _areas(tmp_path / "c.png")
    assert orange == pytest.approx(3 * blue, rel=0.1)
    chart(tmp_path / "c.png", {"ms": stages, "nothing": {}, "frames a second": {"1": {"camera 1": 0.5}}})
    both, unchanged = _areas(tmp_path / "c.png")
    assert both > 3 * blue and unchanged == orange  # a panel has a scale of its own


def _areas(path: Path) -> tuple[int, int]:
    """Pixels of the first and of the second part."""
    image = cv2.imread(str(path))
    first, second = (int((image == colour).all(2).sum()) for colour in ((180, 119, 31), (14, 127, 255)))
    return first, second


def test_of_the_larger_bound_it_is_told_how_much_is_reached_half_the_time_and_at_best():
    best = Ceilings(2, int8_gmac_s=100, fp32_gmac_s=20, read_gb_s=10)
    ms = {"median": 40.0, "min": 20.0}
    said = path._reached([("int8", Cost(1e9, 5e7))], best, ms)
    assert said == {"gmac": 1.0, "mbytes": 50.0, "bound": "compute", "bound_ms": 10.0, "reached": 0.25,
                    "reached_at_best": 0.5}  # fmt: skip
    assert path._reached([("fp32", Cost(1e8, 5e7))], best, ms)["bound_ms"] == 5.0
    assert path._reached([("int8", Cost(1e8, 2e8))], best, ms)["bound"] == "memory"
    both = path._reached([("int8", Cost(1e9, 5e7)), ("fp32", Cost(1e8, 5e7))], best, ms)
    assert (both["bound"], both["bound_ms"], both["gmac"], both["mbytes"]) == ("compute", 15.0, 1.1, 100.0)
