"""How often client and server take turns, counted on the wire."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import psycopg
import pytest

_TERMINATE = b"X\0\0\0\4"


class Relay:
    """Passes bytes between a client and the server, and counts how often the client speaks after the server did."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.turns = 0
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(self._upstream)
            heard = threading.Event()
            heard.set()
            threading.Thread(target=self._from_client, args=(client, server, heard), daemon=True).start()
            threading.Thread(target=self._from_server, args=(client, server, heard), daemon=True).start()

    def _from_client(self, client: socket.socket, server: socket.socket, heard: threading.Event) -> None:
        with client, server:
            while data := _receive(client):
                if heard.is_set() and data != _TERMINATE:  # which waits for no answer, and may be seen late
                    heard.clear()
                    self.turns += 1
                server.sendall(data)

    def _from_server(self, client: socket.socket, server: socket.socket, heard: threading.Event) -> None:
        while data := _receive(server):
            heard.set()
            try:
                client.sendall(data)
            except OSError:
                return


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(1 << 20)
    except OSError:
        return b""


@pytest.fixture
def relay(server) -> Iterator[Relay]:
    made = Relay(server["host"], int(server["port"]))
    yield made
    made.close()


@pytest.fixture
def count(project, relay):
    """Run a command through the relay and return its turns, without those of connecting and leaving."""
    direct = project.parameters
    behind = {**direct, "host": "127.0.0.1", "port": str(relay.port)}
    project.parameters = behind
    with psycopg.connect(project.url):
        pass
    bare = relay.turns
    project.parameters = direct

    def run(*args: str) -> int:
        relay.turns = relay.connections = 0
        project.parameters = behind
        try:
            project.ok(*args)
        finally:
            project.parameters = direct
        assert relay.connections == 1
        return relay.turns - bare

    return run


def test_a_file_that_travels_alone_is_one_round_trip_in_either_direction(project, count):
    alone = "PREPARE p AS SELECT 1;\nDEALLOCATE p;\n"
    for n in range(30):
        project.write(f"{n:04}_t", f"{alone}CREATE TABLE t{n} (id int);", f"{alone}DROP TABLE t{n};")
    project.ok("migrate", "--steps", "1")
    few = count("migrate", "--steps", "4", "--no-validate")
    many = count("migrate", "--steps", "24", "--no-validate")
    assert many - few == 20
    few = count("rollback", "--steps", "4", "--yes")
    many = count("rollback", "--steps", "24", "--yes")
    assert many - few == 20


def test_small_files_travel_in_messages_that_grow(project, count):
    for n in range(101):
        project.write(f"{n:04}_t", f"SELECT {n};", f"SELECT -{n};")
    project.ok("migrate", "--steps", "1")
    # 1, 2, 4, 8, 16, 32 and the rest; a machine that pauses for half a second begins again with 1
    assert count("migrate", "--no-validate") <= 4 + 10
    assert count("rollback", "--steps", "100", "--yes") <= 4 + 10


def test_nothing_pending_costs_two_questions(project, count):
    project.write("0001_a")
    project.ok("migrate")
    assert count("migrate") == 2


def test_a_run_with_something_to_do_has_four_turns_of_its_own(project, count):
    for n in range(3):
        project.write(f"{n:04}_t", f"CREATE TABLE t{n} (id int);", f"DROP TABLE t{n};")
    project.ok("migrate", "--steps", "1")
    # where we are, what is applied, the lock with what is applied under it, its end with what is applied then
    assert count("migrate", "--steps", "1", "--no-validate") == 1 + 4
    assert count("rollback", "--yes") == 1 + 4
