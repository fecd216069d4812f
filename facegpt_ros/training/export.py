"""`facegpt train export`: a checkpoint's averaged weights as safetensors, ONNX, and int8 ONNX, with what int8 costs."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.regressor import Regressor
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.loop import CHECKPOINT, load_checkpoint
from facegpt_ros.training.photos import Photos
from facegpt_ros.training.validation import Validation
from facegpt_ros.training.warm_start import METADATA_KEY

OPSET = 18
_CALIBRATION_CROPS = 256
_LARGE = 10_000  # numbers; smaller constants are not worth a node


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `facegpt train export`."""
    parser.add_argument("run", type=Path, help="the --out of `facegpt train regressor`")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for regressor.{safetensors,onnx}, regressor_int8.onnx"
    )
    parser.add_argument(
        "--photos", type=Path, action="append", default=[], help="photo folder: calibrates and measures int8"
    )


def run(args: argparse.Namespace) -> int:
    """Exports and prints the errors of all three; returns the exit status."""
    model = MorphableModel.load()
    state = load_checkpoint(args.run / CHECKPOINT)
    layout = ThetaLayout(**state["layout"])
    metadata = {
        "layout": layout.to_json(),
        "size": str(state["size"]),
        "step": str(state["step"]),
        "morphable_model": state["model"],
        "model_sha256": state.get("model_sha256") or (model.sha256 if state["model"] == model.model_id else ""),
        METADATA_KEY: state[METADATA_KEY],
        "licence": "Apache-2.0",
    }
    if state["model"] != model.model_id:
        print(f"warning: trained on {state['model']}, measured with {model.model_id}; train again for exact figures")
    args.out.mkdir(parents=True, exist_ok=True)
    paths = [args.out / name for name in ("regressor.safetensors", "regressor.onnx", "regressor_int8.onnx")]
    save_weights(state["ema"], paths[0], metadata)
    net = load_weights(paths[0])
    export_onnx(net, paths[1], state["size"], metadata)
    val = Validation(model, {folder.name: Photos([folder], "val") for folder in args.photos}, state["size"])
    train = Validation(model, {folder.name: Photos([folder], "train") for folder in args.photos}, state["size"], 192)
    quantise(paths[1], paths[2], spread_out(train.crops, _CALIBRATION_CROPS), metadata)
    report = {}
    for path in paths[1:]:
        measured = val.measure(onnx_infer(path))
        report[path.name] = {"megabytes": round(path.stat().st_size / 1e6, 2), **measured}
        print(path.name, json.dumps(report[path.name]))
    (args.out / "export.json").write_text(json.dumps(report, indent=1) + "\n")
    return 0


def save_weights(state: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Writes float32 safetensors; metadata must hold "layout"."""
    tensors = {k: v.contiguous() for k, v in state.items() if v.is_floating_point()}
    save_file(tensors, str(path.with_suffix(".tmp")), metadata)
    os.replace(path.with_suffix(".tmp"), path)


def load_weights(path: Path) -> Regressor:
    """The network of a safetensors file, ready to infer.

    Raises:
        WeightsError: the file is missing, lacks the layout or does not fit it.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            layout = ThetaLayout.from_json((file.metadata() or {})["layout"])
        net = Regressor(layout, pretrained=False)
        missing, unexpected = net.load_state_dict(load_file(str(path)), strict=False)
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise WeightsError(
            f"{path} holds no regressor ({error}); export it again with `facegpt train export`"
        ) from error
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise WeightsError(f"{path} lacks {missing[:3]} or has {unexpected[:3]} too many; export it again")
    return net.eval()


def export_onnx(
    net: nn.Module, path: Path, size: int, metadata: dict[str, str], outputs: Sequence[str] = ("theta",)
) -> None:
    """ONNX fp32, plain ops: input "crops" (N, S, S, 3) uint8 BGR, outputs float32 as the network gives them, the first
    axis N, which is dynamic.
    """
    import onnx

    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        torch.onnx.export(
            net.to(memory_format=torch.contiguous_format),
            (example,),
            str(raw),
            input_names=["crops"],
            output_names=list(outputs),
            dynamic_shapes={"crops": {0: torch.export.Dim("N", min=1, max=64)}},
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        graph = onnx.load(str(raw))
    del graph.graph.metadata_props[:]
    for node in graph.graph.node:  # the exporter notes file names of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    _write(graph, path, metadata)


def quantise(
    source: Path,
    path: Path,
    crops: np.ndarray,
    metadata: dict[str, str],
    keep: Callable[[Any], list[str]] | None = None,
) -> None:
    """Static int8, per channel, QDQ; the head stays float: its outputs differ a hundredfold in size.

    Args:
        source: ONNX fp32 of export_onnx.
        path: to write.
        crops: (N, S, S, 3) uint8 BGR to calibrate on.
        metadata: to put in.
        keep: names of the nodes of the prepared ONNX graph that stay float; None: the head of a regressor.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared, raw = Path(folder) / "prepared.onnx", Path(folder) / "raw.onnx"
        quant_pre_process(str(source), str(prepared))
        head = (keep or _head)(onnx.load(str(prepared)).graph)
        quantize_static(
            str(prepared),
            str(raw),
            _Calibration(crops),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Add", "Clip", "MatMul"],
            nodes_to_exclude=head,
            extra_options={
                "ActivationSymmetric": False,
                "WeightSymmetric": True,
                "CalibMovingAverage": True,
                "OpTypesToExcludeOutputQuantization": ["MatMul"],
            },
        )
        _write(_halved(onnx.load(str(raw))), path, metadata)


def _halved(model):
    """The same model with large float32 constants stored in float16; the runtime widens them once, when it loads."""
    import onnx

    graph = model.graph
    for tensor in list(graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _LARGE or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        graph.node.insert(0, onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    return model


def _head(graph) -> list[str]:
    """Names of the nodes of a regressor's ONNX graph that follow its backbone."""
    return [
        node.name
        for node in graph.node
        if node.op_type in ("Gemm", "MatMul", "ReduceMean") or any(name.startswith("placed.") for name in node.input)
    ]


class _Calibration:
    """What quantize_static reads: one small batch at a time."""

    def __init__(self, crops: np.ndarray, part: int = 16) -> None:
        self._parts = iter([crops[i : i + part] for i in range(0, len(crops), part)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        part = next(self._parts, None)
        return None if part is None else {"crops": np.ascontiguousarray(part)}

    def set_range(self, start_index: int, end_index: int) -> None:
        raise NotImplementedError("calibration in strides is not needed for a few hundred crops")


def onnx_infer(path: Path):
    """Validation's Infer on an ONNX file, by onnxruntime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda crops: session.run(["theta"], {"crops": np.ascontiguousarray(crops)})[0]


def spread_out(crops: np.ndarray, count: int) -> np.ndarray:
    """`count` of the crops (N, S, S, 3), from the first to the last."""
    return crops[np.linspace(0, len(crops) - 1, min(count, len(crops))).astype(int)]


def _write(graph, path: Path, metadata: dict[str, str]) -> None:
    import onnx

    del graph.metadata_props[:]
    for key, value in metadata.items():
        graph.metadata_props.add(key=key, value=value)
    graph.doc_string = ""
    onnx.save(graph, str(path.with_suffix(".tmp")))
    os.replace(path.with_suffix(".tmp"), path)
