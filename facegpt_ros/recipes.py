"""How FaceGPT's graphs are built for a kind of computer: engines/recipes/NAME.yaml.

for: the JetPack and TensorRT (at least) that it is meant for, and the GPU's compute capability. run: on what it was.
batch: crops in one pass. workspace_mb: TensorRT's scratch memory. layers: after which a frame is
read, where the weights have such an exit; 0: as words are.
profiles: of a graph by its name, (least, usual, most) of the sizes T (positions read) and P (read before).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from facegpt_ros import engines
from facegpt_ros.backends import cuda_driver
from facegpt_ros.backends.choose import BACKENDS
from facegpt_ros.backends.cuda_driver import Gpu
from facegpt_ros.errors import ConfigError
from facegpt_ros.model.matrix import PRECISIONS

NOT_RUN = "not run on this hardware"
Sizes = dict[str, tuple[int, int, int]]
_GRAPHS = {"face": ("T", "P"), "decode": ("T", "P")}
_FOR = ("jetpack", "tensorrt", "sm")
_SMALL_ORIN_MB = 9000


@dataclass(frozen=True)
class Recipe:
    """One file; see the module. Fields are named as there; jetpack, tensorrt and sm stand under `for`."""

    name: str
    about: str
    jetpack: str
    tensorrt: str
    sm: str
    run: str
    backend: str
    precision: str
    batch: int
    workspace_mb: int
    layers: int
    profiles: dict[str, list[Sizes]] = field(default_factory=dict, hash=False)

    def sizes(self, graph: str) -> list[Sizes]:
        """Profiles of a graph, with B and N, the crops of one pass; words are decoded one answer at a time."""
        named = "decode" if graph == "decode_modern" else graph  # which has a cache of fixed size instead of P
        most = 1 if named == "decode" else self.batch
        batch = {"B": (1, 1, most), "N": (1, 1, most)}
        return [{**batch, **sizes} for sizes in self.profiles.get(named, [{}])]

    @property
    def capacity(self) -> int:
        """Positions of the modern set's cache: all that decode's profiles read, or 1024."""
        return max((sizes["P"][2] + sizes["T"][2] for sizes in self.profiles.get("decode", [])), default=1024)

    @property
    def line(self) -> str:
        """For people."""
        versions = ", ".join(
            f"{what} {version}" for what, version in (("JetPack", self.jetpack), ("TensorRT", self.tensorrt)) if version
        )
        run = self.run if self.run == NOT_RUN else f"run on {self.run}"
        return f"{self.name}: {self.about}; {self.backend}, {self.precision}; {versions or 'any version'}; {run}"


def folder() -> Path:
    """Of the recipes, beside the manifest."""
    return engines.manifest_path().parent / "recipes"


def names() -> list[str]:
    """Of all recipes, by the alphabet."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def read(name: str) -> Recipe:
    """One recipe by its name.

    Raises:
        ConfigError: there is none of that name, or a key of it is missing, unknown or out of range.
    """
    path = folder() / f"{name}.yaml"
    if name not in names():
        raise ConfigError(f"no recipe is called '{name}'; there are {', '.join(names())}")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); install facegpt_ros again") from error
    return parsed(name, document, str(path))


def of_this_machine() -> Recipe:
    """The recipe that fits the GPU there is, or none."""
    return for_machine(cuda_driver.probe().gpu)


def for_machine(gpu: Gpu | None) -> Recipe:
    """The recipe that fits a GPU, or none."""
    if gpu is None:
        return read("cpu")
    if "orin" in gpu.name.lower() or gpu.sm == "8.7":
        return read("orin_nano" if gpu.memory_mb < _SMALL_ORIN_MB else "agx_orin")
    return read("thor" if "thor" in gpu.name.lower() else "desktop")


def parsed(name: str, document: Any, where: str) -> Recipe:
    """A recipe out of what its file says. Raises ConfigError, which names `where`, the key and the value."""
    reader = _Reader(where, document)
    recipe = Recipe(
        name=name,
        about=reader.text("about"),
        run=reader.text("run"),
        backend=reader.among("backend", BACKENDS),
        precision=reader.among("precision", PRECISIONS),
        batch=reader.number("batch", 1, 256),
        workspace_mb=reader.number("workspace_mb", 0, 2**20),
        layers=reader.number("layers", 0, 1000),
        profiles=reader.profiles(),
        **reader.versions(),
    )
    if recipe.backend != "onnxruntime" and recipe.precision not in ("fp16", "fp32"):
        raise ConfigError(f"{where}: precision is {recipe.precision}, {recipe.backend} takes fp16 and fp32")
    if recipe.backend == "tensorrt" and (missing := [graph for graph in _GRAPHS if graph not in recipe.profiles]):
        raise ConfigError(f"{where}: profiles lacks {missing[0]}, whose sizes TensorRT must know")
    reader.nothing_else()
    return recipe


class _Reader:
    def __init__(self, where: str, document: Any) -> None:
        if not isinstance(document, dict):
            raise ConfigError(f"{where}: is no recipe but {type(document).__name__}; see engines/recipes/cpu.yaml")
        self._where, self._left = where, dict(document)

    def _take(self, key: str) -> Any:
        if key not in self._left:
            raise ConfigError(f"{self._where}: {key} is missing; see engines/recipes/cpu.yaml")
        return self._left.pop(key)

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise ConfigError(f"{self._where}: {key} is {value!r}; it must be text")
        return value

    def among(self, key: str, choices: tuple[str, ...]) -> str:
        value = self._take(key)
        if value not in choices:
            raise ConfigError(f"{self._where}: {key} is {value!r}; use {', '.join(choices[:-1])} or {choices[-1]}")
        return str(value)

    def number(self, key: str, low: int, high: int) -> int:
        value = self._take(key)
        if type(value) is not int or not low <= value <= high:
            raise ConfigError(f"{self._where}: {key} is {value!r}; it must be a whole number of {low} to {high}")
        return value

    def versions(self) -> dict[str, str]:
        given = self._take("for")
        if (
            not isinstance(given, dict)
            or set(given) != set(_FOR)
            or not all(isinstance(v, str) for v in given.values())
        ):
            raise ConfigError(f'{self._where}: for is {given!r}; it must have {", ".join(_FOR)}, as texts like "10.3"')
        return {key: given[key] for key in _FOR}

    def profiles(self) -> dict[str, list[Sizes]]:
        given = self._take("profiles")
        if not isinstance(given, dict) or set(given) - set(_GRAPHS):
            raise ConfigError(f"{self._where}: profiles is {given!r}; it may have {' and '.join(_GRAPHS)}")
        out: dict[str, list[Sizes]] = {}
        for graph, profiles in given.items():
            if not isinstance(profiles, list) or not profiles:
                raise ConfigError(f"{self._where}: profiles.{graph} is {profiles!r}; it must be a list")
            out[graph] = [self._sizes(graph, sizes) for sizes in profiles]
        return out

    def _sizes(self, graph: str, given: Any) -> Sizes:
        keys = _GRAPHS[graph]
        if not isinstance(given, dict) or set(given) != set(keys):
            raise ConfigError(f"{self._where}: a profile of {graph} is {given!r}; it must have {' and '.join(keys)}")
        for key, ends in given.items():
            whole = isinstance(ends, list) and len(ends) == 3 and all(type(end) is int for end in ends)
            if not whole or not (key == "T") <= ends[0] <= ends[1] <= ends[2]:
                raise ConfigError(
                    f"{self._where}: {key} of {graph} is {ends!r}; it must be [least, usual, most], each as large as "
                    f"the one before, from {int(key == 'T')}"
                )
        return {key: (ends[0], ends[1], ends[2]) for key, ends in given.items()}

    def nothing_else(self) -> None:
        if self._left:
            raise ConfigError(f"{self._where}: {next(iter(self._left))!r} is no key of a recipe; leave it out")
