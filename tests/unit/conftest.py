from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def as_unprivileged(tmp_path: Path) -> Callable[[Callable[[], str]], str]:
    """Call a function as a user who is not root, in a process of its own, and return what it returns."""

    def run(function: Callable[[], str]) -> str:
        # the interpreter may lie where only root may look, so the child is forked and then drops
        for folder in (tmp_path, *tmp_path.parents):
            if os.getuid() == 0 and any(part.startswith("pytest-of-") for part in folder.parts):
                folder.chmod(0o755)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if os.getuid() == 0:
                    os.setgroups([])
                    os.setgid(NOBODY)
                    os.setuid(NOBODY)
                answer = function()
            except BaseException as error:  # noqa: BLE001 - the parent shows it
                answer = repr(error)
            os.write(write, answer.encode())
            os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        with os.fdopen(read, encoding="utf-8") as stream:
            return stream.read()

    return run
