"""Every command that a hint names exists, takes what the hint gives it, and leads out of the state it is given in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.db.engine.interrupted import in_doubt

_COMMAND = re.compile(r"runner ((?:repair )?[a-z]+(?: (?:--[a-z-]+|[\w]*[\d_][\w]*|ID|\"…\"))*)")
STOPPED = "-- transactional: false\nCREATE TABLE t (id int);\nSELECT 1/0;\n"
MENDED = STOPPED.replace("1/0", "1/1")


@dataclass
class Case:
    """A state, the command that is refused in it, and what a person does before the hint's command."""

    arrange: Callable
    refused: str
    commands: set[str]  # the hint's, without what they are given
    by_hand: Callable = print
    then: str = "migrate"


def _partial(project):
    project.write("0001_a", STOPPED, "DROP TABLE t;\n")
    project.run("migrate")


def _edited_half_way(project):
    _partial(project)
    project.write("0001_a", MENDED, "DROP TABLE t;\n")


def _applied(project):
    project.write("0001_a", "CREATE TABLE t (id int);\n", "DROP TABLE t;\n")
    project.ok("migrate")


def _in_doubt(project):
    project.write("0001_a", "-- transactional: false\nDO $$ BEGIN COMMIT; END $$;\nSELECT 1/0;\n")
    project.run("migrate")
    in_doubt(project, "0001_a", 1)
    project.write("0001_a", "-- transactional: false\nDO $$ BEGIN COMMIT; END $$;\nSELECT 1/1;\n")
    project.query("UPDATE _runner_journal SET fingerprint = 'x' WHERE step = 0")


def _rolled_back_in_part(project):
    undo = "-- transactional: false\nDROP TABLE t;\nSELECT 1/0;\n"
    project.write("0001_a", "CREATE TABLE t (id int);\n", undo)
    project.write("0002_b", "SELECT 1;\n", "SELECT 1;\n")
    project.ok("migrate")
    project.ok("rollback", "--yes")
    project.run("rollback", "--yes")


CASES = {
    "a statement was refused": Case(
        _partial,
        "migrate",
        {"repair continue"},
        lambda project: project.write("0001_a", MENDED),
    ),
    "nothing of the file is in effect": Case(
        lambda project: project.write("0001_a", "-- transactional: false\nSELECT 1/0;\n"),
        "migrate",
        {"migrate"},
        lambda project: project.write("0001_a", "SELECT 1;\n"),
    ),
    "edited half way": Case(
        _edited_half_way,
        "migrate",
        {"repair continue", "repair restart"},
    ),
    "another kind": Case(
        lambda project: (_partial(project), project.write("0001_a", "CREATE TABLE t (id int);\n")),
        "repair continue 0001_a --reason x",
        {"repair restart"},
        lambda project: project.query("DROP TABLE t"),
    ),
    "its file is gone": Case(
        lambda project: (_partial(project), project.remove("0001_a"), project.write("0002_b")),
        "migrate",
        {"repair restart"},
    ),
    "partly rolled back": Case(
        _rolled_back_in_part,
        "rollback --yes",
        {"repair continue"},
        lambda project: (project.root / "migrations/0001_a.rollback.sql").write_text(
            "-- transactional: false\nDROP TABLE t;\nSELECT 1/1;\n"
        ),
        then="rollback --yes",
    ),
    "half rolled back when more is to be applied": Case(
        _rolled_back_in_part, "migrate", {"rollback"}, then="status"
    ),
    "in doubt": Case(
        _in_doubt,
        "repair continue 0001_a --reason x",
        set(),
    ),
    "edited": Case(
        lambda project: (_applied(project), project.write("0001_a", "CREATE TABLE t ( id int );\n")),
        "migrate",
        {"rollback", "repair accept"},
    ),
    "renamed": Case(
        lambda project: (
            _applied(project),
            project.remove("0001_a"),
            project.write("0009_z", "CREATE TABLE t (id int);\n"),
        ),
        "migrate",
        {"repair rename"},
    ),
    "made by hand already": Case(
        lambda project: (
            _applied(project),
            project.write("0002_b", "CREATE TABLE u (id int);\n"),
            project.query("CREATE TABLE u (id int)"),
        ),
        "migrate",
        {"baseline"},
    ),
    "history begins already": Case(
        lambda project: (
            _applied(project),
            project.write("0002_b", "CREATE TABLE u (id int);\n"),
            project.query("CREATE TABLE u (id int)"),
        ),
        "baseline",
        {"baseline"},
    ),
    "no way back": Case(
        lambda project: (
            project.write("0001_a", "CREATE TABLE t (id int);\n"),
            project.ok("migrate"),
            project.remove("0001_a"),
            project.write("0002_b"),
        ),
        "rollback --yes",
        {"repair forget"},
    ),
    "still as it was begun": Case(_partial, "repair continue 0001_a --reason x", {"migrate"}, then="status"),
    "nothing is in doubt": Case(
        _partial, "repair again 0001_a --reason x", {"migrate", "repair restart"}, then="status"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_commands_of_a_hint_lead_out(project, name):
    case = CASES[name]
    while True:
        case.arrange(project)
        refused = project.run(*shlex.split(case.refused))
        assert refused.code not in {0, 2} or "repair" in case.refused, refused.err
        hint = refused.err.partition("hint: ")[2]
        commands = [found[1] for found in _COMMAND.finditer(hint)]
        given = {
            " ".join(command.split()[: 2 if command.startswith("repair") else 1]) for command in commands
        }
        assert given == case.commands, hint
        if not commands:
            return
        command = commands[getattr(case, "tried", 0)]
        case.by_hand(project)
        words = shlex.split(command.replace("…", "corrected").replace(" ID", " 0002_b"))
        if "restart" in words:
            project.query("DROP TABLE IF EXISTS t")
        if words[0] == "rollback":
            words.append("--yes")
        done = project.run(*words)
        assert done.code != 2, f"{command}: {done.err}"
        if case.then != "status":
            if words[0] != "rollback":
                assert done.code == 0, f"{command}: {done.err}"
            assert project.run(*shlex.split(case.then)).code == 0
        case.tried = getattr(case, "tried", 0) + 1
        if case.tried == len(commands):
            return
        project.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        for path in (project.root / "migrations").iterdir():
            path.unlink()


def test_a_hint_names_the_database_where_a_project_has_several(project):
    project.write("migrations/shop/0001_a.sql", "-- transactional: false\nSELECT 1;\nSELECT 1/0;\n")
    project.write("migrations/depot/0001_a.sql", "SELECT 1;\n")
    project.environ["SHOP_DATABASE_URL"] = project.environ["DEPOT_DATABASE_URL"] = project.url
    refused = project.run("migrate", "--json", "-d", "shop")
    assert refused.code == 1
    assert refused.data["error"]["database"] == "shop"
    assert 'runner repair continue --database shop 0001_a --reason "…"' in refused.data["error"]["hint"]
    project.write("migrations/shop/0001_a.sql", "-- transactional: false\nSELECT 1;\nSELECT 1/1;\n")
    edited = project.run("migrate", "-d", "shop")
    assert "runner repair continue --database shop 0001_a" in edited.err
    project.ok("repair", "continue", "--database", "shop", "0001_a", "--reason", "corrected")
    project.ok("migrate", "-d", "shop")
