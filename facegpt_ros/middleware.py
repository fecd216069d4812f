"""Files and settings that a ROS process needs before rclpy starts; without importing ROS."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import MutableMapping
from pathlib import Path

_PROFILE = "config/fastdds_shm.xml"
# Fast DDS 2 (Humble, Jazzy) and 3 (Kilted) read different names.
_PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


def share_file(name: str, environ: MutableMapping[str, str] | None = None) -> Path | None:
    """A shared file of the package ("config/face_node.yaml"): the checkout's, else the installed one, or None."""
    environ = os.environ if environ is None else environ
    prefixes = [p for p in environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    places = [
        Path(__file__).resolve().parents[1],
        *(Path(prefix) / "share/facegpt_ros" for prefix in (*prefixes, sys.prefix)),
    ]
    # Only a checkout has package.xml beside the package; site-packages may hold anyone's config folder.
    if not (places[0] / "package.xml").is_file():
        places = places[1:]
    return next((place / name for place in places if (place / name).is_file()), None)


def select_fastdds_profile(environ: MutableMapping[str, str] | None = None) -> Path | None:
    """Choose the shared-memory profile where the middleware is Fast DDS and the user set no profile of their own.

    Must run before rclpy.init of this process, or before it starts others.

    Returns:
        The chosen file, or None when nothing was changed.
    """
    environ = os.environ if environ is None else environ
    if environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp") not in ("rmw_fastrtps_cpp", "rmw_fastrtps_dynamic_cpp"):
        return None
    if any(environ.get(name) for name in _PROFILE_VARIABLES):
        return None
    profile = share_file(_PROFILE, environ)
    if profile is not None:
        for name in _PROFILE_VARIABLES:
            environ[name] = str(profile)
    return profile


def prepare_environment(environ: MutableMapping[str, str] | None = None) -> None:
    """The profile, and a folder for logs where there is neither HOME nor ROS_LOG_DIR (rclpy.init would fail)."""
    environ = os.environ if environ is None else environ
    select_fastdds_profile(environ)
    if not any(environ.get(name) for name in ("HOME", "ROS_HOME", "ROS_LOG_DIR")):
        environ["ROS_LOG_DIR"] = str(Path(tempfile.gettempdir()) / "facegpt_ros_log")
