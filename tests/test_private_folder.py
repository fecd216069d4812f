import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facegpt_ros import private_folder
from facegpt_ros.private_folder import PrivateFolder, private_folders


def grow_old(path: Path) -> None:
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))


_HOLD = """
import os, sys
from facegpt_ros.private_folder import PrivateFolder
folder = PrivateFolder("memory", sys.argv[1])
(folder.path / "face.onnx").write_text("x")
print(folder.path, flush=True)
if sys.argv[2] == "fork" and os.fork() == 0:
    sys.exit()
sys.stdin.read()
if sys.argv[2] == "dies":
    os._exit(9)
"""


def hold(parent: Path, how: str) -> tuple[subprocess.Popen[str], Path]:
    command = [sys.executable, "-c", _HOLD, str(parent), how]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_folder_is_private_and_goes_when_nobody_has_it(tmp_path):
    folder = PrivateFolder("memory", str(tmp_path))
    path = folder.path
    assert path.parent == tmp_path and path.stat().st_mode & 0o777 == 0o700
    (path / "deep").mkdir()
    (path / "deep" / "file").write_text("x")
    del folder
    assert not list(tmp_path.iterdir())
    folder = PrivateFolder("memory", str(tmp_path))
    folder.close()
    folder.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["lives", "fork"])
def test_it_goes_with_its_process_and_not_with_a_fork_of_it(tmp_path, how):
    process, path = hold(tmp_path, how)
    grow_old(path)
    PrivateFolder("memory", str(tmp_path)).close()
    assert (path / "face.onnx").is_file()  # old, but its process lives
    process.communicate()
    assert process.returncode == 0 and not path.exists()


def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path):
    process, path = hold(tmp_path, "dies")
    process.communicate()
    foreign, link = tmp_path / "else", tmp_path / "facegpt-private-link"
    foreign.mkdir()
    link.symlink_to(foreign)
    for one in (path, foreign):
        grow_old(one)
    young = tmp_path / "facegpt-private-young"
    young.mkdir()  # its process may not have locked it yet
    PrivateFolder("memory", str(tmp_path)).close()
    assert not path.exists() and foreign.is_dir() and link.is_symlink() and young.is_dir()


def test_places_that_cannot_be_written_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(private_folder, "PLACES", (("memory", str(tmp_path / "nowhere")), ("temporary files", None)))
    monkeypatch.setattr(private_folder.tempfile, "tempdir", str(tmp_path))
    (one,) = private_folders()
    assert one.kind == "temporary files" and one.path.parent == tmp_path
    shutil.rmtree(one.path)
    one.close()  # somebody else has cleaned up
