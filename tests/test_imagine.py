"""`facegpt imagine` with a speaker whose words are known."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from facegpt_ros.cli import main
from facegpt_ros.errors import ConfigError
from facegpt_ros.imagine import imagine
from facegpt_ros.language.attributes import draw, read
from facegpt_ros.model.speaker import Said
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel

MODEL = MorphableModel.load()
LAYOUT = ThetaLayout.of(MODEL)


class Poet:
    """Says one face, whatever it is told."""

    model_id = "poet@0"

    def __init__(self, values=None, raw=None) -> None:
        self.raw, self.asked = raw, []
        if values is not None:
            self.raw = LAYOUT.mean()
            parts = draw(MODEL, values)
            for where, part in zip((LAYOUT.identity, LAYOUT.expression, LAYOUT.albedo), parts, strict=True):
                self.raw[where] = part

    def say(self, parts, *, limit):
        self.asked.append(parts)
        estimate = None if self.raw is None else LAYOUT.decode(self.raw[None])
        return Said("It is" if estimate else "A haiku has three lines.", self.raw, estimate, True)


def test_a_face_becomes_a_picture_a_mesh_and_coefficients(tmp_path):
    poet = Poet({"nose_width": 2.0, "smile": 0.8})
    (line,) = imagine(poet, MODEL, "a wide nose, smiling", tmp_path, range(1))
    assert line == f"{tmp_path / 'face_0'}.png, .obj + .json"
    assert {path.name for path in tmp_path.iterdir()} == {
        "face_0.png", "face_0.obj", "face_0.mtl", "face_0_texture.png", "face_0.json"
    }  # fmt: skip
    assert any(part.text == "a wide nose, smiling" for part in poet.asked[0])
    document = json.loads((tmp_path / "face_0.json").read_text())
    assert document["attributes"]["nose_width"] == pytest.approx(2.0, abs=0.05)
    assert document["attributes"]["smile"] == pytest.approx(0.8, abs=0.05)
    assert document["text"] == "a wide nose, smiling" and document["model_id"] == "poet@0"
    picture = cv2.imread(str(tmp_path / "face_0.png"))
    assert picture.shape == (384, 3 * 384, 3)
    assert (picture != 217).any(-1).mean() > 0.3
    vertices = [line for line in (tmp_path / "face_0.obj").read_text().splitlines() if line.startswith("v ")]
    expected = MODEL.vertices(*(np.array(document["theta"][name]) for name in ("identity", "expression")))
    assert np.allclose([float(x) for x in vertices[100].split()[1:]], expected[100], atol=1e-5)


def test_seeds_give_other_faces_that_are_as_the_words_say(tmp_path):
    lines = imagine(Poet({"nose_width": 2.0}), MODEL, "a wide nose", tmp_path, range(1, 3))
    assert len(lines) == 2
    faces = [json.loads((tmp_path / f"face_{seed}.json").read_text()) for seed in (1, 2)]
    shapes = [np.array(face["theta"]["identity"]) for face in faces]
    assert np.abs(shapes[0] - shapes[1]).max() > 0.3
    for face in faces:
        parts = [np.array(face["theta"][name]) for name in ("identity", "expression", "albedo")]
        assert read(MODEL, *parts)["nose_width"] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("poet", [Poet(), Poet(raw=np.full(LAYOUT.size, np.nan, np.float32))])
def test_words_that_ask_for_no_face_leave_nothing(tmp_path, poet):
    with pytest.raises(ConfigError, match="no face came of 'write a haiku'"):
        imagine(poet, MODEL, "write a haiku", tmp_path, range(1))
    assert len(poet.asked) == (1 if poet.raw is not None else 2)
    assert any("Show me this face: write a haiku" in part.text for part in poet.asked[-1]) == (poet.raw is None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "says"),
    [([" "], "the text is empty"), (["a man", "--count", "0"], "count 0"), (["a man", "--seed", "-1"], "seed is -1")],
)
def test_wrong_arguments_are_named_before_anything_is_loaded(tmp_path, capsys, words, says):
    assert main(["imagine", *words, "-o", str(tmp_path / "out")]) == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
