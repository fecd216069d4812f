import math

import pytest

from facegpt_ros.diagnostics import FrameStats


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_rates_and_percentiles_are_over_the_window():
    clock = Clock()
    stats = FrameStats(window_s=2.0, clock=clock)
    for number in range(40):
        stats.processed(latency_s=0.010 if number < 20 else 0.030, processing_s=0.005, faces=1, dropped=1)
        clock.now += 0.1
    figures = stats.figures()
    assert figures.fps == pytest.approx(10, abs=0.6)
    assert figures.latency_ms == (pytest.approx(30), pytest.approx(30))
    assert (figures.processed, figures.dropped, figures.faces) == (40, 40, 1)
    assert figures.age_s == pytest.approx(0.1)
    assert "FPS" in figures.line()


def test_nothing_yet():
    figures = FrameStats().figures()
    assert figures.fps == 0 and math.isnan(figures.latency_ms[0]) and math.isinf(figures.age_s)


def test_failed_frames_count_apart():
    stats = FrameStats()
    stats.failed(dropped=2)
    assert (stats.figures().failed, stats.figures().dropped, stats.figures().processed) == (1, 2, 0)
