"""What a listener in another process makes of what it gets."""

import numpy as np
import pytest

from facegpt_ros.nodes.monitor import Monitor
from tests.nodes.image_messages import WITH_FACE, image
from tests.nodes.log import Log

pytestmark = pytest.mark.ros


def test_an_overlay_that_cannot_be_decoded_is_left_out_and_said(stage, monkeypatch):
    shown = []
    monitor = Monitor(None, lambda stamp, picture: shown.append(picture), context=stage.context)
    log, broken = Log(monitor, monkeypatch), image(second=1)
    broken.step = 7
    monitor._take_overlay(broken)
    assert not shown and log.said("an overlay was left out") == log.said("step is 7") != []
    monitor._take_overlay(image(second=2))
    assert np.array_equal(shown[0], WITH_FACE)
    monitor.destroy_node()
