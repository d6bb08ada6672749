"""The shipped SQL files as files: their headers, order, undo, and the other ways to run them."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Connection = psycopg.Connection[tuple[object, ...]]
Parameters = dict[str, str]

DATABASES = ["api_server", "carthub"]
INIT = {"api_server": "scripts/init-db.sql", "carthub": "scripts/init-carthub.sql"}
needs_psql = pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")


def catalogue_of(parameters: Parameters, catalogue: Callable[[Connection], list[str]]) -> list[str]:
    with psycopg.connect(**parameters) as connection:
        return catalogue(connection)


def psql(parameters: Parameters, *arguments: str) -> subprocess.CompletedProcess[str]:
    target = [
        f"--{key.replace('user', 'username')}={parameters[key]}" for key in ("host", "port", "user", "dbname")
    ]
    return subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", *target, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("name", DATABASES)
def test_every_file_says_why_and_what_it_locks(root: Path, name: str) -> None:
    folders = [root / folder for folder in ("sql/functions", f"sql/functions/{name}", f"migrations/{name}")]
    paths = sorted(path for folder in folders for path in folder.glob("*.sql"))
    assert paths
    for path in paths:
        header = path.read_text(encoding="ascii").split("\n\n")[0].splitlines()
        assert header[0].startswith("-- "), path
        assert all(line.startswith("-- ") for line in header), path
        directives = [match[1] for line in header if (match := re.match(r"--\s*([\w-]+)\s*:", line))]
        assert directives[0] == "Locks", path
        assert set(directives[1:]) <= {"depends", "transactional", "irreversible"}, path


@pytest.mark.parametrize("name", DATABASES)
def test_every_file_has_its_undo_and_every_undo_its_file(root: Path, name: str) -> None:
    folders = [root / folder for folder in ("sql/functions", f"sql/functions/{name}", f"migrations/{name}")]
    names = {str(path.relative_to(root)) for folder in folders for path in folder.glob("*.sql")}
    undone = {name.removesuffix(".rollback.sql") for name in names if name.endswith(".rollback.sql")}
    assert undone == {name.removesuffix(".sql") for name in names if not name.endswith(".rollback.sql")}


@pytest.mark.parametrize("name", DATABASES)
def test_up_down_up_gives_the_same_catalogue_at_every_step(
    make_database: Callable[..., Parameters],
    database_files: Callable[..., list],
    catalogue: Callable[[Connection], list[str]],
    name: str,
) -> None:
    with psycopg.connect(**make_database(), autocommit=True) as connection:
        states = [catalogue(connection)]
        for file in database_files(name):
            connection.execute(file.sql.encode())
            up = catalogue(connection)
            connection.execute(file.rollback.encode())
            assert catalogue(connection) == states[-1], f"{file.id} is not undone"
            connection.execute(file.sql.encode())
            assert catalogue(connection) == up, f"{file.id} differs when it is applied again"
            states.append(up)
        for file in reversed(database_files(name)):
            assert catalogue(connection) == states.pop(), file.id
            connection.execute(file.rollback.encode())
        assert catalogue(connection) == states.pop()


@pytest.mark.parametrize("name", DATABASES)
def test_up_down_up_with_rows_keeps_what_is_left(
    make_database: Callable[..., Parameters], database_files: Callable[..., list], root: Path, name: str
) -> None:
    """Undo down to the last table and apply again: the rows of the development data survive it."""
    count = {"api_server": "SELECT count(*) FROM users", "carthub": "SELECT count(*) FROM orders"}[name]
    last = {"api_server": "0008_user_preferences", "carthub": "0004_order_items"}[name]
    with psycopg.connect(**make_database(name), autocommit=True) as connection:
        connection.execute((root / f"sql/seed/{name}.sql").read_bytes())
        before = connection.execute(count.encode()).fetchall()
        files = database_files(name)
        later = files[[file.id for file in files].index(last) + 1 :]
        for file in reversed(later):
            connection.execute(file.rollback.encode())
        for file in later:
            connection.execute(file.sql.encode())
        assert connection.execute(count.encode()).fetchall() == before


@pytest.mark.parametrize("name", DATABASES)
def test_functions_may_be_applied_again_and_again(
    make_database: Callable[..., Parameters],
    database_files: Callable[..., list],
    catalogue: Callable[[Connection], list[str]],
    name: str,
) -> None:
    with psycopg.connect(**make_database(name), autocommit=True) as connection:
        before = catalogue(connection)
        for file in database_files(name):
            if "functions" in file.path.parts:
                connection.execute(file.sql.encode())
        assert catalogue(connection) == before


def test_every_table_with_updated_at_has_its_trigger(api_server: Connection, carthub: Connection) -> None:
    for connection in (api_server, carthub):
        rows = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'updated_at'"
            " AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid"
            " AND t.tgfoid = 'update_updated_at_column()'::regprocedure AND t.tgenabled = 'O')"
        ).fetchall()
        assert rows == []


def test_a_function_that_is_in_use_is_not_dropped(api_server: Connection, root: Path) -> None:
    with pytest.raises(errors.DependentObjectsStillExist):
        api_server.execute((root / "sql/functions/update_updated_at_column.rollback.sql").read_bytes())


@pytest.mark.parametrize("name", DATABASES)
def test_the_init_file_lists_every_file_in_order(
    database_files: Callable[..., list], root: Path, name: str
) -> None:
    lines = (root / INIT[name]).read_text(encoding="utf-8").splitlines()
    statements = [line for line in lines if line and not line.startswith("--")]
    files = [f"\\ir ../{file.path.relative_to(root)}" for file in database_files(name)]
    assert statements == ["\\set ON_ERROR_STOP on", "BEGIN;", *files, "COMMIT;"]


@needs_psql
@pytest.mark.parametrize("name", DATABASES)
def test_the_init_file_makes_what_migrating_makes(
    make_database: Callable[..., Parameters],
    build: Callable[..., None],
    catalogue: Callable[[Connection], list[str]],
    root: Path,
    name: str,
) -> None:
    by_psql, by_migrating = make_database(), make_database()
    result = psql(by_psql, "--file", str(root / INIT[name]))
    assert (result.returncode, result.stderr) == (0, "")
    build(by_migrating, name)
    assert catalogue_of(by_psql, catalogue) == catalogue_of(by_migrating, catalogue)


@needs_psql
@pytest.mark.parametrize("name", DATABASES)
def test_the_init_file_makes_all_or_nothing(
    make_database: Callable[..., Parameters],
    catalogue: Callable[[Connection], list[str]],
    root: Path,
    name: str,
) -> None:
    parameters = make_database()
    in_the_way = {"api_server": "user_preferences", "carthub": "order_items"}[name]
    with psycopg.connect(**parameters) as connection:
        connection.execute(sql.SQL("CREATE TABLE {} (id integer)").format(sql.Identifier(in_the_way)))
    before = catalogue_of(parameters, catalogue)
    result = psql(parameters, "--file", str(root / INIT[name]))
    assert result.returncode == 3
    assert f'relation "{in_the_way}" already exists' in result.stderr
    assert catalogue_of(parameters, catalogue) == before


@pytest.mark.parametrize("name", DATABASES)
def test_the_real_yoyo_applies_and_undoes_everything(
    make_database: Callable[..., Parameters],
    build: Callable[..., None],
    catalogue: Callable[[Connection], list[str]],
    yoyo_command: str,
    root: Path,
    name: str,
) -> None:
    parameters, expected = make_database(), make_database()
    build(expected, name)
    url = "postgresql+psycopg://{user}@{host}:{port}/{dbname}".format(**parameters)
    sources = ["sql/functions", f"sql/functions/{name}", f"migrations/{name}"]

    def yoyo(*arguments: str) -> None:
        subprocess.run(
            [yoyo_command, *arguments, "--batch", "--no-config-file", "--database", url, *sources],
            cwd=root,
            check=True,
            capture_output=True,
            timeout=120,
        )

    before = catalogue_of(parameters, catalogue)
    yoyo("apply")
    assert catalogue_of(parameters, catalogue) == catalogue_of(expected, catalogue)
    yoyo("rollback", "--all")
    assert catalogue_of(parameters, catalogue) == before
    yoyo("apply")
    assert catalogue_of(parameters, catalogue) == catalogue_of(expected, catalogue)
