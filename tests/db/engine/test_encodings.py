"""Databases whose encoding is not UTF8: whatever fits is migrated, and what does not is said before anything is run."""

from __future__ import annotations

import pytest

from tests.db.engine.conftest import Project

ENCODINGS = ("LATIN1", "LATIN2", "LATIN9", "WIN1252", "EUC_JP")
FITS = {"LATIN1": "é", "LATIN2": "ő", "LATIN9": "€", "WIN1252": "…", "EUC_JP": "日"}
LACKS = {"LATIN1": "…", "LATIN2": "…", "LATIN9": "→", "WIN1252": "→", "EUC_JP": "😀"}
NAMES = {"…": "horizontal ellipsis", "→": "rightwards arrow", "😀": "grinning face"}


@pytest.fixture(params=ENCODINGS)
def narrow(request, tmp_path, new_database):
    """A project with a database in another encoding."""
    return request.param, Project(tmp_path, new_database(encoding=request.param))


def _concurrently(table: str, letter: str) -> str:
    return f"-- {letter}\n-- transactional: false\nCREATE INDEX CONCURRENTLY ON {table} (a);\n"


def test_a_database_in_another_encoding_is_migrated_and_looked_at(narrow):
    encoding, project = narrow
    letter = FITS[encoding]
    created = f"-- {letter}\nCREATE TABLE t (a text);\nINSERT INTO t VALUES ('{letter}');\n"
    project.write("0001_t", created, rollback=f"-- {letter}\nDROP TABLE t;\n")
    project.write("0002_i", _concurrently("t", letter), rollback="DROP INDEX t_a_idx;\n")
    project.write(
        f"0003_{letter}", f"COMMENT ON TABLE t IS '{letter}';\n", rollback="COMMENT ON TABLE t IS NULL;\n"
    )
    project.ok("migrate", RUNNER_ACTOR="Zoë 😀")
    assert project.query("SELECT a FROM t") == [(letter,)]
    assert project.query("SELECT sql FROM _runner_migration WHERE id = 1") == [(created,)]
    assert "?" in project.query("SELECT actor FROM _runner_migration WHERE id = 1")[0][0]
    project.ok("snapshot")
    for command in (["validate"], ["status"], ["plan"], ["doctor"], ["status", "--history"], ["migrate"]):
        project.ok(*command)
    health = project.run("health", "--format", "json")
    assert "has no equivalent in encoding" not in health.out
    assert sum(found["level"] != "unknown" for found in health.data["databases"][0]["queries"]) > 10
    project.ok("rollback", "--yes", "--all")
    project.ok("migrate")


def test_a_character_that_the_database_cannot_hold_is_named_before_anything_is_run(narrow):
    encoding, project = narrow
    letter = LACKS[encoding]
    project.write("0001_t", "CREATE TABLE t (a int);\n")
    project.write("0002_u", f"CREATE TABLE u (a int);\n-- why {letter} so\n")
    for command in ("plan", "migrate"):
        done = project.run(command)
        assert done.code == 2
        assert f'the database\'s encoding {encoding} cannot hold "{letter}"' in done.err
        assert f"(U+{ord(letter):04X} {NAMES[letter]})" in done.err
        assert "at migrations/0002_u.sql:2:8" in done.err
        assert "Nothing was run." in done.err
    assert project.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


@pytest.mark.parametrize(
    "files",
    [
        {"0001_t.sql": "SELECT '→';\n"},
        {"0001_t.sql": _concurrently("pg_class", "→")},
        {"0001_t.sql": "-- transactional: false\n-- batch: true\nUPDATE t SET a = '→' WHERE a <> '→';\n"},
        {"0001_t.sql": "SELECT 1;\n", "0001_t.rollback.sql": "-- → back\nSELECT 1;\n"},
        {"0001_→.sql": "SELECT 1;\n"},
        {"post-apply.sql": "SELECT '→';\n", "0001_t.sql": "SELECT 1;\n"},
        {"0001_t.sql": "SELECT 1;\n" * 120_000 + "-- →\n"},
    ],
    ids=["text", "index", "batch", "rollback", "name", "hook", "large"],
)
def test_wherever_the_character_is_it_is_found(tmp_path, new_database, files):
    project = Project(tmp_path, new_database(encoding="LATIN1"))
    for name, text in files.items():
        project.write(f"migrations/{name}", text)
    done = project.run("migrate")
    assert (done.code, 'LATIN1 cannot hold "→"' in done.err, "Traceback" in done.err) == (2, True, False)
    assert project.applied() == []


def test_all_characters_are_named_at_once(tmp_path, new_database):
    project = Project(tmp_path, new_database(encoding="LATIN1"))
    project.write("0001_t", "-- é → … 日 ü\nSELECT 1;\n")
    err = project.run("migrate").err
    assert "0001_t.sql:1:6" in err
    assert (
        'Nor can it hold "…" (U+2026 horizontal ellipsis), "日" (U+65E5 cjk unified ideograph-65e5).' in err
    )


def test_baseline_and_repair_keep_what_the_database_can_hold(tmp_path, new_database):
    project = Project(tmp_path, new_database(encoding="LATIN1"))
    project.write("0001_t", "CREATE TABLE t (a int);\n-- →\n")
    project.query("CREATE TABLE t (a int)")
    done = project.run("baseline", "--scratch-url", project.url)
    assert (done.code, 'LATIN1 cannot hold "→"' in done.err) == (2, True)
    project.write("0001_t", "CREATE TABLE t (a int);\n")
    project.ok("baseline", "--scratch-url", project.url)
    project.remove("0001_t")
    project.write("0002_u")
    project.ok("repair", "forget", "0001_t", "--reason", "moved → elsewhere, é")
    assert project.query("SELECT reason FROM _runner_migration ORDER BY id DESC LIMIT 1") == [
        ("moved ? elsewhere, é",)
    ]


def test_a_database_that_converts_nothing_holds_all(tmp_path, new_database):
    project = Project(tmp_path, new_database(encoding="SQL_ASCII"))
    project.write("0001_t", "-- →\nCREATE TABLE t (a text);\n")
    project.ok("migrate")
