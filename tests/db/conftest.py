"""Servers of a test's own, which it may kill, fill and break."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from runner.server.local import Server
from tests.folders import server_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any server's user can enter; servers made below it are stopped."""
    made = server_folder()
    yield made
    for data in made.rglob("data/postmaster.pid"):
        Server(data.parents[1], environ=os.environ).stop()
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def pristine() -> Iterator[Path]:
    """A server's folder as it is after it was made, started and stopped; copied, not used."""
    made = server_folder()
    server = Server(made / "postgres", environ=os.environ, ephemeral=True)
    server.start()
    server.stop()
    yield server.home
    shutil.rmtree(made)


@pytest.fixture
def new_server(folder: Path, pristine: Path) -> Callable[..., Server]:
    """Copy a stopped server, which is quicker than making one."""

    def copy(name: str = "postgres") -> Server:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", pristine, folder / name], check=True)
        return Server(folder / name, environ=os.environ, ephemeral=True)

    return copy


@pytest.fixture
def private_server(new_server: Callable[..., Server]) -> Iterator[dict[str, str]]:
    """Connection parameters of a server that demands passwords and that nobody else uses."""
    server = new_server()
    started = server.start(tcp=True)
    yield {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    server.stop()
