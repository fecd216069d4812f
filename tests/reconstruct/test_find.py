"""Photos and folders as lists of images."""

import os
from pathlib import Path

import pytest

from facegpt_ros.cli import main
from facegpt_ros.errors import BagError, ConfigError, ImageError
from facegpt_ros.reconstruct import command
from facegpt_ros.reconstruct.find import find_sources, natural
from tests.reconstruct.oracle import Performer, names_in, photo, run_in, written

pytestmark = pytest.mark.usefixtures("quick")


def names(folder: Path, *inputs: Path) -> list[str]:
    return [source.name for source in find_sources(inputs, folder / "out").sources]


def touch(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"x")
    return folder


def test_a_folder_keeps_its_paths_and_what_people_would_order(tmp_path: Path):
    touch(
        tmp_path / "in", "10.png", "9.JPG", "a/2.tiff", "a/10.webp", "B/1.bmp", "notes.txt", ".hidden.jpg", ".x/1.jpg"
    )
    assert names(tmp_path, tmp_path / "in") == ["in/9", "in/10", "in/a/2", "in/a/10", "in/B/1"]
    assert natural("img10") > natural("img9") and natural("a") < natural("a1")


def test_equal_names_of_a_folder_get_numbers_and_those_of_two_folders_do_not_meet(tmp_path: Path):
    touch(tmp_path, "x/1.jpg", "x/1.png", "y/1.jpg", "1.jpg")
    found = names(tmp_path, tmp_path / "x", tmp_path / "y", tmp_path / "1.jpg")
    assert found == ["x/1", "x/1-2", "y/1", "1"]


def test_the_folder_that_is_here_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(touch(tmp_path / "holiday", "1.jpg"))
    assert names(tmp_path, Path(".")) == ["holiday/1"]


def test_links_are_followed_and_a_circle_ends(tmp_path: Path):
    touch(tmp_path / "in", "a/1.jpg")
    touch(tmp_path / "elsewhere", "2.jpg")
    os.symlink(tmp_path / "in", tmp_path / "in" / "a" / "up")
    os.symlink(tmp_path / "elsewhere", tmp_path / "in" / "there")
    assert names(tmp_path, tmp_path / "in") == ["in/a/1", "in/there/2"]


def test_a_link_that_leads_nowhere_costs_nothing_beside_it(tmp_path: Path):
    touch(tmp_path / "in", "1.jpg")
    os.symlink("circle", tmp_path / "in" / "circle")
    os.symlink("circle.png", tmp_path / "in" / "circle.png")
    os.symlink("gone", tmp_path / "in" / "dangling")
    found = find_sources([tmp_path / "in"], tmp_path / "out")
    assert [source.name for source in found.sources] == ["in/1", "in/circle"] and not found.failed
    with pytest.raises(ImageError, match=r"circle\.png: cannot be read \(Too many levels"):
        found.sources[1].read()


def test_names_that_are_no_text_or_long_are_done_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(command, "in_place", Performer())
    (tmp_path / "in").mkdir()
    for name in (b"\xff.png", ("\u044f" * 118).encode() + b".png"):  # Latin-1, and 240 bytes of UTF-8
        os.rename(written(tmp_path / "a.png", photo()), os.fsencode(tmp_path / "in") + b"/" + name)
    assert main(["reconstruct", str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "/\\udcff.png: 1 face: in/\\udcff.png" in said and "2 faces from 2 images" in said
    assert (tmp_path / "out" / "in" / os.fsdecode(b"\xff.obj")).is_file()


def test_results_are_never_taken_for_photos(tmp_path: Path):
    written(tmp_path / "in" / "1.png", photo())
    for _ in range(2):
        run_in(tmp_path / "in" / "out", tmp_path / "in")
    assert {Path(name).parts[0] for name in names_in(tmp_path / "in" / "out")} == {"in"}
    assert len(names_in(tmp_path / "in" / "out")) == 5
    with pytest.raises(ConfigError, match="is the folder to write to"):
        find_sources([tmp_path / "in"], tmp_path / "in")


def test_a_folder_without_images_is_named_before_anything_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture):
    touch(tmp_path / "in", "notes.txt", "below/more.txt")
    assert main(["reconstruct", str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 1
    assert f"{tmp_path / 'in'}: no image and no bag in it" in capsys.readouterr().err


def test_what_has_no_topic_and_what_is_of_ros_1_is_said(tmp_path: Path):
    touch(tmp_path, "1.jpg", "old.bag")
    with pytest.raises(ConfigError, match="--topic is /image"):
        find_sources([tmp_path / "1.jpg"], tmp_path / "out", "/image")
    with pytest.raises(BagError, match="rosbags-convert"):
        find_sources([tmp_path / "old.bag"], tmp_path / "out")


def test_a_folder_is_done_like_its_photos_and_a_broken_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture):
    written(tmp_path / "in" / "a" / "ada.png", photo())
    written(tmp_path / "in" / "b" / "ada.png", photo(2))
    touch(tmp_path / "in", "cut.jpg")
    summary = run_in(tmp_path / "out", tmp_path / "in")
    assert (summary.images, summary.done, summary.faces, len(summary.failed)) == (3, 2, 3, 1)
    done = names_in(tmp_path / "out")
    assert "in/a/ada.obj" in done and "in/b/ada_1.json" in done and not [name for name in done if "cut" in name]
    said = capsys.readouterr()
    assert f"{tmp_path}/in/cut.jpg: no picture" in said.err and "1 image failed" in said.out
