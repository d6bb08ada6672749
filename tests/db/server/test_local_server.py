"""The local server through everything that happens to servers on developers' machines."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest

from runner.errors import BusyError, ConfigurationError, RunnerError
from runner.server.local import Server, process
from tests.faults.test_full_disks import small_disk


def query(started, statement, **more):
    parameters = {**started.parameters, "password": started.password.reveal(), "dbname": "postgres", **more}
    with psycopg.connect(**parameters, autocommit=True) as connection:
        return connection.execute(statement).fetchone()


def from_wheel(home):
    return Server(home, environ=os.environ).programs().libraries is not None


def kill(server):
    pid = server.pid()
    os.kill(pid, signal.SIGKILL)
    assert process.wait(lambda: not process.alive(pid), 10)


def test_a_server_is_made_started_found_again_and_stopped(folder):
    server, told = Server(folder / "postgres", environ=os.environ), []
    started = server.start(emit=told.append)
    assert [event.name for event in told] == ["server.making", "server.starting"]
    assert str(told[0]).startswith("making a local PostgreSQL")
    assert server.start(emit=told.append) == started
    assert len(told) == 2
    assert query(started, "SELECT current_user, current_setting('fsync')") == ("postgres", "on")
    assert server.home.stat().st_mode & 0o777 == 0o700
    assert server.stop() is True
    assert (server.running(), server.pid()) == (None, None)
    assert server.stop() is False


def test_text_is_unicode_and_sorts_by_code_point(new_server):
    started = new_server().start()
    ordered = query(started, "SELECT string_agg(v, '' ORDER BY v) FROM unnest('{a,B,é,Z,z,A}'::text[]) AS v")
    assert ordered == ("ABZazé",)
    assert query(started, "SELECT upper('é'), current_setting('server_encoding')") == ("É", "UTF8")


def test_the_socket_needs_no_password_and_there_is_no_tcp_port(new_server):
    server = new_server()
    started = server.start()
    assert started.by_socket
    assert query(started, "SHOW listen_addresses", password="") == ("",)
    assert (server.home / "password").stat().st_mode & 0o777 == 0o600


def test_another_role_needs_its_password_even_through_the_socket(new_server):
    started = new_server().start()
    with psycopg.connect(**started.parameters, dbname="postgres", autocommit=True) as admin:
        admin.execute("CREATE ROLE app LOGIN PASSWORD 'right'")
    assert query(started, "SELECT current_user", user="app", password="right") == ("app",)
    for wrong in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            query(started, "SELECT 1", user="app", password=wrong)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_another_system_user_cannot_reach_the_socket(new_server):
    started = new_server().start()
    os.seteuid(12345)
    try:
        with socket.socket(socket.AF_UNIX) as client, pytest.raises(PermissionError):
            client.connect(f"{started.host}/.s.PGSQL.{started.port}")
    finally:
        os.seteuid(0)


def test_a_killed_server_recovers_what_was_committed(folder):
    server = Server(folder / "postgres", environ=os.environ)
    started = server.start()
    with closing(psycopg.connect(**started.parameters, dbname="postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS v")
        connection.commit()
        connection.execute("INSERT INTO kept VALUES (43)")
        kill(server)  # with a session at work, whose process outlives the server for a moment
        assert (server.running(), server.pid()) == (None, None)
        started = server.start()
    assert query(started, "SELECT array_agg(v) FROM kept") == ([42],)


def test_a_pid_file_whose_number_went_to_another_program_is_no_obstacle(new_server):
    server = new_server()
    server.start()
    kill(server)
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    owner = server.data.stat().st_uid  # PostgreSQL believes that a process of its own user is the old server
    with subprocess.Popen(["sleep", "60"], cwd="/", user=owner if os.geteuid() == 0 else None) as other:
        try:
            pid_file.write_text("".join([f"{other.pid}\n", *lines[1:]]))
            assert server.pid() is None
            assert query(server.start(), "SELECT 1") == (1,)
            assert other.poll() is None
        finally:
            other.kill()


def test_sessions_that_outlive_a_killed_server_keep_a_second_one_out(new_server, monkeypatch):
    server = new_server()
    started = server.start()
    with closing(psycopg.connect(**started.parameters, dbname="postgres")) as connection:
        session = connection.info.backend_pid
        os.kill(session, signal.SIGSTOP)
        try:
            kill(server)
            monkeypatch.setattr("runner.server.local.launch._ORPHANS_S", 0.5)
            with pytest.raises(BusyError) as caught:
                server.start()
            assert caught.value.message == "the local server was killed, and a session of it still runs"
        finally:
            os.kill(session, signal.SIGKILL)
    assert process.wait(lambda: not process.alive(session), 10)
    assert query(server.start(), "SELECT 1") == (1,)


def test_two_starts_at_once_make_one_server(folder):
    code = (
        "import os, sys; from pathlib import Path; from runner.server.local import Server;"
        "server = Server(Path(sys.argv[1]), environ=os.environ, ephemeral=True);"
        "server.start(emit=lambda event: print(event.name)); print(server.pid())"
    )
    command = [sys.executable, "-c", code, str(folder / "postgres")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted((each.communicate(timeout=120)[0].split() for each in both), key=len)
    assert [each.returncode for each in both] == [0, 0]
    assert said == [[said[0][0]], ["server.making", "server.starting", said[0][0]]]


def test_tcp_asks_for_the_password_and_keeps_its_port(new_server):
    server = new_server()
    started = server.start(tcp=True)
    assert started.host == "127.0.0.1"
    with pytest.raises(psycopg.OperationalError, match="password"):
        query(started, "SELECT 1", password="wrong")
    server.stop()
    assert server.start().port == started.port
    server.stop()
    assert server.start(tcp=False).by_socket


def test_a_port_that_is_taken_is_replaced(new_server):
    server = new_server()
    port = server.start(tcp=True).port
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        started = server.start()
        assert started.port != port
        assert query(started, "SELECT 1") == (1,)


@pytest.mark.parametrize("running_by", ["socket", "tcp"])
def test_a_running_server_does_not_change_how_it_listens(new_server, running_by):
    server = new_server()
    server.start(tcp=running_by == "tcp")
    with pytest.raises(ConfigurationError, match="runs already, and listens on"):
        server.start(tcp=running_by != "tcp")
    assert server.running() is not None


def test_a_path_too_long_for_a_socket_means_tcp(new_server):
    started = new_server("/".join(["a" * 40] * 3)).start()
    assert started.host == "127.0.0.1"
    assert query(started, "SELECT 1") == (1,)


@pytest.mark.parametrize("name", ["with space", "o'neil $HOME `x`", 'qu"ote', "comma,comma", "ünïcode"])
def test_any_folder_name_works(folder, name, pristine):
    server = Server(folder / name / "postgres", environ=os.environ, ephemeral=True)
    if from_wheel(pristine) and set(name) & set('$"'):
        with pytest.raises(ConfigurationError, match="cannot run in"):
            server.start()
        return
    started = server.start()
    assert query(started, "SELECT 1") == (1,)
    assert started.by_socket is (name not in {'qu"ote', "comma,comma"})


def test_a_project_moved_while_its_server_runs_still_has_it(new_server, folder):
    server = new_server("before/postgres")
    pid = (server.start(), server.pid())[1]
    (folder / "before").rename(folder / "after")
    moved = Server(folder / "after" / "postgres", environ=os.environ)
    assert moved.pid() == pid
    assert query(moved.start(), "SELECT 1") == (1,)


def test_a_data_folder_of_another_version_is_left_alone(new_server):
    server = new_server()
    (server.data / "PG_VERSION").write_text("13\n")
    before = sorted(path.name for path in server.data.iterdir())
    with pytest.raises(ConfigurationError) as caught:
        server.start()
    assert caught.value.message == "the local data folder was made by PostgreSQL 13, which is not here"
    assert caught.value.detail.startswith("Its data is untouched. Found instead: ")
    assert f"mv {server.home} {server.home}-13" in caught.value.hint
    assert sorted(path.name for path in server.data.iterdir()) == before


def test_a_folder_that_is_not_a_data_folder_is_left_alone(new_server):
    server = new_server()
    (server.data / "PG_VERSION").unlink()
    with pytest.raises(ConfigurationError, match="is not a data folder of PostgreSQL"):
        server.start()
    assert (server.data / "postgresql.conf").exists()


def of_version(folder, version):
    """Programs that only say their version."""
    programs = folder / version
    programs.mkdir()
    for name in ("initdb", "postgres"):
        (programs / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (programs / name).chmod(0o755)
    return programs


def failing_initdb(folder, real):
    """A PostgreSQL whose initdb does its work and then runs out of disk."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "postgres").symlink_to(real / "postgres")
    wrapper = programs / "initdb"
    wrapper.write_text(
        f'#!/bin/sh\n"{real}/initdb" "$@"\n'
        'echo "initdb: error: could not write file: No space left on device" >&2\nexit 1\n'
    )
    wrapper.chmod(0o755)
    return programs


def test_a_disk_that_fills_up_while_the_folder_is_made_leaves_nothing_half_done(folder, pristine):
    real = Server(pristine, environ=os.environ).programs()
    if from_wheel(pristine):
        pytest.skip("the wheel's programs need the loader's help, which a wrapper does not give")
    environ = {**os.environ, "RUNNER_LOCAL_POSTGRES": str(failing_initdb(folder, real.bin))}
    home = folder / "postgres"
    with pytest.raises(RunnerError) as caught:
        Server(home, environ=environ).start()
    assert caught.value.message == f"cannot make the local data folder in {home}: the disk is full"
    assert caught.value.detail == (
        "initdb says: could not write file: No space left on device. Nothing was left behind."
    )
    assert [path.name for path in home.iterdir()] == ["password"]
    assert query(Server(home, environ=os.environ, ephemeral=True).start(), "SELECT 1") == (1,)


def test_what_an_interrupted_attempt_left_is_removed(folder):
    home = folder / "postgres"
    (home / "unfinished-xyz" / "base").mkdir(parents=True)
    Server(home, environ=os.environ, ephemeral=True).start()
    assert not list(home.glob("unfinished-*"))


def test_a_server_that_does_not_start_says_why(new_server):
    server = new_server()
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = nonsense\n")
    with pytest.raises(RunnerError) as caught:
        server.start()
    assert caught.value.message == "the local server does not start"
    assert 'parameter "shared_buffers"' in server.log.read_text()
    assert caught.value.detail.endswith("The data is untouched.")
    assert caught.value.hint == f"Its whole log is {server.log}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_a_server_of_another_user_is_named_as_that(new_server):
    server = new_server()
    os.seteuid(12345)
    try:
        for attempt in (server.start, server.running, server.stop):
            with pytest.raises(ConfigurationError) as caught:
                attempt()
            assert str(server.home) in caught.value.message
    finally:
        os.seteuid(0)


def test_the_wheel_serves_where_the_machine_has_no_postgresql(folder):
    environ = {**os.environ, "RUNNER_LOCAL_POSTGRES": "wheel"}
    server = Server(folder / "postgres", environ=environ, ephemeral=True)
    started = server.start()
    version, extensions = query(
        started, "SELECT current_setting('server_version_num')::int, count(*) FROM pg_available_extensions"
    )
    assert version >= 180000
    assert extensions > 30
    assert server.programs().bin.is_relative_to(folder)
    server.stop()
    with pytest.raises(ConfigurationError, match="made by PostgreSQL 18, which is not here"):
        Server(server.home, environ={"RUNNER_LOCAL_POSTGRES": str(of_version(folder, "14.9"))}).start()


@pytest.mark.parametrize("room", ["32k", "6m", "30m"])
def test_a_full_disk_is_named_at_whatever_point_it_stops_initdb(folder, room):
    home = folder / "small" / "postgres"
    with small_disk(home.parent, room):
        home.parent.chmod(0o755)
        with pytest.raises(RunnerError) as caught:
            Server(home, environ=os.environ).start()
        assert "is full" in caught.value.message
        assert str(home) in caught.value.message
        assert "Make room" in caught.value.hint


def test_an_empty_pid_file_has_its_own_words(new_server):
    server = new_server()
    server.start()
    server.stop()
    path = server.data / "postmaster.pid"
    path.touch()
    with pytest.raises(RunnerError) as caught:
        server.start()
    assert caught.value.message.startswith(f"the local server's file {path} is empty")
    assert caught.value.hint.endswith(f"rm {path}")
    path.unlink()
    assert query(server.start(), "SELECT 1") == (1,)
