from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from facegpt_ros.convert import decode_compressed, decode_image, image_data
from facegpt_ros.errors import ImageError

BGR = np.zeros((4, 6, 3), np.uint8)
BGR[..., 0], BGR[..., 1], BGR[..., 2] = 20, 90, 200  # one colour, so that mosaics and chroma pairs keep it


def message(pixels, encoding, *, width=None, height=None, step=None, big_endian=0, padding=0):
    pixels = np.ascontiguousarray(pixels)
    rows = pixels.reshape(len(pixels), -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)))
    return SimpleNamespace(
        width=pixels.shape[1] if width is None else width,
        height=pixels.shape[0] if height is None else height,
        step=rows.shape[1] if step is None else step,
        encoding=encoding,
        is_bigendian=big_endian,
        data=image_data(rows),
    )


def mosaic(order):
    value = {"b": 20, "g": 90, "r": 200}
    tile = np.array([[value[order[0]], value[order[1]]], [value[order[2]], value[order[3]]]], np.uint8)
    return np.tile(tile, (4, 6))


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("bgr8", BGR),
        ("8UC3", BGR),
        ("rgb8", BGR[..., ::-1]),
        ("bgra8", cv2.cvtColor(BGR, cv2.COLOR_BGR2BGRA)),
        ("rgba8", cv2.cvtColor(BGR, cv2.COLOR_BGR2RGBA)),
        ("yuv422", cv2.cvtColor(BGR, cv2.COLOR_BGR2YUV_UYVY)),
        ("yuv422_yuy2", cv2.cvtColor(BGR, cv2.COLOR_BGR2YUV_YUY2)),
        *((f"bayer_{order}8", mosaic(order)) for order in ("rggb", "bggr", "gbrg", "grbg")),
    ],
)
def test_every_colour_encoding_keeps_the_colour(encoding, pixels):
    image = decode_image(message(pixels, encoding)).image
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    assert image.shape == (*pixels.shape[:2], 3)
    assert np.abs(image.astype(int) - BGR[0, 0]).max() <= 3


def test_mono_becomes_grey():
    decoded = decode_image(message(np.full((4, 6), 77, np.uint8), "mono8"))
    assert (decoded.image == 77).all() and decoded.note == ""


@pytest.mark.parametrize("encoding", ["mono16", "16UC1"])
@pytest.mark.parametrize("big_endian", [0, 1])
def test_16_bits_are_scaled_by_the_brightest_and_said(encoding, big_endian):
    wide = np.full((4, 6), 1000, ">u2" if big_endian else "<u2")
    wide[0, 0] = 4000
    decoded = decode_image(message(wide, encoding, width=6, big_endian=big_endian))
    assert decoded.image[0, 0, 0] == 250 and decoded.image[1, 1, 0] == 62
    assert encoding in decoded.note and "scaled" in decoded.note


def test_padded_rows_are_cut():
    assert (decode_image(message(BGR, "bgr8", padding=5)).image == BGR).all()


def test_bgr8_is_not_copied():
    given = message(BGR, "bgr8")
    assert np.shares_memory(decode_image(given).image, np.frombuffer(given.data, np.uint8))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (message(BGR, "bgr8", step=10), "step is 10 bytes.*at least 18"),
        (message(BGR, "bgr8", step=0), "step is 0 bytes"),
        (message(BGR, "bgr8", height=5), "72 bytes.*make 90"),
        (message(BGR, "bgr8", height=3), "72 bytes.*make 54"),
        (message(BGR, "bgr8", width=0), "0x4"),
        (message(BGR, "bgr8", height=0), "6x0"),
        (message(BGR, "32FC3"), "'32FC3'; supported are bgr8, rgb8"),
        (message(BGR, ""), "encoding is ''"),
        (message(np.zeros((4, 5, 2), np.uint8), "yuv422"), "5 px wide.*even"),
    ],
)
def test_bad_image_is_refused_with_the_reason(bad, said):
    with pytest.raises(ImageError, match=said):
        decode_image(bad)


def picture(kind):
    noise = np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)
    return cv2.imencode(kind, noise)[1].tobytes()


def compressed(data, kind="jpeg"):
    return SimpleNamespace(format=kind, data=data)


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_compressed_images_decode(kind):
    assert decode_compressed(compressed(picture(kind))).image.shape == (64, 48, 3)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (compressed(picture(".jpg")[:-200]), "JPEG cut off"),
        (compressed(picture(".png")[:-200], "png"), "PNG cut off"),
        (compressed(b""), "empty"),
        (compressed(b"not a picture at all"), "cannot be decoded"),
        (compressed(picture(".png"), "16UC1; compressedDepth png"), "depth image"),
    ],
)
def test_bad_compressed_image_is_refused_with_the_reason(bad, said):
    with pytest.raises(ImageError, match=said):
        decode_compressed(bad)


def test_image_data_round_trips():
    assert (np.frombuffer(image_data(BGR[:, ::2]), np.uint8) == BGR[:, ::2].ravel()).all()
