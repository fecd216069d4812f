"""One face_node before several cameras of different rates, sizes and manners."""

import threading

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from facegpt_ros.msg import Face3DMMArray
from facegpt_ros.srv import GetMesh
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from facegpt_ros.nodes.messages import image_message
from tests.nodes.log import Log

pytestmark = pytest.mark.ros
SIZES = {"left": (64, 48), "right": (96, 64), "top": (128, 96)}


def image(name, second, value=128):
    width, height = SIZES[name]
    return image_message(
        Header(stamp=Time(sec=second), frame_id=f"{name}_optical"), np.full((height, width, 3), value, np.uint8)
    )


class Rig:
    """A node with cameras, a publisher and a listener for each."""

    def __init__(self, stage, *names, **parameters):
        self.stage, self.node = stage, stage.start(image__cameras=list(names), **parameters)
        self.got = {name: stage.listen(Face3DMMArray, f"{name}/face/params_3dmm") for name in names}
        self.send = {name: stage.image_publisher(Image, f"{name}/image").publish for name in names}

    def stamps(self, name):
        return [message.header.stamp.sec for message in self.got[name]]

    def wait(self, name, count):
        self.stage.until(lambda: len(self.got[name]) >= count, f"result {count} of {name}")

    def lies_ready(self, name, second):
        """Until this image is the newest of its camera, in the slot."""
        slot = self.node._worker.slots[name]
        self.stage.until(lambda: slot._frame is not None and slot._frame.header.stamp.sec == second)


def test_each_camera_answers_on_its_own_topics_with_its_own_header_ids_and_frames(stage):
    rig = Rig(stage, "left", "right", output__mesh=False)
    transforms = stage.listen(TFMessage, "/tf")
    markers = stage.listen(MarkerArray, "right/face/markers")
    stage.until(lambda: stage.node._cameras["right"].publish_markers.get_subscription_count())
    stage.until(lambda: stage.node.count_subscribers("/tf"))
    for second, name in enumerate(["left", "right", "right", "left"]):
        rig.send[name](image(name, second))
        stage.until(lambda n=second: sum(map(len, rig.got.values())) == n + 1)
    assert (rig.stamps("left"), rig.stamps("right")) == ([0, 3], [1, 2])
    for name, messages in rig.got.items():
        assert {m.header.frame_id for m in messages} == {f"{name}_optical"}
        assert {f.face_id for m in messages for f in m.faces} == {f"{name}_f0001"}
        assert {(f.cx, f.cy) for m in messages for f in m.faces} == {tuple((side - 1) / 2 for side in SIZES[name])}
    stage.until(lambda: len(transforms) == 4 and len(markers) == 2)
    children = {(t.header.frame_id, t.child_frame_id) for m in transforms for t in m.transforms}
    assert children == {(f"{n}_optical", f"{kind}_{n}_f0001") for n in ("left", "right") for kind in ("face", "gaze")}
    assert {m.header.frame_id for array in markers for m in array.markers} == {"right_optical"}


def test_a_round_takes_the_newest_image_of_each_camera_in_one_call(stage):
    rig = Rig(stage, "left", "right", "top")
    stage.pipeline.hold = threading.Event()
    rig.send["left"](image("left", 1))
    stage.until(lambda: stage.pipeline.seen)
    for second in (2, 3, 4):  # a quick camera, and a slow one
        rig.send["left"](image("left", second))
        rig.lies_ready("left", second)
    rig.send["right"](image("right", 5))
    rig.lies_ready("right", 5)
    stage.pipeline.hold.set()
    rig.wait("left", 2)
    rig.wait("right", 1)
    assert [[view.source for view in views] for views in stage.pipeline.rounds] == [["left"], ["left", "right"]]
    assert (rig.stamps("left"), rig.stamps("right"), rig.stamps("top")) == ([1, 4], [5], [])
    assert [message.dropped for message in rig.got["left"]] == [0, 2]
    assert rig.got["right"][0].dropped == 0


def test_a_camera_that_sends_garbage_or_dies_disturbs_no_other(stage, monkeypatch):
    rig = Rig(stage, "left", "right")
    log = Log(rig.node, monkeypatch)
    bad = image("right", 1)
    bad.encoding = "32FC1"
    stage.pipeline.hold = threading.Event()
    rig.send["left"](image("left", 1))
    stage.until(lambda: stage.pipeline.seen)
    rig.send["left"](image("left", 2))  # good and bad in one round
    rig.send["right"](bad)
    rig.lies_ready("left", 2)
    rig.lies_ready("right", 1)
    stage.pipeline.hold.set()
    rig.wait("left", 2)
    stage.until(lambda: log.said("an image of right was left out"))
    assert "'32FC1'" in log.said("of right")[0][1] and not log.said("of left")
    for second in (3, 4):  # right is silent from now on
        rig.send["left"](image("left", second))
        rig.wait("left", second)
    assert [m.dropped for m in rig.got["left"]] == [0] * 4 and not rig.got["right"]
    SIZES["right"], before = (32, 24), SIZES["right"]  # and comes back with another size
    try:
        rig.send["right"](image("right", 9))
    finally:
        SIZES["right"] = before
    rig.wait("right", 1)
    assert rig.got["right"][0].faces[0].cx == 15.5 and rig.got["right"][0].dropped == 1


def test_an_error_in_the_round_of_one_camera_is_told_of_it_alone(stage, monkeypatch):
    rig = Rig(stage, "left", "right")
    log = Log(rig.node, monkeypatch)
    results = stage.pipeline.process_all
    stage.pipeline.process_all = lambda views: [
        RuntimeError("boom") if view.source == "right" else faces
        for view, faces in zip(views, results(views), strict=True)
    ]
    rig.send["right"](image("right", 1))
    stage.until(lambda: log.said("an image of right was left out"))
    rig.send["left"](image("left", 1))
    rig.wait("left", 1)
    assert not rig.got["right"] and len(log.said("boom")) == 1


def test_what_one_camera_cannot_publish_the_others_do(stage, monkeypatch):
    rig = Rig(stage, "left", "right")
    log, transforms = Log(rig.node, monkeypatch), stage.listen(TFMessage, "/tf")
    stage.until(lambda: rig.node.count_subscribers("/tf"))
    monkeypatch.setattr(rig.node._cameras["left"], "publish_views", lambda *_: 1 / 0)
    stage.pipeline.hold = threading.Event()
    rig.send["right"](image("right", 1))
    stage.until(lambda: stage.pipeline.seen)
    for name in ("left", "right"):  # in one round, the bad one first
        rig.send[name](image(name, 2))
        rig.lies_ready(name, 2)
    stage.pipeline.hold.set()
    stage.until(lambda: len(transforms) == 2)
    assert {t.header.frame_id for m in transforms for t in m.transforms} == {"right_optical"}
    rig.wait("left", 1)
    assert "ZeroDivisionError" in log.said("an image of left")[0][1] and not log.said("an image of right")


def test_each_camera_has_its_calibration_and_one_without_waits_for_none(stage):
    rig = Rig(stage, "left", "right")
    info = CameraInfo(width=64, height=48, k=[50.0, 0, 30.0, 0, 50.0, 20.0, 0, 0, 1])
    late = stage.image_publisher(CameraInfo, "left/camera_info")
    rig.send["left"](image("left", 1))
    rig.lies_ready("left", 1)  # held back: its camera_info is on its way
    rig.send["right"](image("right", 1))
    rig.wait("right", 1)
    assert not rig.got["left"]
    late.publish(info)
    rig.wait("left", 1)
    assert (rig.got["left"][0].faces[0].fx, rig.got["right"][0].faces[0].cx) == (50.0, 47.5)


def test_a_calibration_that_never_comes_holds_a_camera_back_for_a_moment_only(stage):
    rig = Rig(stage, "left")
    stage.image_publisher(CameraInfo, "left/camera_info")
    rig.send["left"](image("left", 1))
    rig.wait("left", 1)


def test_diagnostics_have_a_status_for_each_camera(stage):
    rig = Rig(stage, "left", "right", image__timeout_s=0.01)
    diagnostics = stage.listen(DiagnosticArray, "/diagnostics")
    rig.node.set_parameters([Parameter("image.timeout_s", value=3600.0)])
    rig.send["left"](image("left", 1))
    rig.wait("left", 1)

    def processed():
        name = rig.node.get_fully_qualified_name()
        return {
            status.name.removeprefix(f"{name}: faces of "): {v.key: v.value for v in status.values}["processed"]
            for status in diagnostics[-1].status
        }

    stage.until(lambda: diagnostics and processed() == {"left": "1", "right": "0"})
    rig.node.set_parameters([Parameter("image.timeout_s", value=0.01)])
    stage.until(lambda: f"no image on {stage.namespace}/right/image" in diagnostics[-1].status[1].message)


def test_a_silent_camera_is_not_offered_the_topic_of_another(stage):
    rig = Rig(stage, "left", "right", image__timeout_s=0.01)
    stage.peer.destroy_publisher(next(p for p in stage.peer.publishers if p.topic_name.endswith("right/image")))
    right = rig.node._cameras["right"]
    stage.until(lambda: "nor any other" in right.input.why_silent())
    stage.peer.create_publisher(Image, "spare/image", 1)
    stage.until(lambda: "remap with --ros-args -r right/image:=" in right.input.why_silent())
    assert f"there is {stage.namespace}/spare/image: remap" in right.input.why_silent()


def test_get_mesh_knows_the_faces_of_every_camera(stage):
    rig = Rig(stage, "left", "right")
    for name in ("left", "right"):
        rig.send[name](image(name, 3))
        rig.wait(name, 1)
    mesh = stage.call(GetMesh, "face/get_mesh", GetMesh.Request(face_id="right_f0001"))
    assert mesh.success and mesh.header.frame_id == "right_optical"
    refused = stage.call(GetMesh, "face/get_mesh", GetMesh.Request(face_id="f0001"))
    assert "left_f0001, right_f0001" in refused.message


def test_cleanup_closes_every_camera_and_other_ones_can_be_configured(stage):
    rig = Rig(stage, "left", "right")
    rig.node.trigger_deactivate()
    assert all(camera.input is None for camera in rig.node._cameras.values())
    rig.node.trigger_cleanup()
    rig.node.set_parameters([Parameter("image.cameras", value=["top"])])
    rig.node.trigger_configure()
    rig.node.trigger_activate()
    stage.image_publisher(Image, "top/image")
    stage.until(lambda: not stage.peer.count_subscribers("left/image"))


@pytest.mark.parametrize("names", [["left", "left"], ["1st"], ["a/b"]])
def test_names_that_make_no_topics_keep_the_one_camera(stage, names):
    assert list(stage.make(image__cameras=names).get_parameter("image.cameras").value) == [""]
