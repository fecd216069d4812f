"""A model repository: what a Triton server needs to run the estimators for many robots.

    DIR/facegpt_ros_cnn/config.pbtxt          shapes, batching, and which morphable model θ is of
    DIR/facegpt_ros_cnn/<version>/model.onnx  crops (N, S, S, 3) uint8 BGR → theta (N, D), of facegpt also spread

The version is made of the graph's sha256, so a request that names it can meet no other weights.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from facegpt_ros import engines, recipes
from facegpt_ros.atomic_file import write_whole
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ConfigError, WeightsError
from facegpt_ros.model.estimator import facegpt_files, load_estimator
from facegpt_ros.model.remote_estimator import MOST_FACES, served_name
from facegpt_ros.model.spread import spread_sizes
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel

BACKENDS = ("onnxruntime", "python")
_MODEL = Path(__file__).with_name("server_model.py")


@dataclass(frozen=True)
class Batching:
    """How the server makes batches of requests.

    Attributes:
        most: crops in one batch at most.
        delay_us: longest wait for a batch to fill, microseconds. With 0 what came while the last batch ran is the
            next, which was faster on two cores for one robot and for four; sizes that are preferred split it.
    """

    most: int = 64
    delay_us: int = 0

    def __post_init__(self) -> None:
        if self.most < MOST_FACES:
            raise ConfigError(f"the largest batch is {self.most}; robots may send {MOST_FACES} crops, give as many")
        if self.delay_us < 0:
            raise ConfigError(f"the delay is {self.delay_us} µs; give 0 or more")


def export(
    folder: Path,
    config: EstimatorConfig,
    model: MorphableModel,
    backend: str = "onnxruntime",
    batching: Batching | None = None,
) -> Path:
    """Writes one estimator into a model repository, in place of what it had of it.

    Args:
        folder: of the repository.
        config: names the estimator, its weights and precision, and the threads of the server.
        model: that θ is of.
        backend: onnxruntime, which NVIDIA's images carry; python, for a server that has only that one.

    Returns:
        The estimator's own folder.

    Raises:
        ConfigError: there is no such backend.
        WeightsError: weights are missing, altered or unfit, or the folder cannot be written.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"backend is '{backend}'; use {' or '.join(BACKENDS)}")
    estimator = load_estimator(replace(config, server=""), model)  # checks everything, and builds FaceGPT's graphs
    size, model_id = estimator.crop_size, estimator.model_id
    estimator.close()
    graph = _graph_of(config)
    version = str(int(hashlib.sha256(graph).hexdigest()[:7], 16) or 1)
    layout = ThetaLayout.of(model)
    outputs = {"theta": layout.size}
    if config.name == "facegpt":
        outputs["spread"] = sum(spread_sizes(layout.n_expression).values())
    notes = {"layout": layout.to_json(), "model_sha256": model.sha256, "model_id": model_id}
    if config.threads:
        notes["intra_op_thread_count"] = str(config.threads)
    name = served_name(config.name)
    text = config_pbtxt(name, version, size, outputs, notes, backend, batching or Batching())
    own = folder / name
    try:
        (own / version).mkdir(parents=True, exist_ok=True)
        write_whole(own / version / "model.onnx", graph)
        if backend == "python":
            write_whole(own / version / "model.py", _MODEL.read_bytes())
        else:
            (own / version / "model.py").unlink(missing_ok=True)
        write_whole(own / "config.pbtxt", text.encode())
        for old in own.iterdir():  # last: what was there serves on where the disk is full
            if old.is_dir() and old.name.isdigit() and old.name != version:
                shutil.rmtree(old)
    except OSError as error:
        raise WeightsError(f"{own}: cannot be written ({error.strerror}); give another folder") from error
    return own


def config_pbtxt(
    name: str,
    version: str,
    size: int,
    outputs: Mapping[str, int],
    notes: Mapping[str, str],
    backend: str,
    batching: Batching,
) -> str:
    """The text of config.pbtxt.

    Args:
        size: S of the crops, px.
        outputs: name → how many numbers of each crop.
        notes: parameters, which robots read.
    """
    kind = " kind: KIND_CPU" if backend == "python" else ""
    ports = "\n".join(
        f'output [ {{ name: "{port}" data_type: TYPE_FP32 dims: [ {count} ] }} ]' for port, count in outputs.items()
    )
    # JSON's escapes are those of protobuf's text format.
    said = "\n".join(
        f'parameters [ {{ key: "{key}" value {{ string_value: {json.dumps(value)} }} }} ]'
        for key, value in notes.items()
    )
    return f"""\
name: "{name}"
backend: "{backend}"
max_batch_size: {batching.most}
version_policy {{ specific {{ versions: [ {version} ] }} }}
input [ {{ name: "crops" data_type: TYPE_UINT8 dims: [ {size}, {size}, 3 ] }} ]
{ports}
instance_group [ {{ count: 1{kind} }} ]
dynamic_batching {{ max_queue_delay_microseconds: {batching.delay_us} }}
{said}
"""


def _graph_of(config: EstimatorConfig) -> bytes:
    """The estimator as one ONNX graph. Its files have been checked."""
    if config.name == "cnn":
        path = Path(config.weights) if config.weights else engines.fetch("regressor", download=False)
        return path.read_bytes()
    import onnx

    from facegpt_ros.model.facegpt_build import build
    from facegpt_ros.model.facegpt_estimator import VISION_FILE
    from facegpt_ros.model.facegpt_file import FaceGPTFile
    from facegpt_ros.serving.one_graph import one_graph

    files = facegpt_files(config)
    graphs = build(FaceGPTFile.open(files.weights), files.language, config.precision)
    layers = graphs.layers_of_frames(config.layers, recipes.of_this_machine())
    vision = onnx.load(str(files.vision or files.weights.with_name(VISION_FILE)))
    model = one_graph(vision, onnx.load(str(graphs.frame(layers))), graphs.prefixes().early(layers))
    return model.SerializeToString(deterministic=True)
