"""What a run of `facegpt train facegpt` is told, beyond what every run is."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from facegpt_ros.errors import ConfigError
from facegpt_ros.training.options import RunOptions, add_run_arguments
from facegpt_ros.training.stages import STAGES


@dataclass
class FaceGPTOptions(RunOptions):
    """One run; see add_arguments for units."""

    stage: str = "align"
    vision: Path | None = None
    language: Path | None = None
    vlm: str | None = None
    rank: int = 16
    depth: int = 0
    frozen: int = 0
    bf16: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stage not in STAGES:
            raise ConfigError(f"stage is '{self.stage}'; stages are {', '.join(STAGES)}")
        if self.rank < 1 or self.depth < 0 or self.frozen < 0:
            numbers = f"rank is {self.rank}, depth {self.depth} and frozen {self.frozen}"
            raise ConfigError(f"{numbers}; they must be at least 1, 0 and 0")
        if self.depth and self.frozen >= self.depth:
            raise ConfigError(f"frozen is {self.frozen} of depth {self.depth}; give less, or nothing learns")
        if self.vlm is not None and self.language:
            raise ConfigError(f"vlm is '{self.vlm}' and language '{self.language}'; a vlm speaks itself, give one")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `facegpt train facegpt`."""
    add_run_arguments(parser, "checkpoint.pt of the stage before, when nothing is resumed", batch=32)
    stages = "; ".join(f"{name}: {stage.about}" for name, stage in STAGES.items())
    parser.add_argument("--stage", choices=STAGES, default="align", help=stages)
    parser.add_argument(
        "--vision",
        type=Path,
        help="regressor.safetensors; the shipped one by default, with --vlm none: the mean face is the first guess",
    )
    parser.add_argument("--language", type=Path, help=".gguf of a llama-type model; SmolLM2-135M-Instruct by default")
    parser.add_argument(
        "--vlm",
        metavar="MODEL",
        help="a larger vision-language model that sees and speaks instead: folder or Hugging Face id of a SmolVLM or a "
        "LLaVA-1.5, such as HuggingFaceTB/SmolVLM-256M-Instruct",
    )
    parser.add_argument("--rank", type=int, default=16, help="of the adapters")
    parser.add_argument("--depth", type=int, default=0, help="<FACE> is read after so many layers; 0: all")
    parser.add_argument("--frozen", type=int, default=0, help="so many layers, the first ones, have no adapters")
    parser.add_argument("--bf16", action="store_true", help="the language model in bfloat16, where that is faster")
