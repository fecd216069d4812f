import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.render.batch import Specular, composite, project, render_face
from facegpt_ros.render.rasterize import rasterize, vertex_normals
from facegpt_ros.render.shading import ambient, directional, shade
from tests.render.meshes import quad, sphere

FOCAL = 8.0


def _ball(size: int, **options):
    points, triangles = sphere(rows=24)
    normals = vertex_normals(points, triangles)
    colours = np.full((len(points), 3), (0.8, 0.5, 0.2), np.float32)
    phi = options.pop("phi", ambient(1.0))
    return render_face(project(points, FOCAL, size), triangles, colours, normals, phi, size, **options)


def test_without_supersampling_it_is_the_rasteriser_and_the_shading():
    points, triangles = sphere(rows=24)
    normals = vertex_normals(points, triangles)
    colours = np.random.default_rng(0).random(points.shape).astype(np.float32) * 0.5
    phi = ambient(0.5) + directional(np.array([0.2, -0.3, -1.0]), 0.4)
    screen = project(points, FOCAL, 64)
    got = render_face(screen, triangles, colours, normals, phi, 64, samples=1)
    ids, barycentric = rasterize(screen, triangles, 64, 64)
    np.testing.assert_array_equal(got.triangle_id, ids)
    np.testing.assert_allclose(got.alpha, ids >= 0, atol=1e-6)
    shaded = shade(colours, normals, phi)
    expected = (barycentric[..., None] * shaded[triangles[ids]]).sum(-2)
    np.testing.assert_allclose(got.image[ids >= 0], expected[ids >= 0], atol=1e-5)


def test_supersampling_gives_fractional_outlines_and_keeps_the_place():
    points, triangles = quad()
    points[:, :2] += 0.5  # from 10.5 to 30.5
    colours, normals = np.ones((4, 3)), np.tile([0.0, 0, -1], (4, 1))
    got = render_face(points, triangles, colours, normals, ambient(), 40, samples=2)
    np.testing.assert_allclose(got.alpha[20, 9:33], [0, 0] + [1] * 20 + [0] * 2, atol=1e-6)
    points[:, :2] += 0.4
    got = render_face(points, triangles, colours, normals, ambient(), 40, samples=2)
    assert got.alpha[20, 11] == pytest.approx(0.5)
    assert got.alpha[20, 31] == pytest.approx(0.5)
    np.testing.assert_allclose(got.image[got.alpha > 0], 1, atol=1e-5)


def test_light_from_the_left_makes_the_left_brighter():
    image = _ball(64, phi=ambient(0.2) + directional(np.array([-1.0, 0, -0.5]), 0.8)).image
    assert image[32, 20, 0] > image[32, 44, 0] + 0.2


def test_light_from_above_makes_the_top_brighter():
    image = _ball(64, phi=ambient(0.2) + directional(np.array([0.0, -1.0, -0.5]), 0.8)).image
    assert image[20, 32, 0] > image[44, 32, 0] + 0.2


def test_a_shadow_is_taken_from_the_light_by_colour_and_never_below_black():
    points, _ = sphere(rows=24)
    shadow = np.tile(np.array([-0.25, 0, -2], np.float32), (len(points), 1))
    plain, dark = _ball(64), _ball(64, shadow=shadow)
    np.testing.assert_allclose(dark.image[32, 32], plain.image[32, 32] * (0.75, 1, 0), atol=1e-5)


def test_highlight_sits_where_the_light_is_mirrored():
    plain, shiny = _ball(64), _ball(64, specular=Specular((-1.0, -1.0, -1.0), strength=0.2, shininess=20))
    extra = (shiny.image - plain.image)[..., 0]
    row, column = np.unravel_index(extra.argmax(), extra.shape)
    assert row < 32
    assert column < 32
    assert extra.max() == pytest.approx(0.2, abs=0.02)


def test_detail_texture_and_occlusion_multiply():
    points, triangles = quad()
    colours, normals = np.full((4, 3), 0.5), np.tile([0.0, 0, -1], (4, 1))
    uv = np.array([[0, 1], [0, 0], [1, 0], [1, 1]])  # v up: the top left corner is (0, 1)
    texture = np.ones((16, 16), np.float32)
    texture[:8, :8] = 0.5
    got = render_face(
        points, triangles, colours, normals, ambient(), 40, uv=uv, detail=texture, occlusion=np.full(4, 0.8)
    )
    assert got.image[14, 14, 0] == pytest.approx(0.2, abs=1e-4)
    assert got.image[14, 26, 0] == pytest.approx(0.4, abs=1e-4)
    assert got.image[26, 14, 0] == pytest.approx(0.4, abs=1e-4)
    tinted = np.ones((4, 4, 3), np.float32) * (1.0, 0.5, 0.25)
    got = render_face(points, triangles, colours, normals, ambient(), 40, uv=uv, detail=tinted)
    np.testing.assert_allclose(got.image[20, 20], (0.5, 0.25, 0.125), atol=1e-4)


def test_colours_stay_within_0_and_1():
    image = _ball(32, phi=ambient(3.0) + directional(np.array([1.0, 0, 0]), 5.0)).image
    assert image.min() >= 0
    assert image.max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_composites_over_a_picture(dtype):
    top = 255 if dtype == np.uint8 else 1
    background = np.full((64, 64, 3), 0.2 * top, dtype)
    ball = _ball(64)
    composite(ball, background, opacity=0.5)
    np.testing.assert_allclose(background[0, 0], 0.2 * top, atol=1)
    np.testing.assert_allclose(background[32, 32] / top, (0.5, 0.35, 0.2), atol=0.005)


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(ModelError, match=r"\(32, 32, 3\)"):
        composite(_ball(32), np.zeros((16, 16, 3), np.uint8))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"illumination": np.zeros(9)}, "illumination"),
        ({"colours": np.zeros((3, 3))}, "colours"),
        ({"normals": np.zeros((4, 2))}, "normals"),
        ({"detail": np.ones((4, 4))}, "needs uv"),
        ({"uv": np.zeros((4, 2)), "detail": np.ones((4, 4, 2))}, "detail"),
        ({"size": 0}, "positive"),
        ({"samples": 9}, "samples"),
        ({"specular": Specular((0, 0, 0))}, "highlight"),
    ],
)
def test_wrong_arguments_are_named(change, says):
    points, triangles = quad()
    arguments = {
        "points": points,
        "triangles": triangles,
        "colours": np.ones((4, 3)),
        "normals": np.tile([0.0, 0, -1], (4, 1)),
        "illumination": ambient(),
        "size": 16,
    }
    with pytest.raises(ModelError, match=says):
        render_face(**(arguments | change))
