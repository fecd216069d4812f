"""What package.xml, CMakeLists.txt, pyproject.toml and the scripts promise holds, without building anything."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from facegpt_ros import __version__
from facegpt_ros.cli import SUBCOMMANDS, main

ROOT = Path(__file__).resolve().parent.parent
PACKAGE_XML = ElementTree.parse(ROOT / "package.xml").getroot()
CMAKE = (ROOT / "CMakeLists.txt").read_text()

# Every one resolves with rosdep on Humble, Jazzy and Kilted: ROS packages that are released there, and system keys.
ROSDEP_KEYS = {
    *("ament_cmake", "ament_cmake_python", "ament_index_python", "launch", "launch_ros", "rclpy"),
    *("action_msgs", "builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "lifecycle_msgs", "rcl_interfaces"),
    *("sensor_msgs", "std_msgs", "std_srvs", "tf2_msgs", "visualization_msgs"),
    *("rosidl_default_generators", "rosidl_default_runtime"),
    *("python3-numpy", "python3-opencv", "python3-pytest", "python3-tqdm", "python3-yaml"),
}


def test_package_xml_is_format_3_and_says_the_version_of_the_code():
    assert PACKAGE_XML.get("format") == "3"
    assert PACKAGE_XML.findtext("name") == "facegpt_ros"
    assert PACKAGE_XML.findtext("version") == __version__
    assert PACKAGE_XML.findtext("export/build_type") == "ament_cmake"
    assert PACKAGE_XML.findtext("member_of_group") == "rosidl_interface_packages"


def test_package_xml_depends_on_rosdep_keys_only():
    wanted = {element.text for element in PACKAGE_XML if element.tag.endswith("depend")}
    assert wanted <= ROSDEP_KEYS, "look new keys up in rosdistro, then add them here"


def test_package_xml_names_what_cmake_finds():
    declared = {element.text for element in PACKAGE_XML if element.tag.endswith("depend")}
    assert set(re.findall(r"find_package\((\w+)", CMAKE)) <= declared


def test_package_xml_names_every_ros_package_that_the_nodes_import():
    declared = {element.text for element in PACKAGE_XML if element.tag.endswith("depend")}
    paths = [*(ROOT / "facegpt_ros/nodes").glob("*.py"), *(ROOT / "launch").glob("*.py")]
    texts = [path.read_text() for path in paths]
    imported = {name for text in texts for name in re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)}
    ros = {name for name in imported if name.endswith("_msgs") or name in ("rclpy", "launch", "launch_ros", "std_srvs")}
    assert ros <= declared


def test_cmake_installs_what_exists():
    for directory in re.findall(r"install\(DIRECTORY ([^)]*?) DESTINATION", CMAKE):
        for name in directory.split():
            assert (ROOT / name).is_dir(), name
    nodes = re.search(r"foreach\(node ([^)]*)\)", CMAKE)
    assert nodes
    for node in nodes[1].split():
        assert "\ndef main(" in (ROOT / "facegpt_ros/nodes" / f"{node}.py").read_text()


def test_no_module_hides_a_folder_of_interfaces():
    for name in ("msg", "srv", "action"):
        assert not (ROOT / "facegpt_ros" / name).exists() and not (ROOT / "facegpt_ros" / f"{name}.py").exists()


def test_every_subcommand_is_there():
    for name, (_, module) in SUBCOMMANDS.items():
        path = ROOT / (module.replace(".", "/") + ".py")
        assert path.is_file(), f"facegpt {name}: {path} is missing"
        text = path.read_text()
        assert "\ndef add_arguments(" in text and "\ndef run(" in text, f"{module} needs add_arguments and run"


def test_help_and_version_need_no_subcommand(capsys):
    for words, says in ((["--version"], __version__), ([], "reconstruct"), (["--help"], "reconstruct")):
        with pytest.raises(SystemExit) as stopped:
            main(words)
        assert stopped.value.code == 0
        assert says in capsys.readouterr().out


def test_an_unknown_subcommand_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["reconstrcut"])
    assert stopped.value.code == 2
    assert "reconstrcut" in capsys.readouterr().err


def test_importing_the_command_loads_nothing_heavy():
    code = "import sys, facegpt_ros.cli; print([m for m in ('numpy', 'cv2', 'rclpy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["scripts/demo", "scripts/test", "scripts/nightly", "scripts/setup.sh", ".ci/run"])
def test_scripts_parse(name):
    subprocess.run(["bash", "-n", ROOT / name], check=True)


def test_a_missing_compiler_is_named_with_the_line_that_installs_it(tmp_path):
    for tool in ("bash", "dirname", "printf", "git"):
        (tmp_path / tool).symlink_to(Path("/usr/bin") / tool)
    (tmp_path / "python3").symlink_to(sys.executable)
    script = f'source "{ROOT}/scripts/setup.sh"; check_system'
    done = subprocess.run(
        ["bash", "-c", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "compiler" in done.stderr
    assert re.search(r"^    sudo apt-get install -y .*build-essential", done.stderr, re.MULTILINE)
    assert "git" not in done.stderr


@pytest.mark.parametrize(("given", "expected"), [("", "1"), ("3", "3")])
def test_numpys_threads_leave_the_language_model_its_cores_unless_told_otherwise(given: str, expected: str):
    code = "import facegpt_ros, os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {"OPENBLAS_NUM_THREADS": given} if given else {}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == expected
