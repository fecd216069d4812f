"""A question as topic_classifier.py sees it: without what says nothing of its topic, with what its words stand for."""

from __future__ import annotations

import re

from facegpt_ros.language.person import without_references

_LONGEST = 400  # characters; what a question is about stands in there
_COURTESY = (
    r"hey|hi|hello|ok|okay|robot|please|well|so|sorry|excuse me|one (?:more )?question|a question|quick question"
    r"|good (?:morning|evening|day)|tell me|now tell me"
)
_OPENED = re.compile(rf"^(?:(?:{_COURTESY})\b[\s,:;.!-]+)+(?=\w)")
_CLOSED = re.compile(
    r"(?:[\s,;.!?-]+(?:please|thanks|thank you|please answer (?:briefly|shortly|in one sentence)|answer briefly))+\W*$"
)
_QUOTED = re.compile(r"\"[^\"]+\"|(?<!\w)'[^']+'(?!\w)")
_SHORT = (
    (re.compile(r"\b(what|who|where|how|which|that|there|it|he|she|here|whereto)'s\b"), r"\1 is"),
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"'ve\b"), " have"),
)
_VERBS = {"are": "is", "am": "is", "was": "is", "were": "is", "does": "do", "did": "do", "has": "have", "had": "have"}
_WHO = r"(?:person|one|man|woman|guy|lady|visitor|subject|individual)"
_PLACED = rf"\b{_WHO} (?:in|on) (?:the|this|my) (?:picture|image|photo|frame|screen)\b"
_SOMEBODY = re.compile(rf"\b(?:the|this|that|my) {_WHO}\b|\b(?:they|he|she|him|them)\b")
_SOMEBODYS = re.compile(rf"\b(?:the|this|that|my) {_WHO}'s\b|\b(?:their|his|her(?= \w))\b")
_HER = re.compile(r"\bher\b(?=\W*$|[^\w ]| (?:or|and|in|from|is|to|with|at|looks?|away|well|like|as|than|now|right)\b)")
_PLACE_ASKED = re.compile(r"^(?:where|whereabouts|(?:in|on) (?:which|what)|which|what)\b.*\b(?:is|do)\b")


def _split(text: str) -> list[str]:
    return text.split()


#: What words stand for → the words. A word may stand for several things.
_CONCEPTS = {
    "head": "head heads skull headed",
    "face": "face faces facial",
    "nose": "nose noses nostrils",
    "chin": "chin chins",
    "jaw": "jaw jaws jawline",
    "cheek": "cheek cheeks cheekbones",
    "brow": "brow brows eyebrow eyebrows forehead",
    "eye": "eye eyes",
    "lid": "eyelid eyelids lid lids eyelashes blink blinks blinked blinking squint squints squinting awake asleep",
    "pupil": "pupil pupils iris",
    "mouth": "mouth mouths",
    "lip": "lip lips lipped",
    "tongue": "tongue",
    "shoulder": "shoulder shoulders ear ears neck",
    "smile": "smile smiles smiling smiled smiley grin grins grinning beam beams beaming laugh laughs laughing",
    "gaze": "gaze gazes gazing stare stares staring glance glances glancing peer peers peering watch watches watching "
    "eyeing",
    "look": "look looks looking looked",
    "expression": "expression expressions mood emotion emotions emotional feel feels feeling feelings",
    "happy": "drowsy miserable cross mad glad pleased serious blank bored worried calm "
    "happy sad angry surprised surprise anger disgusted disgust neutral sleepy tired cheerful annoyed upset "
    "scared afraid fear sadness joy happiness grumpy gloomy astonished furious unhappy joyful weary",
    "light": "light lights lighting lit lamp lamps illumination illuminated illuminate sun sunlight window backlit "
    "backlight spotlight lamplight daylight glow shine shines rays light's",
    "shadow": "shadow shadows shaded shade contrast contrasty contrasts",
    "hard": "hard soft harsh gentle diffuse even evenly uniform uniformly dramatic flat harshly softly",
    "bright": "bright brightly brightness dim dimly dark darker brighter gloomy dull intense intensity underexposed "
    "overexposed darkness dimness illuminated",
    "colour": "colour color colours tint tinted hue shade coloured colored tone cast tinge",
    "warm": "warm cool cold bluish blue yellowish yellow orange reddish warmth temperature white red",
    "skin": "skin complexion skinned complexioned",
    "pale": "fair pale tan tanned brown",
    "far": "far near close closeby distant distance distances away range nearby reach remote",
    "metre": "metre metres meter meters centimetres centimeters feet steps yards",
    "closer": "nearest closest nearer closer furthest farthest further",
    "most": "most biggest broadest widest bigger broader wider strongest stronger happiest happier least larger "
    "more greatest",
    "picture": "picture image photo frame screen shot view photograph pic snapshot",
    "camera": "camera lens webcam",
    "where": "where whereabouts position positioned place placed located location locate find spot",
    "part": "part half third corner centre center centred centered middle edge off-centre border quarter",
    "size": "size fill fills covers takes occupy occupies room large tiny huge percentage fraction share portion",
    "big": "big large small little tiny huge",
    "percent": "percent percentage cent",
    "count": "number count counted alone several many crowd group",
    "people": "people persons anybody anyone somebody someone nobody others humans folks folk",
    "old": "old young older younger age aged elderly youthful middle-aged ageing aging youngish oldish",
    "shape": "shape shaped form formed outline contour contours proportions built structure silhouette",
    "wide": "wide narrow broad slim width wider broadness slender breadth",
    "long": "long short length oval round square",
    "full": "full thin thick plump fleshy fullness hollow",
    "apart": "apart set spaced spacing wide-set close-set between together",
    "up": "up raised raise raises upwards lifted lift lifts upward high",
    "down": "down lowered lower bowed bow bows bent downwards downward low hanging hang drooping dropped nod nodding",
    "level": "level",
    "turn": "turn turned turns turning rotate rotated rotation yaw sideways swivel swivelled swung twisted",
    "tilt": "tilt tilted tilts lean leaning leans roll inclined cocked cock slanted askew upright crooked",
    "pitch": "pitch ceiling floor sky ground nod nods nodding vertical vertically backward backwards chest",
    "degrees": "degree degrees angle",
    "front": "front frontal frontally head-on",
    "profile": "profile side-on three-quarter",
    "facing": "facing towards toward averted",
    "open": "open opened opening closed shut ajar parted gaping gap wide-open closing blink blinking touching touch "
    "meet gape gapes yawn yawns yawning",
    "wink": "wink winks winking winked",
    "pucker": "pucker puckered puckering pout pouting purse pursed pursing kiss kissing pressed press pressing corners "
    "funnelled",
    "knit": "knit knitted knitting furrow furrowed frown frowning",
    "side": "left right side sides",
    "describe": "describe description report summary summarise portrait impression sum overview",
    "compare": "compare whose which whichever",
    "doing": "doing happening",
    "point": "point points pointing pointed direction directed aimed",
    "stick": "stick sticks sticking protrude protrudes receding prominent",
    "beauty": "beautiful pretty prettier prettiest ugly handsome attractive cute sexy gorgeous beauty",
    "gender": "man woman men women boy boys girl girls male female lady ladies gentleman sex gender feminine masculine",
    "identity": "name names called identity identify recognise recognize celebrity famous surname",
    "exact": "exact exactly precise precisely years born birth birthday legal",
    "looks": "look looks appear appears seem seems appearance apparent apparently roughly impression",
    "me": "i me my us we our",
    "general": "why explain translate spell write define mean means word poem story song joke haiku sentence "
    "grammar plural",
}
_STANDS_FOR: dict[str, tuple[str, ...]] = {}
for _concept, _text in _CONCEPTS.items():
    for _word in _split(_text):
        _STANDS_FOR[_word] = (*_STANDS_FOR.get(_word, ()), _concept)
#: Concepts that by themselves do not make a question one about a face.
_ANYWHERE = {"side", "where", "compare", "count", "most", "many", "look", "big", "long", "old", "full", "hard", "happy",
             "describe", "part", "up", "down", "level", "open", "apart", "set", "turn", "far", "colour", "warm",
             "front", "shape", "size", "wide", "metre", "bright", "closer", "exact", "looks", "me", "general", "point",
             "doing", "stick", "beauty", "gender", "identity"}  # fmt: skip
#: Words of which questions about anything are made.
_COMMON = frozenset(_split(
    """a about all also an and any anything as at be been being by call can could describe do does each else ever
    for from get give go goes going have here how if in into is it its kind like lot make many me more much no
    not now of off on one or other out over person persons please put quite rather really right say see seen she
    show so some something sort still tell than that the their them then there these they thing this those to
    too towards two up us very want way what when where whether which who whom whose will with would you your"""
))  # fmt: skip


def plain_question(question: str) -> str:
    """In lower case, without greetings and marks; whoever it is about is "person", and what is theirs "persons"."""
    text = re.sub(r"\s+", " ", question[:_LONGEST].replace("’", "'")).strip().lower()
    text = _QUOTED.sub(" quotation ", text)
    text = _CLOSED.sub("", _OPENED.sub("", text))
    for short, long in _SHORT:
        text = short.sub(long, text)
    text = without_references(text)
    if not _PLACE_ASKED.match(text) or not text.rstrip(" ?").endswith(("picture", "image", "photo", "frame", "screen")):
        text = re.sub(_PLACED, "person", text)
    text = _SOMEBODYS.sub("persons", _HER.sub("person", text))
    text = _SOMEBODY.sub("person", text)
    return re.sub(r"\s+", " ", re.sub(r"[^\w' ]+", " ", text)).strip()


def same_verbs(words: list[str]) -> list[str]:
    """ "are" as "is", for "they" is "the person" here."""
    return [_VERBS.get(word, word) for word in words]


def concepts(words: list[str]) -> list[str]:
    """What words stand for, in their order, each once."""
    return list(dict.fromkeys(concept for word in words for concept in _STANDS_FOR.get(word, ())))


def strange(words: list[str]) -> int:
    """How many words stand for nothing that is asked about faces, and are not in every question either."""
    return sum(word not in _STANDS_FOR and word not in _COMMON and word not in _VERBS for word in words)


def of_faces(found: list[str]) -> bool:
    """Whether some concept is of faces or pictures of them, and of little else."""
    return any(concept not in _ANYWHERE for concept in found)
