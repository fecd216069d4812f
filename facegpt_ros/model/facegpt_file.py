"""facegpt.safetensors: what is FaceGPT's own, beside the vision graph and the language model it was trained with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ModelError, WeightsError
from facegpt_ros.model.face_graph import HeadWeights
from facegpt_ros.model.theta import ThetaLayout

FORMAT = "facegpt-3"
_REQUIRED = ("layout", "size", "rank", "depth", "lora_scale", "image_tokens", "vision_sha256", "language_sha256")


@dataclass(frozen=True)
class FaceGPTFile:
    """One opened file.

    Attributes:
        path, sha256: of the file.
        layout: of θ.
        size: S of the crops, px.
        rank, lora_scale: of the adapters, α / r.
        depth: layers of the language model after which <FACE> is read; 0: all.
        image_tokens: T, of each crop.
        vision_sha256: of the vision graph that makes them; language_sha256: of the GGUF that reads them.
        model_sha256: of the morphable model that θ is of; empty where it is unknown.
        adapters: name in the language model, "layers.0.mlp.up.down" → float32.
        ours: (O, D), embeddings of <FACE> and its like.
        head: the face head.
        exits: layers → the head of frames that are read after so few already (training/exits.py); may be empty.
        reach: of what its readers multiply by, see LanguageWeights.
    """

    path: Path
    sha256: str
    layout: ThetaLayout
    size: int
    rank: int
    lora_scale: float
    depth: int
    image_tokens: int
    vision_sha256: str
    language_sha256: str
    model_sha256: str
    adapters: dict[str, np.ndarray]
    ours: np.ndarray
    head: HeadWeights
    exits: dict[int, HeadWeights]
    reach: dict[str, np.ndarray]

    @classmethod
    def open(cls, path: Path) -> FaceGPTFile:
        """Reads a file of `facegpt train export-facegpt`.

        Raises:
            WeightsError: it is missing, truncated, holds NaN, or is no such file.
        """
        from safetensors import SafetensorError, safe_open

        if not path.is_file():
            raise WeightsError(f"{path}: no such file; check estimator.weights, or set estimator.name to cnn")
        try:
            with safe_open(str(path), framework="np") as file:
                notes = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
            if notes.get("format") != FORMAT:
                raise WeightsError(f"{path}: its format is {notes.get('format')}, this version reads {FORMAT}")
            missing = [name for name in _REQUIRED if name not in notes]
            missing += [name for name in ("ours", "reach.0.attention") if name not in tensors]
            if missing:
                raise WeightsError(f"{path} lacks {missing[0]}; export it again")
            numbers = {name: int(notes[name]) for name in ("size", "rank", "depth", "image_tokens")}
            scale, layout = float(notes["lora_scale"]), ThetaLayout.from_json(notes["layout"])
        except (OSError, SafetensorError, ValueError, ModelError, TypeError) as error:
            raise WeightsError(
                f"{path}: no weights of FaceGPT ({error}); export them with `facegpt train export-facegpt`"
            ) from error
        bad = [name for name, array in tensors.items() if not np.isfinite(array).all()]
        if bad:
            raise WeightsError(f"{path}: {bad[0]} holds NaN or infinity; train and export it again")
        tensors = {name: array.astype(np.float32) for name, array in tensors.items()}
        head = HeadWeights.of(tensors)
        exits = {layers: HeadWeights.of(_under(f"exit.{layers}.", tensors)) for layers in _exits(path, tensors)}
        for one in (head, *exits.values()):
            if len(one.theta) != layout.size or len(one.spread) != layout.n_expression + 72:
                raise WeightsError(f"{path}: a face head says {len(one.theta)} numbers, the layout has {layout.size}")
        depth = numbers["depth"]
        if any(not 1 <= layers < (depth or layers + 1) for layers in exits):
            raise WeightsError(f"{path}: exits are after {sorted(exits)} layers of {depth}; export it again")
        return cls(
            path=path,
            sha256=sha256_of(path),
            layout=layout,
            lora_scale=scale,
            vision_sha256=notes["vision_sha256"],
            language_sha256=notes["language_sha256"],
            model_sha256=notes.get("model_sha256", ""),
            adapters=_under("language.", tensors),
            ours=tensors["ours"],
            head=head,
            exits=exits,
            reach=_under("reach.", tensors),
            **numbers,
        )


def _under(prefix: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}


def _exits(path: Path, tensors: dict[str, np.ndarray]) -> list[int]:
    """After how many layers there is a head for frames."""
    named = {name.split(".")[1] for name in tensors if name.startswith("exit.")}
    if not all(name.isdecimal() for name in named):
        raise WeightsError(f"{path}: exits are called {sorted(named)}, not by numbers of layers; export it again")
    return sorted(map(int, named))


def sha256_of(path: Path) -> str:
    """Of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()
