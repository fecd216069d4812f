"""Images and camera_info that are wrong, odd, or do not come."""

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from facegpt_ros.msg import Face3DMMArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from tests.nodes.image_messages import WITH_FACE, image
from tests.nodes.log import Log

pytestmark = pytest.mark.ros


def bad_image(**fields):
    message = image(second=3)
    for name, value in fields.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (bad_image(step=7), "step is 7"),
        (bad_image(height=100), "rows"),
        (bad_image(width=0, height=0, step=0, data=b""), "0x0"),
        (bad_image(encoding="32FC1"), "'32FC1'"),
    ],
)
def test_a_bad_image_is_named_and_the_node_lives_on(stage, monkeypatch, bad, said):
    log = Log(stage.start(), monkeypatch)
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    publisher = stage.image_publisher(Image)
    publisher.publish(bad)
    stage.until(lambda: log.said(said))
    publisher.publish(image())
    stage.until(lambda: got)
    assert got[0].dropped == 1


def test_a_truncated_jpeg_is_named_and_the_node_lives_on(stage, monkeypatch):
    log = Log(stage.start(image__transport="compressed"), monkeypatch)
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    publisher = stage.image_publisher(CompressedImage, "image/compressed")
    whole = cv2.imencode(".jpg", WITH_FACE)[1].tobytes()
    publisher.publish(CompressedImage(format="jpeg", data=whole[:-20]))
    stage.until(lambda: log.said("cut off"))
    publisher.publish(CompressedImage(format="jpeg", data=whole))
    stage.until(lambda: got)


def test_16_bit_images_are_scaled_and_said_once(stage, monkeypatch):
    log = Log(stage.start(), monkeypatch)
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    publisher = stage.image_publisher(Image)
    wide = Image(height=16, width=16, encoding="mono16", step=32, data=np.full(256, 1000, np.uint16).tobytes())
    for count in (1, 2):
        publisher.publish(wide)
        stage.until(lambda n=count: len(got) == n)
    assert len(log.said("16 bits")) == 1


def test_no_camera_info_assumes_a_field_of_view_and_says_so_once(stage, monkeypatch):
    log = Log(stage.start(camera__assumed_fov_deg=90), monkeypatch)
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    publisher = stage.image_publisher(Image)
    for count in (1, 2):
        publisher.publish(image())
        stage.until(lambda n=count: len(got) == n)
    assert got[0].faces[0].fx == pytest.approx(32.0)  # 64 px over 90 degrees
    assert len(log.said("no camera_info")) == 1 and "90 deg is assumed" in log.said("no camera_info")[0][1]


@pytest.mark.parametrize(
    ("k", "fx", "said"),
    [
        ([50.0, 0, 31.5, 0, 50.0, 23.5, 0, 0, 1], 50.0, None),
        ([0.0] * 9, 55.4, "uncalibrated"),
        ([float("nan"), 0, 31.5, 0, 50.0, 23.5, 0, 0, 1], 55.4, "must be finite"),
        ([50.0, 0, 31.5, 0, 0.0, 23.5, 0, 0, 1], 55.4, "must be positive"),
    ],
)
def test_camera_info_is_used_or_refused_with_the_reason(stage, monkeypatch, k, fx, said):
    log = Log(stage.start(), monkeypatch)
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    stage.image_publisher(CameraInfo, "camera_info").publish(CameraInfo(width=64, height=48, k=k))
    stage.until(lambda: stage.node._cameras[""].input._info)
    publisher = stage.image_publisher(Image)
    publisher.publish(image())
    stage.until(lambda: got)
    assert got[0].faces[0].fx == pytest.approx(fx, abs=0.1)
    assert said is None or log.said(said)


def test_each_calibration_gives_its_own_camera(stage):
    """Also where its message lies in memory where one lay that is gone."""
    stage.start()
    camera = stage.node._cameras[""].input

    def tell(focal):
        camera._on_info(CameraInfo(width=64, height=48, k=[focal, 0, 31.5, 0, focal, 23.5, 0, 0, 1]))

    tell(50.0)
    assert camera.camera(64, 48, 60.0).fx == 50
    tell(60.0)  # no image comes while it holds
    tell(70.0)
    assert camera.camera(64, 48, 60.0).fx == 70


def test_silence_names_the_topic_and_offers_a_remap(stage, monkeypatch):
    log = Log(stage.make(image__timeout_s=0.01), monkeypatch)
    stage.peer.create_publisher(Image, "/elsewhere/image", 1)
    stage.node.trigger_configure()
    stage.node.trigger_activate()
    stage.until(lambda: log.said("remap with"))
    line = log.said("remap with")[0][1]
    assert f"no image on {stage.namespace}/image" in line and "image:=/elsewhere/image" in line


def test_silence_names_publishers_and_their_qos(stage, monkeypatch):
    log = Log(stage.make(image__timeout_s=0.01), monkeypatch)
    stage.peer.create_publisher(Image, "image", 1)
    diagnostics = stage.listen(DiagnosticArray, "/diagnostics")
    stage.node.trigger_configure()
    stage.node.trigger_activate()
    stage.until(lambda: log.said("its publishers are"))
    assert f"{stage.namespace}/peer (sensor_msgs/msg/Image, RELIABLE, VOLATILE)" in log.said("its publishers")[0][1]
    stage.until(lambda: any("its publishers are" in d.status[0].message for d in diagnostics))
