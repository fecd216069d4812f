import json

import cv2
import pytest

from facegpt_ros import cli
from tests.morphable.loaders import tiny


@pytest.fixture
def surrey(tmp_path):
    path = tmp_path / "sfm.bin"
    path.write_bytes(tiny.eos_bytes())
    return str(path)


@pytest.mark.parametrize(
    ("what", "pictures"), [("mean", 5), ("random", 3), ("identity", 6), ("expression", 6), ("albedo", 6)]
)
def test_any_model_is_drawn_to_a_contact_sheet(what, pictures, surrey, tmp_path, capsys):
    out = tmp_path / "sheet.png"
    assert cli.main(["morphable", "show", "--model", surrey, "--what", what, "--count", "3", "-o", str(out)]) == 0
    sheet = cv2.imread(str(out))
    side = sheet.shape[0]
    assert sheet.shape[1] == pytest.approx(pictures * side, abs=2 * pictures)
    assert sheet.std() > 10  # something is drawn


def test_info_names_owner_and_axes_of_any_model(surrey, capsys):
    assert cli.main(["morphable", "info", "--model", surrey]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert "University of Surrey" in facts["licence"]
    assert facts["vertices"] == tiny.V
    assert len(facts["identity"]) == tiny.IDENTITY
    assert facts["limits"]["expression"] == [-6, 6]


def test_screen_needs_a_screen(monkeypatch, surrey, capsys):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert cli.main(["morphable", "show", "--model", surrey, "--screen"]) == 1
    assert "neither DISPLAY nor WAYLAND_DISPLAY is set; write a file with -o" in capsys.readouterr().err


def test_screen_hands_the_picture_to_the_platforms_viewer(monkeypatch, tmp_path, surrey, capsys):
    viewer, seen = tmp_path / "bin" / "xdg-open", tmp_path / "seen"
    viewer.parent.mkdir()
    viewer.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}.part && mv {seen}.part {seen}\n')
    viewer.chmod(0o755)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", str(viewer.parent), prepend=":")
    monkeypatch.setattr("sys.platform", "linux")
    started = []
    popen = __import__("subprocess").Popen
    monkeypatch.setattr("subprocess.Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[0])
    assert cli.main(["morphable", "show", "--model", surrey, "--what", "mean", "--screen"]) == 0
    started[0].wait(10)
    shown = seen.read_text()
    assert shown == capsys.readouterr().out.strip()
    assert cv2.imread(shown) is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--count", "0"], "--count is 0"),
        (["-o", "faces.nothing"], "faces.nothing cannot be written"),
        (["--model", "no.bin"], "no.bin: No such file"),
    ],
)
def test_what_cannot_be_shown_is_named(words, message, capsys):
    assert cli.main(["morphable", "show", *words]) == 1
    assert message in capsys.readouterr().err


def test_group_without_axes_is_named(tmp_path, capsys):
    path = tmp_path / "shape_only.bin"
    path.write_bytes(tiny.eos_bytes(1, colours=False))
    assert cli.main(["morphable", "show", "--model", str(path), "--what", "albedo"]) == 1
    assert "has no axes of albedo (5 of identity, 0 of expression, 0 of albedo)" in capsys.readouterr().err
