"""A Triton server of this machine's own: the one that the wheel nvidia-pytriton carries, with its Python backend."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from facegpt_ros.errors import ServerError
from facegpt_ros.processes import dies_with_this

_GRACE_S = 10.0
_CURE = "pip install --no-deps nvidia-pytriton (Linux on x86_64, Python 3.8 to 3.13), or point your own at the export"


def find_wheel() -> Path:
    """The folder of the wheel's server.

    Raises:
        ServerError: it is not installed, or has nothing for this Python, or this Python has no shared library.
    """
    found = importlib.util.find_spec("pytriton")
    if found is None or not found.submodule_search_locations:
        raise ServerError(f"there is no Triton server here: {_CURE}")
    folder = Path(found.submodule_search_locations[0]) / "tritonserver"
    if not _stub(folder).is_file() or not (folder / "bin" / "tritonserver").is_file():
        raise ServerError(f"{folder}: has no server for Python {_python()}: {_CURE}")
    _library_folder()
    return folder


@contextlib.contextmanager
def triton_server(repository: Path, host: str = "127.0.0.1", port: int = 8001) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a model repository (serving/repository.py, backend python) until the block ends.

    It is started, not ready: who needs to know asks it. What it prints comes here.

    Raises:
        ServerError: see find_wheel.
    """
    wheel = find_wheel()
    with tempfile.TemporaryDirectory(prefix="facegpt_triton_") as scratch:
        backend = Path(scratch) / "python"
        backend.mkdir()
        for path in [*(wheel / "backends" / "python").iterdir(), _stub(wheel)]:
            (backend / path.name).symlink_to(path)
        shared = f"{Path(scratch).name}_"
        command = [
            str(wheel / "bin" / "tritonserver"), f"--model-repository={repository}", f"--backend-directory={scratch}",
            f"--backend-config=python,shm-region-prefix-name={shared}", f"--grpc-address={host}", f"--grpc-port={port}",
            "--allow-http=false", "--allow-metrics=false", "--log-info=false", "--exit-timeout-secs=5",
        ]  # fmt: skip
        process = subprocess.Popen(
            command, env=_environment(wheel), start_new_session=True, preexec_fn=dies_with_this()
        )
        try:
            yield process
        finally:
            _stop(process)
            for left in Path("/dev/shm").glob(f"{shared}*"):  # of a server that was killed
                left.unlink(missing_ok=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):  # the models' processes outlive a server that is killed
        os.killpg(process.pid, signal.SIGKILL)


def _environment(wheel: Path) -> dict[str, str]:
    """In which the models' Python is this one, with what is installed in it."""
    environment = dict(os.environ)
    own = f"{_library_folder()}:{wheel.parent.parent / 'nvidia_pytriton.libs'}"
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, (own, os.environ.get("LD_LIBRARY_PATH"))))
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    # ROS 2's wheels start Python anew to set LD_LIBRARY_PATH, which a Python inside another program cannot.
    environment["_ROS_WHEELS_BOOTSTRAP_COMPLETE"] = "1"
    return environment


def _library_folder() -> Path:
    """Of this Python's libpython, which the models' processes load."""
    name, places = f"libpython{_python()}.so.1.0", [Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib")]
    places.append(places[0] / (sysconfig.get_config_var("MULTIARCH") or ""))
    for place in places:
        if (place / name).exists():
            return place
    raise ServerError(f"{places[0]} has no {name}, which Triton's Python backend needs; install libpython{_python()}")


def _stub(folder: Path) -> Path:
    return folder / "python_backend_stubs" / _python() / "triton_python_backend_stub"


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
