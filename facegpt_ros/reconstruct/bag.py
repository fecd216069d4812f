"""Images of a ROS 2 bag, read without ROS by the library rosbags (pure Python, Apache-2.0)."""

from __future__ import annotations

import hashlib
import logging
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from facegpt_ros.camera_info import camera_from_info
from facegpt_ros.convert import Decoded, decode_compressed, decode_image
from facegpt_ros.errors import BagError, CameraError, ImageError
from facegpt_ros.reconstruct.source import Reading
from facegpt_ros.render.camera import Camera

LOG = logging.getLogger(__name__)

BAG_SUFFIXES = (".mcap", ".db3")
_DECODERS: dict[str, Callable[[Any], Decoded]] = {
    "sensor_msgs/msg/Image": decode_image,
    "sensor_msgs/msg/CompressedImage": decode_compressed,
}
_CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
_SECOND = 10**9


def is_bag(path: Path) -> bool:
    """Whether this is a rosbag2 folder, or one of its files."""
    if path.is_file():
        return path.suffix.lower() in BAG_SUFFIXES
    try:
        with open(path / "metadata.yaml", "rb") as file:
            return b"rosbag2_bagfile_information" in file.read(4096)
    except OSError:
        return False


@dataclass(frozen=True)
class Message:
    """Where an image lies in a bag, and what it holds.

    Attributes:
        received_ns: when the bag got it; number: how many the topic has of the same time before it.
        stamp_ns: of its header, or received_ns where the header has none.
        size, sha256: of the serialised message.
    """

    received_ns: int
    number: int
    stamp_ns: int
    size: int
    sha256: str


class Bag:
    """One topic of images in a bag.

    Args:
        path: the bag's folder, or a single .mcap or .db3.
        topic: which one; None for the only one.

    Raises:
        BagError: rosbags is not installed, the bag cannot be read, or the topic is not there, not of images, or not the
            only one.
    """

    def __init__(self, path: Path, topic: str | None = None) -> None:
        self.path = path
        self._reader, self._types = _open(path)
        counts: dict[tuple[str, str], int] = {}
        for connection in self._reader.connections:
            if connection.msgtype in _DECODERS and connection.msgcount:
                key = connection.topic, connection.msgtype
                counts[key] = counts.get(key, 0) + connection.msgcount
        self.topic, self._type = _chosen(path, counts, topic)
        self.count = counts[self.topic, self._type]
        self._connections = self._of(self.topic, self._type)
        self._info = self._camera_info()
        self._misfits: set[tuple[int, int]] = set()  # sizes of images that it is not for, each told once

    def messages(self) -> Iterator[Message]:
        """Every image, by the time of arrival. Raises BagError: the bag is damaged after those that came."""
        last, number, read = -1, 0, 0
        try:
            for _, received_ns, raw in self._reader.messages(self._connections):
                number = number + 1 if received_ns == last else 0
                last, read = received_ns, read + 1
                stamp = _stamp_ns(raw) or received_ns
                yield Message(received_ns, number, stamp, len(raw), hashlib.sha256(raw).hexdigest())
        except Exception as error:  # the library raises anything on a damaged file
            raise BagError(
                f"{self.path}: damaged after {read} of {self.count} images of {self.topic} ({error}); "
                "repair it with `mcap recover` or `ros2 bag reindex`"
            ) from error

    def read(self, received_ns: int, number: int) -> Decoded:
        """The image of a Message. Raises ImageError: it is not there or cannot be decoded."""
        try:
            at = self._reader.messages(self._connections, start=received_ns, stop=received_ns + 1)
            raw = next(raw for index, (_, _, raw) in enumerate(at) if index == number)
            message = self._types.deserialize_cdr(raw, self._type)
        except Exception as error:  # as above
            raise ImageError(
                f"the message cannot be read ({type(error).__name__}: {error}); record it again"
            ) from error
        return _DECODERS[self._type](message)

    def camera(self, width: int, height: int) -> Camera | None:
        """By the topic's camera_info; None where the bag has none that fits images of this size."""
        if self._info is None:
            return None
        rectified = _base(self.topic).rsplit("/", 1)[1].startswith("image_rect")
        try:
            return camera_from_info(self._info, width, height, rectified=rectified)[0]
        except CameraError as error:
            if (width, height) not in self._misfits:
                self._misfits.add((width, height))
                LOG.warning("%s: %s; a field of view is assumed instead", self.path, error)
            return None

    def _of(self, topic: str, kind: str) -> list[Any]:
        return [c for c in self._reader.connections if (c.topic, c.msgtype) == (topic, kind)]

    def _camera_info(self) -> Any:
        """The first message of camera_info beside the topic, as image pipelines name it; None where there is none."""
        of_camera = self._of(_base(self.topic).rsplit("/", 1)[0] + "/camera_info", _CAMERA_INFO)
        try:
            for _, _, raw in self._reader.messages(of_camera) if of_camera else ():
                return self._types.deserialize_cdr(raw, _CAMERA_INFO)
        except Exception as error:  # as above
            LOG.warning("%s: its camera_info cannot be read (%s); a field of view is assumed", self.path, error)
        return None


@dataclass(frozen=True)
class Frame:
    """A Source: one image of a bag."""

    name: str
    bag: Path
    topic: str
    message: Message

    @property
    def stamp(self) -> str:
        return stamp_text(self.message.stamp_ns)

    @property
    def label(self) -> str:
        return f"{self.bag}: {self.topic} at {self.stamp}"

    @property
    def about(self) -> dict[str, Any]:
        return {"image": self.bag.name, "topic": self.topic, "stamp": self.stamp}

    def read(self) -> Reading:
        try:
            bag = opened(self.bag, self.topic)
            decoded = bag.read(self.message.received_ns, self.message.number)
        except (BagError, ImageError) as error:
            raise ImageError(f"{self.label}: {error}") from error
        height, width = decoded.image.shape[:2]
        identity = {
            "bag": str(self.bag),
            "topic": self.topic,
            "stamp": self.stamp,
            "size": self.message.size,
            "sha256": self.message.sha256,
        }
        return Reading(decoded.image, identity, bag.camera(width, height))

    def is_still(self, identity: dict[str, Any]) -> bool:
        return (self.message.size, self.message.sha256) == (identity.get("size"), identity.get("sha256"))


def stamp_text(stamp_ns: int) -> str:
    """Seconds and nine digits of nanoseconds, as ROS prints stamps."""
    return f"{stamp_ns // _SECOND}.{stamp_ns % _SECOND:09d}"


def topic_folder(topic: str) -> str:
    """A topic as the name of a folder: /camera/image_raw is camera_image_raw."""
    return re.sub(r"\W", "_", topic.strip("/"), flags=re.ASCII) or "topic"


@lru_cache(maxsize=2)
def opened(path: Path, topic: str) -> Bag:
    """A bag that stays open for this process's next image of it."""
    return Bag(path, topic)


def _open(path: Path) -> tuple[Any, Any]:
    try:
        from rosbags.rosbag2 import Reader
        from rosbags.typesys import Stores, get_typestore
    except ModuleNotFoundError as error:
        raise BagError(f"{path}: reading bags needs rosbags; install it with `pip install rosbags`") from error
    try:
        reader = Reader(path)
        reader.open()
    except Exception as error:  # as above
        raise BagError(
            f"{path}: no bag that can be read ({error}); name a rosbag2 folder with its metadata.yaml, or its .mcap or "
            ".db3; what a killed recording left becomes one with `ros2 bag reindex` or `mcap recover`"
        ) from error
    return reader, get_typestore(Stores.ROS2_JAZZY)


def _chosen(path: Path, counts: dict[tuple[str, str], int], topic: str | None) -> tuple[str, str]:
    listed = ", ".join(f"{name} ({kind.rsplit('/', 1)[1]}, {count})" for (name, kind), count in sorted(counts.items()))
    if not counts:
        raise BagError(f"{path}: holds no sensor_msgs/Image and no CompressedImage; record a camera's topic")
    if topic is not None:
        found = [key for key in counts if key[0] == "/" + topic.strip("/")]
        if not found:
            raise BagError(f"{path}: holds no images on {topic}; --topic may be {listed}")
        return found[0]
    if len(counts) > 1:
        raise BagError(f"{path}: holds images on {len(counts)} topics; choose one with --topic: {listed}")
    return next(iter(counts))


def _base(topic: str) -> str:
    """The raw image's topic: /camera/image_raw of /camera/image_raw/compressed."""
    return "/" + topic.strip("/").removesuffix("/compressed")


def _stamp_ns(raw: bytes) -> int:
    """header.stamp, the first field of both messages; 0 where it is not set."""
    if len(raw) < 12:
        return 0
    order = "<" if raw[1] & 1 else ">"  # CDR's representation id
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", raw, 4)
    return seconds * _SECOND + nanoseconds if seconds >= 0 and nanoseconds < _SECOND else 0
