"""The two nodes with a diary, for `facegpt bench node`: what happened to which image when.

    python -m facegpt_ros.nodes.recorded face_node DIARY [node arguments]

A diary is a CSV of event, stamp_ns, time_ns; written when the process ends.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from facegpt_ros.nodes import camera_node, face_node
from facegpt_ros.nodes.messages import nanoseconds

_diary: list[tuple[str, int, int]] = []


def _note(event: str, stamp_ns: int) -> None:
    _diary.append((event, stamp_ns, time.time_ns()))


class RecordedCamera(camera_node.CameraNode):
    """Notes when each image has left."""

    def _publish(self, image: Any) -> int:
        stamp = super()._publish(image)
        _note("published", stamp)
        return stamp


class RecordedFaceNode(face_node.FaceNode):
    """Notes when the processing of each image begins."""

    def _process(self, taken: Any) -> None:
        for one in taken.values():
            _note("begun", nanoseconds(one.frame.header.stamp))
        super()._process(taken)


def main(arguments: list[str]) -> int:
    kind, diary, *rest = arguments
    try:
        if kind == "camera_node":
            return camera_node.main([kind, *rest], node_class=RecordedCamera)
        return face_node.main([kind, *rest], node_class=RecordedFaceNode)
    finally:
        Path(diary).write_text("".join(f"{event},{stamp},{now}\n" for event, stamp, now in _diary))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
