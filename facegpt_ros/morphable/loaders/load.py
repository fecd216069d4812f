"""One door to every face model: tells the format by the file's content and calls its loader."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.loaders import bfm2009, bfm2017, flame, ict, surrey
from facegpt_ros.morphable.loaders.array_files import Hdf5File, MatFile, NpzFile
from facegpt_ros.morphable.loaders.landmark_file import read_landmarks
from facegpt_ros.morphable.loaders.loaded import RawModel
from facegpt_ros.morphable.model import MorphableModel

KNOWN = (
    "the open face (.safetensors), BFM 2009 (01_MorphableModel.mat, BFM_model_front.mat), BFM 2017/2019 (.h5), "
    "FLAME (.pkl, .npz), ICT-FaceKit (its folder FaceXModel, .npz), eos models such as Surrey's (.bin)"
)
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MATLAB = b"MATLAB "
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def load_model(
    path: str | Path | None = None,
    *,
    landmarks: Path | None = None,
    identity: int | None = None,
    expression: int | None = None,
    albedo: int | None = None,
) -> LinearModel:
    """Any face model that this package knows, as a LinearModel in metres and standard deviations.

    Args:
        path: a file or ICT-FaceKit's folder; None for the open face that ships with the package.
        landmarks: which vertices are iBUG's landmarks, see read_landmarks; replaces those that the model knows.
        identity, expression, albedo: at most so many axes (≥ 1); None for all, of BFM 2009 for 80, 64 and 80.

    Raises:
        ModelError: the file is missing, of no known format, hostile or broken; names what is wrong with it.
    """
    if path is None:
        return MorphableModel.load()
    path = Path(path)
    try:
        if path.is_dir():
            return _folder(path, landmarks, identity, expression)
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; name one of {KNOWN}") from error
    sha256 = hashlib.sha256(data).hexdigest()
    if data[8:9] == b"{" and not data.startswith(_HDF5):
        if landmarks:
            raise ModelError(f"{landmarks}: {path} has its own landmarks; leave the landmark file out")
        return MorphableModel.load(path)
    raw: RawModel
    cure = f"is it one of {KNOWN}?"
    if data.startswith(_MATLAB):
        content = MatFile(path)
        known = {"shapePC": bfm2009.load_basel_2009, "idBase": bfm2009.load_front}
        key = next((key for key in known if key in content), None)
        if key is None:
            raise ModelError(f"{path}: holds neither 'shapePC' nor 'idBase'; {cure}")
        raw, cure = known[key](path, identity, expression, albedo), bfm2009.CURE
    elif data.startswith(_HDF5):
        if "shape/model" not in Hdf5File(path):
            raise ModelError(f"{path}: holds no 'shape/model'; {cure}")
        raw, cure = bfm2017.load_statismo(path, identity, expression, albedo), bfm2017.CURE
    elif data.startswith(b"PK"):
        arrays = NpzFile(path)
        if "v_template" not in arrays and "neutral" not in arrays:
            raise ModelError(f"{path}: holds neither 'v_template' (FLAME) nor 'neutral' (ICT); {cure}")
        if "v_template" in arrays:
            return flame.load_flame(path, data, sha256, identity, expression, landmarks)
        raw, cure = ict.load_npz(path, identity, expression), ict.CURE
    elif data.startswith(_PICKLES) or path.suffix == ".pkl":
        return flame.load_flame(path, data, sha256, identity, expression, landmarks)
    elif path.suffix == ".bin" or data[:4] in {bytes([v, 0, 0, 0]) for v in surrey.VERSIONS}:
        raw, cure = surrey.load_eos(path, data, identity, expression, albedo), surrey.CURE
    else:
        raise ModelError(f"{path}: its first bytes are {data[:8]!r}; {cure}")
    return _with_landmarks(raw, landmarks).build(path, sha256, cure)


def _folder(path: Path, landmarks: Path | None, identity: int | None, expression: int | None) -> LinearModel:
    inner = path if (path / ict.NEUTRAL).exists() else path / "FaceXModel"
    if not (inner / ict.NEUTRAL).exists():
        raise ModelError(f"{path}: the folder holds no {ict.NEUTRAL}; name one of {KNOWN}")
    raw, sha256 = ict.load_folder(inner, identity, expression)
    return _with_landmarks(raw, landmarks).build(path, sha256, ict.CURE)


def _with_landmarks(raw: RawModel, landmarks: Path | None) -> RawModel:
    return dataclasses.replace(raw, landmarks=read_landmarks(landmarks)) if landmarks else raw
