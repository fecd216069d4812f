"""Faces from words: whether they have what the words name, by the model's own axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.evaluation.speaker import Speaker
from facegpt_ros.language.attribute_table import ATTRIBUTES
from facegpt_ros.language.attributes import read
from facegpt_ros.language.describe import Description, Descriptions
from facegpt_ros.language.matches import Wish
from facegpt_ros.model import prompts
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel

#: Texts of the val and the test split differ in their phrasings and in what they ask for.
TEXT_SEEDS = {"val": 7011, "test": 9011}
_LIMIT = 1  # token: what is said instead of a face is not looked at
_TOGETHER = 64
Parameters = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Generated:
    """A text and the face that was said for it.

    Attributes:
        described: the text, what it names, and a face that the tables draw for it.
        face: α (I,), δ (E,), γ (A,); None where nothing was drawn.
        said: the words of the answer.
    """

    described: Description
    face: Parameters | None
    said: str = ""


@dataclass
class Named:
    """How many of the named things are there, by their kind and degree."""

    hits: dict[str, int] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)
    texts: int = 0
    whole: int = 0

    def add(self, wishes: Sequence[Wish], has: Callable[[Wish], bool]) -> None:
        """One text's; nothing where it names nothing."""
        found = [has(wish) for wish in wishes]
        for wish, hit in zip(wishes, found, strict=True):
            for group in ("", f"kind {ATTRIBUTES[wish.key].kind}", f"degree {wish.degree}"):
                self.hits[group] = self.hits.get(group, 0) + hit
                self.total[group] = self.total.get(group, 0) + 1
        if found:
            self.texts += 1
            self.whole += all(found)

    @property
    def share(self) -> float | None:
        """Of all named things; None where nothing was named."""
        return self.hits[""] / self.total[""] if self.total else None

    def as_json(self) -> dict:
        out: dict = {"share": self.share, "named": self.total.get("", 0), "texts": self.texts}
        out["all_of_a_text"] = self.whole / self.texts if self.texts else None
        for kind in ("kind", "degree"):
            groups = [group for group in self.total if group.startswith(f"{kind} ")]
            out[f"by_{kind}"] = {group.split(" ", 1)[1]: self.hits[group] / self.total[group] for group in groups}
        return out


def generate_faces(
    speaker: Speaker, model: MorphableModel, count: int, split: str, show: Callable[[str], None] = lambda name: None
) -> list[Generated]:
    """Faces for descriptions of a split's phrasings, the same texts however many are asked for.

    Args:
        show: told of every text.
    """
    check_layout(speaker.layout, model)
    descriptions, rng = Descriptions(model), np.random.default_rng(TEXT_SEEDS[split])
    described = [descriptions.sample(rng, split) for _ in range(count)]
    out = []
    for start in range(0, count, _TOGETHER):
        some = described[start : start + _TOGETHER]
        answers = speaker.say([prompts.chat([(one.text, "")]) for one in some], limit=_LIMIT)
        for one, answer in zip(some, answers, strict=True):
            out.append(Generated(one, parameters(speaker.layout, answer.raw), answer.text))
        show(f"{start + len(some)} texts")
    return out


def parameters(layout: ThetaLayout, raw: np.ndarray | None) -> Parameters | None:
    """Identity, expression and albedo of raw θ (D,), inside their ranges; None where it is none, or not finite."""
    if raw is None or not np.isfinite(raw).all():
        return None
    estimate = layout.decode(np.asarray(raw, np.float32)[None])
    return estimate.identity[0], estimate.expression[0], estimate.albedo[0]


def check_layout(layout: ThetaLayout, model: MorphableModel) -> None:
    """Raises ModelError where a network speaks of another number of coefficients."""
    own = ThetaLayout.of(model)
    if layout != own:
        raise ModelError(f"the network says {layout}, {model.model_id} has {own}; use both of one release")


def attribute_scores(model: MorphableModel, faces: Sequence[Generated], seed: int = 0) -> dict:
    """Share of what the texts name that the faces have; a text without a face has nothing.

    mean_face: what the mean face would score, for it is "not smiling" and of average age; other_texts: what each face
    scores for another's text; without_face: share of texts that no face was drawn for.
    """
    own, mean, other = Named(), Named(), Named()
    nobody = read(
        model, *(np.zeros(len(n)) for n in (model.identity_names, model.expression_names, model.albedo_names))
    )
    values = [read(model, *one.face) if one.face is not None else {} for one in faces]
    shift = 1 + int(np.random.default_rng(seed).integers(max(len(faces) - 1, 1)))
    for i, one in enumerate(faces):
        wishes = one.described.asked
        own.add(wishes, lambda wish, v=values[i]: bool(v and wish.holds(v[wish.key])))  # type: ignore[misc]
        mean.add(wishes, lambda wish: bool(wish.holds(nobody[wish.key])))
        swapped = values[(i + shift) % len(faces)]
        other.add(wishes, lambda wish, v=swapped: bool(v and wish.holds(v[wish.key])))  # type: ignore[misc]
    return {
        **own.as_json(),
        "without_face": sum(one.face is None for one in faces) / max(len(faces), 1),
        "mean_face": mean.share,
        "other_texts": other.share if len(faces) > 1 else None,
    }
