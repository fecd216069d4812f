"""`facegpt train export-facegpt`: a checkpoint's averaged weights as what a robot builds its graphs from.

facegpt.safetensors holds what is FaceGPT's own, in float16 where θ hardly moves by it; facegpt_vision_int8.onnx sees.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from facegpt_ros import engines
from facegpt_ros.errors import WeightsError
from facegpt_ros.language.describe import Descriptions
from facegpt_ros.language.requests import not_asking
from facegpt_ros.model.face_head import FaceHead
from facegpt_ros.model.facegpt import FaceGPT
from facegpt_ros.model.facegpt_estimator import VISION_FILE
from facegpt_ros.model.facegpt_file import FORMAT, sha256_of
from facegpt_ros.model.vlm import is_ours
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.calibration import calibrate, estimates
from facegpt_ros.training.exits import read_exits
from facegpt_ros.training.export import export_onnx, quantise, spread_out
from facegpt_ros.training.loop import CHECKPOINT, load_checkpoint
from facegpt_ros.training.networks import trained
from facegpt_ros.training.photos import Photos
from facegpt_ros.training.reach import reach
from facegpt_ros.training.validation import Validation
from facegpt_ros.training.warm_start import METADATA_KEY

WEIGHTS_FILE = "facegpt.safetensors"
MOVES = 1e-3  # how far float16 may move θ, relative, on any crop of the val split
MAX_MEGABYTES = 32.0
_CALIBRATION_CROPS = 256
_CALIBRATION_TEXTS = 256
_VAL_CROPS = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `facegpt train export-facegpt`."""
    parser.add_argument("run", type=Path, help="the --out of `facegpt train facegpt`")
    parser.add_argument("--out", type=Path, required=True, help=f"folder for {WEIGHTS_FILE} and {VISION_FILE}")
    parser.add_argument("--exits", type=Path, metavar="RUN", help="the --out of `facegpt train exits` for the same run")
    parser.add_argument("--photos", type=Path, action="append", default=[], help="photo folder: calibrates, measures")
    parser.add_argument("--vision", type=Path, help="regressor.safetensors that it was trained on; the shipped one")
    parser.add_argument("--language", type=Path, help=".gguf that it was trained on; SmolLM2-135M-Instruct")


def run(args: argparse.Namespace) -> int:
    """Exports and prints what rounding costs; returns the exit status."""
    model = MorphableModel.load()
    vision = args.vision or engines.fetch("regressor_fp32", download=False)
    language = args.language or engines.fetch("language_model", download=False)
    base = load_checkpoint(args.run / CHECKPOINT).get("base")
    if base:
        raise WeightsError(f"{args.run} trained {base}; only FaceGPT's own small model runs on a robot")
    net, state = trained(args.run / CHECKPOINT, model, vision, language)
    assert isinstance(net, FaceGPT)
    notes = {
        "stage": str(state["stage"]),
        "frozen": str(state["frozen"]),
        "step": str(state["step"]),
        "morphable_model": model.model_id,
        "model_sha256": model.sha256,
        "regressor_sha256": sha256_of(vision),
        "language_sha256": sha256_of(language),
        METADATA_KEY: state[METADATA_KEY],
    }
    sets = {
        split: Validation(model, {f.name: Photos([f], split) for f in args.photos}, state["size"], 192)
        for split in ("train", "val")
    }
    crops = [
        spread_out(sets[split].crops, count) for split, count in (("train", _CALIBRATION_CROPS), ("val", _VAL_CROPS))
    ]
    exits = read_exits(args.exits / CHECKPOINT, net, args.run / CHECKPOINT) if args.exits else {}
    readers = {count: net.early(count, head) for count, head in exits.items()}
    calibrated = {str(reader.depth): calibrate(reader, model, sets["val"]) for reader in (net, *readers.values())}
    report = export(net, args.out, state["size"], state["rank"], crops[0], _texts(model), crops[1], notes, exits)
    report["spread"] = calibrated
    print(json.dumps(report))
    (args.out / "export.json").write_text(json.dumps(report, indent=1) + "\n")
    return 0


def _texts(model: MorphableModel) -> list[str]:
    """Of train: three that describe a face to one that does not ask for any."""
    rng, descriptions = np.random.default_rng(0), Descriptions(model)
    return [
        not_asking(rng, "train").text if i % 4 == 3 else descriptions.sample(rng).text
        for i in range(_CALIBRATION_TEXTS)
    ]


def export(
    net: FaceGPT,
    out: Path,
    size: int,
    rank: int,
    calibration: np.ndarray,
    texts: Sequence[str],
    val: np.ndarray,
    notes: dict[str, str],
    exits: Mapping[int, FaceHead] | None = None,
) -> dict:
    """Writes both files.

    Args:
        net: with adapters; it is left with the weights that were written.
        size: S of crops, px; rank: of the adapters.
        calibration, val: (N, S, S, 3) uint8 BGR, to quantise with and to measure rounding on.
        texts: to quantise with.
        notes: metadata beyond what the network itself says; language_sha256 must be among it.
        exits: layers → head of frames that are read after so few; written in float16.

    Returns:
        What is float16, how far it moves θ (relative, largest), what int8 vision moves it, and megabytes.

    Raises:
        WeightsError: the file would be larger than MAX_MEGABYTES, or an exit does not bear float16.
    """
    out.mkdir(parents=True, exist_ok=True)
    net.eval()
    tensors = {name: tensor for name, tensor in net.state_dict().items() if is_ours(name)}
    exact = _estimate(net, val)
    halves, moved = _halve(net, tensors, lambda: _moved(_estimate(net, val), exact))
    saved = {name: tensor.half() if _group(name) in halves else tensor for name, tensor in tensors.items()}
    saved |= {f"reach.{name}": tensor.clamp_max(6e4).half() for name, tensor in reach(net, calibration, texts).items()}
    for count, head in (exits or {}).items():
        saved |= {f"exit.{count}.head.{name}": tensor for name, tensor in _half_head(net, count, head, val).items()}
    megabytes = sum(tensor.numel() * tensor.element_size() for tensor in saved.values()) / 1e6
    if megabytes > MAX_MEGABYTES:
        raise WeightsError(f"{WEIGHTS_FILE} would have {megabytes:.1f} MB of {MAX_MEGABYTES:g}; train a lower --rank")
    metadata = {
        **notes,
        "layout": net.layout.to_json(),
        "size": str(size),
        "image_tokens": str(net.projector.tokens),
        "licence": "Apache-2.0",
    }
    full, vision = out / "vision.tmp.onnx", out / VISION_FILE
    export_onnx(_Eyes(net).eval(), full, size, metadata, ("image_tokens", "guess"))
    quantise(full, vision, calibration, metadata, _float)
    full.unlink()
    metadata |= {
        "format": FORMAT,
        "rank": str(rank),
        "lora_scale": str(_scale(net)),
        "depth": str(net.depth),
        "vision_sha256": sha256_of(vision),
    }
    path = out / WEIGHTS_FILE
    save_file({name: tensor.contiguous() for name, tensor in saved.items()}, str(path.with_suffix(".tmp")), metadata)
    os.replace(path.with_suffix(".tmp"), path)
    return {
        "float16": sorted(halves),
        "float16_moves_theta": moved,
        "int8_vision_moves_theta": _moved(_estimate_with(net, vision, val), exact),
        "megabytes": round(megabytes, 2),
        "vision_megabytes": round(vision.stat().st_size / 1e6, 2),
    }


def _half_head(net: FaceGPT, count: int, head: FaceHead, val: np.ndarray) -> dict[str, Tensor]:
    """The tensors of an exit in float16. Raises WeightsError where that moves θ further than MOVES."""
    exact, halved = (_estimate(net.early(count, one), val) for one in (head, copy.deepcopy(head).half().float()))
    if not _moved(halved, exact) <= MOVES:
        raise WeightsError(f"the exit after {count} layers moves θ by {_moved(halved, exact):.2g} in float16")
    return {name: tensor.half() for name, tensor in head.state_dict().items()}


class _Eyes(nn.Module):
    """The part of FaceGPT that sees, as a graph of its own."""

    def __init__(self, net: FaceGPT) -> None:
        super().__init__()
        self.vision, self.projector = net.vision, net.projector

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        features, pooled = self.vision.look(crops)
        return self.projector(features, pooled), self.vision.head(pooled)


def _group(name: str) -> str:
    """Adapters, projector, ours (<FACE>) and head are rounded each as a whole."""
    return "adapters" if name.startswith("language.") else name.split(".")[0]


@torch.no_grad()
def _halve(net: FaceGPT, tensors: dict[str, Tensor], moved: Callable[[], float]) -> tuple[set[str], float]:
    """Rounds each group of tensors to float16 in place, and back where that moves θ too far."""
    halves: set[str] = set()
    last = 0.0
    for group in sorted({_group(name) for name in tensors}):
        members = [tensor for name, tensor in tensors.items() if _group(name) == group]
        before = [tensor.clone() for tensor in members]
        for tensor in members:
            tensor.copy_(tensor.half())
        now = moved() if all(torch.isfinite(tensor).all() for tensor in members) else float("inf")
        if now <= MOVES:
            halves.add(group)
            last = now
            continue
        for tensor, old in zip(members, before, strict=True):
            tensor.copy_(old)
    return halves, last


def _scale(net: FaceGPT) -> float:
    from facegpt_ros.model.lora import adapters

    return next(layer.scale for _, layer in adapters(net.language))


def _estimate(net: FaceGPT, crops: np.ndarray) -> np.ndarray:
    """Raw θ (N, D)."""
    return estimates(net, crops)[0].numpy()


def _estimate_with(net: FaceGPT, vision: Path, crops: np.ndarray) -> np.ndarray:
    """Raw θ (N, D) of what the exported vision graph sees."""
    from facegpt_ros.backends.onnx_runtime import OnnxRuntime

    eyes, see, parts = OnnxRuntime(vision), net.see, []
    try:
        for i in range(0, len(crops), 16):
            seen = eyes.run({"crops": np.ascontiguousarray(crops[i : i + 16])})
            tensors = torch.from_numpy(seen["image_tokens"]), torch.from_numpy(seen["guess"])
            net.see = lambda _, tensors=tensors: tensors  # type: ignore[method-assign,misc]
            parts.append(_estimate(net, crops[i : i + 16]))
    finally:
        net.see = see  # type: ignore[method-assign]
    return np.concatenate(parts)


def _moved(theta: np.ndarray, exact: np.ndarray) -> float:
    """The largest distance of one crop's θ from the exact one, over that one's length."""
    return float((np.linalg.norm(theta - exact, axis=1) / np.linalg.norm(exact, axis=1)).max())


def _float(graph) -> list[str]:
    """Names of the nodes of an ONNX graph that stay float: all but the backbone's, which lead to the convolution called
    placed, and what makes an image token of each place. In int8 the pooled features, which the first guess is made of
    too, would move θ.
    """
    placed = next(node for node in graph.node if any("placed." in name for name in node.input))
    inside = {node.name for node in _leading_to(graph, placed.input[0])}
    inside |= {node.name for node in _leading_to(graph, "image_tokens") if node.op_type == "MatMul"}
    return [node.name for node in graph.node if node.name not in inside]


def _leading_to(graph, value: str) -> list:
    """The nodes that a value is computed by."""
    makers = {name: node for node in graph.node for name in node.output}
    found: dict[str, Any] = {}
    waiting = [value]
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and node.name not in found:
            found[node.name] = node
            waiting += node.input
    return list(found.values())
