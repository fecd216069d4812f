"""Questions about how a face is built."""

from __future__ import annotations

from facegpt_ros.language.topic import Phrases, Topic


def _graded(subject: str, few: str, much: str, noun: str, *, plural: bool = False) -> Phrases:
    """few, much: the words of the values, with synonyms after /; noun: what they measure."""
    low, high = few.split("/"), much.split("/")
    part = subject.replace("{ps} ", "") + " that are" if plural else "a " + subject.replace("{ps} ", "") + " that is"
    return Phrases(
        subject,
        {
            low[0]: tuple(low),
            high[0]: tuple(high),
            "average": (f"!of average {noun}", f"!neither {low[0]} nor {high[0]}", f"!about average in {noun}"),
        },
        {word: (f"I see {part} rather {word}.",) for word in (low[0], high[0])},
        plural,
    )


_AGE = Phrases(
    "{p}",
    {
        "young": ("young-looking", "?youthful"),
        "middle-aged": ("!neither young- nor old-looking", "!middle-aged by the look of the face", "?middle-aged"),
        "old": ("old-looking", "?elderly"),
    },
    {
        "young": ("{P} look{s} young.", "The face looks young."),
        "middle-aged": ("{P} look{s} neither young nor old.", "The face looks middle-aged."),
        "old": ("{P} look{s} old.", "The face looks rather old."),
    },
)
_TONE = Phrases(
    "{ps} skin",
    {
        "dark": ("dark", "deep in tone"),
        "medium": ("of a medium tone", "neither light nor dark"),
        "light": ("light", "fair"),
    },
    {
        "dark": ("{P} {has} dark skin.",), "medium": ("{P} {has} skin of a medium tone.",),
        "light": ("{P} {has} light skin.",),
    },
)  # fmt: skip
_FORM = {
    "face_width": _graded("{ps} face", "narrow/slender", "wide/broad", "width"),
    "face_length": _graded("{ps} face", "short", "long", "length"),
    "jaw_width": _graded("{ps} jaw", "narrow", "wide/broad", "width"),
    "chin_protrusion": _graded("{ps} chin", "receding", "prominent/protruding", "prominence"),
    "cheek_fullness": _graded("{ps} cheeks", "hollow/sunken", "full/plump", "fullness", plural=True),
}
_NOSE = {
    "nose_width": _graded("{ps} nose", "narrow/thin", "wide/broad", "width"),
    "nose_length": _graded("{ps} nose", "short", "long", "length"),
}
_LIPS = {
    "lower_lip_fullness": _graded("{ps} lower lip", "thin", "full/thick", "fullness"),
    "mouth_width": _graded("{ps} mouth", "narrow", "wide/broad", "width"),
}
_EYES = {
    "eye_distance": _graded("{ps} eyes", "close-set/close together", "wide-set/far apart", "spacing", plural=True),
    "eye_width": _graded("{ps} eyes", "small", "large/big", "size", plural=True),
    "brow_height": _graded("{ps} brows", "low/set low", "high/set high", "height", plural=True),
}

SHAPE = (
    Topic(
        "face_shape", ("face_width", "face_length", "jaw_width", "chin_protrusion", "cheek_fullness"), _FORM,
        ("What shape does {ps} face have?", "Describe the shape of {ps} face.", "Is the face wide or narrow?",
        "What is {ps} face shaped like?",
         "How is the face built?", "What form does the face have?", "Is it a long face or a short one?",
         "What stands out about the shape of the face?",
         "shape of the face?", "Is {ps} jaw broad or narrow?", "What are the proportions of the face?",
         "How wide is {ps} face?",
         "Tell me about the contours of the face.", "Are the cheeks full or hollow?",
         "Does {p} have a round, wide or narrow face?",
         "What kind of chin and jaw does {p} have?", "How would you sketch the outline of the face?",
         "Which features of the face's build are striking?"),
        (("Does {p} have a wide face?", "face_width", "wide"), ("Does {p} have a narrow face?", "face_width", "narrow"),
         ("Does {p} have a broad jaw?", "jaw_width", "wide"), ("Does {p} have a prominent chin?", "chin_protrusion",
         "prominent"),
         ("Does {p} have a long face?", "face_length", "long"), ("Does {p} have full cheeks?", "cheek_fullness",
         "full")),
        (), ("the shape of the face", "the jaw and cheeks", "the face's proportions"),
    ),
    Topic(
        "nose", ("nose_width", "nose_length"), _NOSE,
        ("What is {ps} nose like?", "Describe {ps} nose.", "Is the nose wide or narrow?", "How big is {ps} nose?",
        "What kind of nose does {p} have?",
         "Is {ps} nose long or short?", "How would you describe the nose?", "What shape is the nose?",
         "how's the nose shaped",
         "What does {ps} nose look like?", "Tell me about the nose.", "What sort of nose is it?",
         "Is it a broad nose or a slim one?",
         "Does {p} have a big or a small nose?", "What can you say about {ps} nose?", "How wide is the nose?",
         "What's the form of the nose?",
         "How long is {ps} nose?"),
        (("Does {p} have a wide nose?", "nose_width", "wide"), ("Does {p} have a long nose?", "nose_length", "long"),
         ("Does {p} have a narrow nose?", "nose_width", "narrow"), ("Does {p} have a short nose?", "nose_length",
         "short"),
         ("Is it a broad nose?", "nose_width", "wide"), ("Is it a long nose?", "nose_length", "long")),
        (), ("the nose", "the nose's shape", "the shape of the nose"),
    ),
    Topic(
        "lips", ("lower_lip_fullness", "mouth_width"), _LIPS,
        ("What are {ps} lips like?", "Are {ps} lips full or thin?", "Is {ps} mouth wide or narrow by nature?",
        "What kind of lips does {p} have?",
         "How full are the lips?", "How thick is {ps} lower lip?", "Does {p} have full or thin lips?",
         "full lips or thin lips?",
         "How broad is {ps} mouth built?", "What is the lower lip like, full or thin?",
         "Describe how full {ps} lips are.",
         "Tell me if the lips are thin or thick.", "What's the width of the mouth, wide or narrow?",
         "Would you call the lips full?",
         "Are those thick lips or thin ones?", "Is it a small mouth or a broad one?", "Are the lips on the thin side?",
         "What build of mouth does {p} have, broad or small?"),
        (("Does {p} have full lips?", "lower_lip_fullness", "full"), ("Does {p} have thin lips?", "lower_lip_fullness",
        "thin"),
         ("Does {p} have a wide mouth?", "mouth_width", "wide"), ("Does {p} have a narrow mouth?", "mouth_width",
         "narrow"),
         ("Has {p} a full lower lip?", "lower_lip_fullness", "full"), ("Has {p} got a broad mouth?", "mouth_width",
         "wide")),
        (), ("the fullness of the lips", "full or thin lips", "the width of the mouth"),
    ),
    Topic(
        "eye_shape", ("eye_distance", "eye_width", "brow_height"), _EYES,
        ("What shape are {ps} eyes?", "Are {ps} eyes large or small?", "Are the eyes wide-set or close-set?",
        "How far apart are {ps} eyes?",
         "What kind of eyes does {p} have?", "Are the eyes big or small?", "How are {ps} eyes spaced?",
         "big eyes or small eyes?",
         "Do the eyes sit close together or far apart?", "How large are {ps} eyes?",
         "Describe the size and spacing of the eyes.",
         "Is there much room between the eyes?", "Tell me how the eyes are set.", "How big are the eyes?",
         "Are {ps} eyes close together?",
         "Does {p} have wide-set eyes or close ones?", "What size are {ps} eyes?",
         "How wide is the space between {ps} eyes?"),
        (("Does {p} have large eyes?", "eye_width", "large"), ("Does {p} have small eyes?", "eye_width", "small"),
         ("Does {p} have wide-set eyes?", "eye_distance", "wide-set"), ("Does {p} have close-set eyes?",
         "eye_distance", "close-set"),
         ("Do the eyes sit far apart?", "eye_distance", "wide-set"), ("Does {p} have big eyes?", "eye_width", "large")),
        (), ("the size of the eyes", "how the eyes are set", "the spacing of the eyes"),
    ),
    Topic(
        "apparent_age", ("age",), {"age": _AGE},
        ("Does {p} look young or old?", "How old does {p} look, roughly?", "Is it a young or an old face?",
        "What age group does the face look like?",
         "Would you call the face young or old?", "Does the face look youthful or elderly?", "young or old looking?",
         "How aged does the face look?",
         "Does {p} appear young, middle-aged or old?", "What age impression does the face give?",
         "Is {p} young-looking or old-looking?",
         "How youthful does {p} look?", "Tell me whether the face looks young or old.",
         "Going by the face, young or old?",
         "Roughly, does {p} seem young, in the middle or elderly?", "Is it the face of a younger or an older person?",
         "Does it look like an elderly face or a youthful one?",
         "Which looks right for this face: young, middle-aged or old?"),
        (("Does {p} look old?", "age", "old"), ("Does {p} look young?", "age", "young"), ("Is it an old face?", "age",
        "old"),
         ("Is it a young face?", "age", "young"), ("Does the face look youthful?", "age", "young"),
         ("Does the face look elderly?", "age", "old")),
        (), ("young or old", "how old the face looks", "the age the face looks"),
    ),
    Topic(
        "skin_tone", ("skin_tone",), {"skin_tone": _TONE},
        ("What colour is {ps} skin?", "Is {ps} skin light or dark?", "What skin tone does {p} have?",
        "How light is {ps} skin?",
         "Describe the skin tone.", "What's the tone of the skin?", "How dark is {ps} skin?", "skin tone?",
         "What complexion does {p} have?",
         "Is the skin fair, medium or dark?", "Which colour does the skin have?",
         "Does {p} have light, medium or dark skin?",
         "Tell me the colour of {ps} skin.", "What shade is the skin?", "How would you describe {ps} complexion?",
         "Is it fair or dark skin?",
         "What's the complexion like?", "In what tone is the skin?"),
        (("Does {p} have dark skin?", "skin_tone", "dark"), ("Does {p} have light skin?", "skin_tone", "light"),
         ("Does {p} have fair skin?", "skin_tone", "light"), ("Is the complexion dark?", "skin_tone", "dark"),
         ("Is it a fair complexion?", "skin_tone", "light"), ("Is the complexion of a medium tone?", "skin_tone",
         "medium")),
        (), ("the skin tone", "the colour of the skin", "the complexion"),
    ),
)  # fmt: skip
