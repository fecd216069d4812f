"""Facts of eyes, mouth and brows, and what the whole looks like.

Words for a whole expression say how a face looks, not what anybody feels.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.language.fact import Doubt, Fact, combined, filled, graded
from facegpt_ros.morphable.linear import LinearModel

_ACTIVATION, _MORE_AT_ONE = 0.04, 0.08  # spread of an action at rest; estimates of strong ones err more
_SLIGHT, _BROAD = 0.2, 0.6  # of a smile
_ACTS = 0.3  # an action of the mouth or the brows shows from here on
_STRAINED = 0.5  # an action of mouth, nose or brows that no calm face shows
_LOOKS = 0.28  # an expression has a name from here on
_MOUTH_MM = (2.5, 8.0, 20.0)
_LIDS = (0.28, 0.62, 1.14)  # of the aperture at rest
_ONE_EYE = 0.4  # how much nearer to closed a winking eye is than the other
_LIPS, _LEFT_LID, _RIGHT_LID = ((61, 62, 63), (67, 66, 65)), ((43, 44), (47, 46)), ((37, 38), (41, 40))
_CALM = ("eye", "mouthSmile", "mouthDimple", "cheekSquint", "mouthClose", "jawOpen")
_DOWN_CLOSES = 0.5  # lids that follow the eyes down close them less than a blink does


@lru_cache(maxsize=2)
def _openings(model: LinearModel) -> tuple[np.ndarray, np.ndarray]:
    """Of the mean face, mm: at rest (3,) of lips, left and right lids; and their slopes by expression (3, E)."""
    count = len(model.expression_names)
    identity = np.zeros((count + 1, len(model.identity_names)), np.float32)
    points = model.landmarks(identity, np.eye(count + 1, count, dtype=np.float32))[..., 1].astype(np.float64)
    gaps = np.stack([points[:, a].mean(1) - points[:, b].mean(1) for a, b in (_LIPS, _LEFT_LID, _RIGHT_LID)]) * 1000
    return gaps[:, -1], gaps[:, :-1] - gaps[:, -1:]


class Activity:
    """δ of one face by name, with its spread; names that a model lacks are at rest."""

    def __init__(self, model: LinearModel, face: Face, spread: Doubt) -> None:
        self.names = {name: i for i, name in enumerate(model.expression_names)}
        self._value = np.asarray(face.expression, np.float64)
        self._spread = filled(spread.expression, 0.0, len(self._value))
        if spread.expression is None:
            self._spread = _ACTIVATION + _MORE_AT_ONE * self._value
        rest, slopes = _openings(model)
        share = np.ones(len(self._value))
        for name, i in self.names.items():
            if name.startswith("eyeLook"):
                share[i] = _DOWN_CLOSES
        lids = slopes[1:] * share / np.maximum(rest[1:, None], 1.0)
        self.mouth_mm = max(float(rest[0] + slopes[0] @ self._value), 0.0)
        self.mouth_spread = combined(slopes[0], self._spread)
        self.lids = np.maximum(1 + lids @ self._value, 0)  # left, right
        self.lids_spread = np.array([combined(row, self._spread) for row in lids])

    @property
    def strain(self) -> float:
        """The strongest action but those of lids, eyes and a smile."""
        return max((float(self._value[i]) for n, i in self.names.items() if not n.startswith(_CALM)), default=0.0)

    def has(self, *stems: str) -> bool:
        return all(any(n in self.names for n in (s, s + "Left", s + "Right")) for s in stems)

    def level(self, stem: str) -> float:
        """Mean of both sides, or of the one action of that name."""
        at = self._at(stem)
        return float(self._value[at].mean()) if at else 0.0

    def doubt(self, stem: str) -> float:
        at = self._at(stem)
        return float(np.sqrt((self._spread[at] ** 2).sum()) / len(at)) if at else float("inf")

    def _at(self, stem: str) -> list[int]:
        return [self.names[n] for n in (stem, stem + "Left", stem + "Right") if n in self.names]


def expression_facts(act: Activity, face: Face) -> list[Fact]:
    """eyes, wink, mouth, smile, mouth_shape, tongue, brows, expression; those whose actions the model names."""
    trust, who = face.confidence, face.face_id
    facts = [
        graded("mouth", act.mouth_mm, act.mouth_spread, _MOUTH_MM, ("closed", "slightly open", "open", "wide open"),
               trust=trust, unit="mm", face=who)
    ]  # fmt: skip
    if act.has("eyeBlink"):
        facts += _eyes(act, trust, who)
    if act.has("mouthSmile"):
        facts.append(graded("smile", act.level("mouthSmile"), act.doubt("mouthSmile"), (_SLIGHT, _BROAD),
                            ("no", "slight", "broad"), trust=trust, face=who))  # fmt: skip
        facts.append(_strongest("mouth_shape", _mouth_shapes(act), _ACTS, "neutral", trust, who))
    if act.has("tongueOut"):
        facts.append(graded("tongue", act.level("tongueOut"), act.doubt("tongueOut"), (_ACTS,), ("in", "out"),
                            trust=trust, face=who))  # fmt: skip
    if act.has("browDown", "browOuterUp"):
        raised = (max(act.level("browInnerUp"), act.level("browOuterUp")), act.doubt("browOuterUp"))
        brows = {"raised": raised, "lowered": (act.level("browDown"), act.doubt("browDown"))}
        facts.append(_strongest("brows", brows, _ACTS, "relaxed", trust, who))
    if act.has("mouthSmile", "browDown", "eyeWide"):
        look = _strongest("expression", _looks(act), _LOOKS, "neutral", trust, who)
        if look.value == "neutral" and act.strain > _STRAINED:
            look = replace(look, value="mixed", confidence=0.7 * trust, also=(*look.also, "neutral"))
        facts.append(look)
    return facts


def _eyes(act: Activity, trust: float, who: str) -> list[Fact]:
    left, right = act.lids
    mean = float(act.lids.mean())
    sigma = float(act.lids_spread.mean())
    words = ("closed", "half closed", "open", "wide open")
    apart = float(left - right)  # > 0: the right one is nearer to closed
    one = graded("wink", apart, float(np.linalg.norm(act.lids_spread)), (-_ONE_EYE, _ONE_EYE),
                 ("left eye", "no", "right eye"), trust=trust, face=who)  # fmt: skip
    if one.value != "no" and min(left, right) < _LIDS[1]:
        eyes = Fact("eyes", "one closed", one.confidence, 100 * mean, "%", who, one.also and ("open", "half closed"))
        return [eyes, one]
    if one.value != "no":
        one = Fact("wink", "no", min(0.55, trust), one.number, "", who, (one.value,))
    both = graded("eyes", mean, sigma, _LIDS, words, trust=trust, face=who)
    if one.value != "no" or one.also:
        both = Fact("eyes", both.value, both.confidence, both.number, "", who, (*both.also, "one closed"))
    return [Fact("eyes", both.value, both.confidence, 100 * mean, "%", who, both.also), one]


def _mouth_shapes(act: Activity) -> dict[str, tuple[float, float]]:
    stems = {"smiling": "mouthSmile", "corners down": "mouthFrown", "puckered": "mouthPucker", "rounded": "mouthFunnel",
             "pressed": "mouthPress", "stretched": "mouthStretch"}  # fmt: skip
    shapes = {word: (act.level(stem), act.doubt(stem)) for word, stem in stems.items() if act.has(stem)}
    # A smile shows earlier than the others, and its line is that of the fact "smile".
    level, doubt = shapes["smiling"]
    return {**shapes, "smiling": (level * _ACTS / _SLIGHT, doubt * _ACTS / _SLIGHT)}


def _looks(act: Activity) -> dict[str, tuple[float, float]]:
    """How happy, surprised, … a face looks, after the action units of Ekman and Friesen's EMFACS (1983)."""
    up = max(act.level("browInnerUp"), act.level("browOuterUp"))
    opened = min(act.mouth_mm / 20, 1)
    smile, frown, down = act.level("mouthSmile"), act.level("mouthFrown"), act.level("browDown")
    asleep = float(np.clip(1 - act.lids.max() / _LIDS[1], 0, 1))
    looks = {
        "happy": smile * _LOOKS / _SLIGHT,
        "surprised": float(np.cbrt(up * max(act.level("eyeWide"), 0.3 * up) * max(opened, 0.1))) - smile,
        "sad": 0.5 * frown + 0.5 * frown * (act.level("browInnerUp") > 0.2) + 0.1 * act.level("browInnerUp") - smile,
        "angry": down * 0.6 + 0.5 * down * max(act.level("mouthPress"), frown, act.level("noseSneer")) - smile,
        "disgusted": act.level("noseSneer") * (0.5 + 0.5 * max(act.level("mouthUpperUp"), frown)) - smile,
        "sleepy": 0.8 * asleep - smile,
    }
    doubt = {"happy": "mouthSmile", "surprised": "browOuterUp", "sad": "mouthFrown", "angry": "browDown",
             "disgusted": "noseSneer", "sleepy": "eyeBlink"}  # fmt: skip
    # The thresholds of looks were set by eye on renders; their spread is that of one action, and a half again.
    return {word: (max(value, 0.0), 1.5 * act.doubt(doubt[word])) for word, value in looks.items()}


def _strongest(
    key: str, levels: dict[str, tuple[float, float]], least: float, rest: str, trust: float, who: str
) -> Fact:
    """The word of the highest level, or `rest` where none reaches `least`."""
    ranked = sorted(levels.items(), key=lambda item: -item[1][0])
    first, (level, doubt) = ranked[0]
    shown = graded(key, level, doubt, (least,), (rest, first), face=who)
    if shown.value == rest:
        close = tuple(word for word, (value, s) in levels.items() if np.isinf(s) or value > least - s)
        return Fact(key, rest, shown.confidence * trust, None, "", who, close)
    second, (other, more) = ranked[1]
    ahead = graded(key, level - other, float(np.hypot(doubt, more)), (0.0,), (second, first), face=who)
    near = tuple(word for word, (value, s) in levels.items() if word != first and value >= max(least, level - s))
    also = tuple(dict.fromkeys((*shown.also, *near)))
    return Fact(key, first, shown.confidence * ahead.confidence * trust, level, "", who, also)
