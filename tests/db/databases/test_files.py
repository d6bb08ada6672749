"""The shipped SQL files: their headers, order and undo, applied by the runner, by psql and by yoyo."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors, sql
from yoyo.scripts.main import main as stock

from runner.commands.lint import findings
from runner.commands.migrate import MigrateOptions, migrate
from runner.commands.rollback import RollbackOptions, rollback
from runner.engine.apply.context import Work
from runner.engine.apply.run import run_plan
from runner.engine.history.actor import actor_of
from runner.engine.plan import Plan, plan_apply, plan_rollback
from runner.events import silent
from runner.schema.catalog.read import read as read_catalog
from runner.schema.catalog.render import render as render_catalog
from runner.session.session import open_sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.files.migrations.migration import Migration
    from runner.settings import Settings

Connection = psycopg.Connection[tuple[object, ...]]
Parameters = dict[str, str]

DATABASES = ["api_server", "carthub"]
INIT = {"api_server": "scripts/init-db.sql", "carthub": "scripts/init-carthub.sql"}
needs_psql = pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")


def schema_of(parameters: Parameters) -> str:
    with psycopg.connect(**parameters) as connection:
        return render_catalog(read_catalog(connection))


def committed(root: Path, name: str) -> str:
    return (root / f"sql/schema/{name}.sql").read_text(encoding="utf-8")


def psql(parameters: Parameters, *arguments: str) -> subprocess.CompletedProcess[str]:
    target = [
        f"--{key.replace('user', 'username')}={parameters[key]}" for key in ("host", "port", "user", "dbname")
    ]
    return subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", *target, *arguments],
        env={**os.environ, "PGPASSWORD": parameters.get("password", "")},
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
        assert set(directives[1:]) <= {"depends", "transactional", "irreversible", "lint"}, path


def test_every_file_passes_lint_which_wants_an_undo(database_settings: Callable[..., Settings]) -> None:
    for name in DATABASES:
        [checked] = findings(database_settings(name))
        assert (checked.files > 0, checked.findings) == (True, ())


@pytest.mark.parametrize("name", DATABASES)
def test_up_down_up_gives_the_same_catalogue_at_every_step(
    make_database: Callable[..., Parameters],
    database_settings: Callable[..., Settings],
    root: Path,
    name: str,
) -> None:
    settings = database_settings(name, make_database())
    actor = actor_of(settings)
    with open_sessions(settings, emit=print) as [session], session.history.lock(wait_s=0):

        def schema() -> str:
            return render_catalog(read_catalog(session.connection))

        def run(plan: Plan) -> None:
            run_plan(Work(history=session.history, actor=actor), plan)
            session.refresh()

        def up(steps: int | None = None) -> Plan:
            return plan_apply(session.files, session.state, steps=steps)

        empty = before = schema()
        session.history.create_tables(actor)
        while (step := up(steps=1)).steps:
            run(step)
            after = schema()
            run(plan_rollback(session.files, session.state, steps=1))
            assert schema() == before, f"{step.steps[0].id} is not undone"
            run(up(steps=1))
            assert schema() == after, f"{step.steps[0].id} differs when it is applied again"
            before = after

        assert before == committed(root, name)
        run(plan_rollback(session.files, session.state, everything=True))
        assert schema() == empty
        run(up())
        assert schema() == committed(root, name)


@pytest.mark.parametrize("name", DATABASES)
def test_up_down_up_with_rows_keeps_what_is_left(
    make_database: Callable[..., Parameters],
    database_settings: Callable[..., Settings],
    root: Path,
    name: str,
) -> None:
    """Undo down to the last table and apply again: the rows of the development data survive it."""
    table, last = {
        "api_server": ("users", "0008_user_preferences"),
        "carthub": ("orders", "0004_order_items"),
    }[name]
    rows = sql.SQL("SELECT t::text FROM {} AS t ORDER BY id").format(sql.Identifier(table))
    parameters = make_database(name)
    settings = database_settings(name, parameters)
    with psycopg.connect(**parameters, autocommit=True) as connection:
        connection.execute((root / f"sql/seed/{name}.sql").read_bytes())
        before = connection.execute(rows).fetchall()
        assert before
        [back] = rollback(settings, RollbackOptions(to=last), silent, confirm=lambda _question: None)
        [again] = migrate(settings, MigrateOptions(), silent)
        assert len(again.done) == len(back.done) > 0
        assert again.validation is not None
        assert again.validation.matches
        assert connection.execute(rows).fetchall() == before


@pytest.mark.parametrize("name", DATABASES)
def test_functions_are_applied_again_when_their_files_change(
    make_database: Callable[..., Parameters],
    database_settings: Callable[..., Settings],
    root: Path,
    tmp_path: Path,
    name: str,
) -> None:
    for folder in ("sql", "migrations"):
        shutil.copytree(root / folder, tmp_path / folder)
    functions = [
        path
        for folder in ("sql/functions", f"sql/functions/{name}")
        for path in (tmp_path / folder).glob("*.sql")
        if not path.name.endswith(".rollback.sql")
    ]
    for path in functions:
        path.write_text(path.read_text(encoding="utf-8") + "\n-- The same once more.\n", encoding="utf-8")
    [outcome] = migrate(database_settings(name, make_database(name), tmp_path), MigrateOptions(), silent)
    assert {(done.id, done.action) for done in outcome.done} == {(path.stem, "reapply") for path in functions}
    assert outcome.validation is not None
    assert outcome.validation.matches


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
    database_files: Callable[..., list[Migration]], root: Path, name: str
) -> None:
    lines = (root / INIT[name]).read_text(encoding="utf-8").splitlines()
    statements = [line for line in lines if line and not line.startswith("--")]
    files = [f"\\ir ../{file.apply.label}" for file in database_files(name)]
    assert statements == ["\\set ON_ERROR_STOP on", "BEGIN;", *files, "COMMIT;"]


@needs_psql
@pytest.mark.parametrize("name", DATABASES)
def test_the_init_file_makes_what_migrating_makes_and_is_adopted(
    make_database: Callable[..., Parameters],
    shared: Callable[..., Parameters],
    runner: Callable[..., Any],
    history_rights: Callable[[Connection, str], list[str]],
    root: Path,
    name: str,
) -> None:
    by_psql = make_database()
    result = psql(by_psql, "--file", str(root / INIT[name]))
    assert (result.returncode, result.stderr) == (0, "")
    assert schema_of(by_psql) == schema_of(shared(name)) == committed(root, name)

    adopted = runner(by_psql, "baseline", "--database", name)
    assert (adopted.code, adopted.err) == (0, "")
    migrated = runner(by_psql, "migrate", "--json", "--database", name)
    assert (migrated.code, migrated.err) == (0, "")
    [reported] = json.loads(migrated.out)["databases"]
    assert (reported["steps"], reported["pending"]) == ([], 0)
    assert schema_of(by_psql) == committed(root, name)
    if name == "api_server":
        # The default privileges for later tables are there before the history is.
        with psycopg.connect(**by_psql) as connection:
            assert history_rights(connection, "api_server_user") == []


@needs_psql
@pytest.mark.parametrize("name", DATABASES)
def test_the_init_file_makes_all_or_nothing(
    make_database: Callable[..., Parameters], root: Path, name: str
) -> None:
    parameters = make_database()
    in_the_way = {"api_server": "user_preferences", "carthub": "order_items"}[name]
    with psycopg.connect(**parameters) as connection:
        connection.execute(sql.SQL("CREATE TABLE {} (id integer)").format(sql.Identifier(in_the_way)))
    before = schema_of(parameters)
    result = psql(parameters, "--file", str(root / INIT[name]))
    assert result.returncode == 3
    assert f'relation "{in_the_way}" already exists' in result.stderr
    assert schema_of(parameters) == before


@pytest.mark.parametrize("name", DATABASES)
def test_the_real_yoyo_applies_and_undoes_everything(
    make_database: Callable[..., Parameters], root: Path, name: str
) -> None:
    parameters = make_database()
    url = "postgresql+psycopg://{user}:{password}@{host}:{port}/{dbname}".format(
        **{"password": "", **parameters}
    )
    sources = [
        str(root / folder) for folder in ("sql/functions", f"sql/functions/{name}", f"migrations/{name}")
    ]

    def yoyo(*arguments: str) -> None:
        stock([*arguments, "--batch", "--no-config-file", "--database", url, *sources])

    before = schema_of(parameters)
    yoyo("apply")
    assert schema_of(parameters) == committed(root, name)
    yoyo("rollback", "--all")
    assert schema_of(parameters) == before
