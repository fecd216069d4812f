"""Textures take most of the time of an image, and few tests look at them."""

import numpy as np
import pytest

from facegpt_ros import reconstruction


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textures are black and small."""
    monkeypatch.setattr(reconstruction, "bake_texture", lambda *_: np.zeros((4, 4, 3), np.uint8))
