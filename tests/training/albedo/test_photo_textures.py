import numpy as np
import pytest

from facegpt_ros import cli
from facegpt_ros.errors import ConfigError
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.albedo.photo_textures import fitted_photos
from tests.training.albedo.synthetic import photo_folder, write_labels


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def test_a_folder_without_split_csv_is_named(model, tmp_path):
    with pytest.raises(ConfigError, match=rf"{tmp_path} is no photo folder.*split.csv and mediapipe468.npz"):
        fitted_photos(model, [tmp_path], "train")


def test_a_folder_of_grey_photos_says_how_many_are_needed(model, tmp_path):
    rows = [{"id": str(i), "split": "train", "file": "x.png", "width": 9, "height": 9, "gray": 1} for i in range(30)]
    write_labels(tmp_path, rows, np.zeros((30, 468, 3)))
    with pytest.raises(ConfigError, match="0 usable colour photos of split 'train'"):
        fitted_photos(model, [tmp_path], "train")


def test_landmarks_that_are_no_face_are_left_out(model, tmp_path):
    folder = tmp_path / "made"
    photo_folder(folder, model, 10)
    data = dict(np.load(folder / "mediapipe468.npz"))
    rng = np.random.default_rng(0)
    data["landmarks"][3] = rng.uniform(20, 180, (468, 3))
    np.savez(folder / "mediapipe468.npz", **data)
    names = [photo.name for photo in fitted_photos(model, [folder], "train")]
    assert len(names) == 9 and "made/3" not in names


def test_the_command_says_what_is_wrong_with_its_photos(tmp_path, capsys):
    arguments = ["morphable", "albedo", "--photos", str(tmp_path), "--out", str(tmp_path / "out.safetensors")]
    assert cli.main(arguments) == 1
    assert "is no photo folder" in capsys.readouterr().err
    assert not (tmp_path / "out.safetensors").exists()
