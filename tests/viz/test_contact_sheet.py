import numpy as np
import pytest

from facegpt_ros.errors import ImageError
from facegpt_ros.viz.contact_sheet import contact_sheet


def test_contact_sheet_lays_out_rows():
    images = [np.full((10, 20, 3), value, np.uint8) for value in (50, 100, 150, 200, 250)]
    images[4] = np.full((30, 60, 3), 250, np.uint8)
    sheet = contact_sheet(images, 3, gap=2)
    assert sheet.shape == (22, 64, 3)
    assert sheet[5, 10, 0] == 50
    assert sheet[5, 54, 0] == 150
    assert sheet[17, 32, 0] == 250
    assert not sheet[17, 54].any()
    assert contact_sheet(images[:2], 8).shape == (10, 42, 3)


def test_contact_sheet_refuses_what_is_no_picture():
    with pytest.raises(ImageError, match="at least one"):
        contact_sheet([], 4)
    with pytest.raises(ImageError, match="picture 1"):
        contact_sheet([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)], 4)
