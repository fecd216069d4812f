"""Answers: a face where one is asked for, else words, token by token, by the decode graph.

numpy's counterpart of generate.generate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from facegpt_ros.backends.choose import Choice
from facegpt_ros.errors import ConfigError
from facegpt_ros.face import CropEstimate
from facegpt_ros.model import prompts
from facegpt_ros.model.built_graphs import BuiltGraphs
from facegpt_ros.model.decoder import Decoder
from facegpt_ros.model.face_reader import FaceReader, Read


@dataclass(frozen=True)
class Said:
    """One answer.

    Attributes:
        text: without special tokens.
        raw: θ (size,) of its <FACE>, as ThetaLayout decodes it; None where no face was asked for.
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
        reader: of the same; it stays the caller's.
        image_tokens: T, of a crop.
        threads: of one inference; 0 chooses for this machine.
        choice: of what computes.
    """

    def __init__(
        self,
        graphs: BuiltGraphs,
        reader: FaceReader,
        image_tokens: int,
        threads: int = 0,
        choice: Choice | None = None,
    ) -> None:
        self._config, self._reader, self._image_tokens = graphs.config, reader, image_tokens
        self._tokenizer = graphs.tokenizer()
        self._embedding = graphs.embedding()
        self._decode = Decoder(graphs, threads, choice)
        self._before = len(prompts.tokens(prompts.prefix(), self._tokenizer, 0))

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
        read = self._read(parts, image_tokens, guess)
        if read.asked[0] > 0:
            return Said(prompts.HERE, read.raw[0], read.estimate, True)
        rng = np.random.default_rng(seed)
        ids = prompts.tokens(prompts.to_answer(parts), self._tokenizer, 0)
        self._check_room(len(ids), limit)
        said: list[int] = []
        for logits in self._foresee(ids, said, limit):
            said.append(_chosen(logits, temperature, rng))
            if said[-1] == self._tokenizer.end or len(said) == limit:
                break
        finished = said[-1] == self._tokenizer.end
        return Said(self._tokenizer.decode(said[:-1] if finished else said).strip(), None, None, finished)

    def likelihoods(self, text: str) -> np.ndarray:
        """Log-likelihood of every token but the first of plain text, by what came before, nats: (T - 1,).

        Raises:
            ConfigError: the text is longer than the language model reads.
        """
        ids = self._tokenizer.encode(text)
        self._check_room(len(ids))
        found: list[float] = []
        read: list[int] = []
        for logits in self._foresee(ids[:1], read, len(ids)) if len(ids) > 1 else ():
            read.append(ids[1 + len(read)])
            found.append(float(logits[read[-1]] - np.logaddexp.reduce(logits.astype(np.float64))))
            if len(found) == len(ids) - 1:
                break
        return np.array(found)

    def close(self) -> None:
        """Frees the graph."""
        self._decode.close()

    def _foresee(self, ids: list[int], said: list[int], room: int) -> Iterator[np.ndarray]:
        """Logits (V,) after these tokens, and then after each further one, room at most, that the caller has appended
        to said."""
        self._decode.begin(len(ids) + room)
        yield self._decode.read(self._rows(ids))
        while True:
            yield self._decode.read(self._rows(said[-1:]))

    def _read(self, parts: Sequence[prompts.Part], image_tokens: np.ndarray | None, guess: np.ndarray | None) -> Read:
        ids = np.array(prompts.tokens(prompts.to_read(parts), self._tokenizer, self._image_tokens), np.int64)
        if not parts:
            raise ConfigError("the prompt is empty; make one with prompts.chat")
        self._check_room(len(ids))
        ids = ids[self._before :]
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
        return self._reader.prompt(x, guess)

    def _check_room(self, tokens: int, limit: int = 0) -> None:
        if tokens + limit > self._config.context:
            raise ConfigError(
                f"the text has {tokens} tokens and the answer may have {limit}; together they may be "
                f"{self._config.context}: give a shorter one"
            )

    def _rows(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Embeddings (1, T, D) float32."""
        return np.asarray(self._embedding[np.asarray(ids)], np.float32)[None]


def _chosen(logits: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    scaled = (logits.astype(np.float64) - logits.max()) / temperature
    likely = np.exp(scaled)
    return int(rng.choice(len(likely), p=likely / likely.sum()))
