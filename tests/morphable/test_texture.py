import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.texels import texels
from facegpt_ros.morphable.texture import AlbedoTexture, painted, quantised

SIZE = 32
# A square of two triangles over the whole texture.
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)[TRIANGLES]
AXES = np.zeros((3, 4, 3), np.float32)
AXES[0] = 0.1  # all brighter
AXES[2, 2:, 0] = 0.2  # the top redder


def tensors(**changes: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    basis, scale = quantised(rng.normal(0, 0.02, (2, 40, 3)))
    return {
        "mean": np.full((SIZE, SIZE, 3), 128, np.uint8),
        "texels": np.arange(100, 140, dtype=np.int32),
        "basis": basis,
        "scale": scale,
        **changes,
    }


def texture(**changes: np.ndarray) -> AlbedoTexture:
    return AlbedoTexture(tensors(**changes), AXES.reshape(3, -1), TRIANGLES, UV)


def test_without_coefficients_it_is_the_mean():
    np.testing.assert_allclose(texture()(np.zeros(3)), 128 / 255, atol=1e-6)


def test_axes_without_detail_are_interpolated_between_vertices():
    shown = texture()(np.array([0, 0, 1.0]))
    red = shown[..., 0] - 128 / 255
    rows = (np.arange(SIZE) + 0.5) / SIZE
    np.testing.assert_allclose(red, np.repeat(0.2 * (1 - rows)[:, None], SIZE, 1), atol=1e-3)
    np.testing.assert_allclose(shown[..., 1:], 128 / 255, atol=1e-6)


def test_details_lie_on_top_of_what_vertices_say_at_their_texels():
    made = tensors()
    shown = texture()(np.array([1.0, 0, 0])).reshape(-1, 3) - 128 / 255 - 0.1
    detail = made["basis"][0].astype(float) * made["scale"][0] / 127
    np.testing.assert_allclose(shown[100:140], detail, atol=1e-5)
    np.testing.assert_allclose(np.delete(shown, np.arange(100, 140), 0), 0, atol=1e-5)


def test_eight_bits_keep_a_basis_to_a_two_hundred_and_fiftieth_of_its_greatest_value():
    basis = np.random.default_rng(1).normal(size=(3, 50, 3)) * [[[1]], [[0.01]], [[0]]]
    steps, scale = quantised(basis)
    back = steps * scale[:, None, None] / 127
    assert np.abs(back - basis).max((1, 2)) == pytest.approx(np.abs(basis).max((1, 2)) / 254, rel=0.2, abs=1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {"mean": np.zeros((SIZE, SIZE + 1, 3), np.uint8)},
        {"texels": np.arange(40, dtype=np.int32) + SIZE * SIZE},
        {"scale": np.ones(5, np.float32)},
        {"scale": np.array([1, np.nan], np.float32)},
    ],
)
def test_tensors_that_do_not_fit_together_are_refused(changes):
    with pytest.raises(ModelError, match="do not fit together; write the file again"):
        texture(**changes)


def test_a_missing_tensor_is_named():
    made = tensors()
    del made["scale"]
    with pytest.raises(ModelError, match="lacks 'albedo_texture.scale'"):
        AlbedoTexture(made, AXES.reshape(3, -1), TRIANGLES, UV)


def test_the_shipped_models_texture_is_its_colours_only_finer():
    model = MorphableModel.load()
    albedo = np.random.default_rng(2).normal(0, 0.7, len(model.albedo_names))
    fine, coarse = model.texture(albedo), painted(model.colours(albedo), model.triangles, model.uv_corners)
    assert fine.shape == coarse.shape and fine.dtype == np.float32
    assert fine.min() >= 0 and fine.max() <= 1
    covered = texels(model.uv_corners, len(fine))
    face = (model.regions["face"][model.triangles[covered.triangle]] > 0.9).all(1)
    gap = np.abs(fine - coarse)[covered.covered][face]
    assert gap.mean() < 0.03 and np.abs((fine - coarse)[covered.covered][face].mean()) < 0.005


def test_coefficients_of_another_count_are_refused():
    with pytest.raises(ModelError, match="albedo has shape"):
        MorphableModel.load().texture(np.zeros(3))
