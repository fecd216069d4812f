"""The modern set, built beside the portable one: the decode graph of opset 24, without adapters."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from tqdm import tqdm

from facegpt_ros import engines
from facegpt_ros.errors import WeightsError
from facegpt_ros.model.built_graphs import SUMS, altered
from facegpt_ros.model.facegpt_build import PART
from facegpt_ros.model.facegpt_file import FaceGPTFile, sha256_of
from facegpt_ros.model.gguf_file import GgufFile
from facegpt_ros.model.language_weights import LanguageWeights, LayerWeights
from facegpt_ros.model.matrix import Matrix
from facegpt_ros.model.modern_graph import modern_decode_graph

GRAPH_VERSION = 1  # rises when the same weights give another graph
_FILE = "decode_modern.onnx"


def build_modern(file: FaceGPTFile, language: Path, capacity: int) -> Path:
    """The graph's file, from the cache or built into it; says on stderr how far it is.

    Args:
        file: the weights, which name the language model.
        language: the GGUF that they were trained with.
        capacity: positions of the cache.

    Raises:
        WeightsError: the language model is another one, or the cache cannot be written or is full.
        ConfigError: the language model reads fewer positions.
    """
    if (found := sha256_of(language)) != file.language_sha256:
        raise WeightsError(f"{language}: its sha256 is {found[:8]}, the weights name {file.language_sha256[:8]}")
    made_from = json.dumps([GRAPH_VERSION, file.language_sha256, capacity])
    name = f"modern-fp16-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}"
    with engines.locked(name, PART) as parent:
        folder, scratch = parent / name, parent / f".{name}.part"
        if folder.is_dir() and not (why := altered(folder, [_FILE])):
            return folder / _FILE
        if folder.is_dir():
            print(f"{why}; building it again", file=sys.stderr)
        try:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(mode=0o700)
            (scratch / _FILE).write_bytes(_graph(language, capacity))
            (scratch / SUMS).write_text(json.dumps({_FILE: sha256_of(scratch / _FILE)}), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(scratch, folder)
        except (OSError, MemoryError) as error:
            why = getattr(error, "strerror", None) or "memory ran out"
            raise WeightsError(f"{folder}: cannot be written ({why}); make room, or set FACEGPT_CACHE") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return folder / _FILE


def _graph(language: Path, capacity: int) -> bytes:
    gguf = GgufFile(language)
    weights = LanguageWeights(gguf.config, gguf.weights())
    steps = tqdm(
        range(gguf.config.layers), desc="building the modern graph (fp16, once)", unit="layer", file=sys.stderr
    )
    layers: list[LayerWeights] = [weights.layer(index, "fp16") for index in steps]
    words = Matrix.of(weights.embedding, "fp16")
    return modern_decode_graph(gguf.config, layers, weights.norm, words, capacity).SerializeToString()
