"""The FaceGPT estimator: vision graph, then the language model up to <FACE>; and the same model's answers in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facegpt_ros import recipes
from facegpt_ros.backends.base import Backend
from facegpt_ros.backends.choose import Choice, choose
from facegpt_ros.backends.onnx_runtime import language_threads
from facegpt_ros.errors import ImageError, ModelError, WeightsError
from facegpt_ros.face import CropEstimate
from facegpt_ros.model import prompts
from facegpt_ros.model.built_graphs import BuiltGraphs
from facegpt_ros.model.face_reader import FaceReader
from facegpt_ros.model.facegpt_build import build
from facegpt_ros.model.facegpt_file import FaceGPTFile, sha256_of
from facegpt_ros.model.fitness import check_crops, check_trained_for
from facegpt_ros.model.portable_graph import open_shipped
from facegpt_ros.model.speaker import Said, Speaker
from facegpt_ros.morphable.model import MorphableModel

VISION_FILE = "facegpt_vision_int8.onnx"  # what the export calls the vision graph, beside facegpt.safetensors


class FaceGPTEstimator:
    """An Estimator (model/estimator.py) that also says how sure it is, and speaks.

    The first time it builds its graphs on this machine, for about a minute; then they come from the cache.

    Args:
        path: facegpt.safetensors of `facegpt train export-facegpt`.
        model: whose coefficients it must speak.
        language: the GGUF that it was trained with.
        vision: its vision graph; None: the one beside path.
        threads: of one inference, what sees and what reads in turn; 0 chooses for this machine.
        precision: of the language model on each frame: int8, int8_blocks, fp16 or fp32 (model/matrix.py), or auto.
        layers: of the language model that read a frame; 0: as the recipe for this machine says.
        graphs: built from path before; None: from the cache, or built now.
        backend: auto, or one of backends/choose.BACKENDS.

    Raises:
        ConfigError: the backend, the precision or layers is unknown, or cannot run here.
        WeightsError: a file is missing, altered, or made for another morphable model; or the cache cannot be written.
    """

    def __init__(
        self,
        path: Path,
        model: MorphableModel,
        language: Path,
        vision: Path | None = None,
        threads: int = 0,
        precision: str = "int8",
        graphs: BuiltGraphs | None = None,
        backend: str = "onnxruntime",
        layers: int = 0,
    ) -> None:
        self._choice = choose(backend, precision)
        file = FaceGPTFile.open(path)
        check_trained_for(path, file.layout, file.model_sha256, model)
        self.vision_path = vision or path.with_name(VISION_FILE)
        self._vision = _open_vision(file, self.vision_path, threads, self._choice)
        self.graphs = graphs or build(file, language, self._choice.precision)
        layers = self.graphs.layers_of_frames(layers, recipes.of_this_machine())
        self.reader = FaceReader(self.graphs, file.layout, threads, self._choice, layers)
        self._threads, self._image_tokens = threads, file.image_tokens
        self._speaker: Speaker | None = None
        self.crop_size, self.precision = file.size, self._choice.precision
        self.vision_precision = self.precision if self._choice.plain else "int8"
        self.model_id = f"facegpt@{file.sha256[:8]}"
        try:  # what does not fit together is an error of now, not of the first frame
            self.infer(np.zeros((1, self.crop_size, self.crop_size, 3), np.uint8))
        except (KeyError, ModelError) as error:
            raise WeightsError(f"{path}: {error}; export it again") from error

    @property
    def provider(self) -> str:
        """What computes now, the language model above all."""
        return self.reader.provider

    @property
    def provider_note(self) -> str:
        """Why no better backend runs; empty where the best does."""
        return self._choice.note

    @property
    def problem(self) -> str:
        """What failed, and what computes instead; empty where nothing is wrong."""
        return self.reader.problem or getattr(self._vision, "problem", "")

    def infer(self, crops: np.ndarray) -> CropEstimate:
        """See Estimator.infer; with a spread. Raises ImageError for crops of another shape or type."""
        return self.reader.frames(*self.see(crops)).estimate

    def say(
        self,
        parts: Sequence[prompts.Part],
        crops: np.ndarray | None = None,
        limit: int = 64,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Said:
        """The answer to a prompt (prompts.chat) that ends with the assistant's turn open: a face, or words.

        Args:
            parts: of the prompt.
            crops: (1, S, S, 3) uint8 BGR where the prompt is about an image, else None.
            limit: tokens of the answer.
            temperature: 0 always says the likeliest token.
            seed: of what chance chooses at a temperature above 0.

        Raises:
            ConfigError: the prompt is too long, or about another number of images.
            ImageError: the crop has another shape or type.
        """
        if crops is not None and len(crops) != 1:
            raise ImageError(f"{len(crops)} crops came with one prompt; give the one that it is about")
        seen = (None, None) if crops is None else self.see(crops)
        return self._speaking().say(parts, *seen, limit=limit, temperature=temperature, seed=seed)

    def likelihoods(self, text: str) -> np.ndarray:
        """How well plain text is foreseen: see Speaker.likelihoods."""
        return self._speaking().likelihoods(text)

    def close(self) -> None:
        for part in (self._vision, self.reader, self._speaker):
            if part is not None:
                part.close()

    def _speaking(self) -> Speaker:
        """Loaded when first it is needed."""
        if self._speaker is None:
            parts = self.graphs, self.reader, self._image_tokens
            self._speaker = Speaker(*parts, self._threads, self._choice)
        return self._speaker

    def see(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Image tokens (N, T, D) and first guesses (N, size)."""
        check_crops(crops, self.crop_size)
        out = self._vision.run({"crops": crops})
        if (tokens := out["image_tokens"].shape[1]) != self._image_tokens:
            raise ModelError(f"its vision graph makes {tokens} image tokens, not the {self._image_tokens} that it says")
        return out["image_tokens"], out["guess"]


def _open_vision(file: FaceGPTFile, path: Path, threads: int, choice: Choice) -> Backend:
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; it belongs beside {file.path}, copy it there")
    found = sha256_of(path)
    if found != file.vision_sha256:
        raise WeightsError(
            f"{path}: its sha256 is {found[:8]}, {file.path} was exported with {file.vision_sha256[:8]}; "
            "copy both from one export"
        )
    return open_shipped(path, threads or language_threads(), choice)
