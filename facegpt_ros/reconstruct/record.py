"""What is done, in the output folder itself: one record an image, the last of its files, so that a killed run goes on.

.done/NAME.json says which source an image's files came from, with which options, and what they are called. An image is
done exactly when its record says its present source and options and every file of it is there. Records are JSON; an
image without one is done again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from facegpt_ros.atomic_file import remove_partial, write_whole
from facegpt_ros.errors import ConfigError
from facegpt_ros.reconstruct.source import Source
from facegpt_ros.reconstruction import json_lines

FORMAT = "facegpt-reconstruct-record/1"
RECORDS = ".done"


class Records:
    """The records of an output folder.

    Args:
        folder: the output folder.
        options: what else than the source decides how results look, as JSON.
    """

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self.folder = folder
        self.options = json.loads(json.dumps(options))

    def path(self, name: str) -> Path:
        return self.folder / RECORDS / f"{name}.json"

    def faces_of(self, source: Source) -> int | None:
        """How many faces were found in an image that is done; None: it is to be done."""
        record = self._read(source.name)
        if record is None or record["options"] != self.options or not source.is_still(record["source"]):
            return None
        return record["faces"] if all(path.is_file() for path in self._files(record)) else None

    def forget(self, name: str) -> None:
        """Deletes what was written of another source or with other options, the record last."""
        record = self._read(name)
        for path in self._files(record) if record else ():
            path.unlink(missing_ok=True)
        self.path(name).unlink(missing_ok=True)

    def write(self, name: str, source: dict[str, Any], faces: int, files: list[str]) -> None:
        """Makes an image done; files are relative to the output folder."""
        document = {"format": FORMAT, "source": source, "options": self.options, "faces": faces, "files": files}
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json_lines(document))

    def begin(self, name: str) -> int:
        """Notes that a worker begins an image; returns how often that was noted since reset or end, this time included.

        A worker that dies on an image says so by nothing else.
        """
        path = self._tries(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab") as file:
            file.write(b".")
            return file.tell()

    def end(self, name: str) -> None:
        """An image was done, or failed in a way that could be said."""
        self._tries(name).unlink(missing_ok=True)

    def reset(self, names: list[str]) -> None:
        """Deletes what a killed run left of these: half files, and notes of what it had begun."""
        for name in names:
            self.end(name)
        for parent in {parent for name in names for parent in (self.path(name).parent, (self.folder / name).parent)}:
            remove_partial(parent)

    def _tries(self, name: str) -> Path:
        return self.folder / RECORDS / f"{name}.begun"

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            record = json.loads(self.path(name).read_bytes())
            whole = isinstance(record["source"], dict) and isinstance(record["faces"], int)
            whole = whole and all(isinstance(file, str) for file in record["files"])
            return record if whole and record["format"] == FORMAT and "options" in record else None
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def _files(self, record: dict[str, Any]) -> list[Path]:
        """Those inside the output folder: nothing that somebody wrote into a record shall delete other files."""
        inside = [PurePosixPath(file) for file in record["files"]]
        return [self.folder / file for file in inside if not file.is_absolute() and ".." not in file.parts]


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keeps a second run out of an output folder, and waits for workers that a killed run left behind.

    Raises:
        ConfigError: another run writes there.
    """
    with _opened(folder, "run") as run:
        if not _locked(run, fcntl.LOCK_EX | fcntl.LOCK_NB):
            raise ConfigError(
                f"{folder}: another facegpt reconstruct is writing there; wait for it, or choose another folder with -o"
            )
        with _opened(folder, "workers") as workers:
            if not _locked(workers, fcntl.LOCK_EX | fcntl.LOCK_NB):
                print(f"{folder}: waiting for the workers of a killed run to end", file=sys.stderr)
                _locked(workers, fcntl.LOCK_EX)
        yield


def join_as_worker(folder: Path) -> IO[str]:
    """Holds up the next run until this process ends or closes the file."""
    file = _opened(folder, "workers")
    _locked(file, fcntl.LOCK_SH)
    return file


def _opened(folder: Path, what: str) -> IO[str]:
    place = folder / RECORDS
    place.mkdir(parents=True, exist_ok=True)
    return open(place / f".{what}.lock", "a")


def _locked(file: IO[str], how: int) -> bool:
    """False where another process holds it. The kernel drops the lock of a killed process."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks
    return True
