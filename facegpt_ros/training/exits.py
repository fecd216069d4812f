"""`facegpt train exits`: heads that read frames after a few layers already what all layers say of them.

Early exit by distillation: the network is as it was trained; each head learns, from its own layer's hidden state of
<FACE>, the θ and the spread that the last layer's head says. Nothing is labelled, so any picture of a face will do.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from facegpt_ros.errors import ConfigError, WeightsError
from facegpt_ros.model.face_head import FaceHead
from facegpt_ros.model.facegpt import FaceGPT
from facegpt_ros.model.facegpt_file import sha256_of
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.batches import Batch, Batches, stream
from facegpt_ros.training.calibration import estimates
from facegpt_ros.training.loop import Loop, load_checkpoint
from facegpt_ros.training.networks import trained
from facegpt_ros.training.options import RunOptions, add_run_arguments
from facegpt_ros.training.photos import Photos
from facegpt_ros.training.validation import Validation

_SPREAD_WEIGHT = 10.0  # logarithms squared; θ counts in deviations of what the last layer adds to the first guess
_FIRST = 256  # crops that the heads' norms are fitted to
_STEPS, _OF = 16, 64  # after each batch of crops so many steps are taken, on so many of those that are kept
_KEPT = 8192  # crops whose hidden states are kept: to read one takes longer than to learn from it


@dataclass
class ExitOptions(RunOptions):
    """Those of `facegpt train exits`; start_from is the run whose network gets exits."""

    layers: tuple[int, ...] = ()
    vision: Path | None = None
    language: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.layers = tuple(sorted(set(self.layers)))
        if not self.layers or self.layers[0] < 1:
            raise ConfigError(f"layers is {list(self.layers)}; give one or more numbers from 1")
        if self.start_from is None:
            raise ConfigError("exits are learnt of a trained network; give its checkpoint.pt as --start-from")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `facegpt train exits`."""
    add_run_arguments(parser, "checkpoint.pt of `facegpt train facegpt`")
    parser.add_argument(
        "--layers", type=int, nargs="+", default=[4], help="after how many layers frames shall be read, one or more"
    )
    parser.add_argument("--vision", type=Path, help="regressor.safetensors that it was trained on; the shipped one")
    parser.add_argument("--language", type=Path, help=".gguf that it was trained on; SmolLM2-135M-Instruct")


class ExitHeads(nn.Module):
    """A head for each exit, and moved (size,): deviations of what the last layer adds to the first guess."""

    def __init__(self, net: FaceGPT, layers: tuple[int, ...]) -> None:
        super().__init__()
        width = net.language.config.width
        self.heads = nn.ModuleDict({str(count): FaceHead(width, net.layout) for count in layers})
        self.register_buffer("moved", torch.ones(net.layout.size))

    def of(self, count: int) -> FaceHead:
        head = self.heads[str(count)]
        assert isinstance(head, FaceHead)
        return head


class ExitTrainer(Loop):
    """One run.

    Args:
        options: of the run.
        model: the morphable model; the shipped one if None.
        teacher: the network; read from the options' files if None.
    """

    net: ExitHeads
    ema: ExitHeads
    options: ExitOptions

    def __init__(
        self, options: ExitOptions, model: MorphableModel | None = None, teacher: FaceGPT | None = None
    ) -> None:
        super().__init__(options)
        assert options.start_from is not None
        self.model = model or MorphableModel.load()
        self._of = sha256_of(options.start_from) if teacher is None else ""
        found = teacher or trained(options.start_from, self.model, options.vision, options.language)[0]
        if not isinstance(found, FaceGPT):
            raise WeightsError(f"{options.start_from} is a larger model's; exits are for FaceGPT's own small one")
        self.teacher = found.to(self.device).eval().requires_grad_(False)
        if options.layers[-1] >= self.teacher.depth:
            raise ConfigError(f"layers are {list(options.layers)}; {self.teacher.depth} read a face, give fewer")
        self.shown = tuple(f"{name}.{count}" for count in options.layers for name in ("theta", "spread"))
        with torch.no_grad():
            self._cache = self.teacher.frame_cache()
        self._kept: dict[str, Tensor] = {}
        self.begin(ExitHeads(self.teacher, options.layers))

    def update(self, batch: Batch) -> dict[str, float]:
        """Losses are named theta.LAYERS and spread.LAYERS: 1 is knowing nothing of θ; of logarithms, squared."""
        self._keep(self._read(batch["crops"]))
        count = len(self._kept["guess"])
        for _ in range(_STEPS):
            rows = torch.randint(count, (min(_OF, count),), device=self.device)
            terms = self._terms({name: kept[rows] for name, kept in self._kept.items()})
            loss = sum(value * (_SPREAD_WEIGHT if name.startswith("spread") else 1) for name, value in terms.items())
            assert isinstance(loss, Tensor)
            self.descend(loss)
        return {"total": loss.item(), **{name: value.item() for name, value in terms.items()}}

    def fresh(self) -> None:
        """Fits the norms, and how much each number of θ moves, to the first crops."""
        dataset = self.dataset()
        for step in range(-(-_FIRST // self.options.batch)):
            self._keep(self._read(dataset[step]["crops"].to(self.device)))
        for count in self.options.layers:
            self.net.of(count).standardise(self._kept[str(count)])
        self.net.moved.copy_((self._kept["theta"] - self._kept["guess"]).std(0).clamp_min(1e-4))

    def batches(self, start: int) -> Iterator[Batch]:
        return stream(self.dataset(), start, self.options.workers, self.ranks.rank, self.ranks.world)

    def dataset(self) -> Batches:
        """What the run learns from, by step."""
        o = self.options
        return Batches(self.model, o.photos, o.size, o.batch, o.photo_share, o.seed, o.steps)

    def validate(self) -> dict[str, float]:
        """Of each exit what Validation measures; of the last layer too."""
        readers = {count: self.teacher.early(count, self.ema.of(count)) for count in self.options.layers}
        out: dict[str, float] = {}
        for count, reader in {**readers, self.teacher.depth: self.teacher}.items():
            measured = self._validation.measure(lambda crops, reader=reader: estimates(reader, crops)[0].numpy())  # type: ignore[misc]
            out |= {f"{name}.{count}": value for name, value in measured.items()}
        return out

    def identity(self) -> dict[str, Any]:
        return {"exits": list(self.options.layers), "of": self._of}

    def accept(self, path: Path, state: dict[str, Any]) -> None:
        if (state.get("exits"), state.get("of")) != (list(self.options.layers), self._of):
            raise WeightsError(f"{path} has other exits, or is of another network; use another --out")

    @cached_property
    def _validation(self) -> Validation:
        val = {folder.name: Photos([folder], "val") for folder in self.options.photos}
        return Validation(self.model, val, self.options.size, 192)

    def _terms(self, read: dict[str, Tensor]) -> dict[str, Tensor]:
        terms = {}
        for count in self.options.layers:
            out = self.net.of(count)(read[str(count)], read["guess"])
            terms[f"theta.{count}"] = ((out.raw - read["theta"]) / self.net.moved).square().mean()
            terms[f"spread.{count}"] = (torch.cat(out.spread, 1) - read["spread"]).square().mean()
        return terms

    @torch.no_grad()
    def _read(self, crops: Tensor) -> dict[str, Tensor]:
        """By the number of layers, hidden states (N, D); "guess", the first; "theta" and "spread" after all layers."""
        image_tokens, guess = self.teacher.see(crops)
        with _noted(self.teacher, self.options.layers) as read:
            last = self.teacher.frame_states(image_tokens, self._cache)
        said = self.teacher.head(last, guess)
        return {**read, "guess": guess, "theta": said.raw, "spread": torch.cat(said.spread, 1)}

    def _keep(self, read: dict[str, Tensor]) -> None:
        for name, tensor in read.items():
            self._kept[name] = torch.cat([self._kept[name], tensor])[-_KEPT:] if name in self._kept else tensor


@contextmanager
def _noted(net: FaceGPT, layers: tuple[int, ...]) -> Iterator[dict[str, Tensor]]:
    """While it lasts, the last position's hidden state after so many layers is noted: number → (N, D)."""
    found: dict[str, Tensor] = {}

    def note(count: int):  # type: ignore[no-untyped-def]
        def hook(_module, _inputs, x: Tensor) -> None:  # type: ignore[no-untyped-def]
            found[str(count)] = net.language.norm(x[:, -1]).float()

        return hook

    hooks = [net.language.layers[count - 1].register_forward_hook(note(count)) for count in layers]
    try:
        yield found
    finally:
        for one in hooks:
            one.remove()


def read_exits(path: Path, net: FaceGPT, of: Path) -> dict[int, FaceHead]:
    """The averaged heads of a run of `facegpt train exits`, for a network.

    Args:
        path: its checkpoint.pt; of: the network's.

    Raises:
        WeightsError: it is missing, broken, or of another network.
    """
    state = load_checkpoint(path)
    if state.get("of") != sha256_of(of):
        raise WeightsError(f"{path} has no exits of {of}; run `facegpt train exits --start-from {of}` again")
    heads = ExitHeads(net, tuple(state["exits"]))
    try:
        heads.load_state_dict(state["ema"])
    except RuntimeError as error:
        raise WeightsError(f"{path} holds exits of another shape ({error}); train them again") from error
    return {count: heads.eval().of(count) for count in state["exits"]}


def run(args: argparse.Namespace) -> int:
    """Trains and returns the exit status."""
    ExitTrainer(ExitOptions.of(args)).train()
    return 0
