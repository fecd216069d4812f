"""Arrays out of .npz, MATLAB and HDF5 files that nobody vouches for: sizes are checked before memory is asked for."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.loaders.fields import check_size

_MAX_HEADER = 10_000


class NpzFile:
    """numpy's .npz: arrays of numbers or words; a pickled object is refused.

    Raises:
        ModelError: no zip file, or (on reading) a broken or oversized array.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise ModelError(f"{path} is no .npz file ({error}); get the file again") from error
        self._members = {info.filename.removesuffix(".npy"): info for info in self._zip.infolist()}

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __getitem__(self, key: str) -> np.ndarray:
        info = self._members[key]
        check_size(self._path, key, info.file_size, info.compress_size)
        try:
            with self._zip.open(info) as file:
                version = np.lib.format.read_magic(file)
                read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
                shape, fortran, dtype = read[version](file, _MAX_HEADER)
                if dtype.kind not in "fiubU":
                    raise ValueError(f"it holds {dtype}, not numbers")
                left = info.file_size - file.tell()
                if math.prod(shape) * dtype.itemsize != left:
                    raise ValueError(f"{shape} of {dtype} does not take {left} bytes")
                return np.frombuffer(file.read(left), dtype).reshape(shape, order="F" if fortran else "C")
        except Exception as error:  # zlib, zipfile, struct and numpy each have their own
            raise ModelError(f"{self._path}: '{key}' cannot be read ({error}); get the file again") from error


class MatFile:
    """MATLAB's .mat up to version 7: matrices of numbers.

    Raises:
        ModelError: scipy is missing, or the file is none, is broken, or (on reading) an array is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        scipy_io = _optional("scipy.io", path)
        self._load = scipy_io.loadmat
        try:
            self._shapes = {name: shape for name, shape, _ in scipy_io.whosmat(str(path))}
        except NotImplementedError as error:
            raise ModelError(f"{path} is a MATLAB 7.3 file; save it again in MATLAB with the option -v7") from error
        except Exception as error:  # scipy raises anything on a broken file
            raise ModelError(f"{path} is no MATLAB file, or cut off ({error}); get the file again") from error

    def __contains__(self, key: object) -> bool:
        return key in self._shapes

    def __getitem__(self, key: str) -> np.ndarray:
        declared = 4 * math.prod(int(n) for n in self._shapes[key])
        check_size(self._path, key, declared, self._path.stat().st_size)
        try:
            return self._load(str(self._path), variable_names=[key])[key]
        except Exception as error:  # as above
            raise ModelError(f"{self._path}: '{key}' cannot be read ({error}); get the file again") from error


class Hdf5File:
    """HDF5 datasets of numbers, by path inside the file; links to other files are refused.

    Raises:
        ModelError: h5py is missing, or the file is no HDF5, or (on reading) a dataset is broken or oversized.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = _optional("h5py", path).File(path, "r")
        except OSError as error:
            raise ModelError(f"{path} is no HDF5 file, or cut off ({error}); get the file again") from error

    def __contains__(self, key: object) -> bool:
        try:
            return key in self._file
        except Exception:  # a broken group
            return False

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            raise KeyError(key)
        try:
            dataset = self._file[key]
            if dataset.file.filename != self._file.filename or dataset.external or dataset.is_virtual:
                raise ValueError("it lies in another file")
            if dataset.dtype.kind not in "fiubSO":
                raise ValueError(f"it holds {dataset.dtype}")
            check_size(self._path, key, dataset.size * dataset.dtype.itemsize, dataset.id.get_storage_size())
            return dataset[()]
        except ModelError:
            raise
        except Exception as error:  # h5py raises anything on a broken file
            raise ModelError(f"{self._path}: '{key}' cannot be read ({error}); get the file again") from error


def _optional(module: str, path: Path) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.split(".")[0]
        raise ModelError(
            f"{path}: files of this kind need {package}; install it with `pip install {package}`"
        ) from error
