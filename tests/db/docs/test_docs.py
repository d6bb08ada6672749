"""The pages for readers: their commands run, their links lead somewhere, what is generated is current."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from runner.commands.health import as_markdown, query_lists
from runner.files.migrations.evident import NAMES
from runner.settings import load
from tests.db.engine.conftest import VENV_BIN, Project, project

__all__ = ["project"]

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
READERS = ("developer", "dba", "health", "observability")
HEALTH = DOCS / "health.md"
MARK = re.compile(r"(?<=ARGS=tests/db/docs/test_docs.py -->\n\n).*", re.DOTALL)


def commands(page: str) -> list[str]:
    """Return what a page's console blocks type."""
    blocks = re.findall(
        r"^```console\n(.*?)^```$", (DOCS / f"{page}.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return re.findall(r"^\$ (.*)$", "\n".join(blocks), re.MULTILINE)


@pytest.fixture
def shipped(tmp_path, new_database) -> Project:
    """A copy of the project with both databases, carthub's migrated."""
    for name in ("migrations", "sql"):
        shutil.copytree(ROOT / name, tmp_path / name)
    project = Project(tmp_path, new_database())
    project.environ["API_SERVER_DATABASE_URL"] = project.url
    project.environ["RUNNER_SCRATCH_URL"] = project.url
    project.parameters = new_database()
    project.environ["CARTHUB_DATABASE_URL"] = project.url
    project.ok("migrate", "--database", "carthub")
    return project


@pytest.mark.parametrize("page", READERS)
def test_every_command_of_a_page_runs(shipped, page):
    typed = commands(page)
    assert typed
    for command in typed:
        program, *arguments = shlex.split(command)
        assert program == "runner"
        done = shipped.command([sys.executable, "-m", "runner", *arguments])
        assert done.code == 0, f"{command}\n{done.out}{done.err}"
        if arguments[0] == "new":
            path = shipped.root / done.out.splitlines()[0]
            path.write_text(
                "-- Let customers leave a note.\n\nALTER TABLE public.orders ADD COLUMN note text;\n"
            )
            path.with_suffix(".rollback.sql").write_text("ALTER TABLE public.orders DROP COLUMN note;\n")


@pytest.mark.parametrize("path", sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")]), ids=lambda path: path.name)
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        found = path.parent / file if file else path
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
            assert anchor in anchors, target


def test_the_table_and_the_runbook_are_those_of_the_queries_headers():
    settings = load(environ={}, project=ROOT, flags={})
    queries = {query.name: query for found in query_lists(settings, (), {}).values() for query in found}
    expected = as_markdown([queries[name] for name in sorted(queries)])
    text = HEALTH.read_text("utf-8")
    if os.environ.get("RUNNER_UPDATE_GOLDEN"):
        HEALTH.write_text(MARK.sub(lambda _: expected, text), "utf-8")
    assert MARK.findall(HEALTH.read_text("utf-8")) == [expected]


def test_the_settings_and_the_query_shown_are_understood(shipped):
    text = HEALTH.read_text("utf-8")
    (settings,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (query,) = re.findall(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shipped.write("runner.toml", settings)
    shipped.write("sql/health/carthub/waiting_orders.sql", query)
    done = shipped.ok("health", "--json", "--database", "carthub")
    found = {answer["name"]: answer for answer in done.data["databases"][0]["queries"]}
    assert found["waiting_orders"]["level"] == "ok"
    assert found["connections"]["thresholds"]["warn"] == "used_percent > 70"
    assert found["unused_indexes"]["level"] == "info"


def test_the_models_on_the_page_are_drafted_and_then_what_changes_in_them(project):
    text = (DOCS / "developer.md").read_text("utf-8").partition("## From models")[2].partition("\n## ")[0]
    (models,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    first, again, with_more = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    project.environ |= {"RUNNER_SCRATCH_URL": project.url, "PATH": f"{VENV_BIN}:{os.environ['PATH']}"}
    project.environ.pop("RUNNER_BESIDE_EXISTING")
    project.write("models.py", models)
    for command in first.splitlines():
        assert shlex.split(command)[0] == "runner"
        project.ok(*shlex.split(command)[1:])
    assert project.tables() == {"customers", "orders"}
    (note,) = re.findall(r"With `(note: .*?)` in `Order`", text)
    project.write("models.py", models.replace("index=True)\n", f"index=True)\n    {note}\n"))
    project.ok(*shlex.split(again)[1:])
    assert "ADD COLUMN note " in (project.root / "migrations/0002_add_orders_note.sql").read_text("utf-8")
    assert len(list(project.root.glob("migrations/*_note*.sql"))) == 2
    project.ok("migrate")
    project.write("sql/not_in_models.sql", "CREATE VIEW noted AS SELECT id FROM orders WHERE note <> '';\n")
    project.ok(*shlex.split(with_more)[1:])
    written = (project.root / "migrations/0003_add_orders_note.sql").read_text("utf-8")
    assert "CREATE VIEW public.noted" in written
    (beside,) = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    in_place = beside.replace("go run ./cmd/automigrate", 'psql -qX -c "ALTER TABLE orders ADD by_gorm text"')
    assert in_place != beside
    project.ok(*shlex.split(in_place)[1:])
    written = (project.root / "migrations/0004_add_orders_note.sql").read_text("utf-8")
    assert re.findall(r"^[A-Z].*", written, re.MULTILINE) == [
        "ALTER TABLE public.orders ADD COLUMN by_gorm text;"
    ]


def test_each_exit_code_of_the_documents_is_one_of_the_programs():
    table = (DOCS / "operations.md").read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    assert re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) == ["0", "1", "2", "3", "4", "130, 143"]


def test_each_variable_of_ours_that_is_read_is_on_the_page_of_settings_and_no_other():
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "runner").rglob("*.py"))
    named = re.findall(r"`(RUNNER_[A-Z_]+)", (DOCS / "settings.md").read_text("utf-8"))
    assert sorted(named) == sorted(set(re.findall(r'"(RUNNER_[A-Z_]+)"', sources)))


def test_each_directive_is_on_the_page_of_files_and_its_example_is_understood(shipped):
    text = (DOCS / "files.md").read_text("utf-8")
    rows = re.findall(r"^\| (`-- .*?) \|", text, re.MULTILINE)
    assert sorted(re.findall(r"`-- (\w+): ", " ".join(rows))) == sorted(NAMES)
    (backfill,) = re.findall(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shipped.write("migrations/carthub/0006_totals.sql", backfill)
    assert "again and again until it touches no row" in shipped.ok("plan", "--database", "carthub").out
