"""Training batches by step number: renders and photos side by side, the same for the same seed and step."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.backgrounds import Backgrounds
from facegpt_ros.training.photos import Photos
from facegpt_ros.training.synthetic import Synthesizer

Batch = dict[str, torch.Tensor]
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Batches(Dataset):
    """Batch number → its tensors.

    crops (N, S, S, 3) uint8, half_extent (N,), landmarks (N, 68, 2), theta (renders, D), is_colour (photos,).

    Renders come first, then photos: len(theta) tells where they end.

    Args:
        model: whose faces to draw.
        folders: photo folders; none trains on renders alone.
        size: S.
        count: N.
        photo_share: of N.
        seed: of everything.
        steps: how many batches there are.
        twins: pairs of renders, the first ones, that show one person.
    """

    def __init__(
        self,
        model: MorphableModel,
        folders: Sequence[str | Path],
        size: int,
        count: int,
        photo_share: float,
        seed: int,
        steps: int,
        twins: int = 0,
    ) -> None:
        self.model, self.folders, self.size, self.seed, self.steps = model, list(folders), size, seed, steps
        self.twins = twins
        self.n_photos = round(count * photo_share) if self.folders else 0
        self.n_renders = count - self.n_photos

    @cached_property
    def photos(self) -> list[Photos]:
        """One set a folder; read where batches are made, so that a worker process need not be sent them."""
        return [Photos([folder], "train") for folder in self.folders]

    @cached_property
    def synthesizer(self) -> Synthesizer:
        """Draws the renders."""
        corners = [corner for p in self.photos for corner in p.background_corners()]
        return Synthesizer(self.model, Backgrounds(self.seed, corners), self.seed)

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng([self.seed, step])
        renders = self.synthesizer.batch(rng, self.n_renders, self.size, self.twins)
        crops, half_extent, landmarks = [renders.crops], [renders.half_extent], [renders.landmarks]
        is_colour = []
        for i in range(self.n_photos):
            source = self.photos[(step + i) % len(self.photos)]  # folders in turn: the smaller ones are the more varied
            sample = source.sample(int(rng.integers(len(source))), rng, self.size)
            crops.append(sample.crop[None])
            half_extent.append(np.array([sample.half_extent], np.float32))
            landmarks.append(sample.landmarks[None])
            is_colour.append(sample.is_colour)
        return {
            "crops": torch.from_numpy(np.concatenate(crops)),
            "half_extent": torch.from_numpy(np.concatenate(half_extent)),
            "landmarks": torch.from_numpy(np.concatenate(landmarks)),
            "theta": torch.from_numpy(renders.theta),
            "is_colour": torch.tensor(is_colour, dtype=torch.bool),
        }


def stream(batches: Dataset, start: int, workers: int = 1, rank: int = 0, world: int = 1) -> Iterator:
    """Batches from number start on, prepared ahead in worker processes (0: in this one).

    Of several processes that train together, each takes another of every `world` batches.
    """
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(start * world + rank, len(batches) * world, world),  # type: ignore[arg-type]
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_one_thread,
        # A forked child inherits the locks of OpenCV's and torch's threads and waits for ever.
        multiprocessing_context="spawn" if workers else None,
    )
    with _single_threaded():  # read when a worker process starts
        return iter(loader)


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes started meanwhile compute on one thread: BLAS threads that wait would take the cores from training."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _one_thread(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
