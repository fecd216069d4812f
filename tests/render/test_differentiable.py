import numpy as np
import pytest

torch = pytest.importorskip("torch")

from facegpt_ros.render.batch import project, render_face  # noqa: E402
from facegpt_ros.render.differentiable import project_torch, render  # noqa: E402
from facegpt_ros.render.rasterize import vertex_normals  # noqa: E402
from facegpt_ros.render.shading import ambient, directional  # noqa: E402
from tests.render.meshes import sphere  # noqa: E402

SIZE, FOCAL = 32, 8.0


def _scene(count: int = 2, rows: int = 8):
    """Points, triangles, colours, φ and focal of a few lit balls."""
    points, triangles = sphere(rows=rows)
    rng = np.random.default_rng(0)
    shifts = np.linspace(-0.01, 0.01, count)[:, None, None] * np.float32([1, 0.5, 0.2])
    points = torch.tensor(points[None] + shifts, dtype=torch.float32)
    colours = torch.tensor(rng.random(points.shape), dtype=torch.float32)
    phi = torch.tensor(ambient(0.6) + directional(np.array([-0.5, -1, -1]), 0.5)).repeat(count, 1)
    return points, torch.from_numpy(triangles), colours, phi, torch.full((count,), FOCAL)


def test_draws_what_the_fast_renderer_draws():
    points, triangles, colours, phi, focal = _scene(1, rows=30)
    got = render(points, triangles, colours, phi, focal, SIZE)
    screen = project(points[0].numpy(), FOCAL, SIZE)
    normals = vertex_normals(points[0].numpy(), triangles.numpy())
    fast = render_face(screen, triangles.numpy(), colours[0].numpy(), normals, phi[0].numpy(), SIZE, samples=1)
    np.testing.assert_array_equal(got.triangle_id[0].numpy(), fast.triangle_id)
    np.testing.assert_allclose(got.mask[0].numpy(), fast.alpha, atol=1e-6)
    # One shades pixels and does not clip, the other shades vertices.
    assert np.abs(got.image[0].permute(1, 2, 0).numpy().clip(0, 1) - fast.image).max() < 0.02


def test_projection_is_that_of_the_fast_renderer():
    points = torch.tensor([[[0.0, 0, 1], [0.125, -0.125, 1], [0.1, 0.2, 2]]])
    got = project_torch(points, torch.tensor([FOCAL]), SIZE)[0].numpy()
    np.testing.assert_allclose(got, project(points[0].numpy(), FOCAL, SIZE), atol=1e-5)
    np.testing.assert_allclose(got[0, :2], (SIZE - 1) / 2)
    np.testing.assert_allclose(got[1, :2], (SIZE - 0.5, -0.5), atol=1e-5)


def _gradients(reference: bool):
    points, triangles, colours, phi, focal = _scene()
    leaves = [tensor.requires_grad_() for tensor in (points, colours, phi, focal)]
    picture = render(points, triangles, colours, phi, focal, SIZE, reference=reference)
    target = torch.linspace(0, 1, SIZE * SIZE).view(SIZE, SIZE)
    ((picture.image - target) ** 2).sum().backward()
    return picture.image.detach(), [leaf.grad for leaf in leaves]


def test_compiled_loops_agree_with_plain_torch():
    image, gradients = _gradients(reference=False)
    image_reference, gradients_reference = _gradients(reference=True)
    torch.testing.assert_close(image, image_reference, atol=1e-5, rtol=1e-4)
    for got, expected in zip(gradients, gradients_reference, strict=True):
        assert expected.abs().max() > 0
        torch.testing.assert_close(got, expected, atol=float(expected.abs().max()) * 1e-3, rtol=1e-3)


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("which", ["points", "colours", "illumination", "focal"])
def test_gradients_match_finite_differences(which, reference):
    points, triangles, colours, phi, focal = _scene(1)
    tensors = {"points": points, "colours": colours, "illumination": phi, "focal": focal}
    before = render(points, triangles, colours, phi, focal, SIZE).triangle_id
    rng = np.random.default_rng(3)
    weight = torch.tensor(rng.random((1, 3, SIZE, SIZE)))
    leaf, step = tensors[which], 1e-5
    seen = np.unique(triangles.numpy()[before.numpy()[before.numpy() >= 0]])
    candidates = np.arange(leaf.numel()) if leaf.numel() < 100 else (seen[:, None] * 3 + np.arange(3)).ravel()
    for index in rng.choice(candidates, min(12, len(candidates)), replace=False):
        # Differences in float64, of the plain operations; pixels that change their triangle jump, so they are left out.
        values, kept = [], before >= 0
        for sign in (1, -1):
            moved = {name: tensor.double() for name, tensor in tensors.items()}
            moved[which].view(-1)[index] += sign * step
            args = (moved["points"], triangles, moved["colours"], moved["illumination"], moved["focal"], SIZE)
            picture = render(*args, reference=True)
            kept = kept & (picture.triangle_id == before)
            values.append(picture.image)
        numeric = float(((values[0] - values[1]) * weight * kept[:, None]).sum() / (2 * step))
        leaf.requires_grad_().grad = None
        picture = render(points, triangles, colours, phi, focal, SIZE, reference=reference)
        (picture.image * weight * kept[:, None]).sum().backward()
        analytic = float(leaf.grad.view(-1)[index])
        leaf.requires_grad_(False)
        assert analytic == pytest.approx(numeric, rel=2e-3, abs=2e-3)


def test_the_camera_can_be_found_by_descent():
    points, triangles, colours, phi, _ = _scene(1)
    target = render(points, triangles, colours, phi, torch.tensor([8.5]), SIZE).image
    focal = torch.tensor([8.0], requires_grad=True)
    optimiser = torch.optim.Adam([focal], lr=0.05)
    for _ in range(60):
        picture = render(points, triangles, colours, phi, focal, SIZE)
        loss = ((picture.image - target) ** 2 * picture.mask[:, None]).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(focal.detach()) == pytest.approx(8.5, abs=0.1)


def test_nothing_in_view_is_black_with_zero_gradient():
    points, triangles, colours, phi, focal = _scene()
    points = (points * torch.tensor([1.0, 1, -1])).requires_grad_()
    picture = render(points, triangles, colours.requires_grad_(), phi, focal, SIZE)
    assert not picture.mask.any()
    picture.image.sum().backward()
    assert torch.isfinite(points.grad).all()
    assert not points.grad.any()


def test_half_precision_is_drawn_in_single():
    points, triangles, colours, phi, focal = _scene()
    expected = render(points, triangles, colours, phi.bfloat16(), focal, SIZE).image
    leaf = phi.bfloat16().requires_grad_()
    picture = render(points, triangles, colours, leaf, focal, SIZE)
    assert picture.image.dtype == torch.float32
    torch.testing.assert_close(picture.image, expected)
    picture.image.sum().backward()
    assert leaf.grad.dtype == torch.bfloat16


def test_drawing_again_gives_the_same_bits():
    scene = _scene()
    first, second = (render(*scene, SIZE).image for _ in range(2))
    assert torch.equal(first, second)
