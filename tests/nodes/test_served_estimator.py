"""What a face_node says of an estimator's server that goes and comes."""

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("facegpt_ros.msg", reason="the interfaces are not built")

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from facegpt_ros.msg import Face3DMMArray  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from facegpt_ros.errors import ServerError  # noqa: E402
from facegpt_ros.model import served_estimator  # noqa: E402
from facegpt_ros.model.served_estimator import ServerWatch  # noqa: E402
from tests.nodes.image_messages import image  # noqa: E402

pytestmark = pytest.mark.ros


class Remote:
    def close(self):
        pass


def test_a_server_that_is_away_is_a_warning_until_it_is_back_and_frames_go_on(stage, monkeypatch):
    monkeypatch.setattr(served_estimator, "LONGEST_WAIT_S", 0.1)
    away = ServerError("Triton robot:8001, model facegpt_ros_cnn: cannot be reached; start the server")
    stage.start()
    diagnostics = stage.listen(DiagnosticArray, "/diagnostics")
    got = stage.listen(Face3DMMArray, "face/params_3dmm")

    def connect():
        if away is not None:
            raise away
        return Remote()

    stage.pipeline.preparation = watch = ServerWatch(connect, "cnn of robot:8001")
    try:
        stage.until(
            lambda: any("start the server; it is asked again by itself" in s.message for s in said(diagnostics))
        )
        assert diagnostics[-1].status[0].level == b"\x01"
        stage.image_publisher(Image).publish(image())
        stage.until(lambda: got)
        away = None
        stage.until(lambda: diagnostics[-1].status[0].level == b"\x00")
        assert diagnostics[-1].status[0].message == "ok"
    finally:
        watch.close()


def said(diagnostics):
    return [array.status[0] for array in diagnostics]
