"""Every parameter of the nodes, grouped by concern: the one source of descriptors, YAML, README table and --help.

>>> Config.from_flat({"perception.max_faces": 2}).perception.max_faces
2
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from typing import ClassVar

from facegpt_ros.parameters import Group, ParameterSet, markdown_table, option, ros_yaml


@dataclass(frozen=True)
class PerceptionConfig(Group):
    """Finding and following faces."""

    PREFIX: ClassVar[str] = "perception"
    max_faces: int = option(4, "faces followed at once", low=1, high=16, live=True)
    detector: str = option(
        "auto",
        "BlazeFace model: short_range to 2 m, full_range to 5 m, auto tries the second where the first finds none",
        choices=("auto", "short_range", "full_range"),
    )
    detect_every: int = option(
        15, "look for new faces every so many frames; 0 looks only when no face is followed",
        low=0, high=300, unit="frames", live=True,
    )  # fmt: skip
    min_detection_confidence: float = option(0.5, "a detection below this is no face", low=0.0, high=1.0, live=True)
    min_tracking_confidence: float = option(0.5, "a followed face below this is lost", low=0.0, high=1.0, live=True)
    hysteresis_frames: int = option(
        4, "a face appears after so many frames in a row, and goes after so many missed",
        low=1, high=30, unit="frames", live=True,
    )  # fmt: skip
    relight: bool = option(True, "settle light and skin colours on the image's own pixels", live=True)
    smoothing: bool = option(True, "one-euro smoothing of pose and coefficients", live=True)
    smoothing_min_cutoff_hz: float = option(
        1.5, "cutoff at rest: lower is steadier and slower", low=0.01, high=30.0, unit="Hz", live=True
    )
    smoothing_beta: float = option(
        0.3, "how much speed opens the cutoff: higher lags less", low=0.0, high=10.0, live=True
    )


@dataclass(frozen=True)
class EstimatorConfig(Group):
    """From a crop to 3DMM coefficients."""

    PREFIX: ClassVar[str] = "estimator"
    name: str = option(
        "facegpt", "which estimator runs; cnn is faster, and does not say how sure it is", choices=("facegpt", "cnn")
    )
    weights: str = option("", "path of other weights than the shipped ones; empty for the shipped ones")
    backend: str = option(
        "auto",
        "what computes; auto: for facegpt the best that works here, the CPU for cnn; diagnostics say which, and why",
        choices=("auto", "onnxruntime", "tensorrt", "torch"),
    )
    precision: str = option(
        "auto",
        "of facegpt's language model on each frame; auto is int8 on a CPU and fp16 on a GPU",
        choices=("auto", "int8", "int8_blocks", "fp16", "fp32"),
    )
    layers: int = option(
        0, "of facegpt's language model that read a frame; fewer are faster; 0 is the recipe's choice for this machine",
        low=0, high=1000, unit="layers",
    )  # fmt: skip
    threads: int = option(0, "threads of inference; 0 chooses for this machine", low=0, high=256, unit="threads")
    server: str = option("", "host:port of a Triton server that runs the estimator; empty runs it on this machine")
    server_timeout_ms: int = option(
        100, "longest wait for the server; cnn takes the frame when it is over, and serves until the server is back",
        low=1, high=60000, unit="ms",
    )  # fmt: skip


@dataclass(frozen=True)
class CameraConfig(Group):
    """What is assumed of a camera that does not say."""

    PREFIX: ClassVar[str] = "camera"
    assumed_fov_deg: float = option(
        60.0, "field of view over the longer image side where camera_info is missing or uncalibrated",
        low=10.0, high=170.0, unit="deg", live=True,
    )  # fmt: skip


@dataclass(frozen=True)
class ImageConfig(Group):
    """Images in."""

    PREFIX: ClassVar[str] = "image"
    cameras: tuple[str, ...] = option(
        ("",), "names of cameras; from NAME/image to NAME/face/params_3dmm; without a name, image and face/params_3dmm",
        pattern="([A-Za-z][A-Za-z0-9_]*)?",
    )  # fmt: skip
    transport: str = option(
        "raw", "raw subscribes to image, compressed to image/compressed", choices=("raw", "compressed")
    )
    timeout_s: float = option(
        5.0, "warn after so long without an image; 0 never warns", low=0.0, high=3600.0, unit="s", live=True
    )
    max_age_s: float = option(
        0.0, "drop an image whose stamp is older than this when its turn comes; 0 drops none",
        low=0.0, high=60.0, unit="s", live=True,
    )  # fmt: skip


@dataclass(frozen=True)
class OutputConfig(Group):
    """What is published besides face/params_3dmm and face/model_info."""

    PREFIX: ClassVar[str] = "output"
    tf: bool = option(True, "publish the frames `face_<id>` and `gaze_<id>`", live=True)
    markers: bool = option(True, "publish landmarks in 3D on face/markers, where someone listens", live=True)
    mesh: bool = option(False, "add the mesh to face/markers", live=True)
    overlay: bool = option(False, "draw the mesh over the image on face/overlay, where someone listens", live=True)


@dataclass(frozen=True)
class Config(ParameterSet):
    """All of face_node."""

    perception: PerceptionConfig = field(default_factory=PerceptionConfig)
    estimator: EstimatorConfig = field(default_factory=EstimatorConfig)
    camera: CameraConfig = field(default_factory=CameraConfig)
    image: ImageConfig = field(default_factory=ImageConfig)
    output: OutputConfig = field(default_factory=OutputConfig)


@dataclass(frozen=True)
class SourceConfig(Group):
    """Where camera_node takes its images from."""

    PREFIX: ClassVar[str] = "source"
    uri: str = option("0", "a webcam's number, a video file, or a folder of images")
    pace: str = option(
        "real_time",
        "real_time: as recorded; fixed: at fps; consumed: the next image when face/params_3dmm came for the last",
        choices=("real_time", "fixed", "consumed"),
    )
    fps: float = option(30.0, "rate of pace fixed, of a webcam and of a folder", low=0.1, high=1000.0, unit="Hz")
    max_wait_s: float = option(2.0, "longest wait of pace consumed", low=0.01, high=60.0, unit="s")
    loop: bool = option(False, "start again at the end of a video or folder")
    exit_at_end: bool = option(False, "end the process at the end, else stay and say nothing more")
    width: int = option(0, "publish at this width; 0 keeps the source's", low=0, high=16384, unit="px")
    height: int = option(0, "publish at this height; 0 keeps the source's", low=0, high=16384, unit="px")
    frame_id: str = option("camera_optical_frame", "frame of the images, optical: x right, y down, z forward")
    calibration: str = option("", "camera calibration YAML; empty publishes an uncalibrated camera_info")


@dataclass(frozen=True)
class CameraNodeConfig(ParameterSet):
    """All of camera_node."""

    source: SourceConfig = field(default_factory=SourceConfig)


NODES: dict[str, type[ParameterSet]] = {"face_node": Config, "camera_node": CameraNodeConfig}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`facegpt config`: print what the parameters are."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--yaml", action="store_true", help="as a ROS parameter file (the default)")
    form.add_argument("--markdown", action="store_true", help="as a table")
    parser.add_argument("--node", choices=tuple(NODES), default="face_node")


def run(args: argparse.Namespace) -> int:
    kind = NODES[args.node]
    sys.stdout.write(markdown_table(kind) if args.markdown else ros_yaml(args.node, kind()))
    return 0
