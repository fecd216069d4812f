import cv2
import numpy as np
import pytest

from facegpt_ros.config import SourceConfig
from facegpt_ros.errors import ConfigError
from facegpt_ros.sources import open_source, resized


def grey(value):
    return np.full((48, 64, 3), value, np.uint8)


@pytest.fixture
def folder(tmp_path):
    for value in (10, 20, 30):
        cv2.imwrite(str(tmp_path / f"{value}.png"), grey(value))
    (tmp_path / "25.png").write_text("not an image")
    (tmp_path / "notes.txt").write_text("not a name of an image")
    return tmp_path


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 12.0, (64, 48))
    for value in (10, 20, 30):
        writer.write(grey(value))
    writer.release()
    return path


def values(source):
    means = []
    while (image := source.read()) is not None:
        means.append(round(float(image.mean())))
    return means


def test_folder_gives_its_images_in_order_of_name_and_passes_over_the_rest(folder):
    source = open_source(SourceConfig(uri=str(folder), fps=7.0))
    assert values(source) == [10, 20, 30] and source.fps == 7.0
    source.rewind()
    assert values(source) == [10, 20, 30]


def test_video_ends_and_rewinds(video):
    source = open_source(SourceConfig(uri=str(video)))
    assert source.fps == pytest.approx(12.0) and not source.live
    assert values(source) == pytest.approx([10, 20, 30], abs=3)
    assert source.read() is None
    source.rewind()
    assert len(values(source)) == 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path / "none.mp4", "no such file or folder"),
        (lambda path: path, "no image"),
        (lambda path: (path / "text.mp4", (path / "text.mp4").write_text("text"))[0], "cannot read it as a video"),
        (lambda path: path / (5000 * "x"), "File name too long"),
        (lambda path: "~nobody-of-this-name/clip.mp4", "home directory"),
    ],
)
def test_what_cannot_be_opened_is_named(tmp_path, make, said):
    with pytest.raises(ConfigError, match=said):
        open_source(SourceConfig(uri=str(make(tmp_path))))


def test_no_webcam_names_the_devices():
    with pytest.raises(ConfigError, match="devices: .*give another"):
        open_source(SourceConfig(uri="97"))


def test_resized_keeps_the_shape_where_one_side_is_given():
    assert resized(grey(1), 0, 0).shape == (48, 64, 3)
    assert resized(grey(1), 32, 0).shape == (24, 32, 3)
    assert resized(grey(1), 128, 128).shape == (128, 128, 3)
