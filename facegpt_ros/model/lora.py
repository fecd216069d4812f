"""Low-rank adapters (LoRA; Hu et al. 2021): y = W x + (α / r) B A x, W frozen."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

#: Layers of a language model that are adapted: attention and MLP.
TARGETS = ("query", "key", "value", "output", "gate", "up", "down")
#: The same layers as transformers names them.
HUB_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class LoraLinear(nn.Module):
    """A linear layer and its adapter, which at first adds nothing.

    Args:
        base: frozen here.
        rank: r.
        alpha: α.

    Attributes:
        off: the layer is as it was, for now.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.empty(rank, base.in_features))  # A
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))  # B
        self.scale = alpha / rank
        self.off = False
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        if self.off:
            return self.base(x)
        return self.base(x) + (x @ self.down.T) @ self.up.T * self.scale

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """One linear layer that does the same."""
        out = nn.Linear(self.base.in_features, self.base.out_features, bias=self.base.bias is not None)
        out.weight.copy_(self.base.weight + self.scale * self.up @ self.down)
        if self.base.bias is not None:
            out.bias.copy_(self.base.bias)
        return out.to(self.base.weight.dtype)


def add_adapters(model: nn.Module, rank: int, alpha: float, targets: tuple[str, ...] = TARGETS) -> int:
    """Puts an adapter on each linear layer with one of these names; returns how many."""
    found = [
        (parent, name)
        for parent in model.modules()
        for name, child in parent.named_children()
        if name in targets and isinstance(child, nn.Linear) and not isinstance(parent, LoraLinear)
    ]
    for parent, name in found:
        setattr(parent, name, LoraLinear(getattr(parent, name), rank, alpha))
    return len(found)


def adapters(model: nn.Module) -> Iterator[tuple[str, LoraLinear]]:
    """Name → each adapter."""
    yield from ((name, module) for name, module in model.named_modules() if isinstance(module, LoraLinear))


def merge_adapters(model: nn.Module) -> int:
    """Replaces each adapter by one plain layer that does the same, for export; returns how many."""
    found = [
        (parent, name)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, LoraLinear)
    ]
    for parent, name in found:
        setattr(parent, name, getattr(parent, name).merged())
    return len(found)
