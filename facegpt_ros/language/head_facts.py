"""Facts of a head's pose and of where its eyes look, as its viewer sees them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.language.fact import LEFT, RIGHT, Doubt, Fact, filled, graded
from facegpt_ros.morphable.gaze import gaze_rotation
from facegpt_ros.morphable.pose import euler_from_matrix

_ANGLE_DEG = (2.0, 3.5, 2.5)  # of yaw, pitch and roll where no spread is given; on renders they err by 1.3, 2.8, 1.8
_GAZE_DEG = 6.0  # of the eyes in the head
_TURNED, _NODDED, _TILTED = 10.0, 10.0, 8.0
_AWAY, _PROFILE = 22.0, 55.0
_CONTACT, _ASIDE = 9.0, 8.0


def head_facts(face: Face, names: Sequence[str], eyes_open: float, spread: Doubt) -> list[Fact]:
    """head_turn, head_pitch, head_tilt, facing, eye_contact, gaze_side, gaze_height.

    All are relative to the line of sight to the face, so they hold wherever in the image it is.

    Args:
        names: of the expressions.
        eyes_open: 0..1; the gaze of closed eyes is not known.
    """
    towards = _towards(face.translation)
    yaw, pitch, roll = euler_from_matrix(towards @ face.rotation)
    sigma = filled(spread.angle_deg, 1.0, 3) if spread.angle_deg is not None else np.array(_ANGLE_DEG)
    trust, who = face.confidence, face.face_id
    away = _angle_deg((towards @ face.rotation)[:, 2])
    told = partial(graded, trust=trust, unit="deg", face=who)
    facts = [
        told("head_turn", yaw, sigma[0], (-_TURNED, _TURNED), (LEFT, "straight", RIGHT)),
        told("head_pitch", pitch, sigma[1], (-_NODDED, _NODDED), ("down", "level", "up")),
        told("head_tilt", roll, sigma[2], (-_TILTED, _TILTED), (RIGHT, "upright", LEFT)),
        told("facing", away, float(sigma[:2].mean()), (_AWAY, _PROFILE), ("camera", "partly away", "profile")),
    ]
    gaze = towards @ gaze_rotation(face.rotation, face.expression, names)[:, 2]
    sideways = float(np.degrees(np.arctan2(gaze[0], -gaze[2])))  # to the viewer's right
    upwards = float(np.degrees(np.arcsin(np.clip(-gaze[1], -1, 1))))
    trust *= float(np.clip((eyes_open - 0.15) / 0.35, 0, 1))
    eyes = float(np.hypot(_GAZE_DEG, sigma[0]))
    told = partial(told, trust=trust)
    vertical = float(np.hypot(_GAZE_DEG, sigma[1]))
    return [
        *facts,
        told("eye_contact", _angle_deg(gaze), eyes, (_CONTACT,), ("yes", "no")),
        told("gaze_side", sideways, eyes, (-_ASIDE, _ASIDE), (LEFT, "straight", RIGHT)),
        told("gaze_height", upwards, vertical, (-_ASIDE, _ASIDE), ("down", "level", "up")),
    ]


def _towards(translation: np.ndarray) -> np.ndarray:
    """The shortest rotation (3, 3) from the optical frame to that of a camera turned to the face."""
    x, y, z = np.asarray(translation, np.float64) / max(float(np.linalg.norm(translation)), 1e-9)
    if z < -0.999:
        return np.diag([-1.0, 1.0, -1.0])
    cross = np.array([[0, 0, -x], [0, 0, -y], [x, y, 0]])  # [(sight × e_z)]×
    return np.eye(3) + cross + cross @ cross / (1 + z)


def _angle_deg(direction: np.ndarray) -> float:
    """Of a unit vector from the direction back to the camera."""
    return float(np.degrees(np.arccos(np.clip(-direction[2], -1, 1))))
