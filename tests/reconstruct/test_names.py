"""Names of results never collide, with each other or with what is read."""

from itertools import combinations
from pathlib import Path

import pytest

from facegpt_ros.reconstruct.names import OutputNames, face_names
from facegpt_ros.reconstruction import face_files


def files_of(name: str) -> set[str]:
    """Everything that an image of 1 to 16 faces may write under a name."""
    faces = {face for count in range(1, 17) for face in face_names(name, count)}
    written = {file for face in faces for file in (*face_files(face), f"{face}.mat")}
    return {file.casefold() for file in written | {f"{name}.png"}}


@pytest.mark.parametrize(
    "stems",
    [
        ("us", "us_0"),
        ("us_0", "us"),
        ("us", "us_texture"),
        ("us_3_texture", "us", "us_3"),
        ("us_0_0", "us", "us_0"),
        ("ada", "ADA", "ada-2"),
        ("a/us_15", "a/us", "us"),
    ],
)
def test_no_two_images_write_the_same_file(stems: tuple[str, ...], tmp_path: Path):
    names = OutputNames(tmp_path, [])
    taken = [names.take(stem) for stem in stems]
    assert taken[0] == stems[0]
    for one, other in combinations(taken, 2):
        assert not files_of(one) & files_of(other)


def test_usual_numbers_are_kept(tmp_path: Path):
    names = OutputNames(tmp_path, [])
    stems = ["img", "img_0001", "img_16", "img_100", "a/img"]
    assert [names.take(stem) for stem in stems] == stems


@pytest.mark.parametrize("photo", ["ada.png", "ada_texture.png", "ada_1_texture.png", "below/ada.png"])
def test_what_is_read_is_not_overwritten(photo: str, tmp_path: Path):
    name = OutputNames(tmp_path, [tmp_path / photo]).take("below/ada" if "below" in photo else "ada")
    assert name.endswith("ada-2") and photo.casefold() not in files_of(name)
