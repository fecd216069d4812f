"""One thing to say about a face, and the forms that it takes in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from facegpt_ros.language.attribute_table import ATTRIBUTES, EXPRESSION
from facegpt_ros.language.degrees import NOT, PLAIN, SLIGHTLY, VERY
from facegpt_ros.language.expression_words import EXPRESSIONS
from facegpt_ros.language.look_words import LOOKS
from facegpt_ros.language.matches import Wish
from facegpt_ros.language.pools import EXTRA, Picker
from facegpt_ros.language.shape_words import SHAPES
from facegpt_ros.language.tone_words import TONES
from facegpt_ros.language.wish_notation import parse
from facegpt_ros.language.word_rows import Words

SHAPE, TONE, ACT, LOOK = "shape", "tone", "act", "look"
_ADVERBS = {
    SLIGHTLY: ("slightly", "somewhat", "mildly", "moderately", "subtly"),
    VERY: ("very", "extremely", "remarkably", "exceptionally", "really", "incredibly", "strikingly", "unusually",
           "exceedingly", "awfully", "uncommonly", "terribly", "extraordinarily", "super"),
}  # fmt: skip
_LOOSE_ADVERBS = {
    SLIGHTLY: ("a little", "a bit", "a touch", "a tad", "a shade", "a trifle", "just slightly", "ever so slightly"),
    VERY: ("ever so", "so very"),
}
_NOT_AFTER_IS = ("not {}", "anything but {}", "far from {}", "not at all {}", "by no means {}", "not in the least {}")


@dataclass(frozen=True)
class Trait:
    """Attributes:
    kind: SHAPE, TONE, ACT or LOOK.
    words: its phrases, at the plain degree.
    wishes: what it asks for.
    often: what often comes along.
    degree: how adverbs grade the words; NOT negates them.
    """

    kind: str
    words: Words
    wishes: tuple[Wish, ...]
    often: tuple[Wish, ...] = ()
    degree: str = PLAIN

    @property
    def pool(self) -> str:
        return self.words.wishes

    @property
    def negative(self) -> bool:
        return self.degree == NOT

    @property
    def of_part(self) -> bool:
        """Said of a part of the face, not of the person."""
        return bool(self.words.nouns)


@lru_cache(maxsize=1)
def all_traits() -> tuple[Trait, ...]:
    """Everything that can be said, but for situations and whom it is about."""
    traits = []
    for kind, rows in ((SHAPE, SHAPES), (TONE, TONES)):
        for row in rows:
            asked, often = parse(row.wishes)
            plain = Trait(kind, row, asked, often)
            traits.append(plain)
            if all(wish.degree == PLAIN for wish in asked) and _gradable(row):
                traits += [_graded(plain, degree) for degree in (SLIGHTLY, VERY)]
            if len(asked) == 1 and asked[0].degree == PLAIN and row.predicates:
                traits.append(_graded(plain, NOT))
    traits += [Trait(ACT, row, *parse(row.wishes)) for row in EXPRESSIONS]
    traits += [Trait(LOOK, row, *parse(row.wishes, at_least=True)) for row in LOOKS]
    return tuple(traits)


def forms(trait: Trait) -> dict[str, Callable[[Picker], str]]:
    """The forms that a trait has, by name; each makes a phrase.

    with: "a wide nose", after with or has. without: "a wide nose", after without. clause: "the eyes shut", after with.
    whose: "nose is wide". be: "smiling", after is. adjective: before the noun.
    """
    words, pool, out = trait.words, trait.pool, {}
    graded = _fitting(trait, words.predicates)
    before = _sayable(p for p in graded if not p.startswith("^"))
    if words.nouns and graded:
        out["whose"] = lambda pick: _whose(trait, pick, graded)
        if not trait.negative:
            out["clause"] = lambda pick: _clause(trait, pick, graded)
        if before and all(noun.split()[0] not in ("corners", "tip", "inner") for noun in _bare(words.nouns)):
            name = "without" if trait.negative else "with"
            out[name] = lambda pick: _attributive(trait, pick, before)
    if words.with_ and trait.degree == PLAIN:
        own = out.get("with")
        share = 0.5 if own else 1.0
        out["with"] = lambda pick: (
            pick.word(f"{pool} with", words.with_) if pick.chance(share) or not own else own(pick)
        )
    if not words.nouns and graded and trait.kind in (SHAPE, TONE):
        out["be"] = lambda pick: _be(trait, pick, graded)
    elif words.be and trait.degree == PLAIN:
        out["be"] = lambda pick: pick.word(f"{pool} be", words.be)
    if words.adjective and trait.degree in (PLAIN, VERY, SLIGHTLY):
        plain = "" if trait.degree == PLAIN or trait.kind in (ACT, LOOK) else trait.degree
        if not plain or "-" not in words.adjective[0]:
            out["adjective"] = lambda pick: _adverb(pick, plain) + pick.word(f"{pool} adjective", words.adjective)
    return out


def article(noun: str) -> str:
    """A noun phrase in the singular with its article: "a wide nose", "an unsmiling man"."""
    return f"{'an' if noun.lower().startswith(('a', 'e', 'i', 'o', 'un', 'up')) else 'a'} {noun}"


def _graded(trait: Trait, degree: str) -> Trait:
    return replace(trait, wishes=tuple(replace(wish, degree=degree) for wish in trait.wishes), degree=degree)


def _gradable(row: Words) -> bool:
    return any("=" not in word for word in row.predicates if not word.endswith(EXTRA))


def _fitting(trait: Trait, predicates: tuple[str, ...]) -> tuple[str, ...]:
    if trait.degree in (SLIGHTLY, VERY):
        predicates = tuple(p for p in predicates if "=" not in p)
    return _sayable(p.replace("=", "") for p in predicates)


def _sayable(phrases: Iterable[str]) -> tuple[str, ...]:
    """These, but nothing where all are for training alone: which forms there are is the same in every split."""
    found = tuple(phrases)
    return found if any(not phrase.endswith(EXTRA) for phrase in found) else ()


def _bare(nouns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(noun.removeprefix("+") for noun in nouns)


def _adverb(pick: Picker, degree: str, loose: bool = False) -> str:
    if degree not in _ADVERBS:
        return ""
    if loose and pick.chance(0.4):
        return pick.word(f"{degree} loose", _LOOSE_ADVERBS[degree]) + " "
    return pick.word(degree, _ADVERBS[degree]) + " "


def _noun(trait: Trait, pick: Picker) -> tuple[str, bool]:
    noun = pick.any(trait.words.nouns)
    return noun.removeprefix("+"), noun.startswith("+")


def _predicate(trait: Trait, pick: Picker, predicates: tuple[str, ...]) -> str:
    return pick.word(trait.pool, predicates).removeprefix("^")


def _whose(trait: Trait, pick: Picker, predicates: tuple[str, ...]) -> str:
    noun, plural = _noun(trait, pick)
    predicate = _predicate(trait, pick, predicates)
    if trait.negative:
        predicate = pick.word("not", _NOT_AFTER_IS).format(predicate)
    return f"{noun} {'are' if plural else 'is'} {_adverb(pick, trait.degree, loose=True)}{predicate}"


def _clause(trait: Trait, pick: Picker, predicates: tuple[str, ...]) -> str:
    noun, _ = _noun(trait, pick)
    return f"the {noun} {_adverb(pick, trait.degree, loose=True)}{_predicate(trait, pick, predicates)}"


def _attributive(trait: Trait, pick: Picker, predicates: tuple[str, ...]) -> str:
    noun, plural = _noun(trait, pick)
    phrase = f"{_adverb(pick, trait.degree)}{_predicate(trait, pick, predicates)} {noun}"
    if noun.startswith(("left", "right")):
        return f"the {noun} {phrase.removesuffix(' ' + noun)}"
    return phrase if plural or noun in ("skin", "hair") else article(phrase)


def _be(trait: Trait, pick: Picker, predicates: tuple[str, ...]) -> str:
    if trait.degree == PLAIN and trait.words.be and pick.chance(0.4):
        return pick.word(f"{trait.pool} be", trait.words.be)
    predicate = _predicate(trait, pick, predicates)
    if trait.negative:
        return pick.word("not", _NOT_AFTER_IS).format(predicate)
    return _adverb(pick, trait.degree, loose=True) + predicate


def of_expression(trait: Trait) -> bool:
    return any(ATTRIBUTES[wish.key].kind == EXPRESSION for wish in trait.wishes)
