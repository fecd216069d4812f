"""One face of a photo as files: textured mesh and coefficients."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.errors import ImageError
from facegpt_ros.face import Face
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.mesh_file import material_text, obj_text
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import euler_from_matrix, quaternion_from_matrix, seen_yaw
from facegpt_ros.render.shading import SH_ORDER
from facegpt_ros.viz.texture import bake_texture

FORMAT = "facegpt-reconstruction/1"
_FRAMES = {
    "model": "metres, x to the subject's left, y up, z out of the face, 0 at the sellion; the .obj and landmarks_3d",
    "optical": "metres, x right, y down, z forward, origin at the camera",
    "pose": "optical from model: p_optical = R(quaternion_xyzw) p_model + translation_m",
    "landmarks_2d": "px, iBUG order, (0, 0) is the centre of the top left pixel",
    "illumination": "nine spherical harmonics x RGB, of the normal in the frame of a camera turned to the face",
}


class Stopwatch:
    """Milliseconds of each stage of something."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Ends the stage of this name."""
        now = time.perf_counter()
        self.laps[name] = 1e3 * (now - self._last)
        self._last = now

    def fork(self) -> Stopwatch:
        """Another that has the same laps and goes on alone."""
        other = Stopwatch()
        other.laps = dict(self.laps)
        return other


def face_files(name: str) -> tuple[str, str, str, str]:
    """Names of what write_face leaves: mesh, material, texture, coefficients."""
    return f"{name}.obj", f"{name}.mtl", f"{name}_texture.png", f"{name}.json"


def write_face(
    image: np.ndarray,
    face: Face,
    model: MorphableModel,
    folder: Path,
    name: str,
    *,
    about: dict[str, Any],
    watch: Stopwatch,
    neutral: bool = False,
) -> None:
    """Writes a face's mesh, material, texture and, when these are there, its coefficients.

    Args:
        image: (H, W, 3) uint8 BGR, the photo.
        face: with coefficients of model.
        model: the morphable model.
        folder: to write to.
        name: of the files, without their endings.
        about: what else the .json shall say first.
        watch: of this face; its laps go into the .json.
        neutral: the mesh and landmarks_3d without the photo's expression.

    Raises:
        OSError: a file cannot be written.
    """
    expression = np.zeros_like(face.expression) if neutral else face.expression
    picture = png(bake_texture(image, face, model))
    watch.lap("texture")
    files = write_mesh(model, model.vertices(face.identity, expression), picture, folder, name)
    watch.lap("mesh")
    landmarks = model.landmarks(face.identity, expression, yaw=seen_yaw(face.rotation, face.translation))
    document = {
        "format": FORMAT,
        **about,
        **as_json(face, model),
        "landmarks_3d": rounded(landmarks, 6),
        "expression_in_mesh": "neutral" if neutral else "as seen",
        "files": files,
        "timing_ms": {stage: round(spent, 1) for stage, spent in watch.laps.items()},
    }
    write_whole(folder / face_files(name)[3], json_lines(document))


def write_mesh(model: MorphableModel, vertices: np.ndarray, texture: bytes, folder: Path, name: str) -> dict[str, str]:
    """Writes a mesh with its material and texture; returns their names.

    Args:
        vertices: (V, 3) m; texture: a PNG in the layout of the model's uv_corners.

    Raises:
        OSError: a file cannot be written.
    """
    mesh, material, picture, _ = face_files(name)
    text = obj_text(vertices, model.triangles, model.uv_corners, material, name)
    write_whole(folder / picture, texture)
    write_whole(folder / material, _encoded(material_text(picture)))
    write_whole(folder / mesh, _encoded(text))
    return {"mesh": mesh, "material": material, "texture": picture}


def json_lines(document: dict[str, Any]) -> bytes:
    """JSON with a line per key: a hundred coefficients one below the other are no help to a reader."""
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in document.items())
    return f"{{\n{lines}\n}}\n".encode()


def as_json(face: Face, model: MorphableModel) -> dict[str, Any]:
    """A face as JSON takes it: θ, pose, camera, landmarks_2d, confidence, roi, and what the numbers mean."""
    yaw, pitch, roll = rounded(euler_from_matrix(face.rotation), 2)
    camera = face.camera
    return {
        "morphable_model": model_json(model),
        "face_id": face.face_id,
        "confidence": round(float(face.confidence), 4),
        "roi": dict(zip(("x", "y", "width", "height"), rounded(face.roi, 2), strict=True)),
        "theta": {
            "identity": rounded(face.identity, 4),
            "expression": rounded(face.expression, 4),
            "albedo": rounded(face.albedo, 4),
            "illumination": rounded(face.illumination, 4),
        },
        "names": {
            "identity": model.identity_names,
            "expression": model.expression_names,
            "albedo": model.albedo_names,
            "illumination": [f"{harmonic} {channel}" for harmonic in SH_ORDER for channel in "RGB"],
        },
        "pose": {
            "translation_m": rounded(face.translation, 6),
            "quaternion_xyzw": rounded(quaternion_from_matrix(face.rotation), 6),
            "yaw_deg": yaw,
            "pitch_deg": pitch,
            "roll_deg": roll,
        },
        "camera": {
            "width": camera.width,
            "height": camera.height,
            "fx": round(camera.fx, 3),
            "fy": round(camera.fy, 3),
            "cx": round(camera.cx, 3),
            "cy": round(camera.cy, 3),
            "distortion_model": camera.model,
            "distortion": list(camera.distortion),
            "assumed": camera.assumed,
        },
        "frames": _FRAMES,
        "landmarks_2d": rounded(face.landmarks, 2),
    }


def model_json(model: LinearModel) -> dict[str, str]:
    """Which morphable model coefficients are of."""
    return {"name": model.name, "version": model.version, "sha256": model.sha256}


def png(image_bgr: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as the bytes of a PNG."""
    good, data = cv2.imencode(".png", image_bgr)
    if not good:
        raise ImageError(f"OpenCV cannot encode an image of {image_bgr.shape} as a PNG; give a smaller photo")
    return data.tobytes()


def rounded(values: Any, digits: int) -> list:
    """Numbers as JSON shall show them."""
    # Adding zero turns -0.0 into 0.0.
    return (np.round(np.asarray(values, np.float64), digits) + 0.0).tolist()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # file names need not be UTF-8
