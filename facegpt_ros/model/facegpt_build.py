"""The graphs of FaceGPT, built once on the machine that runs them, from facegpt.safetensors and the language model.

They stay in the cache under a key of all that they were made from, and are made anew when any of it, or they, change.
Where the cache cannot be written they are made for one process, in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from facegpt_ros import engines
from facegpt_ros.backends.onnx_runtime import OnnxRuntime
from facegpt_ros.errors import CacheError, WeightsError
from facegpt_ros.model import prompts
from facegpt_ros.model.built_graphs import (
    DECODE,
    EMBEDDING,
    FACE,
    FILES,
    LANGUAGE,
    PREFIXES,
    SUMS,
    BuiltGraphs,
    altered,
    frame_file,
    tokenizer_of,
)
from facegpt_ros.model.face_graph import face_graph
from facegpt_ros.model.facegpt_file import FaceGPTFile, sha256_of
from facegpt_ros.model.fused_layers import can_fuse, fused_decode_graph
from facegpt_ros.model.gguf_file import GgufFile
from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.language_graph import decode_graph
from facegpt_ros.model.language_weights import LanguageWeights, LayerWeights
from facegpt_ros.model.matrix import Matrix, int8_limit
from facegpt_ros.private_folder import private_folders

GRAPH_VERSION = 8  # rises when the same weights give other graphs
#: What decode computes in where face computes in another: it also reads the first position of every sequence, which one
#: scale for all inputs does not survive; face is given it in float32. In SmolLM2-135M's next words after ten prompts
#: int8 strays by 0.64 nats (KL) and five times says another word, int8_blocks by 0.004 and never.
DECODE_PRECISION = {"int8": "int8_blocks"}
PART = "graphs"
Progress = Callable[[int, int], None]  # of the parts that are done, and how many there are


def built(file: FaceGPTFile, precision: str = "int8") -> BuiltGraphs | None:
    """The graphs of these weights where they lie in the cache as they were built, else None; arguments as build's."""
    folder = _folder(file, precision)
    return BuiltGraphs.open(folder) if folder.is_dir() and not altered(folder, files_of(file)) else None


def files_of(file: FaceGPTFile) -> tuple[str, ...]:
    """Names of all that a build of these weights leaves."""
    return (*FILES, *map(frame_file, file.exits))


def kept() -> list[tuple[Path, str]]:
    """The folder of every build in the cache, and what is wrong with it: empty where nothing is."""
    parent = engines.cache_dir() / PART
    folders = sorted(path for path in parent.glob("[!.]*") if path.is_dir()) if parent.is_dir() else []
    return [(folder, altered(folder)) for folder in folders]


def build(file: FaceGPTFile, language: Path, precision: str = "int8", progress: Progress | None = None) -> BuiltGraphs:
    """As build_kept; where the cache cannot be written as in_private_folder, and stderr says so."""
    try:
        return build_kept(file, language, precision, progress)
    except CacheError as error:
        graphs = in_private_folder(error, lambda folder: build_into(folder, file, language, precision, progress))
    print(graphs.note, file=sys.stderr)
    return graphs


def build_kept(
    file: FaceGPTFile, language: Path, precision: str = "int8", progress: Progress | None = None
) -> BuiltGraphs:
    """The graphs of these weights, from the cache or built into it; says on stderr how far it is.

    Args:
        file: the weights.
        language: the GGUF that they were trained with.
        precision: of the language model's matrices, see matrix.PRECISIONS; of decode's, DECODE_PRECISION.
        progress: called with the parts that are done, and how many there are.

    Raises:
        CacheError: the cache cannot be written, or is full.
        WeightsError: the language model is another one, or memory is full.
    """
    if not language.is_file():
        raise WeightsError(f"{language} is missing; run `facegpt engines prepare language_model`")
    found = sha256_of(language)
    if found != file.language_sha256:
        raise WeightsError(
            f"{language}: its sha256 is {found[:8]}, {file.path} was trained with {file.language_sha256[:8]}; "
            "use the weights and the language model of one release"
        )
    if graphs := built(file, precision):
        return graphs
    folder = _folder(file, precision)
    with engines.locked(folder.name, PART) as parent:
        if folder.is_dir():  # another process was first, or what is there is broken
            why = altered(folder, files_of(file))
            if not why:
                return BuiltGraphs.open(folder)
            print(f"{why}; building it again", file=sys.stderr)
        scratch = parent / f".{folder.name}.part"  # a fixed name: what a killed process left goes now
        try:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(mode=0o700)
            _write_all(file, language, precision, scratch, progress)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(scratch, folder)
        except (OSError, MemoryError) as error:
            raise _failure(folder, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return BuiltGraphs.open(folder)


def build_into(
    folder: Path, file: FaceGPTFile, language: Path, precision: str, progress: Progress | None = None
) -> None:
    """Builds into an empty folder that is not the cache's, after build_kept could not; raises what that does."""
    try:
        _write_all(file, language, precision, folder, progress)
    except (OSError, MemoryError) as error:
        raise _failure(folder, error) from error


def in_private_folder(why: CacheError, write: Callable[[Path], object]) -> BuiltGraphs:
    """The graphs in a folder that is gone with them, or with this process: in memory where there is room, else where
    temporary files go.

    Args:
        why: the cache could not be used.
        write: writes them into the folder, see build_into.

    Raises:
        CacheError: why, where there is no room anywhere.
        what write raises but CacheError.
    """
    for home in private_folders():
        try:
            write(home.path)
        except CacheError:
            home.close()
            continue
        except BaseException:
            home.close()
            raise
        run = f"FaceGPT's graphs run from {home.kind} ({home.path}) and are built again at the next launch"
        return replace(BuiltGraphs.open(home.path), note=f"{run}: {why}", home=home)
    raise why


def _folder(file: FaceGPTFile, precision: str) -> Path:
    made_from = {
        "version": GRAPH_VERSION,
        "weights": file.sha256,
        "language": file.language_sha256,
        "precision": precision,
        "words": DECODE_PRECISION.get(precision, precision),
        "limit": int8_limit() if precision == "int8" else 0,
        "prompts": sha256_of(Path(prompts.__file__)),  # its words are read into the face graph
    }
    key = hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]
    return engines.cache_dir() / PART / f"facegpt-{precision}-{key}"


def _write_all(
    file: FaceGPTFile, language: Path, precision: str, folder: Path, progress: Progress | None = None
) -> None:
    """Every file of a build, and at last the sums that make it one."""
    gguf = GgufFile(language)
    vocabulary = gguf.vocabulary()
    tokenizer = tokenizer_of(vocabulary)
    config = gguf.config
    depth = file.depth or config.layers
    if depth > config.layers:
        raise WeightsError(f"{file.path}: <FACE> is read after {depth} layers, {language} has {config.layers}")
    _check_room(folder, config, precision, sum(file.exits))
    if file.ours.shape != (tokenizer.size - tokenizer.own, config.width):
        raise WeightsError(f"{file.path}: <FACE> is {file.ours.shape}, the model's width {config.width}; export again")
    parts, what = 3 * depth + config.layers + len(file.exits) + 4, f"building FaceGPT ({precision}, once)"
    bar = tqdm(total=parts, desc=what, unit="part", file=sys.stderr, mininterval=0.5)

    def done() -> None:
        bar.update()
        if progress:
            progress(bar.n, bar.total)

    with bar:
        spoken = gguf.weights()
        own = LanguageWeights(config, spoken)
        read = LanguageWeights(config, spoken, file.adapters, file.lora_scale, file.reach)
        table = np.concatenate([own.embedding, file.ours])  # (V + ours, D)
        done()

        def before(parts: list[prompts.Part]) -> tuple[np.ndarray, np.ndarray]:
            return _read(read, depth, table[prompts.tokens(parts, tokenizer, 0)], done)

        held: dict[str, Any] = dict(zip(("frame_keys", "frame_values"), before(prompts.frame_prefix()), strict=True))
        held |= zip(("text_keys", "text_values"), before(prompts.prefix()), strict=True)
        suffix = table[prompts.tokens(prompts.frame_suffix(), tokenizer, 0)].astype(np.float32)
        np.savez(folder / PREFIXES, suffix=suffix, **held)

        def layers(weights: LanguageWeights, precision: str, count: int) -> list[LayerWeights]:
            out = []
            for index in range(count):
                out.append(weights.layer(index, precision))
                done()
            return out

        # What ONNX Runtime alone multiplies may be in its own operators as a whole.
        fused = precision in ("int8", "int8_blocks") and can_fuse(config)
        reads = layers(read, precision, depth)
        heads = {FACE: (depth, file.head)} | {frame_file(count): (count, head) for count, head in file.exits.items()}
        for name, (count, head) in heads.items():
            face = face_graph(config, reads[:count], read.norm, head, fused)
            (folder / name).write_bytes(face.SerializeToString())
            del face
            done()
        del reads
        wordy = DECODE_PRECISION.get(precision, precision)
        words = Matrix.of(own.embedding, wordy, int8_limit())
        write = fused_decode_graph if fused else decode_graph
        decode = write(config, layers(own, wordy, config.layers), own.norm, words)
        (folder / DECODE).write_bytes(decode.SerializeToString())
        done()
        np.save(folder / EMBEDDING, table.astype(np.float32 if precision == "fp32" else np.float16))
        held = {"config": asdict(config), "depth": depth, "exits": [*file.exits], "vocabulary": asdict(vocabulary)}
        (folder / LANGUAGE).write_text(json.dumps(held), encoding="utf-8")
        sums = json.dumps({name: sha256_of(folder / name) for name in files_of(file)})
        (folder / SUMS).write_text(sums, encoding="utf-8")
        done()


def _read(
    weights: LanguageWeights, depth: int, x: np.ndarray, done: Callable[[], object]
) -> tuple[np.ndarray, np.ndarray]:
    """Keys and values (K, 1, G, P, W) of embeddings (P, D), in float32 whatever the graphs are, one layer at a time."""
    config = weights.config
    shape = (1, 1, config.key_heads, 0, config.head_width)
    empty = np.zeros(shape, np.float32)
    keys, values, hidden = [], [], x[None].astype(np.float32)
    for index in range(depth):
        layer = decode_graph(config, [weights.layer(index, "fp32")])
        runner = OnnxRuntime.of_bytes(layer.SerializeToString(), f"layer {index}")
        out = runner.run({"embeddings": hidden, "past_keys": empty, "past_values": empty})
        hidden = out["hidden"]
        keys.append(out["keys"])
        values.append(out["values"])
        done()
    return np.concatenate(keys), np.concatenate(values)


def _check_room(folder: Path, config: LanguageConfig, precision: str, early: int) -> None:
    """Raises CacheError before minutes of work where the disk is too full for their result.

    Args:
        early: layers of all graphs for frames together, beside those that words are read and said by.
    """
    own = config.heads + 2 * config.key_heads
    layer = config.width * (config.head_width * (own + config.heads) + 3 * config.hidden)
    table = config.vocabulary * config.width
    each, of_table = {"fp32": (4.0, 4), "fp16": (2.0, 2)}.get(precision, (1.2, 2))
    needed = each * ((2 * config.layers + early) * layer + table) + of_table * table + 2**24
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CacheError(
            f"{folder.parent}: the graphs need {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free; "
            "make room, or set FACEGPT_CACHE to a folder on another disk"
        )


def _failure(folder: Path, error: OSError | MemoryError) -> WeightsError:
    if isinstance(error, MemoryError):
        why = "memory ran out while the graphs were built; close other programs, or use a smaller model"
        return WeightsError(f"{folder}: {why}")
    why = error.strerror or str(error)
    return CacheError(f"{folder}: cannot be written ({why}); make room, or set FACEGPT_CACHE to a folder that has some")
