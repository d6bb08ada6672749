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
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "PSYCOPG", "COVERAGE", "LD_", "MALLOC_", "SSL_", "OPENSSL_")
_SIZE_BYTES = 8
_TESTS = Path(__file__).parent


def can_run(environ: Mapping[str, str]) -> bool:
    """Whether nothing is set otherwise that an interpreter and its libraries read when they start."""

    def at_the_start(variables: Mapping[str, str]) -> dict[str, str]:
        return {key: value for key, value in variables.items() if key.startswith(_READ_AT_THE_START)}

    return at_the_start(environ) == at_the_start(os.environ)


def run_forked(
    args: Sequence[str], *, cwd: Path, environ: Mapping[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Do as `subprocess.run` does with `python -m runner` and its arguments.

    Raises: subprocess.TimeoutExpired, after the process was killed.
    """
    with (
        socket.socket(socket.AF_UNIX) as server,
        Path(os.devnull).open("rb") as stdin,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        server.connect(_address())
        server.settimeout(timeout_s)
        socket.send_fds(server, [b"+"], [stdin.fileno(), out.fileno(), err.fileno()])
        request = json.dumps({"args": [*args], "cwd": str(cwd), "environ": {**environ}}).encode()
        server.sendall(len(request).to_bytes(_SIZE_BYTES) + request)
        pid = int.from_bytes(_receive(server, _SIZE_BYTES))
        try:
            status = int.from_bytes(_receive(server, _SIZE_BYTES))
        except TimeoutError as error:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired([*args], timeout_s) from error
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode().replace("\r\n", "\n").replace("\r", "\n"))
    return subprocess.CompletedProcess([*args], os.waitstatus_to_exitcode(status), *printed)


@cache
def _address() -> str:
    """Start this test process's server."""
    address = f"\0runner-tests-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.{Path(__file__).stem}", str(listener.fileno())],
            cwd=_TESTS.parent,
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
    atexit.register(process.communicate)  # it ends when its standard input does
    return address


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _serve(listener: socket.socket) -> None:
    """Fork for each request until standard input ends; returns in a process that is to become the command."""
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            sys.exit()
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _become(connection)
            return
        connection.close()
        _forget_the_ended()


def _forget_the_ended() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


def _become(connection: socket.socket) -> None:
    """Return in the process of the command; the one between it and the server waits for its end and tells it."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    request = json.loads(_receive(connection, int.from_bytes(_receive(connection, _SIZE_BYTES))))
    pid = os.fork()
    if pid:
        connection.sendall(pid.to_bytes(_SIZE_BYTES))
        _, status = os.waitpid(pid, 0)
        connection.sendall(status.to_bytes(_SIZE_BYTES))
        os._exit(0)
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    sys.path[0] = request["cwd"]
    sys.argv[1:] = request["args"]


def _import_all() -> None:
    import runner

    for module in pkgutil.walk_packages(runner.__path__, "runner."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("boto3", "botocore.session", "psycopg", "yoyo"):
        importlib.import_module(name)


def _main() -> None:
    _import_all()
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv.pop())))
    runpy.run_module("runner", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
