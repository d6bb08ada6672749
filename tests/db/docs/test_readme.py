"""The README's sessions are typed as they stand, in a copy of the project, and print what it shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.cli.group import ALIASES, COMMANDS
from runner.errors import Location, MigrationFailedError
from runner.report.failure import error_as_text
from runner.report.terminal import Style
from runner.server.local import temporary_folder
from tests.db.engine.conftest import Project

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS_PAGE = (ROOT / "docs/commands.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SHIPPED = (
    "Makefile",
    "migrations",
    "sql",
    "scripts",
    "setup.cfg",
    "pyproject.toml",
    "requirements-local.lock",
)


def sessions() -> list[tuple[str, str]]:
    """Return each command of the README's console blocks with what it prints."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    typed = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "\n".join(blocks), re.MULTILINE)
    assert len(typed) >= 6
    return typed


def steady(text: str) -> list[str]:
    """Leave out what differs from run to run."""
    text = re.sub(r" *\b[\d.]+ m?s\b", " TOOK", text)
    text = re.sub(r"\bon /\S+", "on HOST", text)
    text = re.sub(r"PostgreSQL \d+", "PostgreSQL VERSION", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d +\S+", "WHEN WHO", text)
    text = re.sub(r"^@@ .* @@", "@@", text, flags=re.MULTILINE)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def matches(shown: list[str], printed: list[str]) -> bool:
    """Compare line by line; a line of … stands for any number of lines."""
    pattern = "".join(r"(?:.*\n)*" if line.strip() == "…" else re.escape(f"{line}\n") for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


@pytest.fixture
def copy() -> Iterator[Path]:
    """A copy of the project with this one's virtual environment, where the server's account can reach it."""
    folder = temporary_folder()
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy2(source, folder / name)
    venv = folder / ".venv"
    (venv / "bin").mkdir(parents=True)
    for program in ("runner", "python"):
        found = Path(sys.executable).parent / program
        (venv / "bin" / program).symlink_to(found)
    (venv / ".ready").touch()
    yield folder
    subprocess.run([venv / "bin/runner", "local", "stop"], cwd=folder, env=environment(folder), check=True)
    shutil.rmtree(folder)


def environment(copy: Path) -> dict[str, str]:
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("PG", "DB_", "RUNNER_")) and "DATABASE_URL" not in k
    }
    for name in ("CI", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS"):  # those of the `make test` around us
        kept.pop(name, None)
    return {**kept, "PATH": f"{copy}/.venv/bin:{kept['PATH']}", "RUNNER_LOCAL": "1"}


def test_every_session_prints_what_the_readme_shows(copy):
    change = re.search(r"^```sql\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert change is not None
    for command, shown in sessions():
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=copy,
            env=environment(copy),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        expected, printed = steady(shown), steady(done.stdout)
        assert matches(expected, printed), f"{command} printed\n{done.stdout}"
        if " new " in command:
            (copy / "migrations/carthub/0006_add_orders_note.sql").write_text(change[1], "utf-8")
            undo = copy / "migrations/carthub/0006_add_orders_note.rollback.sql"
            undo.write_text("ALTER TABLE public.orders DROP COLUMN note;\n", "utf-8")


def test_the_commands_for_a_project_of_ones_own_work(tmp_path, new_database):
    """The block begins with pip, which this environment had before; its URL is replaced by a test database's."""
    block = re.search(
        r"^```sh\npip install .*\nexport (DATABASE_URL)=\S+\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
    assert block is not None
    environ = {**environment(tmp_path), block[1]: Project(tmp_path, new_database()).url}
    environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command in block[2].splitlines():
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if " new " in command:
            (tmp_path / "migrations/0001_create_orders.sql").write_text(
                "CREATE TABLE public.orders (id bigint);\n"
            )
            (tmp_path / "migrations/0001_create_orders.rollback.sql").write_text(
                "DROP TABLE public.orders;\n"
            )
    assert "1 migration applied" in done.stdout


def test_every_command_is_on_the_page_of_commands_and_no_other():
    named = {
        word
        for row in COMMANDS_PAGE.splitlines()
        if row.startswith("| `")
        for word in re.findall(r"`([a-z]+)", row.split("|")[1])
    }
    subcommands = {"start", "stop", "status", "url", "psql", "accept", "forget", "rename"}
    subcommands |= {"done", "again", "continue", "restart"}
    assert named - subcommands - set(ALIASES) == set(COMMANDS) - subcommands
    assert set(ALIASES) <= named


def test_the_page_for_contributors_names_every_room():
    rooms = set(re.findall(r"^\| `(\w+)` \|", CONTRIBUTING.partition("## Rooms")[2], re.MULTILINE))
    found = {
        path.stem
        for path in (ROOT / "runner").iterdir()
        if not path.name.startswith("_") and path.name != "py.typed"
    }
    assert rooms == found


def test_the_page_for_contributors_names_what_is_there():
    """Each `runner/file.py: name` is a file that defines the name, and each other path is there."""
    named = re.findall(r"`((?:runner|tests|scripts|docs|sql)/[\w/.-]+)(?:: (\w+))?", CONTRIBUTING)
    assert named
    for path, name in named:
        if "NAME" in path:
            continue
        assert (ROOT / path).exists(), path
        if name:
            source = (ROOT / path).read_text("utf-8")
            assert re.search(rf"^(?:def|class) {name}\b|^{name}(?:: .*)? = ", source, re.MULTILINE), (
                f"{path}: {name}"
            )


def test_the_error_shown_is_how_errors_look():
    (shown,) = re.findall(r"^```\n(error: .*?)^```$", README, re.MULTILINE | re.DOTALL)
    message, at, line, _caret, detail, hint = shown.splitlines()
    path, number, column = at.removeprefix("  at ").split(":")
    error = MigrationFailedError(
        message.removeprefix("error: "),
        where=Location(path, int(number), int(column), line.partition(" | ")[2]),
        detail=detail.removeprefix("  detail: "),
        hint=hint.removeprefix("  hint: "),
    )
    assert error_as_text(error, Style()) == shown.rstrip()
