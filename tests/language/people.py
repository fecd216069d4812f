"""Faces of known truth in front of a camera."""

import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.shading import ambient, directional
from facegpt_ros.training.sampling import portrait_expressions, sample_expressions, sample_illumination, within_reach

SIZE = (640, 480)


def face(model, *, yaw=0.0, pitch=0.0, roll=0.0, at=(0.0, 0.0, 1.0), acts=None, identity=None, albedo=None,
         light=None, face_id="f0001", confidence=1.0, assumed=False):  # fmt: skip
    """A face with the given angles (degrees), place (m, optical frame), activations and light φ."""
    camera = Camera(*SIZE, 600, 600, 319.5, 239.5, assumed=assumed)
    expression = np.zeros(len(model.expression_names), np.float32)
    for name, value in (acts or {}).items():
        expression[model.expression_names.index(name)] = value
    identity = np.zeros(len(model.identity_names), np.float32) if identity is None else np.asarray(identity, np.float32)
    albedo = np.zeros(len(model.albedo_names), np.float32) if albedo is None else np.asarray(albedo, np.float32)
    rotation, translation = matrix_from_euler(yaw, pitch, roll), np.asarray(at, np.float64)
    landmarks = camera.project(model.landmarks(identity, expression) @ rotation.T + translation)
    low, high = landmarks.min(0).clip(0, SIZE), landmarks.max(0).clip(0, SIZE)
    light = ambient(0.9) if light is None else light
    return Face(face_id, confidence, (*low, *(high - low)), rotation, translation, identity, expression, albedo,
                np.asarray(light, np.float32), camera, landmarks)  # fmt: skip


def anybody(model, rng, face_id="f0001", at=None):
    """A face that may be anyone's, look anyhow and anywhere."""
    names = model.expression_names
    draw = portrait_expressions if rng.random() < 0.3 else sample_expressions
    acts = dict(zip(names, within_reach(model, draw(names, rng, 1))[0], strict=True))
    depth = float(np.exp(rng.uniform(np.log(0.35), np.log(3.5))))
    return face(
        model,
        yaw=rng.normal(0, 25), pitch=rng.normal(0, 14), roll=rng.normal(0, 9),
        at=at if at is not None else depth * np.array([rng.uniform(-0.4, 0.4), rng.uniform(-0.28, 0.28), 1]),
        acts=acts, identity=0.85 * rng.standard_normal(len(model.identity_names)),
        albedo=rng.standard_normal(len(model.albedo_names)).clip(-2, 2), light=sample_illumination(rng, 1)[0],
        face_id=face_id,
    )  # fmt: skip


def lit(direction, strength=0.8, rest=0.3, colour=(1, 1, 1)):
    """φ (27,) of one light and some from everywhere."""
    return ambient(rest) + directional(np.asarray(direction, np.float64), strength * np.asarray(colour))
