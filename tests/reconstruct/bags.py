"""Small bags, written by the library that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rosbags", reason="needs rosbags: bash scripts/test installs it")
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

TYPES = get_typestore(Stores.ROS2_JAZZY)
IMAGE, COMPRESSED, INFO = (f"sensor_msgs/msg/{name}" for name in ("Image", "CompressedImage", "CameraInfo"))
FIRST_NS = 1_700_000_000_000_000_000
#: Topic, type, time of arrival ns, and the serialised message.
Row = tuple[str, str, int, bytes]


def header(stamp_ns: int) -> Any:
    stamp = TYPES.types["builtin_interfaces/msg/Time"](sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return TYPES.types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera")


def image(pixels: np.ndarray, stamp_ns: int, **changes: Any) -> bytes:
    height, width = pixels.shape[:2]
    fields = {"height": height, "width": width, "encoding": "bgr8", "is_bigendian": 0, "step": 3 * width}
    fields |= {"header": header(stamp_ns), "data": pixels.reshape(-1)} | changes
    return bytes(TYPES.serialize_cdr(TYPES.types[IMAGE](**fields), IMAGE))


def compressed(pixels: np.ndarray, stamp_ns: int) -> bytes:
    data = cv2.imencode(".png", pixels)[1].reshape(-1)
    message = TYPES.types[COMPRESSED](header=header(stamp_ns), format="png", data=data)
    return bytes(TYPES.serialize_cdr(message, COMPRESSED))


def camera_info(width: int, height: int, focal: float) -> bytes:
    k = np.array([focal, 0, width / 2, 0, focal, height / 2, 0, 0, 1.0])
    roi = TYPES.types["sensor_msgs/msg/RegionOfInterest"](x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    message = TYPES.types[INFO](
        header=header(FIRST_NS),
        height=height,
        width=width,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=k,
        r=np.eye(3).ravel(),
        p=np.zeros(12),
        binning_x=0,
        binning_y=0,
        roi=roi,
    )
    return bytes(TYPES.serialize_cdr(message, INFO))


def write_bag(folder: Path, rows: Sequence[Row], storage: str = "mcap") -> Path:
    """A rosbag2 folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    plugin = StoragePlugin.MCAP if storage == "mcap" else StoragePlugin.SQLITE3
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        connections: dict[str, Any] = {}
        for topic, kind, received_ns, raw in rows:
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=TYPES)
            writer.write(connections[topic], received_ns, raw)
    return folder
