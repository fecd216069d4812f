"""A real Triton server on this machine: parity, batches, and what the robot does when it stops, dies and is back."""

from __future__ import annotations

import copy
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

pytest.importorskip("tritonclient.grpc", reason="tritonclient is not installed", exc_type=Exception)
from facegpt_ros import engines  # noqa: E402
from facegpt_ros.config import Config, EstimatorConfig  # noqa: E402
from facegpt_ros.errors import ServerError, WeightsError  # noqa: E402
from facegpt_ros.model import served_estimator  # noqa: E402
from facegpt_ros.model.estimator import Estimator, load_estimator  # noqa: E402
from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator  # noqa: E402
from facegpt_ros.model.remote_estimator import RemoteEstimator  # noqa: E402
from facegpt_ros.model.served_estimator import open_served  # noqa: E402
from facegpt_ros.model.theta import ThetaLayout  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.perception.pipeline import build_pipeline  # noqa: E402
from facegpt_ros.render.camera import Camera  # noqa: E402
from facegpt_ros.serving.repository import Batching, export  # noqa: E402
from facegpt_ros.serving.server import find_wheel, triton_server  # noqa: E402
from tests.serving.tiny import tiny_facegpt  # noqa: E402

try:
    find_wheel()
except ServerError as error:
    pytest.skip(str(error), allow_module_level=True)

MODEL = MorphableModel.load()
PATIENT_MS = 20000  # no test waits for it: a busy machine must not look like a slow server
CNN = EstimatorConfig(name="cnn", threads=1)


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true within {seconds} s"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_up(process: subprocess.Popen[bytes], config: EstimatorConfig) -> bool:
    """Waits until the server answers, or has ended, or 30 s are over."""
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            RemoteEstimator(config, MODEL).close()
            return True
        except ServerError as error:
            if "not available" not in str(error):
                raise
        time.sleep(0.01)
    return False


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    export(folder, CNN, MODEL, "python", Batching(delay_us=80_000))
    return folder


@pytest.fixture(scope="module")
def facegpt(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> FaceGPTEstimator | None:
    """A tiny one of this machine, which is in the repository too; None where the packages are missing that build it."""
    with pytest.MonkeyPatch.context() as patch:
        try:
            config = tiny_facegpt(tmp_path_factory.mktemp("facegpt"), ThetaLayout.of(MODEL), patch)
        except pytest.skip.Exception:
            return None
        export(repository, config, MODEL, "python")
        return load_estimator(config, MODEL)


class Running(NamedTuple):
    process: subprocess.Popen[bytes]
    address: str


@pytest.fixture(scope="module")
def server(repository: Path, facegpt: FaceGPTEstimator | None) -> Iterator[Running]:
    for _ in range(3):  # a machine that stands still for seconds may end a server that starts (docs/triton.md)
        port = free_port()
        config = replace(CNN, server=f"127.0.0.1:{port}", server_timeout_ms=PATIENT_MS)
        with triton_server(repository, port=port) as process:
            if is_up(process, config):
                yield Running(process, config.server)
                process.kill()  # sooner than it ends by itself
                return
    pytest.fail(f"the server did not come up; it ended with {process.poll()}")


@pytest.fixture
def there(server: Running) -> EstimatorConfig:
    return replace(CNN, server=server.address, server_timeout_ms=PATIENT_MS)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was away for long is asked as often as one that has just gone."""
    monkeypatch.setattr(served_estimator, "FIRST_WAIT_S", 0.2)
    monkeypatch.setattr(served_estimator, "LONGEST_WAIT_S", 0.2)


def faces(count: int, size: int) -> np.ndarray:
    """Crops (N, S, S, 3) uint8 that differ in light and in what they show."""
    rng = np.random.default_rng(count)
    coarse = rng.integers(0, 256, (count, 8, 8, 3)).astype(np.uint8)
    return np.stack([cv2.resize(crop, (size, size), interpolation=cv2.INTER_CUBIC) for crop in coarse])


def same(there: Estimator, here: Estimator, count: int) -> None:
    crops = faces(count, here.crop_size)
    far, near = there.infer(crops), here.infer(crops)
    for name in ("identity", "expression", "albedo", "illumination", "rotation", "offset", "scale", "presence"):
        assert np.allclose(getattr(far, name), getattr(near, name), rtol=1e-3, atol=1e-5), name
    assert np.ptp(near.identity, axis=0).max() > 1e-3 or count == 1
    if near.spread is not None:
        assert far.spread is not None and np.allclose(far.spread.landmarks, near.spread.landmarks, rtol=1e-3)


@pytest.mark.parametrize("count", [1, 5, 16])
def test_the_cnn_says_the_same_there_and_here(there: EstimatorConfig, count: int):
    remote, local = load_estimator(there, MODEL), load_estimator(CNN, MODEL)
    assert remote.model_id == local.model_id and remote.crop_size == local.crop_size
    same(remote, local, count)
    remote.close()


def test_facegpt_says_the_same_there_and_here_and_how_sure_it_is(
    there: EstimatorConfig, facegpt: FaceGPTEstimator | None
):
    if facegpt is None:
        pytest.skip("onnx, gguf or tokenizers is not installed")
    remote = load_estimator(replace(there, name="facegpt"), MODEL)
    assert remote.model_id == facegpt.model_id
    same(remote, facegpt, 3)
    assert remote.infer(faces(1, facegpt.crop_size)).spread is not None
    remote.close()


def counts(config: EstimatorConfig) -> tuple[int, int]:
    """Crops estimated and batches run, by the server's own statistics."""
    from tritonclient.grpc import InferenceServerClient

    with InferenceServerClient(config.server) as client:
        stats = client.get_inference_statistics("facegpt_ros_cnn").model_stats[0]
    return stats.inference_count, stats.execution_count


def test_robots_that_ask_at_once_share_batches_and_get_their_own_faces(there: EstimatorConfig):
    robots = [RemoteEstimator(there, MODEL) for _ in range(4)]
    local, each, frames = load_estimator(CNN, MODEL), {}, 12
    before, together = counts(there), threading.Barrier(len(robots))

    def drive(which: int) -> None:
        crops = faces(which + 1, 128)
        together.wait()
        each[which] = [robots[which].infer(crops) for _ in range(frames)]

    threads = [threading.Thread(target=drive, args=(which,)) for which in range(len(robots))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = counts(there)
    for which, seen in each.items():
        assert np.allclose(seen[-1].identity, local.infer(faces(which + 1, 128)).identity, rtol=1e-3, atol=1e-5)
    assert after[0] - before[0] == frames * (1 + 2 + 3 + 4)
    assert after[1] - before[1] < frames * len(robots)
    for robot in robots:
        robot.close()


def test_no_answer_in_time_is_named_with_its_cure(there: EstimatorConfig):
    with pytest.raises(ServerError, match=r"no answer within 1 ms; .* raise estimator\.server_timeout_ms"):
        RemoteEstimator(replace(there, server_timeout_ms=1), MODEL)


def test_a_server_for_another_morphable_model_is_refused(there: EstimatorConfig):
    other = copy.copy(MODEL)
    other.sha256 = "f" * 64
    with pytest.raises(
        ServerError, match=f"made for morphable model {MODEL.sha256[:8]} and .* the release that the robot runs"
    ):
        RemoteEstimator(there, other)


def test_a_model_that_the_server_has_not_is_named(there: EstimatorConfig):
    remote = RemoteEstimator(there, MODEL)
    remote._backend._model = "facegpt_ros_other"
    with pytest.raises(ServerError, match=r"model facegpt_ros_other: .* come from `facegpt triton export`"):
        remote.infer(faces(1, 128))
    remote.close()


def test_a_server_that_stops_for_a_while_costs_no_frame(there: EstimatorConfig, server: Running, impatient):
    estimator, watch = open_served(replace(there, server_timeout_ms=500), MODEL)
    until(lambda: watch.remote)
    os.killpg(server.process.pid, signal.SIGSTOP)
    try:
        assert len(estimator.infer(faces(2, 128))) == 2
        assert "no answer within 500 ms" in watch.problem and "it is asked again by itself" in watch.problem
        assert len(estimator.infer(faces(2, 128))) == 2
    finally:
        os.killpg(server.process.pid, signal.SIGCONT)
    until(lambda: watch.remote)
    assert watch.problem == "" and estimator.provider == f"Triton {server.address}"
    watch.close()
    estimator.close()


@pytest.mark.heavy
def test_frames_go_on_when_the_server_is_killed_and_the_server_is_used_again_when_it_is_back(
    repository: Path, impatient
):
    try:
        photo = cv2.imread(str(engines.fetch("astronaut", download=False)))
        config = Config(estimator=replace(CNN, server=f"127.0.0.1:{free_port()}", server_timeout_ms=PATIENT_MS))
        pipeline = build_pipeline(config, wait=False)
    except WeightsError as error:
        pytest.skip(str(error))
    camera = Camera.from_fov(photo.shape[1], photo.shape[0], 60.0)
    port, watch = int(config.estimator.server.split(":")[1]), pipeline.preparation
    assert watch is not None and pipeline.provider == "CPUExecutionProvider"
    stamps = iter(np.arange(1000) / 30)

    def frame() -> str:
        """What ran; a frame without its face fails the test."""
        pipeline.process(photo, camera, float(next(stamps)))
        return pipeline.provider

    for _ in range(config.perception.hysteresis_frames):
        frame()
    (before,) = pipeline.process(photo, camera, float(next(stamps)))
    with triton_server(repository, port=port) as process:
        until(lambda: watch.remote)
        assert frame().startswith("Triton") and watch.problem == ""
        process.kill()
        process.wait()
        assert frame() == "CPUExecutionProvider"
        assert "not available" in watch.problem
    command = [sys.executable, "-m", "facegpt_ros.cli", "triton", "serve", "--port", str(port), "--threads", "1"]
    # Python notices no SIGINT that was ignored when it began, as of what a script runs in the background.
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, preexec_fn=heeding) as serving:
        until(lambda: watch.remote)
        (after,) = pipeline.process(photo, camera, float(next(stamps)))
        assert pipeline.provider.startswith("Triton") and watch.problem == ""
        serving.send_signal(signal.SIGINT)
    assert serving.returncode == 130
    pipeline.process(photo, camera, float(next(stamps)))
    assert pipeline.provider == "CPUExecutionProvider", "the server outlived its command"
    assert after.face_id == before.face_id
    assert np.allclose(after.translation, before.translation, atol=0.02)
    pipeline.close()
