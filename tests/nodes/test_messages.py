from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.ros

pytest.importorskip("rclpy", reason="run bash scripts/test")
messages = pytest.importorskip("facegpt_ros.nodes.messages", reason="run bash scripts/test")

from std_msgs.msg import Header  # noqa: E402

from facegpt_ros.face import Face, Spread  # noqa: E402
from facegpt_ros.render.camera import Camera  # noqa: E402
from facegpt_ros.viz.markers import Marker  # noqa: E402

FACE = Face(
    face_id="f0001",
    confidence=0.5,
    roi=(10.0, 20.0, 30.0, 40.0),
    rotation=np.diag([1.0, -1.0, -1.0]),
    translation=np.array([0.0, 0.0, 0.6]),
    identity=np.zeros(4),
    expression=np.array([0.1, 0.9, 0.0]),
    albedo=np.zeros(2),
    illumination=np.zeros(27),
    camera=Camera.from_fov(64, 48, 60),
    landmarks=np.zeros((68, 2)),
)


def test_what_an_estimator_does_not_know_of_itself_stays_empty():
    message = messages.face_message(FACE)
    for name in ("pose", "identity", "expression", "albedo", "illumination", "camera"):
        assert len(getattr(message, f"{name}_stddev")) == 0, name


def test_the_spread_of_activations_is_told():
    spread = Spread(np.ones(68), np.ones(3), np.float32(1), np.array([0.1, 0.02, 0.3]))
    message = messages.face_message(replace(FACE, spread=spread))
    np.testing.assert_allclose(message.expression_stddev, [0.1, 0.02, 0.3], rtol=1e-6)
    assert len(message.expression_stddev) == len(message.expression)


def test_corners_of_a_marker_are_in_its_order_with_their_colours():
    points, colours = np.arange(12.0).reshape(4, 3), np.arange(12.0).reshape(4, 3) / 16
    order = np.array([0, 1, 2, 2, 1, 3])
    mark = Marker("mesh", "triangles", points, (1.0, 1.0, 1.0, 1.0), 0.0, colours, order)
    (message,) = messages.markers_message(Header(), [mark]).markers
    np.testing.assert_array_equal([(p.x, p.y, p.z) for p in message.points], points[order])
    np.testing.assert_allclose([(c.r, c.g, c.b) for c in message.colors], colours[order])
