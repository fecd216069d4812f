"""Many workers, on this machine or a cluster, with Ray Data (pip install "ray[data]", Apache-2.0)."""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Generator, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros import engines
from facegpt_ros.errors import ConfigError, FaceGPTError
from facegpt_ros.reconstruct.image import ImageWorker, Job, Outcome
from facegpt_ros.reconstruct.source import Source

_OBJECT_STORE_BYTES = 256 * 2**20  # names and outcomes travel, never images
_MOST_A_BLOCK, _BLOCKS = 16, 1000
_TRIES = 2  # Ray starts a worker that died again, and its block with it; what is done of that is not done again
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}  # sends nothing to anybody


class WorkerError(FaceGPTError, RuntimeError):
    """Workers cannot be started, or the cluster is lost."""


def check_ray() -> None:
    """Raises ConfigError: Ray Data is not installed."""
    missing = [name for name in ("ray", "pyarrow", "pandas") if find_spec(name) is None]
    if missing:
        raise ConfigError(f'--workers and --ray need {missing[0]}; install Ray with `pip install "ray[data]"`')


def on_ray(job: Job, sources: Sequence[Source], workers: int | None = None) -> Generator[Outcome, None, None]:
    """Images in the order in which they get done, each by one of a pool of workers that load the pipeline once.

    Args:
        job: what is asked for; relative paths are those of this process.
        sources: images.
        workers: how many; None for as many as the cluster has cores. More than the cluster has cores wait for them.

    Raises:
        ConfigError: the cluster that RAY_ADDRESS names cannot be reached.
        WeightsError: weights are missing or altered.
        WorkerError: no worker starts, or Ray's own processes end.
    """
    for name, _ in job.made_with:
        if name in engines.read_manifest():
            engines.fetch(name, download=False)  # said here, not by every worker
    for key, value in _QUIET.items():
        os.environ.setdefault(key, value)
    import ray

    address = os.environ.get("RAY_ADDRESS") or "local"
    _check_listens(address)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    own: dict[str, Any] = {"num_cpus": workers, "object_store_memory": _OBJECT_STORE_BYTES}
    try:
        ray.init(address, **quiet, **({**own, "include_dashboard": False} if address == "local" else {}))
    except (ConnectionError, ValueError, RuntimeError) as error:
        cure = "check RAY_ADDRESS and the cluster's RAY_AUTH_TOKEN, or unset RAY_ADDRESS"
        raise ConfigError(f"Ray does not start at {address} ({error}); {cure}") from error
    try:
        yield from _outcomes(job, sources, workers or max(1, int(ray.cluster_resources().get("CPU", 1))))
    finally:
        ray.shutdown()


def _check_listens(address: str) -> None:
    """Raises ConfigError: nobody listens at host:port. Ray itself takes minutes to say so."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return  # local, auto
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError, ValueError) as error:
        raise ConfigError(
            f"RAY_ADDRESS is {address}, and nothing answers there ({error}); start Ray, or unset it"
        ) from error


def _outcomes(job: Job, sources: Sequence[Source], workers: int) -> Iterator[Outcome]:
    import ray
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1
    block = int(np.clip(len(sources) // _BLOCKS, 1, _MOST_A_BLOCK))
    # Pickled here, for the names of files that are no UTF-8 and so no strings of Arrow's.
    rows = [{"source": pickle.dumps(source)} for source in sources]
    done = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // block)).map_batches(
        PoolWorker,
        fn_constructor_kwargs={"job": job, "folder": Path.cwd()},
        batch_size=None,
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(rows))),
        num_cpus=1,
    )
    missing = {source.name: source.label for source in sources}
    try:
        for row in done.iter_rows():
            outcome: Outcome = pickle.loads(row["outcome"])
            if missing.pop(outcome.name, None) is not None:
                yield outcome
    except ray.exceptions.RayError as error:
        last = str(error).strip().splitlines()[-1]
        raise WorkerError(f"Ray's workers failed: {last}; run it again, and without --ray to see more") from error
    for name, label in missing.items():
        yield Outcome(name, label, reason=f"{label}: its worker failed; run it again, and look into Ray's logs")


class PoolWorker:
    """What Ray starts in each process of the pool; an image on which workers died twice is left out.

    Args:
        job: what is asked for.
        folder: that relative paths start from.
    """

    def __init__(self, job: Job, folder: Path) -> None:
        from facegpt_ros.perception.pipeline import build_pipeline
        from facegpt_ros.reconstruct.basel import BaselConverter
        from facegpt_ros.reconstruct.record import join_as_worker
        from facegpt_ros.viz.overlay import warm_up

        os.chdir(folder)
        self._lock = join_as_worker(job.folder)
        pipeline = build_pipeline(job.config(threads=1))
        warm_up(pipeline.model)
        converter = BaselConverter(job.basel, pipeline.model) if job.basel else None
        self._worker, self._records = ImageWorker(job, pipeline, converter), job.records()

    def __call__(self, batch: dict[str, np.ndarray]) -> Iterator[dict[str, list[bytes]]]:
        for row in batch["source"]:
            source: Source = pickle.loads(row)
            if self._records.begin(source.name) > _TRIES:
                reason = f"{source.label}: {_TRIES} workers died on it; is there memory enough? Else leave it out"
                outcome = Outcome(source.name, source.label, reason=reason)
            else:
                outcome = self._worker.do(source)
            self._records.end(source.name)
            yield {"outcome": [pickle.dumps(outcome)]}
