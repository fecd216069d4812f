"""The shipped weights still make faces of words as they did when they were committed.

After other weights or other tables of words, write the figure anew: run this file's `measured` and put it in SHARE.
"""

import pytest

pytest.importorskip("gguf", reason="the graphs are built with gguf, which is not installed")
pytest.importorskip("onnx", reason="the graphs are built with onnx, which is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

import numpy as np  # noqa: E402

from facegpt_ros import engines  # noqa: E402
from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.evaluation.open_speaker import open_speaker  # noqa: E402
from facegpt_ros.evaluation.speaker import Speaker  # noqa: E402
from facegpt_ros.evaluation.text_scores import attribute_scores, generate_faces  # noqa: E402
from facegpt_ros.language.requests import not_asking  # noqa: E402
from facegpt_ros.model import prompts  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402

COUNT = 80
SHARE = 0.857  # of what that many texts of the val split name
TOLERANCE = 0.03  # another machine's int8 kernels


@pytest.fixture(scope="module")
def speaker():
    try:
        files = [engines.fetch(name, download=False) for name in ("facegpt", "language_model", "facegpt_vision")]
    except WeightsError as error:
        pytest.skip(str(error))
    speaker = open_speaker(files[0], MorphableModel.load(), files[2], files[1])
    yield speaker
    speaker.close()


def measured(speaker: Speaker) -> dict:
    model = MorphableModel.load()
    return attribute_scores(model, generate_faces(speaker, model, COUNT, "val"))


def test_faces_have_what_is_named_as_when_they_were_committed(speaker):
    scores = measured(speaker)
    assert scores["share"] == pytest.approx(SHARE, abs=TOLERANCE)
    assert scores["without_face"] <= 0.02


def test_what_asks_for_no_face_is_answered_in_the_language_models_own_words(speaker):
    rng = np.random.default_rng(5)
    asked = [prompts.chat([(not_asking(rng, "val").text, "")]) for _ in range(COUNT)]
    faces = [answer.raw is not None for answer in speaker.say(asked, limit=1)]
    assert np.mean(faces) <= 0.03
    (answer,) = speaker.say([prompts.chat([("What is the capital of France?", "")])], limit=24)
    assert "Paris" in answer.text and answer.raw is None
