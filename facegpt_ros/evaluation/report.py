"""How figures are told: JSON on standard output and in a file, a table for people on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

_LONG = ("per_action", "fit_median_by_case", "judgeable", "beyond_the_reader")  # parts that only the JSON holds


def tell(result: dict, path: Path | None) -> None:
    """Prints a result and writes it to a file; None writes none."""
    text = json.dumps(result, indent=2)
    sys.stderr.write(f"\n{table(result)}\n")
    sys.stderr.flush()
    print(text)
    if path:
        path.write_text(text + "\n")


def table(result: dict) -> str:
    """Every figure on a line, those of one group below each other."""
    rows = list(_lines(result, ""))
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _lines(part: dict, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in part.items():
        if isinstance(value, dict):
            if name not in _LONG:
                yield from _lines(value, f"{prefix}{name} ")
        elif isinstance(value, float):
            yield f"{prefix}{name}", f"{value:.4g}"
        elif not isinstance(value, list):
            yield f"{prefix}{name}", "-" if value is None else str(value)
