"""The development data, and the two shell scripts around the SQL files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Callable

Connection = psycopg.Connection[tuple[object, ...]]

ROWS = {
    "api_server": {
        "users": 6,
        "user_sessions": 3,
        "password_reset_tokens": 2,
        "email_verification_tokens": 1,
        "audit_logs": 3,
        "rate_limits": 2,
        "user_preferences": 2,
    },
    "carthub": {"carts": 3, "cart_items": 3, "orders": 5, "order_items": 6},
}


def counts(connection: Connection, name: str) -> dict[str, object]:
    return {
        table: connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()[0][0]
        for table in ROWS[name]
    }


@pytest.mark.parametrize("name", ROWS)
def test_the_data_may_be_loaded_again_and_again(
    request: pytest.FixtureRequest, root: Path, name: str
) -> None:
    connection = request.getfixturevalue(name)
    data = (root / f"sql/seed/{name}.sql").read_bytes()
    connection.execute(data)
    assert counts(connection, name) == ROWS[name]
    connection.execute(data)
    assert counts(connection, name) == ROWS[name]


def test_the_default_administrator_can_log_in(api_server: Connection, root: Path) -> None:
    api_server.execute((root / "sql/seed/api_server.sql").read_bytes())
    rows = api_server.execute(
        "SELECT email, role, status, password = crypt('development-only', password)"
        " FROM users WHERE role = 'admin'"
    ).fetchall()
    assert rows == [("admin@example.com", "admin", "active", True)]


def test_a_migrated_database_holds_no_user(api_server: Connection) -> None:
    assert counts(api_server, "api_server") == dict.fromkeys(ROWS["api_server"], 0)


def test_data_of_the_developers_own_is_kept(
    api_server: Connection, new_user: Callable[..., str], root: Path
) -> None:
    mine = new_user(api_server, email="admin@example.com", first_name="Mine")
    api_server.execute((root / "sql/seed/api_server.sql").read_bytes())
    rows = api_server.execute(
        "SELECT id::text, first_name FROM users WHERE email = 'admin@example.com'"
    ).fetchall()
    assert rows == [(mine, "Mine")]


def test_every_status_is_there_to_develop_with(
    api_server: Connection, carthub: Connection, root: Path
) -> None:
    api_server.execute((root / "sql/seed/api_server.sql").read_bytes())
    carthub.execute((root / "sql/seed/carthub.sql").read_bytes())
    rows = api_server.execute("SELECT DISTINCT status FROM users ORDER BY 1").fetchall()
    assert rows == [("active",), ("inactive",), ("suspended",)]
    assert carthub.execute("SELECT count(DISTINCT status) FROM orders").fetchall() == [(5,)]
    assert api_server.execute("SELECT sum(deleted) FROM cleanup_expired_tokens()").fetchall() == [(2,)]


def test_an_order_is_worth_its_items(carthub: Connection, root: Path) -> None:
    carthub.execute((root / "sql/seed/carthub.sql").read_bytes())
    rows = carthub.execute(
        "SELECT o.id FROM orders AS o JOIN order_items AS i ON i.order_id = o.id"
        " GROUP BY o.id HAVING o.total_amount <> sum(i.price * i.quantity)"
    ).fetchall()
    assert rows == []


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    """A copy of the scripts and data with a `runner` that writes down what it is asked."""
    for folder in ("scripts", "sql/seed"):
        shutil.copytree(root / folder, tmp_path / folder)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    runner = tmp_path / ".venv/bin/runner"
    runner.write_text(
        '#!/bin/sh\ncase "$*" in *"sh -c"*) printf %s "${HOST_SAID:-}"; exit 0 ;; esac\n'
        'echo "$@" >> asked\nexit "${EXIT:-0}"\n'
    )
    runner.chmod(0o755)
    return tmp_path


def seed(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "scripts/seed.sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=os.environ | environment,
    )


def asked(project: Path) -> list[str]:
    path = project / "asked"
    return path.read_text().splitlines() if path.exists() else []


PSQL = "-- psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction --file"


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_seed_loads_both_databases_and_again(
    project: Path, root: Path, make_database: Callable[..., dict[str, str]]
) -> None:
    for folder in ("migrations", "sql/functions"):
        shutil.copytree(root / folder, project / folder)
    (project / ".venv/bin/runner").unlink()
    (project / ".venv/bin/runner").symlink_to(Path(sys.executable).with_name("runner"))
    databases = {name: make_database(name) for name in ROWS}
    urls = {f"{name.upper()}_DATABASE_URL": make_conninfo(**databases[name]) for name in ROWS}
    for _ in range(2):
        result = seed(project, **urls)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == "api_server: development data loaded\ncarthub: development data loaded\n"
        for name, parameters in databases.items():
            with psycopg.connect(**parameters) as connection:
                assert counts(connection, name) == ROWS[name]


@pytest.mark.parametrize("arguments", [("--database", "carthub"), ("--database=carthub",)])
def test_seed_loads_the_named_database(project: Path, arguments: tuple[str, ...]) -> None:
    assert seed(project, *arguments).returncode == 0
    assert asked(project) == [f"exec --database carthub {PSQL} sql/seed/carthub.sql"]


@pytest.mark.parametrize("arguments", [(), ("-d", "carthub")])
def test_seed_is_for_this_machine_only(project: Path, arguments: tuple[str, ...]) -> None:
    result = seed(project, *arguments, HOST_SAID="db.example.com")
    assert (result.returncode, result.stdout) == (2, "")
    assert "is on db.example.com, and development data is for this machine only" in result.stderr
    assert asked(project) == []


@pytest.mark.parametrize("code", ["1", "4"])
def test_seed_stops_at_the_first_failure_with_its_exit_code(project: Path, code: str) -> None:
    result = seed(project, EXIT=code)
    assert (result.returncode, result.stdout) == (int(code), "")
    assert len(asked(project)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--database", "other"),
            "no development data for database other: sql/seed/other.sql does not exist",
        ),
        (("--database",), "usage: scripts/seed.sh [--database NAME]"),
        (("carthub",), "usage: scripts/seed.sh [--database NAME]"),
    ],
)
def test_seed_refuses_what_it_does_not_know(project: Path, arguments: tuple[str, ...], message: str) -> None:
    result = seed(project, *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert asked(project) == []


def test_seed_without_the_environment_says_what_to_run(project: Path) -> None:
    (project / ".venv/bin/runner").unlink()
    result = seed(project)
    assert result.returncode == 2
    assert "make seed" in result.stderr


def test_the_style_check_refuses_bad_sql_and_bad_shell(project: Path, root: Path) -> None:
    shutil.rmtree(project / ".venv")
    (project / ".venv").symlink_to(root / ".venv")
    shutil.copy(root / ".sqlfluff", project)
    (project / ".ci").mkdir()
    (project / ".ci/run").write_text("#!/bin/sh\n")
    shutil.rmtree(project / "sql")
    migration = project / "migrations/0001_a.sql"

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [project / "scripts/check-style.sh"], capture_output=True, text=True, check=False, timeout=120
        )

    result = check()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    (project / "migrations").mkdir()
    migration.write_text("drop table public.A;\n")
    (project / "scripts/bad.sh").write_text("#!/bin/sh\nrm $1\n")
    result = check()
    assert result.returncode == 1
    assert "Keywords must be upper case" in result.stderr
    assert "SC2086" in result.stdout
