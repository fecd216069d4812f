"""What tests of `facegpt reconstruct` share."""

from pathlib import Path

import numpy as np
import pytest

from facegpt_ros import engines, reconstruction
from facegpt_ros.errors import WeightsError


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textures are black and small: they take most of the time of an image, and few tests look at them."""
    monkeypatch.setattr(reconstruction, "bake_texture", lambda *_: np.zeros((4, 4, 3), np.uint8))


@pytest.fixture
def portrait() -> Path:
    """The demo's; the weights that find its face are here too, or the test is skipped."""
    try:
        for name in ("regressor", "blazeface_short_range", "blazeface_full_range"):
            engines.fetch(name, download=False)
        return engines.fetch("astronaut", download=False)
    except WeightsError as error:
        pytest.skip(str(error))
