"""The ROS interfaces: every field says its unit and range, and the generated classes hold what the files say."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(path for kind in ("msg", "srv", "action") for path in (ROOT / kind).iterdir())
NUMERIC = re.compile(r"(float|u?int)\d+")


def fields(path: Path) -> list[tuple[str, str, str]]:
    """(type, name, comment) of every field; fields that stand together share the comment above them."""
    found, comment, open_block = [], "", False
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            comment, open_block = (comment if open_block else "") + line.lstrip("# ") + " ", True
        elif not line.strip() or line.strip() == "---":
            comment, open_block = "", False
        else:
            kind, name = line.split()
            found.append((kind, name, comment))
            open_block = False
    return found


ALL_FIELDS = [pytest.param(*field, id=f"{path.stem}.{field[1]}") for path in FILES for field in fields(path)]


@pytest.mark.parametrize(("kind", "name", "comment"), ALL_FIELDS)
def test_every_field_says_its_unit_and_numbers_their_range(kind, name, comment):
    assert re.search(r"\b[Uu]nits?\b|[Ss]tamp \(s|stamp in s", comment), f"{kind} {name}: say the unit above it"
    if NUMERIC.match(kind):
        assert re.search(r"[Rr]ange|[Ll]ength|> 0|, or 0", comment), f"{kind} {name}: say the range above it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_cmake_generates_every_interface_file(path):
    assert f"  {path.parent.name}/{path.name}\n" in (ROOT / "CMakeLists.txt").read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_interface_files_are_ascii(path):
    # Generators of older distributions read them in the locale's encoding.
    assert path.read_text(encoding="utf-8").isascii()


@pytest.mark.ros
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_generated_classes_have_the_fields_of_the_files(path):
    import importlib

    generated = getattr(importlib.import_module(f"facegpt_ros.{path.parent.name}"), path.stem)
    parts = {"msg": (), "srv": ("Request", "Response"), "action": ("Goal", "Result", "Feedback")}[path.parent.name]
    classes = [getattr(generated, part) for part in parts] or [generated]
    names = [name for part in classes for name in part.get_fields_and_field_types()]
    assert names == [name for _, name, _ in fields(path)], "build the interfaces anew: bash scripts/test"


@pytest.mark.ros
def test_face_holds_68_landmarks_and_starts_without_coefficients():
    from facegpt_ros.msg import Face3DMM

    face = Face3DMM()
    assert face.landmarks.shape == (136,) and face.landmarks.dtype == np.float32
    arrays = ("identity", "expression", "albedo", "illumination")
    assert not any(len(getattr(face, name)) for name in arrays)
    assert not any(len(getattr(face, f"{name}_stddev")) for name in (*arrays, "pose", "camera"))


@pytest.mark.ros
def test_an_array_of_faces_survives_serialisation():
    import array

    from facegpt_ros.msg import Face3DMM, Face3DMMArray
    from rclpy.serialization import deserialize_message, serialize_message

    face = Face3DMM(face_id="f0001", identity=array.array("f", [0.5] * 80), illumination=array.array("f", [0.0] * 27))
    face.pose.position.z = 0.7
    sent = Face3DMMArray(model_id="cnn", faces=[face, Face3DMM(face_id="f0002")], dropped=2)
    assert deserialize_message(serialize_message(sent), Face3DMMArray) == sent


@pytest.mark.ros
def test_transforms_can_be_published_without_a_tf2_wheel():
    from tf2_msgs.msg import TFMessage

    assert TFMessage.get_fields_and_field_types() == {"transforms": "sequence<geometry_msgs/TransformStamped>"}
