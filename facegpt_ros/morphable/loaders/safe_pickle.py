"""Pickles of arrays, read without running anything.

Unpickling normally calls whatever function the file names. Here a name becomes an inert word, a call becomes a record
of the word and its arguments, and only afterwards `array` turns the few records that it knows (numpy arrays, scipy
sparse matrices, chumpy's wrappers) into arrays. A name that is not on the list ends the reading.
"""

from __future__ import annotations

import io
import math
import pickle
import re
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_NUMPY = ("numpy.core", "numpy._core")
_SPARSE = ("csc", "csr", "coo")

#: Every (module, name) that a file may mention, and the word that it becomes.
ALLOWED: dict[tuple[str, str], str] = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    **{(f"{core}.multiarray", "_reconstruct"): "ndarray" for core in _NUMPY},
    **{(f"{core}.multiarray", "scalar"): "scalar" for core in _NUMPY},
    **{(f"{core}.numeric", "_frombuffer"): "buffer" for core in _NUMPY},
    **{
        (f"scipy.sparse{module}", f"{kind}_{suffix}"): kind
        for kind in _SPARSE
        for suffix in ("matrix", "array")
        for module in ("", f".{kind}", f"._{kind}")
    },
    ("chumpy.ch", "Ch"): "chumpy",
    ("chumpy", "Ch"): "chumpy",
    ("chumpy.reordering", "Select"): "chumpy select",
    ("copy_reg", "_reconstructor"): "object",
    ("copyreg", "_reconstructor"): "object",
    ("_codecs", "encode"): "bytes",
    **{(m, n): n for m in ("__builtin__", "builtins") for n in ("object", "set", "frozenset", "bytearray")},
    ("collections", "OrderedDict"): "dict",
}

_DTYPE = re.compile(r"[|<>=]?(b1|i1|i2|i4|i8|u1|u2|u4|u8|f2|f4|f8)")


class UnsafePickleError(ValueError):
    """The pickle names something that is not on the list, or is no pickle of arrays."""


class _Word:
    """A name in the file. Calling it only writes down that the file wanted it called."""

    __slots__ = ("word",)

    def __init__(self, word: str) -> None:
        self.word = word

    def __call__(self, *args: Any) -> Record:
        if self.word == "object" and args and isinstance(args[0], _Word):
            return Record(args[0].word, ())  # _reconstructor(class, object, None)
        return Record(self.word, args)


@dataclass(eq=False)
class Record:
    """An object that the file wanted made: of which kind, from what, and with what state."""

    kind: str
    args: tuple
    state: Any = field(default=None)


#: Python's own reader: the C one is faster, but a hostile index makes it ask for memory without end.
_PythonUnpickler: Any = vars(pickle)["_Unpickler"]


class _Reader(_PythonUnpickler):
    dispatch = dict(_PythonUnpickler.dispatch)

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1")
        self._size = len(data)

    def find_class(self, module: str, name: str) -> _Word:
        if (module, name) not in ALLOWED:
            raise UnsafePickleError(f"it names {module}.{name}, which is no array")
        return _Word(ALLOWED[module, name])

    def persistent_load(self, pid: Any) -> Any:
        raise UnsafePickleError("it refers to objects outside the file")

    def load_build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], Record):
            raise UnsafePickleError(f"it sets the state of a {type(self.stack[-1]).__name__}")
        self.stack[-1].state = state

    dispatch[pickle.BUILD[0]] = load_build

    def load_reduce(self) -> None:
        args = self.stack.pop()
        word = self.stack[-1]
        if not isinstance(word, _Word) or not isinstance(args, tuple):
            raise UnsafePickleError(f"it calls a {type(word).__name__}")
        self.stack[-1] = word(*args)

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_reduce

    def load_bytearray8(self) -> None:
        (size,) = struct.unpack("<Q", self.read(8))
        if size > self._size:
            raise UnsafePickleError(f"it declares {size} bytes in a file of {self._size}")
        self.append(self.read(size))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def load_pickle(data: bytes) -> Any:
    """Plain Python values as they are, everything else as Record; of Python 2's and 3's pickles.

    Raises:
        UnsafePickleError: it names something that is not in ALLOWED, or is broken.
    """
    try:
        value = _Reader(data).load()
    except UnsafePickleError:
        raise
    except Exception as error:  # a broken pickle raises anything: IndexError, KeyError, struct.error, MemoryError, …
        raise UnsafePickleError(f"it is broken or cut off ({type(error).__name__}: {error})") from error
    return dict(value.args[0]) if isinstance(value, Record) and value.kind == "dict" and value.args else value


def array(value: Any) -> np.ndarray:
    """What a value of load_pickle holds, as an array of numbers; sparse matrices become dense.

    Raises:
        UnsafePickleError: it is no array, or its parts contradict each other.
    """
    if not isinstance(value, Record):
        return np.asarray(value)
    try:
        return _BUILDERS[value.kind](value)
    except UnsafePickleError:
        raise
    except Exception as error:  # parts of the wrong type or number
        raise UnsafePickleError(f"its {value.kind} is garbled ({type(error).__name__}: {error})") from error


def _ndarray(record: Record) -> np.ndarray:
    _, shape, dtype, fortran, data = record.state
    return _from_bytes(data, dtype, shape, "F" if fortran else "C")


def _buffer(record: Record) -> np.ndarray:
    data, dtype, shape, order = record.args
    return _from_bytes(data, dtype, shape, "F" if order == "F" else "C")


def _scalar(record: Record) -> np.ndarray:
    dtype, data = record.args
    return _from_bytes(data, dtype, (), "C")


def _from_bytes(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    kind = _dtype(dtype)
    if isinstance(data, Record) and data.kind in ("bytes", "bytearray"):
        text, *encoding = data.args or ("",)
        data = text.encode("latin1") if isinstance(text, str) and encoding in ([], ["latin1"], ["latin-1"]) else text
    if isinstance(data, str):
        data = data.encode("latin1")  # Python 2's strings
    shape = tuple(int(n) for n in shape)
    if min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize != len(data):
        raise UnsafePickleError(f"an array of {shape} {kind} has {len(data)} bytes")
    return np.frombuffer(data, kind).reshape(shape, order=order)


def _dtype(record: Any) -> np.dtype:
    text = record.args[0] if isinstance(record, Record) and record.kind == "dtype" else None
    if not isinstance(text, str) or not _DTYPE.fullmatch(text):
        raise UnsafePickleError(f"an array holds {text or record!r}, not numbers")
    big = record.state is not None and record.state[1] == ">"
    return np.dtype(text).newbyteorder(">" if big else "=")


def _sparse(record: Record) -> np.ndarray:
    state = record.state
    rows, columns = (int(n) for n in state.get("_shape", state.get("shape")))
    data = array(state["data"])
    if not 0 <= rows * columns <= 1 << 28:
        raise UnsafePickleError(f"a sparse matrix is {rows}×{columns}")
    if record.kind == "coo":
        row, column = (array(state[key]) for key in ("row", "col")) if "row" in state else map(array, state["coords"])
    else:
        starts, inner = array(state["indptr"]).astype(np.int64), array(state["indices"])
        outer = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        row, column = (inner, outer) if record.kind == "csc" else (outer, inner)
    if row.size and (min(row.min(), column.min()) < 0 or row.max() >= rows or column.max() >= columns):
        raise UnsafePickleError(f"a sparse matrix of {rows}×{columns} indexes outside itself")
    dense = np.zeros((rows, columns), np.float64)
    np.add.at(dense, (row, column), data)
    return dense


def _select(record: Record) -> np.ndarray:
    chosen = array(record.state["a"]).ravel()[array(record.state["idxs"])]
    return chosen.reshape(tuple(int(n) for n in record.state["preferred_shape"]))


_BUILDERS = {
    "ndarray": _ndarray,
    "buffer": _buffer,
    "scalar": _scalar,
    "csc": _sparse,
    "csr": _sparse,
    "coo": _sparse,
    "chumpy": lambda record: array(record.state["x"]),
    "chumpy select": _select,
}
