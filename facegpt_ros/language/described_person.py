"""Whom a description is about: nouns that tell nothing, a man or a woman, and about how old."""

from __future__ import annotations

from dataclasses import dataclass

from facegpt_ros.language.matches import Wish
from facegpt_ros.language.pools import Picker
from facegpt_ros.language.wish_notation import parse


@dataclass(frozen=True)
class Person:
    """Attributes:
    noun: with its article: "a man", "someone".
    after: what stands right after it, such as "in her sixties"; may be empty.
    he, his: pronoun and possessive.
    wishes: what the words ask for.
    """

    noun: str
    after: str
    he: str
    his: str
    wishes: tuple[Wish, ...]

    @property
    def takes_adjectives(self) -> bool:
        return " " in self.noun

    @property
    def is_face(self) -> bool:
        """The noun is a face, to which nothing happens."""
        return self.noun.endswith("face")

    @property
    def who(self) -> str:
        return "that" if self.is_face else "who"


_NOUNS: dict[str, tuple[str, ...]] = {
    "": ("a person", "someone", "somebody", "a face", "an individual", "a human face", "a person's face",
         "a human being", "an adult"),
    "masculinity": ("a man", "a guy", "a fellow", "a gentleman", "a bloke", "a chap", "a male face", "a man's face",
                    "a male", "a man"),
    "-masculinity": ("a woman", "a lady", "a female face", "a woman's face", "a female", "a woman"),
    "masculinity age": ("an old man", "an elderly man", "a grandfather", "an old gentleman", "an old fellow",
                        "a grandad", "an old chap", "an elderly male"),
    "-masculinity age": ("an old woman", "an elderly woman", "a grandmother", "an old lady", "an elderly lady",
                         "a granny", "an elderly female"),
    "masculinity -age": ("a young man", "a lad", "a young fellow", "a young guy", "a young male",
                         "a youthful man"),
    "-masculinity -age": ("a young woman", "a young lady", "a lass", "a youthful woman", "a young female"),
    "age": ("an old person", "an elderly person", "a pensioner", "a grandparent", "an old face", "a senior"),
    "-age": ("a young person", "a young adult", "a student", "a young face", "a youth"),
}  # fmt: skip
_SHARES = {"": 0.4, "masculinity": 0.13, "-masculinity": 0.13}  # the others share what is left
_AGES: dict[str, tuple[str, ...]] = {
    "-age": ("in {his} twenties", "of about twenty-five", "aged 22", "in {his} early twenties"),
    "-age~": ("in {his} thirties", "of thirty-five", "around thirty"),
    "age%": ("in {his} forties", "of middle age", "aged 45", "in {his} mid-forties"),
    "age~": ("in {his} fifties", "of fifty-five", "in {his} late fifties"),
    "age": ("in {his} sixties", "in {his} seventies", "of nearly seventy", "aged 68", "past {his} mid-sixties"),
    "age+": ("in {his} eighties", "of nearly ninety", "aged 88", "in {his} nineties"),
}
_PRONOUNS = {1: ("he", "his"), -1: ("she", "her"), 0: ("they", "their")}
_AGED = 0.2  # share of texts that tell an age where the noun does not


def kinds() -> tuple[str, ...]:
    """Notation of what each kind of noun asks for."""
    return tuple(_NOUNS)


def pick_kind(pick: Picker) -> str:
    if pick.chance(sum(_SHARES.values())):
        shares = list(_SHARES.values())
        return str(pick.rng.choice(list(_SHARES), p=[share / sum(shares) for share in shares]))
    return pick.any([kind for kind in _NOUNS if kind not in _SHARES])


def pick_person(pick: Picker, kind: str, *, aged: bool = True, face: bool = True) -> Person:
    """A person of a kind; aged: may tell an age that the noun leaves open; face: the noun may be a face."""
    noun = pick.word(f"person {kind}", _NOUNS[kind])
    while noun.endswith("face") and not face:
        noun = pick.word(f"person {kind}", _NOUNS[kind])
    wishes = parse(kind)[0]
    he, his = _PRONOUNS[next((wish.sign for wish in wishes if wish.key == "masculinity"), 0)]
    after = ""
    if aged and "age" not in kind and not noun.endswith("face") and " " in noun and pick.chance(_AGED):
        age = pick.any(list(_AGES))
        after = pick.word(f"aged {age}", _AGES[age]).format(his=his)
        wishes = wishes + parse(age)[0]
    return Person(noun, after, he, his, wishes)
