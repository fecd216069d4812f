"""What a free-text answer claims: clause by clause, with negations, reservations, sides and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from facegpt_ros.language.lexicon import lexicon
from facegpt_ros.language.person import without_references
from facegpt_ros.language.topics import PHRASES

_LONGEST = 2000  # characters; longer answers are read so far
_NO_CUE = 80  # characters; how far off a topic's own word counts as being where the clause does not name it
_HEDGE = re.compile(
    r"\bi(?: can(?:'t|not| not)| could(?:n't| not)| am (?:not able|unable) to|'m (?:not able|unable) to) "
    r"(?:really |quite )?(?:tell|say|see|make (?:that|it|this) out|be (?:sure|certain)|judge)\b[^,.;:!?]*"
    r"|\bi(?:'m| am) (?:not|un)[ -]?(?:quite |entirely |really |so )?(?:sure|certain)\b[^,.;:!?]*"
    r"|\b(?:it is |it's |that is |that's )?(?:hard|difficult|not easy) to (?:say|tell|see|make out)\b[^,.;:!?]*"
    r"|\b(?:unsure|probably|possibly|perhaps|maybe)\b"
)
_FILLERS = re.compile(
    r"\bi don't think so\b|\bas far as (?:i|one) can (?:see|tell)\b,?|\b(?:which|what) is (?:it|true|right)\b"
    r"|\bthat(?:'s| is) (?:right|wrong|correct|true)\b"
    r"|\byou(?:'re| are) right\b|\bnot (?:quite|exactly|really)(?=:)|\bnot only\b|\bon the contrary\b"
)
_WHETHER = re.compile(r"\b(?:whether|if)\b[^,.;:!?]*")
_CLAUSE = re.compile(
    r"[,.;:!?()\n]+(?!\d)|\b(?:but|while|whereas|although|though|because|which|instead)\b|\band (?=(?:the|their|they"
    r"|his|her|he|she|it|is|are|both|there|one|looks?|has|have|your)\b)"
)
_NEGATOR = re.compile(
    r"\b(?:not|no|never|neither|nor|without|cannot|nobody|none|hardly|anything but|far from|rather "
    r"than|no longer)\b|n't\b"
)
_VIEW = r"(?:my|your|our|viewer's|observer's|camera's|image's|picture's|image|picture|screen)"
_OWN = r"(?:own|their|his|her|its|subject's|person's|one's)"
_PICTURE = r"(?:image|picture|photo|frame|screen|view|shot)"
_AFTER_VIEW = (
    rf"(?:[- ]hand)?(?: (?:side|half|part|edge|third|of it))? (?:of|in|on) (?:the |this |my |your )?{_PICTURE}\b"
    r"|[, ]*(?:as|from where|when) (?:you|i|we) (?:see|look|stand)|[, ]*(?:from|for) (?:your|my|the viewer's|the "
    r"camera's) (?:side|point|perspective|view)"
    r"|[, ]*(?:from (?:your|my) (?:side|point of view|perspective))"
)
_SIDE = re.compile(r"\b(left|right)\b")
_NOT_A_SIDE = re.compile(r"right (?:at|now|away|into|in front|here|there)\b")
_YES = r"yes|yeah|yep|yup|sure|indeed|right|correct|exactly|true|certainly|definitely|of course|absolutely|affirmative"
_NO = (
    r"nope|nah|negative|wrong|not really|not at all"
    r"|no(?=\W*$|\s*[,.:;!-]|\s+(?:the|it|they|he|she|i|there|their|his|her|not|this|that)\b)"
)
_LEAD = re.compile(
    rf"^\W*(?:(?:well|hmm|oh|actually|i think|i would say|i believe|ok|okay)\W+)*(?:(?P<yes>{_YES})"
    rf"|(?P<no>{_NO}))\b",
    re.IGNORECASE,
)
_ECHO = re.compile(
    r"^\W*(?:i (?:think|believe) )?(?:they|he|she|it|the person|there|i|you|we)(?:(?:'s|'re)| (?:is|are|does|do|has"
    r"|have|was|can|am))(?P<no>n't| not)?\W*$"
)
_NUMBER = re.compile(
    r"(?P<n>\d+(?:[.,]\d+)?)\s*(?P<unit>degrees?\b|deg\b|°|cm\b|centimet(?:re|er)s?\b|mm\b|millimet(?:re|er)s?\b|m\b"
    r"|met(?:re|er)s?\b|%|percent\b|per cent\b|feet\b|foot\b|ft\b)"
)
_SPELT = {
    "half a": 0.5,
    "a": 1.0,
    "one": 1.0,
    "one and a half": 1.5,
    "two": 2.0,
    "three": 3.0,
    "four": 4.0,
    "five": 5.0,
    "six": 6.0,
}
_SPELT_NUMBER = re.compile(rf"\b(?P<n>{'|'.join(sorted(_SPELT, key=len, reverse=True))}) (?P<unit>met(?:re|er)s?)\b")
_COUNTED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTS = {word: n for n, word in enumerate(_COUNTED)}
_COUNT = re.compile(
    rf"\b(?P<n>\d{{1,3}}|{'|'.join(_COUNTS)}|a|nobody|nothing|several|just the) ?(?:\w+ )?(?:faces?"
    rf"|people|persons?|heads?)\b"
)
#: Facts of several faces, which clauses are read for only where the question was about them.
_AMONG = ("nearest", "most_smiling")
_UNIT_KEYS = {"deg": ("head_turn", "head_pitch", "head_tilt"), "m": ("distance",), "mm": ("mouth",), "%": ("size",)}


@dataclass(frozen=True)
class Claim:
    """One clause's word on one fact: the values it leaves possible, or a number."""

    key: str
    allowed: frozenset[str] = frozenset()
    number: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Reading:
    """Of an answer.

    Attributes:
        claims: in order.
        yes: what it opens with; None where that is neither yes nor no.
        hedged: whether it says that it is not sure.
    """

    claims: tuple[Claim, ...]
    yes: bool | None
    hedged: bool


def read_answer(text: str, keys: Iterable[str] = ()) -> Reading:
    """What an answer claims.

    Args:
        text: anything.
        keys: facts that the question was about: clauses that name no subject are about them.
    """
    plain = re.sub(r"\s+", " ", text[:_LONGEST].replace("’", "'").replace("`", "'")).strip().lower()
    lead = _LEAD.match(plain) or _ECHO.match(plain)
    yes = None if lead is None else (lead.groupdict().get("no") is None)
    own = tuple(keys)
    references = {"nearest", "most_smiling"} & set(own)
    if lead is not None and lead.re is _LEAD:
        plain = plain[lead.end() :]
    hedged = bool(_HEDGE.search(plain))
    plain = _WHETHER.sub(" ", _FILLERS.sub(" ", _HEDGE.sub(" ", plain)))
    if not references:
        plain = without_references(plain)
    claims: list[Claim] = []
    for clause in _CLAUSE.split(plain):
        if clause and clause.strip():
            claims += _clause_claims(_with_sides(f" {clause.strip()} "), own)
    if "faces" in own:
        claims += _counts(plain)
    return Reading(tuple(_merged(claims)), yes, hedged)


def _clause_claims(clause: str, own: tuple[str, ...]) -> list[Claim]:
    if re.search(r"\b(?:neither|not|no)\b|n't\b", clause.split(" nor ")[0]):
        clause = re.sub(r"\bnor\b", "or", clause)
    matches = [match for match in _matches(clause, own) if match.key not in _AMONG or match.key in own]
    claims = []
    for match in matches:
        rivals = [other for other in matches if other.overlaps(match)]
        if match.key in own:
            # A clause without the fact's own word may be about another: "the eyes are open" says nothing of mouths.
            nearer = any(other.key not in own and other.near < match.near for other in rivals)
            if nearer and not match.named and match.key not in _AMONG:
                continue
            if match.key == "position_side" and not match.named and rivals:
                continue
        elif (match.key == "position_side" and rivals) or any(
            other.near < match.near or (other.key in own and other.near <= match.near)
            for other in rivals
            if other.key != "position_side"
        ):
            continue
        negated = len(_NEGATOR.findall(clause[: match.start])) % 2 == 1
        everything = lexicon()[match.key].values | _silent_values(match.key)
        claims.append(Claim(match.key, everything - match.values if negated else match.values))
    return claims + _numbers(clause, own)


def named_facts(text: str) -> set[str]:
    """Facts of which a text names both the thing and a value."""
    return {match.key for match in _matches(_with_sides(f" {text.lower()[:_LONGEST]} "), ())}


@dataclass(frozen=True)
class _Match:
    """Words of a fact in a clause; near: characters to the nearest word that names the fact, if one is `named`."""

    key: str
    start: int
    end: int
    values: frozenset[str]
    near: int
    named: bool

    def overlaps(self, other: _Match) -> bool:
        return self.key != other.key and self.start < other.end and other.start < self.end


def _matches(clause: str, own: tuple[str, ...]) -> list[_Match]:
    entries = lexicon()
    cues = {key: [match.span() for match in entry.cue.finditer(clause)] for key, entry in entries.items()}
    if cues["most_smiling"]:
        cues["smile"] = []
    if cues["skin_tone"]:  # whose "light" is none
        cues["light_brightness"] = []
    found = []
    for key, entry in entries.items():
        alone = key in own and not any(cues.get(other) for other in own)
        if not cues[key] and not alone:
            continue
        rest = clause
        for pattern, values in entry.patterns:
            for match in list(pattern.finditer(rest)):
                a, b = match.span()
                rest = rest[:a] + "|" * (b - a) + rest[b:]
                near = min((max(start - b, a - end, 0) for start, end in cues[key]), default=_NO_CUE)
                found.append(_Match(key, a, b, values, near, bool(cues[key])))
    return found


def _merged(claims: list[Claim]) -> list[Claim]:
    """Values that all claims on a fact leave possible: "neither open nor closed" leaves what is in between."""
    words: dict[str, frozenset[str]] = {}
    for claim in claims:
        if claim.number is None:
            words[claim.key] = words.get(claim.key, claim.allowed) & claim.allowed
    return [*(Claim(key, allowed) for key, allowed in words.items()), *(c for c in claims if c.number is not None)]


def _silent_values(key: str) -> frozenset[str]:
    """Values that no word stands for, but that its denial leaves: "not winking"."""
    phrases = PHRASES.get(key)
    told = frozenset(v for values in phrases.predicates for v in values.split("|")) if phrases else frozenset()
    sentences = frozenset(phrases.sentences) if phrases else frozenset()
    return told | sentences


def _numbers(clause: str, own: tuple[str, ...]) -> list[Claim]:
    found = []
    for match in [*_NUMBER.finditer(clause), *_SPELT_NUMBER.finditer(clause)]:
        text, unit = match["n"], match["unit"]
        value = _SPELT[text] if text in _SPELT else float(text.replace(",", "."))
        if unit.startswith(("cm", "centi")):
            value, unit = value / 100, "m"
        elif unit.startswith(("feet", "foot", "ft")):
            value, unit = value * 0.3048, "m"
        unit = "mm" if unit.startswith(("mm", "milli")) else unit
        unit = (
            "m"
            if unit.startswith("met")
            else "deg"
            if unit.startswith(("deg", "°"))
            else "%"
            if unit[0] in "%p"
            else unit
        )
        keys = _UNIT_KEYS.get(unit, ())
        mine = [key for key in keys if key in own]
        if unit == "m" and "mouth" in own and value < 0.2:
            found.append(Claim("mouth", frozenset(), value * 1000, "mm"))
            continue
        near = [key for key in keys if lexicon()[key].cue.search(clause)]
        chosen = (
            mine
            or (near if len(near) == 1 else [k for k in near if k != "head_turn"][:1])
            or (list(keys) if len(keys) == 1 else [])
        )[:1]
        found += [Claim(key, frozenset(), value, unit) for key in chosen]
    return found


def _counts(plain: str) -> list[Claim]:
    found = []
    for match in _COUNT.finditer(plain):
        word = match["n"]
        # "I can't tell that from a face" counts nobody.
        if word in ("several", "just the") or re.search(r"\b(?:from|of|in) $", plain[: match.start()]):
            continue
        negated = len(_NEGATOR.findall(plain[: match.start()])) % 2 == 1
        count = int(word) if word.isdigit() else _COUNTS.get(word, int(word == "a"))
        some = frozenset(str(n) for n in range(1, 65))
        one = frozenset((str(count),))
        found.append(Claim("faces", frozenset("0") if negated and count == 1 else some if word == "a" else one))
    if not found and re.search(r"\b(?:nobody|no one|no face|nothing)\b", plain):
        found.append(Claim("faces", frozenset("0")))
    if not found and (alone := re.search(r"\b(one|two|three|four|five|six|\d{1,2})\b", plain)):
        word = alone[1]
        found.append(Claim("faces", frozenset((str(_COUNTS.get(word, word)),))))
    return found


def _with_sides(clause: str) -> str:
    """Clause with view_left, own_left or bare_left for every left that is a side, and likewise right."""

    def token(match: re.Match[str]) -> str:
        before, after = clause[: match.start()], clause[match.end() :]
        if match[1] == "right" and (_NOT_A_SIDE.match(clause[match.start() :]) or clause.strip() == "right"):
            return match[0]
        if re.match(_AFTER_VIEW, after) or re.search(rf"\b{_VIEW}[- ](?:own )?$", before):
            return f"view_{match[1]}"
        if re.search(r"\bfrom (?:your|my) (?:side|point of view|perspective)\b", before):
            return f"view_{match[1]}"
        if re.search(rf"\b{_OWN} (?:own )?$", before):
            return f"own_{match[1]}"
        return f"bare_{match[1]}"

    return _SIDE.sub(token, clause)
