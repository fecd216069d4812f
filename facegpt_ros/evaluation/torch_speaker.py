"""The network of a training checkpoint, for evaluation: it answers, and reads texts with its adapters on and off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import torch

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.speaker import Prompt, Said, check_crops
from facegpt_ros.model.facegpt_file import sha256_of
from facegpt_ros.model.generate import Answer, generate
from facegpt_ros.model.lora import adapters
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.model.vlm import FaceVLM
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.networks import trained

_TOGETHER = 48
_READ_TOGETHER = 8


class TorchSpeaker:
    """A Reader (evaluation/speaker.py) of a FaceGPT in torch, on the CPU.

    Args:
        net: FaceGPT's own, or a larger one from the hub.
        crop_size: S, px.
        model_id: of the weights.
    """

    def __init__(self, net: FaceVLM, crop_size: int, model_id: str) -> None:
        self.net, self.crop_size, self.model_id = net.eval(), crop_size, model_id
        self.layout: ThetaLayout = net.layout

    @classmethod
    def load(
        cls,
        path: Path,
        model: MorphableModel,
        vision: Path | None = None,
        language: Path | None = None,
        vlm: str | None = None,
    ) -> TorchSpeaker:
        """The averaged weights of a checkpoint.pt of `facegpt train facegpt`; the rest as it was trained with.

        Raises:
            WeightsError: a file is missing or broken, or was trained with another morphable model or language model.
        """
        net, state = trained(path, model, vision, language, vlm)
        sha256 = sha256_of(path)
        return cls(net, state["size"], f"facegpt@{sha256[:8]} ({state.get('stage', '')}, step {state.get('step', '')})")

    def say(self, asked: Sequence[Prompt], crops: np.ndarray | None = None, *, limit: int = 64) -> list[Said]:
        """See Speaker.say."""
        check_crops(asked, crops, self.crop_size)
        answers: dict[int, Said] = {}
        for rows in self.net.alike(asked, _TOGETHER):
            some = [asked[i] for i in rows]
            if crops is None:
                said = generate(self.net, some, limit=limit)
            else:
                with torch.inference_mode():
                    seen = self.net.see(torch.from_numpy(np.ascontiguousarray(crops[rows])))
                said = generate(self.net, some, range(len(rows)), *seen, limit=limit)
            answers |= zip(rows, map(_said, said), strict=True)
        return [answers[i] for i in range(len(asked))]

    @torch.inference_mode()
    def read(self, texts: Sequence[Prompt], *, base: bool = False) -> list[np.ndarray]:
        """See Reader.read. Raises ConfigError where the base is asked for a token that it does not have."""
        likely: dict[int, np.ndarray] = {}
        for rows in self.net.alike(texts, _READ_TOGETHER):
            sequences = self.net.sequences([texts[i] for i in rows], [-1] * len(rows))
            if base and bool((sequences.ids >= self.net.tokenizer.own).any()):
                raise ConfigError("a text holds <FACE>, which the base language model does not know; leave it out")
            with self._base() if base else nullcontext():
                _, hidden = self.net.read(self.net.embed(sequences.ids, sequences.image, None))
                for row, i in enumerate(rows):
                    asked = sequences.learnt[row, 1:]
                    logits = self.net.logits(hidden[row, :-1][asked])
                    logits = logits[:, : self.net.tokenizer.own] if base else logits
                    ids = sequences.ids[row, 1:][asked]
                    likely[i] = torch.log_softmax(logits.float(), -1).gather(1, ids[:, None])[:, 0].numpy()
        return [likely[i] for i in range(len(texts))]

    def base_words(self, asked: Sequence[Prompt], *, limit: int = 64) -> list[str]:
        """See Reader.base_words."""
        with self._base():
            return [answer.text for answer in self.say(asked, limit=limit)]

    def close(self) -> None:
        """Nothing to free beyond the weights."""

    @contextmanager
    def _base(self) -> Iterator[None]:
        """The language model as it was before the training: no adapters, and a <FACE> that nobody says."""
        net, own = self.net, list(adapters(self.net.language))
        scales, ours = [adapter.scale for _, adapter in own], net.ours.detach().clone()
        try:
            for _, adapter in own:
                adapter.scale = 0.0
            net.ours.data.zero_()
            yield
        finally:
            for (_, adapter), scale in zip(own, scales, strict=True):
                adapter.scale = scale
            net.ours.data.copy_(ours)


def _said(answer: Answer) -> Said:
    raw = None if answer.raw is None else answer.raw.detach().float().numpy()
    return Said(answer.text, raw, answer.finished)
