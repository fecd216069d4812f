"""Unlimited paired text: sentences that describe a face, and faces that are as described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.language import description_frames
from facegpt_ros.language.attribute_table import ATTRIBUTES, EXPRESSION, IDENTITY
from facegpt_ros.language.attributes import draw, identity_cost, read
from facegpt_ros.language.compose import capital, keywords, noun_phrase, sentences
from facegpt_ros.language.degrees import AVERAGE, NOT
from facegpt_ros.language.described_person import Person, kinds, pick_kind, pick_person
from facegpt_ros.language.matches import Wish, compatible, present
from facegpt_ros.language.pools import EXTRA, Picker, extra, parts
from facegpt_ros.language.situations import SITUATIONS
from facegpt_ros.language.spelling import as_written
from facegpt_ros.language.traits import ACT, LOOK, SHAPE, TONE, Trait, all_traits, of_expression
from facegpt_ros.language.wish_notation import parse
from facegpt_ros.morphable.model import MorphableModel

_HOW_MANY = (0.14, 0.27, 0.26, 0.17, 0.1, 0.06)  # of traits: 1, 2, 3, ...
_KINDS = {SHAPE: 0.47, TONE: 0.15, ACT: 0.27, LOOK: 0.11}
_NEGATIVE = 0.14  # share of traits that are negated
_SITUATION = {"train": 0.35, "val": 0.22, "test": 0.22}  # what is hardest to learn comes oftener
_EXTRA_SITUATIONS = 0.85  # of those of train texts, from those that are for training alone
_OFTEN = 0.5  # how often what "often comes along" does
_FARTHEST = 6.5  # σ from the mean face, of the likeliest face with the values asked for: no caricatures
_FORMS = {"phrase": 0.62, "list": 0.2, "sentences": 0.18}
_TRIES = 40
#: Frames in which "a face with a wide nose" makes no sense.
_OF_SOMEBODY = re.compile(
    r"head|face of|face for|hero|character|novel|story|comic|Yesterday|you meet|[Ww]anted|Casting|itness|bus|"
    r"portrait|actor|Surprise|life|hear|told|would you give|goes with|What is the face|fits"
)


@dataclass(frozen=True)
class Description:
    """A text and a face that is as it says.

    Attributes:
        text: asks for the face.
        asked: everything it names, with degrees and negations.
        values: key → what the face was drawn with: all that is asked, and what often comes along.
        identity, expression, albedo: α (I,), δ (E,), γ (A,) float32.
        frame: the frame that the text is in.
    """

    text: str
    asked: tuple[Wish, ...]
    values: dict[str, float]
    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    frame: str


class Descriptions:
    """Endless descriptions of a model's faces.

    Example:
        >>> descriptions = Descriptions(MorphableModel.load(), seed=0)
        >>> descriptions.sample(split="test").text
    """

    def __init__(self, model: MorphableModel, seed: int = 0) -> None:
        self._model = model
        self._rng = np.random.default_rng(seed)

    def sample(self, rng: np.random.Generator | None = None, split: str = "train", variety: float = 1.0) -> Description:
        """One text and face.

        Args:
            rng: None goes on with the seed's.
            split: whose phrasings: val's and test's frames and situations are never said in train.
            variety: of what the text leaves open, times the spread that people have.

        Raises:
            ConfigError: there is no such split.
        """
        pick = Picker(rng or self._rng, split)
        for _ in range(_TRIES):
            person, traits, situation = _about(pick)
            asked = _asked(person, traits, situation)
            values = self._values(asked, _often(traits, situation), pick)
            if values is None:
                continue
            face = draw(self._model, values, pick.rng, variety)
            hits, total = present(asked, read(self._model, *face))
            if hits == total:
                text, frame = _worded(person, traits, situation, pick)
                return Description(text, asked, values, *face, frame=frame)
        raise ConfigError(f"no face fits any of {_TRIES} descriptions; the tables of words ask for what no face has")

    def _values(self, asked: tuple[Wish, ...], often: tuple[Wish, ...], pick: Picker) -> dict[str, float] | None:
        """Values that have all that is asked; None where such a face would be a caricature."""
        wishes = list(asked)
        for wish in often:
            if pick.chance(_OFTEN) and all(compatible(wish, other) for other in wishes):
                wishes.append(wish)
        values = {wish.key: wish.draw(pick.rng) for wish in wishes}
        shape = {key: value for key, value in values.items() if ATTRIBUTES[key].kind == IDENTITY}
        return values if identity_cost(self._model, shape) <= _FARTHEST else None


def describe_face(values: Mapping[str, float], rng: np.random.Generator, split: str = "train", most: int = 4) -> str:
    """A short, true description of a face, which tells what is most striking about it.

    Args:
        values: key → value of one face, as attributes.read gives them.
        most: things to tell, at least 1.

    Raises:
        ConfigError: the values lack an attribute or are no numbers; most is below 1; or there is no such split.
    """
    return describe_with_wishes(values, rng, split, most)[0]


def describe_with_wishes(
    values: Mapping[str, float], rng: np.random.Generator, split: str = "train", most: int = 4
) -> tuple[str, tuple[Wish, ...]]:
    """As describe_face, with what the text tells."""
    if most < 1:
        raise ConfigError(f"most is {most}; give at least 1")
    missing = [key for key in ATTRIBUTES if key not in values]
    if missing:
        raise ConfigError(f"values lack {', '.join(missing[:3])}; read them with attributes.read")
    broken = [key for key in ATTRIBUTES if not np.isfinite(values[key]).all() or np.size(values[key]) != 1]
    if broken:
        raise ConfigError(f"{broken[0]} is {values[broken[0]]}; give one finite number, of one face")
    pick = Picker(rng, split)
    person = pick_person(pick, pick.any([k for k in kinds() if all(_well(w, values) for w in parse(k)[0])]), aged=False)
    wishes = list(person.wishes)
    striking = [(_striking(trait, values) * rng.uniform(0.7, 1.3), k) for k, trait in enumerate(all_traits())]
    traits: list[Trait] = []
    for strength, k in sorted(striking, reverse=True):
        trait = all_traits()[k]
        if strength <= 0 or len(traits) == most:
            break
        if _together(trait, wishes) and not (trait.kind == LOOK and any(of_expression(other) for other in traits)):
            traits.append(trait)
            wishes += trait.wishes
    text = noun_phrase(person, traits, None, pick)
    if pick.chance(0.25):
        return sentences(person, traits, None, pick), tuple(wishes)
    return _framed(pick.whole("telling", description_frames.TELLING), text), tuple(wishes)


def random_phrase(pick: Picker) -> str:
    """A noun phrase that describes somebody, without a frame and a face."""
    person, traits, situation = _about(pick)
    return noun_phrase(person, traits, situation[0] if situation else None, pick)


def random_request(pick: Picker) -> tuple[str, str]:
    """A text that asks for a described face, and its frame; without the face."""
    return _worded(*_about(pick), pick)


def _about(pick: Picker) -> tuple[Person, list[Trait], tuple[str, str] | None]:
    situation = _pick_situation(pick) if pick.chance(_SITUATION[pick.split]) else None
    person = pick_person(pick, pick_kind(pick), face=not situation)
    wishes = list(person.wishes)
    if situation:
        wishes += parse(situation[1], at_least=True)[0]
    count = 1 + int(pick.rng.choice(len(_HOW_MANY), p=_HOW_MANY)) - int(bool(situation or person.wishes))
    traits: list[Trait] = []
    for _ in range(count):
        trait = _pick_trait(pick)
        if situation and (trait.kind == LOOK or (of_expression(trait) and pick.chance(0.7))):
            continue
        if trait.kind == LOOK and any(of_expression(other) for other in traits):
            continue
        if _together(trait, wishes):
            traits.append(trait)
            wishes += trait.wishes
    pick.rng.shuffle(traits)  # type: ignore[arg-type]
    return person, traits, situation


def _well(wish: Wish, values: Mapping[str, float]) -> bool:
    """Whether a value lies where faces for that wish are drawn, or beyond."""
    value, (low, high), (least, most) = float(values[wish.key]), wish.drawn, wish.present
    return (value >= low or least < -100) and (value <= high or most > 100) and bool(wish.holds(value))


def _striking(trait: Trait, values: Mapping[str, float]) -> float:
    """How much a trait is worth telling; 0 where it is not true, or hardly."""
    if trait.negative or not all(_well(wish, values) for wish in trait.wishes):
        return 0.0
    at_work = [wish for wish in trait.wishes if wish.degree not in (NOT, AVERAGE)]
    if not at_work:  # "not smiling", "of medium tone"
        return 0.15
    weakest = min(abs(float(values[wish.key])) / ATTRIBUTES[wish.key].scale for wish in at_work)
    expression = ATTRIBUTES[at_work[0].key].kind == EXPRESSION
    return weakest * (2.5 if expression else 1.0) * (1.1 if len(trait.wishes) > 1 else 1.0)


def _together(trait: Trait, wishes: list[Wish]) -> bool:
    if any(wish.key == "stubble" and wish.sign > 0 for wish in trait.wishes) and _FEMININE in wishes:
        return False
    return all(compatible(wish, other) for wish in trait.wishes for other in wishes)


def _pick_trait(pick: Picker) -> Trait:
    kind = str(pick.rng.choice(list(_KINDS), p=list(_KINDS.values())))
    negative = kind in (SHAPE, TONE, ACT) and pick.chance(_NEGATIVE)
    return pick.any(_by_kind()[kind, negative])


def _by_kind() -> dict[tuple[str, bool], list[Trait]]:
    if not _TABLE:
        for trait in all_traits():
            negative = all(wish.degree == NOT for wish in trait.wishes)
            _TABLE.setdefault((trait.kind, negative and trait.kind != LOOK), []).append(trait)
    return _TABLE


_FEMININE = Wish("masculinity", -1)
_TABLE: dict[tuple[str, bool], list[Trait]] = {}


def _pick_situation(pick: Picker) -> tuple[str, str]:
    """A saying and what it asks for; all sayings of a situation are of one split."""
    heads = tuple(sayings[0] for sayings, _ in SITUATIONS)
    more = pick.split == "train" and pick.chance(_EXTRA_SITUATIONS)
    own = set(extra(heads) if more else parts("situation", heads)[pick.split])
    sayings, wishes = pick.any([row for row in SITUATIONS if row[0][0].removesuffix(EXTRA) in own])
    return pick.any(sayings).removesuffix(EXTRA), wishes


def _asked(person: Person, traits: list[Trait], situation: tuple[str, str] | None) -> tuple[Wish, ...]:
    wishes = list(person.wishes)
    for trait in traits:
        wishes += trait.wishes
    if situation:
        wishes += parse(situation[1], at_least=True)[0]
    return tuple(wishes)


def _often(traits: list[Trait], situation: tuple[str, str] | None) -> tuple[Wish, ...]:
    wishes = [wish for trait in traits for wish in trait.often]
    return tuple(wishes) + (parse(situation[1], at_least=True)[1] if situation else ())


def _worded(person: Person, traits: list[Trait], situation: tuple[str, str] | None, pick: Picker) -> tuple[str, str]:
    saying = situation[0] if situation else None
    form = str(pick.rng.choice(list(_FORMS), p=list(_FORMS.values())))
    if form == "sentences" and not (traits or situation):
        form = "phrase"
    compose = {"phrase": noun_phrase, "list": keywords, "sentences": sentences}[form]
    text = compose(person, traits, saying, pick)
    frame = pick.any(description_frames.frames(form, pick.split))
    while person.is_face and form == "phrase" and _OF_SOMEBODY.search(frame):
        frame = pick.any(description_frames.frames(form, pick.split))
    return as_written(_framed(frame, text), pick), frame


def _framed(frame: str, text: str) -> str:
    return frame.replace("{x}", text).replace("{X}", capital(text)).replace("..", ".")
