"""The protocol of the NoW challenge (Sanyal et al., 2019) on scans and on people on the model's topology.

Seven landmarks give rotation, translation and scale, once; then rigid ICP; then the distance from every point of the
true face inside NoW's sphere to the predicted mesh, eyes included. The challenge's own ICP goes on to estimate the
scale; here it does not, since that inflates heads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from facegpt_ros.evaluation.renders import Render
from facegpt_ros.evaluation.scans import SEVEN, now_region, seen_from_outside
from facegpt_ros.evaluation.scores import nearest
from facegpt_ros.evaluation.shape import aligned_distances, best_fit
from facegpt_ros.face import Face
from facegpt_ros.morphable.fit import visible
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.render.camera import Camera

#: Renders of this protocol turn to at most this far.
YAW_DEG = 40.0


@dataclass(frozen=True)
class TrueFace:
    """What is compared.

    Attributes:
        points: (N, 3) inside NoW's sphere, in a unit of its own.
        seven: (7, 3) landmarks in the order of scans.SEVEN.
        mm: how many millimetres the unit is.
    """

    points: np.ndarray
    seven: np.ndarray
    mm: float

    @classmethod
    def of(cls, vertices: np.ndarray, seven: np.ndarray, mm: float) -> TrueFace:
        """The part of vertices (V, 3) that counts."""
        return cls(vertices[now_region(vertices, dict(zip(SEVEN, seven, strict=True)))], seven, mm)


@dataclass(frozen=True)
class Shot:
    """One picture of a true face.

    Attributes:
        name, group: of the picture, and of those it is averaged with besides all.
        image: (H, W, 3) uint8 BGR; camera: its intrinsics.
        truth: the face in it; person: its name, the same in all of its pictures.
        limit: gives the mesh (V, 3) of the model nearest to the truth, in any frame and unit.
        landmarks: (68, 2) px where the face is; None: it is the largest in the picture.
    """

    name: str
    group: str
    image: np.ndarray
    camera: Camera
    truth: TrueFace
    person: str
    limit: Callable[[], np.ndarray]
    landmarks: np.ndarray | None = None


@dataclass
class ShapeRows:
    """Distances in mm of one set, one (N,) a picture whose face was found."""

    images: int = 0
    estimate: list[np.ndarray] = field(default_factory=list)
    mean_face: list[np.ndarray] = field(default_factory=list)
    limit: list[np.ndarray] = field(default_factory=list)

    def as_json(self) -> dict:
        """Rows mean_face, estimate and limit, each of all distances together as in the challenge."""
        out: dict = {"images": self.images, "found": len(self.estimate) / max(self.images, 1)}
        if self.estimate:
            out |= {name: pooled(getattr(self, name)) for name in ("mean_face", "estimate", "limit")}
            out["below_mean_face"] = 1 - out["estimate"]["median"] / max(out["mean_face"]["median"], 1e-9)
        return out


def pooled(distances: list[np.ndarray]) -> dict[str, float]:
    """Median, mean and standard deviation of all (N,) together."""
    every = np.concatenate(distances)
    return {"median": float(np.median(every)), "mean": float(every.mean()), "std": float(every.std())}


class NowScorer:
    """Scores meshes of one model's topology.

    Args:
        model: gives triangles and landmarks.
    """

    def __init__(self, model: MorphableModel) -> None:
        self.model = model
        self._triangles = model.triangles[visible(model)]
        self._rest = np.zeros(len(model.expression_names))

    def seven(self, vertices: np.ndarray) -> np.ndarray:
        """NoW's landmarks (7, 3) of a mesh (V, 3)."""
        corners, weights = self.model.embedding()
        rows = list(SEVEN)
        return np.einsum("nci,nc->ni", vertices[corners[rows]], weights[rows])

    def neutral(self, identity: np.ndarray) -> np.ndarray:
        """(V, 3) m of α (I,)."""
        return self.model.vertices(identity, self._rest)

    def distances(self, vertices: np.ndarray, truth: TrueFace) -> np.ndarray:
        """(N,) mm from a true face to a predicted mesh (V, 3), in any unit and pose."""
        marks = self.seven(vertices), truth.seven
        return truth.mm * aligned_distances(truth.points, vertices, self._triangles, marks)

    def score(
        self,
        pipeline: FacePipeline,
        shots: Iterable[Shot],
        show: Callable[[str, np.ndarray, Face | None, float | None], None],
    ) -> dict:
        """What the estimator makes of pictures, each alone: ShapeRows.as_json of all, and of each group under "groups".

        Args:
            show: told name, image, face and median distance in mm of each picture.
        """
        every, groups = ShapeRows(), dict[str, ShapeRows]()
        known: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        mean = self.neutral(np.zeros(len(self.model.identity_names)))
        for shot in shots:
            rows = [every, groups.setdefault(shot.group, ShapeRows())]
            pipeline.reset()
            faces = pipeline.process(shot.image, shot.camera, 0.0)
            face = largest(faces) if shot.landmarks is None else nearest(faces, shot.landmarks)
            for row in rows:
                row.images += 1
            if face is None:
                show(shot.name, shot.image, None, None)
                continue
            if shot.person not in known:  # the same for every picture of a person
                known[shot.person] = (
                    self.distances(mean, shot.truth),
                    self.distances(shot.limit(), shot.truth),
                )
            gaps = self.distances(self.neutral(face.identity), shot.truth)
            for row in rows:
                row.estimate.append(gaps)
                row.mean_face.append(known[shot.person][0])
                row.limit.append(known[shot.person][1])
            show(shot.name, shot.image, face, float(np.median(gaps)))
        out = every.as_json()
        if len(groups) > 1:
            out["groups"] = {name: row.as_json() for name, row in groups.items()}
        return out

    def shots_of_people(self, pictures: Iterable[Render]) -> Iterator[Shot]:
        """Renders of people whose neutral heads, on the model's topology, are the truth."""
        mean = self.model.bases["mean"]
        outside = self.model.triangles[seen_from_outside(mean, self.model.triangles)]
        seen = np.bincount(outside.ravel(), minlength=self.model.n_vertices) > 0
        for i, picture in enumerate(pictures):
            head = picture.neutral.astype(np.float64)

            def limit(head: np.ndarray = head) -> np.ndarray:
                return self.neutral(best_fit(self.model, head))

            seven = self.seven(head)
            inside = seen & now_region(head, dict(zip(SEVEN, seven, strict=True)))
            truth = TrueFace(head[inside], seven, 1e3)
            person = str(hash(head.tobytes()))
            yield Shot(f"{i:04d}", "people", picture.image, picture.camera, truth, person, limit, picture.landmarks)


def largest(faces: Iterable[Face]) -> Face | None:
    """The face with the largest box, None of none."""
    return max(faces, key=lambda face: face.roi[2] * face.roi[3], default=None)
