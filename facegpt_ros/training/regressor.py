"""`facegpt train regressor`: the training loop of the CNN estimator, bounded by steps or by minutes.

Resumable and seeded.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.regressor import Regressor, decode
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.batches import Batch, Batches, stream
from facegpt_ros.training.losses import PHOTO_WEIGHTS, RENDER_WEIGHTS, RegressorLoss, total
from facegpt_ros.training.options import WARM_UP, TrainingOptions, add_arguments
from facegpt_ros.training.photometric import PhotometricLoss
from facegpt_ros.training.photos import Photos
from facegpt_ros.training.validation import Validation
from facegpt_ros.training.warm_start import METADATA_KEY, Outputs, start_from

__all__ = ["CHECKPOINT", "METRICS", "Trainer", "TrainingOptions", "add_arguments", "load_checkpoint", "run", "schedule"]

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"
_PHOTOMETRIC_PHOTOS = 8


def run(args: argparse.Namespace) -> int:
    """Trains; returns the exit status."""
    known = TrainingOptions.__dataclass_fields__
    Trainer(TrainingOptions(**{key: value for key, value in vars(args).items() if key in known})).train()
    return 0


class Trainer:
    """Model, optimiser and where the run stands.

    Args:
        options: of the run.
        model: the morphable model; the shipped one if None.
    """

    def __init__(self, options: TrainingOptions, model: MorphableModel | None = None) -> None:
        self.options = options
        options.out.mkdir(parents=True, exist_ok=True)
        if options.threads:
            torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        torch.set_flush_denormal(True)
        self.model = model or MorphableModel.load()
        self.outputs = Outputs.of(self.model)
        self.layout = self.outputs.layout
        self.net = Regressor(self.layout, options.pretrained).to(memory_format=torch.channels_last)
        self.net.freeze_early(options.freeze_blocks)
        self.ema = (
            Regressor(self.layout, pretrained=False).to(memory_format=torch.channels_last).requires_grad_(False).eval()
        )
        self.ema.load_state_dict(self.net.state_dict())
        self.loss = RegressorLoss(self.model, self.layout)
        self.photometric = PhotometricLoss(self.model)
        self.optimiser = torch.optim.AdamW(_groups(self.net), lr=options.lr, betas=(0.9, 0.98))
        self.step = 0
        self.elapsed = 0.0
        if options.resume == "never" or not self._load():
            self._start()

    # -- the run

    def train(self) -> None:
        """Until the steps or the minutes are used up, then validates and saves a last time."""
        options = self.options
        batches = Batches(
            self.model, options.photos, options.size, options.batch, options.photo_share, options.seed, options.steps
        )
        val = {folder.name: Photos([folder], "val") for folder in options.photos}
        validation = Validation(self.model, val, options.size)
        before, began = self.elapsed, time.monotonic()
        saved = began
        averages: dict[str, float] = {}
        bar = tqdm(total=options.steps, initial=self.step, unit="step", dynamic_ncols=True, mininterval=2.0)
        for batch in stream(batches, self.step, options.workers):
            terms = self.update(batch)
            self.elapsed = before + time.monotonic() - began
            bar.update()
            for name, value in terms.items():
                averages[name] = 0.98 * averages.get(name, value) + 0.02 * value
            if self.step % 20 == 0:
                left = self._seconds_left(bar)
                shown = {
                    n: f"{averages[n]:.3f}" for n in ("total", "renders.landmarks", "photos.landmarks") if n in averages
                }
                bar.set_postfix(left=f"{left / 60:.0f}m", **shown)
            last = self.progress >= 1
            if self.step % options.evaluate_every == 0 or last:
                self._evaluate(validation, averages)
            if time.monotonic() - saved > 60 * options.checkpoint_minutes or last:
                self.save()
                saved = time.monotonic()
            if last:
                break
        bar.close()

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the end of steps or minutes, whichever is nearer."""
        by_time = self.elapsed / (60 * self.options.minutes) if self.options.minutes > 0 else 0.0
        return min(1.0, max(self.step / self.options.steps, by_time))

    def update(self, batch: Batch) -> dict[str, float]:
        """One optimiser step; returns the losses, unweighted, named renders.* and photos.*."""
        options = self.options
        self.net.train()
        rate = options.lr * schedule(self.progress, options.cool_down)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        raw = self.net(batch["crops"])
        n = len(batch["theta"])
        half_extent, landmarks = batch["half_extent"], batch["landmarks"]
        renders = self.loss.render_terms(raw[:n], batch["theta"], half_extent[:n], landmarks[:n])
        loss = (n / len(raw)) * total(renders, RENDER_WEIGHTS)
        photos: dict[str, Tensor] = {}
        if len(raw) > n:
            photos = self.loss.photo_terms(raw[n:], half_extent[n:], landmarks[n:])
            colour = n + torch.nonzero(batch["is_colour"])[:_PHOTOMETRIC_PHOTOS, 0]
            if options.photometric_every and self.step % options.photometric_every == 0 and len(colour):
                theta = decode(self.layout, raw[colour])
                photos["photometric"] = self.photometric(theta, half_extent[colour], batch["crops"][colour])
            loss = loss + (1 - n / len(raw)) * total(photos, PHOTO_WEIGHTS)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        if torch.isfinite(norm):  # one bad batch must not end a run of hours
            self.optimiser.step()
        self.step += 1
        self._average()
        values = {"total": loss.item()}
        values |= {f"renders.{k}": v.item() for k, v in renders.items()}
        values |= {f"photos.{k}": v.item() for k, v in photos.items()}
        return values

    @torch.no_grad()
    def _average(self) -> None:
        """Exponential average of weights and batch statistics, over about the last 500 steps."""
        keep = min(0.998, (1 + self.step) / (10 + self.step))
        ours = [t for t in self.ema.state_dict().values() if t.is_floating_point()]
        theirs = [t for t in self.net.state_dict().values() if t.is_floating_point()]
        torch._foreach_lerp_(ours, theirs, 1 - keep)

    def infer(self, crops: np.ndarray) -> np.ndarray:
        """Raw θ of the averaged weights: (N, S, S, 3) uint8 → (N, D)."""
        with torch.inference_mode():
            return self.ema(torch.from_numpy(np.ascontiguousarray(crops))).numpy()

    def _seconds_left(self, bar: tqdm) -> float:
        rate = bar.format_dict["rate"] or 1.0
        by_steps = (self.options.steps - self.step) / rate
        return min(by_steps, 60 * self.options.minutes - self.elapsed) if self.options.minutes > 0 else by_steps

    def _evaluate(self, validation: Validation, averages: dict[str, float]) -> None:
        measured = validation.measure(self.infer)
        record: dict[str, object] = {
            "step": self.step,
            "minutes": round(self.elapsed / 60, 2),
            "size": self.options.size,
        }
        record |= {"val": measured, "train": averages, "lr": self.optimiser.param_groups[0]["lr"]}
        with open(self.options.out / METRICS, "a") as file:
            file.write(json.dumps(_rounded(record)) + "\n")
        validation.sheet(self.infer, self.options.out / "sheet.png")
        tqdm.write(f"step {self.step}: " + ", ".join(f"{name} {value:.4g}" for name, value in measured.items()))

    # -- checkpoints

    def save(self) -> None:
        """Writes the checkpoint beside the old one and puts it in its place: a crash leaves one that is whole."""
        state = {
            "net": self.net.state_dict(),
            "ema": self.ema.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rng": torch.get_rng_state(),
            "step": self.step,
            "elapsed": self.elapsed,
            "layout": asdict(self.layout),
            "size": self.options.size,
            METADATA_KEY: self.outputs.to_json(),
            "model": self.model.model_id,
            "model_sha256": self.model.sha256,
        }
        path = self.options.out / CHECKPOINT
        torch.save(state, path.with_suffix(".tmp"))
        os.replace(path.with_suffix(".tmp"), path)

    def _start(self) -> None:
        if self.options.start_from:
            tqdm.write(start_from(self.net, self.outputs, self.options.start_from))
            self.ema.load_state_dict(self.net.state_dict())

    def _load(self) -> bool:
        """Whether there was a run to continue."""
        path = self.options.out / CHECKPOINT
        if not path.exists():
            if self.options.resume == "must":
                raise WeightsError(f"{path} is missing; nothing to resume, leave out --resume must")
            return False
        state = load_checkpoint(path)
        if state.get(METADATA_KEY) != self.outputs.to_json():
            raise WeightsError(
                f"{path} was trained on {state['model']}, whose coefficients are others than those of "
                f"{self.model.model_id}; use another --out with --start-from {path}"
            )
        self.net.load_state_dict(state["net"])
        self.ema.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["rng"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        tqdm.write(f"resumed {path} at step {self.step}, {self.elapsed / 60:.1f} min")
        return True


def load_checkpoint(path: Path) -> dict:
    """A checkpoint's contents, unpickled safely.

    Raises:
        WeightsError: it is missing or no checkpoint.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise WeightsError(f"{path} is no checkpoint ({error}); train again or give another folder") from error
    except Exception as error:  # pickle.UnpicklingError, whose module is never imported here
        raise WeightsError(f"{path} holds more than tensors ({error}); it is not one of ours") from error


def schedule(progress: float, cool_down: float = 0.3) -> float:
    """Share of the peak learning rate: short warm-up, long plateau, cosine to 1 % at the end.

    A plateau lets a run be prolonged before it cools down, over the share cool_down of the run.
    """
    if progress < WARM_UP:
        return 0.05 + 0.95 * progress / WARM_UP
    if progress < 1 - cool_down:
        return 1.0
    down = min(1.0, (progress - 1 + cool_down) / cool_down)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * down))


def _groups(net: nn.Module) -> list[dict]:
    """Weight decay for matrices and kernels only."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    return float(f"{value:.5g}") if isinstance(value, float) else value
