"""Prints requirements out of pyproject.toml, one a line, for pip: build, runtime, or the name of an extra."""

import sys
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10
    from pip._vendor import tomli as tomllib  # type: ignore[no-redef]

PROJECT = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text())


def requirements(group: str) -> list[str]:
    if group == "build":
        return PROJECT["build-system"]["requires"]
    if group == "runtime":
        return PROJECT["project"]["dependencies"]
    return PROJECT["project"]["optional-dependencies"][group]


if __name__ == "__main__":
    print("\n".join(line for group in sys.argv[1:] for line in requirements(group)))
