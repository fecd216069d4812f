"""Read the nameable attributes of faces off θ, and draw faces that have asked-for values.

Values are standard deviations for identity and albedo (0: the mean face) and activations 0..1 for expressions. Identity
is linear: value = R α. A face with asked values is a random face plus the shift that corrects it, halfway between the
likeliest shift (what goes with a wide nose in people comes along) and the one that holds every other named axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.language.attribute_table import ALBEDO, ATTRIBUTES, EXPRESSION, IDENTITY, Attribute, sides
from facegpt_ros.morphable.model import MorphableModel

_HOLD = 0.5
_SPREAD = 0.85  # of identity; real people have 0.84 (training/sampling.py says why)
#: Of albedo, by eye: fine axes at 1 σ each give blotchy skin; people are of all tones of skin.
_FINE_SPREAD = 0.4
_TONE_SPREADS = {
    "skin_lightness": 0.8,
    "skin_yellowness": 0.25,
    "hair_lightness": 0.7,
    "hair_warmth": 0.6,
    "iris_lightness": 0.6,
    "iris_blueness": 0.7,
    "iris_greenness": 0.5,
}
#: Yellowness that skin of a lightness usually has, fitted to Monk's tones: both ends of the scale are nearly neutral.
_YELLOW_AT_MEAN, _YELLOW_BY_LIGHTNESS = 0.6, -0.53
#: Muscles that faces at rest use a little, both sides alike; activations.
_TRACES = ("mouthSmile*", "browOuterUp*", "browDown*", "browInnerUp", "eyeSquint*", "eyeBlink*", "mouthPress*")
_TRACE = 0.06
_SLACK = 1e-9

Value = float | np.ndarray


def read(
    model: MorphableModel, identity: np.ndarray, expression: np.ndarray, albedo: np.ndarray
) -> dict[str, np.ndarray]:
    """Every attribute of faces.

    Args:
        identity, expression, albedo: α (..., I), δ (..., E), γ (..., A) with the same leading shape.

    Returns:
        key → (...) float64, in the order of ATTRIBUTES.

    Raises:
        ModelError: a shape is another, or a value is not finite.
    """
    identity = _checked(identity, model.identity_names, "identity")
    expression = _checked(expression, model.expression_names, "expression")
    albedo = _checked(albedo, model.albedo_names, "albedo")
    if not identity.shape[:-1] == expression.shape[:-1] == albedo.shape[:-1]:
        shapes = f"{identity.shape}, {expression.shape}, {albedo.shape}"
        raise ModelError(f"identity, expression and albedo are {shapes}; give the same number of faces of each")
    axes = model.axes.describe(identity)
    values = _activations(model, expression)
    for key, attribute in ATTRIBUTES.items():
        if attribute.kind == IDENTITY:
            values[key] = axes @ axis_weights(model, attribute)
        elif attribute.kind == ALBEDO:
            values[key] = _albedo_value(model, attribute, albedo)
    return {key: values[key] for key in ATTRIBUTES}


def draw(
    model: MorphableModel,
    values: Mapping[str, Value],
    rng: np.random.Generator | None = None,
    variety: float = 1.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces with asked values; the rest is like people.

    Args:
        values: key → value of one face, or (N,) of N faces, NaN where a face is not asked for that.
        rng: varies what no value says; None draws the likeliest face.
        variety: times the spread that people have.

    Returns:
        identity, expression and albedo, (I,), (E,), (A,) or (N, I), (N, E), (N, A) float32.

    Raises:
        ModelError: no such attribute; a value is infinite, or a lone one NaN; or numbers of faces differ.
    """
    arrays = {key: np.asarray(value, np.float64) for key, value in values.items()}
    for key, array in arrays.items():
        if key not in ATTRIBUTES:
            raise ModelError(f"there is no attribute '{key}'; attributes are {', '.join(ATTRIBUTES)}")
        if array.ndim > 1 or np.isinf(array).any() or (array.ndim == 0 and np.isnan(array)):
            raise ModelError(f"{key} is {values[key]}; give a finite number, or (N,) of them with NaN for not asked")
    counts = {len(array) for array in arrays.values() if array.ndim}
    if len(counts) > 1:
        raise ModelError(f"values are of {sorted(counts)} faces; give as many of each")
    if not np.isfinite(variety) or variety < 0:
        raise ModelError(f"variety is {variety}; give 0 or more")
    count = counts.pop() if counts else 1
    if not count:
        sizes = (len(n) for n in (model.identity_names, model.expression_names, model.albedo_names))
        return tuple(np.zeros((0, size), np.float32) for size in sizes)  # type: ignore[return-value]
    each = [
        {k: float(v[i]) if v.ndim else float(v) for k, v in arrays.items() if not v.ndim or np.isfinite(v[i])}
        for i in range(count)
    ]
    drawn = [_one(model, asked, rng, variety) for asked in each]
    identity, expression, albedo = (np.stack(parts).astype(np.float32) for parts in zip(*drawn, strict=True))
    return (
        (identity, expression, albedo)
        if any(a.ndim for a in arrays.values())
        else (identity[0], expression[0], albedo[0])
    )


@dataclass(frozen=True)
class Tables:
    """What read computes, as matrices, for who needs gradients: value = sum of the three products, then the exceptions.

    Attributes:
        identity, expression, albedo: (K, I), (K, E), (K, A) in the order of ATTRIBUTES; read cuts activations to 0..1.
        least: column → actions whose least one is the value instead.
        warmth, lightness: column of the skin's warmth and coefficient of its lightness l, None without; of the warmth,
            yellowness[0] + yellowness[1] l² is subtracted, which skin of that lightness usually has.
    """

    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    least: dict[int, list[int]]
    warmth: int | None
    lightness: int | None
    yellowness: tuple[float, float] = (_YELLOW_AT_MEAN, _YELLOW_BY_LIGHTNESS)


def tables(model: MorphableModel) -> Tables:
    """Of a model's attributes."""
    sizes = [len(names) for names in (model.identity_names, model.expression_names, model.albedo_names)]
    identity, expression, albedo = (np.zeros((len(ATTRIBUTES), size)) for size in sizes)
    acts, tones = ({name: k for k, name in enumerate(names)} for names in (model.expression_names, model.albedo_names))
    rows = _identity_tables(model)[1]
    averaging = iter(_averaging(model).T)
    least: dict[int, list[int]] = {}
    for column, (key, attribute) in enumerate(ATTRIBUTES.items()):
        if attribute.kind == IDENTITY:
            identity[column] = rows[key]
        elif attribute.kind == EXPRESSION:
            expression[column] = next(averaging)
            if attribute.least and all(name in acts for name in attribute.plus):
                least[column] = [acts[name] for name in attribute.plus]
        else:
            for name, weight in attribute.axes.items():
                if name in tones:
                    albedo[column, tones[name]] = weight
    lightness = tones.get("skin_lightness")
    warmth = list(ATTRIBUTES).index("skin_warmth") if lightness is not None else None
    return Tables(identity, expression, albedo, least, warmth, lightness)


def axis_weights(model: MorphableModel, attribute: Attribute) -> np.ndarray:
    """(A,) weights of the named axes whose sum is an identity attribute of standard deviation 1."""
    return _identity_tables(model)[0][attribute.key]


def identity_cost(model: MorphableModel, values: Mapping[str, float]) -> float:
    """Distance from the mean face of the likeliest face with these identity values, standard deviations."""
    rows = [_identity_tables(model)[1][key] for key in values]
    if not rows:
        return 0.0
    return float(np.linalg.norm(_least(np.stack(rows), np.array(list(values.values()), np.float64))))


def _one(
    model: MorphableModel, asked: dict[str, float], rng: np.random.Generator | None, variety: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts: dict[str, dict[str, float]] = {IDENTITY: {}, EXPRESSION: {}, ALBEDO: {}}
    for key, value in asked.items():
        parts[ATTRIBUTES[key].kind][key] = value
    identity = _draw_identity(model, parts[IDENTITY], rng, variety)
    masculine = float(identity @ _identity_tables(model)[1]["masculinity"])
    return (
        identity,
        _draw_expression(model, parts[EXPRESSION], rng, variety),
        _draw_albedo(model, parts[ALBEDO], masculine, rng, variety),
    )


def _draw_identity(
    model: MorphableModel, asked: dict[str, float], rng: np.random.Generator | None, variety: float
) -> np.ndarray:
    _, rows, readout = _identity_tables(model)
    base = np.zeros(readout.shape[1])
    if rng is not None:
        base = _SPREAD * variety * rng.standard_normal(len(base))
    if not asked:
        return base
    wanted = np.stack([rows[key] for key in asked])
    gap = np.array(list(asked.values())) - wanted @ base
    said = {axis for key in asked for axis in ATTRIBUTES[key].axes}
    others = readout[[k for k, name in enumerate(model.axes.names) if name not in said]]
    held = _least(np.concatenate([wanted, others]), np.concatenate([gap, np.zeros(len(others))]))
    return base + _HOLD * held + (1 - _HOLD) * _least(wanted, gap)


def _least(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The smallest α (I,) with rows (K, I) @ α = values (K,)."""
    return rows.T @ np.linalg.solve(rows @ rows.T + _SLACK * np.eye(len(rows)), values)


_Tables = tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]
_TABLES: WeakKeyDictionary[MorphableModel, _Tables] = WeakKeyDictionary()
_AVERAGING: WeakKeyDictionary[MorphableModel, np.ndarray] = WeakKeyDictionary()


def _identity_tables(model: MorphableModel) -> _Tables:
    """Of each identity attribute its weights (A,) of the axes and its row (I,); and the axes' readout (A, I)."""
    tables = _TABLES.get(model)
    if tables is None:
        axes = model.axes
        readout = axes.describe(np.eye(len(model.identity_names))).T
        weights, rows = {}, {}
        for key, attribute in ATTRIBUTES.items():
            if attribute.kind == IDENTITY:
                raw = np.array([attribute.axes.get(name, 0.0) for name in axes.names])
                weights[key] = raw / np.linalg.norm(raw @ readout)
                rows[key] = weights[key] @ readout
        tables = _TABLES[model] = (weights, rows, readout)
    return tables


def _draw_albedo(
    model: MorphableModel, asked: dict[str, float], masculine: float, rng: np.random.Generator | None, variety: float
) -> np.ndarray:
    index = {name: k for k, name in enumerate(model.albedo_names)}
    albedo = np.zeros(len(index))
    if rng is not None:
        spread = np.array([_TONE_SPREADS.get(name, _FINE_SPREAD) for name in index])
        albedo = (variety * spread * rng.standard_normal(len(index))).clip(-2, 2)
        if "skin_lightness" in index:  # lighter still burns out, and is for those who ask for it
            albedo[index["skin_lightness"]] = albedo[index["skin_lightness"]].clip(-1.6, 1.2)
        if "beard_shadow" in index:
            shadow = albedo[index["beard_shadow"]] + variety * 0.3 * np.tanh(masculine)
            albedo[index["beard_shadow"]] = np.clip(shadow, *ATTRIBUTES["stubble"].limits)
    warmth = albedo[index["skin_yellowness"]] if "skin_yellowness" in index else 0.0
    for key, value in asked.items():
        for name in ATTRIBUTES[key].axes:
            if name not in index:
                raise ModelError(f"{model.name} has no albedo axis '{name}', so {key} cannot be drawn; leave it out")
            albedo[index[name]] = value
    if "skin_yellowness" in index:
        albedo[index["skin_yellowness"]] = asked.get("skin_warmth", warmth) + _usual_yellowness(model, albedo)
    return albedo


def _usual_yellowness(model: MorphableModel, albedo: np.ndarray) -> np.ndarray:
    if "skin_lightness" not in model.albedo_names:
        return np.zeros(albedo.shape[:-1])
    lightness = albedo[..., model.albedo_names.index("skin_lightness")]
    return _YELLOW_AT_MEAN + _YELLOW_BY_LIGHTNESS * lightness**2


def _albedo_value(model: MorphableModel, attribute: Attribute, albedo: np.ndarray) -> np.ndarray:
    value = np.zeros(albedo.shape[:-1])
    for name, weight in attribute.axes.items():
        if name in model.albedo_names:
            value = value + weight * albedo[..., model.albedo_names.index(name)]
    return value - _usual_yellowness(model, albedo) if attribute.key == "skin_warmth" else value


def _averaging(model: MorphableModel) -> np.ndarray:
    """(E, K): δ @ it are the expression attributes."""
    averaging = _AVERAGING.get(model)
    if averaging is None:
        keys = _expression_keys()
        index = {name: k for k, name in enumerate(model.expression_names)}
        averaging = np.zeros((len(index), len(keys)))
        for k, key in enumerate(keys):
            for names, sign in ((ATTRIBUTES[key].plus, 1), (ATTRIBUTES[key].minus, -1)):
                for name in names:
                    if name in index:
                        averaging[index[name], k] = sign / len(names)
        _AVERAGING[model] = averaging
    return averaging


def _expression_keys() -> list[str]:
    return [key for key, attribute in ATTRIBUTES.items() if attribute.kind == EXPRESSION]


def _activations(model: MorphableModel, expression: np.ndarray) -> dict[str, np.ndarray]:
    """Expression attributes (...) of δ (..., E)."""
    keys = _expression_keys()
    index = {name: k for k, name in enumerate(model.expression_names)}
    values = dict(zip(keys, np.moveaxis(expression @ _averaging(model), -1, 0).clip(0, 1), strict=True))
    for key in keys:
        if ATTRIBUTES[key].least and all(name in index for name in ATTRIBUTES[key].plus):
            values[key] = expression[..., [index[name] for name in ATTRIBUTES[key].plus]].min(-1).clip(0, 1)
    return values


def _draw_expression(
    model: MorphableModel, asked: dict[str, float], rng: np.random.Generator | None, variety: float
) -> np.ndarray:
    names = model.expression_names
    level: dict[str, float] = {}
    if rng is not None:
        for stem in _TRACES:
            trace = float(np.clip(abs(rng.normal(0, _TRACE)), 0, 2 * _TRACE)) * (rng.random() < 0.4) * min(variety, 1)
            level.update(dict.fromkeys(sides(stem), trace))
    for key, value in asked.items():
        attribute = ATTRIBUTES[key]
        skew = 1.0 if rng is None else 1 + 0.05 * float(rng.standard_normal())
        for name, weight in attribute.acts.items():
            own = value if name in attribute.plus else weight * value * skew
            level[name] = max(level.get(name, 0.0), own)
    if asked.get("tongue_out", 0) > 0:
        level["jawOpen"] = max(level.get("jawOpen", 0.0), 0.5)
    for key, value in asked.items():
        attribute = ATTRIBUTES[key]
        quiet = attribute.minus if value > 0 else ()
        for name in quiet:
            level[name] = 0.0
        for name in attribute.plus:  # what was asked for holds against what other words bring along
            level[name] = value + (level.get(name, 0.0) if name in attribute.minus else 0.0)
    return np.clip([level.get(name, 0.0) for name in names], 0, 1)


def _checked(values: np.ndarray, names: tuple[str, ...], group: str) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.shape[-1:] != (len(names),) or not np.isfinite(values).all():
        raise ModelError(f"{group} has shape {values.shape} or holds a NaN; the model takes finite (..., {len(names)})")
    return values
