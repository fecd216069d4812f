"""Where results go: the output folder, and names that neither overwrite each other nor what is read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from facegpt_ros.errors import ConfigError

# What follows a name in the files of its faces: as many as perception.max_faces allows.
_OF_A_FACE = re.compile(r"_(\d|1[0-5])$")
_TEXTURE = "_texture"
_ENDINGS = (".png", ".obj", ".mtl", ".json", ".mat")


def make_folder(folder: Path) -> None:
    """Makes the output folder and tries to write to it.

    Raises:
        ConfigError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".facegpt.{os.getpid()}.part"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be written to ({error.strerror}); choose another folder with -o"
        ) from error


def face_names(name: str, faces: int) -> list[str]:
    """What the files of an image's faces are called, without endings: name, or name_0, name_1, … for several."""
    return [name] if faces == 1 else [f"{name}_{index}" for index in range(faces)]


class OutputNames:
    """Gives names whose files collide with no other name's, however many faces an image turns out to have.

    Args:
        folder: the output folder.
        inputs: what is read; a file of it that lies in the output folder is not overwritten.
    """

    def __init__(self, folder: Path, inputs: Iterable[Path]) -> None:
        self.folder = folder
        self._taken: set[str] = set()
        self._origins: set[str] = set()  # names whose faces' files would be those of a taken name, or an input
        here, parents = folder.resolve(), dict[Path, Path]()
        for path in inputs:
            parent = parents.setdefault(path.parent, path.parent.resolve())
            if (parent == here or here in parent.parents) and path.suffix.casefold() in _ENDINGS:
                stem = (parent / path.stem).relative_to(here).as_posix().casefold()
                self._origins |= {stem, *_origins(stem)}

    def take(self, stem: str) -> str:
        """stem, else stem-2, stem-3, …; stem is a path relative to the output folder, without an ending."""
        number = 1
        while True:
            name = stem if number == 1 else f"{stem}-{number}"
            key = name.casefold()
            origins = _origins(key)
            if key not in self._taken and key not in self._origins and not self._taken.intersection(origins):
                self._taken.add(key)
                self._origins |= origins
                return name
            number += 1


def _origins(name: str) -> set[str]:
    """The other names that may write a file which starts like this one's: us of us_0, us_texture and us_0_texture."""
    found = set()
    if name.endswith(_TEXTURE):
        name = name.removesuffix(_TEXTURE)
        found.add(name)
    if _OF_A_FACE.search(name):
        found.add(_OF_A_FACE.sub("", name))
    return found
