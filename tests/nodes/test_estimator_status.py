"""What a face_node says of an estimator that is made ready beside the frames, cannot be, or fails."""

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from facegpt_ros.msg import Face3DMMArray, MorphableModelInfo
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image

from tests.nodes.image_messages import image
from tests.nodes.log import Log

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Coming:
    """A preparation as the node sees it."""

    progress, problem = "", ""


def test_an_estimator_that_is_being_prepared_is_told_and_announced_when_it_takes_over(stage, monkeypatch):
    log = Log(stage.start(), monkeypatch)
    diagnostics = stage.listen(DiagnosticArray, "/diagnostics")
    told = stage.listen(MorphableModelInfo, "face/model_info", LATCHED)
    stage.pipeline.preparation = Coming()
    stage.pipeline.preparation.progress = "FaceGPT: building its graphs, 3 of 94 parts"

    def latest():
        return {value.key: value.value for value in diagnostics[-1].status[0].values} if diagnostics else {}

    stage.until(lambda: latest().get("preparation", "").endswith("3 of 94 parts"))
    assert latest()["estimator"] == "tiny@1" and diagnostics[-1].status[0].level == b"\x00"
    assert log.said("3 of 94 parts")[0][0] == "info"
    stage.pipeline.preparation.progress, stage.pipeline.model_id = "", "facegpt@2"
    stage.until(lambda: latest().get("estimator") == "facegpt@2")
    assert latest()["preparation"] == "" and log.said("facegpt@2 has taken over")
    stage.until(lambda: told[-1].model_id == "facegpt@2")


def test_an_estimator_that_cannot_be_prepared_is_a_warning_with_its_cure(stage, monkeypatch):
    log = Log(stage.start(), monkeypatch)
    diagnostics = stage.listen(DiagnosticArray, "/diagnostics")
    stage.pipeline.preparation = Coming()
    stage.pipeline.preparation.problem = "cnn serves instead of facegpt: disk full; make room"
    stage.until(lambda: any("disk full; make room" in d.status[0].message for d in diagnostics))
    assert diagnostics[-1].status[0].level == b"\x01"
    stage.until(lambda: len(diagnostics) > 2)
    assert len(log.said("disk full")) == 1
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    stage.image_publisher(Image).publish(image())
    stage.until(lambda: got)
    assert got[0].model_id == "tiny@1"


def test_a_gpu_that_is_lost_is_an_error_until_it_is_back(stage, monkeypatch):
    log = Log(stage.start(), monkeypatch)
    diagnostics = stage.listen(DiagnosticArray, "/diagnostics")
    stage.pipeline.provider, stage.pipeline.provider_note = "CPUExecutionProvider", "tensorrt: no GPU"
    stage.pipeline.problem = "CPUExecutionProvider computes instead of what was asked for: device lost"
    stage.until(lambda: any("device lost" in d.status[0].message for d in diagnostics))
    status = diagnostics[-1].status[0]
    facts = {value.key: value.value for value in status.values}
    assert status.level == b"\x02" and facts["no better provider"] == "tensorrt: no GPU"
    assert facts["provider"] == "CPUExecutionProvider" and len(log.said("device lost")) == 1
    stage.pipeline.problem = ""
    stage.until(lambda: diagnostics[-1].status[0].level == b"\x00")
