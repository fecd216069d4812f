"""How steady a stream of estimates is: of a face that rests, and of one that moves along a known smooth path.

Each frame has fresh sensor noise, independent by pixel and channel, σ = NOISE grey levels of 255: about what a webcam
adds in a lit room. The face is followed as in a stream; the first frames, in which its crop settles, do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from facegpt_ros.evaluation.motion import Still
from facegpt_ros.evaluation.renders import Render, landmarks_on
from facegpt_ros.evaluation.scores import nearest
from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import rotation_angle_deg, seen_yaw
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.render.camera import Camera

NOISE = 4.0
STILL_FRAMES, PATH_FRAMES, SETTLE = 30, 60, 5
_FPS = 30.0
SEED = 6601
Show = Callable[[str, np.ndarray, Face | None, float | None], None]


def follow(
    pipeline: FacePipeline, frames: Iterable[tuple[np.ndarray, Camera, np.ndarray]], rng: np.random.Generator
) -> Iterator[tuple[int, Face]]:
    """Number and face of every frame after settling in which the face is found, as a stream at 30 Hz with noise.

    Args:
        frames: image (H, W, 3) uint8 without noise, camera, true landmarks (68, 2) px of each.
    """
    pipeline.reset()
    for number, (image, camera, landmarks) in enumerate(frames):
        noisy = np.rint(image + rng.normal(0, NOISE, image.shape)).clip(0, 255).astype(np.uint8)
        face = nearest(pipeline.process(noisy, camera, number / _FPS), landmarks)
        if face is not None and number >= SETTLE:
            yield number, face


def still_jitter(pipeline: FacePipeline, stills: Iterable[Still], show: Show, *, frames: int = STILL_FRAMES) -> dict:
    """Root mean square deviation from the mean over time, of resting faces; means are over faces.

    Returns:
        "head_mm": of a vertex of the face in the head's own frame (what identity and expression make of it);
        "position_mm" and "rotation_deg" of the pose; "landmarks_px" of a landmark in the image; "head_mm_worst" face;
        "faces"; "lost": share of frames without the face.
    """
    model = pipeline.model
    part = model.regions["face"] > 0.5
    rows, lost = [], []
    for number, still in enumerate(stills):
        stream = ((still.image, still.camera, still.landmarks) for _ in range(frames + SETTLE))
        faces = [face for _, face in follow(pipeline, stream, np.random.default_rng([SEED, number]))]
        lost.append(1 - len(faces) / frames)
        if len(faces) > 1:
            rows.append(_still(model, part, faces))
        show(still.name, still.image, faces[-1] if faces else None, None)
    out: dict = {"faces": len(rows), "frames": frames, "lost": float(np.mean(lost)) if lost else 1.0}
    if rows:
        names = ("head_mm", "position_mm", "rotation_deg", "landmarks_px")
        values = np.array(rows)
        out |= dict(zip(names, map(float, np.sqrt((values**2).mean(0))), strict=True))
        out["head_mm_worst"] = float(values[:, 0].max())
    return out


def _still(model: MorphableModel, part: np.ndarray, faces: list[Face]) -> tuple[float, float, float, float]:
    heads = np.stack([model.vertices(face.identity, face.expression)[part] for face in faces]).astype(np.float64)
    places = np.stack([face.translation for face in faces])
    marks = np.stack([face.landmarks for face in faces])
    turns = np.stack([face.rotation for face in faces]).astype(np.float64)
    u, _, vt = np.linalg.svd(turns.mean(0))  # the chordal mean of rotations that hardly differ
    angles = rotation_angle_deg(turns, np.broadcast_to(u @ vt, turns.shape))
    return (
        1e3 * deviation(heads),
        1e3 * deviation(places[:, None]),
        float(np.sqrt((angles**2).mean())),
        deviation(marks),
    )


def deviation(points: np.ndarray) -> float:
    """Root mean square distance of moving points (T, N, D) from their means over time, in the points' unit."""
    return float(np.sqrt(((points - points.mean(0)) ** 2).sum(-1).mean()))


def roughness(points: np.ndarray) -> float:
    """Root mean square of the second differences over time of errors (T, N, D), over √6: the size of the errors'
    distance where they are independent from frame to frame, and 0 where they only drift.
    """
    second = points[2:] - 2 * points[1:-1] + points[:-2]
    return float(np.sqrt((second**2).sum(-1).mean() / 6))


def path_jitter(pipeline: FacePipeline, paths: Iterable[list[Render]], show: Show, *, smoothing: bool) -> dict:
    """Jitter of faces on known paths, as `roughness` of estimate minus truth; means are over faces.

    Args:
        paths: the frames of each, without noise.
        smoothing: the pipeline's, on or off; its configuration is as before afterwards.

    Returns:
        "head_mm" and "mm": of the 68 landmarks in the head's frame and in the camera's; "px" in the image; and what
        smoothing costs, "error_px" and "error_mm": mean distances from the truth; "faces"; "lost".
    """
    model, before = pipeline.model, pipeline.config
    corners, weights = model.embedding()
    rest = np.zeros(len(model.identity_names), np.float32)
    rows, lost = [], []
    pipeline.config = replace(before, smoothing=smoothing)
    try:
        for number, path in enumerate(paths):
            stream = ((frame.image, frame.camera, frame.landmarks) for frame in path)
            said = dict(follow(pipeline, stream, np.random.default_rng([SEED, 7, number])))
            lost.append(1 - len(said) / (len(path) - SETTLE))
            if said:
                show(f"path {number}", path[-1].image, said.get(len(path) - 1), None)
            if len(said) < len(path) - SETTLE:
                continue  # second differences need every frame
            heads, seen, pixels = [], [], []
            for at, face in said.items():
                frame = path[at]
                true = frame.neutral + model.vertices(rest, frame.expression) - model.bases["mean"]
                own = np.einsum("nci,nc->ni", true[corners], weights)
                heads.append(model.landmarks(face.identity, face.expression) - own)
                turn = float(seen_yaw(frame.rotation, frame.translation))
                placed = posed_landmarks(model, face.identity, face.expression, face.rotation, face.translation)
                seen.append(placed - landmarks_on(model, true @ frame.rotation.T + frame.translation, turn))
                pixels.append(face.landmarks - frame.landmarks)
            in_camera, in_image = np.array(seen), np.array(pixels)
            rows.append(
                (
                    1e3 * roughness(np.array(heads)),
                    1e3 * roughness(in_camera),
                    roughness(in_image),
                    float(np.linalg.norm(in_image, axis=-1).mean()),
                    1e3 * float(np.linalg.norm(in_camera, axis=-1).mean()),
                )
            )
    finally:
        pipeline.config = before
    out: dict = {"faces": len(rows), "lost": float(np.mean(lost)) if lost else 1.0}
    if rows:
        means = np.array(rows).mean(0)
        out |= dict(zip(("head_mm", "mm", "px", "error_px", "error_mm"), map(float, means), strict=True))
    return out
