"""Folders of one process, for what cannot be kept: they go with it, and what a killed one left goes with the next."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

#: What lies there, and where: the first that has room is taken. None: where temporary files go.
PLACES: tuple[tuple[str, str | None], ...] = (("memory", "/dev/shm"), ("temporary files", None))
_PREFIX = "facegpt-private-"
_YOUNG_S = 5.0  # so old, a folder has long been locked by its process, if that still lives


class PrivateFolder:
    """An empty folder, mode 0700; removed by close, when nothing refers to it any more, or when its process ends.

    Args:
        kind: what lies there, for people.
        parent: the folder that it lies in; None: where temporary files go.

    Attributes:
        kind, path.

    Raises:
        OSError: there can be none.
    """

    def __init__(self, kind: str, parent: str | None) -> None:
        where = Path(parent or tempfile.gettempdir())
        _remove_abandoned(where)
        self.kind, self.path = kind, Path(tempfile.mkdtemp(prefix=_PREFIX, dir=where))
        lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel drops it with the process
        self._finalizer = weakref.finalize(self, _remove, self.path, lock, os.getpid())

    def close(self) -> None:
        """Removes it, with all that lies in it."""
        self._finalizer()


def private_folders() -> Iterator[PrivateFolder]:
    """One in each of PLACES; those that cannot be written are left out."""
    for kind, parent in PLACES:
        try:
            folder = PrivateFolder(kind, parent)
        except OSError:
            continue
        yield folder


def _remove(path: Path, lock: int, owner: int) -> None:
    if os.getpid() == owner:  # not at the end of a fork
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _remove_abandoned(parent: Path) -> None:
    for path in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, gone by now, or locked: its process lives
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                found = os.fstat(lock)
                if found.st_uid == os.getuid() and time.time() - found.st_mtime > _YOUNG_S:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)
