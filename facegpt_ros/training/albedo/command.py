"""The whole way from a model file and photo folders to the same model with their skin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.monk import MONK, model_tones, monk_coordinates
from facegpt_ros.morphable.texture_layout import texture_layout
from facegpt_ros.training.albedo.assemble import Albedo, assembled, write_albedo
from facegpt_ros.training.albedo.chart import Chart
from facegpt_ros.training.albedo.learn import AlbedoLearner, SkinMasks
from facegpt_ros.training.albedo.photo_textures import fitted_photos, unwrapped

TEXTURE_SIZE = 256
_HAIRY = ("brows", "beard", "moustache", "lids", "lips")


def build_albedo(
    source: Path,
    folders: Sequence[Path],
    out: Path,
    *,
    count: int,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> Albedo:
    """Writes the model file `source` with albedo learnt from the train split of photo folders to `out`.

    Args:
        count: skin axes, the three tones included.
        seed: of what is drawn; the same seed gives the same file.
        say: takes lines of progress.

    Raises:
        ConfigError: a folder is no photo folder, or there are too few photos.
        ModelError: the model file cannot be read.
    """
    if count < 4:
        raise ConfigError(f"{count} skin coefficients are asked for; three are tones, so give 4 or more")
    model = MorphableModel.load(source)
    photos = fitted_photos(model, folders, "train")
    uv_corners, uv = texture_layout(model.bases["mean"], model.triangles, model.regions)
    chart = Chart(model, uv_corners, uv, TEXTURE_SIZE)
    learner = AlbedoLearner(
        unwrapped(photos, chart),
        chart,
        chart.at(model.bases["albedo_mean"]),
        skin_masks(chart),
        count=count,
        seed=seed,
        say=say,
    )
    albedo = assembled(learner.run(), chart)
    write_albedo(source, albedo, uv_corners, uv, out, [folder.resolve().name for folder in folders])
    for line in reach_report(MorphableModel.load(out)):
        say(line)
    return albedo


def skin_masks(chart: Chart) -> SkinMasks:
    """Where the chart shows bare skin, and where hair or lips are part of it."""
    regions = chart.model.regions
    nothing = np.zeros(chart.model.n_vertices, np.float32)
    hairy = np.max([regions.get(name, nothing) for name in _HAIRY], axis=0)
    skin = regions["skin"] * (1 - hairy)
    return SkinMasks(chart.at(skin).astype(np.float32), chart.at(hairy).clip(0, 1).astype(np.float32))


def reach_report(model: MorphableModel) -> list[str]:
    """One line for each tone of Monk's scale: where it lies on the tone axes, and how near they come."""
    coordinates, gap = monk_coordinates(*model_tones(model))
    return [
        f"Monk {tone + 1:2d} rgb {np.round(MONK[tone] * 255).astype(int).tolist()}: "
        f"σ {np.round(coordinates[tone], 2).tolist()}, off by {255 * gap[tone] / np.sqrt(3):.1f} of 255 (rms)"
        for tone in range(len(MONK))
    ]
