import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.monk import TONE_NAMES
from facegpt_ros.viz.gallery import portrait, skin_tones


def test_a_texture_paints_what_colours_by_vertex_paint():
    model = MorphableModel.load()
    vertices, albedo = model.bases["mean"], np.zeros(len(model.albedo_names))
    by_vertex = portrait(model, vertices, model.colours(albedo), size=96).astype(int)
    by_texel = portrait(model, vertices, model.texture(albedo), size=96).astype(int)
    assert np.abs(by_vertex - by_texel).mean() < 4
    assert ((by_vertex == 217) == (by_texel == 217)).mean() > 0.99


def test_skin_tones_go_from_light_to_dark():
    model = MorphableModel.load()
    if not set(TONE_NAMES) <= set(model.albedo_names):
        with pytest.raises(ModelError, match="no albedo axes skin_lightness"):
            skin_tones(model)
        return
    cheeks = [picture[60:70, 40:50].mean() for picture in skin_tones(model, 96)]
    assert len(cheeks) == 10
    assert all(a > b for a, b in zip(cheeks[3:], cheeks[4:], strict=False))
    assert cheeks[0] > 3 * cheeks[9]
