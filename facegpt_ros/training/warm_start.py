"""Training on from weights of an older morphable model: what still means the same is kept, the rest starts anew.

The backbone sees faces whatever model describes them. Of the last layer, an output row is kept when it means the same
in both models: a named coefficient (jawOpen) by its name, a numbered one (identity_07, a principal component that says
nothing outside its basis) only where the whole basis is the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import safe_open
from torch import Tensor, nn

from facegpt_ros.errors import ModelError, WeightsError
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel

METADATA_KEY = "outputs"
GROUPS = ("identity", "expression", "albedo")
#: Outputs that mean the same whatever the model.
_SHARED = ("illumination", "rotation", "offset", "log_scale", "presence")


@dataclass(frozen=True)
class Outputs:
    """What the coefficients in a network's output mean.

    Attributes:
        names: group → the name of each coefficient, in order.
        bases: group → sha256 of the basis and of the mean that it is added to.
    """

    names: dict[str, tuple[str, ...]]
    bases: dict[str, str]

    @classmethod
    def of(cls, model: MorphableModel) -> Outputs:
        """Of a network trained on model."""
        tensors = model.bases
        names = {group: tuple(getattr(model, f"{group}_names")) for group in GROUPS}
        means = {"identity": "mean", "expression": "mean", "albedo": "albedo_mean"}
        bases = {}
        for group in GROUPS:
            digest = hashlib.sha256(np.ascontiguousarray(tensors[means[group]], np.float32).tobytes())
            digest.update(np.ascontiguousarray(tensors[group], np.float32).tobytes())
            bases[group] = digest.hexdigest()
        return cls(names, bases)

    @property
    def layout(self) -> ThetaLayout:
        return ThetaLayout(*(len(self.names[group]) for group in GROUPS))

    def to_json(self) -> str:
        """For the metadata of a weights file or checkpoint."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Outputs:
        """Raises WeightsError when the text is none of to_json's."""
        try:
            held = json.loads(text)
            names = {group: tuple(str(name) for name in held["names"][group]) for group in GROUPS}
            return cls(names, {group: str(held["bases"][group]) for group in GROUPS})
        except (TypeError, ValueError, KeyError) as error:
            raise WeightsError(f"outputs is {text[:60]!r}, not names and bases ({error!r}); export again") from error


def start_from(net: nn.Module, outputs: Outputs, path: Path) -> str:
    """Fills a fresh regressor in place from a .safetensors of `facegpt train export` or a run's checkpoint.pt.

    Args:
        net: Regressor of outputs' layout; rows of the head that are not copied stay as they are, at the layout's mean.
        outputs: what net's coefficients mean.
        path: the older weights.

    Returns:
        One line that says what was copied and what was not.

    Raises:
        WeightsError: no such file, no regressor in it, or one whose outputs nobody knows.
    """
    state, old = _read(path)
    pairs = {group: matching(old, outputs, group) for group in GROUPS}
    rows = [
        (getattr(old.layout, group).start + a, getattr(outputs.layout, group).start + b)
        for group in GROUPS
        for a, b in pairs[group]
    ]
    for name in _SHARED:
        theirs, ours = _range(getattr(old.layout, name)), _range(getattr(outputs.layout, name))
        rows += list(zip(theirs, ours, strict=True))
    source, target = (torch.tensor(side) for side in zip(*rows, strict=True))
    own = net.state_dict()
    for name, value in own.items():
        if name.endswith("num_batches_tracked"):
            continue
        found = state.get(name)
        if found is None:
            raise WeightsError(f"{path} lacks {name}; it holds no regressor of this package")
        if name.startswith("head."):
            if len(found) != old.layout.size or found.shape[1:] != value.shape[1:]:
                raise WeightsError(f"{path}: {name} is {tuple(found.shape)}, its layout needs {old.layout.size} rows")
            value[target] = found[source].to(value.dtype)
        elif found.shape != value.shape:
            raise WeightsError(f"{path}: {name} is {tuple(found.shape)}, this network needs {tuple(value.shape)}")
        else:
            value.copy_(found)
    counts = ", ".join(f"{len(pairs[group])} of {len(outputs.names[group])} {group}" for group in GROUPS)
    return f"started from {path}: backbone, {counts}, {', '.join(_SHARED)}; the rest at the mean"


def matching(old: Outputs, new: Outputs, group: str) -> list[tuple[int, int]]:
    """(index in old, index in new) of a group's coefficients that mean the same in both."""
    same_basis = bool(old.bases[group]) and old.bases[group] == new.bases[group]
    at = {name: i for i, name in enumerate(old.names[group])}
    return [
        (at[name], i)
        for i, name in enumerate(new.names[group])
        if name in at and (same_basis or not name[-1:].isdigit())
    ]


def _range(where: slice | int) -> range:
    return range(where.start, where.stop) if isinstance(where, slice) else range(where, where + 1)


def _read(path: Path) -> tuple[dict[str, Tensor], Outputs]:
    if path.suffix == ".pt":
        from facegpt_ros.training.loop import load_checkpoint

        held = load_checkpoint(path)
        return held["ema"], _outputs(path, held, ThetaLayout(**held["layout"]))
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return state, _outputs(path, metadata, ThetaLayout.from_json(metadata["layout"]))
    except (OSError, KeyError, SafetensorError, ModelError) as error:
        raise WeightsError(f"{path} holds no regressor ({error}); give one of `facegpt train export`") from error


def _outputs(path: Path, metadata: dict[str, Any], layout: ThetaLayout) -> Outputs:
    if METADATA_KEY not in metadata:
        raise WeightsError(f"{path} does not say what its outputs mean; export it again with this version")
    outputs = Outputs.from_json(metadata[METADATA_KEY])
    if outputs.layout != layout:
        raise WeightsError(f"{path}: {outputs.layout} by its names, {layout} by its layout; export it again")
    return outputs
