"""The texture of a face out of the photo it was estimated in."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.texels import Texels
from facegpt_ros.morphable.texels import texels as texels_of
from facegpt_ros.render.rasterize import NEAR_M, rasterize, vertex_normals

TEXTURE_SIZE = 1024
_DEPTH_SIDE = 768  # px of the depth map that says what hides what
_HIDDEN_BY_M = 0.002
#: Cosine between normal and line of sight at which a photo begins to say something, and from which on it says all.
_GRAZING, _FACING = 0.3, 0.6
_SOFT_BORDER = 0.006  # over which the photo fades out, in texture widths
_TONE_SIDE = 64  # px of the map that carries the photo's tone over to what it does not show


def bake_texture(image_bgr: np.ndarray, face: Face, model: MorphableModel, size: int = TEXTURE_SIZE) -> np.ndarray:
    """The face's colours in the layout of the model's uv_corners, with the photo's light in them.

    Where the photo shows the surface, and not at a grazing angle, the photo; else the photo of the other half of the
    face, where that is seen; else the estimated albedo in the tone of the photo nearby.

    Args:
        image_bgr: (H, W, 3) uint8, the image of the estimate.
        face: with coefficients of model.
        model: the morphable model.
        size: of the texture, px.

    Returns:
        (size, size, 3) uint8 BGR, row 0 is v = 1; what no triangle covers repeats its nearest neighbour.
    """
    texels = _texels(model, size)
    optical = (model.vertices(face.identity, face.expression) @ face.rotation.T + face.translation).astype(np.float32)
    pixels = face.camera.project(optical).astype(np.float32)
    eyes = model.regions.get("eyes", np.zeros(len(optical), np.float32))
    trust = _trust(optical, model)
    by_vertex = np.column_stack([pixels, optical[:, 2], trust, eyes]).astype(np.float32)  # (V, 5)
    picture, to_picture = _prefiltered(image_bgr, pixels[trust > 0], size)
    depth = _DepthMap(pixels, optical[:, 2], model.triangles)

    def look(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Photo at texels with these values (N, 5): (N, 3) float32, and how much it says of them, (N, 1) 0..1."""
        xy = values[:, :2]
        limit = np.array([image_bgr.shape[1] - 1, image_bgr.shape[0] - 1])
        seen = np.all((xy >= 0) & (xy <= limit), axis=1) & depth.shows(xy, values[:, 2])
        photo = _sample(picture, xy * to_picture[0] + to_picture[1])
        return photo, (_faded(seen, texels.covered) * values[:, 3])[:, None]

    corners = model.triangles[texels.triangle]  # (N, 3)
    values = np.einsum("nck,nc->nk", by_vertex[corners], texels.barycentric)  # (N, 5)
    photo, sure = look(values)
    mirrored = np.einsum("nck,nc->nk", by_vertex[model.mirror[corners]], texels.barycentric)
    other, other_sure = look(mirrored)
    eye = values[:, 4:]
    texture = cv2.resize(model.texture(face.albedo)[..., ::-1], (size, size), interpolation=cv2.INTER_LINEAR)
    albedo = 255 * texture[texels.covered]
    tone = _tone(photo, albedo, sure, texels.covered)
    # An iris of another colour than estimated says nothing of the white around it.
    tone = (1 - eye) * tone + eye * np.minimum(tone.mean(1, keepdims=True), 1)
    fill = albedo * tone
    fill = other_sure * other + (1 - other_sure) * fill
    colours = sure * photo + (1 - sure) * fill
    return np.clip(colours, 0, 255).round().astype(np.uint8)[texels.nearest]


@lru_cache(maxsize=4)
def _texels(model: MorphableModel, size: int) -> Texels:
    return texels_of(model.uv_corners, size)


def _trust(optical: np.ndarray, model: MorphableModel) -> np.ndarray:
    """(V,) 0..1: how much the photo can be believed at vertices (V, 3), by angle and by region, whatever hides them."""
    normals = vertex_normals(optical, model.triangles)
    sight = optical / np.maximum(np.linalg.norm(optical, axis=1, keepdims=True), 1e-9)
    t = np.clip((-(normals * sight).sum(1) - _GRAZING) / (_FACING - _GRAZING), 0, 1)
    # Behind the face come hair and background, which the head without hair would wear like paint.
    region = np.maximum.reduce([model.regions[name] for name in _PHOTO_REGIONS if name in model.regions] or [t * 0 + 1])
    return t * t * (3 - 2 * t) * region * (optical[:, 2] > NEAR_M)


_PHOTO_REGIONS = ("face", "eyes", "mouth_inner", "tongue")


class _DepthMap:
    """Which points of a mesh the camera sees."""

    def __init__(self, pixels: np.ndarray, depth: np.ndarray, triangles: np.ndarray) -> None:
        front = depth > NEAR_M
        low, high = pixels[front].min(0), pixels[front].max(0)
        self._low = low
        self._scale = (_DEPTH_SIDE - 1) / max(float((high - low).max()), 1e-6)
        points = np.column_stack([(pixels - low) * self._scale, depth]).astype(np.float32)
        ids, barycentric = rasterize(points, triangles, _DEPTH_SIDE, _DEPTH_SIDE)
        nearest = (barycentric * depth[triangles[ids]]).sum(-1)
        nearest[ids < 0] = np.inf
        # The furthest of the neighbours, or steep places would hide themselves.
        self._nearest = cv2.dilate(nearest.astype(np.float32), np.ones((3, 3), np.uint8))

    def shows(self, pixels: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """(N,) bool for points at pixels (N, 2) and depths (N,) m."""
        x, y = np.rint((pixels - self._low) * self._scale).astype(int).clip(0, _DEPTH_SIDE - 1).T
        return depth <= self._nearest[y, x] + _HIDDEN_BY_M


def _faded(seen: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """seen (N,) bool, shrunk and softened towards what is not seen: (N,) float32."""
    shown = np.ones(covered.shape, np.float32)  # the edge of a chart is no reason to fade
    shown[covered] = seen
    reach = max(1, round(_SOFT_BORDER * len(covered)))
    shown = cv2.erode(shown, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return cv2.GaussianBlur(shown, (0, 0), reach / 2)[covered]


def _prefiltered(image: np.ndarray, pixels: np.ndarray, size: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """The photo around pixels (N, 2), no finer than the texture can hold; picture xy = scale * image xy + offset."""
    if not len(pixels):
        return image[:1, :1], (np.ones(2, np.float32), np.zeros(2, np.float32))
    edge = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(pixels.min(0)) - 2, 0, edge - 1).astype(int)
    high = np.clip(np.ceil(pixels.max(0)) + 3, low + 1, edge).astype(int)
    piece = image[low[1] : high[1], low[0] : high[0]]
    # The face fills about two thirds of the texture.
    shrink = max(1.0, max(piece.shape[:2]) / (0.67 * size))
    shape = np.maximum(1, np.round((high - low) / shrink)).astype(int)
    if shrink > 1:
        piece = cv2.resize(piece, shape.tolist(), interpolation=cv2.INTER_AREA)
    scale = shape / (high - low)
    return piece, (scale.astype(np.float32), ((0.5 - low) * scale - 0.5).astype(np.float32))


def _sample(picture: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Bilinear colours (N, 3) float32 at pixels (N, 2); the border repeats."""
    # OpenCV's maps are pictures themselves, with sides below 32768.
    columns = 1024
    rows = -(-len(xy) // columns)
    at = np.zeros((rows * columns, 2), np.float32)
    at[: len(xy)] = np.clip(xy, -1e4, 1e5)
    out = cv2.remap(picture, at.reshape(rows, columns, 2), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out.reshape(-1, 3)[: len(xy)].astype(np.float32)


def _tone(photo: np.ndarray, albedo: np.ndarray, weight: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Photo over albedo, (N, 3), by a smooth map that is also defined where weight (N, 1) is 0."""

    def smooth(values: np.ndarray) -> np.ndarray:
        full = np.zeros((*covered.shape, 3), np.float32)
        full[covered] = values * weight
        small = cv2.resize(full, (_TONE_SIDE, _TONE_SIDE), interpolation=cv2.INTER_AREA)
        # Near what is seen its tone; far from it that of all, reached gradually.
        small = cv2.GaussianBlur(small, (0, 0), _TONE_SIDE / 20) + 0.03 * small.mean((0, 1))
        return cv2.resize(small, covered.shape, interpolation=cv2.INTER_LINEAR)[covered]

    below = smooth(albedo)
    gain = np.where(below > 1e-3, smooth(photo) / np.maximum(below, 1e-3), 1)
    return np.clip(gain, 0.05, 4).astype(np.float32)
