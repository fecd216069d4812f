"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PARTIAL = re.compile(r"\..*\.\d+\.part", re.DOTALL)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file under a hidden name beside it and renames it: a killed process leaves no half file.

    Raises:
        OSError: the folder is missing, read-only or full; nothing is left behind.
    """
    start = os.fsdecode(os.fsencode(path.name)[:200])  # bytes: file systems count them, not characters
    partial = path.with_name(f".{start}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def remove_partial(folder: Path) -> None:
    """Deletes what write_whole left in a folder when it was killed; no process may be writing there."""
    if folder.is_dir():
        for path in folder.iterdir():
            if _PARTIAL.fullmatch(path.name):
                path.unlink(missing_ok=True)
