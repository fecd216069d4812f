"""Coefficients in files: what `facegpt reconstruct` writes, and what `facegpt morphable convert` reads and writes.

JSON, every part optional, what is missing being zero:

    {"identity": [α_1, …], "expression": {"jawOpen": 0.3}, "albedo": [γ_1, …],
     "pose": {"translation_m": [x, y, z], "quaternion_xyzw": [x, y, z, w]}}

A group is a list of all its coefficients or an object of some by name; the groups may also lie inside "theta", as
`facegpt reconstruct` writes them. Instead of them, "deep3d": [257 numbers] is Deep3DFaceRecon's vector. An .npz holds
the same names as arrays: identity (I,), expression (E,), albedo (A,), translation_m (3,), quaternion_xyzw (4,), deep3d.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.loaders.array_files import NpzFile
from facegpt_ros.morphable.loaders.deep3d_vector import Deep3DCoefficients
from facegpt_ros.morphable.pose import quaternion_from_matrix

FORMAT = "facegpt-theta/1"
_CURE = 'write {"identity": […], "expression": […], "albedo": […]}'
_POSE = {"translation_m": 3, "quaternion_xyzw": 4}


@dataclass(frozen=True)
class Theta:
    """A face by one model's coefficients.

    Attributes:
        identity, expression, albedo: (I,), (E,), (A,) float64.
        rotation: (3, 3) model → optical frame and translation: (3,) m, or None for both: the pose is not known.
    """

    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    rotation: np.ndarray | None = None
    translation: np.ndarray | None = None


def read_theta(path: Path, model: LinearModel) -> Theta:
    """Reads one face's coefficients for a model.

    Raises:
        ModelError: the file cannot be read, a group has another length than the model's, or a value is not finite.
    """
    content = _npz(path) if path.suffix == ".npz" else _json(path)
    if "deep3d" in content:
        return _deep3d(path, content["deep3d"], model)
    names = {
        "identity": model.identity_names,
        "expression": model.expression_names,
        "albedo": model.albedo_names,
    }
    if not any(group in content for group in names):
        raise ModelError(f"{path}: holds none of {', '.join(names)}; {_CURE}")
    groups = {group: _group(path, group, content.get(group), names[group], model) for group in names}
    pose = {key: _numbers(path, key, content[key], count) for key, count in _POSE.items() if key in content}
    if len(pose) == 1:
        raise ModelError(f"{path}: holds {', '.join(pose)} alone; a pose is translation_m and quaternion_xyzw")
    if not pose:
        return Theta(**groups)
    return Theta(**groups, rotation=_matrix(path, pose["quaternion_xyzw"]), translation=pose["translation_m"])


def theta_document(theta: Theta, model: LinearModel) -> dict[str, Any]:
    """θ as JSON takes it, with the names of what the numbers mean."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "morphable_model": {
            "name": model.name,
            "version": model.version,
            "sha256": model.sha256,
            "licence": model.licence,
        },
        "identity": _rounded(theta.identity),
        "expression": dict(zip(model.expression_names, _rounded(theta.expression), strict=True)),
        "albedo": _rounded(theta.albedo),
    }
    if theta.rotation is not None and theta.translation is not None:
        quaternion = quaternion_from_matrix(theta.rotation)
        document["pose"] = {
            "translation_m": _rounded(theta.translation, 6),
            "quaternion_xyzw": _rounded(np.array(quaternion), 6),
        }
    return document


def write_theta(path: Path, theta: Theta, model: LinearModel, more: Mapping[str, Any]) -> None:
    """Writes .json, with `more` appended, or .npz, with arrays only.

    Raises:
        ModelError: another suffix, or the file cannot be written.
    """
    document = theta_document(theta, model)
    if path.suffix == ".npz":
        arrays: dict[str, Any] = {
            "identity": theta.identity,
            "expression": theta.expression,
            "albedo": theta.albedo,
            **{key: np.array(value) for key, value in document.get("pose", {}).items()},
        }
        data = io.BytesIO()
        np.savez(data, **arrays)
        content = data.getvalue()
    elif path.suffix == ".json":
        lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in {**document, **more}.items())
        content = f"{{\n{lines}\n}}\n".encode()
    else:
        raise ModelError(f"{path}: coefficients are written as .json or .npz; choose one of these endings")
    try:
        write_whole(path, content)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; name a folder that exists") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; name an existing .json or .npz") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is no JSON ({error}); {_CURE}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds a {type(content).__name__}, not an object; {_CURE}")
    for inner in ("theta", "pose"):
        if isinstance(content.get(inner), dict):
            content = {**content, **content[inner]}
    return content


def _npz(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ModelError(f"{path}: No such file; name an existing .json or .npz")
    file = NpzFile(path)
    return {key: file[key] for key in ("identity", "expression", "albedo", "deep3d", *_POSE) if key in file}


def _group(path: Path, group: str, value: Any, names: tuple[str, ...], model: LinearModel) -> np.ndarray:
    if value is None:
        return np.zeros(len(names))
    if isinstance(value, dict):
        unknown = sorted(set(value) - set(names))
        if unknown:
            raise ModelError(f"{path}: {group} names '{unknown[0]}', which {model.name} does not have")
        value = [value.get(name, 0) for name in names]
    return _numbers(path, group, value, len(names), f", the number of {model.name}'s axes")


def _numbers(path: Path, key: str, value: Any, count: int, why: str = "") -> np.ndarray:
    try:
        numbers = np.asarray(value, np.float64)
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path}: {key} holds something that is no number ({error}); {_CURE}") from error
    if numbers.shape != (count,):
        raise ModelError(f"{path}: {key} has the shape {numbers.shape}, not ({count},){why}")
    if not np.isfinite(numbers).all():
        raise ModelError(f"{path}: {key} holds a value that is not finite")
    return numbers


def _deep3d(path: Path, vector: Any, model: LinearModel) -> Theta:
    parts = Deep3DCoefficients.split(_numbers(path, "deep3d", vector, 257))
    held = tuple(len(n) for n in (model.identity_names, model.expression_names, model.albedo_names))
    if held != (80, 64, 80):
        raise ModelError(
            f"{path}: holds Deep3DFaceRecon's 257 coefficients, and {model.name} has {held} axes, not (80, 64, 80); "
            "load BFM_model_front.mat"
        )
    rotation, translation = parts.pose(model.bases["mean"])
    return Theta(parts.identity, parts.expression, parts.albedo, rotation, translation)


def _matrix(path: Path, quaternion: np.ndarray) -> np.ndarray:
    """Unit quaternion (x, y, z, w) → (3, 3)."""
    length = float(np.linalg.norm(quaternion))
    if not 0.9 < length < 1.1:
        raise ModelError(f"{path}: quaternion_xyzw has the length {length:.3g}, not 1")
    x, y, z, w = quaternion / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _rounded(values: np.ndarray, digits: int = 5) -> list[float]:
    return (np.round(np.asarray(values, np.float64), digits) + 0.0).tolist()
