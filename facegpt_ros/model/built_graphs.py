"""What a build of FaceGPT leaves: a folder of graphs and what goes with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facegpt_ros.errors import ConfigError, WeightsError
from facegpt_ros.model.facegpt_file import sha256_of
from facegpt_ros.model.gguf_file import Vocabulary
from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.tokenizer import Tokenizer
from facegpt_ros.private_folder import PrivateFolder
from facegpt_ros.recipes import Recipe

SUMS = "sha256.json"
FACE, DECODE, PREFIXES, EMBEDDING, LANGUAGE = FILES = (
    "face.onnx", "decode.onnx", "prefixes.npz", "embedding.npy", "language.json",
)  # fmt: skip


class Prefixes(NamedTuple):
    """What has been read before every frame, and before every other prompt: keys and values (K, 1, G, P, W) of each.

    suffix: (S, D), embeddings of what stands after a frame's image, <FACE> last.
    """

    def early(self, layers: int) -> Prefixes:
        """With what a frame needs that is read after so many layers."""
        keys, values = self.frame
        return self._replace(frame=(keys[:layers], values[:layers]))

    frame: tuple[np.ndarray, np.ndarray]
    text: tuple[np.ndarray, np.ndarray]
    suffix: np.ndarray


@dataclass(frozen=True)
class BuiltGraphs:
    """What a build left.

    Attributes:
        folder: of the files.
        config: of the language model.
        depth: after how many of its layers words are read.
        exits: after how few frames may be.
        note: why they are not in the cache; empty where they are.
        home: removes the folder when nothing refers to it any more; None in the cache.
    """

    folder: Path
    config: LanguageConfig
    depth: int
    exits: tuple[int, ...] = ()
    note: str = ""
    home: PrivateFolder | None = field(default=None, compare=False)

    @classmethod
    def open(cls, folder: Path) -> BuiltGraphs:
        """Those of a folder that is whole (altered)."""
        notes = json.loads((folder / LANGUAGE).read_text(encoding="utf-8"))
        return cls(folder, LanguageConfig(**notes["config"]), notes["depth"], tuple(notes["exits"]))

    @property
    def face(self) -> Path:
        """See face_graph.face_graph."""
        return self.folder / FACE

    def frame(self, layers: int) -> Path:
        """The face graph that reads frames after so many layers: one of exits, or depth."""
        return self.face if layers == self.depth else self.folder / frame_file(layers)

    @property
    def decode(self) -> Path:
        """See language_graph.decode_graph."""
        return self.folder / DECODE

    def layers_of_frames(self, asked: int, recipe: Recipe) -> int:
        """After how many layers a frame is read: as asked, or where that is 0 as the recipe says, if these weights can.

        Raises:
            ConfigError: these weights cannot do what is asked.
        """
        can = (*self.exits, self.depth)
        if asked and asked not in can:
            raise ConfigError(
                f"estimator.layers is {asked}; these weights read frames after {' or '.join(map(str, can))} layers, "
                "set it to one of them, or to 0"
            )
        return asked or (recipe.layers if recipe.layers in can else self.depth)

    def prefixes(self) -> Prefixes:
        """Read into memory, float32."""
        with np.load(self.folder / PREFIXES) as held:
            frame, text = ((held[f"{name}_keys"], held[f"{name}_values"]) for name in ("frame", "text"))
            return Prefixes(frame, text, held["suffix"])

    def embedding(self) -> np.ndarray:
        """(V + ours, D), float16 or float32, not read before it is indexed."""
        return np.load(self.folder / EMBEDDING, mmap_mode="r")

    def tokenizer(self) -> Tokenizer:
        """Of the language model, with <FACE>."""
        notes = json.loads((self.folder / LANGUAGE).read_text(encoding="utf-8"))
        return tokenizer_of(Vocabulary(**notes["vocabulary"]))


def frame_file(layers: int) -> str:
    """Name of the face graph of an exit."""
    return f"frame_{layers}.onnx"


def altered(folder: Path, files: Sequence[str] | None = None) -> str:
    """What is wrong with a build; empty where nothing is. files: which it must have; None: those that it lists."""
    try:
        expected = json.loads((folder / SUMS).read_text(encoding="utf-8"))
        wrong = [name for name in files or sorted(expected) if sha256_of(folder / name) != expected[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{folder}: cannot be read ({error})"
    return f"{folder / wrong[0]}: is not what was built" if wrong else ""


def tokenizer_of(vocabulary: Vocabulary) -> Tokenizer:
    """Of the language model, with <FACE>. Raises WeightsError where its package is missing."""
    try:
        return Tokenizer(vocabulary)
    except ImportError as error:
        raise WeightsError("FaceGPT's words need the package tokenizers: pip install tokenizers") from error
