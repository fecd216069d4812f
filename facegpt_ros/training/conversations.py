"""What FaceGPT talks about while it learns: faces from words, questions about rendered faces, and anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from facegpt_ros.face import CropEstimate, Face
from facegpt_ros.language import requests
from facegpt_ros.language.attributes import draw, read
from facegpt_ros.language.describe import Description, Descriptions, describe_face
from facegpt_ros.language.facts import face_facts, facts_text, relevant
from facegpt_ros.language.questions import sample, sample_dialogue
from facegpt_ros.model import prompts
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.model.tokenizer import FACE
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.camera import Camera
from facegpt_ros.training.own_answers import OwnAnswer
from facegpt_ros.training.stages import Stage

_IMAGE_PX = 512
_OF_IMAGE = 0.3  # share of the asked-for faces that are the image's
_DIALOGUE = 0.25  # share of the chats with more than one turn
_SEEN = 0.5  # share of the chats that come with the image, not with facts alone
_LENGTHS = 3  # classes of length that descriptions are drawn in; those of a step are of one
_TELLING = 0.15  # share of the chats that describe the face
_HOW_MANY = (0.03, 0.77, 0.15, 0.05)  # of the chats: nobody in the picture, one face, two, three


@dataclass
class Conversations:
    """Sequences of one step.

    Attributes:
        parts: of each, as model/prompts.py makes them.
        image: row of each one's crop, -1 without one.
        spoken: whether each one's answer is learnt word by word.
        of_image: rows of the crops whose faces are asked for, in the order of their <FACE>; they come first.
        of_words: raw θ (F, D) float32 of the faces that words ask for, in the order of their <FACE>.
    """

    parts: list[list[prompts.Part]] = field(default_factory=list)
    image: list[int] = field(default_factory=list)
    spoken: list[bool] = field(default_factory=list)
    of_image: list[int] = field(default_factory=list)
    of_words: list[np.ndarray] = field(default_factory=list)

    def add(self, parts: list[prompts.Part], image: int = -1, spoken: bool = True) -> None:
        self.parts.append(parts)
        self.image.append(image)
        self.spoken.append(spoken)


class Talk:
    """Draws conversations; the same generator gives the same ones.

    Args:
        model: whose faces are talked about.
        answered: the language model's own answers, so that it stays what it is.
        split: whose phrasings.
    """

    def __init__(self, model: MorphableModel, answered: Sequence[OwnAnswer] = (), split: str = "train") -> None:
        self.model, self.answered, self.split = model, list(answered), split
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
        spoken = set(rng.choice(stage.texts, min(stage.spoken, stage.texts), replace=False).tolist())
        for i in range(of_image):
            row = int(rng.choice(present))
            asked = requests.asking(rng, self.split, "image").text
            out.add(prompts.chat([(asked, _with_face(rng))], image=True), row, i in spoken)
            out.of_image.append(row)
        for i, described in enumerate(self._alike(rng, stage.texts - of_image), of_image):
            out.add(prompts.chat([(described.text, _with_face(rng))]), spoken=i in spoken)
            out.of_words.append(self._target(described))
        for _ in range(stage.chats):
            count = min(int(rng.choice(len(_HOW_MANY), p=_HOW_MANY)), len(present))
            rows = [int(row) for row in rng.choice(present, count, replace=False)]
            turns, facts = self._chat(rng, [face_of(self.model, estimate, r, half_extent[r]) for r in rows])
            seen = count == 1 and rng.random() < _SEEN
            out.add(prompts.chat(turns, image=seen, facts=facts), rows[0] if seen else -1)
        for _ in range(stage.general if self.answered else 0):
            seen = len(present) > 0 and rng.random() < _SEEN  # a picture alone asks for nothing
            own = self.answered[int(rng.integers(len(self.answered)))]
            parts = prompts.chat([(own.prompt, own.answer)], image=seen, cut=not own.finished)
            out.add(parts, int(rng.choice(present)) if seen else -1)
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

    def _chat(self, rng: np.random.Generator, faces: list[Face]) -> tuple[list[tuple[str, str]], str]:
        """Turns about the faces of one picture, side by side in it, and the facts that answer them."""
        faces = [beside(face, k) for k, face in enumerate(faces)]
        facts = face_facts(self.model, faces, (_IMAGE_PX * max(len(faces), 1), _IMAGE_PX))
        if len(faces) == 1 and rng.random() < _TELLING:
            values = read(self.model, faces[0].identity, faces[0].expression, faces[0].albedo)
            asked = requests.not_asking(rng, self.split, "about the image").text
            told = describe_face({key: float(value) for key, value in values.items()}, rng, self.split)
            return [(asked, told)], facts_text(relevant(facts, None))
        several = bool(faces) and rng.random() < _DIALOGUE
        said = sample_dialogue(rng, self.split, facts) if several else [sample(rng, self.split, facts)]
        known = {(fact.face, fact.key): fact for one in said for fact in relevant(facts, one.topic, one.face or None)}
        return [(one.question, one.answer) for one in said], facts_text(list(known.values()))


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


def _with_face(rng: np.random.Generator) -> str:
    return f"{prompts.ANSWERS[int(rng.integers(len(prompts.ANSWERS)))]} {FACE}"
