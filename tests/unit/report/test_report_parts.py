"""Parts of a report that the golden files do not have: large files, what commits by itself, the real target, no files."""

from __future__ import annotations

import pytest

from runner.errors import Location
from runner.files.migrations.migration import Kind
from runner.files.sqltext.lock_modes import LockMode
from runner.report.verification import rendered
from runner.review.lint import Finding
from runner.review.verify import (
    LongTransaction,
    Rehearsal,
    RoundTrip,
    StatementTrace,
    Surroundings,
    TableLock,
    Verdict,
    Verification,
    Weight,
)

PATH = "migrations/0001_change.sql"
PEOPLE = ("text", "markdown", "html")


def verification(*statements, sql="SELECT 1;\n", name="shop", findings=(), around=None, **trip):
    rehearsal = Rehearsal(
        id="0001_change",
        kind=Kind.VERSIONED,
        path=PATH,
        sql=sql,
        transactional=False,
        statements=statements,
        round_trip=RoundTrip(**{"verdict": Verdict.PROVEN} | trip),
    )
    return Verification(
        database=name,
        server_version=150000,
        replayed=0,
        rehearsals=(rehearsal,),
        findings=tuple(findings),
        surroundings=around,
    )


def statement(text, **found):
    return StatementTrace(number=1, text=text, where=Location(PATH, 1, 1), **found)


def test_a_file_that_is_too_large_is_named_and_its_findings_are_told():
    found = Finding(rule="empty", message="told all the same", where=Location(PATH, 900_000))
    page = rendered([verification(sql=None, findings=[found])], "html")
    assert "The file is too large to show." in page
    assert page.count("told all the same") == 2
    assert 'href="#d1-0001_change-900000"' not in page


def test_what_was_seen_from_a_second_session_says_so():
    lock = TableLock("public.orders", LockMode.SHARE_UPDATE_EXCLUSIVE)
    page = rendered([verification(statement("VACUUM public.orders", locks=(lock,), watched=True))], "html")
    assert "commits by itself; seen from a second session" in page
    assert '<span class="tag plain">SHARE UPDATE EXCLUSIVE</span>' in page


@pytest.mark.parametrize("form", PEOPLE)
def test_an_irreversible_migration_gives_its_reason(form):
    said = rendered([verification(verdict=Verdict.IRREVERSIBLE, reason="the data is gone")], form)
    assert "irreversible: the data is gone" in said
    assert "1 migration irreversible, proven up" in said


@pytest.mark.parametrize("form", PEOPLE)
def test_the_real_target_is_told_with_who_would_keep_a_lock_waiting(form):
    around = Surroundings(
        place="shop on db.example",
        weights=[Weight(relation="public.orders", rows=5_000_000, size_bytes=41 << 30, writes_per_s=119.6)],
        long_transactions=[
            LongTransaction(pid=77, user="bi", application="report <nightly>", age_s=3725.0, state="active")
        ],
        replicas=["replica-1, 2 s behind"],
    )
    lock = TableLock("public.orders", LockMode.ACCESS_EXCLUSIVE)
    said = rendered([verification(statement("ALTER TABLE …", locks=(lock,)), around=around)], form)
    assert "public.orders (41 GB, 120 writes/s)" in said
    assert "pid 77" in said
    assert "open for 62 min 5 s: a lock of ours waits for it" in " ".join(said.split())
    assert "replica-1, 2 s behind" in said
    assert ("report <nightly>" in said) is (form == "text")


def test_a_page_of_several_databases_has_a_part_for_each():
    page = rendered([verification(name="one"), verification(name="two")], "html")
    assert '<h2 id="d1">one</h2>' in page
    assert '<h2 id="d2">two</h2>' in page
    assert "<title>Database change: one, two</title>" in page


@pytest.mark.parametrize("form", PEOPLE)
def test_where_there_is_nothing_to_rehearse_it_is_said(form):
    nothing = Verification(database="shop", server_version=0, replayed=0, rehearsals=())
    page = rendered([nothing], form)
    assert "othing to rehearse" in page
    assert "o scratch database was needed" in page
    assert "PostgreSQL 0" not in page
