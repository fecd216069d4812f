"""Which vertices of a model are iBUG's 68 landmarks: files that users write, that eos ships, that FLAME comes with."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.linear import Embedding
from facegpt_ros.morphable.loaders.safe_pickle import Record, UnsafePickleError, array, load_pickle

_EOS_LINE = re.compile(r"^\s*(\d+)\s*(?:=\s*|\s+)(\d+)\s*(?:[#;].*)?$")
_NPY_MAGIC = b"\x93NUMPY"
_EMBEDDINGS = (
    ("ibug68", 68, "full_lmk_faces_idx", "full_lmk_bary_coords"),
    ("ibug51", 51, "lmk_face_idx", "lmk_b_coords"),
    ("ibug51", 51, "static_lmk_faces_idx", "static_lmk_bary_coords"),
)
_ADVICE = 'write JSON such as {"36": 2134}: iBUG number to vertex'


@dataclass(frozen=True)
class Landmarks:
    """Where iBUG's points are on a model.

    Attributes:
        vertices: number 0..67 → vertex.
        surface: "ibug68" or "ibug51" (all but the jaw) → triangles and barycentric weights.
    """

    vertices: dict[int, int] = field(default_factory=dict)
    surface: dict[str, Embedding] = field(default_factory=dict)


def read_landmarks(path: Path) -> Landmarks:
    """Reads a landmark file.

    - .json: {"36": 2134, …}, iBUG number 0..67 → vertex.
    - .txt: eos' ibug_to_….txt, "37 = 2134" a line, iBUG number 1..68 → vertex.
    - .pkl, .npy: FLAME's flame_static_embedding.pkl (lmk_face_idx, lmk_b_coords; 51 points) and DECA's
      landmark_embedding.npy (full_lmk_faces_idx, full_lmk_bary_coords; 68 points), without running their pickles.

    Raises:
        ModelError: the file cannot be read or says something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; name an existing landmark file") from error
    readers = {".json": _json, ".txt": _eos, ".pkl": _flame, ".npy": _flame}
    if path.suffix.lower() not in readers:
        raise ModelError(f"{path}: landmark files end in {', '.join(readers)}")
    try:
        found = readers[path.suffix.lower()](data)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ModelError(f"{path} is no landmark file ({error}); {_ADVICE}") from error
    if not found.vertices and not found.surface:
        raise ModelError(f"{path} names no landmark; {_ADVICE}")
    return found


def _json(data: bytes) -> Landmarks:
    return Landmarks({int(number): int(vertex) for number, vertex in json.loads(data).items()})


def _eos(data: bytes) -> Landmarks:
    lines = (_EOS_LINE.match(line) for line in data.decode("utf-8", "replace").splitlines())
    return Landmarks({int(m[1]) - 1: int(m[2]) for m in lines if m})


def _flame(data: bytes) -> Landmarks:
    if data.startswith(_NPY_MAGIC):
        (length,) = np.frombuffer(data[8:10], "<u2")
        content = load_pickle(data[10 + int(length) :])
        if isinstance(content, Record):  # numpy saves an object as the only element of an array
            content = content.state[4][0]
    else:
        content = load_pickle(data)
    if not isinstance(content, dict):
        raise UnsafePickleError(f"it holds a {type(content).__name__}")
    for scheme, count, triangle, weights in _EMBEDDINGS:
        if triangle in content:
            faces, corners = array(content[triangle]).reshape(count), array(content[weights]).reshape(count, 3)
            return Landmarks(surface={scheme: (faces.astype(np.int64), corners.astype(np.float32))})
    raise KeyError(f"{_EMBEDDINGS[0][2]} and {_EMBEDDINGS[1][2]} are missing")
