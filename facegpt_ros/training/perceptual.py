"""Perceptual loss: a face drawn into its photo must look to the vision encoder as the photo does."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from facegpt_ros.model.regressor import Regressor


class PerceptualLoss(nn.Module):
    """Call with pictures; 1 - cosine between the encoder's features of both, mean over places (scalar, 0..2).

    Deep3DFaceRecon (Deng et al. 2019, eq. 4) compares the features of a network that recognises people; here the
    project's own encoder, frozen, compares at each place, so what is wrong with an eye is not made good by a chin.

    Args:
        encoder: sees; its parameters get no gradient, what it sees does.
        size: S of its crops, px.
    """

    def __init__(self, encoder: Regressor, size: int) -> None:
        super().__init__()
        self._encoder = (encoder,)  # no part of this module: it is saved and moved with its own network
        self.size = size

    def forward(self, drawn: Tensor, photo: Tensor, mask: Tensor) -> Tensor:
        """drawn, photo (N, 3, s, s) RGB 0..1; mask (N, s, s): where what is drawn is seen, else the photo is."""
        composed = torch.where(mask[:, None] > 0, drawn.clamp(0, 1), photo)
        with torch.no_grad():
            wanted = self._look(photo)
        return (1 - functional.cosine_similarity(self._look(composed), wanted, dim=1)).mean()

    def _look(self, picture: Tensor) -> Tensor:
        """(N, C, h, w); both pictures come from the same size, so that sharpness tells nothing."""
        full = functional.interpolate(picture.float(), (self.size, self.size), mode="bilinear", align_corners=False)
        return self._encoder[0].look(255 * full.flip(1).permute(0, 2, 3, 1))[0]
