"""The table of everything that can be named about a face.

`high` and `low` are plain words that fit "{word} {noun}" or, where noun is empty, stand alone ("old", "smiling"). Left
and right are the person's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

IDENTITY, EXPRESSION, ALBEDO = "identity", "expression", "albedo"


@dataclass(frozen=True)
class Attribute:
    """One nameable thing.

    Attributes:
        key: stable name.
        kind: IDENTITY, EXPRESSION or ALBEDO.
        noun: the part that the words are about; empty for what is said of the whole face.
        high, low: words for much and for little; some, such as expressions, have no opposite.
        axes: identity: named axis of morphable/axes.py → weight of it; albedo: name of the albedo axis → weight.
        acts: expression: ARKit action → activation at value 1.
        plus, minus: expression: its value is that of plus less that of minus, 0..1.
        least: the value of plus is its least action, not the mean.
        scale: units of the axis, or activation, that one unit of degrees.py means.
        limits: values that faces are drawn within, for what lies outside looks like nobody's.
    """

    key: str
    kind: str
    noun: str
    high: tuple[str, ...]
    low: tuple[str, ...] = ()
    axes: Mapping[str, float] = field(default_factory=dict)
    acts: Mapping[str, float] = field(default_factory=dict)
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    least: bool = False
    scale: float = 1.0
    limits: tuple[float, float] = (-4.5, 4.5)


def _shape(key: str, noun: str, high: str, low: str, scale: float = 1.0, **axes: float) -> Attribute:
    return Attribute(key, IDENTITY, noun, _words(high), _words(low), axes=axes or {key: 1.0}, scale=scale)


def _tone(key: str, noun: str, high: str, low: str, axis: str, scale: float, limits: tuple[float, float]) -> Attribute:
    return Attribute(key, ALBEDO, noun, _words(high), _words(low), axes={axis: 1.0}, scale=scale, limits=limits)


def _act(
    key: str, noun: str, high: str, plus: str, minus: str = "", scale: float = 1.0, least: bool = False, **also: float
) -> Attribute:
    """plus and minus: actions, `*` for both sides; also: stems that go with it when the face is drawn."""
    acts = dict.fromkeys(sides(plus), 1.0)
    acts.update({name: weight for stem, weight in also.items() for name in sides(stem.replace("_both", "*"))})
    return Attribute(
        key, EXPRESSION, noun, _words(high), acts=acts, plus=sides(plus), minus=sides(minus), least=least, scale=scale
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split("/") if word)


def sides(text: str) -> tuple[str, ...]:
    """Names of actions; "mouthSmile*" is both sides'."""
    names = text.split()
    return tuple(side for n in names for side in ((n[:-1] + "Left", n[:-1] + "Right") if n.endswith("*") else (n,)))


_ROWS = (
    # The slider alone hardly shows: what goes with age in the measures is read and drawn with it.
    _shape(
        "age",
        "",
        "old/elderly",
        "young/youthful",
        1.6,
        age=1.0,
        upper_lip_fullness=-0.3,
        lower_lip_fullness=-0.2,
        nose_length=0.2,
        eye_openness=-0.3,
        brow_height=-0.2,
    ),
    _shape("masculinity", "", "masculine/manly", "feminine/womanly", 1.5, masculinity=1.0),
    _shape(
        "weight", "", "heavy/chubby", "thin/slim", 1.0, weight=0.5, cheek_fullness=0.8, jaw_width=0.35, face_width=0.35
    ),
    _shape("face_width", "face", "wide/broad", "narrow/slender"),
    _shape("face_length", "face", "long", "short"),
    _shape("jaw_width", "jaw", "wide/broad/square", "narrow/slim"),
    _shape("chin_protrusion", "chin", "prominent/protruding", "receding/weak"),
    _shape("nose_width", "nose", "wide/broad", "narrow/thin"),
    _shape("nose_length", "nose", "long", "short"),
    _shape("nose_protrusion", "nose", "prominent/protruding", "flat"),
    _shape("nose_tip_height", "nose tip", "upturned/raised", "drooping/downturned"),
    _shape("mouth_width", "mouth", "wide/broad", "narrow/small"),
    _shape("upper_lip_fullness", "upper lip", "full/thick", "thin"),
    _shape("lower_lip_fullness", "lower lip", "full/thick", "thin"),
    _shape("eye_distance", "eyes", "wide-set/far-apart", "close-set"),
    _shape("eye_width", "eyes", "wide/long", "narrow/small"),
    _shape("eye_openness", "eyes", "round/large", "slit-like/hooded"),
    _shape("brow_height", "brows", "high", "low"),
    _shape("forehead_slope", "forehead", "sloping/receding", "upright/steep"),
    _shape("cheek_fullness", "cheeks", "full/plump", "hollow/sunken"),
    _tone("skin_tone", "skin", "light/fair", "dark/deep", "skin_lightness", 0.75, (-2.1, 2.1)),
    _tone("skin_warmth", "skin", "warm-toned/golden", "cool-toned/rosy", "skin_yellowness", 0.45, (-1.1, 1.1)),
    _tone("stubble", "", "stubbly/unshaven", "", "beard_shadow", 0.9, (-0.2, 2.4)),
    _tone("hair_tone", "hair", "light/fair", "dark/black", "hair_lightness", 0.9, (-2.4, 2.0)),
    _tone("eye_tone", "eyes", "light/pale", "dark", "iris_lightness", 0.8, (-2.0, 1.6)),
    _tone("eye_blueness", "eyes", "blue", "brown", "iris_blueness", 0.9, (-2.4, 2.4)),
    _tone("eye_greenness", "eyes", "green", "", "iris_greenness", 0.9, (-0.8, 2.4)),
    _act("smile", "", "smiling", "mouthSmile*", mouthDimple_both=0.2, cheekSquint_both=0.45, eyeSquint_both=0.2),
    _act("smirk_left", "", "smirking on the left", "mouthSmileLeft", "mouthSmileRight", 0.9),
    _act("smirk_right", "", "smirking on the right", "mouthSmileRight", "mouthSmileLeft", 0.9),
    _act("mouth_corners_down", "corners of the mouth", "turned-down", "mouthFrown*"),
    _act("jaw_open", "mouth", "open", "jawOpen", scale=0.75),
    _act("teeth_bared", "teeth", "bared", "mouthUpperUp* mouthLowerDown*", scale=0.9),
    _act("lip_pucker", "lips", "puckered/pursed", "mouthPucker"),
    _act("lip_funnel", "lips", "funnelled", "mouthFunnel", jawOpen=0.25),
    _act("lips_pressed", "lips", "pressed together/tight", "mouthPress*"),
    _act("lips_in", "lips", "rolled in/sucked in", "mouthRollLower mouthRollUpper", mouthClose=0.15),
    _act("mouth_stretch", "mouth", "stretched", "mouthStretch*"),
    _act("pout", "lower lip", "pushed up", "mouthShrugLower", mouthShrugUpper=0.5),
    _act("mouth_left", "mouth", "pulled to the left", "mouthLeft", "mouthRight"),
    _act("mouth_right", "mouth", "pulled to the right", "mouthRight", "mouthLeft"),
    _act("jaw_left", "jaw", "shifted to the left", "jawLeft", "jawRight"),
    _act("jaw_right", "jaw", "shifted to the right", "jawRight", "jawLeft"),
    _act("jaw_forward", "jaw", "thrust forward", "jawForward"),
    # Further out, the model's tongue goes through its chin.
    _act("tongue_out", "tongue", "out", "tongueOut", scale=0.5),
    _act("cheek_puff", "cheeks", "puffed out", "cheekPuff"),
    _act("nose_wrinkle", "nose", "wrinkled", "noseSneer*", scale=0.8, mouthClose=0.12),
    _act("brow_raise", "brows", "raised", "browOuterUp*", least=True, browInnerUp=0.7),
    _act("brow_raise_left", "left brow", "raised", "browOuterUpLeft", "browOuterUpRight"),
    _act("brow_raise_right", "right brow", "raised", "browOuterUpRight", "browOuterUpLeft"),
    _act("brow_inner_raise", "inner brows", "raised", "browInnerUp"),
    _act("frown", "brows", "knitted/furrowed", "browDown*"),
    _act("eyes_closed", "eyes", "closed/shut", "eyeBlink*", least=True, scale=1.3),
    _act("wink_left", "left eye", "winking", "eyeBlinkLeft", "eyeBlinkRight", 1.2, cheekSquintLeft=0.4),
    _act("wink_right", "right eye", "winking", "eyeBlinkRight", "eyeBlinkLeft", 1.2, cheekSquintRight=0.4),
    _act("eyes_wide", "eyes", "wide open", "eyeWide*"),
    _act("squint", "eyes", "squinting", "eyeSquint*"),
    _act("gaze_left", "eyes", "turned to the left", "eyeLookOutLeft eyeLookInRight", "eyeLookInLeft eyeLookOutRight"),
    _act("gaze_right", "eyes", "turned to the right", "eyeLookInLeft eyeLookOutRight", "eyeLookOutLeft eyeLookInRight"),
    _act("gaze_up", "eyes", "turned up", "eyeLookUp*", "eyeLookDown*"),
    _act("gaze_down", "eyes", "turned down", "eyeLookDown*", "eyeLookUp*", 0.9),
)
#: key → attribute, in the order in which values are listed everywhere.
ATTRIBUTES: dict[str, Attribute] = {row.key: row for row in _ROWS}
#: Expressions that pull against each other: no face is asked for both.
RIVALS = (
    {"smile", "mouth_corners_down"}, {"smile", "lip_pucker"}, {"smile", "lip_funnel"}, {"smile", "pout"},
    {"smile", "smirk_left"}, {"smile", "smirk_right"}, {"smirk_left", "smirk_right"}, {"smile", "lips_in"},
    {"smirk_left", "mouth_corners_down"}, {"smirk_right", "mouth_corners_down"},
    {"smirk_left", "lip_pucker"}, {"smirk_right", "lip_pucker"},
    {"smirk_left", "lip_funnel"}, {"smirk_right", "lip_funnel"}, {"mouth_left", "mouth_right"},
    {"jaw_open", "lips_pressed"}, {"jaw_open", "lips_in"}, {"jaw_open", "pout"}, {"jaw_open", "cheek_puff"},
    {"lip_pucker", "mouth_stretch"}, {"lip_pucker", "teeth_bared"}, {"lip_pucker", "lip_funnel"},
    {"lip_pucker", "lips_in"}, {"lips_in", "lip_funnel"}, {"lips_in", "tongue_out"}, {"lips_in", "teeth_bared"},
    {"lips_pressed", "teeth_bared"}, {"lips_pressed", "tongue_out"}, {"lips_pressed", "lip_funnel"},
    {"lips_pressed", "lips_in"}, {"lip_funnel", "teeth_bared"}, {"lip_funnel", "mouth_stretch"},
    {"cheek_puff", "teeth_bared"}, {"cheek_puff", "smile"}, {"cheek_puff", "tongue_out"}, {"pout", "teeth_bared"},
    {"cheek_puff", "mouth_stretch"}, {"pout", "tongue_out"}, {"pout", "mouth_stretch"}, {"lip_pucker", "tongue_out"},
    {"brow_raise", "frown"}, {"brow_raise_left", "frown"}, {"brow_raise_right", "frown"},
    {"brow_raise_left", "brow_raise_right"}, {"brow_raise", "brow_raise_left"}, {"brow_raise", "brow_raise_right"},
    {"brow_inner_raise", "frown"}, {"eyes_closed", "eyes_wide"}, {"eyes_closed", "wink_left"},
    {"eyes_closed", "wink_right"}, {"wink_left", "wink_right"}, {"wink_left", "eyes_wide"},
    {"wink_right", "eyes_wide"}, {"squint", "eyes_wide"}, {"eyes_closed", "gaze_left"}, {"eyes_closed", "gaze_right"},
    {"eyes_closed", "gaze_up"}, {"eyes_closed", "gaze_down"}, {"gaze_left", "gaze_right"}, {"gaze_up", "gaze_down"},
    {"jaw_left", "jaw_right"}, {"eyes_closed", "squint"},
)  # fmt: skip
