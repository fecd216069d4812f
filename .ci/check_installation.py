"""Run in a shell that sourced a colcon installation: everything there is found there, not in the checkout."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from ament_index_python.packages import get_package_prefix, get_package_share_directory

prefix = Path(sys.argv[1]).resolve()


def check(what: str, true: bool) -> None:
    print(f"{'ok  ' if true else 'FAIL'} {what}")
    if not true:
        sys.exit(1)


for name in ("facegpt_ros", "facegpt_ros.msg", "facegpt_ros.srv", "facegpt_ros.action", "facegpt_ros.config"):
    check(f"{name} is the installed one", Path(str(import_module(name).__file__)).resolve().is_relative_to(prefix))

from facegpt_ros.msg import Face3DMMArray  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402

sent = Face3DMMArray(model_id="m", dropped=3)
check("a message survives serialisation", deserialize_message(serialize_message(sent), Face3DMMArray) == sent)
check("ament finds the package", Path(get_package_prefix("facegpt_ros")).resolve() == prefix)
share = Path(get_package_share_directory("facegpt_ros"))
shared = ("launch/face.launch.py", "config/face_node.yaml", "rviz/face.rviz", "engines/manifest.yaml")
for name in (*shared, "engines/recipes/cpu.yaml"):
    check(f"share/facegpt_ros/{name}", (share / name).is_file())
for name in ("face_node", "camera_node"):
    check(f"lib/facegpt_ros/{name} can be run", os.access(prefix / "lib/facegpt_ros" / name, os.X_OK))
    check(f"facegpt_ros.nodes.{name} has main", callable(import_module(f"facegpt_ros.nodes.{name}").main))
done = subprocess.run(["facegpt", "--version"], capture_output=True, text=True, check=False)
check(f"facegpt --version says {done.stdout.strip()!r}", done.returncode == 0)
