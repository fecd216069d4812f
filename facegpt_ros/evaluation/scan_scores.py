"""The bars on the morphable model itself: how closely it follows people and expressions that it was not made from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from facegpt_ros.evaluation.scans import ICT_TEST_SEED, ICT_VAL_SEED, LightStage, ScanCase, meshmonk
from facegpt_ros.morphable.fit import FitOptions, Fitter, ScanFit
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.morphable.surface import Surface

#: Vertices that an expression moves by more than this count, mm.
MOVED_MM = 1.0
_INNER = range(17, 68)  # iBUG landmarks that mean the same on both models; the jaw line's are placed by eye


def score_scans(
    model: LinearModel,
    data: Path,
    *,
    val: bool = False,
    options: FitOptions | None = None,
    show: Callable[[str], None] = lambda name: None,
) -> dict:
    """The figures of `facegpt evaluate --set scans`, distances in mm.

    Args:
        data: holds ict/ and scans/.
        val: light-stage people of the validation seed only, neither meshmonk nor expressions.
        options: of the fit.
        show: told each case that is done.

    Raises:
        ConfigError: data are missing.
    """
    options = options or FitOptions()
    fitter = Fitter(model)
    ict = LightStage(data)
    out: dict = {"morphable_model": model.model_id, "prior_mm": options.prior_mm}
    out["ict"] = _people(fitter, ict.people(ICT_VAL_SEED if val else ICT_TEST_SEED), options, show)
    if not val:
        out["meshmonk"] = _people(fitter, meshmonk(data, ict), options, show)
        out["expressions"] = _expressions(fitter, ict, options, show)
    return out


def _people(fitter: Fitter, cases: Iterable[ScanCase], options: FitOptions, show: Callable[[str], None]) -> dict:
    def one(case: ScanCase) -> tuple[str, np.ndarray, np.ndarray, ScanFit]:
        mean = fitter.fit(case.scan, case.landmarks, options, free=(True, False))
        fit = fitter.fit(case.scan, case.landmarks, options)
        points = case.scan.vertices[case.region]
        show(case.name)
        return case.name, distances_mm(fitter, mean, points), distances_mm(fitter, fit, points), fit

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(one, cases))
    return {
        "count": len(done),
        "fit": _figures([fit for _, _, fit, _ in done]),
        "mean_face": _figures([mean for _, mean, _, _ in done]),
        # Far above 1, the fit has left the prior to follow the scan.
        "identity_rms": float(np.mean([np.sqrt((fit.identity**2).mean()) for *_, fit in done])),
        "scale": [float(f([fit.scale for *_, fit in done])) for f in (min, max)],
        "fit_median_by_case": {name: round(float(np.median(gaps)), 3) for name, _, gaps, _ in done},
    }


def _expressions(fitter: Fitter, ict: LightStage, options: FitOptions, show: Callable[[str], None]) -> dict:
    """Identity and pose come from the neutral mean; then each of the light-stage shapes by δ alone."""
    neutral = ict.person("neutral", ict.neutral)
    start = fitter.fit(neutral.scan, neutral.landmarks, options)
    with_expression = FitOptions(**{**vars(options), "expression": True})

    def one(item: tuple[str, np.ndarray]) -> tuple[str, np.ndarray, np.ndarray, ScanFit] | None:
        name, delta = item
        moved = ict.seen & (np.linalg.norm(delta, axis=1) > 1e-3 * MOVED_MM)
        if moved.sum() < 20:
            return None
        vertices = ict.neutral + delta
        marks = {i: vertices[ict.corners[i]] for i in _INNER}
        fit = fitter.fit(Scan(vertices, ict.triangles), marks, with_expression, start=start, free=(False, False))
        show(name)
        return name, distances_mm(fitter, start, vertices[moved]), distances_mm(fitter, fit, vertices[moved]), fit

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = [result for result in pool.map(one, ict.expressions.items()) if result]
    return {
        "count": len(done),
        "fit": _figures([fit for _, _, fit, _ in done]),
        "mean_face": _figures([rest for _, rest, _, _ in done]),
        "neutral_median": float(np.median(distances_mm(fitter, start, ict.neutral[neutral.region]))),
        "fit_median_by_case": {name: round(float(np.median(gaps)), 3) for name, _, gaps, _ in done},
    }


def distances_mm(fitter: Fitter, fit: ScanFit, points: np.ndarray) -> np.ndarray:
    """From scan points (N, 3) m to the fitted surface, (N,) mm."""
    return 1e3 * Surface(fit.vertices, fitter.triangles).nearest(points).distance


def table(result: dict) -> str:
    """The result as Markdown."""
    lines = [
        f"{result['morphable_model']}, prior {result['prior_mm']:g} mm",
        "| set | cases | | median mm | mean mm | 95 % mm |",
        "|---|---|---|---|---|---|",
    ]
    for name in ("ict", "meshmonk", "expressions"):
        for what in ("fit", "mean_face"):
            if name in result:
                row = result[name][what]
                plain = "neutral" if name == "expressions" else "mean face"
                label = "best fit" if what == "fit" else plain
                numbers = f"{row['median']:.2f} | {row['mean']:.2f} | {row['p95']:.2f}"
                lines.append(f"| {name} | {result[name]['count']} | {label} | {numbers} |")
    return "\n".join(lines)


def _figures(gaps: list[np.ndarray]) -> dict[str, float]:
    pooled = np.concatenate(gaps)
    return {
        "median": float(np.median(pooled)),
        "mean": float(pooled.mean()),
        "p95": float(np.quantile(pooled, 0.95)),
    }
