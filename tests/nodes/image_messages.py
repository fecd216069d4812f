"""Images as a camera sends them."""

import numpy as np
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from facegpt_ros.nodes.messages import image_message

WITH_FACE = np.full((48, 64, 3), 128, np.uint8)
EMPTY = np.zeros((48, 64, 3), np.uint8)


def image(pixels=WITH_FACE, second=7):
    return image_message(Header(stamp=Time(sec=second, nanosec=5), frame_id="camera"), pixels)
