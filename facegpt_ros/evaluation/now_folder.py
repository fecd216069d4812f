"""The NoW validation set, for those who have it: its photos, scans and landmarks as its website hands them out.

    FOLDER/imagepathsvalidation.txt                                 lines of subject/challenge/picture.jpg
    FOLDER/scans/<subject>/<any>.obj                                mm
    FOLDER/scans_lmks_onlypp/<subject>/<any>.pp                     MeshLab's picked points 0..6, in scans.SEVEN's order
    FOLDER/final_release_version/iphone_pictures/<subject>/<challenge>/<picture>.jpg

iphone_pictures/ may also lie in FOLDER itself, and all of it deeper (NoW_Dataset/, final_release_version/).
The faces' boxes in detected_face/ are pickles and are not read: the pipeline finds faces by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.now import Shot, TrueFace
from facegpt_ros.evaluation.scans import SEVEN
from facegpt_ros.morphable.fit import Fitter
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.scan import Scan, read_scan
from facegpt_ros.render.camera import Camera

LIST = "imagepathsvalidation.txt"
_DEEPER = (".", "final_release_version", "NoW_Dataset", "NoW_Dataset/final_release_version")
_POINT = re.compile(r"<point\b([^>]*)>")
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*"([^"]*)"')


def now_shots(model: MorphableModel, folder: Path, fov_deg: float, *, count: int | None = None) -> Iterator[Shot]:
    """Every photo of the validation list with the scan of its subject; groups are NoW's challenges.

    Args:
        folder: as above.
        fov_deg: assumed of every photo, over its longer side.
        count: at most so many, evenly spread over the list.

    Raises:
        ConfigError: a file of the layout is missing or says something else; the message names it.
        ScanError: a scan cannot be read.
    """
    pictures = _inside(folder, "iphone_pictures")
    lines = [line.strip() for line in _text(_inside(folder, LIST)).splitlines() if line.strip()]
    if count is not None and count < len(lines):
        lines = [lines[i] for i in np.linspace(0, len(lines) - 1, count).round().astype(int)]
    fitter = Fitter(model)

    @lru_cache(maxsize=2)  # the list goes subject by subject, and a scan is large
    def scanned(subject: str) -> tuple[Scan, np.ndarray, TrueFace]:
        scan = read_scan(_only(_inside(folder, "scans") / subject, "*.obj"))
        seven = picked_points(_only(_inside(folder, "scans_lmks_onlypp") / subject, "*.pp"))
        return scan, seven, TrueFace.of(scan.vertices, seven, 1.0)

    def limit_of(subject: str) -> Callable[[], np.ndarray]:
        def limit() -> np.ndarray:
            scan, seven, _ = scanned(subject)
            return fitter.fit(scan, dict(zip(SEVEN, seven, strict=True))).vertices

        return limit

    for line in lines:
        parts = line.split("/")
        if len(parts) < 3 or ".." in parts:
            raise ConfigError(f"{LIST} of {folder}: the line '{line}' is not subject/challenge/picture; get it again")
        subject, challenge, name = parts[-3:]
        image = cv2.imread(str(pictures / subject / challenge / name), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigError(f"{pictures / subject / challenge / name}: no image can be read there; unpack NoW again")
        camera = Camera.from_fov(image.shape[1], image.shape[0], fov_deg)
        yield Shot(line, challenge, image, camera, scanned(subject)[2], subject, limit_of(subject))


def picked_points(path: Path) -> np.ndarray:
    """MeshLab's .pp with points named 0 to 6, or seven in this order: (7, 3) float64 in the scan's unit.

    Raises:
        ConfigError: there are other points, or one has no finite x, y and z.
    """
    points: dict[str, list[float]] = {}
    for number, match in enumerate(_POINT.finditer(_text(path))):
        attributes = dict(_ATTRIBUTE.findall(match.group(1)))
        try:
            points[attributes.get("name", str(number))] = [float(attributes[axis]) for axis in "xyz"]
        except (KeyError, ValueError) as error:
            raise ConfigError(f"{path}: point {number} has no x, y and z ({error}); get the landmarks again") from error
    order = [str(i) for i in range(len(SEVEN))]
    if sorted(points) != order and len(points) == len(SEVEN):
        order = list(points)
    if len(points) != len(SEVEN) or not np.isfinite(list(points.values())).all():
        raise ConfigError(f"{path}: holds {len(points)} points, or one is not finite; NoW's files hold seven")
    return np.array([points[name] for name in order])


def _inside(folder: Path, name: str) -> Path:
    """Where a part of the set is, at whichever of the usual depths."""
    for deeper in _DEEPER:
        if (folder / deeper / name).exists():
            return folder / deeper / name
    raise ConfigError(f"{folder / name}: not there, nor in {', '.join(_DEEPER[1:])}; give --now the folder of NoW")


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise ConfigError(f"{folder / pattern}: {len(found)} files, one is needed; unpack NoW again")
    return found[0]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); get it again") from error
