"""Traits and a person put together: a noun phrase, a list, or sentences."""

from __future__ import annotations

from collections.abc import Sequence

from facegpt_ros.language.described_person import Person
from facegpt_ros.language.pools import Picker
from facegpt_ros.language.traits import ACT, LOOK, Trait, article, forms

_HAVING = ("with", "{who} has", "having", "that has", "sporting", "showing", "featuring")
_BUT_WITHOUT = (" but without ", " and without ", ", without ", " but with no ", " and no ", ", but no ")
_IS = {"he": "is", "she": "is", "they": "are"}
_HAS = {"he": "has", "she": "has", "they": "have"}
_LOOKS = ("looks", "seems", "looks to be")
_SEPARATORS = (", ", ", ", ", ", "; ", " + ", " / ", " & ", ". ", " | ", ",")


def noun_phrase(person: Person, traits: Sequence[Trait], situation: str | None, pick: Picker) -> str:
    """ "an old man with a wide nose, smiling", "someone who just heard good news and whose chin is weak"."""
    before: list[str] = []
    having: list[str] = []
    clauses = False
    without: list[str] = []
    doing: list[str] = []
    who: list[str] = []
    favours_who = pick.chance(0.25)
    for trait in traits:
        make = forms(trait)
        slots = [name for name in make if name != "adjective" or (person.takes_adjectives and len(before) < 2)]
        slot = _slot(slots, favours_who, pick)
        phrase = make[slot](pick)
        if slot == "adjective":
            before.append(phrase)
        elif slot in ("with", "clause"):
            having.append(phrase)
            clauses |= slot == "clause"
        elif slot == "without":
            without.append(phrase)
        elif slot == "whose":
            who.append(f"whose {phrase}")
        elif (
            trait.kind in (ACT, LOOK) and not trait.negative and not (situation or person.is_face) and pick.chance(0.6)
        ):
            doing.append(_doing(trait, phrase, pick))
        else:
            who.append(_is(trait, phrase, pick))
    if situation:
        who.append(situation)
    text = _with_adjectives(person, before, pick)
    relative = False
    if having:
        word = "with" if clauses else pick.word("having", _HAVING).format(who=person.who)
        relative = word.endswith(" has")
        text += f" {word} {listed(having, pick)}"
    if without:
        start = pick.word("without", _BUT_WITHOUT) if having else " without "
        text += start + " or ".join(_no_article(p) if " no" in start else p for p in without)
    if doing:
        text += ", " + listed(doing, pick)
    if who:
        said = _relative(who, person.who)
        first = "" if said[0].startswith("whose") else f"{person.who} "
        if relative and not doing and not without:
            text += " and " + _clauses(said)
        else:
            comma = doing or (len(having) > 1 and not person.is_face)
            text += f"{',' if comma else ''} {first}{_clauses(said)}"
    return text


def keywords(person: Person, traits: Sequence[Trait], situation: str | None, pick: Picker) -> str:
    """ "old man, wide nose, thin lips, smiling", or "nose: wide; expression: smiling"."""
    named = pick.chance(0.2)
    items = []
    if person.wishes or pick.chance(0.3):
        noun = _no_article(person.noun) + (f" {person.after}" if person.after else "")
        items.append(f"person: {noun}" if named else noun)
    for trait in traits:
        make = forms(trait)
        if named and "whose" in make:
            noun, verb, rest = _split_verb(make["whose"](pick))
            items.append(f"{noun}: {rest}" if verb else noun)
            continue
        slot = pick.any([name for name in make if name != "whose"] or ["whose"])
        phrase = make[slot](pick)
        if slot == "whose":
            noun, _, rest = _split_verb(phrase)
            phrase = f"{noun} {rest}"
        elif slot == "without":
            phrase = pick.any(("no ", "not ", "without ")) + (_no_article(phrase))
        else:
            phrase = _no_article(phrase)
        items.append(phrase)
    if situation:
        items.append(("situation: " if named else "") + situation.removeprefix("is "))
    if not items:
        items.append(_no_article(person.noun))
    pick.rng.shuffle(items)
    return pick.any(_SEPARATORS).join(items)


def sentences(person: Person, traits: Sequence[Trait], situation: str | None, pick: Picker) -> str:
    """ "She is old. Her nose is wide, and her lips are thin."."""
    he, his = person.he, person.his
    said = []
    if person.wishes or pick.chance(0.4):
        noun = person.noun + (f" {person.after}" if person.after else "")
        said.append(pick.any(("It's {}", "This is {}", "Think of {}", "There is {}", "{}")).format(noun))
    for trait in traits:
        make = forms(trait)
        slot = pick.any([name for name in make if name not in ("adjective", "clause")] or list(make))
        phrase = make[slot](pick)
        if slot == "whose":
            said.append(f"{pick.any(('the', his))} {phrase}")
        elif slot == "with":
            said.append(f"{he} {_HAS[he]} {phrase}")
        elif slot == "without":
            negated = "don't" if he == "they" else "doesn't"
            said.append(pick.any((f"{he} {negated} have {phrase}", f"{he} {_HAS[he]} no {_no_article(phrase)}")))
        else:
            said.append(f"{he} {_IS[he]} {phrase}")
    if situation:
        who = pick.any(("this person", "the person", "our subject")) if he == "they" else he
        said.append(f"{who} {situation}")
    return _as_sentences(said, pick)


def listed(items: Sequence[str], pick: Picker) -> str:
    """ "a, b and c"."""
    if len(items) == 1:
        return items[0]
    last = pick.any((" and ", " and ", " and ", ", and ", " as well as ", " plus "))
    return ", ".join(items[:-1]) + last + items[-1]


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _slot(slots: list[str], favours_who: bool, pick: Picker) -> str:
    if favours_who and any(name in slots for name in ("whose", "be")):
        return pick.any([name for name in slots if name in ("whose", "be")])
    weights = [0.4 if name in ("whose", "clause") else 1.0 for name in slots]
    return str(pick.rng.choice(slots, p=[weight / sum(weights) for weight in weights]))


def _with_adjectives(person: Person, before: Sequence[str], pick: Picker) -> str:
    text = person.noun
    if before:
        text = article(pick.any((", ", " ")).join(before) + " " + _no_article(person.noun))
    return f"{text} {person.after}" if person.after else text


def _doing(trait: Trait, phrase: str, pick: Picker) -> str:
    if trait.kind == LOOK and not phrase.split()[0].endswith("ing"):
        return pick.word("looking", ("looking {}", "visibly {}", "seemingly {}", "apparently {}", "{}")).format(phrase)
    return phrase


def _is(trait: Trait, phrase: str, pick: Picker) -> str:
    looks = trait.kind == LOOK and not phrase.split()[0].endswith("ing") and pick.chance(0.5)
    return f"{pick.word('looks', _LOOKS) if looks else 'is'} {phrase}"


def _relative(who: Sequence[str], word: str) -> list[str]:
    """Clauses that stand after the first "who": each later one says it again after a "whose"."""
    out: list[str] = []
    for phrase in who:
        again = out and out[-1].startswith("whose") and not phrase.startswith("whose")
        out.append(f"{word} {phrase}" if again else phrase)
    return out


def _clauses(said: Sequence[str]) -> str:
    return said[0] if len(said) == 1 else ", ".join(said[:-1]) + " and " + said[-1]


def _split_verb(phrase: str) -> tuple[str, str, str]:
    for verb in (" is ", " are "):
        if verb in phrase:
            noun, rest = phrase.split(verb, 1)
            return noun, verb, rest
    return phrase, "", ""


def _no_article(phrase: str) -> str:
    for start in ("a ", "an ", "the "):
        if phrase.startswith(start) and not phrase.startswith(("a little ", "a bit ", "a touch ", "a lot ")):
            return phrase[len(start) :]
    return phrase


def _as_sentences(said: Sequence[str], pick: Picker) -> str:
    parts: list[str] = []
    for sentence in said:
        if parts and pick.chance(0.3) and not parts[-1].count(" and "):
            parts[-1] += f"{pick.any((', and ', ' and ', '; '))}{sentence}"
        else:
            parts.append(sentence)
    return " ".join(capital(part) + "." for part in parts)
