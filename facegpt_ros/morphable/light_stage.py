"""ICT's light-stage face (MIT, (c) 2020 USC ICT): identities and expressions learnt from scanned people."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facegpt_ros.errors import ModelError

_METRES = 0.01  # the file is in cm
_OUTSIDE = ("face", "head_neck")
#: Upper, then lower teeth, each from the left third molar to the right one: number of vertices of each.
_UPPER_TEETH = (191, 186, 191, 123, 165, 96, 76, 76, 76, 76, 96, 165, 123, 191, 186, 191)
_LOWER_TEETH = (179, 176, 212, 138, 127, 90, 94, 86, 86, 94, 90, 127, 138, 212, 176, 179)


class LightStage:
    """The model's shapes, m; x to the subject's left, y up, z out of the face.

    Args:
        path: .npz with neutral (V, 3), id (100, V, 3), expr (57, V, 3) in cm, expr_names, faces (quads, the fourth
            corner -1 where there is none), landmarks68, part_names and part_ranges.

    Attributes:
        neutral: (V, 3) float64; identity: (100, V, 3), one standard deviation a unit; expression: name → (V, 3);
        landmarks: (68,) vertex indices, iBUG's order; triangles: (F, 3).

    Raises:
        ModelError: the file is missing, or lacks a key.
    """

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as file:
                self.neutral = file["neutral"].astype(np.float64) * _METRES
                self.identity = file["id"].astype(np.float64) * _METRES
                names = [str(n) for n in file["expr_names"]]
                self.expression = dict(zip(names, file["expr"].astype(np.float64) * _METRES, strict=True))
                self.landmarks = file["landmarks68"].astype(int)
                quads = file["faces"].astype(int)
                self._range = {str(n): r for n, r in zip(file["part_names"], file["part_ranges"], strict=True)}
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{path}: {error}; give --ict the light-stage model as .npz") from error
        four = quads[quads[:, 3] >= 0]
        self.triangles = np.concatenate([quads[:, :3], four[:, [0, 2, 3]]])

    def part(self, *names: str) -> np.ndarray:
        """Triangles (F', 3) whose corners all lie in the named parts, numbered as in the whole mesh."""
        inside = np.zeros(len(self.neutral), bool)
        for name in names or _OUTSIDE:
            first, last = self._range[name]
            inside[first:last] = True
        return self.triangles[inside[self.triangles].all(1)]

    def teeth(self) -> list[np.ndarray]:
        """Triangles of each tooth but the second and third molars: 12 upper, then 12 lower ones."""
        first = self._range["teeth"][0] + np.concatenate([[0], np.cumsum(_UPPER_TEETH + _LOWER_TEETH)])
        shown = [k for k in range(32) if k % 16 not in (0, 1, 14, 15)]
        triangles = self.part("teeth")
        return [triangles[(triangles[:, 0] >= first[k]) & (triangles[:, 0] < first[k + 1])] for k in shown]

    def sclera(self, side: str) -> np.ndarray:
        """Vertices of the white of the eye, side "l" or "r"."""
        first = self._range[f"eyeball_{side}"][0]
        return np.arange(first, first + 770)
