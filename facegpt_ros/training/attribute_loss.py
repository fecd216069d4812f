"""How far a face is from having what a text names: the attributes of language/attributes.py, in torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from facegpt_ros.language.attribute_table import ATTRIBUTES
from facegpt_ros.language.attributes import Tables, tables
from facegpt_ros.language.matches import Wish
from facegpt_ros.morphable.model import MorphableModel

_ANYTHING = np.float32(1e9)
_BEND = 0.25  # of a degree's unit: nearer, the distance counts squared


class AttributeReadout(nn.Module):
    """attributes.read; the gradient passes where activations are cut to 0..1, or none would lead back.

    Args:
        model: whose faces are read.
    """

    def __init__(self, model: MorphableModel) -> None:
        super().__init__()
        own: Tables = tables(model)
        for name, matrix in (("identity", own.identity), ("expression", own.expression), ("albedo", own.albedo)):
            self.register_buffer(name, torch.from_numpy(matrix.T.astype(np.float32)), persistent=False)  # (·, K)
        self.least, self.warmth, self.lightness = own.least, own.warmth, own.lightness
        self.yellowness = own.yellowness

    def forward(self, identity: Tensor, expression: Tensor, albedo: Tensor) -> Tensor:
        """α (N, I), δ (N, E), γ (N, A) → (N, K), in the order of ATTRIBUTES."""
        expression = expression + (expression.clamp(0, 1) - expression).detach()
        values = identity @ self.identity + expression @ self.expression + albedo @ self.albedo
        columns = list(values.unbind(1))
        for column, actions in self.least.items():
            columns[column] = expression[:, actions].amin(1)
        if self.warmth is not None and self.lightness is not None:
            at_mean, by_lightness = self.yellowness
            columns[self.warmth] = columns[self.warmth] - at_mean - by_lightness * albedo[:, self.lightness].square()
        return torch.stack(columns, 1)


def limits(asked: tuple[Wish, ...]) -> np.ndarray:
    """(K, 2) float32: the values that faces are drawn with for what is asked; anything for the rest."""
    out = np.tile(np.array([-_ANYTHING, _ANYTHING], np.float32), (len(ATTRIBUTES), 1))
    places = {key: k for k, key in enumerate(ATTRIBUTES)}
    for wish in asked:
        out[places[wish.key]] = wish.drawn
    return out


class AttributeLoss(nn.Module):
    """Call with a readout (N, K) and limits (N, K, 2): mean distance of what is asked from its limits.

    In units of degrees.py, squared where it is small. What lies inside costs nothing: a text says "wide", not how wide;
    a distance to one drawn value asks for the mean of all that the text may mean, which is too faint to count as it
    (after 35,000 descriptions 63 % of the named things were there, 70 % when everything was made 1.6 times as strong).
    """

    def __init__(self) -> None:
        super().__init__()
        scales = np.array([attribute.scale for attribute in ATTRIBUTES.values()], np.float32)
        self.register_buffer("scales", torch.from_numpy(scales), persistent=False)

    def forward(self, values: Tensor, wanted: Tensor) -> Tensor:
        low, high = wanted.unbind(2)
        outside = (functional.relu(low - values) + functional.relu(values - high)) / self.scales
        asked = ((low > -_ANYTHING) | (high < _ANYTHING)).sum().clamp_min(1)
        return functional.smooth_l1_loss(outside, torch.zeros_like(outside), reduction="sum", beta=_BEND) / asked
