"""The shipped weights say of a frame after a few layers what they say after all."""

import pytest

pytest.importorskip("gguf", reason="the graphs are built with gguf, which is not installed")
pytest.importorskip("onnx", reason="the graphs are built with onnx, which is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

import numpy as np  # noqa: E402

from facegpt_ros import engines, recipes  # noqa: E402
from facegpt_ros.errors import WeightsError  # noqa: E402
from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.backgrounds import Backgrounds  # noqa: E402
from facegpt_ros.training.synthetic import Synthesizer  # noqa: E402

COUNT = 24


def test_every_exit_says_of_renders_what_the_last_layer_says():
    try:
        weights, language, vision = (
            engines.fetch(name, download=False) for name in ("facegpt", "language_model", "facegpt_vision")
        )
    except WeightsError as error:
        pytest.skip(str(error))
    model = MorphableModel.load()
    said, spreads = {}, {}
    for layers in (0, 12, 24):
        estimator = FaceGPTEstimator(weights, model, language, vision, layers=layers)
        crops = Synthesizer(model, Backgrounds(3, count=20), 3).batch(
            np.random.default_rng(3), COUNT, estimator.crop_size
        ).crops  # fmt: skip
        tokens, guess = estimator.see(crops)
        # One by one, as one camera shows them: int8's scales are a batch's, and rounding grows with it.
        each = [estimator.reader.frames(tokens[i : i + 1], guess[i : i + 1]) for i in range(COUNT)]
        count = estimator.reader.layers
        said[count] = np.concatenate([read.raw for read in each])
        spreads[count] = np.log(np.concatenate([read.estimate.spread.landmarks for read in each]))
        estimator.close()
    assert set(said) == {recipes.read("cpu").layers, 12, 24}
    added = np.square(said[24] - guess).sum()
    for layers in set(said) - {24}:  # in float32 0.001 and 0.02; the rest is what int8 rounds
        assert np.square(said[layers] - said[24]).sum() < 0.12 * added
        missed = np.square(spreads[layers] - spreads[24]).mean()
        assert missed < 0.3 * spreads[24].var(0).mean()
