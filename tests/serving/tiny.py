"""A FaceGPT that is built in no time, by the names under which the shipped one is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from facegpt_ros import engines
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.model.theta import ThetaLayout


def tiny_facegpt(folder: Path, layout: ThetaLayout, monkeypatch: pytest.MonkeyPatch) -> EstimatorConfig:
    """Names its files; skips the test where the packages are missing that build it."""
    for package in ("onnx", "gguf", "tokenizers"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    from tests.model.test_gguf_file import write
    from tests.model.tiny_facegpt import save_facegpt

    monkeypatch.setenv("FACEGPT_CACHE", str(folder / "cache"))
    language, fetch = write(folder / "m.gguf"), engines.fetch
    monkeypatch.setattr(
        engines, "fetch", lambda name, **how: language if name == "language_model" else fetch(name, **how)
    )
    weights = save_facegpt(folder, language, layout, exits=(1,))
    return EstimatorConfig(name="facegpt", weights=str(weights), precision="fp32")
