"""An estimator on a server, and the CNN of this machine while the server is away or slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from facegpt_ros.backends.triton import check_address
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import FaceGPTError
from facegpt_ros.face import CropEstimate
from facegpt_ros.model.estimator import Estimator, load_estimator
from facegpt_ros.morphable.model import MorphableModel

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0  # between two tries, doubled each time

_LONGEST_TEXT = 600  # of a server's words in the log


def open_served(config: EstimatorConfig, model: MorphableModel) -> tuple[ServedEstimator, ServerWatch]:
    """Frames can be estimated at once, by the CNN until the server has answered.

    Raises:
        ConfigError: estimator.server is no host:port.
        WeightsError: the CNN's weights are missing or altered. What is wrong with the server, the watch says.
    """
    check_address(config.server)
    weights = config.weights if config.name == "cnn" else ""
    local = load_estimator(replace(config, name="cnn", weights=weights, server=""), model)
    watch = ServerWatch(lambda: load_estimator(config, model), f"{config.name} of {config.server}")
    return ServedEstimator(watch, local), watch


class ServedEstimator:
    """An Estimator (model/estimator.py) whose infer fails for no server's sake, and waits for it at most once.

    Args:
        watch: has the server's estimator whenever there is one; closed by its owner.
        local: takes every frame that the server does not; closed by close.
    """

    def __init__(self, watch: ServerWatch, local: Estimator) -> None:
        self._watch, self._local = watch, local
        self._answered: Estimator | None = None

    @property
    def model_id(self) -> str:
        """Of who estimated the last crops, who need not be who will take the next; before the first, of the latter."""
        return (self._answered or self._serving).model_id

    @property
    def crop_size(self) -> int:
        return self._serving.crop_size

    @property
    def provider(self) -> str:
        return getattr(self._serving, "provider", "")

    def infer(self, crops: np.ndarray) -> CropEstimate:
        """See Estimator.infer; crops of another size than the one who serves now wants are resized."""
        remote = self._watch.remote
        if remote is not None:
            try:
                estimate = remote.infer(_resized(crops, remote.crop_size))
                self._answered = remote
                return estimate
            except Exception as error:  # what is wrong with the crops themselves, the CNN raises too
                self._watch.lost(remote, error)
        estimate = self._local.infer(_resized(crops, self._local.crop_size))
        self._answered = self._local
        return estimate

    def close(self) -> None:
        self._local.close()

    @property
    def _serving(self) -> Estimator:
        return self._watch.remote or self._local


class ServerWatch:
    """Opens the server's estimator beside the frames, and again whenever it was lost, at longer and longer intervals.

    Args:
        connect: opens it, or raises FaceGPTError.
        name: of what is served, for people.
        clock: seconds, monotonic; given by tests.

    Attributes:
        progress: what goes on, for people; empty when nothing does.
        problem: why the CNN serves; empty while the server does, and before the first answer.
        remote: the server's estimator, checked and warm; None while there is none.
    """

    def __init__(
        self, connect: Callable[[], Estimator], name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.progress, self.problem = f"asking for {name}", ""
        self.remote: Estimator | None = None
        self._connect, self._name, self._clock = connect, name, clock
        self._wait_s, self._served_since = FIRST_WAIT_S, 0.0
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="server_watch", daemon=True)
        self._thread.start()

    def take(self) -> None:
        """Nothing ever takes over for good: see ServedEstimator (and Preparation.take)."""

    def lost(self, remote: Estimator, error: Exception) -> None:
        """This estimator failed: the CNN serves until the server has answered again. Never waits."""
        with self._wake:
            if self.remote is remote:
                self.remote = None
                if self._clock() - self._served_since > LONGEST_WAIT_S:  # it was well: it may soon be again
                    self._wait_s = FIRST_WAIT_S
                self._say(error)
                self._wake.notify()
        remote.close()

    def close(self) -> None:
        """Ends the tries, and frees the estimator that is open."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()
        if self.remote is not None:
            self.remote.close()
            self.remote = None

    def _run(self) -> None:
        while not self._closed:
            try:
                remote = self._connect()
            except FaceGPTError as error:
                self._say(error)
            except Exception as error:  # whatever it is, the CNN serves
                self._say(repr(error))
            else:
                self._serve(remote)
            with self._wake:
                self._wake.wait_for(lambda: self._closed, self._wait_s)
                self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)

    def _serve(self, remote: Estimator) -> None:
        """Until it is lost, or all ends."""
        with self._wake:
            self.remote, self._served_since = remote, self._clock()
            self.progress = self.problem = ""
            self._wake.wait_for(lambda: self._closed or self.remote is None)

    def _say(self, error: object) -> None:
        why = " ".join(str(error).split())[:_LONGEST_TEXT]
        self.progress = ""
        self.problem = f"cnn serves instead of {self._name}: {why}; it is asked again by itself"


def _resized(crops: np.ndarray, size: int) -> np.ndarray:
    if crops.shape[1] == size:
        return crops
    return np.stack([cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA) for crop in crops])
