"""ICT-FaceKit (Li et al., 2020): the folder of .obj files of its authors, or one .npz with the same numbers.

Folder: generic_neutral_mesh.obj, identity000.obj … (each the face with that coefficient at 1), <expression>.obj
likewise, and vertex_indices.json with idx_to_landmark_verts (68). .npz: neutral (V, 3), id (I, V, 3) and expr (E, V, 3)
deltas, id_names, expr_names, faces (F, 4) quads (a triangle ends in -1), landmarks68 (68,). Both in cm; identity in σ,
expressions in activations.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.loaders.array_files import NpzFile
from facegpt_ros.morphable.loaders.fields import Fields
from facegpt_ros.morphable.loaders.landmark_file import Landmarks
from facegpt_ros.morphable.loaders.loaded import Axes, RawModel

LICENCE = "MIT, (c) 2020 USC Institute for Creative Technologies"
CURE = "get it again from https://github.com/ICT-VGL/ICT-FaceKit"
NEUTRAL = "generic_neutral_mesh.obj"
_FACE_VERTICES, _ALL_VERTICES = 9409, 26719  # the skin of the face comes first in the model as published


def load_npz(path: Path, identity: int | None, expression: int | None) -> RawModel:
    """The .npz; identity and expression are how many axes to keep, None for all.

    Raises:
        ModelError: a key is missing or wrong.
    """
    fields = Fields(path, NpzFile(path), CURE)
    neutral = fields.numbers("neutral", None, 3)
    v = len(neutral)
    quads = fields.integers("faces", None, 4, low=-1, high=v)
    whole = quads[:, 3] >= 0
    triangles = np.concatenate([fans(quads[whole]), quads[~whole, :3]])

    def axes(key: str, names: str, most: int | None) -> Axes:
        deltas = fields.numbers(key, None, v, 3)[:most]
        words = [f"{key}_{i:03d}" for i in range(len(deltas))]
        if names in fields:
            words = [str(word) for word in fields.words(names)][:most]
        if len(words) != len(deltas):
            raise fields.error(names, f"has {len(words)} words for {len(deltas)} axes")
        return Axes(deltas.reshape(len(deltas), -1).T, np.ones(len(deltas), np.float32), tuple(words))

    landmarks = fields.integers("landmarks68", 68, low=0, high=v)
    return _raw(
        neutral,
        triangles,
        axes("id", "id_names", identity),
        axes("expr", "expr_names", expression),
        landmarks.tolist(),
    )


def load_folder(folder: Path, identity: int | None, expression: int | None) -> tuple[RawModel, str]:
    """The folder of .obj files, and a sha256 over all that were read.

    Raises:
        ModelError: a file is missing, garbled, or has another number of vertices.
    """
    digest = hashlib.sha256()
    neutral, lines = _read_obj(folder / NEUTRAL, digest)
    identities = sorted(folder.glob("identity[0-9]*.obj"))[:identity]
    others = sorted(p for p in folder.glob("*.obj") if p.name != NEUTRAL and not p.name.startswith("identity"))[
        :expression
    ]
    if not identities:
        raise ModelError(f"{folder}: identity000.obj is missing; {CURE}")
    index = next(
        (p for p in (folder / "vertex_indices.json", folder.parent / "vertex_indices.json") if p.exists()), None
    )
    landmarks: list[int] = []
    if index:
        try:
            landmarks = [int(i) for i in json.loads(index.read_bytes())["idx_to_landmark_verts"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(f"{index}: idx_to_landmark_verts cannot be read ({error!r}); {CURE}") from error
        if len(landmarks) != 68:
            raise ModelError(f"{index}: idx_to_landmark_verts has {len(landmarks)} numbers, not 68; {CURE}")

    def axes(paths: list[Path]) -> Axes:
        deltas = np.empty((neutral.size, len(paths)), np.float32)
        for i, path in enumerate(paths):
            vertices, _ = _read_obj(path, digest)
            if vertices.shape != neutral.shape:
                raise ModelError(f"{path}: {len(vertices)} vertices, {NEUTRAL} has {len(neutral)}; {CURE}")
            deltas[:, i] = (vertices - neutral).ravel()
        return Axes(deltas, np.ones(len(paths), np.float32), tuple(path.stem for path in paths))

    return _raw(
        neutral, _triangles(folder / NEUTRAL, lines), axes(identities), axes(others), landmarks
    ), digest.hexdigest()


def fans(polygons: np.ndarray) -> np.ndarray:
    """Polygons (F, n) → triangles (F·(n - 2), 3)."""
    first, rest = polygons[:, :1], polygons[:, 1:]
    return np.concatenate([np.hstack([first, rest[:, i : i + 2]]) for i in range(rest.shape[1] - 1)])


def _raw(neutral: np.ndarray, triangles: np.ndarray, identity: Axes, moving: Axes, landmarks: list[int]) -> RawModel:
    face = np.ones(len(neutral), np.float32)
    if len(neutral) == _ALL_VERTICES:
        face[_FACE_VERTICES:] = 0
    return RawModel(
        name="ict_facekit",
        version="light",
        licence=LICENCE,
        mean=neutral,
        triangles=triangles,
        identity=identity,
        expression=moving,
        metres_per_unit=0.01,
        landmarks=Landmarks(dict(enumerate(landmarks))),
        activations=True,
        regions={"face": face},
    )


def _read_obj(path: Path, digest: Any) -> tuple[np.ndarray, list[bytes]]:
    """Vertices (V, 3) float32 and all lines."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); {CURE}") from error
    digest.update(data)
    lines = data.splitlines()
    words = b" ".join(line[2:] for line in lines if line.startswith(b"v ")).split()
    try:
        vertices = np.array(words, np.float32).reshape(-1, 3)
    except ValueError as error:
        raise ModelError(f"{path}: its vertices are no triples of numbers ({error}); {CURE}") from error
    if not len(vertices) or not np.isfinite(vertices).all():
        raise ModelError(f"{path} has no vertices, or one that is not finite; {CURE}")
    return vertices, lines


def _triangles(path: Path, lines: list[bytes]) -> np.ndarray:
    """(F, 3) from the triangles and quads of an .obj."""
    polygons: dict[int, list[list[int]]] = {3: [], 4: []}
    try:
        for line in lines:
            if line.startswith(b"f "):
                corners = [int(word.split(b"/", 1)[0]) - 1 for word in line.split()[1:]]
                polygons[len(corners)].append(corners)
    except (ValueError, KeyError) as error:
        raise ModelError(f"{path}: a face is no triangle or quad of numbers ({error}); {CURE}") from error
    return np.concatenate([fans(np.array(corners, np.int64).reshape(-1, n)) for n, corners in polygons.items()])
