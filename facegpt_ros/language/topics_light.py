"""Questions about the light on a face."""

from __future__ import annotations

from facegpt_ros.language.fact import LEFT, RIGHT
from facegpt_ros.language.topic import Phrases, Topic

_SIDE = Phrases(
    "the light",
    {
        LEFT: ("coming from {your} left", "coming from the left of the image", "?coming from the left"),
        RIGHT: ("coming from {your} right", "coming from the right of the image", "?coming from the right"),
        "front": ("coming from the front", "coming from the camera's side"),
        "behind": ("coming from behind", "coming from the back"),
        f"{LEFT}|{RIGHT}": ("?coming from one side", "?coming from the side"),
    },
    {
        LEFT: (
            "Most light falls on {pobj} from {your} left.",
            "The side of the face on {your} left is the brighter one.",
        ),
        RIGHT: (
            "Most light falls on {pobj} from {your} right.",
            "The side of the face on {your} right is the brighter one.",
        ),
        "front": ("{P} {is} lit from the front.",),
        "behind": ("{P} {is} lit from behind.",),
    },
)
_HEIGHT = Phrases(
    "the light",
    {
        "above": ("coming from above", "coming from overhead", "?coming from the ceiling"),
        "below": ("coming from below", "coming from underneath"),
        "level": ("!coming in at the level of the face", "?coming from eye level"),
    },
    {"above": ("{P} {is} lit from above.",), "below": ("{P} {is} lit from below.",)},
)
_CONTRAST = Phrases(
    "the light",
    {
        "soft": ("soft", "soft and even", "even"),
        "medium": ("neither hard nor quite even", "moderately even", "of medium contrast"),
        "hard": ("hard", "harsh", "hard, with strong contrast"),
    },
    {
        "soft": ("The lighting is soft, with hardly any shadow.", "The face is evenly lit."),
        "medium": ("There is some contrast, but the light is not hard.",),
        "hard": ("The lighting is hard: one side is much darker.",),
    },
)
_BRIGHT = Phrases(
    "the light on {ps} face",
    {
        "dim": ("dim", "weak", "rather dark"),
        "normal": ("of normal brightness", "neither bright nor dim", "of medium brightness"),
        "bright": ("bright", "strong"),
    },
    {
        "dim": ("The face is dimly lit.", "{P} {is} poorly lit, it is rather dark."),
        "normal": ("The face is normally lit.", "The brightness is about normal."),
        "bright": ("The face is brightly lit.", "{P} {is} in bright light."),
    },
)
_TINT = Phrases(
    "the light",
    {
        "warm": ("warm", "warm, a bit reddish or yellow", "warm in colour"),
        "cool": ("cool", "cool, a bit bluish", "cool in colour"),
        "neutral": ("neutral in colour", "about white", "neither warm nor cool"),
    },
    {
        "warm": ("The light has a warm tint.",),
        "cool": ("The light has a cool tint.",),
        "neutral": ("The light has no tint to speak of.", "The light looks white."),
    },
)

LIGHT = (
    Topic(
        "light_direction", ("light_side", "light_height"), {"light_side": _SIDE, "light_height": _HEIGHT},
        ("Where does the light come from?", "From which direction is {p} lit?", "Where is the lamp?",
        "Which side is the light on?",
         "What direction is the lighting from?", "Where is the light source?", "From where is the face illuminated?",
         "Which side of the face is brighter?", "light from where?",
         "On which side do the shadows fall, and where's the light?",
         "From which side does the light fall on {ps} face?", "Where would the lamp or window be?",
         "Tell me the direction of the light.", "Is the face lit from the left, the right or the front?",
         "Where's the main light?", "Does the light come from above, below or the side?",
         "Which way does the light fall?",
         "Where is the brightest light coming from?"),
        (("Does the light come from above?", "light_height", "above"), ("Is {p} lit from the front?", "light_side",
        "front"),
         ("Is the lamp to {your} left?", "light_side", LEFT), ("Is the lamp to {your} right?", "light_side", RIGHT),
         ("Is {p} lit from below?", "light_height", "below"), ("Is {p} backlit?", "light_side", "behind")),
        (),
        ("the direction of the light", "where the light comes from", "the light source"),
    ),
    Topic(
        "light_brightness", ("light_brightness",), {"light_brightness": _BRIGHT},
        ("Is the light bright or dim?", "How bright is it?", "How well is {p} lit?", "How much light is there?",
         "Is {p} in bright or dim light?", "What's the brightness of the light?", "Is it dark or bright there?",
         "Is there enough light on {ps} face?", "bright or dark?", "Is the face well lit or in the dark?",
         "How strong is the light on the face?", "Tell me about the brightness.", "Is the scene gloomy or bright?",
         "How intense is the lighting?", "Is the light strong or weak?", "How light or dark is the picture of {pobj}?",
         "Would I need more light to see {pobj} well?", "Is the exposure of the face bright, normal or dark?"),
        (("Is the face dimly lit?", "light_brightness", "dim"), ("Is it dark?", "light_brightness", "dim"),
         ("Is the face brightly lit?", "light_brightness", "bright"), ("Is {p} standing in the dark?",
         "light_brightness", "dim"),
         ("Is it a bright light?", "light_brightness", "bright"), ("Is the light too weak?", "light_brightness",
         "dim")),
        (),
        ("the brightness", "how bright it is", "the strength of the light"),
    ),
    Topic(
        "light_contrast", ("light_contrast",), {"light_contrast": _CONTRAST},
        ("Is the light hard or soft?", "How hard is the light?", "Are there strong shadows on {ps} face?",
        "Is the face evenly lit?",
         "What quality does the light have, hard or soft?", "How even is the lighting?",
         "Is the lighting harsh or gentle?",
         "How strong are the shadows?", "hard light or soft light?", "How much contrast does the lighting make?",
         "Is it flat, even light or dramatic light?", "Do shadows fall across the face?",
         "Is the light diffuse or hard?",
         "Tell me how harsh the light is.", "How contrasty is the light?", "Does one side of the face lie in shadow?",
         "Is the illumination uniform over the face?", "What kind of shadows are there, strong or hardly any?"),
        (("Is the lighting harsh?", "light_contrast", "hard"), ("Is the lighting even?", "light_contrast", "soft"),
         ("Is half of the face in deep shadow?", "light_contrast", "hard"), ("Is it soft lighting?", "light_contrast",
         "soft"),
         ("Is there strong contrast in the light?", "light_contrast", "hard"), ("Is the light diffuse?",
         "light_contrast", "soft")),
        (),
        ("the shadows", "how hard the light is", "the contrast"),
    ),
    Topic(
        "light_tint", ("light_tint",), {"light_tint": _TINT},
        ("What colour is the light?", "Is the light warm or cool?", "Does the light have a tint?",
        "What tint does the lighting have?",
         "Which colour does the lighting have?", "Is the white balance warm or cool?", "How warm is the light?",
         "Is it warm lamplight or cool daylight?", "light colour?", "Is the light bluish, yellowish or white?",
         "What's the colour temperature like?", "Does the light look reddish or bluish?",
         "Tell me the colour of the light.",
         "Is the illumination tinted?", "What hue does the light have?", "Is the light white or coloured?",
         "Does the lighting feel warm or cold?", "Is there a colour cast from the light?"),
        (("Is the light yellowish?", "light_tint", "warm"), ("Is the light bluish?", "light_tint", "cool"),
         ("Does the light have a warm tint?", "light_tint", "warm"), ("Is the lighting cold?", "light_tint", "cool"),
         ("Is it white light?", "light_tint", "neutral"), ("Is there a warm cast on the face?", "light_tint", "warm")),
        (),
        ("the colour of the light", "the tint of the light", "the light's colour"),
    ),
)  # fmt: skip
