"""Nodes as processes of their own, started and stopped without ros2 launch; without importing ROS."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType

from facegpt_ros.middleware import prepare_environment

_GRACE_S = 10.0
_PR_SET_PDEATHSIG = 1


class NodeProcesses:
    """Starts Python modules as nodes; leaving the with block stops all that still run.

    Each gets a process group of its own, so that Ctrl-C in a terminal reaches it once, through stop, and it goes when
    this process dies in any other way.

    Args:
        namespace: of every node, "" for none.
        quiet: leave out what the nodes print unless it is a warning or worse.
    """

    def __init__(self, namespace: str = "", *, quiet: bool = False) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._namespace = namespace
        self._quiet = quiet
        prepare_environment()

    def start(
        self,
        name: str,
        module: str,
        *,
        parameters: Mapping[str, object] | None = None,
        params_files: Sequence[str] = (),
        arguments: Sequence[str] = (),
        remap: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """One node; parameters and params_files as for --ros-args; arguments go before it."""
        ros = ["--ros-args"]
        if self._namespace:
            ros += ["-r", f"__ns:=/{self._namespace.strip('/')}"]
        if self._quiet:
            ros += ["--log-level", "warn"]
        for path in params_files:
            ros += ["--params-file", path]
        for key, value in (parameters or {}).items():
            ros += ["-p", f"{key}:={_yaml(value)}"]
        for source, target in (remap or {}).items():
            ros += ["-r", f"{source}:={target}"]
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments, *ros], start_new_session=True, preexec_fn=dies_with_this()
        )
        self.running[name] = process
        return process

    def ended(self) -> dict[str, int]:
        """Name and exit status of every node that has ended by itself."""
        return {name: status for name, p in self.running.items() if (status := p.poll()) is not None}

    def stop(self) -> dict[str, int]:
        """SIGINT to each, SIGKILL where that does not help; exit statuses by name."""
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.running.values():
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return {name: process.returncode for name, process in self.running.items()}

    def __enter__(self) -> NodeProcesses:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _uninterrupted():
            self.stop()


@contextlib.contextmanager
def stop_on_sigterm() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt like Ctrl-C, so that nodes are stopped and not orphaned."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not leave half of the nodes behind."""
    before = [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)


def dies_with_this() -> Callable[[], None]:
    """For preexec_fn: SIGINT ends the process, and comes by itself when this one ends in any way."""
    parent = os.getpid()

    def prepare() -> None:
        # A shell starts background jobs with SIGINT ignored, and children inherit that: then nothing could stop them.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):  # in quotes, or "0" would become a number
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_yaml, value))}]"
    return repr(value)
