import numpy as np
import pytest

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.packed_basis import PackedBasis


@pytest.mark.parametrize("shape", [(1, 3), (5, 1023), (7, 1025), (4, 4096), (0, 9)])
def test_combination_equals_the_product_to_sixteen_bits(shape):
    rng = np.random.default_rng(0)
    basis = rng.normal(size=shape).astype(np.float32)
    x, mean = (rng.normal(size=n).astype(np.float32) for n in shape)
    np.testing.assert_allclose(PackedBasis(basis).combine(x, mean), mean + x @ basis, atol=1e-3)


def test_rows_that_do_not_move_a_tile_and_coefficients_of_zero_change_nothing():
    basis = np.zeros((6, 3000), np.float32)
    basis[2, 1500:1600] = 1
    mean = np.linspace(0, 1, 3000, dtype=np.float32)
    x = np.array([9, 9, 2, 9, 0, 9], np.float32)
    expected = mean.copy()
    expected[1500:1600] += 2
    np.testing.assert_allclose(PackedBasis(basis).combine(x, mean), expected, atol=1e-4)


def test_one_face_is_within_two_micrometres_of_the_exact_one():
    model = MorphableModel.load()
    rng = np.random.default_rng(1)
    identity = rng.normal(size=(8, len(model.identity_names))) * 1.5
    expression = rng.uniform(size=(8, len(model.expression_names)))
    exact = model.vertices(identity, expression)  # many faces take the exact way
    for i in range(8):
        assert np.abs(model.vertices(identity[i], expression[i]) - exact[i]).max() < 2e-6
