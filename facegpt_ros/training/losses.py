"""What the regressor is trained on: exact labels on renders; landmarks, light and priors on photos.

Weights follow the effect on the picture: a landmark in crop units, a vertex in millimetres, a colour in 0..1, so a
coefficient that moves nothing costs nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from facegpt_ros.model.regressor import Theta, decode, rotation_from_6d
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.contour import JAW
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.shading import sh_basis
from facegpt_ros.training.sampling import sample_expressions
from facegpt_ros.training.shape_distance import shape_distance

_EXPRESSION_SPREAD = 0.25  # of one activation: the unit of the expression prior
_EXPRESSION_FLOOR = 0.01  # variance below which an action is too rare to be worth more
_VERTICES = 500
#: Of each iBUG point on photos: eyes and lips carry what people look at; the jaw line's pseudo labels are the weakest.
_POINT_WEIGHTS = np.concatenate(
    [np.full(17, 0.5), np.full(10, 0.9), np.full(9, 1.0), np.full(12, 1.6), np.full(12, 1.3), np.full(8, 1.5)]
).astype(np.float32)
#: (upper, lower) points whose distances are the openings of eyes and mouth (DECA, Feng et al. 2021, eqs. 4-5).
_OPENINGS = ((37, 41), (38, 40), (43, 47), (44, 46), (61, 67), (62, 66), (63, 65), (48, 54))

RENDER_WEIGHTS = {
    "landmarks": 25.0,  # crop units
    "vertices": 0.25,  # mm
    "shape": 2.0,  # mm; the faintest signal of all, so it weighs most
    "rotation": 20.0,  # matrix entries
    "offset": 8.0,  # crop units
    "scale": 6.0,  # log
    "expression": 160.0,  # activations squared, about 0.016 for a face at rest
    "identity": 0.15,  # σ²
    "colour": 5.0,  # RGB 0..1
    "albedo": 0.03,  # σ²
    "shading": 2.0,  # RGB 0..1
    "range": 3.0,  # activations outside 0..1
    "presence": 0.5,
}
PHOTO_WEIGHTS = {
    "landmarks": 25.0,
    "openings": 12.0,
    # Priors: the ratios of Deep3DFaceRecon's regulariser (Deng et al. 2019, sec. 4: identity 1, expression 0.8, texture
    # 1.7e-3 before their basis is whitened), as means over coefficients; the level was set against the landmark term.
    "identity": 0.05,
    "expression": 0.06,
    "albedo": 0.02,
    "white_light": 0.5,  # colour constancy: their light is nearly monochrome too
    "symmetry": 4.0,  # RGB 0..1; what differs between the sides of a face is light or shadow before it is skin
    "range": 3.0,
    "photometric": 12.0,  # RGB 0..1, of 1.9 in Deng et al.
    "perceptual": 1.3,  # 1 - cosine, of 0.2 in Deng et al.
    "presence": 0.5,
}


class FaceGeometry(nn.Module):
    """The parts of a morphable model that losses need, as buffers.

    Args:
        model: the morphable model.
    """

    def __init__(self, model: MorphableModel) -> None:
        super().__init__()
        bases = model.bases
        n_i, n_e, n_a = len(model.identity_names), len(model.expression_names), len(model.albedo_names)
        zero_i, zero_e = np.zeros(n_i, np.float32), np.zeros(n_e, np.float32)
        mean = model.landmarks(zero_i, zero_e)  # (68, 3)
        self._keep("landmark_mean", mean)
        self._keep("landmark_identity", (model.landmarks(np.eye(n_i), np.zeros((n_i, n_e))) - mean).reshape(n_i, -1))
        self._keep("landmark_expression", (model.landmarks(np.zeros((n_e, n_i)), np.eye(n_e)) - mean).reshape(n_e, -1))
        self._slides = model.contour_bases is not None
        if model.contour_bases is not None:
            self._keep("contour_yaw", model.contour_bases.yaw)  # (K,)
            self._keep("contour_mean", model.contour_bases.mean)  # (K, 17, 3)
            self._keep("contour_shape", np.moveaxis(model.contour_bases.shape, 1, 0))  # (I + E, K, 51)
        face = np.flatnonzero(model.regions["face"] > 0.5)
        chosen = face[np.linspace(0, len(face) - 1, min(_VERTICES, len(face))).astype(int)]
        self._keep("vertex_identity", bases["identity"].reshape(n_i, -1, 3)[:, chosen].reshape(n_i, -1))
        self._keep("vertex_expression", bases["expression"].reshape(n_e, -1, 3)[:, chosen].reshape(n_e, -1))
        self._keep("vertex_albedo", bases["albedo"].reshape(n_a, -1, 3)[:, chosen].reshape(n_a, -1))
        albedo = bases["albedo"].reshape(n_a, -1, 3)
        self._keep("albedo_odd", ((albedo[:, chosen] - albedo[:, model.mirror[chosen]]) / 2).reshape(n_a, -1))
        self._keep("shape_distance", shape_distance(model))  # (I, K) mm
        side = np.linspace(-0.8, 0.8, 6)
        x, y = (grid.ravel() for grid in np.meshgrid(side, side))
        z2 = 1 - x * x - y * y
        front = np.stack([x, y, -np.sqrt(np.maximum(z2, 0))], -1)[z2 > 0]
        self._keep("front_basis", sh_basis(front))  # (K, 9)
        self._keep("point_weights", _POINT_WEIGHTS)
        self._keep("expression_weights", _expression_weights(model.expression_names))

    def _keep(self, name: str, array: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array, np.float32)), persistent=False)

    def landmarks(self, identity: Tensor, expression: Tensor, yaw: Tensor | None = None) -> Tensor:
        """α (N, I), δ (N, E), yaw (N,) degrees as for LinearModel.landmarks → (N, 68, 3) m, model frame."""
        flat = identity @ self.landmark_identity + expression @ self.landmark_expression
        points = self.landmark_mean + flat.view(len(flat), -1, 3)
        if yaw is None or not self._slides:
            return points
        return torch.cat([self._jaw(torch.cat([identity, expression], 1), yaw), points[:, len(JAW) :]], 1)

    def _jaw(self, coefficients: Tensor, yaw: Tensor) -> Tensor:
        """(N, I + E), (N,) → (N, 17, 3), between the contour's yaws (morphable/contour.py)."""
        below = (torch.bucketize(yaw, self.contour_yaw, right=True) - 1).clamp(0, len(self.contour_yaw) - 2)
        low, high = self.contour_yaw[below], self.contour_yaw[below + 1]
        share = ((yaw - low) / (high - low)).clamp(0, 1)[:, None, None]
        moved = (coefficients @ self.contour_shape.flatten(1)).view(len(yaw), *self.contour_mean.shape)
        every = self.contour_mean + moved  # (N, K, 17, 3)
        row = torch.arange(len(yaw), device=yaw.device)
        return (1 - share) * every[row, below] + share * every[row, below + 1]

    def project(self, points: Tensor, theta: Theta, half_extent: Tensor) -> Tensor:
        """Model frame (N, K, 3) m → crop units (N, K, 2), as sampling.project with perception/crop.py's lift."""
        turned = points @ theta.rotation.transpose(1, 2)
        scale, h = theta.scale[:, None, None], half_extent[:, None, None]
        depth = (1 + turned[..., 2:] * scale * h).clamp_min(0.2)  # in units of the sellion's
        return (theta.offset[:, None] + turned[..., :2] * scale) / depth

    def projected_landmarks(self, theta: Theta, half_extent: Tensor) -> Tensor:
        """(N, 68, 2) crop units."""
        yaw = seen_yaw(theta, half_extent)
        return self.project(self.landmarks(theta.identity, theta.expression, yaw), theta, half_extent)


def seen_yaw(theta: Theta, half_extent: Tensor) -> Tensor:
    """(N,) degrees, as pose.seen_yaw; no gradient: where the contour lies does not say how the head should turn."""
    sight = torch.cat([theta.offset.detach() * half_extent[:, None], torch.ones_like(half_extent)[:, None]], 1)
    sine = (theta.rotation[:, :, 0].detach() * functional.normalize(sight, dim=1)).sum(1)
    return torch.rad2deg(torch.arcsin(sine.clamp(-1, 1)))


class RegressorLoss(nn.Module):
    """Both losses; call render_terms and photo_terms, then total."""

    def __init__(self, model: MorphableModel, layout: ThetaLayout) -> None:
        super().__init__()
        self.layout = layout
        self.geometry = FaceGeometry(model)

    def render_terms(self, raw: Tensor, label: Tensor, half_extent: Tensor, landmarks: Tensor) -> dict[str, Tensor]:
        """Unweighted terms, scalars.

        Args:
            raw: predicted (N, D).
            label: (N, D) as synthetic.RenderBatch.theta.
            half_extent: h (N,).
            landmarks: (N, 68, 2) crop units.
        """
        layout, geometry = self.layout, self.geometry
        present = label[:, layout.presence]  # (N,)
        terms = {"presence": functional.binary_cross_entropy_with_logits(raw[:, layout.presence], present)}
        keep = present > 0.5
        raw, label, half_extent, landmarks = raw[keep], label[keep], half_extent[keep], landmarks[keep]
        if not len(raw):
            return terms
        theta = decode(layout, raw)
        expression = label[:, layout.expression]
        d_identity = theta.identity - label[:, layout.identity]
        d_expression = theta.expression - expression
        moved = d_identity @ geometry.vertex_identity + d_expression @ geometry.vertex_expression
        d_albedo = theta.albedo - label[:, layout.albedo]
        light = (theta.illumination - label[:, layout.illumination]).view(-1, 9, 3)
        raw_expression = raw[:, layout.expression]
        terms["landmarks"] = (geometry.projected_landmarks(theta, half_extent) - landmarks).abs().mean()
        terms["vertices"] = 1000 * (moved.view(len(moved), -1, 3).square().sum(-1) + 1e-10).sqrt().mean()
        terms["shape"] = (d_identity @ geometry.shape_distance).abs().mean()
        turn = rotation_from_6d(raw[:, layout.rotation]) - rotation_from_6d(label[:, layout.rotation])
        terms["rotation"] = turn.abs().mean()
        terms["offset"] = (raw[:, layout.offset] - label[:, layout.offset]).abs().mean()
        terms["scale"] = (raw[:, layout.log_scale] - label[:, layout.log_scale]).abs().mean()
        # Squared: most activations are 0 in most faces, and the median, which |.| asks for, would be a face at rest.
        terms["expression"] = ((raw_expression - expression).square() * geometry.expression_weights).mean()
        terms["identity"] = d_identity.square().mean()
        terms["colour"] = (d_albedo @ geometry.vertex_albedo).abs().mean()
        terms["albedo"] = d_albedo.square().mean()
        terms["shading"] = (geometry.front_basis @ light).abs().mean()
        terms["range"] = _outside_unit(raw_expression)
        return terms

    def photo_terms(self, raw: Tensor, half_extent: Tensor, landmarks: Tensor) -> dict[str, Tensor]:
        """Unweighted terms of photos that all show a face; those of pixels are photometric.py's and perceptual.py's.

        Args:
            raw: predicted (N, D).
            half_extent: h (N,).
            landmarks: pseudo labels (N, 68, 2) crop units.
        """
        layout, geometry = self.layout, self.geometry
        theta = decode(layout, raw)
        projected = geometry.projected_landmarks(theta, half_extent)
        light = theta.illumination.view(-1, 9, 3)
        return {
            "presence": functional.binary_cross_entropy_with_logits(
                raw[:, layout.presence], torch.ones_like(raw[:, layout.presence])
            ),
            "landmarks": ((projected - landmarks).abs().mean(-1) * geometry.point_weights).mean(),
            "openings": (_openings(projected) - _openings(landmarks)).abs().mean(),
            "identity": theta.identity.square().mean(),
            "expression": (theta.expression / _EXPRESSION_SPREAD).square().mean(),
            "albedo": theta.albedo.square().mean(),
            "symmetry": (theta.albedo @ geometry.albedo_odd).abs().mean(),
            "white_light": (light - light.mean(2, keepdim=True)).square().mean(),
            "range": _outside_unit(raw[:, layout.expression]),
        }


def _expression_weights(names: tuple[str, ...]) -> np.ndarray:
    """(E,), mean 1: every action's share of its own variance counts alike, those that people look at first doubly."""
    variance = sample_expressions(names, np.random.default_rng(0), 1024).var(0)
    first = [n.startswith(("eyeBlink", "eyeLook", "jawOpen", "mouthSmile")) for n in names]
    weights = np.where(first, 2.0, 1.0) / (variance + _EXPRESSION_FLOOR)
    return weights / weights.mean()


def total(terms: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    """The weighted sum."""
    return torch.stack([weights[name] * value for name, value in terms.items()]).sum()


def _openings(landmarks: Tensor) -> Tensor:
    upper, lower = zip(*_OPENINGS, strict=True)
    return (landmarks[:, list(upper)] - landmarks[:, list(lower)]).square().sum(-1).add(1e-8).sqrt()


def _outside_unit(raw: Tensor) -> Tensor:
    return (functional.relu(-raw) + functional.relu(raw - 1)).mean()
