"""Where a run computes: CPU or one GPU, alone or as one of several processes that torchrun started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from facegpt_ros.errors import ConfigError


@dataclass(frozen=True)
class Ranks:
    """This process among those of a run.

    Attributes:
        rank: 0 is the one that validates, saves and tells.
        world: how many there are.
        local: which of this machine's GPUs is its own.
    """

    rank: int = 0
    world: int = 1
    local: int = 0

    @classmethod
    def join(cls, device: str) -> Ranks:
        """Of torchrun's environment; joins the others, to compute on `device` (device_named).

        Raises:
            ConfigError: the environment holds no numbers.
        """
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
        held = [os.environ.get(name, default) for name, default in zip(names, "010", strict=True)]
        try:
            rank, world, local = (int(value) for value in held)
        except ValueError as error:
            raise ConfigError(f"{', '.join(names)} are {held}; start several processes with torchrun") from error
        if world > 1 and not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if device_named(device).type == "cuda" else "gloo")
        return cls(rank, world, local)

    @property
    def first(self) -> bool:
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Over all processes; one that has no gradient for a parameter brings 0."""
        if self.world == 1:
            return
        held = [p for p in parameters if p.requires_grad]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in held])
        torch.distributed.all_reduce(flat)
        for p, part in zip(held, flat.div_(self.world).split([p.numel() for p in held]), strict=True):
            p.grad = part.view_as(p).clone()

    def agreed(self, value: float, device: torch.device) -> float:
        """The first process's value, so that all end at the same step."""
        if self.world == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=device)
        torch.distributed.broadcast(shared, 0)
        return float(shared)


def device_named(name: str, local: int = 0) -> torch.device:
    """auto: a GPU where there is one.

    Raises:
        ConfigError: there is no such device here.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"device is '{name}'; use auto, cpu or cuda")
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ConfigError("device is cuda, but torch finds no GPU here; use --device cpu, or a CUDA build of torch")
    return torch.device("cuda", local)


def moved(value: Any, device: torch.device) -> Any:
    """The same with every tensor on device: dicts, lists and dataclasses are looked into."""
    if device.type == "cpu":
        return value
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {key: moved(part, device) for key, part in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        fields = {name: moved(getattr(value, name), device) for name in value.__dataclass_fields__}
        return type(value)(**fields)
    return value
