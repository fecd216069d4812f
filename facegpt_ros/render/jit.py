"""Compiling loops with numba, kept on disk where a place for them can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

# Not "nnan"/"ninf": the loops reject NaN and infinite vertices by comparison, which those flags would remove.
_FASTMATH = {"contract", "arcp", "reassoc", "nsz"}


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop over arrays; it runs without the GIL, so Python threads run it in parallel.

    numba keeps the machine code in __pycache__ or the user's cache directory. On a read-only machine without a home it
    refuses to, and raises while the module is imported; such a machine compiles anew in each process.
    """
    try:
        return numba.njit(nogil=True, cache=True, fastmath=_FASTMATH, error_model="numpy")(function)
    except (RuntimeError, OSError):
        return numba.njit(nogil=True, fastmath=_FASTMATH, error_model="numpy")(function)
