"""Run by test_resume: the same run again and again, killed before its first file, before its second, … until it ends.

Prints every file that appears, in order, and a line "killed" for every run that did not end.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from facegpt_ros import reconstruction
from facegpt_ros.reconstruct import image
from tests.reconstruct.oracle import MODEL, photo, run_in, written


def run_until(folder: Path, file: int, out: int) -> None:
    """Ends by SIGKILL before its file of this number appears."""
    replace, left = os.replace, file

    def counting(source: Path, target: Path) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        os.write(out, f"{Path(target).relative_to(folder / 'out')}\n".encode())

    os.replace = counting
    # Whose content does not matter here, and which take most of the time.
    reconstruction.bake_texture = lambda *_: np.zeros((4, 4, 3), np.uint8)
    image.draw_overlay = lambda picture, *_: picture
    run_in(folder / "out", folder / "in")


def main() -> None:
    folder = Path(sys.argv[1])
    for name, faces in (("a", 1), ("b", 2), ("c", 1)):
        written(folder / "in" / f"{name}.png", photo(faces))
    MODEL.vertices(np.zeros(len(MODEL.identity_names)), np.zeros(len(MODEL.expression_names)))  # once, not in each run
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for file in range(1, 100):
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            run_until(folder, file, log)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))
        os.write(log, b"killed\n")


if __name__ == "__main__":
    main()
