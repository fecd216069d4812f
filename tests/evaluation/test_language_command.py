"""`facegpt evaluate --set text|chat|general` with a stand-in for the network and for the estimator."""

import importlib.util
import json

import cv2
import pytest

from facegpt_ros.cli import main
from facegpt_ros.errors import WeightsError
from facegpt_ros.evaluation import language_command
from facegpt_ros.evaluation.speaker import Said
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.seer import Seer
from tests.evaluation.talkers import Talker, layout_of

MODEL = MorphableModel.load()


class Nobody(Seer):
    """Never sees a face."""

    def __init__(self) -> None:
        super().__init__(MODEL, [])
        self.closed = False

    def process(self, image, camera, stamp_s):
        return []

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def evaluated(monkeypatch, tmp_path, capsys):
    """Runs the command; a talker that always says the mean face, or that it cannot tell."""
    speaker, pipelines = Talker(layout_of(MODEL), lambda text: Said("I can't tell.", layout_of(MODEL).mean())), []

    def pipeline(args):
        pipelines.append(Nobody())
        return pipelines[-1]

    monkeypatch.setattr(language_command, "open_speaker", lambda *args: speaker)
    monkeypatch.setattr(language_command, "open_pipeline", pipeline)
    monkeypatch.setattr(language_command, "judging_pipeline", pipeline)
    monkeypatch.setattr(language_command, "_KNOWN_FACES", 0)
    if importlib.util.find_spec("torch"):
        monkeypatch.setattr("facegpt_ros.evaluation.base_language.base_reader", lambda path: speaker.read)

    def run(*words: str) -> dict:
        out = tmp_path / "figures.json"
        assert main(["evaluate", "--json", str(out), "--data", str(tmp_path), *words]) == 0
        said = capsys.readouterr()
        assert json.loads(said.out) == json.loads(out.read_text()) and "morphable_model" in said.err
        assert speaker.closed and all(one.closed for one in pipelines)
        return json.loads(said.out)

    run.speaker = speaker
    return run


def test_text_tells_attributes_face_tokens_and_a_sheet(evaluated, tmp_path):
    figures = evaluated("--set", "text", "--count", "8", "--sheet", str(tmp_path / "sheet.png"))
    assert figures["text_attributes"] == figures["attributes"]["mean_face"]
    assert figures["face_token_asked"] == figures["face_token_unasked"] == 1 and figures["model"] == "talker"
    assert figures["text_attributes_blind"] is None and figures["blind"]["judged"] == 0
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[1] > 1200


def test_chat_tells_both_figures_and_their_topics(evaluated):
    figures = evaluated("--set", "chat-val", "--count", "8")
    assert set(figures) >= {"chat_correct", "chat_correct_estimated", "declined", "faces_found"}
    assert figures["declined_own_words"] == 1 and figures["faces_found"] == 0
    assert figures["facts_of_truth"]["by_topic"] and figures["facts_of_estimate"]["estimator"] == "seer"


def test_chat_is_scored_as_a_user_gets_it_and_in_the_networks_own_words(evaluated):
    evaluated.speaker.answer = lambda text: Said("")
    figures = evaluated("--set", "chat-val", "--count", "24")
    part = figures["facts_of_truth"]
    assert figures["chat_correct_own_words"] == part["correct"] == 0 and figures["declined_own_words"] == 0
    assert figures["chat_correct"] == part["correct_safeguarded"] == part["correct_by_rule"] > 0.8
    assert figures["declined"] == part["declined_safeguarded"] > 0.6
    assert figures["declined_needlessly"] == part["declined_needlessly_safeguarded"] < 0.2
    assert figures["chat_correct_estimated"] == figures["facts_of_estimate"]["correct_safeguarded"]
    assert figures["chat_correct_estimated_own_words"] == 0


def test_what_cannot_be_estimated_is_told_with_its_reason(evaluated, monkeypatch):
    def broken(args):
        raise WeightsError("regressor.onnx is missing")

    monkeypatch.setattr(language_command, "open_pipeline", broken)
    monkeypatch.setattr(language_command, "judging_pipeline", broken)
    figures = evaluated("--set", "chat-val", "--count", "4")
    assert figures["facts_of_estimate"] is None and figures["estimate_skipped"] == "regressor.onnx is missing"
    assert evaluated("--set", "text-val", "--count", "4")["blind_skipped"] == "regressor.onnx is missing"


def test_general_needs_no_data_of_its_own(evaluated):
    figures = evaluated("--set", "general")
    assert figures["perplexity_ratio"] == pytest.approx(1) and figures["transcripts"] is None


def test_a_network_must_be_given(capsys):
    assert main(["evaluate", "--set", "chat"]) == 1
    assert "--checkpoint" in capsys.readouterr().err


def test_who_judges_the_faces_of_words_is_the_cnn():
    from facegpt_ros.evaluation.estimate_command import judging_pipeline

    pipeline = judging_pipeline("cnn")
    try:
        assert pipeline.model_id.startswith("cnn@") and not pipeline.config.smoothing
    finally:
        pipeline.close()
