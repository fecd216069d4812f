"""Images of bags in both storages, good and damaged."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from facegpt_ros.cli import main
from facegpt_ros.errors import BagError
from facegpt_ros.reconstruct.bag import Bag, opened
from facegpt_ros.reconstruct.find import find_sources
from tests.reconstruct.bags import COMPRESSED, FIRST_NS, IMAGE, INFO, Row, camera_info, compressed, image, write_bag
from tests.reconstruct.oracle import Performer, names_in, photo, run_in, written

pytestmark = pytest.mark.usefixtures("quick", "closed")
TOPIC = "/camera/image_raw"
PICTURE = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8)


@pytest.fixture
def closed():
    yield
    opened.cache_clear()


def rows(count: int, faces: int = 1) -> list[Row]:
    """A frame every tenth of a second, which arrives a millisecond late."""
    times = [FIRST_NS + index * 10**8 for index in range(count)]
    return [(TOPIC, IMAGE, time + 10**6, image(photo(faces), time)) for time in times]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
@pytest.mark.parametrize("kind", [IMAGE, COMPRESSED])
def test_frames_are_read_as_they_were_recorded_and_named_by_stamp(storage: str, kind: str, tmp_path: Path):
    make = image if kind == IMAGE else compressed
    pictures = [np.roll(PICTURE, index, 0) for index in range(3)]
    recorded = [(TOPIC, kind, FIRST_NS + i, make(picture, (5 - i) * 10**9)) for i, picture in enumerate(pictures)]
    bag = write_bag(tmp_path / "drive", recorded, storage)
    for path in (bag, next(bag.glob("*.mcap" if storage == "mcap" else "*.db3"))):
        sources = find_sources([path], tmp_path / "out").sources
        assert [source.name for source in sources] == [f"drive/camera_image_raw/{5 - i}.000000000" for i in range(3)]
        for source, picture in zip(reversed(sources), reversed(pictures), strict=True):
            assert np.array_equal(source.read().image, picture)


def test_a_bag_is_done_frame_by_frame_and_goes_on(tmp_path: Path):
    bag, performer = write_bag(tmp_path / "drive", rows(3)), Performer()
    run_in(tmp_path / "out", bag)
    place = tmp_path / "out" / "drive" / "camera_image_raw"
    document = json.loads((place / "1700000000.100000000.json").read_text())
    about = {key: document[key] for key in ("image", "topic", "stamp")}
    assert about == {"image": "drive", "topic": TOPIC, "stamp": "1700000000.100000000"}
    (place / "1700000000.100000000.obj").unlink()
    assert run_in(tmp_path / "out", bag, performer=performer).resumed == 2
    assert performer.did == ["drive/camera_image_raw/1700000000.100000000"]


def test_frames_without_stamp_or_of_equal_stamp_and_time_are_all_done(tmp_path: Path):
    pictures = [np.roll(PICTURE, index, 0) for index in range(4)]
    stamps = (0, 7, 7, 7)
    recorded = [(TOPIC, IMAGE, FIRST_NS, image(*both)) for both in zip(pictures, stamps, strict=True)]
    sources = find_sources([write_bag(tmp_path / "drive", recorded)], tmp_path / "out").sources
    ends = [source.name.rsplit("/", 1)[1] for source in sources]
    assert ends == ["1700000000.000000000", "0.000000007", "0.000000007-2", "0.000000007-3"]
    assert all(np.array_equal(s.read().image, picture) for s, picture in zip(sources, pictures, strict=True))


def test_a_frame_that_cannot_be_decoded_is_named_and_the_others_done(tmp_path: Path, capsys: pytest.CaptureFixture):
    good = rows(4)
    good[1] = (*good[1][:3], image(photo(), FIRST_NS + 10**8, encoding="nonsense"))
    good[2] = (*good[2][:3], good[2][3][:200])
    summary = run_in(tmp_path / "out", write_bag(tmp_path / "drive", good))
    assert (summary.done, len(summary.failed)) == (2, 2)
    said = capsys.readouterr().err.splitlines()
    label = f"{tmp_path}/drive: {TOPIC} at 1700000000"
    assert said[0].startswith(f"{label}.100000000: image encoding is 'nonsense'")
    assert said[1].startswith(f"{label}.200000000: the message cannot be read")


def test_the_topic_is_asked_for_where_there_are_several(tmp_path: Path):
    other = ("/rear/image_raw", IMAGE, FIRST_NS, image(photo(), FIRST_NS))
    words = ("/chatter", INFO, FIRST_NS, camera_info(16, 12, 10.0))
    bag = write_bag(tmp_path / "drive", [*rows(2), other, words])
    with pytest.raises(BagError, match=r"on 2 topics; choose one with --topic: /camera/image_raw \(Image, 2\), /rear"):
        find_sources([bag], tmp_path / "out")
    with pytest.raises(BagError, match="holds no images on /chatter; --topic may be /camera/image_raw"):
        find_sources([bag], tmp_path / "out", "/chatter")
    assert len(find_sources([bag], tmp_path / "out", "rear/image_raw").sources) == 1
    with pytest.raises(BagError, match="holds no sensor_msgs/Image"):
        find_sources([write_bag(tmp_path / "words", [words])], tmp_path / "out")


def test_camera_info_of_the_bag_is_used_unless_a_field_of_view_is_given(tmp_path: Path):
    info = ("/camera/camera_info", INFO, FIRST_NS, camera_info(160, 120, 77.0))
    bag = write_bag(tmp_path / "drive", [info, *rows(1)])

    def camera(**options) -> dict:
        run_in(tmp_path / "out", bag, **options)
        return json.loads((tmp_path / "out/drive/camera_image_raw/1700000000.000000000.json").read_text())["camera"]

    known, given = camera(fov_deg=None), camera(fov_deg=60.0)
    assert (known["fx"], known["assumed"]) == (77.0, False)
    assert (given["fx"], given["assumed"]) == (pytest.approx(138.564, abs=1e-3), True)


def test_a_camera_info_of_another_shape_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    info = ("/camera/camera_info", INFO, FIRST_NS, camera_info(100, 120, 77.0))
    bag = Bag(write_bag(tmp_path / "drive", [info, *rows(1)]))
    assert bag.camera(160, 120) is None and bag.camera(160, 120) is None
    assert len([line for line in caplog.messages if "a field of view is assumed" in line]) == 1
    fitting = bag.camera(100, 120)  # whatever came before it: images are done in any order
    assert fitting is not None and fitting.fx == 77.0


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_bag_that_was_cut_off_is_named_with_a_cure(storage: str, tmp_path: Path, capsys: pytest.CaptureFixture):
    bag = write_bag(tmp_path / "drive", rows(2), storage)
    file = next(bag.glob("*.mcap" if storage == "mcap" else "*.db3"))
    file.write_bytes(file.read_bytes()[:3000])
    assert main(["reconstruct", str(bag), "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert f"{bag}: no bag that can be read" in said and "ros2 bag reindex" in said


def test_after_damage_in_the_middle_the_rest_is_done(tmp_path: Path, capsys: pytest.CaptureFixture):
    written(tmp_path / "in" / "z.png", photo())
    bag = write_bag(tmp_path / "in" / "drive", rows(40))
    file = next(bag.glob("*.mcap"))
    data = bytearray(file.read_bytes())
    middle = data.rindex(image(photo(), FIRST_NS + 30 * 10**8)[:12])
    data[middle - 31 : middle] = b"\xff" * 31  # the head of a record inside its chunk
    file.write_bytes(data)
    found = find_sources([tmp_path / "in"], tmp_path / "out")
    assert 1 < len(found.sources) < 32 and found.sources[0].name == "in/z"
    ((name, reason),) = found.failed
    assert name == str(bag) and f"damaged after {len(found.sources) - 1} of 40 images" in reason


def test_a_recording_without_metadata_is_read_file_by_file(tmp_path: Path):
    bag = write_bag(tmp_path / "in" / "drive", rows(1))
    (bag / "metadata.yaml").unlink()
    names = [source.name for source in find_sources([tmp_path / "in"], tmp_path / "out").sources]
    assert names == ["in/drive/drive/camera_image_raw/1700000000.000000000"]


def test_a_topic_cannot_name_a_place_outside_the_output_folder(tmp_path: Path):
    hostile = write_bag(tmp_path / "drive", [("/../../up", IMAGE, FIRST_NS, image(photo(), FIRST_NS))])
    run_in(tmp_path / "deep" / "out", hostile)
    assert all(name.startswith("drive/______up/") for name in names_in(tmp_path / "deep" / "out"))
    assert not (tmp_path / "up").exists() and not (tmp_path / "deep" / "up").exists()


def test_without_the_library_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bag = write_bag(tmp_path / "drive", rows(1))
    monkeypatch.setitem(sys.modules, "rosbags.rosbag2", None)
    with pytest.raises(BagError, match="pip install rosbags"):
        find_sources([bag], tmp_path / "out")
