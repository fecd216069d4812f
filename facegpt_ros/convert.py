"""ROS image messages to arrays and back, without importing ROS: anything with the message's attributes will do."""

from __future__ import annotations

import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from facegpt_ros.errors import ImageError


@dataclass(frozen=True)
class Decoded:
    """A message as the core wants it.

    Attributes:
        image: (H, W, 3) uint8 BGR, C-contiguous.
        note: what was done to it that a user should be told once, or "".
    """

    image: np.ndarray
    note: str = ""


def decode_image(message: Any) -> Decoded:
    """A sensor_msgs/Image of any supported encoding.

    bgr8 without padding is returned as a view of the message's data: neither may be changed afterwards.

    Raises:
        ImageError: zero-sized, unknown encoding, or a step or data length that does not fit the size.
    """
    width, height, step = int(message.width), int(message.height), int(message.step)
    encoding = str(message.encoding)
    if width == 0 or height == 0:
        raise ImageError(f"image is {width}x{height} px; both must be positive, check the camera driver")
    layout = _LAYOUTS.get(encoding.lower())
    if layout is None:
        raise ImageError(f"image encoding is '{encoding}'; supported are {', '.join(_LAYOUTS)}")
    row = width * layout.channels * layout.depth_bytes
    if step < row:
        raise ImageError(
            f"image step is {step} bytes; {width} px of {encoding} need at least {row}, check the camera driver"
        )
    data = np.frombuffer(message.data, np.uint8)
    if data.size != step * height:
        raise ImageError(
            f"image data is {data.size} bytes; {height} rows with a step of {step} make {step * height}, "
            "check the camera driver"
        )
    if layout.even_width and width % 2:
        raise ImageError(f"image is {width} px wide; {encoding} stores pixels in pairs, the width must be even")
    pixels = data.reshape(height, step)[:, :row]
    if layout.depth_bytes == 1:
        return Decoded(layout.to_bgr(_channels(pixels, layout.channels)))
    wide = np.ascontiguousarray(pixels).view(">u2" if message.is_bigendian else "<u2")
    narrow, shift = _to_8_bits(wide)
    note = f"{encoding} images hold 16 bits a channel; they are scaled to 8 by their brightest value (now >> {shift})"
    return Decoded(layout.to_bgr(_channels(narrow, layout.channels)), note)


def decode_compressed(message: Any) -> Decoded:
    """A sensor_msgs/CompressedImage holding a JPEG, PNG or whatever else OpenCV reads.

    Orientation tags are ignored: camera_info belongs to the pixels as they are stored.

    Raises:
        ImageError: empty, cut off, a depth image, or not decodable.
    """
    data = np.frombuffer(message.data, np.uint8)
    label = f"compressed image (format '{message.format}', {data.size} bytes)"
    if "compressedDepth" in str(message.format):
        raise ImageError(f"{label} is a depth image; remap image/compressed to a colour or infrared camera's topic")
    if data.size == 0:
        raise ImageError(f"{label} is empty; check the camera driver")
    # OpenCV decodes a cut-off JPEG to grey rows with no more than a warning on stderr.
    tail = data[-64:].tobytes()
    if data[:2].tobytes() == b"\xff\xd8" and b"\xff\xd9" not in tail:
        raise ImageError(f"{label} is a JPEG cut off before its end marker; check the camera driver and the network")
    if data[:4].tobytes() == b"\x89PNG" and b"IEND" not in tail:
        raise ImageError(f"{label} is a PNG cut off before its end; check the camera driver and the network")
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise ImageError(f"{label} cannot be decoded: {error}") from error
    if image is None:
        raise ImageError(f"{label} cannot be decoded; it is neither a JPEG nor a PNG that OpenCV reads")
    return Decoded(image)


def image_data(image: np.ndarray) -> array.array[int]:
    """Pixels (H, W, C) uint8 as what Image.data takes without copying byte by byte (0.015 ms; an ndarray takes 41)."""
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(image).data.cast("B"))
    return data


def _channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    return pixels if channels == 1 else np.ascontiguousarray(pixels).reshape(len(pixels), -1, channels)


def _to_8_bits(wide: np.ndarray) -> tuple[np.ndarray, int]:
    """(H, N) uint16 → uint8 by a power of two that the brightest value just fits, and its exponent.

    Infrared cameras fill 10 or 12 of the 16 bits; a fixed >> 8 would leave them black.
    """
    shift = max(0, int(wide.max()).bit_length() - 8)
    return (wide >> shift).astype(np.uint8), shift


def _colour(code: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: cv2.cvtColor(np.ascontiguousarray(pixels), code)


@dataclass(frozen=True)
class _Layout:
    channels: int
    to_bgr: Callable[[np.ndarray], np.ndarray]
    depth_bytes: int = 1
    even_width: bool = False


_BGR, _RGB = np.ascontiguousarray, _colour(cv2.COLOR_RGB2BGR)
_BGRA, _RGBA = _colour(cv2.COLOR_BGRA2BGR), _colour(cv2.COLOR_RGBA2BGR)
_MONO = _colour(cv2.COLOR_GRAY2BGR)
_UYVY, _YUYV = _colour(cv2.COLOR_YUV2BGR_UYVY), _colour(cv2.COLOR_YUV2BGR_YUY2)
# OpenCV names a mosaic by its second row's second and third pixel, ROS by its top left four.
_BAYER = {
    "rggb": _colour(cv2.COLOR_BayerBG2BGR),
    "bggr": _colour(cv2.COLOR_BayerRG2BGR),
    "gbrg": _colour(cv2.COLOR_BayerGR2BGR),
    "grbg": _colour(cv2.COLOR_BayerGB2BGR),
}
_LAYOUTS: dict[str, _Layout] = {
    "bgr8": _Layout(3, _BGR),
    "rgb8": _Layout(3, _RGB),
    "bgra8": _Layout(4, _BGRA),
    "rgba8": _Layout(4, _RGBA),
    "mono8": _Layout(1, _MONO),
    "8uc1": _Layout(1, _MONO),
    "8uc3": _Layout(3, _BGR),
    "8uc4": _Layout(4, _BGRA),
    "bgr16": _Layout(3, _BGR, 2),
    "rgb16": _Layout(3, _RGB, 2),
    "mono16": _Layout(1, _MONO, 2),
    "16uc1": _Layout(1, _MONO, 2),
    **{f"bayer_{order}8": _Layout(1, convert) for order, convert in _BAYER.items()},
    **{f"bayer_{order}16": _Layout(1, convert, 2) for order, convert in _BAYER.items()},
    "yuv422": _Layout(2, _UYVY, even_width=True),
    "uyvy": _Layout(2, _UYVY, even_width=True),
    "yuv422_yuy2": _Layout(2, _YUYV, even_width=True),
    "yuyv": _Layout(2, _YUYV, even_width=True),
}
