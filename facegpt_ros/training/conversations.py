"""What FaceGPT reads while it learns: faces from words, requests for a picture's face, and what asks for none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from facegpt_ros.face import CropEstimate, Face
from facegpt_ros.language import requests
from facegpt_ros.language.attributes import draw
from facegpt_ros.language.describe import Description, Descriptions
from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.questions import sample, sample_dialogue
from facegpt_ros.model import prompts
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.camera import Camera
from facegpt_ros.training.attribute_loss import limits
from facegpt_ros.training.stages import Stage

_IMAGE_PX = 512
_OF_IMAGE = 0.4  # share of the asked-for faces that are the image's
_QUESTIONS = 0.3  # share of what asks for no face: questions about a face that is seen
_DIALOGUE = 0.25  # share of these with more than one turn
_DESCRIBING = 0.3  # share of the others that describe a face and want something else of the words: the hardest ones
_SEEN = 0.5  # share of the others that come with a picture, which alone asks for nothing
_LENGTHS = 3  # classes of length that descriptions are drawn in; those of a step are of one
_HOW_MANY = (0.03, 0.77, 0.15, 0.05)  # of the questions: nobody in the picture, one face, two, three


@dataclass
class Conversations:
    """Prompts of one step, each with one <FACE>.

    Attributes:
        parts: of each, as prompts.to_read makes them; those that ask for a face come first.
        image: row of each one's crop, -1 without one.
        of_image: rows of the crops whose faces are asked for, by the first ones.
        of_words: raw θ (F, D) float32 of the faces that words ask for, by the next ones.
        wanted: limits (F, K, 2) of what these words name (attribute_loss.limits).
    """

    parts: list[list[prompts.Part]] = field(default_factory=list)
    image: list[int] = field(default_factory=list)
    of_image: list[int] = field(default_factory=list)
    of_words: list[np.ndarray] = field(default_factory=list)
    wanted: list[np.ndarray] = field(default_factory=list)

    def add(self, turns: list[tuple[str, str]], image: int = -1) -> None:
        self.parts.append(prompts.to_read(prompts.chat(turns, image=image >= 0)))
        self.image.append(image)

    @property
    def asked(self) -> np.ndarray:
        """Whether each one asks for a face: (N,) bool."""
        return np.arange(len(self.parts)) < len(self.of_image) + len(self.of_words)


class Talk:
    """Draws conversations; the same generator gives the same ones.

    Args:
        model: whose faces are talked about.
        split: whose phrasings.
    """

    def __init__(self, model: MorphableModel, split: str = "train") -> None:
        self.model, self.split = model, split
        self.layout = ThetaLayout.of(model)
        self._descriptions = Descriptions(model)

    def draw(self, rng: np.random.Generator, theta: np.ndarray, half_extent: np.ndarray, stage: Stage) -> Conversations:
        """As many of each kind as the stage has.

        Args:
            theta: raw (N, D) of the renders of this step; half_extent: (N,) of their crops.
        """
        out = Conversations()
        estimate = self.layout.decode(theta)
        present = np.flatnonzero(theta[:, self.layout.presence] > 0.5)
        of_image = int((rng.random(stage.texts) < _OF_IMAGE).sum()) if len(present) else 0
        for _ in range(of_image):
            row = int(rng.choice(present))
            out.add([(requests.asking(rng, self.split, "image").text, "")], row)
            out.of_image.append(row)
        for described in self._alike(rng, stage.texts - of_image):
            out.add([(described.text, "")])
            out.of_words.append(self._target(described))
            out.wanted.append(limits(described.asked))
        for _ in range(stage.others):
            if len(present) and rng.random() < _QUESTIONS:
                count = min(int(rng.choice(len(_HOW_MANY), p=_HOW_MANY)), len(present))
                rows = [int(row) for row in rng.choice(present, count, replace=False)]
                turns = self._question(rng, [face_of(self.model, estimate, r, half_extent[r]) for r in rows])
                out.add(turns, rows[0] if rows else -1)
            else:
                seen = len(present) > 0 and rng.random() < _SEEN
                kind = "not to see" if rng.random() < _DESCRIBING else None
                asked = requests.not_asking(rng, self.split, kind).text
                out.add([(asked, "")], int(rng.choice(present)) if seen else -1)
        return out

    def _alike(self, rng: np.random.Generator, count: int) -> list[Description]:
        """Descriptions of about one length, so that they are read together with little padding."""
        drawn = [self._descriptions.sample(rng, self.split) for _ in range(_LENGTHS * count)]
        first = int(rng.integers(_LENGTHS)) * count
        return sorted(drawn, key=lambda one: len(one.text))[first : first + count]

    def _target(self, described: Description) -> np.ndarray:
        """The likeliest face for a description, raw θ (D,), which looks straight ahead in white light."""
        raw = self.layout.mean()
        parts = draw(self.model, described.values)
        for where, value in zip((self.layout.identity, self.layout.expression, self.layout.albedo), parts, strict=True):
            raw[where] = value
        return raw

    def _question(self, rng: np.random.Generator, faces: list[Face]) -> list[tuple[str, str]]:
        """Turns about the faces of one picture, side by side in it, the last one open."""
        faces = [beside(face, k) for k, face in enumerate(faces)]
        facts = face_facts(self.model, faces, (_IMAGE_PX * max(len(faces), 1), _IMAGE_PX))
        several = bool(faces) and rng.random() < _DIALOGUE
        said = sample_dialogue(rng, self.split, facts) if several else [sample(rng, self.split, facts)]
        return [*((one.question, one.answer) for one in said[:-1]), (said[-1].question, "")]


def beside(face: Face, place: int) -> Face:
    """The same face in a wider picture, so many places to the right."""
    shift = place * _IMAGE_PX
    x, y, width, height = face.roi
    camera = replace(face.camera, cx=face.camera.cx + shift)
    landmarks = face.landmarks + (shift, 0)
    return replace(face, face_id=f"face{place}", roi=(x + shift, y, width, height), camera=camera, landmarks=landmarks)


def face_of(model: MorphableModel, estimate: CropEstimate, row: int, half_extent: float) -> Face:
    """A face as its crop's virtual camera sees it, at _IMAGE_PX: what is true of a render."""
    side = _IMAGE_PX
    focal = side / (2 * half_extent)
    camera = Camera(side, side, focal, focal, (side - 1) / 2, (side - 1) / 2)
    translation = estimate.translation(half_extent)[row]
    rotation = np.asarray(estimate.rotation[row], np.float64)
    points = model.landmarks(estimate.identity[row], estimate.expression[row]) @ rotation.T + translation
    landmarks = camera.project(points)
    low, high = landmarks.min(0).clip(0, side - 2), landmarks.max(0).clip(1, side - 1)
    return Face(
        face_id="face",
        confidence=1.0,
        roi=(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
        rotation=rotation,
        translation=translation,
        identity=estimate.identity[row],
        expression=estimate.expression[row],
        albedo=estimate.albedo[row],
        illumination=estimate.illumination[row],
        camera=camera,
        landmarks=landmarks,
    )
