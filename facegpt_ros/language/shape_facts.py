"""Facts of how a face is built, by the words of the attribute table."""

from __future__ import annotations

import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.language.attribute_table import ATTRIBUTES
from facegpt_ros.language.attributes import axis_weights, read
from facegpt_ros.language.fact import Doubt, Fact, combined, filled, graded
from facegpt_ros.morphable.model import MorphableModel

#: Attributes that facts speak of → (few, middling, much). What somebody is cannot be seen, so there is no masculinity.
SHAPES: dict[str, tuple[str, str, str]] = {
    "age": ("young", "middle-aged", "old"),
    "face_width": ("narrow", "average", "wide"),
    "face_length": ("short", "average", "long"),
    "jaw_width": ("narrow", "average", "wide"),
    "chin_protrusion": ("receding", "average", "prominent"),
    "nose_width": ("narrow", "average", "wide"),
    "nose_length": ("short", "average", "long"),
    "mouth_width": ("narrow", "average", "wide"),
    "lower_lip_fullness": ("thin", "average", "full"),
    "eye_distance": ("close-set", "average", "wide-set"),
    "eye_width": ("small", "average", "large"),
    "brow_height": ("low", "average", "high"),
    "cheek_fullness": ("hollow", "average", "full"),
}
_EDGE = 0.7  # as degrees.py counts a word as present, in its units
_SPREAD = 0.6
_TONE = ATTRIBUTES["skin_tone"]


def shape_facts(model: MorphableModel, face: Face, spread: Doubt) -> list[Fact]:
    """One fact for each of SHAPES that the model measures, in units of the attribute's scale (about σ)."""
    values = read(model, face.identity, face.expression, face.albedo)
    readout = model.axes.describe(np.eye(len(face.identity))).T  # (A, I)
    sigma = filled(spread.identity, _SPREAD, len(face.identity))
    facts = []
    for key, words in SHAPES.items():
        attribute = ATTRIBUTES[key]
        doubt = combined(axis_weights(model, attribute) @ readout, sigma) / attribute.scale
        facts.append(graded(key, float(values[key]) / attribute.scale, doubt, (-_EDGE, _EDGE), words,
                            trust=face.confidence, unit="sigma", face=face.face_id))  # fmt: skip
    tones = [model.albedo_names.index(name) for name in _TONE.axes if name in model.albedo_names]
    if tones:
        doubt = float(filled(spread.albedo, _SPREAD, len(face.albedo))[tones].max()) / _TONE.scale
        facts.append(graded("skin_tone", float(values["skin_tone"]) / _TONE.scale, doubt, (-_EDGE, _EDGE),
                            ("dark", "medium", "light"), trust=face.confidence, unit="sigma",
                            face=face.face_id))  # fmt: skip
    return facts
