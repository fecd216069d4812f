"""One pipeline before several cameras, as face_node serves them: the newest image of each is one round, one batch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from facegpt_ros.bench.interleaved import Turn, ratio, summary
from facegpt_ros.config import Config
from facegpt_ros.convert import decode_image
from facegpt_ros.errors import ConfigError
from facegpt_ros.face import Face
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.perception.stream import View
from facegpt_ros.render.camera import Camera

SETTLING = 8  # rounds until every face is followed and published


class FollowedCameras:
    """So many cameras that all see one face; turns: a round, and its decoding alone.

    Args:
        pipeline: that serves them, and perhaps other groups of cameras too; closed by its owner.
        count: of the cameras.
        image: (H, W, 3) uint8 BGR with one face; each camera sends a copy of its own.

    Raises:
        ConfigError: not every camera's face is followed.
    """

    def __init__(self, pipeline: FacePipeline, config: Config, count: int, image: np.ndarray) -> None:
        self._pipeline = pipeline
        self._messages = {f"{count}_{nth}": _message(image) for nth in range(count)}
        self._camera = Camera.from_fov(image.shape[1], image.shape[0], config.camera.assumed_fov_deg)
        self.turns: dict[str, Turn] = {"round": self.round, "decode": self.decode}
        for _ in range(SETTLING):
            faces = self.round()
        if [len(some) for some in faces] != [1] * count:
            raise ConfigError(f"the faces of {count} cameras are not followed; leave the perception parameters")

    def round(self) -> list[list[Face]]:
        """The next image of every camera, from message to faces."""
        out: list[list[Face]] = []
        for faces in self._pipeline.process_all(self.decode()):
            if isinstance(faces, Exception):
                raise faces
            out.append(faces)
        return out

    def decode(self) -> list[View]:
        return [View(decode_image(sent).image, self._camera, 0.0, name) for name, sent in self._messages.items()]


def figures(taken: dict[int, dict[str, np.ndarray]]) -> dict[str, Any]:
    """Number of cameras → what a round took, the frames a second of each camera and of all, and how many times as long
    as the fewest.

    Args:
        taken: number of cameras → turn of FollowedCameras → ms.
    """
    out: dict[str, Any] = {}
    first = min(taken, default=0)
    for count, spent in taken.items():
        each = 1e3 / float(np.median(spent["round"]))
        out[str(count)] = {
            "ms": {name: summary(values) for name, values in spent.items()},
            "fps": round(each, 1),
            "fps_of_all": round(count * each, 1),
            f"times_{first}": ratio(spent["round"], taken[first]["round"]),
        }
    return out


def _message(image: np.ndarray) -> Any:
    """As a sensor_msgs/Image holds it."""
    height, width = image.shape[:2]
    return SimpleNamespace(
        height=height, width=width, encoding="bgr8", is_bigendian=0, step=3 * width, data=image.tobytes()
    )
