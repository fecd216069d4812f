import cv2
import numpy as np
import pytest

from facegpt_ros.errors import ImageError
from facegpt_ros.evaluation.picture_scores import PictureScores, masked_ssim, psnr, ssim_map


@pytest.fixture
def photo() -> np.ndarray:
    """(90, 80, 3) uint8, smooth with some texture."""
    rng = np.random.default_rng(0)
    smooth = cv2.resize(rng.uniform(40, 200, (6, 6, 3)), (80, 90), interpolation=cv2.INTER_CUBIC)
    return (smooth + rng.normal(0, 6, smooth.shape)).clip(0, 255).astype(np.uint8)


def disc(shape=(90, 80), radius=30) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(x - shape[1] / 2, y - shape[0] / 2) < radius


def scored(photo: np.ndarray, drawing: np.ndarray, drawn: np.ndarray | None = None) -> dict:
    scores = PictureScores()
    scores.add(photo, disc(), drawing, disc() if drawn is None else drawn)
    return scores.as_json()


def test_the_photo_itself_is_perfect(photo):
    figures = scored(photo, photo.astype(np.float32))
    assert figures["psnr_db"] > 100 and figures["ssim"] == pytest.approx(1) and figures["skin_covered"] == 1
    assert figures["psnr_db_mean_colour"] < 30


def test_known_noise_gives_its_own_psnr(photo):
    noise = np.random.default_rng(1).normal(0, 10, photo.shape)
    middle = photo.clip(60, 190)  # so that nothing is clipped
    figures = scored(middle.astype(np.uint8), middle + noise)
    assert figures["psnr_db"] == pytest.approx(20 * np.log10(25.5), abs=0.15)
    assert 0.2 < figures["ssim"] < 0.95


def test_another_face_or_none_scores_low(photo):
    other = np.random.default_rng(2).uniform(0, 255, photo.shape)
    figures = scored(photo, other)
    assert figures["psnr_db"] < figures["psnr_db_mean_colour"] and figures["ssim"] < 0.1
    nothing = PictureScores()
    nothing.add(photo, disc(), photo, np.zeros((90, 80), bool))
    assert nothing.as_json() == {} and nothing.covered == [0]


def test_what_lies_outside_the_mask_is_no_matter(photo):
    beyond = photo.astype(np.float32)
    beyond[~disc()] = 0
    assert scored(photo, beyond) == scored(photo, photo.astype(np.float32))


def test_a_drawing_of_half_the_skin_says_so(photo):
    half = disc() & (np.arange(80) < 40)
    assert scored(photo, photo.astype(np.float32), half)["skin_covered"] == pytest.approx(0.5, abs=0.02)


def test_ssim_of_flat_pictures_is_that_of_their_means():
    a, b = np.full((40, 40, 3), 100.0), np.full((40, 40, 3), 120.0)
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 120 + c1) / (100**2 + 120**2 + c1)
    assert masked_ssim(a, b, np.ones((40, 40), bool)) == pytest.approx(expected)


def test_ssim_is_the_papers_where_windows_are_whole(photo):
    second = (photo + np.random.default_rng(3).normal(0, 12, photo.shape)).clip(0, 255)
    grey = [p.astype(np.float64) @ (0.114, 0.587, 0.299) for p in (photo, second)]
    window = cv2.getGaussianKernel(11, 1.5) @ cv2.getGaussianKernel(11, 1.5).T
    pixel = np.zeros((90, 80), bool)
    pixel[40:51, 30:41] = True
    a, b = (g[40:51, 30:41] for g in grey)
    ma, mb = (window * a).sum(), (window * b).sum()
    va, vb, cov = ((window * x).sum() for x in ((a - ma) ** 2, (b - mb) ** 2, (a - ma) * (b - mb)))
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    assert ssim_map(photo, second, pixel)[45, 35] == pytest.approx(expected)


def test_pictures_of_other_sizes_and_empty_masks_are_refused(photo):
    with pytest.raises(ImageError, match="one size"):
        masked_ssim(photo, photo[1:], disc())
    with pytest.raises(ImageError, match="0 px"):
        masked_ssim(photo, photo, np.zeros((90, 80), bool))


def test_psnr_of_one_grey_level_is_48_db():
    assert psnr(np.zeros(10), np.ones(10)) == pytest.approx(20 * np.log10(255))
