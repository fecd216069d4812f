"""A training run bounded by steps or by minutes: progress, learning rate, averaged weights, checkpoints. Resumable."""

from __future__ import annotations

import copy
import json
import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from facegpt_ros.errors import WeightsError
from facegpt_ros.training.devices import Ranks, device_named, moved
from facegpt_ros.training.memory import keep_memory
from facegpt_ros.training.options import WARM_UP, RunOptions

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"


class Loop(ABC):
    """One run. A subclass builds what is trained, calls begin, and says what a step, a batch and a validation are.

    Attributes:
        net: what is trained; ema: the same with averaged weights, which validations and exports use.
        step, elapsed: optimiser steps and seconds so far.
        device, ranks: where it computes, and which of several processes this is.
    """

    #: Losses shown beside the progress bar.
    shown: tuple[str, ...] = ()

    def __init__(self, options: RunOptions) -> None:
        self.options = options
        options.out.mkdir(parents=True, exist_ok=True)
        if options.threads:
            torch.set_num_threads(options.threads)
        self.ranks = Ranks.join(options.device)
        self.device = device_named(options.device, self.ranks.local)
        torch.manual_seed(options.seed)
        torch.set_flush_denormal(True)
        keep_memory()
        self.step = 0
        self.elapsed = 0.0
        self.net: nn.Module = nn.Identity()
        self.ema: nn.Module = self.net
        self.optimiser: torch.optim.Optimizer

    # -- what a subclass says

    @abstractmethod
    def update(self, batch: Any) -> dict[str, float]:
        """Losses of a batch, their gradient, and descend; returns the losses, unweighted."""

    @abstractmethod
    def batches(self, start: int) -> Iterator[Any]:
        """From step number start on."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """What the averaged weights are worth now."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """What a checkpoint says it was trained for."""

    def accept(self, path: Path, state: dict[str, Any]) -> None:  # noqa: B027
        """Raises WeightsError where the checkpoint at path was trained for something else."""

    def fresh(self) -> None:  # noqa: B027
        """Called when nothing was resumed."""

    def held(self, name: str) -> bool:
        """Whether a checkpoint holds this tensor of net."""
        return True

    # -- the run

    def begin(self, net: nn.Module) -> None:
        """Takes the network, made ready to train, and resumes where the options say so."""
        self.net = net = net.to(self.device)
        frozen = {id(p): p for p in net.parameters() if not p.requires_grad}
        self.ema = copy.deepcopy(net, memo=frozen).requires_grad_(False).eval()  # what is frozen is shared
        self.optimiser = torch.optim.AdamW(_groups(net), lr=self.options.lr, betas=(0.9, 0.98))
        if self.options.resume == "never" or not self._load():
            self.fresh()
            self.ema.load_state_dict(self.net.state_dict())

    def train(self) -> None:
        """Until the steps or the minutes are used up, then validates and saves a last time."""
        options = self.options
        before, began = self.elapsed, time.monotonic()
        saved = began
        averages: dict[str, float] = {}
        bar = tqdm(total=options.steps, initial=self.step, unit="step", dynamic_ncols=True, mininterval=2.0)
        bar.disable = not self.ranks.first
        for batch in self.batches(self.step):
            terms = self.advance(moved(batch, self.device))
            self.elapsed = self.ranks.agreed(before + time.monotonic() - began, self.device)
            bar.update()
            for name, value in terms.items():
                averages[name] = 0.98 * averages.get(name, value) + 0.02 * value
            if self.step % 20 == 0:
                left = f"{self._seconds_left(bar) / 60:.0f}m"
                bar.set_postfix(left=left, **{n: f"{averages[n]:.3f}" for n in self.shown if n in averages})
            last = self.progress >= 1
            if not self.ranks.first:
                if last:
                    break
                continue
            if self.step % options.evaluate_every == 0 or last:
                self._evaluate(averages)
            if time.monotonic() - saved > 60 * options.checkpoint_minutes or last:
                self.save()
                saved = time.monotonic()
            if last:
                break
        bar.close()

    def advance(self, batch: Any) -> dict[str, float]:
        """One step, with the learning rate of now; returns the losses."""
        rate = self.options.lr * schedule(self.progress, self.options.cool_down)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        terms = self.update(batch)
        self.step += 1
        self._average()
        return terms

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the end of steps or minutes, whichever is nearer."""
        by_time = self.elapsed / (60 * self.options.minutes) if self.options.minutes > 0 else 0.0
        return min(1.0, max(self.step / self.options.steps, by_time))

    def descend(self, loss: torch.Tensor) -> None:
        """One step of the optimiser; a gradient that is not finite is left out: it must not end a run of hours."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.ranks.average_gradients(self.net.parameters())
        norm = nn.utils.clip_grad_norm_([p for p in self.net.parameters() if p.requires_grad], 5.0)
        if torch.isfinite(norm):
            self.optimiser.step()

    @torch.no_grad()
    def _average(self) -> None:
        """Exponential average of weights and batch statistics, over about the last 500 steps."""
        keep = min(0.998, (1 + self.step) / (10 + self.step))
        both = zip(self.ema.state_dict().values(), self.net.state_dict().values(), strict=True)
        pairs = [(a, b) for a, b in both if b.is_floating_point() and a.data_ptr() != b.data_ptr()]
        torch._foreach_lerp_([a for a, _ in pairs], [b for _, b in pairs], 1 - keep)

    def _seconds_left(self, bar: tqdm) -> float:
        rate = bar.format_dict["rate"] or 1.0
        by_steps = (self.options.steps - self.step) / rate
        return min(by_steps, 60 * self.options.minutes - self.elapsed) if self.options.minutes > 0 else by_steps

    def _evaluate(self, averages: dict[str, float]) -> None:
        measured = self.validate()
        record: dict[str, Any] = {"step": self.step, "minutes": round(self.elapsed / 60, 2)}
        record |= {"val": measured, "train": averages, "lr": self.optimiser.param_groups[0]["lr"]}
        with open(self.options.out / METRICS, "a") as file:
            file.write(json.dumps(_rounded(record)) + "\n")
        tqdm.write(f"step {self.step}: " + ", ".join(f"{name} {value:.4g}" for name, value in measured.items()))

    # -- checkpoints

    def save(self) -> None:
        """Writes the checkpoint beside the old one and puts it in its place: a crash leaves one that is whole."""
        state = {
            "net": self._held(self.net),
            "ema": self._held(self.ema),
            "optimiser": self.optimiser.state_dict(),
            "rng": torch.get_rng_state(),
            "step": self.step,
            "elapsed": self.elapsed,
            **self.identity(),
        }
        path = self.options.out / CHECKPOINT
        torch.save(state, path.with_suffix(".tmp"))
        os.replace(path.with_suffix(".tmp"), path)

    def _held(self, net: nn.Module) -> dict[str, torch.Tensor]:
        return {name: value for name, value in net.state_dict().items() if self.held(name)}

    def _load(self) -> bool:
        """Whether there was a run to continue."""
        path = self.options.out / CHECKPOINT
        if not path.exists():
            if self.options.resume == "must":
                raise WeightsError(f"{path} is missing; nothing to resume, leave out --resume must")
            return False
        state = load_checkpoint(path)
        self.accept(path, state)
        for net, held in ((self.net, state["net"]), (self.ema, state["ema"])):
            own = {name for name in net.state_dict() if self.held(name)}
            if own != held.keys():
                raise WeightsError(f"{path} holds other tensors ({sorted(own ^ held.keys())[:2]}); use another --out")
            net.load_state_dict(held, strict=False)
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["rng"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        tqdm.write(f"resumed {path} at step {self.step}, {self.elapsed / 60:.1f} min")
        return True


def load_checkpoint(path: Path) -> dict[str, Any]:
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
    learnt = [p for p in net.parameters() if p.requires_grad]
    decayed = [p for p in learnt if p.ndim > 1]
    plain = [p for p in learnt if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    return float(f"{value:.5g}") if isinstance(value, float) else value
