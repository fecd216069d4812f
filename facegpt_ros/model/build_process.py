"""FaceGPT's graphs built by another process: the caller never holds the language model's float weights.

The process ends with its caller, however that ends, and where memory or cores are short it yields to the rest.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from facegpt_ros.errors import CacheError, FaceGPTError, WeightsError
from facegpt_ros.model.facegpt_build import build_into, build_kept
from facegpt_ros.model.facegpt_file import FaceGPTFile

_NICE = 10
_KILL_FIRST = "500"  # of 1000: the kernel shall take this process when memory runs out, not the robot's nodes


class BuildProcess:
    """One build, begun at once.

    Args:
        weights: facegpt.safetensors.
        language: the GGUF that it was trained with.
        precision: as facegpt_build.build_kept's.
        folder: to build into instead of the cache, empty; it stays the caller's.

    Raises:
        WeightsError: no process can be started.
    """

    def __init__(self, weights: Path, language: Path, precision: str, folder: Path | None = None) -> None:
        command = [sys.executable, "-m", __name__, str(weights), str(language), precision]
        command += [] if folder is None else [str(folder)]
        try:
            # A session of its own: Ctrl-C in a terminal is for the caller, which then closes its end of stdin.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
            )
        except OSError as error:
            why = f"no process could be started to build FaceGPT's graphs ({error.strerror}); close other programs"
            raise WeightsError(why) from error

    def wait(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Until the graphs are in the cache, or in the folder.

        Args:
            progress: called with the parts that are done, and how many there are.

        Raises:
            CacheError: the cache, or the folder, cannot be written or is full.
            WeightsError: what else the build raised, or how its process ended.
        """
        problem, kind = "", WeightsError
        assert self._process.stdout is not None
        with self._process:
            for line in self._process.stdout:
                with contextlib.suppress(ValueError, KeyError, TypeError):  # what some library prints is not for us
                    note = json.loads(line)
                    if "problem" in note:
                        problem, kind = note["problem"], CacheError if note["cache"] else WeightsError
                    else:
                        progress(note["done"], note["total"])
        if self._process.returncode:
            raise kind(problem or _ended(self._process.returncode))

    def stop(self) -> None:
        """Ends the process; wait then raises. Harmless when it has ended."""
        self._process.kill()


def _ended(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return (
            f"the process that builds FaceGPT's graphs was killed ({name}), as happens when memory runs out; "
            "close other programs, or use a smaller model"
        )
    return f"the process that builds FaceGPT's graphs ended with status {status}; what it printed says why"


def main(arguments: Sequence[str]) -> int:
    """weights, language, precision, perhaps a folder; says on stdout, a JSON object a line, how far it is or what went
    wrong."""
    weights, language, precision, *folder = arguments
    threading.Thread(target=_end_with_caller, daemon=True).start()
    os.nice(_NICE)
    with contextlib.suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text(_KILL_FIRST)
    try:
        what = FaceGPTFile.open(Path(weights)), Path(language), precision, lambda n, of: _tell(done=n, total=of)
        if folder:
            build_into(Path(folder[0]), *what)
        else:
            build_kept(*what)
    except FaceGPTError as error:
        _tell(problem=str(error), cache=isinstance(error, CacheError))
        return 1
    return 0


def _tell(**note: object) -> None:
    print(json.dumps(note), flush=True)


def _end_with_caller() -> None:
    while os.read(0, 1):  # the caller writes nothing: this ends when its end of the pipe is gone
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
