"""FaceGPT beside the frames: the CNN serves until the graphs of this machine are built and open."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

from facegpt_ros.backends.choose import choose
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import CacheError, FaceGPTError, WeightsError
from facegpt_ros.model.build_process import BuildProcess
from facegpt_ros.model.built_graphs import BuiltGraphs
from facegpt_ros.model.estimator import Estimator, facegpt_files, load_estimator, open_facegpt
from facegpt_ros.model.facegpt_build import build_kept, built, in_private_folder
from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator
from facegpt_ros.model.facegpt_file import FaceGPTFile
from facegpt_ros.model.fitness import check_trained_for
from facegpt_ros.morphable.model import MorphableModel


def open_or_prepare(config: EstimatorConfig, model: MorphableModel) -> tuple[Estimator, Preparation | None]:
    """FaceGPT where its graphs are in the cache; else the CNN, and what will give FaceGPT.

    Raises:
        WeightsError: the CNN's weights are missing or altered. What is wrong with FaceGPT's, the preparation says.
    """
    try:
        # What is no CPU's may have to build an engine, for minutes.
        estimator = None if choose(config.backend, config.precision).plain else _open(config, model)
    except FaceGPTError:  # met and told again by the preparation
        estimator = None
    if estimator is not None:
        return estimator, None
    meanwhile = load_estimator(replace(config, name="cnn", weights="", backend="onnxruntime"), model)
    return meanwhile, Preparation(config, model)


def build_ahead(config: EstimatorConfig) -> None:
    """FaceGPT's graphs into the cache, where the parameters ask for them; says on stderr how far it is.

    Raises:
        ConfigError, WeightsError: it cannot run here, a file is missing or altered, or the cache cannot keep them.
    """
    if config.name == "facegpt" and not config.server:
        files = facegpt_files(config)
        build_kept(FaceGPTFile.open(files.weights), files.language, choose(config.backend, config.precision).precision)


class Preparation:
    """FaceGPT being made ready, begun at once: its graphs built by another process, then opened and run in a thread.

    Args:
        config: that names facegpt.
        model: whose coefficients it must speak.

    Attributes:
        progress: what goes on, for people; empty when nothing does.
        problem: why there will be no FaceGPT, or why it runs from memory, and the cure; empty where nothing is wrong.
    """

    def __init__(self, config: EstimatorConfig, model: MorphableModel) -> None:
        self.progress, self.problem = "FaceGPT: reading its weights", ""
        self._lock = threading.Lock()
        self._ready: Estimator | None = None
        self._building: BuildProcess | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, args=(config, model), name="facegpt_preparation", daemon=True)
        self._thread.start()

    def take(self) -> Estimator | None:
        """FaceGPT, once, when it is ready; the caller closes it."""
        if self._ready is None:
            return None
        with self._lock:
            estimator, self._ready = self._ready, None
        return estimator

    def wait(self) -> None:
        """Until it is ready or has failed."""
        self._thread.join()

    def close(self) -> None:
        """Stops what is under way, and frees what nobody took."""
        with self._lock:
            self._closed = True
            if self._building is not None:
                self._building.stop()
        self.wait()
        if (estimator := self.take()) is not None:
            estimator.close()

    def _run(self, config: EstimatorConfig, model: MorphableModel) -> None:
        try:
            opening = "FaceGPT: opening its graphs"
            if choose(config.backend, config.precision).plain:
                self.progress = opening = f"{opening}; engines that there are not yet are built, for minutes"
            estimator = _open(config, model)
            if estimator is None:
                graphs = self._build(config)
                self.progress = opening
                estimator = _open(config, model, graphs)
            if estimator is None:
                raise WeightsError("FaceGPT's graphs changed while they were built; `facegpt engines clean`")
            with self._lock:
                self._ready = estimator
        except _Closed:
            pass
        except FaceGPTError as error:
            self._failed(str(error))
        except Exception as error:  # whatever it is, the CNN serves
            self._failed(repr(error))
        finally:
            self.progress = ""

    def _build(self, config: EstimatorConfig) -> BuiltGraphs | None:
        """The graphs, where the cache cannot keep them; None: they are there now."""
        try:
            self._build_in_process(config)
            return None
        except CacheError as error:
            graphs = in_private_folder(error, lambda folder: self._build_in_process(config, folder))
        self.problem = graphs.note
        return graphs

    def _build_in_process(self, config: EstimatorConfig, folder: Path | None = None) -> None:
        files, precision = facegpt_files(config), choose(config.backend, config.precision).precision
        with self._lock:
            if self._closed:
                raise _Closed
            self._building = BuildProcess(files.weights, files.language, precision, folder)
        self.progress = "FaceGPT: building its graphs"
        begun = time.monotonic()

        def say(done: int, total: int) -> None:
            left = (time.monotonic() - begun) * (total - done) / done
            self.progress = f"FaceGPT: building its graphs, {done} of {total} parts, about {left:.0f} s left"

        try:
            self._building.wait(say)
        except WeightsError:
            if self._closed:
                raise _Closed from None
            raise

    def _failed(self, why: str) -> None:
        self.problem = f"cnn serves instead of facegpt: {why}; then configure the node again"


class _Closed(Exception):
    """Nobody waits for it any more."""


def _open(config: EstimatorConfig, model: MorphableModel, graphs: BuiltGraphs | None = None) -> FaceGPTEstimator | None:
    """FaceGPT of these graphs, or where they are in the cache.

    Raises:
        WeightsError: a file is missing, altered or unfit.
    """
    files = facegpt_files(config)
    file = FaceGPTFile.open(files.weights)
    check_trained_for(files.weights, file.layout, file.model_sha256, model)
    graphs = graphs or built(file, choose(config.backend, config.precision).precision)
    return None if graphs is None else open_facegpt(config, model, files, graphs)
