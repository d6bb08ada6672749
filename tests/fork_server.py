"""Run the real command line in a process of its own without starting an interpreter each time.

An interpreter that has imported the program waits; each command is a fork of it, with its own arguments, environment,
folder and output. Half of what the tests took was the imports. What happens before `main` - imports, signals at the
start - is not to be seen here: tests of it start Python anew.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from tests import botocore_data

_READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "PSYCOPG", "COVERAGE", "LD_", "MALLOC_", "SSL_", "OPENSSL_")
_SIZE_BYTES = 8
_TESTS = Path(__file__).parent


def can_run(environ: Mapping[str, str]) -> bool:
    """Whether nothing is set otherwise that an interpreter and its libraries read when they start."""

    def at_the_start(variables: Mapping[str, str]) -> dict[str, str]:
        return {key: value for key, value in variables.items() if key.startswith(_READ_AT_THE_START)}

    return at_the_start(environ) == at_the_start(os.environ)


class Forked:
    """A command line in a process of its own, with what tests use of `subprocess.Popen`."""

    def __init__(
        self,
        args: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        stdin: int,
        stdout: int,
        stderr: int,
        script: Path | None = None,
    ) -> None:
        """Start `python -m runner` with arguments, or a script, on the given file descriptors."""
        self.returncode: int | None = None
        self._answers, theirs = socket.socketpair()
        with theirs:
            request = {"args": [*args], "cwd": str(cwd), "environ": {**environ}}
            data = json.dumps(request | {"script": script and str(script)}).encode()
            socket.send_fds(_control(), [b"+"], [theirs.fileno(), stdin, stdout, stderr])
            self._answers.sendall(len(data).to_bytes(_SIZE_BYTES) + data)
        self.pid = int.from_bytes(_receive(self._answers, _SIZE_BYTES))
        # a number alone may be another process's by the time that a signal is sent
        self._handle: int | None = None
        if hasattr(os, "pidfd_open"):
            with suppress(ProcessLookupError):
                self._handle = os.pidfd_open(self.pid)
                weakref.finalize(self, os.close, self._handle)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        with suppress(ProcessLookupError):
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)
            elif self.poll() is None:
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send a SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send a SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """Return how it ended, or nothing while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends.

        Raises: subprocess.TimeoutExpired.
        """
        if self.returncode is None:
            if not select.select([self._answers], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            with self._answers:
                status = int.from_bytes(_receive(self._answers, _SIZE_BYTES))
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


class Piped(Forked):
    """A command line whose output is read while it runs."""

    def __init__(self, args: Sequence[str], *, cwd: Path, environ: Mapping[str, str], stdin: int) -> None:
        read_out, out = os.pipe()
        read_err, err = os.pipe()
        self.stdout, self.stderr = os.fdopen(read_out), os.fdopen(read_err)
        with os.fdopen(out), os.fdopen(err):
            super().__init__(args, cwd=cwd, environ=environ, stdin=stdin, stdout=out, stderr=err)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return the rest of what it prints, when it has ended; a second time nothing.

        Raises: subprocess.TimeoutExpired.
        """
        if self.stdout.closed:
            return "", ""
        with ThreadPoolExecutor(2) as pool:
            rests = [pool.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        with self.stdout, self.stderr:
            out, err = [rest.result() for rest in rests]
        return out, err


def run_forked(
    args: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    timeout_s: float,
    script: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Do as `subprocess.run` does with `python -m runner`, or a script, and its arguments.

    Raises: subprocess.TimeoutExpired, after the process was killed.
    """
    with (
        Path(os.devnull).open("rb") as stdin,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        files = {"stdin": stdin.fileno(), "stdout": out.fileno(), "stderr": err.fileno()}
        process = Forked(args, cwd=cwd, environ=environ, script=script, **files)
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode().replace("\r\n", "\n").replace("\r", "\n"))
    return subprocess.CompletedProcess([*args], code, *printed)


@cache
def _control() -> socket.socket:
    """Start this test process's server, which ends when the other end of the returned socket is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.{Path(__file__).stem}", str(theirs.fileno())],
            cwd=_TESTS.parent,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    atexit.register(process.wait)
    atexit.register(ours.close)  # first
    return ours


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _serve(control: socket.socket) -> dict[str, Any]:
    """Fork for each request and report each end, until there is nobody to ask.

    Returns the request in the process that is to become the command.
    """
    running: dict[int, socket.socket] = {}
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    before = signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([control, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            _report_the_ended(running)
        if control not in ready:
            continue
        _, received, _, _ = socket.recv_fds(control, 1, 4)
        if not received:
            os._exit(0)
        connection, files = socket.socket(fileno=received[0]), received[1:]
        request = json.loads(_receive(connection, int.from_bytes(_receive(connection, _SIZE_BYTES))))
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, before)
            for number in (ended, wake):
                os.close(number)
            for other in (control, connection, *running.values()):
                other.close()
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            return request
        for file in files:
            os.close(file)
        running[pid] = connection
        connection.sendall(pid.to_bytes(_SIZE_BYTES))


def _report_the_ended(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with running.pop(pid) as connection, suppress(OSError):
            connection.sendall(status.to_bytes(_SIZE_BYTES))


def _become(request: dict[str, Any]) -> None:
    """Run the command, and end without tidying up what is shared with the server: that is most of a short run."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    sys.path[0] = request["cwd"]
    sys.argv[1:] = request["args"]
    try:
        if request["script"]:
            sys.argv[0] = request["script"]
            runpy.run_path(request["script"], run_name="__main__")
        else:
            runpy.run_module("runner", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if not isinstance(ended.code or 0, int):
            raise
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit((ended.code or 0) & 0xFF)


def _import_all() -> None:
    import runner

    for module in pkgutil.walk_packages(runner.__path__, "runner."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("boto3", "botocore.session", "psycopg", "yoyo"):
        importlib.import_module(name)
    botocore_data.remember()
    botocore_data.read("s3", "secretsmanager", "sts")


def _main() -> None:
    control = socket.socket(fileno=int(sys.argv.pop()))
    _import_all()
    gc.collect()
    gc.freeze()
    _become(_serve(control))


if __name__ == "__main__":
    _main()
