"""The binary archive of the C++ library cereal, as eos writes it: numbers without tags, little endian."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ModelError


class CerealFile:
    """Reads one archive front to back. Every count is held against the bytes that are left before memory is asked for.

    Raises:
        ModelError: (all methods) the file ends too early, or declares what cannot be.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self._data, self._at = data, 0

    def number(self, code: str, what: str) -> int:
        """One integer, by struct's code, such as "I"."""
        return struct.unpack("<" + code, self._take(struct.calcsize(code), what))[0]

    def flag(self, what: str) -> bool:
        value = self.number("B", what)
        if value > 1:
            raise self.error(what, f"is {value}, neither 0 nor 1")
        return bool(value)

    def text(self, what: str) -> str:
        """std::string: u64 length, bytes."""
        return bytes(self._take(self.number("Q", f"length of {what}"), what)).decode("utf-8", "replace")

    def matrix(self, what: str) -> np.ndarray:
        """Eigen float matrix: i32 rows, i32 columns, the columns one after the other."""
        rows, columns = self.number("i", f"rows of {what}"), self.number("i", f"columns of {what}")
        if rows < 0 or columns < 0:
            raise self.error(what, f"is {rows}×{columns}")
        return self._array("<f4", (columns, rows), what).T

    def vectors(self, dtype: str, width: int, what: str) -> np.ndarray:
        """std::vector<std::array<T, width>>: u64 count, then (count, width) numbers."""
        return self._array(dtype, (self.number("Q", f"count of {what}"), width), what)

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._data):
            raise self.error("the end", f"is followed by {len(self._data) - self._at} bytes")

    def error(self, what: str, problem: str) -> ModelError:
        return ModelError(f"{self.path}: '{what}' {problem}; get the file again, whole and unchanged")

    def _array(self, dtype: str, shape: tuple[int, ...], what: str) -> np.ndarray:
        data = self._take(math.prod(shape) * np.dtype(dtype).itemsize, what)
        return np.frombuffer(data, dtype).reshape(shape)

    def _take(self, count: int, what: str) -> memoryview:
        left = len(self._data) - self._at
        if count > left:
            raise self.error(what, f"needs {count} bytes at {self._at}, and {left} are left: the file is cut off")
        self._at += count
        return memoryview(self._data)[self._at - count : self._at]
