"""Questions about where faces are, and about several of them."""

from __future__ import annotations

from facegpt_ros.language.topic import Phrases, Topic

_DISTANCE = Phrases(
    "{p}",
    {
        "very close": ("?very close to the camera", "?very near"),
        "close": ("?quite near", "?at a close distance"),
        "some steps away": ("?some steps away", "?a few steps away"),
        "far away": ("?far away", "?far from the camera"),
        "very close|close": ("?close", "?near the camera"),
    },
    {word: ("{P} {is} about {n} away.", "The distance is roughly {n}.", "{P} {is} " + word + ", at roughly {n}.")
     for word in ("very close", "close", "some steps away", "far away")},
)  # fmt: skip
_ACROSS = Phrases(
    "{ps} face",
    {
        "left": ("on the left of the image", "in the left part of the picture", "?on the left"),
        "centre": ("in the centre of the image", "in the middle of the picture", "?in the centre"),
        "right": ("on the right of the image", "in the right part of the picture", "?on the right"),
    },
    {
        "left": ("You find the face on the left of the image.",),
        "centre": ("You find the face in the centre of the image.",),
        "right": ("You find the face on the right of the image.",),
    },
)
_DOWN = Phrases(
    "{ps} face",
    {
        "top": ("near the top of the image", "in the upper part of the picture"),
        "middle": ("!at middle height in the image",),
        "bottom": ("near the bottom of the image", "in the lower part of the picture"),
    },
    {"top": ("The face is high up in the picture.",), "bottom": ("The face is low in the picture.",)},
)
_SIZE = Phrases(
    "{ps} face",
    {
        "small": ("small in the image", "small in the picture", "?tiny in the frame"),
        "medium": ("of medium size in the image", "neither large nor small in the picture"),
        "large": ("large in the image", "large in the picture", "?filling the frame"),
    },
    {word: ("The face is " + word + (" in size" if word == "medium" else " in the picture") + ": it takes about {n} "
    "of the image's height.",
            "It takes about {n} of the picture's height, which is " + ("medium" if word == "medium" else word) + ".")
     for word in ("small", "medium", "large")},
)  # fmt: skip

_SPELT = ("no faces", "one face", "two faces", "three faces", "four faces", "five faces", "six faces")
_FACES = Phrases(
    "the number of faces",
    {},
    {str(n): (f"I see {text}.", f"There {'is' if n == 1 else 'are'} {text} in the image.", f"I can make out {text}.")
     for n, text in enumerate(_SPELT)}
    | {str(n): (f"I see {n} faces.", f"There are {n} faces in the image.") for n in range(7, 17)},
)  # fmt: skip
_ORDER = {"left": "on the left", "right": "on the right", "middle": "in the middle"} | {
    word: f"{word} from the left"
    for word in ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", *(f"{i}th" for i in range(9, 16)))
}
_NEAREST = Phrases(
    "the nearest person",
    {word: (f"the one {where}",) for word, where in _ORDER.items()},
    {
        word: (f"The one {where} is the nearest.", f"The person {where} is closest to the camera.")
        for word, where in _ORDER.items()
    },
)
_SMILER = Phrases(
    "the one who smiles most",
    {word: (f"the one {where}",) for word, where in _ORDER.items()},
    {
        word: (f"The one {where} smiles the most.", f"The person {where} has the biggest smile.")
        for word, where in _ORDER.items()
    }
    | {"nobody": ("Nobody is smiling.", "I see no smile on any of them.")},
)

PLACE = (
    Topic(
        "distance", ("distance",), {"distance": _DISTANCE},
        ("How far away is {p}?", "How close is {p}?", "What is the distance to {pobj}?",
        "How far is {p} from the camera?",
         "Is {p} near or far?", "How near is {p}?", "Roughly how far off is {p}?", "distance?",
         "What's the range to the face?",
         "How far apart are the camera and {p}?", "Is {p} close by or far away?", "Give me the distance of the face.",
         "How distant is {p}?", "How far would I have to walk to reach {pobj}?", "Estimate how far {p} is from here.",
         "Does {p} stand near me or far away?", "How much space is between me and {pobj}?", "At what distance is {p}?"),
        (("Does {p} stand close to the camera?", "distance", "very close|close"), ("Is {p} far off?", "distance",
        "far away"),
         ("Is {p} standing far away from {you_obj}?", "distance", "far away"), ("Has {p} come near?", "distance",
         "very close|close"),
         ("Is {p} right in front of the camera, very near?", "distance", "very close"), ("Is {p} near?", "distance",
         "very close|close")),
        ("How many metres away is {p}?", "How many metres is it to {pobj}?", "Distance in metres?",
        "What's the distance to {pobj} in metres?",
         "how many meters to the face", "Tell me the distance to {pobj} as a number."),
        ("the distance", "how far away they are", "how near they are"),
    ),
    Topic(
        "position", ("position_side", "position_height"), {"position_side": _ACROSS, "position_height": _DOWN},
        ("Where in the image is {p}?", "Where is {ps} face in the picture?", "In which part of the frame is {p}?",
         "Is {p} in the left, the centre or the right of the image?", "Where in the frame is the face?",
         "Where do I find {pobj} in the picture?",
         "Whereabouts in the image is the face?", "position in the frame?", "Which part of the picture shows {p}?",
         "Is the face centred in the image?", "Where on the screen is {p}?", "In what region of the photo is the face?",
         "Tell me where in the picture {p} is.", "Is {p} in the middle of the frame or off to a side?",
         "What place in the image does the face have?", "Which third of the image is the face in?",
         "Locate the face in the image.",
         "On which side of the picture is {p}?"),
        (("Do {you} have {pobj} in the middle of the picture?", "position_side", "centre"),
        ("Is {p} in the left part of the frame?", "position_side", "left"),
         ("Is {p} in the right part of the frame?", "position_side", "right"), ("Is the face off-centre?",
         "position_side", "left|right"),
         ("Is the face high up in the frame?", "position_height", "top"), ("Is {p} well centred in the frame?",
         "position_side", "centre")),
        (),
        ("the position in the image", "the place in the picture", "where they are in the frame"),
    ),
    Topic(
        "size", ("size",), {"size": _SIZE},
        ("How big is {ps} face in the image?", "How large does the face appear?",
        "How much of the picture does the face fill?",
         "What size does the face have in the frame?", "Does the face fill the picture?",
         "Is the face large or small in the image?",
         "How much room does {p} take up in the image?", "size of the face in the picture?",
         "What share of the image's height is the face?",
         "How big does {p} appear on the screen?", "Is {ps} face big in the frame?",
         "How much of the frame is taken by the face?",
         "Tell me how large the face is in the picture.", "Does {p} appear large or tiny?",
         "Is it a close-up, going by the size of the face?",
         "How tall is the face within the image?", "Is the face just a small part of the image?",
         "What portion of the frame does {ps} face occupy?"),
        (("Does {ps} face fill most of the picture?", "size", "large"), ("Is the face tiny in the picture?", "size",
        "small"),
         ("Does the face appear small?", "size", "small"), ("Does the face take up much of the frame?", "size",
         "large"),
         ("Is the face rather large in the frame?", "size", "large"), ("Is {ps} face only a small spot?", "size",
         "small")),
        ("How many percent of the image's height does the face take?",
        "What percentage of the picture's height is the face?",
         "how many percent of the frame is the face high", "Give me the face's height in percent of the image.",
         "By how many percent does the face fill the image's height?", "Height of the face, in percent of the frame?"),
        ("the size in the image", "how big the face is in the picture", "the size in the frame"),
    ),
    Topic(
        "count", ("faces",), {"faces": _FACES},
        ("How many faces do you see?", "How many people are there?", "How many persons are in the image?",
        "Count the faces.",
         "Is anybody there?", "How many heads can you see?", "What's the number of faces in the picture?",
         "how many people?",
         "Is there more than one person?", "Do you see anyone?", "Are there several people or just one?",
         "Who all is there, I mean how many?",
         "How many faces are visible?", "Is anyone in front of the camera?", "Tell me the number of people.",
         "Am I alone in the picture or are there others?", "Can you count how many people are looking in?",
         "What's the headcount?"),
        (("Do you see a face?", "faces", "+1"), ("Are there two or more people in the picture?", "faces", "+2"),
         ("Is there anybody in the image?", "faces", "+1"), ("Is there just one person?", "faces", "1"),
         ("Can you see somebody?", "faces", "+1"), ("Do you see exactly two people?", "faces", "2")),
        (),
        ("the number of people", "how many people there are", "other people"),
    ),
    Topic(
        "nearest", ("nearest",), {"nearest": _NEAREST},
        ("Who is closest to the camera?", "Which of them is nearer?", "Who stands closest?",
        "Which person is the nearest?",
         "Which face is closer to me?", "Who is in front?", "Who is nearer to the camera?", "Which one is closest?",
         "who's closest", "Which of the people is nearest to you?", "Is the left or the right person closer?",
         "Who of them stands nearer?", "Tell me who is nearest.", "Which of the faces has the shortest distance?",
         "Who's standing in the front?", "Of these people, who is least far away?",
         "Compare their distances: who is nearer?",
         "Which person would I reach first?"),
        (), (), ("who is nearest", "the nearest one", "the closest person"), several=True,
    ),
    Topic(
        "most_smiling", ("most_smiling",), {"most_smiling": _SMILER},
        ("Who smiles the most?", "Which of them is smiling more?", "Who has the bigger smile?",
        "Which person smiles most?",
         "Who is smiling the most?", "Whose smile is the biggest?", "Which face shows the broadest smile?",
         "who smiles more",
         "Is the left or the right person smiling more?", "Who looks like smiling more than the others?",
         "Compare their smiles: whose is bigger?", "Which of the people is smiling most?",
         "Tell me who smiles the most.",
         "Who of them grins more?", "Whose grin is wider?", "Which one has the strongest smile?",
         "Of these faces, which smiles the most?",
         "Who's the one with the biggest grin?"),
        (), (), ("who smiles most", "the biggest smile", "the one who smiles more"), several=True,
    ),
)  # fmt: skip
