import json
from pathlib import Path

import cv2
import pytest

from facegpt_ros.bench.cameras import FollowedCameras
from facegpt_ros.bench.path import FollowedCrowd, crowd
from facegpt_ros.cli import main
from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.perception.pipeline import build_pipeline

pytest.importorskip("onnx", reason="ceilings are measured with graphs that onnx writes")


def test_every_face_of_the_crowd_is_followed():
    followed = FollowedCrowd(Config.from_flat({"perception.max_faces": 8, "estimator.name": "cnn"}), 8)
    try:
        assert len({face.face_id for face in followed.faces}) == 8
        assert followed.pixels.shape[0] == 8 and followed.pixels.std() > 20
        assert (followed.image == crowd(8)).all() and (crowd(1) != crowd(2)).any()
    finally:
        followed.pipeline.close()


def test_the_stages_of_a_frame_as_json_and_as_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    given = ["--set", "estimator.name=cnn", "--faces", "1", "2", "--cameras", "1", "3", "--repeats", "3"]
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
    assert list(figures["cameras"]) == ["1", "3"]
    for count, row in figures["cameras"].items():
        assert 0 < row["ms"]["decode"]["median"] < row["ms"]["round"]["min"]
        assert row["fps"] == pytest.approx(1e3 / row["ms"]["round"]["median"], abs=0.1)
        assert row["fps_of_all"] == pytest.approx(int(count) * row["fps"], rel=0.01)
    assert cv2.imread(str(tmp_path / "p.png")).std() > 1


def test_every_camera_has_a_face_and_all_faces_of_a_round_are_one_batch():
    config = Config.from_flat({"estimator.name": "cnn"})
    pipeline = build_pipeline(config)
    try:
        groups = [FollowedCameras(pipeline, config, count, crowd(1)) for count in (1, 3)]
        batches: list[int] = []
        infer = pipeline.estimator.infer
        pipeline.estimator.infer = lambda crops: (batches.append(len(crops)), infer(crops))[1]
        ids = [[face.face_id for faces in group.round() for face in faces] for group in groups]
        assert ids == [["1_0_f0001"], ["3_0_f0001", "3_1_f0001", "3_2_f0001"]] and batches == [1, 3]
        assert len({view.image.ctypes.data for view in groups[1].decode()}) == 3  # no camera's image is another's
        with pytest.raises(ConfigError, match="the faces of 2 cameras are not followed"):
            FollowedCameras(pipeline, config, 2, crowd(2))
    finally:
        pipeline.close()


@pytest.mark.parametrize("given", [["--faces", "9"], ["--faces", "0"], ["--cameras", "1", "9"], ["--repeats", "1"]])
def test_what_cannot_be_measured_is_refused(given: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "path", *given]) == 1
    assert "give 1 to 8 of each, and 2 to 10000 repeats" in capsys.readouterr().err


def test_words_need_an_estimator_that_has_some(capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "words", "--set", "estimator.name=cnn"]) == 1
    assert "'cnn', which has no words; use facegpt" in capsys.readouterr().err
