"""Answers to questions about rendered people of whom everything is known, scored exactly.

Every question is asked twice: with facts computed from the true θ, which shows how well the model answers, and with
facts computed from what an estimator makes of the picture, which shows what a robot says. Both are judged by the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from facegpt_ros.evaluation.scenes import SIZE, Scene
from facegpt_ros.evaluation.scores import nearest
from facegpt_ros.evaluation.speaker import Speaker, say_all
from facegpt_ros.face import Face
from facegpt_ros.language.answers import judge
from facegpt_ros.language.expected import GENERAL, UNKNOWABLE
from facegpt_ros.language.fact import Fact
from facegpt_ros.language.facts import face_facts
from facegpt_ros.language.grounded import Grounded, Question, checked, understand
from facegpt_ros.language.questions import Sample, sample
from facegpt_ros.language.unknowable import declines
from facegpt_ros.model import prompts
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.perception.pipeline import FacePipeline

CHAT_SEEDS = {"val": 7031, "test": 9031}
QUESTIONS_A_SCENE = 4
LIMIT = 64  # tokens of an answer
_EXAMPLES = 12


@dataclass(frozen=True)
class Case:
    """One question about one picture.

    Attributes:
        scene: the picture and its truth.
        sample: the question and what a right answer agrees with, made from the truth.
    """

    scene: Scene
    sample: Sample


@dataclass(frozen=True)
class Seen:
    """What is known of one picture: faces, and the facts of all of them."""

    faces: list[Face]
    facts: list[Fact]


@dataclass
class Tally:
    """Answers to the questions of one set of facts."""

    own: dict[str, list[bool]] = field(default_factory=dict)
    safe: dict[str, list[bool]] = field(default_factory=dict)
    plain: list[bool] = field(default_factory=list)
    replaced: dict[str, int] = field(default_factory=dict)
    declined: list[bool] = field(default_factory=list)
    declined_safe: list[bool] = field(default_factory=list)
    shy: list[bool] = field(default_factory=list)
    shy_safe: list[bool] = field(default_factory=list)
    wrong: list[dict] = field(default_factory=list)

    def as_json(self) -> dict:
        questions = sum(map(len, self.own.values())) + len(self.declined)
        return {
            "correct": _share(self.own),
            "correct_safeguarded": _share(self.safe),
            "correct_by_rule": float(np.mean(self.plain)) if self.plain else None,
            "stepped_in": sum(self.replaced.values()) / questions if questions else None,
            "declined": float(np.mean(self.declined)) if self.declined else None,
            "declined_safeguarded": float(np.mean(self.declined_safe)) if self.declined_safe else None,
            "declined_needlessly": float(np.mean(self.shy)) if self.shy else None,
            "declined_needlessly_safeguarded": float(np.mean(self.shy_safe)) if self.shy_safe else None,
            "by_topic": {topic: float(np.mean(right)) for topic, right in sorted(self.own.items())},
            "stepped_in_for": dict(sorted(self.replaced.items())),
            "wrong": self.wrong,
        }

    def add(self, case: Case, said: Grounded, rule: Grounded) -> None:
        """said: the model's answer and what is made of it; rule: what is made of none."""
        one = case.sample
        if said.replaced:
            self.replaced[said.replaced] = self.replaced.get(said.replaced, 0) + 1
        if one.topic == UNKNOWABLE:
            self.declined.append(declines(said.own))
            self.declined_safe.append(declines(said.text))
            return
        right = judge(said.own, one.topic, one.expected)
        self.own.setdefault(one.topic, []).append(right)
        safe = judge(said.text, one.topic, one.expected)
        self.safe.setdefault(one.topic, []).append(safe)
        self.plain.append(judge(rule.text, one.topic, one.expected))
        self.shy.append(declines(said.own) and not right)
        self.shy_safe.append(declines(said.text) and not safe)
        if not right and len(self.wrong) < _EXAMPLES:
            self.wrong.append({"question": one.question, "said": said.own, "right": one.answer})


def cases(model: MorphableModel, pictures: Sequence[Scene], count: int, unknowable: int, split: str) -> list[Case]:
    """Questions in a split's phrasings, dealt out over the pictures: answerable ones, then ones that no face answers.

    Args:
        pictures: at least one.
        count, unknowable: how many of each.
    """
    rng = np.random.default_rng(CHAT_SEEDS[split])
    facts = [face_facts(model, picture.faces, SIZE) for picture in pictures]
    out: list[Case] = []
    while len(out) < count:
        row = len(out) // QUESTIONS_A_SCENE % len(pictures)
        one = sample(rng, split, facts[row])
        if one.topic != UNKNOWABLE:
            out.append(Case(pictures[row], one))
    for i in range(unknowable):
        row = i % len(pictures)
        out.append(Case(pictures[row], sample(rng, split, facts[row], UNKNOWABLE)))
    return out


def true_sight(model: MorphableModel) -> Callable[[Scene], Seen]:
    """Sees what there is."""
    return lambda scene: Seen(scene.faces, face_facts(model, scene.faces, SIZE))


def estimated_sight(pipeline: FacePipeline) -> Callable[[Scene], Seen]:
    """Sees what an estimator makes of the picture alone; faces that are none of the picture's are seen too."""

    def see(scene: Scene) -> Seen:
        pipeline.reset()
        faces = pipeline.process(scene.image, scene.camera, 0.0)
        return Seen(faces, face_facts(pipeline.model, faces, SIZE))

    return see


def faces_found(see: Callable[[Scene], Seen], pictures: Sequence[Scene]) -> float | None:
    """Share of the faces in pictures that are seen."""
    found = [nearest(see(one).faces, face.landmarks) is not None for one in pictures for face in one.faces]
    return float(np.mean(found)) if found else None


def chat_scores(
    speaker: Speaker,
    asked: Sequence[Case],
    see: Callable[[Scene], Seen],
    show: Callable[[str], None] = lambda name: None,
    together: int = 64,
) -> dict:
    """Shares of right answers: of the model's own, of those that agree with the facts or are made from them
    (safeguarded), and of those that are made from the facts without any model (by_rule).

    Args:
        see: what is known of a picture.
        together: questions that are asked at once.
    """
    tally, known = Tally(), {}
    for start in range(0, len(asked), together):
        some = asked[start : start + together]
        for case in some:
            if id(case.scene) not in known:
                known[id(case.scene)] = see(case.scene)
        seen = [known[id(case.scene)] for case in some]
        questions = [understand(case.sample.question, sight.facts) for case, sight in zip(some, seen, strict=True)]
        crops = [
            _crop(case.scene, sight, question, speaker.crop_size)
            for case, sight, question in zip(some, seen, questions, strict=True)
        ]
        turns = [
            prompts.chat([(question.text, "")], image=crop is not None, facts=question.facts)
            for question, crop in zip(questions, crops, strict=True)
        ]
        said = say_all(speaker, turns, crops, limit=LIMIT)
        for case, sight, question, answer in zip(some, seen, questions, said, strict=True):
            checks = (checked(question, sight.facts, words) for words in (answer.text, ""))
            tally.add(case, *checks)
        show(f"{start + len(some)} of {len(asked)} questions")
    return tally.as_json()


def _crop(scene: Scene, seen: Seen, question: Question, size: int) -> np.ndarray | None:
    """Of the face that a question is about, else of the first from the left; None where there is none to see."""
    if question.topic == GENERAL or not seen.faces:
        return None
    leftmost = min(seen.faces, key=lambda face: face.roi[0] + face.roi[2] / 2)
    return scene.crop(next((face for face in seen.faces if face.face_id == question.face), leftmost), size)


def _share(answers: dict[str, list[bool]]) -> float | None:
    every = [right for topic in answers.values() for right in topic]
    return float(np.mean(every)) if every else None
