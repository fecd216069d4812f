"""σ: the hidden state of <FACE> → θ, how far it may be off, and whether it was asked for.

After FaceGPT, arXiv 2406.07163, sec. 3.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from facegpt_ros.model.spread import LOG_LIMITS, spread_sizes
from facegpt_ros.model.theta import ThetaLayout

_FAINT = 1e-3  # of the largest deviation: what hardly moves is not made to count
_SCALE = 0.1  # of what is added: a step of training moves θ by hundredths, not tenths
#: log spread that an untrained head says: 0.03 crop units, 0.05 rad, 1 mm, 0.1 of an activation.
_BEGIN = {"landmarks": -3.5, "angles": -3.0, "shape": 0.0, "expression": -2.3}


class Spread(NamedTuple):
    """Standard deviations that the head expects of its own errors, as logarithms.

    landmarks (N, 68) of each coordinate, crop units; angles (N, 3) yaw, pitch, roll, radians; shape (N, 1) of the
    distance to the true surface, mm; expression (N, E) of each activation.
    """

    landmarks: Tensor
    angles: Tensor
    shape: Tensor
    expression: Tensor


class Output(NamedTuple):
    """Of each <FACE>: raw θ (F, size), its spread, and the log odds (F,) that what was read asks for a face at all."""

    raw: Tensor
    spread: Spread
    asked: Tensor


class FaceHead(nn.Module):
    """A two-layer perceptron. It says what to add to a first guess: the vision encoder's, or the mean face without one.

    Args:
        width: D of the language model.
        layout: of θ.
        hidden: width of the layer between.
    """

    def __init__(self, width: int, layout: ThetaLayout, hidden: int = 1024) -> None:
        super().__init__()
        self.layout = layout
        self.sizes = spread_sizes(layout.n_expression)
        self.inner = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, hidden), nn.GELU())
        self.theta = nn.Linear(hidden, layout.size)
        self.spread = nn.Linear(hidden, sum(self.sizes.values()))
        self.asked = nn.Linear(hidden, 1)
        for layer in (self.theta, self.spread, self.asked):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            for name, part in self._parts(self.spread.bias[None]).items():
                part.fill_(_BEGIN[name])

    def forward(self, hidden: Tensor, guess: Tensor) -> Output:
        """Hidden states (N, D), first guess (N, size) → Output, raw θ as ThetaLayout.encode writes it."""
        inner = self.inner(hidden)
        spread = Spread(**self._parts(self.spread(inner).clamp(*LOG_LIMITS)))
        return Output(guess + _SCALE * self.theta(inner), spread, self.asked(inner)[:, 0])

    @torch.no_grad()
    def standardise(self, hidden: Tensor) -> None:
        """Every input counts alike: the norm's outputs get mean 0 and deviation 1 over these hidden states (N, D).

        Between its layers a language model keeps a few coordinates a hundred times as large as the others, which else
        drown what is told apart by the rest: without this, nothing was learnt from the 15th layer of SmolLM2.
        """
        norm = self.inner[0]
        assert isinstance(norm, nn.LayerNorm)
        normed = functional.layer_norm(hidden.float(), norm.normalized_shape)
        deviation = normed.std(0)
        norm.weight.copy_(1 / (deviation + _FAINT * deviation.max() + 1e-6))
        norm.bias.copy_(-normed.mean(0) * norm.weight)

    @torch.no_grad()
    def widen(self, shift: dict[str, float]) -> None:
        """Adds to the logarithms of each named part of the spread."""
        for name, part in self._parts(self.spread.bias[None]).items():
            part += shift.get(name, 0.0)

    def _parts(self, spread: Tensor) -> dict[str, Tensor]:
        return dict(zip(self.sizes, spread.split(list(self.sizes.values()), 1), strict=True))
