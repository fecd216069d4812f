"""Questions about what a face is doing."""

from __future__ import annotations

from facegpt_ros.language.topic import Phrases, Topic

_EYES = Phrases(
    "{ps} eyes",
    {
        "open": ("open", "?opened"),
        "wide open": ("wide open", "opened wide", "very wide"),
        "half closed": ("half closed", "half shut", "nearly closed", "half open"),
        "closed": ("closed", "shut"),
        "one closed": ("!not both open: one is closed", "!open and closed: one of each"),
    },
    {
        "open": ("{P} {has} {their} eyes open.",),
        "wide open": ("{P} {has} {their} eyes wide open.",),
        "half closed": ("{P} {has} {their} eyes half closed.",),
        "closed": ("{P} {has} {their} eyes closed.", "{P} {has} shut both eyes."),
        "one closed": ("Only one eye is open.", "One eye is closed, the other is open."),
    },
    plural=True,
)
_WINK = Phrases(
    "{p}",
    {
        "no": ("!not winking",),
        "left eye": ("winking with {their} left eye", "!winking with {their} own left eye"),
        "right eye": ("winking with {their} right eye", "!winking with {their} own right eye"),
        "left eye|right eye": ("?winking", "?closing just one eye"),
    },
    {
        "no": ("Both eyes are about equally open.",),
        "left eye": ("{Ps} own left eye is closed, the right one is open.",),
        "right eye": ("{Ps} own right eye is closed, the left one is open.",),
    },
)
_MOUTH = Phrases(
    "{ps} mouth",
    {
        "closed": ("closed", "shut"),
        "slightly open": ("slightly open", "a little open", "open a crack"),
        "open": ("!open", "!clearly open"),
        "wide open": ("wide open", "open very wide"),
        "slightly open|open|wide open": ("?open", "?opened"),
    },
    {
        "closed": ("{P} keep{s} {their} mouth closed.", "{Ps} lips touch: the mouth is closed."),
        "slightly open": ("{Ps} lips are slightly parted.",),
        "open": ("{P} {has} {their} mouth open.",),
        "wide open": ("{P} {has} {their} mouth wide open.",),
    },
)
_SMILE = Phrases(
    "{p}",
    {
        "no": ("not smiling", "!not smiling at all"),
        "slight": ("smiling slightly", "smiling a little", "?smiling faintly"),
        "broad": ("smiling broadly", "!smiling clearly", "?grinning"),
        "slight|broad": ("?smiling", "?showing a smile"),
    },
    {
        "no": ("There is no smile on {ps} face.", "I see no smile."),
        "slight": ("There is a slight smile on {ps} face.", "{P} {has} a faint smile.", "Just a little smile."),
        "broad": ("There is a broad smile on {ps} face.", "{P} {has} a big smile."),
    },
)
_SHAPE = Phrases(
    "{ps} mouth",
    {
        "neutral": ("relaxed", "at rest", "in a neutral position"),
        "smiling": ("!smiling", "pulled into a smile"),
        "corners down": ("turned down at the corners", "drawn down at the corners"),
        "puckered": ("puckered", "pursed", "puckered as if to kiss"),
        "rounded": ("rounded", "funnelled like an O"),
        "pressed": ("pressed together", "pressed tight"),
        "stretched": ("stretched wide", "stretched sideways"),
    },
    {
        "corners down": ("The corners of the mouth are turned down.",),
        "puckered": ("{P} {is} puckering {their} lips.",),
        "pressed": ("{P} press{es} {their} lips together.",),
        "neutral": ("The lips are relaxed.",),
        "smiling": ("{Ps} mouth forms a smile.",),
    },
)
_TONGUE = Phrases(
    "{ps} tongue",
    {"in": ("!not visible", "!not sticking out"), "out": ("sticking out", "!out")},
    {"out": ("{P} {is} sticking {their} tongue out.",)},
)
_BROWS = Phrases(
    "{ps} eyebrows",
    {
        "raised": ("raised", "lifted", "pulled up"),
        "lowered": ("lowered", "knitted", "drawn together", "furrowed"),
        "relaxed": ("relaxed", "at rest", "neither raised nor lowered"),
    },
    {
        "raised": ("{P} {is} raising {their} eyebrows.",),
        "lowered": ("{P} knit{s} {their} brows.",),
        "relaxed": ("The brows are relaxed.",),
    },
    plural=True,
)
_LOOK = Phrases(
    "{p}",
    {
        "happy": ("happy-looking", "?looking happy", "?looking cheerful"),
        "surprised": ("surprised-looking", "?looking surprised", "?looking astonished"),
        "sad": ("sad-looking", "?looking sad", "?looking unhappy"),
        "angry": ("angry-looking", "?looking angry", "?looking cross"),
        "disgusted": ("disgusted-looking", "?looking disgusted"),
        "sleepy": ("sleepy-looking", "?looking sleepy", "?looking drowsy"),
        "neutral": ("neutral-looking", "?looking neutral", "?wearing a blank expression"),
    },
    {
        word: (f"{{P}} look{{s}} {word}.", f"The expression looks {word}.", f"I would call the expression {word}.",
               f"{{Ps}} face looks {word} to me.")
        for word in ("happy", "surprised", "sad", "angry", "disgusted", "sleepy", "neutral")
    } | {"mixed": ("The expression is hard to name in one word.", "{P} {is} making a face that has no simple name.",
                   "The expression is neither neutral nor any of the usual ones.")},
)  # fmt: skip

FACE = (
    Topic(
        "eyes", ("eyes", "wink"), {"eyes": _EYES, "wink": _WINK},
        ("Are {ps} eyes open or closed?", "What are the eyes doing, open or shut?", "How open are {ps} eyes?",
         "What's the state of the eyes?", "In what state are {ps} eyelids?", "Eyes open?",
         "How wide are the eyes opened?",
         "Are the eyelids up or down?", "Does {p} have {their} eyes open, half open or closed?",
         "What can you say about {ps} eyelids?", "open or shut, the eyes?", "Is {p} winking, blinking or neither?",
         "Tell me how far the eyes are open.", "Are both eyes open or is one closed?", "Which of the eyes are open?",
         "Has {p} closed {their} eyes or are they open?", "Do the lids cover the eyes?",
         "How are {ps} eyes, open or closed?"),
        (("Does {p} have {their} eyes closed?", "eyes", "closed"), ("Did {p} shut {their} eyes?", "eyes", "closed"),
         ("Are both eyes open?", "eyes", "open|wide open"), ("Does {p} wink?", "wink", "left eye|right eye"),
         ("Is {p} blinking?", "eyes", "closed"), ("Are the lids shut?", "eyes", "closed")),
        (),
        ("the eyes", "the eyelids", "whether the eyes are open"),
    ),
    Topic(
        "mouth", ("mouth",), {"mouth": _MOUTH},
        ("Is {ps} mouth open or closed?", "How wide is {ps} mouth open?", "What is the mouth doing, open or shut?",
         "Is the mouth open?", "How far open is the mouth?", "Does {p} have {their} mouth open or shut?",
         "Are the lips parted or touching?", "mouth open or closed?", "Has {p} opened {their} mouth, and how far?",
         "Tell me if the lips are apart.", "What about {ps} mouth, open or not?",
         "Is the jaw dropped or is the mouth shut?",
         "Do the lips touch or is there a gap?", "Say whether {p} keeps {their} mouth shut.",
         "In what position is the jaw, open or closed?",
         "Is {p} opening {their} mouth?", "Can you see a gap between the lips?", "Is the mouth agape or shut?"),
        (("Does {p} have {their} mouth open?", "mouth", "slightly open|open|wide open"),
         ("Are the lips apart?", "mouth", "slightly open|open|wide open"), ("Does {p} keep {their} mouth shut?",
         "mouth", "closed"),
         ("Is the jaw hanging wide open?", "mouth", "wide open"), ("Are the lips touching each other?", "mouth",
         "closed"),
         ("Did {p} open {their} mouth?", "mouth", "slightly open|open|wide open")),
        ("How many millimetres is the mouth open?", "How big is the gap between the lips?",
        "By how much is {ps} mouth open?",
         "how many mm are the lips apart", "What's the distance between the lips?",
         "How large is the opening of the mouth?"),
        ("the mouth", "the lips, parted or not", "whether the mouth is open"),
    ),
    Topic(
        "smile", ("smile",), {"smile": _SMILE},
        ("Is {p} smiling?", "How much is {p} smiling?", "Does {p} smile?", "Is there a smile on {ps} face?",
         "How big is the smile?", "Do you see a smile?", "What kind of smile does {p} have, if any?", "any smile?",
         "Would you call that a smile?", "How broad is {ps} smile?", "Does {p} give us a smile?", "smiling or not?",
         "How strongly does {p} smile?", "Tell me about {ps} smile.", "Can you detect a smile?",
         "Is that a grin I see?",
         "Is it a broad smile, a faint one or none?", "Is the person's face lit by a smile?"),
        (("Does {p} show a smile?", "smile", "slight|broad"), ("Is there a grin on {ps} face?", "smile", "broad"),
         ("Is {p} smiling at all?", "smile", "slight|broad"), ("Is it a big smile?", "smile", "broad"),
         ("Is {p} wearing a smile?", "smile", "slight|broad"), ("Can you make out a smile?", "smile", "slight|broad")),
        (),
        ("the smile", "a smile", "smiling"),
    ),
    Topic(
        "mouth_shape", ("mouth_shape", "tongue"), {"mouth_shape": _SHAPE, "tongue": _TONGUE},
        ("What shape does {ps} mouth make?", "What is {p} doing with {their} mouth?", "What are {ps} lips doing?",
         "Which way do the corners of the mouth go?", "How are the lips held?",
         "Are the lips puckered, pressed or relaxed?",
         "What's going on with {ps} mouth?", "Is {p} pouting, pursing the lips or neither?",
         "Describe the shape of the mouth.",
         "What form do the lips take right now?", "Are the mouth corners up or down?", "lips pursed or relaxed?",
         "Does {p} make a kissing mouth?", "What does {p} do with {their} lips?",
         "Tell me how the lips are shaped at the moment.",
         "Do the corners of the mouth turn up or down?", "Is {p} making some shape with the mouth?",
         "How does {p} hold {their} lips?"),
        (("Is {p} puckering {their} lips?", "mouth_shape", "puckered"), ("Is {p} pressing {their} lips together?",
        "mouth_shape", "pressed"),
         ("Do the corners of the mouth point down?", "mouth_shape", "corners down"), ("Is {p} showing {their} tongue?",
         "tongue", "out"),
         ("Does {p} purse {their} lips?", "mouth_shape", "puckered"), ("Does {p} stick out {their} tongue?", "tongue",
         "out")),
        (),
        ("the shape of the mouth", "what the lips do", "the corners of the mouth"),
    ),
    Topic(
        "brows", ("brows",), {"brows": _BROWS},
        ("What are {ps} eyebrows doing?", "Are the eyebrows raised or lowered?", "How are {ps} brows held?",
         "Are {ps} brows up or down?", "What's up with the eyebrows?", "In what position are the brows?",
         "Does {p} raise or knit {their} brows?", "eyebrows up or down?", "Tell me about the position of the eyebrows.",
         "Is {p} frowning with {their} brows or raising them?", "Where are the brows, high or low?",
         "Describe {ps} eyebrows at this moment.", "Has {p} moved {their} eyebrows?", "Which way did the eyebrows go?",
         "Are the brows drawn together or lifted?", "Do the eyebrows move up, move down or rest?",
         "Anything happening with the brows?", "Are {ps} brows furrowed, raised or relaxed?"),
        (("Does {p} raise {their} eyebrows?", "brows", "raised"), ("Is {p} knitting {their} brows?", "brows",
        "lowered"),
         ("Has {p} raised an eyebrow or both?", "brows", "raised"), ("Does {p} furrow {their} brow?", "brows",
         "lowered"),
         ("Did the eyebrows go up?", "brows", "raised"), ("Is the brow furrowed?", "brows", "lowered")),
        (),
        ("the eyebrows", "the brows", "the position of the brows"),
    ),
    Topic(
        "expression", ("expression",), {"expression": _LOOK},
        ("What expression does {p} have?", "What is {ps} facial expression?", "How does {p} look, happy or sad?",
         "What mood does the face show?", "What look is on {ps} face?", "How would you describe the expression?",
         "Which emotion does the face show?", "What kind of face is {p} making?",
         "Does the face look happy, sad, angry or neutral?",
         "what's with that face", "Describe the expression on {ps} face.", "What does {ps} expression look like?",
         "What feeling does the face seem to show?", "How does {p} seem to feel, going by the face?",
         "Tell me the facial expression.",
         "Read the expression for me.", "Which expression is {p} wearing?", "What sort of look does {p} give?"),
        (("Does {p} look happy?", "expression", "happy"), ("Does {p} look surprised?", "expression", "surprised"),
         ("Does {p} look sad?", "expression", "sad"), ("Does {p} seem angry?", "expression", "angry"),
         ("Is {ps} expression neutral?", "expression", "neutral"), ("Does {p} look cheerful?", "expression", "happy"),
         ("Does {p} look tired and sleepy?", "expression", "sleepy"), ("Does {p} have a poker face?", "expression",
         "neutral"),
         ("Does the face show surprise?", "expression", "surprised"), ("Does the face show anger?", "expression",
         "angry"),
         ("Does the face show disgust?", "expression", "disgusted"), ("Does the face show joy?", "expression",
         "happy")),
        (),
        ("the expression", "the mood of the face", "the look on the face"),
    ),
)  # fmt: skip
