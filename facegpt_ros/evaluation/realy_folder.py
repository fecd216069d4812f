"""The REALY benchmark (Chai et al., ECCV 2022), for those who have it: four regions of 100 scanned faces.

    FOLDER/REALY_image/<set>/<id>[_<view>].jpg          512×512; <set> such as crop_image_frontal_512x512
    FOLDER/REALY_HIFI3D_keypoints/<id>.obj              85 vertices, the first 68 in iBUG order, in the scan's unit
    FOLDER/REALY_scan_region/<id>/{nose,mouth,forehead,cheek}.obj
    FOLDER/metrical_scale.txt                           millimetres a unit, one line an id from 1; of REALY's repository

Measured here, for each region: seven keypoints give rotation, translation and scale once, rigid ICP brings the mesh to
the region, then the mean distance from its vertices to the mesh, mm. REALY's own figure comes after a non-rigid
registration as well, which finds where each vertex belongs and so is larger: the two must not be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.errors import ConfigError, ScanError
from facegpt_ros.evaluation.now import NowScorer, TrueFace, largest
from facegpt_ros.evaluation.scans import SEVEN
from facegpt_ros.face import Face
from facegpt_ros.morphable.mesh_reader import read_mesh
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.render.camera import Camera

REGIONS = ("nose", "mouth", "forehead", "cheek")
FRONTAL = "crop_image_frontal_512x512"
_IMAGES = (".jpg", ".jpeg", ".png")


def realy_pictures(folder: Path, images: str = FRONTAL) -> list[tuple[int, Path]]:
    """The scan's id and the file of every picture of a set, by id.

    Raises:
        ConfigError: there is no such set, it is empty, or a name does not begin with an id.
    """
    where = folder / "REALY_image" / images
    files = sorted(path for path in where.glob("*") if path.suffix.lower() in _IMAGES)
    if not files:
        raise ConfigError(f"{where}: no pictures; give --realy the folder that holds REALY_image/")
    try:
        return sorted((int(path.stem.split("_")[0]), path) for path in files)
    except ValueError as error:
        raise ConfigError(f"{where}: names are <id>.jpg or <id>_<view>.jpg ({error}); unpack REALY again") from error


def realy_scan(folder: Path, number: int) -> dict[str, TrueFace]:
    """The regions of one scan, with its keypoints and its size.

    Raises:
        ConfigError: a file is missing or holds something else; the message names it.
    """
    keypoints = _vertices(folder / "REALY_HIFI3D_keypoints" / f"{number}.obj")
    if len(keypoints) < 68:
        path = folder / "REALY_HIFI3D_keypoints" / f"{number}.obj"
        raise ConfigError(f"{path}: {len(keypoints)} keypoints, REALY's files hold 85; unpack it again")
    try:
        sizes = np.loadtxt(folder / "metrical_scale.txt", ndmin=1)
        mm = float(sizes[number - 1]) if number > 0 else 0.0
        if not 0 < mm < np.inf:
            raise ValueError(f"it says {mm}")
    except (OSError, ValueError, IndexError) as error:
        path = folder / "metrical_scale.txt"
        raise ConfigError(f"{path}: no size of scan {number} ({error}); copy it from REALY's repository") from error
    seven = keypoints[list(SEVEN)]
    return {
        region: TrueFace(_vertices(folder / "REALY_scan_region" / str(number) / f"{region}.obj"), seven, mm)
        for region in REGIONS
    }


def score_realy(
    pipeline: FacePipeline,
    folder: Path,
    fov_deg: float,
    *,
    images: str = FRONTAL,
    count: int | None = None,
    show: Callable[[str, np.ndarray, Face | None, float | None], None] = lambda *_: None,
) -> dict:
    """Mean distances in mm by region, of the estimator and of the mean face.

    Args:
        fov_deg: assumed of every picture.
        images: the set under REALY_image/.
        count: at most so many pictures, evenly spread.

    Raises:
        ConfigError: a file of the layout is missing.
    """
    scorer = NowScorer(pipeline.model)
    mean = scorer.neutral(np.zeros(len(pipeline.model.identity_names)))
    pictures = realy_pictures(folder, images)
    if count is not None and count < len(pictures):
        pictures = [pictures[i] for i in np.linspace(0, len(pictures) - 1, count).round().astype(int)]
    rows: dict[str, list[list[float]]] = {"mean_face": [], "estimate": []}
    for number, path in pictures:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigError(f"{path}: no image can be read there; unpack REALY again")
        truth = realy_scan(folder, number)
        pipeline.reset()
        face = largest(pipeline.process(image, Camera.from_fov(image.shape[1], image.shape[0], fov_deg), 0.0))
        if face is not None:
            for name, head in (("mean_face", mean), ("estimate", scorer.neutral(face.identity))):
                rows[name].append([float(scorer.distances(head, truth[region]).mean()) for region in REGIONS])
        show(path.stem, image, face, float(np.mean(rows["estimate"][-1])) if face else None)
    found = len(rows["estimate"])
    out: dict = {"images": len(pictures), "found": found / len(pictures)}
    for name, values in rows.items():
        if values:
            by_region = np.mean(values, 0)
            out[name] = dict(zip(REGIONS, map(float, by_region), strict=True)) | {"all": float(by_region.mean())}
    return out


def _vertices(path: Path) -> np.ndarray:
    try:
        return read_mesh(path).vertices
    except ScanError as error:
        raise ConfigError(f"{error}; give --realy the folder that holds it") from error
