"""TensorRT's engine of a graph. tensorrt_rtx is built with the same way, and needs no GPU to do so."""

from __future__ import annotations

from typing import Any

from facegpt_ros.errors import WeightsError
from facegpt_ros.recipes import Recipe


def build_engine(tensorrt: Any, graph: bytes, name: str, recipe: Recipe) -> bytes:
    """An engine's file.

    Args:
        tensorrt: the module tensorrt, or tensorrt_rtx.
        graph: an ONNX model of plain ops; what its sizes B, N, T and P may be, the recipe says by the graph's name.
        name: what errors call it.

    Raises:
        WeightsError: TensorRT does not take the graph, or cannot build it in the memory there is.
    """
    of = graph_name(graph, name)
    said: list[str] = []
    logger = _logger(tensorrt, said)
    builder = tensorrt.Builder(logger)
    # Strongly typed: the precision is the graph's. TensorRT 11 knows no other way.
    flag = getattr(tensorrt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if flag is None else 1 << int(flag))
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(graph):
        why = "; ".join(str(parser.get_error(i).desc()) for i in range(parser.num_errors)) or "; ".join(said)
        raise WeightsError(
            f"{name}: TensorRT {tensorrt.__version__} does not take the graph ({why}); set estimator.precision to fp16 "
            "or fp32, whose graphs have plain ops alone"
        )
    _let_attention_decompose(tensorrt, network)
    config = builder.create_builder_config()
    if recipe.workspace_mb:
        config.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, recipe.workspace_mb << 20)
    for sizes in recipe.sizes(of):
        profile = builder.create_optimization_profile()
        for i in range(network.num_inputs):
            tensor = network.get_input(i)
            profile.set_shape(tensor.name, *_ends(tensor, sizes, name, recipe))
        config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        why = f"cannot build it by recipe {recipe.name} ({'; '.join(said[-3:])})"
        raise WeightsError(
            f"{name}: TensorRT {tensorrt.__version__} {why}; close other programs, give it a smaller batch or profile, "
            "or use a smaller model"
        )
    return bytes(engine)


def _let_attention_decompose(tensorrt: Any, network: Any) -> None:
    """Lets the modern graphs' attention be built of other kernels where none of its own fits, instead of not at all."""
    kind = getattr(tensorrt.LayerType, "ATTENTION_INPUT", None)
    for i in range(network.num_layers if kind is not None else 0):
        layer = network.get_layer(i)
        if layer.type == kind:
            layer.__class__ = tensorrt.IAttentionInputLayer  # get_layer gives every layer as its base
            layer.attention.decomposable = True


def profiles_text(recipe: Recipe, graph_name: str) -> str:
    """What an engine's key says of the recipe."""
    return f"{recipe.sizes(graph_name)}, {recipe.workspace_mb} MB"


def graph_name(graph: bytes, name: str) -> str:
    """ "face", "decode" or "vision", which the writer put into the graph.

    Raises:
        WeightsError: it is no ONNX graph, or the package onnx is missing.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise WeightsError(f"{name}: building its engine needs the package onnx: pip install onnx") from error
    try:
        return str(onnx.load_model_from_string(graph).graph.name)
    except DecodeError as error:
        raise WeightsError(f"{name}: no ONNX graph ({error}); export it again") from error


def _ends(tensor: Any, sizes: dict[str, tuple[int, int, int]], name: str, recipe: Recipe) -> list[tuple[int, ...]]:
    """Least, usual and most shape of an input."""
    ends: list[tuple[int, ...]] = []
    for which in range(3):
        shape = []
        for axis, size in enumerate(tensor.shape):
            free = tensor.get_dimension_name(axis)
            if size < 0 and free not in sizes:
                what = f"{free or 'an unnamed size'} of {tensor.name}"
                raise WeightsError(f"{name}: recipe {recipe.name} does not say how large {what} may be")
            shape.append(int(size) if size >= 0 else sizes[free][which])
        ends.append(tuple(shape))
    return ends


def _logger(tensorrt: Any, said: list[str]) -> Any:
    class Logger(tensorrt.ILogger):
        """Keeps what went wrong for our own error; TensorRT would print it."""

        def __init__(self) -> None:
            tensorrt.ILogger.__init__(self)

        def log(self, severity: Any, text: str) -> None:
            if severity <= tensorrt.ILogger.Severity.ERROR:
                said.append(text)

    return Logger()
