import cv2
import numpy as np
import pytest
from facegpt_ros.msg import Face3DMMArray
from rclpy.executors import ExternalShutdownException
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from facegpt_ros.errors import ConfigError
from facegpt_ros.nodes.camera_node import CameraNode
from tests.nodes.log import Log

pytestmark = pytest.mark.ros


@pytest.fixture
def folder(tmp_path):
    for value in (10, 20, 30):
        cv2.imwrite(str(tmp_path / f"{value}.png"), np.full((48, 64, 3), value, np.uint8))
    return tmp_path


@pytest.fixture
def camera(stage, folder):
    made = []

    def make(**parameters):
        values = {"uri": str(folder), "fps": 200.0} | parameters
        overrides = [Parameter(f"source.{name}", value=value) for name, value in values.items()]
        node = CameraNode(context=stage.context, namespace=stage.namespace, parameter_overrides=overrides)
        stage.executor.add_node(node)
        made.append(node)
        return node

    yield make
    for node in made:
        node.release()
        node.destroy_node()


def first_bytes(images):
    return [image.data[0] for image in images]


def test_images_come_with_their_camera_info_and_the_end_leaves_the_node_alive(stage, camera):
    # Depth 1 on both sides: pace consumed makes sure that none is overwritten.
    images = stage.listen(Image, "image", qos_profile_sensor_data)
    infos = stage.listen(CameraInfo, "camera_info", qos_profile_sensor_data)
    results = stage.peer.create_publisher(Face3DMMArray, "face/params_3dmm", 10)
    node = camera(pace="consumed")
    node.play()
    for count in (1, 2, 3):
        stage.until(lambda n=count: len(images) == n and len(infos) == n)
        results.publish(Face3DMMArray(header=images[-1].header))
    stage.until(node.ended.is_set)
    assert first_bytes(images) == [10, 20, 30]
    assert [i.header for i in images] == [i.header for i in infos]
    assert images[0].header.frame_id == "camera_optical_frame"
    assert list(infos[0].k) == [0.0] * 9 and (infos[0].width, infos[0].height) == (64, 48)
    assert stage.context.ok()


def test_consumed_goes_on_after_the_longest_wait(stage, camera):
    images = stage.listen(Image, "image", qos_profile_sensor_data)
    stage.peer.create_publisher(Face3DMMArray, "face/params_3dmm", 10)
    node = camera(pace="consumed", max_wait_s=0.05)
    node.play()
    stage.until(node.ended.is_set)
    assert images


def test_loop_starts_again(stage, camera):
    images = stage.listen(Image, "image", qos_profile_sensor_data)
    node = camera(loop=True, pace="fixed")
    node.play()
    stage.until(lambda: len(images) > 6)
    assert not node.ended.is_set()


def test_a_source_that_goes_away_is_named_and_played_again_when_it_is_back(stage, camera, folder, monkeypatch):
    images = stage.listen(Image, "image", qos_profile_sensor_data)
    node = camera(loop=True, pace="fixed")
    log = Log(node, monkeypatch)
    node.play()
    stage.until(lambda: images)
    kept = {path: path.read_bytes() for path in folder.glob("*.png")}
    for path in kept:
        path.unlink()
    stage.until(lambda: log.said("cannot be read any more"))
    images.clear()
    for path, content in kept.items():
        path.write_bytes(content)
    stage.until(lambda: images)
    assert len(log.said("cannot be read any more")) < 5 and not node.ended.is_set()  # it waits between two tries


def test_exit_at_end_shuts_down(stage, camera):
    stage.listen(Image, "image", qos_profile_sensor_data)
    node = camera(exit_at_end=True, pace="fixed")
    node.play()
    with pytest.raises(ExternalShutdownException):
        stage.until(lambda: not stage.context.ok())
    assert node.ended.wait(5)


def test_size_can_be_set(stage, camera):
    images = stage.listen(Image, "image", qos_profile_sensor_data)
    camera(width=32, loop=True).play()
    stage.until(lambda: images)
    assert (images[0].width, images[0].height, images[0].step) == (32, 24, 96)


def test_calibration_is_published(stage, camera, tmp_path):
    path = tmp_path / "calibration.yaml"
    path.write_text(
        "image_width: 64\nimage_height: 48\ndistortion_model: plumb_bob\n"
        "camera_matrix: {data: [50, 0, 32, 0, 50, 24, 0, 0, 1]}\n"
        "distortion_coefficients: {data: [0.1, 0, 0, 0, 0]}\n"
    )
    infos = stage.listen(CameraInfo, "camera_info", qos_profile_sensor_data)
    stage.listen(Image, "image", qos_profile_sensor_data)
    camera(calibration=str(path), loop=True).play()
    stage.until(lambda: infos)
    assert infos[0].k[0] == 50 and infos[0].d[0] == 0.1 and infos[0].distortion_model == "plumb_bob"


def test_a_missing_source_is_named(camera):
    with pytest.raises(ConfigError, match="no such file"):
        camera(uri="/nowhere/clip.mp4")
