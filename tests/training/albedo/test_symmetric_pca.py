import numpy as np

from facegpt_ros.training.albedo.symmetric_pca import symmetric_axes


def test_finds_the_axes_that_samples_were_made_of():
    """Six values, mirrored by reversal: one axis given, one the same on both sides, one opposite."""
    rng = np.random.default_rng(0)
    given = rng.normal(size=(400, 1))
    given = (given - given.mean()) / given.std()
    axes = np.array([[1, 1, 1, 1, 1, 1], [2, 0, -1, -1, 0, 2], [1, 0.5, 0, 0, -0.5, -1]], float)
    own = rng.normal(size=(400, 2))
    faces = (np.hstack([given, own]) @ axes + 5).astype(np.float32)
    found = symmetric_axes(faces.copy(), faces[:, ::-1].copy(), np.ones(400), given, 3)
    np.testing.assert_allclose(found.mean, 5 + own[:, 0].mean() * axes[1], atol=0.05)
    np.testing.assert_array_equal(found.sign, [1, 1, -1])
    np.testing.assert_allclose(found.basis[0], axes[0], atol=0.15)
    for k in (1, 2):
        np.testing.assert_allclose(np.abs(found.basis[k]), np.abs(axes[k]), atol=0.2)
    np.testing.assert_allclose(found.faces(slice(None)), faces, atol=1e-3)
    np.testing.assert_allclose(found.faces(slice(None), mirrored=True), faces[:, ::-1], atol=1e-3)


def test_weights_are_how_often_a_sample_counts():
    rng = np.random.default_rng(1)
    faces = rng.normal(size=(12, 8)).astype(np.float32)
    counts = np.array([1, 2, 3] * 4)
    none = np.zeros((12, 0))
    weighted = symmetric_axes(faces.copy(), faces[:, ::-1].copy(), counts.astype(float), none, 3)
    repeated = np.repeat(faces, counts, 0)
    plain = symmetric_axes(
        repeated.copy(), repeated[:, ::-1].copy(), np.ones(len(repeated)), np.zeros((len(repeated), 0)), 3
    )
    np.testing.assert_allclose(weighted.mean, plain.mean, atol=1e-5)
    np.testing.assert_allclose(np.abs(weighted.basis), np.abs(plain.basis), atol=1e-4)
