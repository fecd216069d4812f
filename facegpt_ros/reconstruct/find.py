"""What a user names, photos, folders and bags, as the list of images in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from facegpt_ros.errors import BagError, ConfigError
from facegpt_ros.reconstruct.bag import BAG_SUFFIXES, Bag, Frame, is_bag, stamp_text, topic_folder
from facegpt_ros.reconstruct.names import OutputNames
from facegpt_ros.reconstruct.source import Photo, Source

#: Files of a folder that are images: every format that some build of OpenCV reads.
IMAGE_SUFFIXES = frozenset(
    [
        *(".avif", ".bmp", ".dib", ".exr", ".gif", ".hdr", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pfm", ".pgm"),
        *(".pic", ".png", ".pnm", ".ppm", ".pxm", ".ras", ".sr", ".tif", ".tiff", ".webp"),
    ]
)


@dataclass
class Found:
    """Images in the order in which they are done, and what could not be looked into: its name and the reason."""

    sources: list[Source] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Named:
    """A photo or bag, and what its results would be called."""

    path: Path
    stem: str
    is_bag: bool


def find_sources(arguments: Sequence[Path], output: Path, topic: str | None = None) -> Found:
    """Everything that arguments name.

    A photo's results lie in the output folder itself. Those of a folder and of a bag lie in a folder of its name, under
    the paths that images have in it: folder/below/photo.png, bag/topic/stamp.png. Names that are taken get a number.

    Args:
        arguments: photos, folders that are searched with all below them, rosbag2 folders, .mcap and .db3 files.
        output: the output folder; what lies in it is not searched.
        topic: of bags; None for their only topic of images.

    Raises:
        ConfigError: a folder without images, or the output folder itself.
        BagError: a bag that an argument names cannot be read.
    """
    found = Found()
    named: list[_Named] = []
    for path in arguments:
        if path.suffix.lower() == ".bag":
            raise BagError(f"{path}: a bag of ROS 1; convert it with `rosbags-convert --src {path} --dst FOLDER`")
        if is_bag(path):
            named.append(_Named(path, _own_name(path), True))
        elif path.is_dir():
            named += _in_folder(path, output, found)
        else:
            named.append(_Named(path, path.stem, False))
    if topic is not None and not any(one.is_bag for one in named):
        raise ConfigError(f"--topic is {topic}, and no bag is among what is read; leave --topic out or name a bag")
    names = OutputNames(output, (one.path for one in named if not one.is_bag))
    for one in named:
        if not one.is_bag:
            found.sources.append(Photo(names.take(one.stem), one.path))
            continue
        try:
            bag = Bag(one.path, topic)
        except BagError as error:
            if one.path in arguments:
                raise
            found.failed.append((str(one.path), str(error)))
            continue
        place = f"{one.stem}/{topic_folder(bag.topic)}"
        try:
            for message in tqdm(bag.messages(), f"looking through {one.path}", bag.count, leave=False, disable=None):
                name = names.take(f"{place}/{stamp_text(message.stamp_ns)}")
                found.sources.append(Frame(name, one.path, bag.topic, message))
        except BagError as error:
            found.failed.append((str(one.path), str(error)))
    return found


def natural(name: str) -> list[str | int]:
    """A key that sorts 2.png before 10.png."""
    return [int(part) if index % 2 else part.casefold() for index, part in enumerate(re.split(r"(\d+)", name))]


def _own_name(path: Path) -> str:
    """A folder's or bag's name, also of . and .."""
    path = path.resolve()
    return (path.stem if path.suffix.lower() in BAG_SUFFIXES else path.name) or "root"


def _in_folder(folder: Path, output: Path, found: Found) -> list[_Named]:
    """Images and bags in a folder and below, with the names of their results. Hidden files and folders are left out."""
    avoid = output.resolve()
    if folder.resolve() == avoid:
        raise ConfigError(f"{folder}: is the folder to write to; choose another one with -o, such as {folder}/faces")
    own, named = _own_name(folder), []
    for path, bag in _walk(folder, {avoid}, found):
        relative = path.relative_to(folder)
        kept = relative if path.is_dir() else relative.with_suffix("")
        named.append(_Named(path, f"{own}/{kept.as_posix()}", bag))
    if not named and not found.failed:
        raise ConfigError(
            f"{folder}: no image and no bag in it or below; name a folder with .jpg, .png or other images"
        )
    return named


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Not so of a link that leads in a circle, or where nobody may look: it must not cost what lies beside it."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _walk(folder: Path, seen: set[Path], found: Found) -> Iterator[tuple[Path, bool]]:
    """Images, and bags with True; a folder's files before its folders. Links are followed, each folder once."""
    seen.add(folder.resolve())
    try:
        with os.scandir(folder) as listing:
            shown = [entry for entry in listing if not entry.name.startswith(".")]
        entries = sorted(shown, key=lambda entry: (natural(entry.name), entry.name))
        folders = [entry.name for entry in entries if _is_folder(entry)]
    except OSError as error:
        found.failed.append((str(folder), f"{folder}: cannot be searched ({error.strerror}); check its permissions"))
        return
    for entry in entries:
        suffix = Path(entry.name).suffix.lower()
        if suffix in (*IMAGE_SUFFIXES, *BAG_SUFFIXES) and entry.name not in folders:
            yield folder / entry.name, suffix in BAG_SUFFIXES
    for name in folders:
        path = folder / name
        if path.resolve() in seen:
            continue
        if is_bag(path):
            seen.add(path.resolve())
            yield path, True
        else:
            yield from _walk(path, seen, found)
