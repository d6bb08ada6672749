"""What lint supposes and what was measured: confirmed, refuted, set aside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner.errors import Location
from runner.files.migrations.migration import Kind
from runner.files.sqltext.lock_modes import LockMode
from runner.review.lint import BY_ID, Finding, Level
from runner.review.lint.rules import MEASURED
from runner.review.verify import (
    Rehearsal,
    RoundTrip,
    RowChange,
    StatementTrace,
    Surroundings,
    TableLock,
    Verdict,
    Weight,
    findings,
)
from runner.review.verify.findings import _SUPPOSED
from runner.review.verify.hazards import Matter

PATH = "migrations/0002_change.sql"
EXCLUSIVE = TableLock("public.orders", LockMode.ACCESS_EXCLUSIVE)


def rehearsal(*statements, verdict=Verdict.PROVEN, **trip):
    return Rehearsal(
        id="0002_change",
        kind=Kind.VERSIONED,
        path=PATH,
        rollback_path="migrations/0002_change.rollback.sql",
        sql="",
        transactional=True,
        statements=statements,
        round_trip=RoundTrip(verdict=verdict, **trip),
    )


def statement(text, *, number=1, line=1, locks=(EXCLUSIVE,), **done):
    return StatementTrace(number=number, text=text, where=Location(PATH, line, 1), locks=locks, **done)


def read(rule, *, line=1, level=Level.ERROR, hint="as lint says"):
    return Finding(rule=rule, level=level, message="lint's", where=Location(PATH, line, 7), hint=hint)


def told(*args, **options):
    return [(f.rule, f.message) for f in findings(*args, **{"allowed": {}} | options)]


NOT_NULL = "ALTER TABLE public.orders ALTER COLUMN total SET NOT NULL"


def test_a_measurement_confirms_what_lint_supposes_and_takes_its_place():
    scan = statement(NOT_NULL, scanned=("public.orders",))
    (found,) = findings([rehearsal(scan)], [read("set-not-null", level=Level.WARNING)], allowed={})
    assert found.message == "ACCESS EXCLUSIVE on public.orders while it is scanned"
    assert (found.rule, found.level, found.where.column) == ("set-not-null", Level.WARNING, 7)


def test_a_measurement_refutes_what_lint_supposes():
    assert told([rehearsal(statement(NOT_NULL))], [read("set-not-null")]) == []


def test_a_proven_rollback_refutes_that_it_does_not_mirror():
    assert told([rehearsal(statement("SELECT 1", locks=()))], [read("rollback-not-mirroring")]) == []


def test_what_no_measurement_can_know_stays():
    found = told(
        [rehearsal(statement("GRANT SELECT ON orders TO PUBLIC", locks=()))], [read("grant-to-public")]
    )
    assert found == [("grant-to-public", "lint's")]


def test_what_lint_says_of_other_files_is_not_told():
    other = Finding(rule="empty", message="of another", where=Location("migrations/0001_first.sql"))
    assert told([rehearsal()], [other]) == []


def test_two_findings_of_one_statement_are_both_kept():
    both = statement(
        "ALTER TABLE public.orders ADD COLUMN a serial, ALTER COLUMN b TYPE bigint",
        rewritten=("public.orders",),
    )
    found = told([rehearsal(both)], [read("column-rewrite"), read("change-type")])
    assert [rule for rule, _ in found] == ["column-rewrite", "change-type"]


def test_a_rule_that_the_file_sets_aside_is_not_told_when_it_is_measured():
    scan = statement(NOT_NULL, scanned=("public.orders",))
    assert told([rehearsal(scan)], [], allowed={"0002_change": {"set-not-null": "small"}}) == []


def test_the_projects_own_levels_hold_for_what_was_measured():
    scan = statement(NOT_NULL, scanned=("public.orders",))
    (found,) = findings([rehearsal(scan)], [], allowed={}, levels={"set-not-null": Level.WARNING})
    assert found.level is Level.WARNING
    assert told([rehearsal(scan)], [], levels={"set-not-null": Level.OFF}) == []


def test_the_weight_of_the_real_table_is_in_the_sentence():
    weight = Weight(relation="public.orders", rows=10**9, size_bytes=41 << 30, writes_per_s=120.2)
    scan = statement(NOT_NULL, scanned=("public.orders",))
    (found,) = told([rehearsal(scan)], [], around=Surroundings(place="production", weights=[weight]))
    assert found[1] == "ACCESS EXCLUSIVE on public.orders (41 GB, 120 writes/s) while it is scanned"


def test_what_runs_concurrently_is_no_hazard():
    text = "REINDEX TABLE CONCURRENTLY public.orders"
    rebuild = statement(text, scanned=("public.orders",), built=("public.i",), watched=True)
    assert told([rehearsal(rebuild)], []) == []


def test_what_commits_by_itself_but_not_concurrently_is_one():
    full = statement("VACUUM FULL public.orders", rewritten=("public.orders",), watched=True)
    assert told([rehearsal(full)], [read("table-rewrite")]) == [
        ("table-rewrite", "ACCESS EXCLUSIVE on public.orders while it is rewritten")
    ]


def test_a_form_that_is_not_known_gets_general_advice():
    call = statement("CALL public.rearrange()", rewritten=("public.orders",))
    (found,) = findings([rehearsal(call)], [], allowed={})
    assert found.rule == "table-rewrite"
    assert found.hint.startswith("Do it in steps")


def test_a_dropped_table_is_told_with_what_its_rollback_can_do():
    drop = statement("DROP TABLE public.orders", dropped=("table public.orders",))
    assert told([rehearsal(drop)], []) == [
        ("drop-table", "table public.orders is dropped with its data: its rollback recreates it, but empty")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE public.orders ADD CHECK (note <> 'concurrently')",
        'ALTER TABLE public.orders ALTER "concurrently" SET NOT NULL',
        "DO $$ BEGIN -- not concurrently\n EXECUTE 'ALTER TABLE public.orders …'; END $$",
    ],
)
def test_only_the_keyword_concurrently_makes_a_lock_harmless(text):
    (found,) = findings([rehearsal(statement(text, scanned=("public.orders",)))], [], allowed={})
    assert found.message == "ACCESS EXCLUSIVE on public.orders while it is scanned"


def test_code_that_locks_one_table_and_works_on_another_is_told():
    do = statement("DO $$ … $$", scanned=("public.lines",))
    (found,) = findings([rehearsal(do)], [], allowed={})
    assert (found.rule, found.level) == ("locks-after-exclusive", Level.WARNING)
    assert found.message == "ACCESS EXCLUSIVE on public.orders while public.lines is scanned"
    assert found.effect == "Every query of public.orders waits meanwhile."


def test_what_concurrently_takes_for_a_moment_is_not_told():
    drop = "DROP INDEX CONCURRENTLY public.orders_total_idx"
    assert told([rehearsal(statement(drop, scanned=("public.orders",)))], []) == []


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE public.orders SET total = (SELECT sum(x) FROM lines AS l WHERE l.id = orders.id)",
        "UPDATE public.orders SET note = 'none, where not known'",
    ],
)
def test_a_where_elsewhere_is_no_where_of_the_update(text):
    rows = TableLock("public.orders", LockMode.ROW_EXCLUSIVE)
    ((rule, _),) = told([rehearsal(statement(text, locks=(rows,), scanned=("public.orders",)))], [])
    assert rule == "change-without-where"


def test_what_a_function_drops_is_told_as_what_it_is():
    do = statement("DO $$ … $$", dropped=('column public.orders."a.b"', "table public.lines"))
    around = Surroundings(
        place="here", weights=[Weight(relation="public.orders", rows=1, size_bytes=8192, writes_per_s=None)]
    )
    first, second = findings([rehearsal(do)], [], allowed={}, around=around)
    assert (first.rule, second.rule) == ("drop-column", "drop-table")
    assert "the data of public.orders (8 kB) is only in backups" in first.effect


def test_rows_that_a_rollback_changes_are_a_warning():
    change = RowChange(relation="public.orders", what="holds 1 row fewer than before")
    (found,) = findings([rehearsal(changed_rows=(change,))], [], allowed={})
    assert (found.rule, found.level) == ("rollback-changes-rows", Level.WARNING)


def test_the_page_names_every_rule_that_can_be_measured():
    page = (Path(__file__).parents[3] / "docs/verify.md").read_text("utf-8")
    table = page.partition("## Findings")[2].partition("## The application")[0]
    named = {
        rule
        for row in table.splitlines()
        if row.startswith("| `")
        for rule in re.findall(r"`([a-z-]+)`", row)
    }
    own = {
        "table-scan",
        "rollback-differs",
        "rollback-changes-rows",
        "sequence-behind",
        "apply-again-differs",
    }
    assert named - own <= set(BY_ID)
    assert named == own | set(_SUPPOSED) | {rule.id for rule in BY_ID.values() if rule.form} | {
        matter.value for matter in Matter
    } | {rule.id for rule in MEASURED}
