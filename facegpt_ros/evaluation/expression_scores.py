"""How well expressions are told, action by action, over the pictures in which an action can be seen."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.render.batch import project
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import visible_triangles

#: A true activation above this counts as done for `auc`; every other one, also a little below, as not done.
DONE = 0.4
#: Actions of each question of `auc`; sides are asked one by one.
QUESTIONS = {
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "jaw_open": ("jawOpen",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
}
_SHOWN = 1 / 3  # share of what moves, of that which is seen from ahead
_CLOSED = 0.5  # blink beyond which gaze is hidden
_MOVED, _ACTIVE = 5, 0.1  # so many pictures must show an action beyond this for a correlation to mean something
_HIDDEN = ("mouth_inner", "teeth", "gums", "tongue")
_SIDE = 320  # px of the picture in which visibility is decided


class ActionVisibility:
    """Which actions a picture could show: at least a third of what they move, as seen from ahead, is in sight.

    Decided on the neutral head, so that it does not depend on whether an action is at work. The tongue counts as seen
    where the lips are.
    """

    def __init__(self, model: MorphableModel) -> None:
        self._model = model
        bases, triangles = model.bases, model.triangles
        moved = np.linalg.norm(bases["expression"].reshape(-1, model.n_vertices, 3), axis=2)
        outer = np.ones(model.n_vertices, np.float32)
        for name in _HIDDEN:
            outer = outer * (1 - model.regions[name])
        weight = (moved * outer)[:, triangles].mean(2)  # (E, F)
        lips = model.regions["lips"][triangles].mean(1)
        still = weight.max(1) < 1e-4
        weight[still] = lips
        a, b, c = bases["mean"][triangles].transpose(1, 0, 2)
        self._weight = weight * np.linalg.norm(np.cross(b - a, c - a), axis=1)
        ahead = self._seen(bases["mean"], OPTICAL_FROM_MODEL_FRONTAL, np.array([0, 0, 1.0]))
        self._ahead = self._weight[:, ahead].sum(1)

    def __call__(self, neutral: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
        """(E,) bool for a neutral head (V, 3) m in its pose (3, 3), (3,)."""
        seen = self._seen(neutral, rotation, translation)
        return np.asarray(self._weight[:, seen].sum(1) >= _SHOWN * self._ahead)

    def _seen(self, neutral: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
        """Triangles (n,) that the camera sees."""
        corners, weights = self._model.embedding()
        points = neutral @ rotation.T + translation
        marks = np.einsum("nci,nc->ni", points[corners], weights)
        crop = CropCamera.from_points(Camera.from_fov(_SIDE, _SIDE, 90), marks)
        pixels = project((points @ crop.rotation).astype(np.float32), 1 / crop.half_extent, _SIDE)
        ids = visible_triangles(pixels, self._model.triangles, _SIDE, _SIDE)
        return np.unique(ids[ids >= 0])


@dataclass
class ExpressionScores:
    """True and estimated activations of a set; lists hold one (E,) a face.

    Attributes:
        names: of the E actions.
    """

    names: tuple[str, ...]
    truth: list[np.ndarray] = field(default_factory=list)
    said: list[np.ndarray] = field(default_factory=list)
    visible: list[np.ndarray] = field(default_factory=list)

    def add(self, truth: np.ndarray, said: np.ndarray, visible: np.ndarray) -> None:
        """One face: δ (E,), δ (E,), and (E,) bool. Where an eye is mostly shut, its gaze cannot be seen."""
        visible = visible.copy()
        for i, name in enumerate(self.names):
            blink = f"eyeBlink{'Left' if name.endswith('Left') else 'Right'}"
            if name.startswith("eyeLook") and blink in self.names:
                visible[i] &= truth[self.names.index(blink)] <= _CLOSED
        self.truth.append(truth)
        self.said.append(said)
        self.visible.append(visible)

    def as_json(self) -> dict:
        """`expression_corr` and `auc`.

        expression_corr: "per_action" is Pearson's correlation over the faces that show an action, null where fewer than
        five of them have it above 0.1; "mean" is over the others, and an estimate that never changes counts as 0.
        auc: area under the ROC curve of the estimate, where an action is done when its true activation exceeds DONE;
        null without both kinds.
        """
        if not self.truth:
            return {}
        truth, said, visible = np.array(self.truth), np.array(self.said), np.array(self.visible)
        per_action: dict[str, float | None] = {}
        for i, name in enumerate(self.names):
            rows = visible[:, i]
            enough = (truth[rows, i] > _ACTIVE).sum() >= _MOVED
            per_action[name] = pearson(said[rows, i], truth[rows, i]) if enough else None
        known = [value for value in per_action.values() if value is not None]
        auc: dict[str, float | None] = {}
        for question, names in QUESTIONS.items():
            at = [self.names.index(name) for name in names if name in self.names]
            shown = visible[:, at]
            auc[question] = roc_auc(said[:, at][shown], truth[:, at][shown] > DONE)
        mean = float(np.mean(known)) if known else None
        return {
            "expression_corr": {"mean": mean, "actions": len(known), "per_action": per_action},
            "auc": auc,
        }


def pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of (N,) with (N,); 0 where one of them is constant."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 1e-9 * max(len(a), 1) else 0.0


def roc_auc(scores: np.ndarray, done: np.ndarray) -> float | None:
    """Chance that a random positive scores above a random negative, ties half (Mann and Whitney, 1947).

    Args:
        scores: (N,); done: (N,) bool. None where all are of one kind.
    """
    positive, negative = int(done.sum()), int((~done).sum())
    if not positive or not negative:
        return None
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # ties share their mean rank
    return float((ranks[done].sum() - positive * (positive + 1) / 2) / (positive * negative))
