"""Frames of a head, and the ways to write its rotation.

Model frame: x to the subject's left, y up, z out of the face. Face frame (face_<id>, REP-103 style): x out of the
face, y to the subject's left, z up. Optical frame: x right, y down, z forward. All metres, right-handed.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.face import Face

#: p_face = FACE_FROM_MODEL @ p_model.
FACE_FROM_MODEL = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

#: Rotation of a head that looks straight into the camera, model frame → optical frame.
OPTICAL_FROM_MODEL_FRONTAL = np.diag([1.0, -1.0, -1.0])


def matrix_from_euler(
    yaw_deg: np.ndarray | float, pitch_deg: np.ndarray | float, roll_deg: np.ndarray | float
) -> np.ndarray:
    """Head rotation (..., 3, 3), model frame → optical frame, from angles in degrees.

    All zero: the head looks into the camera. Yaw is positive when it turns to its own left, pitch when it looks up,
    roll when it tilts to its own right (clockwise for the subject, counter-clockwise in the image).
    R = OPTICAL_FROM_MODEL_FRONTAL · Rz(roll) · Ry(yaw) · Rx(-pitch).
    """
    y, p, r = (np.radians(np.asarray(a, np.float64)) for a in (yaw_deg, pitch_deg, roll_deg))
    y, p, r = np.broadcast_arrays(y, -p, r)
    zero, one = np.zeros_like(y), np.ones_like(y)

    def stack(*rows: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.stack([np.stack(row, -1) for row in rows], -2)

    rz = stack((np.cos(r), -np.sin(r), zero), (np.sin(r), np.cos(r), zero), (zero, zero, one))
    ry = stack((np.cos(y), zero, np.sin(y)), (zero, one, zero), (-np.sin(y), zero, np.cos(y)))
    rx = stack((one, zero, zero), (zero, np.cos(p), -np.sin(p)), (zero, np.sin(p), np.cos(p)))
    return OPTICAL_FROM_MODEL_FRONTAL @ rz @ ry @ rx


def euler_from_matrix(rotation: np.ndarray) -> np.ndarray:
    """(..., 3, 3) model → optical to (..., 3): yaw, pitch, roll in degrees; inverse of matrix_from_euler."""
    m = OPTICAL_FROM_MODEL_FRONTAL.T @ np.asarray(rotation, np.float64)
    yaw = np.arcsin(np.clip(-m[..., 2, 0], -1, 1))
    pitch = np.arctan2(m[..., 2, 1], m[..., 2, 2])
    roll = np.arctan2(m[..., 1, 0], m[..., 0, 0])
    return np.degrees(np.stack([yaw, -pitch, roll], -1))


def seen_yaw(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Yaw (...,) in degrees of a head towards the one who looks at it, by which its contour slides.

    The angle out of the image plane of its left-right axis, positive when it turns to its own left, as in
    matrix_from_euler; unlike that function's yaw, it is the same in every camera at that place, however turned.

    Args:
        rotation: (..., 3, 3), model frame → optical frame.
        translation: (..., 3), the sellion in the optical frame; its length does not matter.
    """
    sight = translation / np.maximum(np.linalg.norm(translation, axis=-1, keepdims=True), 1e-12)
    return np.degrees(np.arcsin(np.clip((rotation[..., 0] * sight).sum(-1), -1, 1)))


def skew(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) → (..., 3, 3), the matrix of the cross product: skew(a) @ b = a × b."""
    x, y, z = np.moveaxis(np.asarray(vectors), -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)


def rotation_from_vector(vectors: np.ndarray) -> np.ndarray:
    """Axis times angle in radians (..., 3) → rotation (..., 3, 3) (Rodrigues' formula)."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    cross = skew(vectors)
    small = angle < 1e-6
    safe = np.where(small, 1, angle)
    first, second = np.where(small, 1, np.sin(safe) / safe), np.where(small, 0.5, (1 - np.cos(safe)) / safe**2)
    return np.eye(3) + first * cross + second * cross @ cross


def rotation_angle_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Geodesic angle between rotations (..., 3, 3), degrees."""
    trace = np.einsum("...ij,...ij->...", np.asarray(a, np.float64), np.asarray(b, np.float64))
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def quaternion_from_matrix(rotation: np.ndarray) -> tuple[float, float, float, float]:
    """(3, 3) rotation → unit quaternion (x, y, z, w), w ≥ 0 (Shepperd, 1978)."""
    m = np.asarray(rotation, np.float64)
    diagonal = np.array([m[0, 0], m[1, 1], m[2, 2], m.trace()])
    k = int(np.argmax(diagonal))
    q = np.empty(4)
    if k == 3:
        q[:3] = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
        q[3] = 1 + diagonal[3]
    else:
        i, j, n = k, (k + 1) % 3, (k + 2) % 3
        q[i] = 1 + 2 * m[i, i] - diagonal[3]
        q[j] = m[j, i] + m[i, j]
        q[n] = m[n, i] + m[i, n]
        q[3] = m[n, j] - m[j, n]
    q /= np.linalg.norm(q) * (1 if q[3] >= 0 else -1)
    return float(q[0]), float(q[1]), float(q[2]), float(q[3])


def face_pose(face: Face) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Pose of face_<id> in the optical frame: translation (3,) m and quaternion (x, y, z, w)."""
    return np.asarray(face.translation), quaternion_from_matrix(face.rotation @ FACE_FROM_MODEL.T)
