import threading
import time

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from facegpt_ros.msg import Face3DMMArray, MorphableModelInfo
from facegpt_ros.srv import GetMesh
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from facegpt_ros.errors import WeightsError
from facegpt_ros.nodes.messages import image_message

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
WITH_FACE = np.full((48, 64, 3), 128, np.uint8)
EMPTY = np.zeros((48, 64, 3), np.uint8)


def image(pixels=WITH_FACE, second=7):
    return image_message(Header(stamp=Time(sec=second, nanosec=5), frame_id="camera"), pixels)


class Log:
    """What the node logs."""

    def __init__(self, node, monkeypatch):
        self.lines = []

        class Recorder:
            def __getattr__(recorder, level):
                return lambda text, **_: self.lines.append((level, text))

        monkeypatch.setattr(node, "get_logger", Recorder)

    def said(self, text):
        return [line for line in self.lines if text in line[1]]


def test_every_image_gives_a_message_with_its_own_header(stage):
    stage.start()
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    publisher = stage.image_publisher(Image)
    publisher.publish(image(WITH_FACE, 7))
    stage.until(lambda: len(got) == 1)
    publisher.publish(image(EMPTY, 8))
    stage.until(lambda: len(got) == 2)
    assert [(m.header.stamp.sec, m.header.stamp.nanosec, m.header.frame_id) for m in got] == [
        (7, 5, "camera"), (8, 5, "camera"),
    ]  # fmt: skip
    assert [len(m.faces) for m in got] == [1, 0]
    face = got[0].faces[0]
    assert (face.face_id, face.roi.x_offset, face.roi.height) == ("f0001", 10, 40)
    assert len(face.expression) == 52 and len(face.illumination) == 27
    assert face.pose.position.z == 1.0 and got[0].model_id == "tiny@1"
    # The model's origin is straight ahead: its nose bridge projects to the middle.
    assert face.landmarks[2 * 27] == pytest.approx(31.5, abs=2)


def test_model_info_is_latched(stage):
    stage.start()
    got = stage.listen(MorphableModelInfo, "face/model_info", LATCHED)
    stage.until(lambda: got)
    assert got[0].model_id == "tiny@1" and "jawOpen" in got[0].expression_names
    assert got[0].expression_count == len(got[0].expression_names)


def test_frames_and_markers_are_published(stage):
    stage.start(output__mesh=True)
    transforms, markers = stage.listen(TFMessage, "/tf"), stage.listen(MarkerArray, "face/markers")
    publisher = stage.image_publisher(Image)
    (camera,) = stage.node._cameras.values()
    stage.until(lambda: stage.node.count_subscribers("/tf") and camera.publish_markers.get_subscription_count())
    publisher.publish(image())
    stage.until(lambda: transforms and markers)
    assert [t.child_frame_id for t in transforms[0].transforms] == ["face_f0001", "gaze_f0001"]
    assert transforms[0].transforms[0].header == image().header
    assert {m.ns for m in markers[0].markers} == {"landmarks", "name", "mesh"}


def test_waiting_images_are_dropped_and_counted(stage):
    stage.start()
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    publisher = stage.image_publisher(Image)
    stage.pipeline.hold = threading.Event()
    publisher.publish(image(second=1))
    stage.until(lambda: len(stage.pipeline.seen) == 1)
    newest = stage.node._worker.slots[""]
    for second in (2, 3, 4):
        publisher.publish(image(second=second))
        stage.until(lambda s=second: newest._frame is not None and newest._frame.header.stamp.sec == s)
    stage.pipeline.hold.set()
    stage.until(lambda: len(got) == 2)
    assert [m.header.stamp.sec for m in got] == [1, 4]
    assert [m.dropped for m in got] == [0, 2]


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


def test_an_exception_in_one_frame_does_not_stop_the_node(stage, monkeypatch):
    log = Log(stage.start(), monkeypatch)
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    publisher = stage.image_publisher(Image)
    stage.pipeline.fail_with = RuntimeError("boom")
    publisher.publish(image())
    stage.until(lambda: log.said("boom"))
    stage.pipeline.fail_with = None
    publisher.publish(image())
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


def test_live_parameters_change_while_active_and_bad_ones_are_refused(stage):
    node = stage.start()
    publisher, got = stage.image_publisher(Image), stage.listen(Face3DMMArray, "face/params_3dmm")

    def set_parameter(name, value):
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        return stage.call(SetParameters, f"{node.get_fully_qualified_name()}/set_parameters", request).results[0]

    assert set_parameter("perception.max_faces", 2).successful
    publisher.publish(image())
    stage.until(lambda: got)
    assert stage.pipeline.config.max_faces == 2
    refused = set_parameter("camera.assumed_fov_deg", 500.0)
    assert not refused.successful
    refused = set_parameter("image.transport", "compressed")
    assert not refused.successful and "reconfigure the node" in refused.reason
    refused = set_parameter("perception.max_faces", "many")
    assert not refused.successful and "1 to 16" in refused.reason


@pytest.mark.parametrize(("value", "kept"), [(99, 4), (2.5, 4), ("two", 4), (3, 3)])
def test_a_bad_start_value_keeps_the_default_and_the_node_lives(stage, value, kept):
    node = stage.make(perception__max_faces=value)
    assert node.get_parameter("perception.max_faces").value == kept
    node.trigger_configure()
    assert stage.pipeline.config.max_faces == kept


def test_missing_weights_leave_the_node_unconfigured_until_cured(stage, monkeypatch):
    log = Log(stage.make(), monkeypatch)
    stage.refuse_with = WeightsError("w.onnx is missing; run `facegpt engines prepare`")
    stage.node.trigger_configure()
    assert log.said("facegpt engines prepare") and not stage.pipelines
    stage.refuse_with = None
    stage.node.trigger_configure()
    stage.node.trigger_activate()
    stage.image_publisher(Image)


def test_enable_stops_and_resumes(stage):
    node = stage.start()
    name = f"{node.get_fully_qualified_name()}/enable"
    assert stage.call(SetBool, name, SetBool.Request(data=False)).success
    assert node._cameras[""].input is None
    assert stage.call(SetBool, name, SetBool.Request(data=True)).success
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    stage.image_publisher(Image).publish(image())
    stage.until(lambda: got)


def test_cleanup_frees_the_pipeline_and_configure_loads_anew(stage):
    node = stage.start()
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert stage.pipeline.closed
    node.trigger_configure()
    node.trigger_activate()
    assert len(stage.pipelines) == 2
    stage.image_publisher(Image)


def test_get_mesh_returns_the_face_in_view(stage):
    stage.start()
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    stage.image_publisher(Image).publish(image())
    stage.until(lambda: got)
    mesh = stage.call(GetMesh, "face/get_mesh", GetMesh.Request())
    model = stage.pipeline.model
    assert mesh.success and mesh.face_id == "f0001" and mesh.header == image().header
    assert len(mesh.vertices) == len(mesh.colours) == model.n_vertices
    assert len(mesh.triangles) == 3 * len(model.triangles)
    # The face frame's z is up: the nose tip (landmark 30) lies in front of and below the sellion.
    assert max(v.x for v in mesh.vertices) > 0.005
    refused = stage.call(GetMesh, "face/get_mesh", GetMesh.Request(face_id="f0099"))
    assert not refused.success and "f0001" in refused.message


def test_old_images_are_dropped_when_an_age_is_set(stage, monkeypatch):
    log = Log(stage.start(image__max_age_s=1.0), monkeypatch)
    got = stage.listen(Face3DMMArray, "face/params_3dmm")
    publisher = stage.image_publisher(Image)
    publisher.publish(image(second=7))
    stage.until(lambda: log.said("max_age_s"))
    fresh = image()
    now = time.time()
    fresh.header.stamp = Time(sec=int(now), nanosec=0)
    stage.node.set_parameters([Parameter("image.max_age_s", value=30.0)])
    publisher.publish(fresh)
    stage.until(lambda: got)
    assert got[0].dropped == 1


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
