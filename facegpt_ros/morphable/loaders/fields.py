"""The named arrays of one model file: every complaint names the file, the key, the value and the cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from facegpt_ros.errors import ModelError

#: No face model has more: a file that declares more is broken or hostile.
MAX_BYTES = 4 << 30
#: An array may unpack to this many times the bytes it takes in the file, or to FREE_BYTES if that is more.
MAX_RATIO, FREE_BYTES = 200, 64 << 20


class Arrays(Protocol):
    """What Fields reads from: a dict, or a file that is read as it is asked."""

    def __contains__(self, key: object) -> bool: ...

    def __getitem__(self, key: str) -> Any:
        """Raises KeyError where there is no such array."""


class Fields:
    """Looks arrays up by name.

    Args:
        path: the file, for the messages.
        arrays: name → array.
        cure: what the messages advise, such as where to get the file again.
    """

    def __init__(self, path: Path, arrays: Arrays, cure: str) -> None:
        self.path, self.cure = path, cure
        self._arrays = arrays

    def __contains__(self, key: str) -> bool:
        return key in self._arrays

    def error(self, key: str, problem: str) -> ModelError:
        return ModelError(f"{self.path}: '{key}' {problem}; {self.cure}")

    def numbers(self, key: str, *shape: int | None) -> np.ndarray:
        """float32 of the given shape (None: any length), finite.

        Raises:
            ModelError: no such array, another shape, no numbers, or one that is not finite.
        """
        array = self._of_shape(key, shape)
        if array.dtype.kind not in "fiub":
            raise self.error(key, f"holds {array.dtype}, not numbers")
        with np.errstate(over="ignore", invalid="ignore"):
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise self.error(key, f"holds {int((~np.isfinite(array)).sum())} values that are not finite")
        return array

    def integers(self, key: str, *shape: int | None, low: int, high: int) -> np.ndarray:
        """int64 of the given shape, all of them low ≤ i < high.

        Raises:
            ModelError: as numbers; also for fractions and indices out of range.
        """
        array = self.whole(key, *shape)
        if array.size and (array.min() < low or array.max() >= high):
            raise self.error(key, f"holds {array.min()}..{array.max()}, outside {low}..{high - 1}")
        return array

    def whole(self, key: str, *shape: int | None) -> np.ndarray:
        """int64 of the given shape, of any value. Raises ModelError as integers does."""
        array = self._of_shape(key, shape)
        with np.errstate(invalid="ignore"):
            whole = array.astype(np.int64) if array.dtype.kind in "fiub" else None
        if whole is None or not np.array_equal(whole, array):
            raise self.error(key, f"holds {array.dtype}, and not only whole numbers")
        return whole

    def words(self, key: str) -> list[str]:
        """One-dimensional text. Raises ModelError when it is missing or something else."""
        array = self._of_shape(key, (None,))
        if array.dtype.kind != "U":
            raise self.error(key, f"holds {array.dtype}, not text")
        return array.tolist()

    def deviations(self, key: str, count: int | None = None, *, variances: bool = False) -> np.ndarray:
        """Standard deviations (count,) float32; of variances their roots.

        Raises:
            ModelError: as numbers; also when one is negative.
        """
        values = self.numbers(key, None if count is None else count)
        if (values < 0).any():
            worst = int(values.argmin())
            raise self.error(
                key, f"[{worst}] is {values[worst]:g}: a {'variance' if variances else 'deviation'} below 0"
            )
        return np.sqrt(values) if variances else values

    def _of_shape(self, key: str, shape: tuple[int | None, ...]) -> np.ndarray:
        try:
            array = self._arrays[key]
        except KeyError:
            raise self.error(key, "is missing") from None
        try:
            array = np.asarray(array)
        except ValueError:
            raise self.error(key, "is a list of unequal parts, not an array") from None
        if len(shape) == 1 and array.ndim == 2 and 1 in array.shape:
            array = array.ravel()  # MATLAB keeps every vector as a matrix
        if array.ndim != len(shape) or any(
            want not in (None, got) for want, got in zip(shape, array.shape, strict=True)
        ):
            wanted = "×".join("n" if n is None else str(n) for n in shape)
            raise self.error(key, f"has the shape {array.shape}, not {wanted}")
        return array


def check_size(path: Path, key: str, declared: int, stored: int) -> None:
    """Refuses an array that would take far more memory than a face model needs or than the file can explain.

    Args:
        declared: bytes in memory; stored: bytes in the file.

    Raises:
        ModelError: too big, or a compression bomb.
    """
    if declared > MAX_BYTES or declared > max(FREE_BYTES, MAX_RATIO * stored):
        raise ModelError(
            f"{path}: '{key}' declares {declared} bytes and stores {stored}: no face model does; get the file again"
        )
