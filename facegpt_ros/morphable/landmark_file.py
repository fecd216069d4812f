"""Landmarks on a scan, from a text file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facegpt_ros.errors import ScanError

#: iBUG indices of lists without names, by their length: all; NoW's seven (eye corners from the subject's right to the
#: left, nose bottom, mouth corners); meshmonk's five (inner eye corners, nose tip, mouth corners).
ORDERS: dict[int, tuple[int, ...]] = {
    68: tuple(range(68)),
    7: (36, 39, 42, 45, 33, 48, 54),
    5: (39, 42, 30, 48, 54),
}
FORMAT_HELP = (
    "text, a landmark a line: 'index x y z' with its iBUG index (0 to 67), or 'x y z' alone for all 68, for 7 "
    "(right eye's outer and inner corner, left eye's inner and outer, nose bottom, right and left mouth corner; right "
    "is the subject's) or for 5 (right and left inner eye corner, nose tip, right and left mouth corner)"
)


def read_landmarks(path: Path) -> dict[int, np.ndarray]:
    """iBUG index → (3,) float64, in the scan's frame and unit.

    Args:
        path: numbers separated by blanks, commas or semicolons; lines that begin with # say nothing.

    Raises:
        ScanError: the file cannot be read as that.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ScanError(f"{path}: landmarks cannot be read ({error}); give {FORMAT_HELP}") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    try:
        rows = [[float(word) for word in line.replace(",", " ").replace(";", " ").split()] for line in lines]
    except ValueError as error:
        raise ScanError(f"{path}: {error}; give {FORMAT_HELP}") from error
    widths = {len(row) for row in rows}
    if widths == {3} and len(rows) in ORDERS:
        marks = dict(zip(ORDERS[len(rows)], np.array(rows), strict=True))
    elif widths == {4} and all(row[0] in range(68) for row in rows):
        marks = {int(row[0]): np.array(row[1:]) for row in rows}
    else:
        raise ScanError(f"{path}: {len(rows)} lines of {sorted(widths)} numbers are no landmarks; give {FORMAT_HELP}")
    if len(marks) < 3 or not np.isfinite(np.array(list(marks.values()))).all():
        raise ScanError(f"{path}: {len(marks)} landmarks, or one is not finite; give three or more")
    return marks
