"""A change with ten classic mistakes, reported: each is found, explained, placed and given its safer form."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import psycopg
import pytest

from runner import settings
from runner.commands.verify import VerifyOptions, verifications
from runner.report.verification import rendered
from tests.unit.review.lint.golden import assert_golden

PROJECT = Path(__file__).with_name("ten_mistakes")
GOLDEN = Path(__file__).with_name("golden_files")
SCHEMA = Path(__file__).parents[4] / "docs/verify.schema.json"
FORMS = {
    "text": "ten_mistakes.txt",
    "markdown": "ten_mistakes.md",
    "html": "ten_mistakes.html",
    "json": "ten_mistakes.json",
    "sarif": "ten_mistakes.sarif",
    "junit": "ten_mistakes.xml",
    "github": "ten_mistakes.github",
}


@pytest.fixture(scope="module")
def results(server):
    """What is found, with nothing in it that differs from run to run or from server to server."""
    url = f"postgresql://{server['user']}:{server['password']}@{server['host']}:{server['port']}/postgres"
    environ = {"PATH": os.environ["PATH"], "RUNNER_GIT_COMMIT": "0123456789abcdef"}
    project = settings.load(environ=environ, project=PROJECT, flags={})
    found = verifications(project, VerifyOptions(since="0001", scratch_url=url), emit=lambda _: None)
    return [_steady(result) for result in found]


def _steady(result):
    return replace(
        result,
        server_version=150000,
        elapsed_s=1.5,
        begun_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        rehearsals=tuple(
            replace(
                rehearsal,
                elapsed_s=0.1,
                statements=tuple(replace(s, elapsed_ms=2.0, wal_bytes=3000) for s in rehearsal.statements),
            )
            for rehearsal in result.rehearsals
        ),
    )


@pytest.mark.parametrize(
    ("place", "rule", "message", "safer"),
    [
        pytest.param(
            "0002_index_status.sql:3",
            "index-not-concurrent",
            "SHARE on public.orders while public.orders_status_idx is built",
            "CREATE INDEX CONCURRENTLY orders_status_idx ON public.orders (status);",
            id="index not concurrently",
        ),
        pytest.param(
            "0003_require_email.sql:3",
            "set-not-null",
            "ACCESS EXCLUSIVE on public.customers while it is scanned",
            "CHECK (email IS NOT NULL) NOT VALID;",
            id="SET NOT NULL",
        ),
        pytest.param(
            "0004_add_token.sql:3",
            "column-rewrite",
            "ACCESS EXCLUSIVE on public.orders while it is rewritten",
            "ALTER COLUMN token SET DEFAULT gen_random_uuid();",
            id="volatile default",
        ),
        pytest.param(
            "0005_more_pieces.sql:3",
            "change-type",
            "ACCESS EXCLUSIVE on public.orders while it is rewritten",
            "ADD COLUMN pieces_new bigint;",
            id="type change that rewrites",
        ),
        pytest.param(
            "0006_belong_to_customers.sql:4",
            "foreign-key-not-valid",
            "SHARE ROW EXCLUSIVE on public.customers and public.orders while they are scanned",
            "VALIDATE CONSTRAINT orders_customer_id_fkey;",
            id="foreign key without NOT VALID",
        ),
        pytest.param(
            "0007_drop_note.sql:3",
            "drop-column",
            "column public.orders.note is dropped with its data: its rollback recreates it, but empty",
            "drop it in a later release",
            id="DROP COLUMN",
        ),
        pytest.param(
            "0008_rename_total.sql:3",
            "rename-column",
            "public.orders.total is renamed to amount for all running code at once",
            "Add amount beside total",
            id="rename",
        ),
        pytest.param(
            "0009_close_all.sql:3",
            "change-without-where",
            "UPDATE of every row of public.orders in one transaction",
            "-- batch: true",
            id="UPDATE without WHERE",
        ),
        pytest.param(
            "0009_close_all.sql:7",
            "locks-after-exclusive",
            "ACCESS EXCLUSIVE on public.orders still held while public.orders is scanned",
            "a file of its own",
            id="work under a lock of an earlier statement",
        ),
        pytest.param(
            "0010_returns.sql",
            "rollback-missing",
            "0010_returns cannot be undone",
            "Write 0010_returns.rollback.sql",
            id="missing rollback",
        ),
        pytest.param(
            "0011_discounts.sql:5",
            "rollback-not-mirroring",
            "the rollback does not restore the schema: unexpected column public.orders.granted_by",
            "+    granted_by text",
            id="rollback that forgets something",
        ),
    ],
)
def test_each_mistake_is_found_explained_placed_and_given_its_safer_form(
    results, place, rule, message, safer
):
    (found,) = (
        f
        for f in results[0].findings
        if f.rule == rule and f"{Path(f.where.path).name}:{f.where.line or ''}".removesuffix(":") == place
    )
    assert found.message == message
    assert found.effect
    assert safer in found.hint


def test_what_lint_reads_and_what_was_measured_is_told_once(results):
    told = [(f.rule, str(f.where)) for f in results[0].findings]
    assert len(told) == len(set(told))
    for name in ("0002", "0003", "0004", "0005", "0006", "0008", "0010", "0011"):
        assert len([path for _, path in told if name in path]) == 1, name


def test_an_update_is_told_which_lock_comes_after_it(results):
    update = next(f for f in results[0].findings if f.rule == "change-without-where")
    assert "Line 5 then asks for ACCESS EXCLUSIVE on public.orders in the same transaction." in update.effect


@pytest.mark.parametrize("form", FORMS)
def test_the_report_as_a_whole(results, server, form):
    with psycopg.connect(**server) as conn:
        if conn.info.server_version >= 180000:
            pytest.skip("PostgreSQL 18 names NOT NULL constraints")
    assert_golden(GOLDEN / FORMS[form], rendered(results, form))


def test_the_json_is_what_its_schema_says_and_the_schema_names_every_field(results):
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(rendered(results, "json"))
    jsonschema.validate(document, _closed(schema))


def _closed(node):
    """The same schema, in which a field that it does not name is a mistake."""
    if isinstance(node, dict):
        closed = {key: _closed(value) for key, value in node.items()}
        return closed | {"additionalProperties": False} if "properties" in node else closed
    return [_closed(value) for value in node] if isinstance(node, list) else node


@pytest.mark.parametrize(
    "rule", ["index-not-concurrent", "set-not-null", "column-rewrite", "foreign-key-not-valid"]
)
def test_the_safer_form_is_safer(results, server, tmp_path, rule):
    hint = next(f.hint for f in results[0].findings if f.rule == rule)
    folder = tmp_path / "migrations/shop"
    folder.mkdir(parents=True)
    shutil.copy(PROJECT / "migrations/shop/0001_shop.sql", folder)
    shutil.copytree(PROJECT / "sql", tmp_path / "sql")
    for number, part in enumerate(
        re.split(r"^(?=-- .*in the (?:next|one after))", hint, flags=re.MULTILINE), 2
    ):
        batch = "-- batch: true\n" if "batch: true" in part else ""
        text = f"-- irreversible: an example\n{batch}{part}"
        (folder / f"{number:04}_part.sql").write_text(text, "utf-8")
    project = settings.load(environ={"PATH": os.environ["PATH"]}, project=tmp_path, flags={})
    url = f"postgresql://{server['user']}:{server['password']}@{server['host']}:{server['port']}/postgres"
    (found,) = verifications(project, VerifyOptions(since="0001", scratch_url=url), emit=lambda _: None)
    assert [(f.rule, f.message) for f in found.findings] == []
    assert [r.round_trip.verdict.value for r in found.rehearsals] == ["irreversible"] * len(found.rehearsals)
    assert len(found.rehearsals) == {"index-not-concurrent": 1, "set-not-null": 3}.get(rule, 2)


def test_the_text_fits_80_columns(results):
    assert [line for line in rendered(results, "text").splitlines() if len(line) > 80] == []


def test_the_page_names_its_target_and_is_a_stack_of_cards_on_narrow_screens_alone(results):
    page = rendered([replace(result, place="shop on db.example:5432") for result in results], "html")
    assert "<h1>Database change: shop, for shop on db.example:5432</h1>" in page
    assert re.findall(r"@media ([^{]*max-width[^{]*) ", page) == ["screen and (max-width: 58rem)"]
    # beside its label each cell is one thing, or its parts fall under the label
    cells = re.findall(r"<td [^>]*>(.*?)</td>", page, re.DOTALL)
    assert cells
    assert all(cell.startswith("<div>") and cell.endswith("</div>") for cell in cells)
