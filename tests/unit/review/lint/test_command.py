"""`runner lint` from the command line, in a project that git knows."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from runner import settings
from runner.commands.lint import findings
from runner.errors import ConfigurationError, UsageError
from runner.events import Event
from tests import fork_server

pytestmark = pytest.mark.slow

IRREVERSIBLE = "-- irreversible: an example\n"
ERROR = IRREVERSIBLE + "TRUNCATE app.drafts;\n"
WARNING = IRREVERSIBLE + "DROP INDEX app.drafts_idx;\n"


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Project:
    """A project in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("RUNNER_", "GIT_"))},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            **{
                f"GIT_{who}_{what}": "a@example.org"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def git(self, *args: str) -> None:
        command = ["git", "-C", str(self.root), *args]
        subprocess.run(command, env=self.environ, check=True, capture_output=True)

    def lint(self, *args: str) -> Done:
        command = ["lint", "--no-squawk", *args]
        done = fork_server.run_forked(command, cwd=self.root, environ=self.environ, timeout_s=60)
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def test_an_error_is_exit_code_3_and_a_warning_only_when_strict(project):
    project.write("migrations/0001_a.sql", WARNING)
    assert project.lint().code == 0
    assert project.lint("--strict").code == 3
    project.write("migrations/0002_b.sql", ERROR)
    done = project.lint()
    assert done.code == 3
    assert "migrations/0002_b.sql:2:1: error: TRUNCATE empties app.drafts [truncate]" in done.out
    assert "\ndatabase: 2 files, 1 error, 1 warning\n" in done.out
    assert "no git repository shows which files may be applied: never edit one that is" in done.out


@pytest.mark.parametrize(
    ("form", "start"),
    [("json", "{"), ("sarif", '{\n  "$schema"'), ("junit", "<?xml"), ("github", "::error file=migrations/0001_a.sql,line=2")],
)  # fmt: skip
def test_a_form_for_a_program_is_all_of_stdout_and_the_exit_code_stays(form, start, project):
    project.write("migrations/0001_a.sql", ERROR)
    done = project.lint("--format", form)
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith(start)


def test_the_json_flag_is_the_json_form(project):
    project.write("migrations/0001_a.sql", ERROR)
    done = project.lint("--json")
    assert done == project.lint("--format", "json")
    ((finding,),) = [database["findings"] for database in json.loads(done.out)["databases"]]
    assert (finding["rule"], finding["level"], finding["line"]) == ("truncate", "error", 2)


def test_runner_toml_sets_levels(project):
    project.write("migrations/0001_a.sql", ERROR)
    project.write("runner.toml", '[lint]\ntruncate = "warning"\n')
    assert project.lint().code == 0
    project.write("runner.toml", '[lint]\ntruncate = "off"\n')
    assert "no findings" in project.lint("--strict").out


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ('trunkate = "off"', 'unknown rule "trunkate" in [lint]', "Perhaps you meant truncate."),
        ("truncate = true", 'the level of truncate is "True"', 'Write "error", "warning" or "off".'),
    ],
)
def test_a_mistake_in_runner_toml_is_named(line, said, hint, project):
    project.write("migrations/0001_a.sql", ERROR)
    project.write("runner.toml", f"[lint]\n{line}\n")
    done = project.lint()
    assert done.code == 2
    assert f"error: {said}" in done.err
    assert hint in done.err


def test_a_file_that_the_base_has_may_not_be_edited_but_its_rollback(project):
    project.write("migrations/0001_a.sql", "CREATE TABLE app.a (id bigint PRIMARY KEY);\n")
    project.write("migrations/0001_a.rollback.sql", "DROP TABLE app.a;\n")
    project.git("init", "-q", "-b", "main")
    project.git("add", ".")
    project.git("commit", "-qm", "a")
    project.write("migrations/0001_a.rollback.sql", "-- all of it\nDROP TABLE app.a;\n")
    assert project.lint("--base", "main").code == 0
    project.write("migrations/0001_a.sql", "-- a\nCREATE TABLE app.a (id bigint PRIMARY KEY);\n")
    done = project.lint("--base", "main")
    assert done.code == 3
    assert "migrations/0001_a.sql: error: 0001_a is not what the base has [edited]" in done.out


def test_a_base_leaves_only_what_the_branch_changed(project):
    project.write("migrations/0001_a.sql", ERROR)
    project.git("init", "-q", "-b", "main")
    project.git("add", ".")
    project.git("commit", "-qm", "a")
    assert project.lint("--base", "main") == Done(0, "database: 0 files, no findings\n", "")
    project.write("migrations/0002_b.sql", ERROR)
    done = project.lint("--base", "main")
    assert done.code == 3
    assert "0002_b.sql:2:1" in done.out
    assert "0001_a" not in done.out


def committed(project: Project, *, branch: str = "main") -> None:
    project.git("init", "-q", "-b", branch)
    project.git("add", ".")
    project.git("commit", "-qm", "a")


def test_what_the_default_branch_has_is_counted_and_not_shown(project):
    project.write("migrations/0001_a.sql", ERROR)
    committed(project)
    project.git("checkout", "-qb", "ours")
    done = project.lint("--strict")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "database: 1 file, no findings\n  not shown: 1 finding in files that main has; --all shows each\n"
    )
    project.write("migrations/0002_b.sql", ERROR)
    done = project.lint()
    assert done.code == 3
    assert "0002_b.sql:2:1" in done.out
    assert "0001_a" not in done.out
    assert project.lint("--all").out.count("error: TRUNCATE") == 2
    (database,) = json.loads(project.lint("--json").out)["databases"]
    assert (len(database["findings"]), database["settled"], database["default_branch"]) == (1, 1, "main")


def test_an_edited_file_is_shown_whatever_the_default_branch_has(project):
    project.write("migrations/0001_a.sql", ERROR)
    committed(project, branch="master")
    project.write("migrations/0001_a.sql", ERROR + "TRUNCATE app.b;\n")
    assert "error: TRUNCATE empties app.drafts; also in line 3" in project.lint().out


def test_a_new_rollback_of_a_file_that_the_default_branch_has_is_shown_alone(project):
    project.write("migrations/0001_a.sql", "TRUNCATE app.a;\n")
    committed(project)
    project.write("migrations/0001_a.rollback.sql", "GRANT SELECT ON app.a TO PUBLIC;\n")
    done = project.lint()
    assert [line.split(":")[0] for line in done.out.splitlines() if "error:" in line] == [
        "migrations/0001_a.rollback.sql"
    ]


def test_what_migrate_would_refuse_is_shown_wherever_it_is(project):
    project.write("migrations/0001_a.sql", IRREVERSIBLE + "BEGIN;\nSELECT 1;\nROLLBACK;\n")
    committed(project)
    assert "[refused]" in project.lint().out


def test_where_git_knows_no_default_branch_all_is_shown(project):
    project.write("migrations/0001_a.sql", ERROR)
    assert project.lint().code == 3
    committed(project, branch="work")
    assert project.lint().code == 3


def test_a_file_that_git_ignores_is_shown(project):
    project.write("migrations/0001_a.sql", ERROR)
    project.write(".gitignore", "migrations/\n")
    committed(project)
    assert project.lint().code == 3


def test_the_remotes_default_branch_comes_before_a_local_one(project, tmp_path):
    project.write("migrations/0001_a.sql", ERROR)
    committed(project)
    project.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    project.write("migrations/0002_b.sql", ERROR)
    project.git("add", ".")
    project.git("commit", "-qm", "b")
    done = project.lint()
    assert "0002_b.sql:2:1" in done.out
    assert "in files that origin/trunk has" in done.out


def test_what_many_files_have_in_common_is_told_once(project):
    for number in range(1, 4):
        project.write(f"migrations/{number:04d}_x.sql", f"CREATE TABLE t{number} (id bigint PRIMARY KEY);\n")
    said = project.lint().out
    assert said.count("[rollback-missing]") == said.count("[unqualified-name]") == 1
    assert "no file has a rollback, 3 files in all" in said
    assert (
        "t1 has no schema; search_path decides where it is created or found; also in 2 other files, which --all shows"
        in said
    )
    assert project.lint("--all").out.count("[rollback-missing]") == 3
    project.write("migrations/0003_x.rollback.sql", "DROP TABLE t3;\n")
    assert "0001_x cannot be undone; also in 1 other file, which --all shows" in project.lint().out


def test_a_rule_is_told_once_a_file_and_of_a_whole_history_for_its_newest_files(project):
    for number in range(1, 8):
        body = "".join(f"TRUNCATE app.t{table};\n" for table in range(number))
        project.write(f"migrations/{number:04d}_x.sql", f"{IRREVERSIBLE}{body}")
    said = project.lint().out
    assert said.count("[truncate]") == 3
    assert (
        "0005_x.sql:2:1: error: TRUNCATE empties app.t0; also in lines 3, 4, 5 and 6; also in 4 earlier files"
        in said
    )
    assert "also in lines 3, 4, 5, 6, 7 and 1 more [truncate]" in said
    assert "told with these: 28 findings of the same rules; --all shows each" in said
    assert project.lint("--all").out.count("[truncate]") == 28
    (database,) = json.loads(project.lint("--json").out)["databases"]
    assert (len(database["findings"]), database["folded"]) == (6, 28)
    committed(project)
    project.git("checkout", "-qb", "ours")
    for number in range(8, 12):
        project.write(f"migrations/{number:04d}_x.sql", f"{IRREVERSIBLE}TRUNCATE app.t;\n")
    assert project.lint().out.count("[truncate]") == 4  # a branch is told of each of its files


def test_an_empty_rollback_is_told_once_and_not_held_against_its_file(project):
    for number in range(1, 4):
        project.write(
            f"migrations/{number:04d}_x.sql", f"CREATE TABLE app.t{number} (id bigint PRIMARY KEY);\n"
        )
        project.write(f"migrations/{number:04d}_x.rollback.sql", "\n")
    said = project.lint().out
    assert "the file holds no statement; also in 2 other files, which --all shows [empty]" in said
    assert "rollback-not-mirroring" not in said


def test_a_file_below_what_the_base_got_meanwhile_has_to_move(project):
    project.write("migrations/0001_a.sql", WARNING)
    project.git("init", "-q", "-b", "main")
    project.git("add", ".")
    project.git("commit", "-qm", "a")
    project.git("checkout", "-qb", "ours")
    project.write("migrations/0003_ours.sql", IRREVERSIBLE + "SELECT 1;")
    project.git("add", ".")
    project.git("commit", "-qm", "ours")
    project.git("checkout", "-q", "main")
    project.write("migrations/0005_theirs.sql", IRREVERSIBLE + "SELECT 1;")
    project.git("add", ".")
    project.git("commit", "-qm", "theirs")
    project.git("checkout", "-q", "ours")
    done = project.lint("--base", "main")
    assert done.code == 3
    assert "0003_ours comes before 0005_theirs, which the base has [below-base]" in done.out


def test_a_base_that_git_does_not_know_is_a_usage_error(project):
    project.write("migrations/0001_a.sql", ERROR)
    project.git("init", "-q", "-b", "main")
    done = project.lint("--base", "origin/nowhere")
    assert done.code == 2
    assert "git cannot compare with 'origin/nowhere'" in done.err


def test_without_squawk_it_is_said_what_was_not_looked_for(project, monkeypatch):
    monkeypatch.setattr("runner.commands.lint.find", lambda: None)
    project.write("migrations/0001_a.sql", IRREVERSIBLE + "SELEC 1;")
    chosen = settings.load(environ={}, project=project.root, flags={})
    said: list[Event] = []
    (linted,) = findings(chosen, emit=said.append)
    assert linted.findings == ()
    assert [str(notice) for notice in said] == [
        "squawk is not installed: 8 rules not looked for. Install it with: pip install squawk-cli; or say --no-squawk."
    ]
    with pytest.raises(UsageError, match="squawk is not installed"):
        findings(chosen, squawk=True)


def test_with_squawk_its_findings_stand_among_ours(project):
    project.write(
        "migrations/0001_a.sql", IRREVERSIBLE + "TRUNCATE app.a;\nALTER TABLE app.a ADD COLUMN c char(2);"
    )
    chosen = settings.load(environ={}, project=project.root, flags={})
    (linted,) = findings(chosen, squawk=True)
    assert [(f.rule, f.where.line) for f in linted.findings] == [("truncate", 2), ("char-type", 3)]


def test_the_table_of_levels_has_to_be_one(project):
    project.write("migrations/0001_a.sql", ERROR)
    project.write("runner.toml", 'lint = "strict"\n')
    done = project.lint()
    assert done.code == 2
    assert "[lint]" in done.err


def test_a_level_is_checked_before_a_file_is_read(project):
    project.write("migrations/0001_a.sql", ERROR)
    chosen = settings.load(environ={}, project=project.root, flags={})
    with pytest.raises(ConfigurationError):
        findings(chosen, levels={"truncate": "loud"})
