"""A model whose jaw slides: for tests of those that must heed it, whatever the shipped file holds."""

import numpy as np

from facegpt_ros.morphable.contour import JAW, SlidingContour
from facegpt_ros.morphable.model import MorphableModel


def with_sliding_jaw(model: MorphableModel) -> MorphableModel:
    """At 50 degrees of yaw to either side every jaw point lies where its neighbour lies from ahead."""
    triangle, barycentric = model.surface_points()
    rows = np.stack([np.maximum(JAW - 1, 0), JAW, np.minimum(JAW + 1, 16)])
    contour = SlidingContour(np.array([-50, 0, 50], np.float32), triangle[rows], barycentric[rows])
    return model.with_landmarks({scheme: model.surface_points(scheme) for scheme in model.schemes}, contour)
