"""One image to reconstruct, wherever it is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from facegpt_ros.photo_file import decode_photo, photo_bytes
from facegpt_ros.render.camera import Camera


@dataclass(frozen=True)
class Reading:
    """An image as it was read.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        identity: what a record keeps of the source, as JSON.
        camera: that took it, or None where nothing is known of it.
    """

    image: np.ndarray
    identity: dict[str, Any]
    camera: Camera | None = None


class Source(Protocol):
    """Where an image comes from. Plain data, which travels between processes.

    Attributes:
        name: of what is written, relative to the output folder and without endings.
        label: what messages call it.
        about: what the .json of a face says of it.
    """

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def about(self) -> dict[str, Any]: ...

    def read(self) -> Reading:
        """Raises ImageError: it cannot be read or decoded."""

    def is_still(self, identity: dict[str, Any]) -> bool:
        """Whether this is the image of which a record keeps this identity."""


@dataclass(frozen=True)
class Photo:
    """An image file."""

    name: str
    path: Path

    @property
    def label(self) -> str:
        return str(self.path)

    @property
    def about(self) -> dict[str, Any]:
        return {"image": self.path.name}

    def read(self) -> Reading:
        try:
            changed = self.path.stat().st_mtime_ns  # before the content: what changes meanwhile is done again
        except OSError:
            changed = 0  # photo_bytes says why
        data = photo_bytes(self.path)
        identity = {
            "path": str(self.path),
            "size": len(data),
            "mtime_ns": changed,
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        return Reading(decode_photo(data, self.path), identity)

    def is_still(self, identity: dict[str, Any]) -> bool:
        """By size and time, which cost nothing; by content where only the time differs, as after a copy."""
        try:
            status = self.path.stat()
            if status.st_size != identity.get("size"):
                return False
            if status.st_mtime_ns == identity.get("mtime_ns"):
                return True
            return hashlib.sha256(self.path.read_bytes()).hexdigest() == identity.get("sha256")
        except OSError:
            return False
