"""Crops → what a hub model's vision encoder was trained on, as its processor says, in torch."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from facegpt_ros.errors import ImageError, WeightsError
from facegpt_ros.model.hub_files import read_json

_NAMES = ("preprocessor_config.json", "processor_config.json")
_BILINEAR = 2  # PIL's number; of the others, bicubic comes nearest to Lanczos


class HubPixels(nn.Module):
    """One tile for each crop: a face needs no more, and a crop is square.

    Args:
        side: of the vision encoder's input, px.
        mean, std: of RGB, after scale.
        scale: of 0..255.
        mode: of torch's interpolate.
    """

    def __init__(
        self, side: int, mean: list[float], std: list[float], scale: float = 1 / 255, mode: str = "bicubic"
    ) -> None:
        super().__init__()
        self.side, self.scale, self.mode = side, scale, mode
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32)[:, None, None], persistent=False)

    @classmethod
    def of(cls, folder: Path, side: int) -> HubPixels:
        """As the processor of a model's folder says.

        Raises:
            WeightsError: its file is missing, or says something else than three means and standard deviations.
        """
        name = next((name for name in _NAMES if (folder / name).is_file()), _NAMES[0])
        said = read_json(folder, name)
        said = said.get("image_processor") or said
        mean, std, scale = said.get("image_mean"), said.get("image_std"), said.get("rescale_factor", 1 / 255)
        if said.get("do_normalize") is False:
            mean, std = [0.0] * 3, [1.0] * 3
        mode = "bilinear" if said.get("resample") == _BILINEAR else "bicubic"
        try:
            means, stds = [float(v) for v in mean], [float(v) for v in std]  # type: ignore[union-attr]
            factor = 1.0 if said.get("do_rescale") is False else float(scale)
            if not len(means) == len(stds) == 3 or not min(stds) > 0 or not factor > 0:
                raise ValueError("three numbers each, std and factor above 0")
        except (TypeError, ValueError) as error:
            raise WeightsError(
                f"{folder / name}: image_mean is {mean}, image_std {std}, rescale_factor {scale} ({error}); "
                "download it again"
            ) from error
        return cls(side, means, stds, factor, mode)

    def forward(self, crops: Tensor) -> Tensor:
        """crops (N, S, S, 3) uint8 BGR → (N, 3, side, side) float32.

        Raises:
            ImageError: they are something else.
        """
        if crops.ndim != 4 or crops.shape[1] != crops.shape[2] or crops.shape[3] != 3 or crops.dtype != torch.uint8:
            raise ImageError(f"crops are {crops.dtype} {tuple(crops.shape)}; give uint8 (N, S, S, 3)")
        x = crops.permute(0, 3, 1, 2).flip(1).float()  # (N, 3, S, S) RGB
        if x.shape[-1] != self.side:
            x = functional.interpolate(x, (self.side, self.side), mode=self.mode, antialias=True, align_corners=False)
        return (x.clamp(0, 255) * self.scale - self.mean) / self.std
