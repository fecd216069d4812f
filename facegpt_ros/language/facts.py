"""What can be said about the faces in an image, computed from θ: the truth that answers are held to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.face import Face
from facegpt_ros.language.expression_facts import Activity, expression_facts
from facegpt_ros.language.fact import GUESS, LEFT, RIGHT, SURE, Doubt, Fact, doubt_of
from facegpt_ros.language.head_facts import head_facts
from facegpt_ros.language.light_facts import light_facts
from facegpt_ros.language.place_facts import place_facts, together_facts
from facegpt_ros.language.shape_facts import shape_facts
from facegpt_ros.language.topics import TOPICS
from facegpt_ros.morphable.model import MorphableModel

if TYPE_CHECKING:
    from facegpt_ros.face import Spread

_GROUPS = ("rotation", "translation", "identity", "expression", "albedo", "illumination", "landmarks", "roi")
#: What a description of a face draws on, and what stands in a prompt that has no topic.
_OVERVIEW = ("expression", "smile", "mouth", "eyes", "head_turn", "eye_contact", "light_side", "distance")
_NO_NEWS = {"head_pitch": "level", "head_tilt": "upright", "wink": "no", "tongue": "in", "gaze_height": "level"}


def face_facts(
    model: MorphableModel,
    face: Face | Sequence[Face],
    image_size: tuple[int, int],
    spread: Doubt | Spread | Sequence[Doubt | Spread | None] | None = None,
) -> list[Fact]:
    """Facts of one face or of several, from left to right in the image, and of them together.

    Args:
        model: whose θ the faces hold.
        face: a face or faces of one image; none says that there is none.
        image_size: (width, height) px.
        spread: of the estimates, one for all or one for each face; None takes what the faces carry, or the shipped
            estimator's.

    Raises:
        ModelError: a face's θ holds a value that is not finite, or the model cannot read it.
    """
    faces = [face] if isinstance(face, Face) else list(face)
    spreads: list[Doubt | Spread | None] = list(spread) if isinstance(spread, Sequence) else [spread] * len(faces)
    if len(spreads) != len(faces):
        raise ModelError(f"there are {len(faces)} faces and {len(spreads)} spreads; give one for each, or one for all")
    if min(image_size) <= 0:
        raise ModelError(f"image size is {image_size} px; both sides must be positive")
    for one in faces:
        for group in _GROUPS:
            if not np.isfinite(np.asarray(getattr(one, group), np.float64)).all():
                raise ModelError(f"{group} of face {one.face_id} is not finite; drop the face")
    order = sorted(range(len(faces)), key=lambda i: faces[i].roi[0] + faces[i].roi[2] / 2)
    doubts = [doubt_of(spreads[i] or getattr(faces[i], "spread", None), len(faces[i].identity)) for i in order]
    faces = [faces[i] for i in order]
    each = [_of_one(model, one, image_size, its) for one, its in zip(faces, doubts, strict=True)]
    smiles = [find(facts, "smile") for facts in each]
    together = together_facts(faces, smiles, doubts[0] if doubts else Doubt())
    return [*together, *(fact for facts in each for fact in facts)]


def _of_one(model: MorphableModel, face: Face, image_size: tuple[int, int], spread: Doubt) -> list[Fact]:
    activity = Activity(model, face, spread)
    return [
        *head_facts(face, model.expression_names, float(activity.lids.mean()), spread),
        *expression_facts(activity, face),
        *light_facts(face, spread),
        *place_facts(face, image_size, spread),
        *shape_facts(model, face, spread),
    ]


def find(facts: Iterable[Fact], key: str, face: str | None = None) -> Fact | None:
    """The fact of that key, of any face or of that one."""
    return next((fact for fact in facts if fact.key == key and face in (None, fact.face)), None)


def face_ids(facts: Iterable[Fact]) -> list[str]:
    """The faces that facts are about, from left to right."""
    return list(dict.fromkeys(fact.face for fact in facts if fact.face))


def relevant(facts: Sequence[Fact], question_topic: str | None, face: str | None = None) -> list[Fact]:
    """Those facts that a question of this topic is answered from.

    Several faces keep their names ("order").

    Args:
        question_topic: of TOPICS; any other gives an overview.
        face: face_id of whom the question is about; None is everybody.
    """
    topic = TOPICS.get(question_topic or "")
    keys = topic.keys if topic is not None and topic.keys else _OVERVIEW
    asked = [fact for fact in facts if fact.key in keys and (face is None or fact.face in ("", face))]
    if not asked:  # nobody is there, or nobody to compare with
        return [fact for fact in facts if fact.key == "faces"]
    told = {fact.face for fact in asked}
    names = [fact for fact in facts if fact.key == "order" and fact.value != "only" and fact.face in told]
    return [*names, *sorted(asked, key=lambda fact: keys.index(fact.key))]


def facts_text(facts: Sequence[Fact]) -> str:
    """Facts in one line for a prompt: `left face: smile slight; mouth open 12 mm; head turn viewer's left 25 deg?`.

    A `?` marks what is likely but not sure, `??` what is not known. Faces of several are told apart by their order.
    What goes without saying (level, upright, no wink) is left out where other facts of that face are told.
    """
    ids = face_ids(facts)
    words = {fact.face: fact.value for fact in facts if fact.key == "order"}
    groups = []
    for who in ["", *ids]:
        told = [f for f in facts if f.face == who and f.key != "order"]
        news = [f for f in told if _NO_NEWS.get(f.key) != f.value or f.confidence < SURE]
        line = "; ".join(_short(fact) for fact in (news or told))
        name = f"{words[who]} face: " if words.get(who, "only") != "only" else ""
        if line:
            groups.append(name + line)
    return " | ".join(groups) if groups else "nothing known"


def _short(fact: Fact) -> str:
    doubt = "" if fact.confidence >= SURE else "?" if fact.confidence >= GUESS else "??"
    number = f" {number_text(fact)}" if fact.number is not None and fact.unit in ("deg", "m", "mm", "%") else ""
    if fact.key in ("facing", "gaze_side", "gaze_height", "eye_contact", "light_height", "light_side", "eyes"):
        number = ""
    own = {LEFT: " (own right)", RIGHT: " (own left)"}.get(fact.value, "")
    own = own if fact.key in ("head_turn", "head_tilt", "gaze_side") else ""
    return f"{fact.key.replace('_', ' ')} {fact.value}{number}{own}{doubt}"


def number_text(fact: Fact) -> str:
    """A fact's number as people say it, rounded to what it is worth: "25 deg", "0.8 m"."""
    size = abs(fact.number or 0.0)
    if fact.unit == "deg":
        return f"{max(5 * round(size / 5), 5)} deg" if size >= 3 else "0 deg"
    if fact.unit == "m":
        return f"{size:.1f} m" if size >= 0.3 else f"{size:.2f} m"
    if fact.unit == "%":
        return f"{10 * round(size / 10) if size > 15 else round(size)} %"
    return f"{round(size)} {fact.unit}".strip()
