"""Every graph parsed and built by TensorRT for RTX, on the CPU. It does not stand for TensorRT on a Jetson or a data
centre's GPU: RTX refuses their compute capabilities (8.7, 9.0) as targets. What it shows is that the ops are taken.
"""

import re

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")
rtx = pytest.importorskip("tensorrt_rtx", reason="tensorrt_rtx is not installed: pip install tensorrt-rtx")

from facegpt_ros import engines, recipes  # noqa: E402
from facegpt_ros.backends.tensorrt_build import build_engine, graph_name  # noqa: E402
from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.model.onnx_writer import OnnxWriter  # noqa: E402
from facegpt_ros.model.portable_graph import portable_graph  # noqa: E402
from tests.backends import tiny_graphs  # noqa: E402

RECIPE = recipes.read("orin_nano")


@pytest.mark.parametrize("precision", ["fp16", "fp32"])
@pytest.mark.parametrize("write", [tiny_graphs.face, tiny_graphs.decode])
def test_every_graph_of_a_tiny_facegpt_builds(write, precision):
    graph = write(precision)
    assert graph_name(graph, "") == write.__name__
    engine = build_engine(rtx, graph, write.__name__, RECIPE)
    assert len(engine) > 10_000


@pytest.mark.parametrize("precision", ["fp16", "fp32"])
def test_the_shipped_vision_graph_builds_as_plain_ops_and_not_as_it_ships(precision):
    shipped = engines.fetch("facegpt_vision", download=False).read_bytes()
    assert len(build_engine(rtx, portable_graph(shipped, precision, "vision"), "vision", RECIPE)) > 1e7
    if precision == "fp32":
        with pytest.raises(WeightsError, match=r"(?s)vision: TensorRT .* does not take the graph \(.*UInt8"):
            build_engine(rtx, shipped, "vision", RECIPE)


def test_graphs_for_cpus_are_refused_with_the_cure():
    for precision in ("int8", "int8_blocks"):
        with pytest.raises(WeightsError, match=r"(?s)face: TensorRT .* does not take .*estimator\.precision to fp16"):
            build_engine(rtx, tiny_graphs.face(precision), "face", RECIPE)


def test_what_is_no_graph_and_a_size_that_no_recipe_knows_are_named():
    with pytest.raises(WeightsError, match="words: no ONNX graph"):
        build_engine(rtx, b"these are words, no graph", "words", RECIPE)
    graph = OnnxWriter("other")
    x = graph.input("x", ["Q", 2])
    graph.output("y", graph.op("Add", x, x), ["Q", 2])
    with pytest.raises(WeightsError, match="recipe orin_nano does not say how large Q of x may be"):
        build_engine(rtx, graph.model().SerializeToString(), "other", RECIPE)


def test_what_cannot_be_built_is_told_with_tensorrts_own_words():
    graph = OnnxWriter("face")  # two shapes that meet for no T
    x = graph.input("embeddings", ["B", "T", 4])
    doubled = graph.op("Concat", x, x, axis=1)
    fixed = graph.op("Reshape", doubled, graph.constant(np.array([1, 7, 4], np.int64)))
    graph.output("y", fixed, [1, 7, 4])
    with pytest.raises(WeightsError) as error:
        build_engine(rtx, graph.model().SerializeToString(), "face", RECIPE)
    assert re.search(r"(?s)face: TensorRT .* \(.+\); ", str(error.value))


@pytest.mark.heavy
@pytest.mark.parametrize("precision", ["fp16", "fp32"])
def test_every_graph_of_the_shipped_facegpt_builds(precision, tmp_path_factory):
    pytest.importorskip("gguf", reason="gguf is not installed")
    from facegpt_ros.model.facegpt_build import build
    from facegpt_ros.model.facegpt_file import FaceGPTFile

    try:
        language = engines.fetch("language_model", download=False)
    except WeightsError as error:
        pytest.skip(str(error))
    built = build(FaceGPTFile.open(engines.fetch("facegpt", download=False)), language, precision)
    for path in (built.face, built.decode):
        recipe = recipes.read("desktop")
        assert len(build_engine(rtx, path.read_bytes(), path.stem, recipe)) > path.stat().st_size / 2
