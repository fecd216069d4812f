"""Another program as a peer: it runs in a process, and perhaps a virtual environment, of its own, and times itself."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from facegpt_ros import engines
from facegpt_ros.errors import ConfigError

_HERE = Path(__file__).resolve().parent
_LIMIT_S = 900


class Peer:
    """One running peer; as a turn of interleaved it gives the milliseconds that it counted itself.

    Args:
        script: a file beside this one, which says "ready", and then milliseconds for every line that it gets.
        arguments: of the script.
        python: that runs it.

    Raises:
        ConfigError: it ends before it is ready.
    """

    def __init__(self, script: str, arguments: Sequence[str] = (), python: str = sys.executable) -> None:
        self.name = script
        command = [python, str(_HERE / script), *arguments]
        # No pipe: one that nobody reads is full after 64 kB, and the peer waits.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115, close closes it
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True
        )
        self._expect("ready")
        self._process.send_signal(signal.SIGSTOP)  # until its turn: some look for work for ever

    def __call__(self) -> float:
        assert self._process.stdin is not None
        self._process.send_signal(signal.SIGCONT)
        with contextlib.suppress(BrokenPipeError):  # told below
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        spent = float(self._expect(""))
        self._process.send_signal(signal.SIGSTOP)
        return spent

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def _expect(self, start: str) -> str:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            if line.startswith("peer: " + start):
                return line.removeprefix("peer: ").strip()
        self._process.communicate()
        self._said.seek(0)
        last = self._said.read().decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        self._said.close()
        raise ConfigError(f"{self.name} ended: {last[0]}")


def environment(name: str, packages: Sequence[str], *options: str) -> str:
    """The interpreter of a virtual environment in the cache that has these packages, made when first asked for.

    Raises:
        ConfigError: pip cannot install them.
    """
    with engines.locked(name, "peers") as parent:
        folder = parent / name
        python, done = folder / "bin" / "python", folder / "packages"
        wanted = "\n".join(packages)
        if done.is_file() and done.read_text(encoding="utf-8") == wanted:
            return str(python)
        print(f"installing {', '.join(packages)} into {folder} (once)", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *options, *packages]
        try:
            end = subprocess.run(install, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise ConfigError(f"{', '.join(packages)}: not installed after {_LIMIT_S} s; check the network") from error
        if end.returncode:
            why = end.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
            raise ConfigError(f"{', '.join(packages)}: pip cannot install them here ({why[0]})")
        done.write_text(wanted, encoding="utf-8")
        return str(python)
