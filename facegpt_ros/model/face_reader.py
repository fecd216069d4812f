"""Faces from what is read, by the face graph: frames, and prompts of words. numpy's counterpart of FaceVLM."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from facegpt_ros.backends.base import Backend
from facegpt_ros.backends.choose import Choice
from facegpt_ros.backends.onnx_runtime import language_threads
from facegpt_ros.face import CropEstimate
from facegpt_ros.model.built_graphs import BuiltGraphs
from facegpt_ros.model.spread import decode_spread
from facegpt_ros.model.theta import ThetaLayout


class Read(NamedTuple):
    """Of N prompts: raw θ (N, size), the same decoded, with its spread, and the log odds (N,) that they ask for it."""

    raw: np.ndarray
    estimate: CropEstimate
    asked: np.ndarray


class FaceReader:
    """Not thread-safe.

    Args:
        graphs: of facegpt_build.build.
        layout: of θ.
        threads: of one inference; 0 chooses for this machine.
        choice: of what computes.
        layers: after how many a frame is read, one of graphs.exits; 0: after as many as words are.

    Attributes:
        config, layers: of the language model, and how many of its layers read a frame.
        before, after: positions of a frame before its image, which were read once, and behind it.
    """

    def __init__(
        self,
        graphs: BuiltGraphs,
        layout: ThetaLayout,
        threads: int = 0,
        choice: Choice | None = None,
        layers: int = 0,
    ) -> None:
        self._graphs, self._layout = graphs, layout
        self._threads, self._choice = threads or language_threads(), choice or Choice()
        self.config, self.layers = graphs.config, layers or graphs.depth
        self._opened: dict[int, Backend] = {}  # by their number of layers
        self._graph(self.layers)
        prefixes = graphs.prefixes().early(self.layers)
        self._frame, self._text, self._suffix = prefixes.frame, prefixes.text, prefixes.suffix
        self.before, self.after = self._frame[0].shape[3], len(self._suffix)

    @property
    def provider(self) -> str:
        """What computes now."""
        return self._opened[self.layers].provider

    @property
    def problem(self) -> str:
        """Why that is not what shall; empty where nothing is wrong."""
        return next((why for graph in self._opened.values() if (why := getattr(graph, "problem", ""))), "")

    def frames(self, image_tokens: np.ndarray, guess: np.ndarray) -> Read:
        """The per-frame prompt of each crop: (N, T, D) and (N, size) of the vision graph."""
        suffix = np.broadcast_to(self._suffix, (len(image_tokens), *self._suffix.shape))
        return self._read(self.layers, np.concatenate([image_tokens, suffix], 1), guess, self._frame)

    def prompt(self, embeddings: np.ndarray, guess: np.ndarray | None) -> Read:
        """One prompt without what every prompt begins with (prompts.prefix), its last token <FACE>.

        Args:
            embeddings: (1, T, D).
            guess: (1, size), of the crop that it is about; None: the mean face.
        """
        guess = self._layout.mean()[None] if guess is None else guess
        return self._read(self._graphs.depth, embeddings, guess, self._text)

    def close(self) -> None:
        for graph in self._opened.values():
            graph.close()

    def _graph(self, layers: int) -> Backend:
        """Opened when first it is needed: a robot that is never spoken to holds the one of its frames alone."""
        if layers not in self._opened:
            self._opened[layers] = self._choice.open(self._graphs.frame(layers), self._threads)
        return self._opened[layers]

    def _read(
        self, layers: int, embeddings: np.ndarray, guess: np.ndarray, before: tuple[np.ndarray, np.ndarray]
    ) -> Read:
        feeds = {"embeddings": embeddings, "guess": guess, "past_keys": before[0], "past_values": before[1]}
        out = self._graph(layers).run(feeds)
        spread = decode_spread(out["spread"], self._layout.n_expression)
        return Read(out["theta"], replace(self._layout.decode(out["theta"]), spread=spread), out["asked"][:, 0])
