"""The report as a comment on a pull request: it fits, says what it left out, and nothing in it is taken for markup."""

from __future__ import annotations

import pytest

from runner.errors import Location
from runner.files.migrations.migration import Kind
from runner.files.sqltext.lock_modes import LockMode
from runner.report.verification import rendered
from runner.report.verification.markdown import LIMIT_BYTES
from runner.review.lint import Finding
from runner.review.verify import (
    Rehearsal,
    RoundTrip,
    StatementTrace,
    TableLock,
    Verdict,
    Verification,
)


def rehearsal(number, *, text="ALTER TABLE public.orders ADD COLUMN note text", diff="", sql="SELECT 1;"):
    path = f"migrations/{number:04}_change.sql"
    lock = TableLock("public.orders", LockMode.ACCESS_EXCLUSIVE)
    return Rehearsal(
        id=f"{number:04}_change",
        kind=Kind.VERSIONED,
        path=path,
        sql=sql,
        transactional=True,
        statements=(StatementTrace(number=1, text=text, where=Location(path, 1, 1), locks=(lock,)),),
        round_trip=RoundTrip(verdict=Verdict.PROVEN),
        diff=diff,
    )


def comment(*rehearsals, findings=()):
    found = Verification(
        database="shop", server_version=150000, replayed=0, rehearsals=rehearsals, findings=tuple(findings)
    )
    return rendered([found], "markdown")


def is_well_formed(text):
    fences = [line for line in text.splitlines() if line.startswith("```")]
    return text.count("<details>") == text.count("</details>") and len(fences) % 2 == 0


@pytest.mark.parametrize("count", [1, 100, pytest.param(3000, marks=pytest.mark.slow)])
def test_it_fits_however_many_migrations_there_are(count):
    text = comment(*(rehearsal(n, diff="+ a\n" * 40) for n in range(count)))
    assert len(text.encode()) < LIMIT_BYTES
    assert text.startswith(f"## Database change: {count} migration")
    assert ("for want of room" in text) is (count > 1)
    assert (len(text.encode()) > LIMIT_BYTES * 0.8) is (count > 1)  # the room is used
    assert is_well_formed(text)


def test_it_fits_however_much_was_found():
    found = [
        Finding(rule="empty", message="ä" * 200, where=Location("a.sql", n), hint="Write:\nSELECT 1;\n" * 9)
        for n in range(2000)
    ]
    text = comment(rehearsal(1), findings=found)
    assert len(text.encode()) < LIMIT_BYTES
    assert "The rest is not shown here, for want of room" in text
    assert is_well_formed(text)


def test_a_migration_is_green_only_when_nothing_speaks_against_it():
    error = Finding(rule="empty", message="m", where=Location("migrations/0001_change.sql", 1))
    assert "| ✅ | <code>0001_change</code> |" in comment(rehearsal(1))
    assert "| ⚠️ | <code>0001_change</code> |" in comment(rehearsal(1), findings=[error])


def test_what_a_statement_says_stays_text():
    text = comment(rehearsal(1, text="SELECT '</details> | *x* @team #1 <script>' /* ``` */"))
    (row,) = (line for line in text.splitlines() if "SELECT" in line)
    assert row.count("|") == 7
    assert not set("*@<>`") & set(row.partition("<code>")[2].partition("</code>")[0])
    assert is_well_formed(text)


def test_a_fence_in_a_difference_does_not_end_its_block():
    text = comment(rehearsal(1, diff="+COMMENT ON TABLE t IS '\n```\n';\n"))
    assert "````diff\n" in text


def test_nothing_to_rehearse_is_said():
    assert comment().startswith("## Database change: Nothing to rehearse.")
