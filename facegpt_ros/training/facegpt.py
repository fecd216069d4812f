"""`facegpt train facegpt`: the training of the vision-language model, stage by stage. Resumable and seeded."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.language_model import LanguageModel
from facegpt_ros.model.tokenizer import Tokenizer
from facegpt_ros.model.vlm import FaceVLM, is_ours
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.batches import Batch, Batches, stream
from facegpt_ros.training.conversations import Conversations, Talk
from facegpt_ros.training.face_batches import FaceBatch, FaceBatches
from facegpt_ros.training.facegpt_options import FaceGPTOptions, add_arguments
from facegpt_ros.training.frame_loss import FrameLoss
from facegpt_ros.training.loop import Loop, load_checkpoint
from facegpt_ros.training.losses import RENDER_WEIGHTS, RegressorLoss, total
from facegpt_ros.training.networks import SHAPE, fill, network, read_language
from facegpt_ros.training.perceptual import PerceptualLoss
from facegpt_ros.training.photometric import PhotometricLoss
from facegpt_ros.training.photos import Photos
from facegpt_ros.training.second_view import ConsistencyLoss, second_view
from facegpt_ros.training.stages import STAGES, Stage
from facegpt_ros.training.validation import Validation
from facegpt_ros.training.warm_start import METADATA_KEY, Outputs
from facegpt_ros.training.words_loss import WORDS_WEIGHTS, WordsLoss
from facegpt_ros.training.words_validation import WordsValidation

__all__ = ["FaceGPTOptions", "FaceTrainer", "add_arguments", "read_language", "run"]

_WORDS_WEIGHT = 0.5  # of the sum over faces from words
_ASKED_WEIGHT = 3.0  # of the cross entropy of whether a face is asked for, nats
_TOGETHER = 24  # sequences that are read at once
_STANDARD_TEXTS = 240


def run(args: argparse.Namespace) -> int:
    """Trains; returns the exit status."""
    FaceTrainer(FaceGPTOptions.of(args)).train()
    return 0


class FaceTrainer(Loop):
    """One stage.

    Args:
        options: of the run.
        model: the morphable model; the shipped one if None.
        language: a language model and its tokenizer; read from the options' file if None.
    """

    shown = ("renders.landmarks", "photos.landmarks", "renders.shape", "words.attributes", "asked")
    net: FaceVLM
    ema: FaceVLM
    options: FaceGPTOptions

    def __init__(
        self,
        options: FaceGPTOptions,
        model: MorphableModel | None = None,
        language: tuple[LanguageModel, Tokenizer] | None = None,
    ) -> None:
        super().__init__(options)
        self.stage = STAGES[options.stage]
        self.model = model or MorphableModel.load()
        self.outputs = Outputs.of(self.model)
        self.loss = RegressorLoss(self.model, self.outputs.layout).to(self.device)
        self.words_loss = WordsLoss(self.model, self.outputs.layout, self.loss.geometry).to(self.device)
        self.begin(network(options, self.outputs.layout, self.stage.adapters, language))
        self.frame_loss = self._frame_loss().to(self.device)

    def update(self, batch: FaceBatch) -> dict[str, float]:
        """Losses are named renders.*, photos.*, words.* and asked."""
        image_tokens = guess = None
        loss = self.net.mean.new_zeros(())
        values: dict[str, float] = {}
        if batch.frames is not None:
            crops, again = batch.frames["crops"], None
            photos = slice(len(batch.frames["theta"]), None)
            if self.stage.self_supervised and len(crops[photos]):
                again = second_view(crops[photos], batch.frames["half_extent"][photos])
                crops = torch.cat([crops, again.crops])
            image_tokens, guess = self.net.see(crops)
            out = self.net(self.net.frame_sequences(len(guess)), image_tokens, guess)
            loss, terms = self.frame_loss(out.raw, out.spread, batch.frames, self._twins, again)
            values = {name: term.item() for name, term in terms.items()}
        if batch.talk.parts:
            said, told = self._talk(batch.talk, batch.frames, image_tokens, guess)
            loss, values = loss + said, values | told
        self.descend(loss)
        return {"total": loss.item(), **values}

    def _frame_loss(self) -> FrameLoss:
        if not self.stage.self_supervised:
            return FrameLoss(self.loss)
        eyes = getattr(self.net, "vision", None)  # a larger model may have no first guess
        perceptual = PerceptualLoss(eyes, self.options.size) if eyes is not None else None
        consistency = ConsistencyLoss(self.model, self.loss.geometry)
        return FrameLoss(self.loss, PhotometricLoss(self.model), perceptual, consistency)

    def _talk(
        self, talk: Conversations, frames: Batch | None, image_tokens: Tensor | None, guess: Tensor | None
    ) -> tuple[Tensor, dict[str, float]]:
        """The loss of conversations, and every term unweighted."""
        outs: dict[int, tuple[Tensor, Tensor]] = {}
        for rows, seen in self._groups(talk):
            sequences = self.net.sequences([talk.parts[i] for i in rows], [talk.image[i] for i in rows])
            out = self.net(sequences, *((image_tokens, guess) if seen else ()))
            each = zip(out.raw, out.asked, strict=True)
            outs |= {rows[row]: one for row, one in zip(sequences.face[:, 0].tolist(), each, strict=True)}
        raw, asked = (torch.stack(part) for part in zip(*(outs[i] for i in range(len(outs))), strict=True))
        truth = torch.from_numpy(talk.asked.astype(np.float32)).to(self.device)
        missed = functional.binary_cross_entropy_with_logits(asked, truth)
        loss, values = _ASKED_WEIGHT * missed, {"asked": missed.item()}
        n = len(talk.of_image)
        if n and frames is not None:
            rows = torch.tensor(talk.of_image)
            parts = frames["theta"][rows], frames["half_extent"][rows], frames["landmarks"][rows]
            loss = loss + _WORDS_WEIGHT * total(self.loss.render_terms(raw[:n], *parts), RENDER_WEIGHTS)
        if talk.of_words:
            target, wanted = (torch.from_numpy(np.stack(a)).to(self.device) for a in (talk.of_words, talk.wanted))
            terms = self.words_loss(raw[n : n + len(target)], target, wanted)
            loss = loss + _WORDS_WEIGHT * total(terms, WORDS_WEIGHTS)
            values |= {f"words.{k}": v.item() for k, v in terms.items()}
        return loss, values

    def _groups(self, talk: Conversations) -> Iterator[tuple[list[int], bool]]:
        """Sequences of about one length that are read alike: rows, and whether they are of an image."""
        for seen in (False, True):
            rows = [i for i, image in enumerate(talk.image) if (image >= 0) == seen]
            for group in self.net.alike([talk.parts[i] for i in rows], _TOGETHER):
                yield [rows[k] for k in group], seen

    @property
    def _twins(self) -> int:
        """Pairs of renders that show one person."""
        renders = self.options.batch - round(self.options.batch * self.options.photo_share) * bool(self.options.photos)
        return int(self.stage.twins * renders) // 2

    def infer(self, crops: np.ndarray) -> np.ndarray:
        """Raw θ of the averaged weights: (N, S, S, 3) uint8 → (N, D)."""
        with torch.inference_mode():
            raw, _ = self.ema.estimate(
                torch.from_numpy(np.ascontiguousarray(crops)).to(self.device), self.ema.frame_cache()
            )
        return raw.cpu().numpy()

    def batches(self, start: int) -> Iterator[FaceBatch]:
        return stream(self.dataset(), start, self.options.workers, self.ranks.rank, self.ranks.world)

    def dataset(self) -> FaceBatches:
        """What the run learns from, by step."""
        o = self.options
        frames = Batches(self.model, o.photos, o.size, o.batch, o.photo_share, o.seed, o.steps, self._twins)
        return FaceBatches(frames, self.stage)

    @cached_property
    def _validation(self) -> Validation:
        val = {folder.name: Photos([folder], "val") for folder in self.options.photos}
        return Validation(self.model, val, self.options.size)

    @cached_property
    def _words_validation(self) -> WordsValidation:
        return WordsValidation(self.model)

    def validate(self) -> dict[str, float]:
        measured = self._validation.measure(self.infer) if self.stage.frames else {}
        return measured | (self._words_validation.measure(self.ema) if self.stage.texts else {})

    def identity(self) -> dict[str, Any]:
        return {
            "layout": asdict(self.outputs.layout),
            **{name: getattr(self.options, name) for name in SHAPE},
            "depth": getattr(self.net, "depth", self.options.depth),  # a larger model has no layers beyond its depth
            "base": self.net.base,
            "stage": self.options.stage,
            METADATA_KEY: self.outputs.to_json(),
            "model": self.model.model_id,
            "model_sha256": self.model.sha256,
        }

    def accept(self, path: Path, state: dict[str, Any]) -> None:
        mine = self.identity()
        for name in ("base", *SHAPE, METADATA_KEY):
            if state.get(name) != mine[name]:
                held = "another morphable model" if name == METADATA_KEY else f"{name} {state.get(name)}"
                raise WeightsError(f"{path} was trained with {held}, this run has {name} {str(mine[name])[:40]}")

    def fresh(self) -> None:
        if not self.options.start_from:
            self._standardise()
            return
        state = _read(self.options.start_from)
        self.accept(self.options.start_from, state)
        fill(self.net, self.options.start_from, state)
        tqdm.write(f"started from {self.options.start_from}, stage {state['stage']}, step {state['step']}")

    @torch.no_grad()
    def _standardise(self) -> None:
        """Fits σ's norm to hidden states of descriptions."""
        talk = Talk(self.model).draw(
            np.random.default_rng(self.options.seed),
            np.zeros((0, self.outputs.layout.size), np.float32),
            np.zeros(0, np.float32),
            Stage("", adapters=False, texts=_STANDARD_TEXTS),
        )
        states = []
        for rows in self.net.alike(talk.parts, _TOGETHER):
            ids, image, face = self.net.sequences([talk.parts[i] for i in rows], [-1] * len(rows))
            read = self.net.read(self.net.embed(ids, image, None))
            states.append(read[face[:, 0], face[:, 1]])
        self.net.head.standardise(torch.cat(states))

    def held(self, name: str) -> bool:
        return is_ours(name)


def _read(path: Path) -> dict[str, Any]:
    """A checkpoint, or what `facegpt train export-facegpt` made of one."""
    if path.suffix != ".safetensors":
        return load_checkpoint(path)
    try:
        with safe_open(str(path), framework="pt") as file:
            notes: dict[str, Any] = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - no dict
        notes["base"] = None  # larger models are never exported
        return {**notes, **{name: int(notes[name]) for name in (*SHAPE, "step")}, "ema": tensors}
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise WeightsError(f"{path} holds no FaceGPT ({error}); give one of `facegpt train export-facegpt`") from error
