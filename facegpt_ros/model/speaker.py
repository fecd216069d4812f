"""Answers in words, token by token, by the decode graph: numpy's counterpart of generate.generate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facegpt_ros.backends.onnx_cpu import OnnxCpu
from facegpt_ros.errors import ConfigError
from facegpt_ros.face import CropEstimate
from facegpt_ros.model import prompts
from facegpt_ros.model.facegpt_build import BuiltGraphs
from facegpt_ros.model.spread import decode_spread
from facegpt_ros.model.theta import ThetaLayout


@dataclass(frozen=True)
class Said:
    """One answer.

    Attributes:
        text: without special tokens; <FACE> is left out.
        raw: θ (size,) of the first <FACE>, as ThetaLayout decodes it; None where the answer has none.
        estimate: the same decoded, as of one crop, with its spread.
        finished: whether it ended by itself, not by the limit.
    """

    text: str
    raw: np.ndarray | None
    estimate: CropEstimate | None
    finished: bool


class Speaker:
    """Keeps what it needs to speak loaded; not thread-safe.

    Args:
        graphs: of facegpt_build.build.
        layout: of θ.
        image_tokens: T, of a crop.
        threads: of one inference; 0 chooses for this machine.
    """

    def __init__(self, graphs: BuiltGraphs, layout: ThetaLayout, image_tokens: int, threads: int = 0) -> None:
        self._config, self._layout, self._image_tokens = graphs.config, layout, image_tokens
        self._tokenizer = graphs.tokenizer()
        self._embedding = graphs.embedding()
        self._decode = OnnxCpu(graphs.decode, threads)
        self._head = OnnxCpu(graphs.head, threads)

    def say(
        self,
        parts: Sequence[prompts.Part],
        image_tokens: np.ndarray | None = None,
        guess: np.ndarray | None = None,
        *,
        limit: int = 64,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Said:
        """The answer to a prompt that ends with the assistant's turn open.

        Args:
            image_tokens, guess: (1, T, D) and (1, size) of the crop that the prompt is about; None without one.
            limit: tokens of the answer.
            temperature: 0 always says the likeliest token.
            seed: of what chance chooses at a temperature above 0.

        Raises:
            ConfigError: the prompt is empty, too long or about another number of images, or an argument has no sense.
        """
        if limit < 1 or not (math.isfinite(temperature) and temperature >= 0):
            raise ConfigError(f"limit is {limit} and temperature {temperature}; give at least 1, and 0 or more")
        rng = np.random.default_rng(seed)
        x = self._embed_prompt(parts, image_tokens, limit)
        config = self._config
        keys = values = np.zeros((config.layers, 1, config.key_heads, 0, config.head_width), np.float32)
        said: list[int] = []
        raw, estimate = None, None
        while True:
            out = self._decode.run({"embeddings": x, "past_keys": keys, "past_values": values})
            keys, values = out["keys"], out["values"]
            if said and said[-1] == self._tokenizer.face and estimate is None:
                raw, estimate = self._face(out["hidden"], guess)
            if len(said) == limit:
                break
            said.append(_chosen(out["logits"][0], temperature, rng))
            if said[-1] == self._tokenizer.end:
                break
            x = self._rows(said[-1:])
        finished = said[-1] == self._tokenizer.end
        return Said(self._tokenizer.decode(said[:-1] if finished else said).strip(), raw, estimate, finished)

    def close(self) -> None:
        """Frees the graphs."""
        self._decode.close()
        self._head.close()

    def _embed_prompt(self, parts: Sequence[prompts.Part], image_tokens: np.ndarray | None, limit: int) -> np.ndarray:
        """(1, T, D) float32."""
        ids = np.array(prompts.tokens(parts, self._tokenizer, self._image_tokens)[0], np.int64)
        if not len(ids) or len(ids) + limit > self._config.context:
            raise ConfigError(
                f"the prompt has {len(ids)} tokens and the answer may have {limit}; together they must be at least 2 "
                f"and at most {self._config.context}: ask shorter"
            )
        pictured = ids < 0
        x = self._rows(np.maximum(ids, 0))
        if pictured.any() or image_tokens is not None:
            wanted = int(pictured.sum())
            given = 0 if image_tokens is None else image_tokens.shape[0] * image_tokens.shape[1]
            if wanted != given:
                raise ConfigError(
                    f"the prompt has room for {wanted // self._image_tokens} images, "
                    f"{given // self._image_tokens} came with it; give one crop with a prompt of one image"
                )
            if image_tokens is not None:
                x[0, pictured] = image_tokens[0]
        return x

    def _rows(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        return np.asarray(self._embedding[ids], np.float32)[None]

    def _face(self, hidden: np.ndarray, guess: np.ndarray | None) -> tuple[np.ndarray, CropEstimate]:
        first = self._layout.mean()[None] if guess is None else guess
        out = self._head.run({"hidden": hidden, "guess": first})
        spread = decode_spread(out["spread"], self._layout.n_expression)
        return out["theta"][0], replace(self._layout.decode(out["theta"]), spread=spread)


def _chosen(logits: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    scaled = (logits.astype(np.float64) - logits.max()) / temperature
    likely = np.exp(scaled)
    return int(rng.choice(len(likely), p=likely / likely.sum()))
