"""Photo folders whose faces, skins and lights are known: rendered from a model itself."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.batch import composite, render_face
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import vertex_normals
from facegpt_ros.render.shading import ambient, directional

SIDE, FOV_DEG = 200, 25.0


def photo_folder(folder: Path, model: MorphableModel, count: int, seed: int = 0) -> np.ndarray:
    """Writes `count` train photos as facegpt reads them; the skins' γ (count, A)."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    camera = Camera.from_fov(SIDE, SIDE, FOV_DEG)
    rows, landmarks, skins = [], [], []
    for i in range(count):
        albedo = rng.normal(0, 0.8, len(model.albedo_names)).astype(np.float32)
        identity = rng.normal(0, 0.5, len(model.identity_names)).astype(np.float32)
        expression = np.zeros(len(model.expression_names), np.float32)
        rotation = matrix_from_euler(rng.uniform(-20, 20), rng.uniform(-5, 5), 0)
        translation = np.array([0, 0.03, 0.65])
        points = (model.vertices(identity, expression) @ rotation.T + translation).astype(np.float32)
        towards = np.array([rng.uniform(-1, 1), rng.uniform(-1, 0.2), -1.0])
        light = ambient(0.5) + directional(towards, float(rng.uniform(0.45, 0.65)))
        pixels = np.column_stack([camera.project(points), points[:, 2]]).astype(np.float32)
        normals = vertex_normals(points, model.triangles)
        picture = np.full((SIDE, SIDE, 3), 120, np.uint8)
        composite(render_face(pixels, model.triangles, model.colours(albedo), normals, light, SIDE), picture)
        cv2.imwrite(str(folder / "images" / f"{i}.png"), picture[..., ::-1])
        marks = model.landmarks(identity, expression, "mediapipe478")[:468] @ rotation.T + translation
        landmarks.append(np.column_stack([camera.project(marks), np.zeros(468)]))
        rows.append({"id": str(i), "split": "train", "file": f"{i}.png", "width": SIDE, "height": SIDE, "gray": 0})
        skins.append(albedo)
    write_labels(folder, rows, np.array(landmarks))
    return np.array(skins)


def write_labels(folder: Path, rows: list[dict], landmarks: np.ndarray) -> None:
    with open(folder / "split.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "split", "file", "width", "height", "gray"])
        writer.writeheader()
        writer.writerows(rows)
    np.savez(folder / "mediapipe468.npz", ids=np.array([row["id"] for row in rows]), landmarks=landmarks)
