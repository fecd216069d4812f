"""Landmark schemes: the 68 iBUG points, and which of MediaPipe's 478 each of them is."""

from __future__ import annotations

# iBUG-68 order: jaw 0-16 from the subject's right ear to the left, right brow 17-21, left brow 22-26, nose bridge
# 27-30, nostrils 31-35, right eye 36-41, left eye 42-47, outer lips 48-59, inner lips 60-67.
IBUG68_FROM_MEDIAPIPE: tuple[int, ...] = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(71, 63, 105, 66, 107),
    *(336, 296, 334, 293, 301),
    *(168, 197, 5, 4),
    *(75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144),
    *(362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
)

#: Where each iBUG point lands when the image is flipped left to right.
IBUG68_MIRROR: tuple[int, ...] = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46),
    *(39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)

#: Lines that draw the 68 points: (first, last, closed).
IBUG68_LINES: tuple[tuple[int, int, bool], ...] = (
    (0, 16, False),
    (17, 21, False),
    (22, 26, False),
    (27, 30, False),
    (31, 35, False),
    (36, 41, True),
    (42, 47, True),
    (48, 59, True),
    (60, 67, True),
)

SCHEMES = {"ibug68": 68, "mediapipe478": 478}

#: iBUG indices of the outer eye corners; their distance is the unit of the normalised mean error.
OUTER_EYES = (36, 45)
OUTER_EYES_MEDIAPIPE = (33, 263)

#: MediaPipe's face oval, from the top of the forehead by the subject's left ear and the chin.
FACE_OVAL_MEDIAPIPE: tuple[int, ...] = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149),
    *(150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
