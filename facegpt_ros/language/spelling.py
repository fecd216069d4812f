"""How people write: American spellings, no capitals, now and then a slip of the finger."""

from __future__ import annotations

from facegpt_ros.language.pools import Picker

_AMERICAN = tuple(
    tuple(pair.split("/"))
    for pair in (
        "colour/color",
        "grey/gray",
        "sceptical/skeptical",
        "visualise/visualize",
        "Visualise/Visualize",
        "synthesise/synthesize",
        "meagre/meager",
        "grandad/granddad",
        "learnt/learned",
        "dreamt/dreamed",
        "lorry/truck",
        "holiday/vacation",
        "jumper/sweater",
        "ageing/aging",
        "bloke/dude",
        "burnt/burned",
        "teacher mum/teacher mom",
        "parking space/parking spot",
        "a chap/a guy",
        "plaster/band-aid",
    )
)
_AMERICAN_OFTEN, _LOWER_OFTEN, _SLIP_OFTEN = 0.4, 0.12, 0.03


def as_written(text: str, pick: Picker) -> str:
    """The text as somebody may have typed it; the words that carry meaning stay readable."""
    if pick.chance(_AMERICAN_OFTEN):
        for british, american in _AMERICAN:
            if british == "chap" and " chap " not in f" {text} ":
                continue
            text = text.replace(british, american)
    if pick.chance(_LOWER_OFTEN):
        text = text.lower().rstrip(".")
    if pick.chance(_SLIP_OFTEN):
        text = _slip(text, pick)
    return text


def _slip(text: str, pick: Picker) -> str:
    words = text.split(" ")
    long = [k for k, word in enumerate(words) if len(word) > 5 and word.isalpha() and not word.startswith("un")]
    if not long:
        return text
    k = pick.any([str(number) for number in long])
    word = words[int(k)]
    at = int(pick.rng.integers(1, len(word) - 2))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    dropped = word[:at] + word[at + 1 :]
    doubled = word[:at] + word[at] + word[at:]
    words[int(k)] = pick.any((swapped, dropped, doubled))
    return " ".join(words)
