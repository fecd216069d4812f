"""Memory of a training run on a CPU: what a step frees, the next one needs again."""

from __future__ import annotations

import ctypes
import sys

# malloc.h of glibc
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_MOST = 2**31 - 1
_PAD = 2**28


def keep_memory() -> bool:
    """Tells glibc to keep what is freed instead of giving it back; returns whether it did, which elsewhere it cannot.

    Else every step asks the system for its activations again, page by page: a third of the time of a step of FaceGPT.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # another C library
        return False
    return all(mallopt(*option) for option in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _MOST), (_TOP_PAD, _PAD)))
