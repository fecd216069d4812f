"""ONNX's plain ops in torch: those that the fp32 and fp16 graphs of this package are made of.

Each maker takes a node's attributes and those of its inputs that are known before anything runs (None for the others),
and gives what computes the node from all its inputs. Sizes, axes and indices must be known: then the same kernels run
each time, which is what a CUDA graph can hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Compute = Callable[..., Any]
Known = Sequence["Tensor | None"]
#: of onnx.TensorProto
_TYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 6: torch.int32, 7: torch.int64, 9: torch.bool,
          10: torch.float16, 16: torch.bfloat16}  # fmt: skip


class NotKnown(Exception):
    """A size, an axis or an index depends on what flows through the graph."""


def _numbers(known: Known, index: int) -> list[int]:
    value = known[index]
    if value is None:
        raise NotKnown(f"its input {index} is not known before it runs")
    return [int(number) for number in value.reshape(-1).tolist()]


def _plain(compute: Compute) -> Callable[[dict[str, Any], Known], Compute]:
    return lambda attributes, known: compute


def _cast(attributes: dict[str, Any], known: Known) -> Compute:
    kind = _TYPES[attributes["to"]]
    return lambda x: x.to(kind)


def _clip(attributes: dict[str, Any], known: Known) -> Compute:
    low, high = (float(known[i]) if len(known) > i and known[i] is not None else None for i in (1, 2))  # type: ignore
    return lambda x, *_: x.clamp(low, high)


def _concat(attributes: dict[str, Any], known: Known) -> Compute:
    return lambda *parts: torch.cat(parts, attributes["axis"])


def _conv(attributes: dict[str, Any], known: Known) -> Compute:
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", b"NOTSET"):
        raise NotKnown("auto_pad says its padding")
    pads = attributes.get("pads", [0, 0, 0, 0])
    strides, dilations = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    groups, even = attributes.get("group", 1), pads[:2] == pads[2:]

    def compute(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if not even:
            x = functional.pad(x, (pads[1], pads[3], pads[0], pads[2]))
        return functional.conv2d(x, weight, bias, strides, pads[:2] if even else 0, dilations, groups)

    return compute


def _expand(attributes: dict[str, Any], known: Known) -> Compute:
    shape = _numbers(known, 1)
    return lambda x, _: x.expand(torch.broadcast_shapes(x.shape, shape))


def _gather(attributes: dict[str, Any], known: Known) -> Compute:
    index, axis = known[1], attributes.get("axis", 0)
    where = _numbers(known, 1)
    if index is not None and index.ndim == 0:
        return lambda x, _: x.select(axis, where[0])
    shape = [] if index is None else list(index.shape)
    return lambda x, index: x.index_select(axis, index.reshape(-1) % x.shape[axis]).unflatten(axis, shape)


def _gemm(attributes: dict[str, Any], known: Known) -> Compute:
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    turn_a, turn_b = attributes.get("transA", 0), attributes.get("transB", 0)

    def compute(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
        product = alpha * ((a.T if turn_a else a) @ (b.T if turn_b else b))
        return product if c is None else product + beta * c

    return compute


def _layer_norm(attributes: dict[str, Any], known: Known) -> Compute:
    axis, epsilon = attributes.get("axis", -1), attributes.get("epsilon", 1e-5)
    return lambda x, weight, bias=None: functional.layer_norm(x, x.shape[axis:], weight, bias, epsilon)


def _range(attributes: dict[str, Any], known: Known) -> Compute:
    start, end, step = (_numbers(known, index)[0] for index in range(3))
    return lambda *_: torch.arange(start, end, step)


def _reduce_mean(attributes: dict[str, Any], known: Known) -> Compute:
    axes = _numbers(known, 1) if len(known) > 1 else list(attributes["axes"])
    keep = bool(attributes.get("keepdims", 1))
    return lambda x, *_: x.mean(axes, keep)


def _reshape(attributes: dict[str, Any], known: Known) -> Compute:
    shape = _numbers(known, 1)
    return lambda x, _: x.reshape([x.shape[axis] if size == 0 else size for axis, size in enumerate(shape)])


def _shape(attributes: dict[str, Any], known: Known) -> Compute:
    start, end = attributes.get("start", 0), attributes.get("end")
    return lambda x: torch.tensor(x.shape[start:end])


def _slice(attributes: dict[str, Any], known: Known) -> Compute:
    starts, ends = _numbers(known, 1), _numbers(known, 2)
    axes = _numbers(known, 3) if len(known) > 3 else list(range(len(starts)))
    steps = _numbers(known, 4) if len(known) > 4 else [1] * len(starts)

    def compute(x: Tensor, *_: Tensor) -> Tensor:
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            if step < 0:
                where = torch.arange(x.shape[axis], device=x.device)[slice(start, end, 1) if end >= 0 else slice(None)]
                x = x.index_select(axis, where.flip(0))
            else:
                x = x[(slice(None),) * (axis % x.ndim) + (slice(start, end, step),)]
        return x

    return compute


def _softmax(attributes: dict[str, Any], known: Known) -> Compute:
    return lambda x: x.softmax(attributes.get("axis", -1))


def _split(attributes: dict[str, Any], known: Known) -> Compute:
    sizes, axis = _numbers(known, 1), attributes.get("axis", 0)
    return lambda x, _: x.split(sizes, axis)


def _squeeze(attributes: dict[str, Any], known: Known) -> Compute:
    axes = tuple(_numbers(known, 1))
    return lambda x, _: x.squeeze(axes)


def _tile(attributes: dict[str, Any], known: Known) -> Compute:
    repeats = _numbers(known, 1)
    return lambda x, _: x.repeat(repeats)


def _transpose(attributes: dict[str, Any], known: Known) -> Compute:
    return lambda x: x.permute(attributes["perm"])


def _unsqueeze(attributes: dict[str, Any], known: Known) -> Compute:
    axes = _numbers(known, 1)

    def compute(x: Tensor, _: Tensor) -> Tensor:
        for axis in sorted(axis % (x.ndim + len(axes)) for axis in axes):
            x = x.unsqueeze(axis)
        return x

    return compute


OPS: dict[str, Callable[[dict[str, Any], Known], Compute]] = {
    "Add": _plain(torch.add),
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _conv,
    "Div": _plain(lambda a, b: torch.div(a, b, rounding_mode=None if a.is_floating_point() else "trunc")),
    "Erf": _plain(torch.erf),
    "Expand": _expand,
    "Gather": _gather,
    "Gemm": _gemm,
    "Identity": _plain(lambda x: x),
    "LayerNormalization": _layer_norm,
    "LessOrEqual": _plain(torch.le),
    "MatMul": _plain(torch.matmul),
    "Mul": _plain(torch.mul),
    "Pow": _plain(torch.pow),
    "Range": _range,
    "ReduceMean": _reduce_mean,
    "Relu": _plain(torch.relu),
    "Reshape": _reshape,
    "Shape": _shape,
    "Sigmoid": _plain(torch.sigmoid),
    "Slice": _slice,
    "Softmax": _softmax,
    "Split": _split,
    "Sqrt": _plain(torch.sqrt),
    "Squeeze": _squeeze,
    "Sub": _plain(torch.sub),
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _plain(torch.where),
}
