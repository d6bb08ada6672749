"""Files are accepted or refused before any database is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import settings
from runner.errors import ConfigurationError, RunnerError, UsageError
from runner.files.migrations.layout import find_layouts
from runner.files.migrations.load import load
from runner.files.migrations.migration import Kind
from runner.files.migrations.units import check_script, segments, units


@pytest.fixture
def project(tmp_path):
    """Write files below an empty project and read them."""
    return Files(tmp_path)


class Files:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: str | bytes = "SELECT 1;\n") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, **flags):
        chosen = settings.load(environ={}, project=self.root, flags=flags)
        found = {layout.name: load(layout, self.root) for layout in find_layouts(chosen)}
        for files in found.values():
            for migration in files:
                check_script(migration.apply)
        return found

    def ids(self, **flags):
        return {name: [m.id for m in files] for name, files in self.read(**flags).items()}

    def refusal(self, **flags) -> RunnerError:
        with pytest.raises(RunnerError) as caught:
            self.read(**flags)
        assert caught.value.exit_code == 2
        assert caught.value.hint
        return caught.value


def test_a_flat_folder_is_one_unnamed_database(project):
    project.write("migrations/0001_a.sql")
    project.write("migrations/0001_a.rollback.sql")
    assert project.ids() == {None: ["0001_a"]}


def test_each_folder_is_a_database(project):
    project.write("migrations/shop/0001_a.sql")
    project.write("migrations/api/0001_b.sql")
    assert project.ids() == {"api": ["0001_b"], "shop": ["0001_a"]}
    assert project.ids(database="shop") == {"shop": ["0001_a"]}


def test_the_guides_up_and_down_folders_are_read_as_they_are(project):
    project.write("migrations/up/001_add.sql")
    project.write("migrations/down/001_add.sql", "SELECT 2;")
    (migration,) = project.read()[None]
    assert migration.id == "001_add"
    assert migration.rollback is not None
    assert migration.rollback.text == "SELECT 2;"


def test_function_files_come_first_and_are_repeatable(project):
    project.write("migrations/shop/0001_a.sql")
    project.write("sql/functions/touch.sql")
    project.write("sql/functions/shop/total.sql", "-- depends: 0001_a\nSELECT 1;")
    project.write("sql/functions/api/other.sql")
    files = project.read()["shop"]
    assert [(m.id, m.kind) for m in files] == [
        ("touch", Kind.REPEATABLE),
        ("total", Kind.REPEATABLE),
        ("0001_a", Kind.VERSIONED),
    ]


def test_yoyo_ini_names_the_sources(project):
    project.write("yoyo.ini", "[DEFAULT]\nsources = %(here)s/db/one %(here)s/db/two\n")
    project.write("db/one/b.sql")
    project.write("db/two/a.sql")
    assert project.ids() == {None: ["b", "a"]}


@pytest.mark.parametrize(
    "name", ["V1__x.sql", "20240101120000-create users.sql", "größe.sql", "0001.a.b.sql"]
)
def test_ids_of_any_shape_are_accepted(project, name):
    project.write(f"migrations/{name}")
    assert project.ids() == {None: [name.removesuffix(".sql")]}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf-- transactional: false\r\nVACUUM;\r\n", id="byte-order mark and CRLF"),
        pytest.param("", id="empty"),
        pytest.param("-- nothing yet\n", id="only a comment"),
        pytest.param("BEGIN;\nCREATE TABLE a();\nCOMMIT;\n", id="wrapped in one transaction"),
        pytest.param("START TRANSACTION; SELECT 1; END", id="wrapped by synonyms"),
        pytest.param("SAVEPOINT a; SELECT 1; ROLLBACK TO a; RELEASE a;", id="savepoints"),
        pytest.param(
            "CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1;", id="schema elements"
        ),
        pytest.param("COPY t FROM stdin;\n1\n\\.\n", id="COPY data"),
        pytest.param("SET client_encoding = 'UTF8';", id="encoding as pg_dump says it"),
        pytest.param("SELECT E'a'\n  'b\\'; c';", id="escape string continued on the next line"),
        pytest.param("SET ROLE app; SET search_path = '';", id="session settings"),
        pytest.param("SELECT 1;\n" * 5000, id="thousands of statements"),
        pytest.param(
            "-- Locks: none\n-- see: other\n-- https://example.org\nSELECT 1", id="prose with colons"
        ),
        pytest.param("REFRESH MATERIALIZED VIEW CONCURRENTLY v;", id="REFRESH CONCURRENTLY"),
        pytest.param("-- first table\n-- depends: \n\nCREATE TABLE t (a int);", id="the first of yoyo new"),
    ],
)
def test_what_real_histories_hold_is_accepted(project, content):
    project.write("migrations/0001_a.sql", content)
    assert project.ids() == {None: ["0001_a"]}


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        pytest.param(
            "-- depends: on the billing team\nSELECT 1",
            'depends names "on", which is not a migration',
            ":1:13",
            id="prose",
        ),
        pytest.param("-- depend: x\n", 'unknown directive "depend"', ":1:4", id="misspelt"),
        pytest.param(
            "/*\n * lock_timout: 3s\n */",
            'unknown directive "lock_timout"',
            ":2:4",
            id="misspelt, in a block",
        ),
        pytest.param("-- transactional: no\n", 'transactional is "no"', ":1:19", id="bad value"),
        pytest.param("-- lock_timeout: soon\n", 'lock_timeout is "soon"', ":1:18", id="bad duration"),
        pytest.param("-- max_blocked: many\n", 'max_blocked is "many"', ":1:17", id="no number"),
        pytest.param("-- irreversible:\n", "irreversible gives no reason", ":1:17", id="no reason"),
        pytest.param(
            "SELECT 1;\n-- transactional: false\nVACUUM;",
            'directive "transactional" after the first statement',
            ":2:4",
            id="misplaced",
        ),
        pytest.param(
            "SELECT 1;\n-- depends: x\n",
            'directive "depends" after the first statement',
            ":2:4",
            id="misplaced at the end",
        ),
        pytest.param("SELECT 1;\nCOMMIT;", "transaction control in a migration: COMMIT", ":2:1", id="COMMIT"),
        pytest.param("ROLLBACK;", "transaction control in a migration: ROLLBACK", ":1:1", id="ROLLBACK"),
        pytest.param(
            "BEGIN; SELECT 1; COMMIT; SELECT 2;",
            "transaction control in a migration: BEGIN",
            ":1:1",
            id="partly wrapped",
        ),
        pytest.param("BEGIN; SELECT 1;", "BEGIN without COMMIT", ":1:1", id="never committed"),
        pytest.param(
            "CREATE INDEX CONCURRENTLY i ON t (a);",
            "CREATE INDEX CONCURRENTLY cannot run inside a transaction",
            ":1:1",
            id="CONCURRENTLY",
        ),
        pytest.param("VACUUM t;", "VACUUM cannot run inside a transaction", ":1:1", id="VACUUM"),
        pytest.param(
            "SET client_encoding = 'LATIN1';",
            "the file sets client_encoding to LATIN1",
            ":1:1",
            id="encoding",
        ),
        pytest.param(
            "SELECT pg_catalog.set_config('client_encoding', 'WIN1252', false);",
            "the file sets client_encoding to WIN1252",
            ":1:1",
            id="encoding by function",
        ),
        pytest.param(
            "-- transactional: false\nDISCARD ALL;", "DISCARD ALL in a migration", ":2:1", id="DISCARD ALL"
        ),
        pytest.param(
            "-- lock_timeout: 99999999999s\n", 'lock_timeout is "99999999999s"', ":1:18", id="too long"
        ),
        pytest.param(b"SELECT '\xff'", "the file is not UTF-8", ":1", id="Latin-1"),
        pytest.param(b"SELECT 1\0;", "a NUL byte in the file", ":1", id="NUL"),
        pytest.param("SELECT 'a", "unterminated string", ":1:8", id="open quote"),
        pytest.param("/* a", "unterminated comment", ":1:1", id="open comment"),
        pytest.param("\\i other.sql", "psql command \\i in a migration", ":1:1", id="psql command"),
        pytest.param("COPY t TO stdout;", "COPY TO stdout in a migration", ":1:1", id="COPY to nobody"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_place(project, content, message, place):
    project.write("migrations/0001_a.sql", content)
    error = project.refusal()
    assert (error.message, str(error.where)) == (message, f"migrations/0001_a.sql{place}")


def test_the_nearest_directive_is_named(project):
    project.write("migrations/0001_a.sql", "-- transactionnal: false\n")
    assert "Perhaps you meant transactional." in (project.refusal().hint or "")


def test_the_nearest_dependency_is_named(project):
    project.write("migrations/0001_users.sql")
    project.write("migrations/0002_b.sql", "-- depends: 0001_user\n")
    assert project.refusal().hint == "Perhaps you meant 0001_users."


def _twin(project):
    project.write("migrations/touch.sql")
    project.write("sql/functions/touch.sql")


def _loop(project):
    (project.root / "migrations").mkdir()
    (project.root / "migrations/a.sql").symlink_to("a.sql")


def _fifo(project):
    import os

    (project.root / "migrations").mkdir()
    os.mkfifo(project.root / "migrations/a.sql")


def _dangling(project):
    (project.root / "migrations").mkdir()
    (project.root / "migrations/a.sql").symlink_to("gone.sql")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda p: p.write("migrations/x.sql/y.sql"), "x.sql is a folder", id="folder named like a file"
        ),
        pytest.param(lambda p: p.write("migrations/a.SQL"), "the suffix is .SQL", id="upper-case suffix"),
        pytest.param(_twin, 'two files have the id "touch"', id="twin ids"),
        pytest.param(
            lambda p: (p.write("migrations/a.sql"), p.write("migrations/b.rollback.sql")),
            "a rollback without its migration: b.sql is missing",
            id="rollback alone",
        ),
        pytest.param(_loop, "cannot read the file: Too many levels of symbolic links", id="link loop"),
        pytest.param(_fifo, "a.sql is not a file", id="named pipe"),
        pytest.param(_dangling, "cannot read the file: No such file or directory", id="dangling link"),
        pytest.param(
            lambda p: (p.root / "migrations").mkdir(),
            "there are no migrations in migrations/",
            id="empty folder",
        ),
        pytest.param(
            lambda p: (p.root / "migrations/shop").mkdir(parents=True),
            "there are no migrations in migrations/shop/",
            id="empty database",
        ),
        pytest.param(lambda p: p.write("migrations"), None, id="no folder but a file"),
        pytest.param(
            lambda p: (p.write("migrations/a.sql"), p.write("migrations/shop/b.sql")),
            "migrations holds files and the folder shop",
            id="flat and nested",
        ),
    ],
)
def test_folders_that_make_no_sense_are_refused(project, make, message):
    make(project)
    error = project.refusal()
    if message is not None:
        assert error.message == message


def test_a_rollback_without_its_migration_does_not_suggest_itself(project):
    project.write("migrations/1000_other_things.sql")
    project.write("migrations/0009_x.rollback.sql")
    assert "Perhaps" not in project.refusal().hint
    project.write("migrations/0009_xy.sql")
    assert "Perhaps you meant 0009_xy.sql." in project.refusal().hint


def test_a_missing_folder_is_refused(project):
    with pytest.raises(ConfigurationError, match="no folder"):
        project.read()


def test_an_unknown_database_is_refused_with_the_nearest(project):
    project.write("migrations/shop/0001_a.sql")
    with pytest.raises(UsageError) as caught:
        project.read(database="shup")
    assert caught.value.hint == "Perhaps you meant shop."


def test_unreadable_files_are_refused(project, as_unprivileged):
    path = project.write("migrations/a.sql")
    path.chmod(0)

    def refused() -> str:
        try:
            project.read()
        except RunnerError as error:
            return f"{error.message} at {error.where}"
        return "accepted"

    assert as_unprivileged(refused) == "cannot read the file: Permission denied at migrations/a.sql"


def test_hidden_files_are_left_out(project):
    project.write("migrations/a.sql")
    project.write("migrations/._a.sql", b"\0\5\x16\7")
    assert project.ids() == {None: ["a"]}


def test_the_checksum_ignores_line_endings_and_byte_order_mark(project):
    project.write("migrations/a.sql", b"SELECT 1;\nSELECT 2;\n")
    project.write("migrations/b.sql", b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n")
    project.write("migrations/c.sql", b"SELECT 1;\nSELECT  2;\n")
    a, b, c = (m.checksum for m in project.read()[None])
    assert a == b != c


def test_a_large_file_has_the_checksum_of_its_small_twin(project):
    text = b"INSERT INTO t VALUES ('" + b"x" * 100 + b"');\r\n"
    large = project.write("migrations/a.sql", text * 12_000)
    (migration,) = project.read()[None]
    assert migration.apply.text is None
    from runner.files.migrations.migration import checksum_of

    assert migration.checksum == checksum_of(large.read_bytes())


def test_a_small_file_travels_byte_for_byte(project):
    text = "-- why\r\nSELECT 'a\r\nb' ; -- end"
    project.write("migrations/a.sql", text)
    (migration,) = project.read()[None]
    assert [s.text for s in segments(migration.apply)] == [text]


def test_a_large_file_travels_in_pieces_that_know_their_place(project):
    line = "INSERT INTO t VALUES ('" + "ä" * 60 + "');\n"
    project.write("migrations/a.sql", line * 12_000)
    (migration,) = project.read()[None]
    found = list(segments(migration.apply))
    assert len(found) > 3
    assert sum(len(s.statements) for s in found) == 12_000
    text = line * 12_000
    for segment in found:
        for offset in (0, len(segment.text) // 2):
            at = segment.file_offset(offset)
            assert text[at : at + 5] == segment.text[offset : offset + 5] or segment.text[offset] in ";\n"


def test_a_file_without_transaction_is_cut_into_statements_and_blocks(project):
    project.write(
        "migrations/a.sql", "-- transactional: false\nVACUUM a; BEGIN; SELECT 1; SELECT 2; COMMIT; VACUUM b"
    )
    (migration,) = project.read()[None]
    assert [s.text for unit in units(migration.apply) for s in unit.segments()] == [
        "VACUUM a",
        "BEGIN;\nSELECT 1;\nSELECT 2;\nCOMMIT",
        "VACUUM b",
    ]


def test_a_rollback_runs_as_its_migration_unless_it_says_otherwise(project):
    project.write("migrations/a.sql", "-- transactional: false\nVACUUM;")
    project.write("migrations/a.rollback.sql", "VACUUM;")
    project.write("migrations/b.sql", "-- transactional: false\nVACUUM;")
    project.write("migrations/b.rollback.sql", "-- transactional: true\nSELECT 1;")
    a, b = project.read()[None]
    assert a.rollback is not None
    assert b.rollback is not None
    assert (a.rollback.transactional, b.rollback.transactional) == (False, True)
