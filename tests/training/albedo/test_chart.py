import numpy as np
import pytest

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.texture_layout import texture_layout
from facegpt_ros.training.albedo.chart import Chart, VertexColours
from facegpt_ros.training.albedo.spread import SkinSpread


@pytest.fixture(scope="module")
def chart() -> Chart:
    model = MorphableModel.load()
    return Chart(model, *texture_layout(model.bases["mean"], model.triangles, model.regions), 128)


def test_the_mirror_shows_the_other_side_of_the_face(chart):
    here = chart.at(chart.model.bases["mean"])
    inside = chart.share > 0.9
    there = chart.mirror @ here
    assert np.percentile(np.abs(there * (-1, 1, 1) - here)[inside], 99) < 2e-3  # m


def test_coarse_values_are_interpolated_to_all_texels(chart):
    ramp = np.column_stack(np.divmod(chart.flat, chart.size)).astype(np.float32)
    refined = chart.refined(ramp[chart.coarse])
    assert np.percentile(np.abs(refined - ramp), 95) < 0.51
    assert np.abs(refined - ramp).max() < 6


def test_vertex_colours_of_what_the_mesh_can_show_are_exact(chart):
    model = chart.model
    to_vertices = VertexColours(chart.texels, model.triangles, model.n_vertices, np.ones(len(chart.texels)))
    truth = model.bases["mean"].astype(np.float64)
    found = to_vertices(chart.everywhere(truth))
    seen = to_vertices.known & (chart.photographed > 0.5)
    assert np.percentile(np.abs(found - truth)[seen], 95) < 1e-3  # of a head of 0.2 m


def test_skin_spreads_smoothly_and_forgets_patterns_far_away(chart):
    model = chart.model
    spread = SkinSpread(model, np.ones(model.n_vertices, bool))
    height = model.bases["mean"][:, 1:2].astype(np.float64)
    out = spread(np.where(spread.known[:, None], height, 99.0))[:, 0]
    assert out[spread.known] == pytest.approx(height[spread.known, 0])
    assert height[spread.known].min() - 1e-9 <= out.min() and out.max() <= height[spread.known].max() + 1e-9
    back = model.bases["mean"][:, 2] < -0.15
    assert out[back].std() < 0.2 * height[spread.known].std()
