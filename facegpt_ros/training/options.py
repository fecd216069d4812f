"""What a training run is told: its options, checked, and its command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from facegpt_ros.errors import ConfigError
from facegpt_ros.model.regressor import STRIDE

WARM_UP = 0.02  # share of the run over which the learning rate rises


@dataclass
class RunOptions:
    """Options of every run; see add_run_arguments for units."""

    out: Path
    photos: list[Path]
    size: int = 128
    steps: int = 100_000
    batch: int = 48
    photo_share: float = 0.25
    minutes: float = 0.0
    lr: float = 1e-3
    seed: int = 0
    resume: str = "auto"
    start_from: Path | None = None
    cool_down: float = 0.3
    evaluate_every: int = 1000
    checkpoint_minutes: float = 3.0
    threads: int = 0
    workers: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.size % STRIDE or self.size < 2 * STRIDE:
            raise ConfigError(f"size is {self.size}; it must be a multiple of {STRIDE}, at least {2 * STRIDE}")
        if self.steps < 1 or self.batch < 2:
            raise ConfigError(f"steps is {self.steps} and batch {self.batch}; they must be at least 1 and 2")
        if not 0 <= self.photo_share < 1:
            raise ConfigError(f"photo_share is {self.photo_share}; it must lie in 0..1, below 1")
        if not 0 < self.cool_down <= 1 - WARM_UP:
            raise ConfigError(f"cool_down is {self.cool_down}; it must lie above 0, at most {1 - WARM_UP}")
        if self.resume not in ("auto", "never", "must"):
            raise ConfigError(f"resume is '{self.resume}'; use auto, never or must")

    @classmethod
    def of(cls, args: argparse.Namespace):
        """Those of its own arguments."""
        known = cls.__dataclass_fields__
        return cls(**{key: value for key, value in vars(args).items() if key in known})


@dataclass
class TrainingOptions(RunOptions):
    """Those of `facegpt train regressor`."""

    photometric_every: int = 2
    freeze_blocks: int = 3
    pretrained: bool = True


def add_run_arguments(parser: argparse.ArgumentParser, start_from: str, batch: int = 48) -> None:
    """Arguments of every run; start_from: help of --start-from."""
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, metrics.jsonl and sheets")
    parser.add_argument("--photos", type=Path, action="append", default=[], help="photo folder; may be repeated")
    parser.add_argument("--size", type=int, default=128, help="crop side, px; may change when resuming")
    parser.add_argument("--steps", type=int, default=100_000, help="at most so many optimiser steps")
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="at most so long, resumed time included; 0: no limit"
    )
    parser.add_argument("--batch", type=int, default=batch, help="crops a step")
    parser.add_argument("--photo-share", type=float, default=0.25, help="of the batch, the rest are renders")
    parser.add_argument("--lr", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--resume", default="auto", choices=("auto", "never", "must"), help="continue what lies in --out"
    )
    parser.add_argument("--start-from", type=Path, metavar="WEIGHTS", help=start_from)
    parser.add_argument("--cool-down", type=float, default=0.3, help="share of the run over which the rate falls")
    parser.add_argument("--evaluate-every", type=int, default=1000, help="steps between validations")
    parser.add_argument("--checkpoint-minutes", type=float, default=3.0, help="between checkpoints")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its choice")
    parser.add_argument("--workers", type=int, default=1, help="processes that prepare batches")
    parser.add_argument(
        "--device",
        default="auto",
        choices=("auto", "cpu", "cuda"),
        help="several GPUs: torchrun -m facegpt_ros.cli train …",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `facegpt train regressor`."""
    weights = "regressor.safetensors or checkpoint.pt, of an older morphable model too, when nothing is resumed"
    add_run_arguments(parser, weights)
    parser.add_argument("--photometric-every", type=int, default=2, help="steps between photometric losses; 0: never")
    parser.add_argument("--freeze-blocks", type=int, default=3, help="early blocks of 16 kept from ImageNet, for speed")
