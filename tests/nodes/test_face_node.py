import threading
import time

import pytest
from builtin_interfaces.msg import Time
from facegpt_ros.msg import Face3DMMArray, MorphableModelInfo
from facegpt_ros.srv import GetMesh
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from facegpt_ros.errors import WeightsError
from facegpt_ros.viz import overlay
from tests.nodes.image_messages import EMPTY, WITH_FACE, image
from tests.nodes.log import Log

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


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


def test_what_fails_after_the_weights_frees_them_and_can_be_cured_by_parameters(stage, monkeypatch):
    log = Log(stage.make(), monkeypatch)

    def fail(model):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(overlay, "warm_up", fail)
    stage.node.set_parameters([Parameter("output.overlay", value=True)])
    stage.node.trigger_configure()
    assert log.said("no compiler") and stage.pipeline.closed
    (done,) = stage.node.set_parameters([Parameter("output.overlay", value=False)])
    assert done.successful, done.reason
    stage.node.trigger_configure()
    assert len(stage.pipelines) == 2 and not stage.pipeline.closed


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
    enable = f"{stage.node.get_fully_qualified_name()}/enable"
    stage.call(SetBool, enable, SetBool.Request(data=False))
    gone = stage.call(GetMesh, "face/get_mesh", GetMesh.Request())
    assert not gone.success and "in view: none" in gone.message


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
