import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.render.shading import SH_CONSTANTS, SH_ORDER, ambient, directional, sh_basis, shade


def _directions(count: int = 4000) -> np.ndarray:
    vectors = np.random.default_rng(1).normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_basis_is_orthogonal_with_the_lambert_constants():
    basis = sh_basis(_directions(200_000))
    gram = basis.T @ basis / len(basis) * 4 * np.pi
    expected = np.array([np.pi] + [2 * np.pi / np.sqrt(3)] * 3 + [2 * np.pi / np.sqrt(8)] * 5) ** 2
    np.testing.assert_allclose(gram, np.diag(expected), atol=0.15)


def test_constants_are_those_of_deep3dfacerecon():
    np.testing.assert_allclose(
        SH_CONSTANTS,
        [0.886227, 1.772454, 1.772454, 1.772454, 2.427032, 2.427032, 0.700624, 2.427032, 1.213516],
        atol=2e-6,
    )
    assert SH_ORDER[1:4] == ("y", "z", "x")


def test_ambient_light_shows_the_albedo():
    albedo = np.random.default_rng(0).random((50, 3))
    np.testing.assert_allclose(shade(albedo, _directions(50), ambient(1.0)), albedo, atol=1e-6)


def test_directional_light_is_the_second_order_fit_of_the_clamped_cosine():
    normals = _directions()
    light = np.array([0.3, -0.8, -0.5])
    cosine = normals @ (light / np.linalg.norm(light))
    got = shade(np.ones((len(normals), 3)), normals, directional(light, (1.0, 0.5, 0.0)))
    fit = 0.25 + 0.5 * cosine + 5 / 32 * (3 * cosine**2 - 1)
    np.testing.assert_allclose(got[:, 0], fit, atol=1e-6)
    np.testing.assert_allclose(got[:, 1], 0.5 * fit, atol=1e-6)
    assert not got[:, 2].any()
    assert np.abs(got[:, 0] - np.maximum(cosine, 0)).max() < 0.1


def test_a_light_without_direction_is_refused():
    with pytest.raises(ModelError, match="length"):
        directional(np.zeros(3))


def test_torch_and_numpy_agree():
    torch = pytest.importorskip("torch")
    from facegpt_ros.render.shading import shade_torch

    rng = np.random.default_rng(2)
    albedo, normals, phi = rng.random((2, 30, 3)), _directions(60).reshape(2, 30, 3), rng.normal(size=(2, 27))
    got = shade_torch(torch.tensor(albedo), torch.tensor(normals), torch.tensor(phi))
    np.testing.assert_allclose(got.numpy(), shade(albedo, normals, phi), atol=1e-6)
