"""Faces from words, judged blind: they are rendered, and an estimator that knows no words reads the pictures.

What it reads errs in ways of its own: it underrates what is strong, and some things it cannot see at all. So it is
shown faces of known attributes first. An attribute counts as one that it can judge where what it reads goes with the
truth, and its readings are then put on the truth's scale. And its verdict on the generated faces stands beside its
verdict on faces that truly have what the same texts name: their ratio is the share that is not the reader's fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from facegpt_ros.evaluation.text_scores import Generated, Named, Parameters
from facegpt_ros.language.attribute_table import ATTRIBUTES
from facegpt_ros.language.attributes import draw, read
from facegpt_ros.language.degrees import PLAIN
from facegpt_ros.language.matches import Wish
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.viz.gallery import centred, portrait, portrait_camera, skin

YAWS_DEG = (-25.0, 0.0, 25.0)
#: Correlation of reading and truth from which on the reader can judge an attribute; a reader of chance is at 0.
JUDGEABLE = 0.6
_SEED = 4021
_SIZE_PX = 480
_CAMERA = portrait_camera(_SIZE_PX)


class BlindReader:
    """Reads attributes of faces off their pictures.

    Args:
        pipeline: that estimates; it is shown pictures alone, detection included.
        model: whose faces they are.
    """

    def __init__(self, pipeline: FacePipeline, model: MorphableModel) -> None:
        self.pipeline, self.model = pipeline, model
        self.rest = np.zeros(len(model.expression_names))

    def pictures(self, face: Parameters) -> Iterable[np.ndarray]:
        """A face in studio light before a plain wall, from three sides: (480, 480, 3) uint8 BGR each."""
        identity, expression, albedo = face
        vertices, colours = self.model.vertices(identity, expression), skin(self.model, albedo)
        for yaw in YAWS_DEG:
            yield portrait(self.model, centred(self.model, vertices), colours, yaw=yaw, size=_SIZE_PX)

    def read(self, face: Parameters) -> dict[str, float] | None:
        """Attributes of the mean of what is estimated from all sides; None where no picture's face was found."""
        found = []
        for image in self.pictures(face):
            self.pipeline.reset()
            seen = max(
                self.pipeline.process(image, _CAMERA, 0.0), key=lambda one: one.roi[2] * one.roi[3], default=None
            )
            if seen is not None:
                found.append((seen.identity, seen.expression, seen.albedo))
        if not found:
            return None
        mean = [np.mean(parts, axis=0) for parts in zip(*found, strict=True)]
        return {key: float(value) for key, value in read(self.model, *mean).items()}


@dataclass(frozen=True)
class Scale:
    """How readings of one attribute go with the truth: reading ≈ offset + slope · truth."""

    offset: float
    slope: float
    correlation: float

    @property
    def judgeable(self) -> bool:
        return self.correlation >= JUDGEABLE

    def truth(self, reading: float) -> float:
        return (reading - self.offset) / max(self.slope, 1e-3)


def known_faces(model: MorphableModel, each: int, seed: int = _SEED) -> list[Parameters]:
    """Faces to learn a reader's scales from: of every attribute so many that have it, and as many its opposite."""
    rng = np.random.default_rng(seed)
    faces = []
    for key, attribute in ATTRIBUTES.items():
        for sign in (1, -1) if attribute.low else (1,):
            for _ in range(each):
                faces.append(draw(model, {key: Wish(key, sign, PLAIN).draw(rng)}, rng))
    return faces


def learn_scales(
    reader: BlindReader, faces: Sequence[Parameters], show: Callable[[str], None] = lambda name: None
) -> dict[str, Scale]:
    """Attribute → scale, by least squares over faces of which the reader found any."""
    truths, readings = [], []
    for i, face in enumerate(faces):
        reading = reader.read(face)
        show(f"known face {i + 1} of {len(faces)}")
        if reading is not None:
            truths.append(read(reader.model, *face))
            readings.append(reading)
    return {
        key: _scale(*(np.array([float(row[key]) for row in rows]) for rows in (truths, readings))) for key in ATTRIBUTES
    }


def _scale(truth: np.ndarray, reading: np.ndarray) -> Scale:
    if len(truth) < 3 or truth.std() < 1e-6 or reading.std() < 1e-6:
        return Scale(0.0, 1.0, 0.0)
    slope = float(np.cov(truth, reading)[0, 1] / truth.var(ddof=1))
    correlation = float(np.corrcoef(truth, reading)[0, 1])
    return Scale(float(reading.mean() - slope * truth.mean()), slope, correlation)


def blind_scores(
    reader: BlindReader,
    scales: dict[str, Scale],
    faces: Sequence[Generated],
    show: Callable[[str], None] = lambda name: None,
) -> dict:
    """What the reader finds of the judgeable things that the texts name.

    share: in the generated faces; of_true_faces: in faces that truly have them; ratio: of both; mean_face: in the mean
    face; judged: share of all named things that are judgeable.
    """
    own, true, mean = Named(), Named(), Named()
    model, named = reader.model, 0
    nobody = reader.read((np.zeros(len(model.identity_names)), reader.rest, np.zeros(len(model.albedo_names))))
    for i, one in enumerate(faces):
        wishes = [wish for wish in one.described.asked if scales[wish.key].judgeable]
        named += len(one.described.asked)
        if wishes:
            drawn = one.described.identity, one.described.expression, one.described.albedo
            readings = (reader.read(one.face) if one.face is not None else None, reader.read(drawn), nobody)
            for tally, reading in zip((own, true, mean), readings, strict=True):
                tally.add(wishes, lambda wish, seen=reading: _has(wish, seen, scales))  # type: ignore[misc]
        show(f"face {i + 1} of {len(faces)}")
    ratio = own.share / true.share if own.share is not None and true.share else None
    return {
        **own.as_json(),
        "of_true_faces": true.share,
        "ratio": ratio,
        "mean_face": mean.share,
        "judged": own.total.get("", 0) / max(named, 1),
        "reader": reader.pipeline.model_id,
        "judgeable": {key: scale.correlation for key, scale in scales.items() if scale.judgeable},
        "beyond_the_reader": {key: scale.correlation for key, scale in scales.items() if not scale.judgeable},
    }


def _has(wish: Wish, reading: dict[str, float] | None, scales: dict[str, Scale]) -> bool:
    return reading is not None and bool(wish.holds(scales[wish.key].truth(reading[wish.key])))
