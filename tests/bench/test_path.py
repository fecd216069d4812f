import json
from pathlib import Path

import cv2
import pytest

from facegpt_ros.bench.path import FollowedCrowd, crowd
from facegpt_ros.cli import main
from facegpt_ros.config import Config

pytest.importorskip("onnx", reason="ceilings are measured with graphs that onnx writes")


def test_every_face_of_the_crowd_is_followed():
    followed = FollowedCrowd(Config.from_flat({"perception.max_faces": 8}), 8)
    try:
        assert len({face.face_id for face in followed.faces}) == 8
        assert followed.pixels.shape[0] == 8 and followed.pixels.std() > 20
        assert (followed.image == crowd(8)).all() and (crowd(1) != crowd(2)).any()
    finally:
        followed.pipeline.close()


def test_the_stages_of_a_frame_as_json_and_as_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    given = ["--set", "estimator.name=cnn", "--faces", "1", "2", "--repeats", "3"]
    assert main(["bench", "path", *given, "--json", str(tmp_path / "f.json"), "--plot", str(tmp_path / "p.png")]) == 0
    figures = json.loads((tmp_path / "f.json").read_text())
    assert json.loads(capsys.readouterr().out) == figures
    assert figures["estimator"].startswith("cnn@") and figures["provider"] == "CPUExecutionProvider"
    assert figures["ceilings"]["int8_gmac_s"] > 1
    for count in ("1", "2"):
        ms = figures["faces"][count]["ms"]
        assert set(ms) == {"frame", "crop", "estimator", "relight"}
        assert 0 < ms["estimator"]["min"] < ms["frame"]["median"]
    assert figures["faces"]["1"]["times_1"] == 1.0
    assert cv2.imread(str(tmp_path / "p.png")).std() > 1


@pytest.mark.parametrize("given", [["--faces", "9"], ["--faces", "0"], ["--repeats", "1"]])
def test_what_cannot_be_measured_is_refused(given: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "path", *given]) == 1
    assert "give 1 to 8, and 2 to 10000" in capsys.readouterr().err


def test_words_need_an_estimator_that_has_some(capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "words", "--set", "estimator.name=cnn"]) == 1
    assert "'cnn', which has no words; use facegpt" in capsys.readouterr().err
