"""`facegpt train regressor`: the training of the CNN estimator. Resumable and seeded."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.regressor import Regressor, decode
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.batches import Batch, Batches, stream
from facegpt_ros.training.loop import Loop
from facegpt_ros.training.losses import PHOTO_WEIGHTS, RENDER_WEIGHTS, RegressorLoss, total
from facegpt_ros.training.options import TrainingOptions, add_arguments
from facegpt_ros.training.photometric import PhotometricLoss
from facegpt_ros.training.photos import Photos
from facegpt_ros.training.validation import Validation
from facegpt_ros.training.warm_start import METADATA_KEY, Outputs, start_from

__all__ = ["Trainer", "TrainingOptions", "add_arguments", "run"]

_PHOTOMETRIC_PHOTOS = 8


def run(args: argparse.Namespace) -> int:
    """Trains; returns the exit status."""
    Trainer(TrainingOptions.of(args)).train()
    return 0


class Trainer(Loop):
    """Model, optimiser and where the run stands.

    Args:
        options: of the run.
        model: the morphable model; the shipped one if None.
    """

    shown = ("photos.landmarks", "renders.landmarks", "total")
    net: Regressor
    ema: Regressor
    options: TrainingOptions

    def __init__(self, options: TrainingOptions, model: MorphableModel | None = None) -> None:
        super().__init__(options)
        self.model = model or MorphableModel.load()
        self.outputs = Outputs.of(self.model)
        self.layout = self.outputs.layout
        self.loss = RegressorLoss(self.model, self.layout).to(self.device)
        self.photometric = PhotometricLoss(self.model).to(self.device)
        net = Regressor(self.layout, options.pretrained).to(memory_format=torch.channels_last)
        net.freeze_early(options.freeze_blocks)
        self.begin(net)

    def update(self, batch: Batch) -> dict[str, float]:
        """Losses are named renders.* and photos.*."""
        self.net.train()
        raw = self.net(batch["crops"])
        loss, values = self.losses(raw, batch)
        self.descend(loss)
        return values

    def losses(self, raw: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The weighted sum over renders and photos, and every term unweighted."""
        n = len(batch["theta"])
        half_extent, landmarks = batch["half_extent"], batch["landmarks"]
        renders = self.loss.render_terms(raw[:n], batch["theta"], half_extent[:n], landmarks[:n])
        loss = (n / len(raw)) * total(renders, RENDER_WEIGHTS)
        photos: dict[str, Tensor] = {}
        if len(raw) > n:
            photos = self.loss.photo_terms(raw[n:], half_extent[n:], landmarks[n:])
            colour = n + torch.nonzero(batch["is_colour"])[:_PHOTOMETRIC_PHOTOS, 0]
            every = self.options.photometric_every
            if every and self.step % every == 0 and len(colour):
                theta = decode(self.layout, raw[colour])
                photos["photometric"] = self.photometric(theta, half_extent[colour], batch["crops"][colour])
            loss = loss + (1 - n / len(raw)) * total(photos, PHOTO_WEIGHTS)
        values = {"total": loss.item()}
        values |= {f"renders.{k}": v.item() for k, v in renders.items()}
        values |= {f"photos.{k}": v.item() for k, v in photos.items()}
        return loss, values

    def infer(self, crops: np.ndarray) -> np.ndarray:
        """Raw θ of the averaged weights: (N, S, S, 3) uint8 → (N, D)."""
        with torch.inference_mode():
            return self.ema(torch.from_numpy(np.ascontiguousarray(crops)).to(self.device)).cpu().numpy()

    def batches(self, start: int) -> Iterator[Batch]:
        options = self.options
        source = Batches(
            self.model, options.photos, options.size, options.batch, options.photo_share, options.seed, options.steps
        )
        return stream(source, start, options.workers, self.ranks.rank, self.ranks.world)

    @cached_property
    def _validation(self) -> Validation:
        val = {folder.name: Photos([folder], "val") for folder in self.options.photos}
        return Validation(self.model, val, self.options.size)

    def validate(self) -> dict[str, float]:
        self._validation.sheet(self.infer, self.options.out / "sheet.png")
        return self._validation.measure(self.infer)

    def identity(self) -> dict[str, Any]:
        return {
            "layout": asdict(self.layout),
            "size": self.options.size,
            METADATA_KEY: self.outputs.to_json(),
            "model": self.model.model_id,
            "model_sha256": self.model.sha256,
        }

    def accept(self, path: Path, state: dict[str, Any]) -> None:
        if state.get(METADATA_KEY) != self.outputs.to_json():
            raise WeightsError(
                f"{path} was trained on {state['model']}, whose coefficients are others than those of "
                f"{self.model.model_id}; use another --out with --start-from {path}"
            )

    def fresh(self) -> None:
        if self.options.start_from:
            tqdm.write(start_from(self.net, self.outputs, self.options.start_from))
