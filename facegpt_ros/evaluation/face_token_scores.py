"""Whether <FACE> is said when a face is asked for, and only then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facegpt_ros.evaluation.scenes import SIZE, Scene
from facegpt_ros.evaluation.speaker import Prompt, Said, Speaker, say_all
from facegpt_ros.language.facts import face_facts, facts_text, relevant
from facegpt_ros.language.requests import Request, asking, not_asking
from facegpt_ros.model import prompts
from facegpt_ros.morphable.model import MorphableModel

_LIMIT = 1  # token: what is said instead of a face is not looked at
#: Kinds of prompts that speak of a picture, which then is there; to others it is beside the point, and half have one.
_OF_PICTURE = ("about the image", "not to see")
TOKEN_SEEDS = {"val": 7021, "test": 9021}


@dataclass(frozen=True)
class Asked:
    """A request, its prompt, and the crop (S, S, 3) that goes with it, if any."""

    request: Request
    prompt: Prompt
    crop: np.ndarray | None


def asked_prompts(
    model: MorphableModel, pictures: Sequence[Scene], size: int, count: int, split: str, asks: bool
) -> list[Asked]:
    """Prompts of a split's phrasings, with faces of pictures (at least one each) where they need one.

    Args:
        size: of the crops, px.
        asks: whether they ask for a face.
    """
    rng = np.random.default_rng([TOKEN_SEEDS[split], int(asks)])
    out = []
    for i in range(count):
        request = asking(rng, split) if asks else not_asking(rng, split)
        of_picture = request.kind == "image" if asks else request.kind in _OF_PICTURE
        beside = not asks and not of_picture and rng.random() < 0.5
        crop, facts = None, ""
        if of_picture or beside:
            picture = pictures[i % len(pictures)]
            crop = picture.crop(picture.faces[0], size)
            if request.kind == "about the image":
                facts = facts_text(relevant(face_facts(model, picture.faces, SIZE), None))
        prompt = prompts.chat([(request.text, "")], image=crop is not None, facts=facts)
        out.append(Asked(request, prompt, crop))
    return out


def face_token_scores(speaker: Speaker, asked: Sequence[Asked]) -> dict:
    """share: of answers that hold a <FACE>, and of each kind; wrong: the first texts that were answered wrongly."""
    said = say_all(speaker, [one.prompt for one in asked], [one.crop for one in asked], limit=_LIMIT)
    kinds: dict[str, list[bool]] = {}
    for one, answer in zip(asked, said, strict=True):
        kinds.setdefault(one.request.kind, []).append(_holds_face(answer))
    wrong = [
        one.request.text for one, answer in zip(asked, said, strict=True) if _holds_face(answer) != one.request.asks
    ]
    return {
        "share": sum(map(sum, kinds.values())) / max(len(asked), 1),
        "prompts": len(asked),
        "by_kind": {kind: float(np.mean(found)) for kind, found in sorted(kinds.items())},
        "wrong": wrong[:10],
    }


def _holds_face(answer: Said) -> bool:
    return answer.raw is not None
