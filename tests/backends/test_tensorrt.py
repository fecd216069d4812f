"""What runs TensorRT's engines, with a driver and engines that are none; and TensorRT itself where there is one."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

from facegpt_ros import recipes  # noqa: E402
from facegpt_ros.backends import cuda_driver, tensorrt  # noqa: E402
from facegpt_ros.backends.cuda_driver import Gpu, Probe  # noqa: E402
from facegpt_ros.backends.cuda_stream import CudaStream  # noqa: E402
from facegpt_ros.backends.onnx_runtime import OnnxRuntime  # noqa: E402
from facegpt_ros.backends.tensorrt import EngineRun, TensorRT, prepare_engine, why_not  # noqa: E402
from facegpt_ros.errors import WeightsError  # noqa: E402
from tests.backends import fake_tensorrt, tiny_graphs  # noqa: E402

GRAPH = tiny_graphs.decode("fp32")
NO_GPU = Probe(None, "no NVIDIA driver (libcuda.so.1 cannot be loaded)")
ORIN = Probe(Gpu("Orin", "8.7", 7607, "12.6"))


def profile(lengths, pasts):
    """Least, usual and most shapes of the decode graph."""
    ends = [tiny_graphs.decode_inputs(t, p) for t, p in zip(lengths, pasts, strict=True)]
    return {name: tuple(end[name].shape for end in ends) for name in ends[0]}


@pytest.fixture
def made():
    driver = fake_tensorrt.Driver()
    module = fake_tensorrt.Module(driver, [profile((1, 4, 8), (0, 0, 4)), profile((1, 1, 1), (5, 8, 12))])
    return driver, module, EngineRun(module, GRAPH, "decode", CudaStream(lambda _: driver))


def check(run, given):
    expected = OnnxRuntime.of_bytes(GRAPH, "decode").run(given)
    out = run(given)
    assert list(out) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(out[name], value, rtol=1e-3, atol=1e-6)
    return out


def test_what_repeats_is_recorded_and_then_launched(made):
    driver, module, run = made
    for nth in range(4):
        check(run, {name: value * nth for name, value in tiny_graphs.decode_inputs(3, 2).items()})
    assert driver.calls.count("cuStreamBeginCapture_v2") == 1 and driver.calls.count("cuGraphLaunch") == 3
    check(run, tiny_graphs.decode_inputs(4, 2))
    assert driver.calls.count("cuGraphExecDestroy") == 1 and driver.calls.count("cuGraphLaunch") == 3
    check(run, tiny_graphs.decode_inputs(4, 2))
    assert driver.calls.count("cuStreamBeginCapture_v2") == 2


def test_an_engine_that_cannot_be_recorded_runs_without(made):
    driver, module, run = made
    driver.failing["cuStreamEndCapture"] = 900
    for _ in range(4):
        check(run, tiny_graphs.decode_inputs(3, 2))
        driver.recording = None  # as the driver ends what it could not capture
    assert driver.calls.count("cuStreamBeginCapture_v2") == 1 and "cuGraphLaunch" not in driver.calls


def test_a_sequence_goes_on_through_both_profiles_and_memory_is_taken_once(made):
    driver, module, run = made
    held = driver.held()
    given = tiny_graphs.decode_inputs(5, 0)
    module.profiles_set.clear()
    for _ in range(6):
        out = check(run, given)
        given = {**tiny_graphs.decode_inputs(1, 1), "past_keys": out["keys"], "past_values": out["values"]}
    assert module.profiles_set == [0, 1]
    assert driver.held() == held == 2 * 6  # device and pinned memory of three inputs and three outputs
    run.close()
    run.close()
    assert driver.held() == 0
    with pytest.raises(WeightsError, match="decode: the engine was closed"):
        run(given)


def test_what_it_gives_is_the_callers_own(made):
    _, _, run = made
    given = tiny_graphs.decode_inputs(2, 1)
    first = run(given)["logits"]
    kept = first.copy()
    run({name: value * 2 for name, value in given.items()})
    assert np.array_equal(first, kept)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (tiny_graphs.decode_inputs(9, 0), r"no profile of its engine takes .*\(1, 9, 64\).*to \(1, 8, 64\)"),
        (tiny_graphs.decode_inputs(2, 13), "no profile of its engine takes"),
        ({"embeddings": np.zeros((1, 1, 64), np.float32)}, "the input past_keys is missing"),
        ({n: v.astype(np.float64) for n, v in tiny_graphs.decode_inputs(1, 1).items()}, "embeddings is float64"),
    ],
)
def test_inputs_that_do_not_fit_are_named_and_the_next_ones_run(made, given, says):
    _, _, run = made
    check(run, tiny_graphs.decode_inputs(1, 1))
    with pytest.raises(WeightsError, match=f"decode: {says}"):
        run(given)
    check(run, tiny_graphs.decode_inputs(1, 1))


def test_a_driver_that_fails_is_named(made):
    driver, module, run = made
    driver.failing["cuStreamSynchronize"] = 719
    with pytest.raises(WeightsError, match="cuStreamSynchronize gave 719"):
        run(tiny_graphs.decode_inputs(1, 1))
    driver.failing = {"cuMemAlloc_v2": 2}
    with pytest.raises(WeightsError, match="memory ran out .*recipe of a smaller batch"):
        EngineRun(module, GRAPH, "decode", CudaStream(lambda _: driver))
    driver.failing = {}
    module.fails = True
    with pytest.raises(WeightsError, match="failed to run"):
        run(tiny_graphs.decode_inputs(1, 1))
    with pytest.raises(WeightsError, match="cannot open its engine; `facegpt engines clean`"):
        EngineRun(module, b"", "decode", CudaStream(lambda _: driver))


def test_without_a_driver_tensorrt_is_not_even_imported(monkeypatch):
    def no_import(name):
        raise AssertionError(f"{name} was imported")

    monkeypatch.setattr(tensorrt, "find_spec", lambda name: object())
    monkeypatch.setattr(tensorrt, "import_module", no_import)
    monkeypatch.setattr(cuda_driver, "probe", lambda: NO_GPU)
    assert why_not() == NO_GPU.why_not
    with pytest.raises(WeightsError, match="TensorRT cannot run here: no NVIDIA driver .* estimator.backend to auto"):
        TensorRT(GRAPH)
    monkeypatch.setattr(tensorrt, "find_spec", lambda name: None)
    assert why_not() == "the package tensorrt is missing; it comes with JetPack, elsewhere from NVIDIA"


def test_engines_come_from_the_cache_until_the_machine_or_the_graph_changes(monkeypatch, tmp_path):
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path))
    built, said = [], []
    monkeypatch.setattr(tensorrt, "why_not", lambda: "")
    monkeypatch.setattr(tensorrt, "import_module", lambda name: fake_tensorrt.Module)
    monkeypatch.setattr(tensorrt, "build_engine", lambda module, graph, name, recipe: built.append(name) or b"engine")
    monkeypatch.setattr(cuda_driver, "probe", lambda: ORIN)
    small, large = recipes.read("orin_nano"), recipes.read("agx_orin")
    for graph, recipe in ((GRAPH, small), (GRAPH, small), (GRAPH, large), (tiny_graphs.decode("fp16"), large)):
        prepare_engine(graph, "decode", "fp32", recipe, said.append)
    assert len(built) == 3 and "profiles was" in said[1] and "graph was" in said[2]
    monkeypatch.setattr(fake_tensorrt.Module, "__version__", "10.15.0")
    prepare_engine(GRAPH, "decode", "fp32", large, said.append)
    assert "version was 10.3.0, is 10.15.0" in said[-1]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_tensorrt_says_what_onnxruntime_says(precision, monkeypatch, tmp_path):
    if why := why_not():
        pytest.skip(why)
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path))
    graph = tiny_graphs.face(precision)
    ours, theirs = TensorRT(graph, precision=precision), OnnxRuntime.of_bytes(graph, "face")
    for shape in ((1,), (1,), (1,), (2,), (1, 9, 2)):
        given = tiny_graphs.face_inputs(*shape)
        out = ours.run(given)
        for name, value in theirs.run(given).items():
            bar = 1e-3 if precision == "fp32" else 1e-2
            assert np.abs(out[name] - value).max() <= bar * np.abs(value).max()
    ours.close()
