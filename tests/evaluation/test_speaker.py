from types import SimpleNamespace

import numpy as np
import pytest

from facegpt_ros.cli import main
from facegpt_ros.errors import ImageError
from facegpt_ros.evaluation import language_command
from facegpt_ros.evaluation.speaker import RobotSpeaker, say_all
from facegpt_ros.model import prompts
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.talkers import layout_of, texts

MODEL = MorphableModel.load()


class Robot:
    """Says how bright its picture is."""

    model_id, crop_size = "facegpt@0", 64

    def __init__(self) -> None:
        self.closed = False

    def say(self, parts, crops=None, limit=64):
        assert crops is None or crops.shape == (1, 64, 64, 3)
        text = f"{texts(parts)} {'none' if crops is None else int(crops.mean())}"
        return SimpleNamespace(text=text, raw=np.zeros(3) if crops is None else None, estimate=None, finished=limit > 1)

    def close(self) -> None:
        self.closed = True


def test_the_robots_runtime_answers_each_prompt_with_its_own_picture():
    robot = Robot()
    speaker = RobotSpeaker(robot, MODEL)
    crops = np.stack([np.full((64, 64, 3), level, np.uint8) for level in (10, 20)])
    asked = [prompts.chat([(text, "")], image=image) for text, image in (("a", True), ("b", False), ("c", True))]
    said = say_all(speaker, asked, [crops[0], None, crops[1]], limit=2)
    assert [one.text for one in said] == ["a 10", "b none", "c 20"]
    assert said[1].raw is not None and said[0].raw is None and said[0].finished
    assert speaker.layout == layout_of(MODEL) and speaker.model_id == "facegpt@0"
    with pytest.raises(ImageError):
        speaker.say(asked, crops)
    speaker.close()
    assert robot.closed


def test_general_text_is_foreseen_by_what_robots_run_and_larger_models_have_no_base_here(monkeypatch, capsys):
    robot = Robot()
    robot.likelihoods = lambda text: np.full(len(text) - 1, -2.0)
    speaker = RobotSpeaker(robot, MODEL)
    assert [len(one) for one in speaker.read(["abc", "d"])] == [2, 0]
    monkeypatch.setattr(language_command, "open_speaker", lambda *args: speaker)
    assert main(["evaluate", "--set", "general", "--vlm", "a/b"]) == 1
    assert "leave --vlm out" in capsys.readouterr().err
