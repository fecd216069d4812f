"""The two nodes with a diary, for `facegpt bench node`: what happened to which image when.

    python -m facegpt_ros.nodes.recorded face_node DIARY [node arguments]

A diary is a CSV of stamp_ns, time_ns: of each image that the camera has published, and of each whose processing begins
in face_node. Each row is written at once: a long run shall neither look like a leak nor lose them to a kill.
"""

from __future__ import annotations

import sys
import time
from io import FileIO
from typing import Any

from facegpt_ros.nodes import camera_node, face_node
from facegpt_ros.nodes.messages import nanoseconds

_diary: list[FileIO] = []  # the one that is open


def _note(stamp_ns: int) -> None:
    _diary[0].write(b"%d,%d\n" % (stamp_ns, time.time_ns()))


class RecordedCamera(camera_node.CameraNode):
    """Notes when each image has left."""

    def _publish(self, image: Any) -> int:
        stamp = super()._publish(image)
        _note(stamp)
        return stamp


class RecordedFaceNode(face_node.FaceNode):
    """Notes when the processing of each image begins."""

    def _process(self, taken: Any) -> None:
        for one in taken.values():
            _note(nanoseconds(one.frame.header.stamp))
        super()._process(taken)


def main(arguments: list[str]) -> int:
    kind, diary, *rest = arguments
    with open(diary, "wb", buffering=0) as file:
        _diary.append(file)
        if kind == "camera_node":
            return camera_node.main([kind, *rest], node_class=RecordedCamera)
        return face_node.main([kind, *rest], node_class=RecordedFaceNode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
