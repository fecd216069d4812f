"""Training batches of FaceGPT by step number: crops as the CNN's, and conversations about and beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch.utils.data import Dataset

from facegpt_ros.training.batches import Batch, Batches
from facegpt_ros.training.conversations import Conversations, Talk
from facegpt_ros.training.stages import Stage


@dataclass
class FaceBatch:
    """frames: crops with labels (training/batches.py), None in a stage without; talk: what is said."""

    frames: Batch | None
    talk: Conversations


class FaceBatches(Dataset):
    """Step number → FaceBatch, the same for the same seed and step.

    Args:
        frames: of the same steps.
        stage: how many conversations a step has.
    """

    def __init__(self, frames: Batches, stage: Stage) -> None:
        self.frames, self.stage = frames, stage

    @cached_property
    def talk(self) -> Talk:
        return Talk(self.frames.model)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, step: int) -> FaceBatch:
        stage = self.stage
        frames = self.frames[step] if stage.frames else None
        rng = np.random.default_rng([self.frames.seed, step, 1])
        if frames is None:
            theta, half_extent = np.zeros((0, self.talk.layout.size), np.float32), np.zeros(0, np.float32)
        else:
            theta, half_extent = frames["theta"].numpy(), frames["half_extent"].numpy()
        return FaceBatch(frames, self.talk.draw(rng, theta, half_extent, stage))
