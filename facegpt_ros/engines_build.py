"""All that a recipe needs, built ahead of launch: FaceGPT's graphs, and on a GPU their engines; and what is built."""

from __future__ import annotations

import time
from collections.abc import Callable

from facegpt_ros import recipes
from facegpt_ros.backends import engine_cache
from facegpt_ros.backends.choose import why_not
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import WeightsError
from facegpt_ros.model import facegpt_build
from facegpt_ros.model.estimator import facegpt_files
from facegpt_ros.model.facegpt_estimator import VISION_FILE
from facegpt_ros.model.facegpt_file import FaceGPTFile
from facegpt_ros.model.portable_graph import portable_graph
from facegpt_ros.recipes import Recipe

Say = Callable[[str], None]
GRAPHS = ("vision", "face", "decode")


def recipe_of(name: str) -> Recipe:
    """The recipe of that name; empty: this machine's. Raises ConfigError for another name."""
    return recipes.read(name) if name else recipes.of_this_machine()


def list_built(say: Say) -> None:
    """Every graph and engine in the cache, and every recipe."""
    for folder, problem in facegpt_build.kept():
        say(f"graphs {folder.name}: {'ALTERED' if problem else 'ok'}\n    {folder}")
    for engine in engine_cache.kept():
        say(f"engine {engine.line}\n    {engine.folder}")
    for name in recipes.names():
        say(f"recipe {recipes.read(name).line}")


def verify_built(say: Say, complain: Say) -> bool:
    """Whether every graph and engine in the cache is what was built."""
    held = [(f"graphs {folder.name}", folder, problem) for folder, problem in facegpt_build.kept()]
    for engine in engine_cache.kept():
        problem = f"{engine.folder}: {engine.problem}" if engine.problem else ""
        held.append((f"engine {engine.folder.name}", engine.folder, problem))
    for what, folder, problem in held:
        if problem:
            complain(f"{problem}; it is built again when it is needed, or now: `facegpt engines build`")
        else:
            say(f"{what}: ok, {folder}")
    return not any(problem for _, _, problem in held)


def build_all(recipe: Recipe, weights: str, say: Say, modern: bool = False) -> None:
    """Builds what is not in the cache yet; progress and the time left stand on stderr while the graphs are built.

    Args:
        recipe: how.
        weights: path of other weights than the shipped ones; empty for those.
        say: called with a line for each part that is done or begun.
        modern: also the decode graph of the modern set (model/modern_graph.py), for TensorRT 10.15 and later.

    Raises:
        WeightsError: a file is missing or altered, the cache is full, or the engines cannot be built on this machine.
    """
    files = facegpt_files(EstimatorConfig(name="facegpt", weights=weights))
    file = FaceGPTFile.open(files.weights)
    say(f"recipe {recipe.line}")
    built = facegpt_build.build_kept(file, files.language, recipe.precision)
    layers = built.layers_of_frames(0, recipe)
    say(f"graphs: {built.folder}; frames are read after {layers} layers, words after {built.depth}")
    wanted = list(GRAPHS)
    if layers != built.depth:
        wanted.append("frame")
    if modern:
        from facegpt_ros.model.modern_build import build_modern

        held = build_modern(file, files.language, recipe.capacity)
        wanted.append("decode_modern")
        say(f"modern graph: {held}")
    if recipe.backend != "tensorrt":
        if recipe.backend == "torch" and (why := why_not("torch", recipe.precision)):
            raise WeightsError(f"recipe {recipe.name} is for torch, which cannot run here: {why}")
        return
    if why := why_not("tensorrt", recipe.precision):
        raise WeightsError(
            f"the graphs are built; recipe {recipe.name} also wants engines of TensorRT, which cannot run here: {why}. "
            "An engine is for one GPU and one version: build it on the machine that runs it"
        )
    vision = (files.vision or file.path.with_name(VISION_FILE)).read_bytes()
    graphs = {
        "vision": lambda: portable_graph(vision, recipe.precision, VISION_FILE),
        "face": built.face.read_bytes,
        "frame": built.frame(layers).read_bytes,
        "decode": built.decode.read_bytes,
    }
    if modern:
        graphs["decode_modern"] = held.read_bytes
    from facegpt_ros.backends.tensorrt import prepare_engine

    begun = time.monotonic()
    for nth, name in enumerate(wanted):
        left = f", about {(time.monotonic() - begun) * (len(wanted) - nth) / nth:.0f} s left" if nth else ""
        say(f"engine {nth + 1} of {len(wanted)}: {name}{left}")
        for note in prepare_engine(graphs[name](), name, recipe.precision, recipe, say).notes:
            say(f"{name}: {note}")
    own = recipes.of_this_machine()
    if own.name != recipe.name:
        say(f"nodes on this machine take recipe {own.name}; the engines of {recipe.name} are for comparison")
