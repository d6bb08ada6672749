"""What a person sees while a statement waits or runs long."""

from __future__ import annotations

import io
import re

import pytest

from runner.events import Holder, Over, Progress, Running, Unseen, Waiting
from runner.progress.live import Lines, Screen, sights
from runner.progress.sightings import age, blockers, head, progress_words
from runner.report.terminal import Style

ALICE = Holder(
    pid=4711,
    user="alice",
    application="psql",
    state="idle in transaction",
    transaction_age_s=725.9,
    statement="UPDATE app.orders SET total = ? WHERE id = ?",
)
WAITING = Waiting(
    what="0007_orders_total",
    waited_s=12.7,
    kind="relation",
    mode="ACCESS EXCLUSIVE",
    wanted="app.orders",
    holders=(ALICE,),
    queued_behind=5,
)
BUILDING = Progress(
    command="CREATE INDEX CONCURRENTLY",
    relation="app.orders",
    phase="building index: scanning table",
    done=12_345,
    total=27_432,
)
RUNNING = Running(what="0008_orders_customer_id_idx", elapsed_s=20.0, progress=BUILDING)


def lines_of(sighting) -> list[str]:
    found = head(sighting, Style())
    if isinstance(sighting, Waiting):
        found += blockers(sighting, Style())
    return [line.rstrip() for line in found]


def test_a_wait_tells_what_for_who_blocks_and_who_waits_behind():
    assert lines_of(WAITING) == [
        "  waiting      0007_orders_total                                 12 s",
        "    for ACCESS EXCLUSIVE on app.orders; 5 sessions wait behind us",
        "    blocked by pid 4711 (alice, psql), idle in transaction, open for 12 min 5 s",
        "      UPDATE app.orders SET total = ? WHERE id = ?",
    ]
    assert all(len(line) <= 80 for line in lines_of(WAITING))


@pytest.mark.parametrize(
    ("holder", "line"),
    [
        pytest.param(
            ALICE._replace(statement=None, state=None, transaction_age_s=None),
            "    blocked by pid 4711 (alice, psql); our role may not see what it does",
            id="no privilege",
        ),
        pytest.param(
            Holder(pid=7, background="autovacuum worker", state="active", transaction_age_s=3, statement="x"),
            "    blocked by pid 7 (autovacuum worker), active, open for 3 s",
            id="autovacuum",
        ),
        pytest.param(
            Holder(pid=None, prepared="gid", user="alice", transaction_age_s=90_000),
            '    blocked by the prepared transaction "gid" of alice, prepared 1 d 1 h ago',
            id="prepared transaction",
        ),
        pytest.param(
            ALICE._replace(waits_for=(4712, 4713)),
            "    behind pid 4711 (alice, psql), which waits for pid 4712, 4713",
            id="waits itself",
        ),
        pytest.param(
            ALICE._replace(direct=False),
            "    in the end by pid 4711 (alice, psql), idle in transaction, open for 12 min 5 s",
            id="root of the chain",
        ),
        pytest.param(
            Holder(pid=7, statement="", application="app"),
            "    blocked by pid 7 (app)",
            id="a session that just came",
        ),
        pytest.param(
            Holder(pid=7), "    blocked by pid 7; our role may not see what it does", id="gone again"
        ),
    ],
)
def test_a_holder_is_told_as_far_as_it_is_known(holder, line):
    assert lines_of(WAITING._replace(holders=(holder,)))[2] == line


def test_of_many_holders_three_are_told():
    many = tuple(ALICE._replace(pid=pid, statement=None, prepared="x") for pid in range(1, 6))
    assert lines_of(WAITING._replace(holders=many))[-1] == "    and by 2 more sessions"


@pytest.mark.parametrize(
    ("kind", "wanted", "line"),
    [
        ("relation", None, "    for ACCESS EXCLUSIVE on something that has no name yet"),
        ("object", "schema app", "    for ACCESS EXCLUSIVE on schema app"),
        ("advisory", "77", "    for advisory lock 77"),
        ("transactionid", None, "    for a transaction to end that changed the same row or key"),
        ("virtualxid", None, "    for older transactions to end"),
        ("tuple", "app.orders", "    for a tuple of app.orders"),
    ],
)
def test_what_is_waited_for_is_said_in_words(kind, wanted, line):
    assert lines_of(WAITING._replace(kind=kind, wanted=wanted, queued_behind=0))[1] == line


def test_an_index_that_waits_for_old_snapshots_says_for_how_many():
    progress = BUILDING._replace(phase="waiting for old snapshots", done=1, total=3, unit="transactions")
    waiting = WAITING._replace(kind="virtualxid", wanted=None, queued_behind=1, progress=progress)
    assert lines_of(waiting)[1] == "    for older transactions to end, 1 of 3 did; 1 session waits behind us"


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (BUILDING, " 45 %  building index: scanning table, 12,345 of 27,432 blocks"),
        (BUILDING._replace(done=27_432), "100 %  building index: scanning table, 27,432 of 27,432 blocks"),
        (BUILDING._replace(total=None), "building index: scanning table, 12,345 blocks"),
        (BUILDING._replace(done=0, total=None), "building index: scanning table"),
        (
            BUILDING._replace(unit="bytes", done=3 << 20, total=5 << 20),
            " 60 %  building index: scanning table, 3 of 5 MiB",
        ),
    ],
)
def test_progress_has_as_much_as_the_server_tells(progress, words):
    assert progress_words(progress) == words


def test_what_cannot_be_seen_says_why():
    assert lines_of(Unseen(what="0001_a", elapsed_s=31, reason="too many connections")) == [
        "  running      0001_a                                            31 s",
        "    nothing can be seen of it: too many connections",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3_600, "1 h 0 min"), (90_061, "1 d 1 h")],
)
def test_ages_are_whole(seconds, said):
    assert age(seconds) == said


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_waits_are_told_at_once_and_every_five_seconds():
    said: list[str] = []
    clock = Clock()
    lines = Lines(said.append, Style(), clock=clock)
    for clock.now in range(1, 12):
        lines.show(WAITING._replace(waited_s=clock.now))
    assert [line[-4:] for line in said if "waiting" in line] == [" 1 s", " 6 s", "11 s"]
    assert sum("blocked by" in line for line in said) == 1
    clock.now += 5
    lines.show(WAITING._replace(holders=(ALICE._replace(pid=1),)))
    assert said[-2].startswith("    blocked by pid 1")
    lines.show(Over(what=WAITING.what))
    lines.show(WAITING)
    assert sum("blocked by" in line for line in said) == 3


def test_without_a_terminal_what_runs_is_told_every_ten_seconds():
    said: list[str] = []
    clock = Clock()
    lines = Lines(said.append, Style(), clock=clock)
    for clock.now in range(1, 25):
        lines.show(RUNNING._replace(elapsed_s=clock.now))
    assert said == [
        line
        for at in (10, 20)
        for line in (
            f"  running      0008_orders_customer_id_idx                       {at} s",
            "    CREATE INDEX CONCURRENTLY on app.orders",
            "    45 %  building index: scanning table, 12,345 of 27,432 blocks",
        )
    ]


class Terminal(io.StringIO):
    """Keeps what is written, and knows what a person would see of it."""

    def isatty(self) -> bool:
        return True

    def glass(self) -> list[str]:
        rows, row = [""], 0
        for code, text in re.findall(r"(\x1b\[[?\d;]*[a-zA-Z]|[\r\n])|([^\x1b\r\n]+)", self.getvalue()):
            if code == "\n":
                row += 1
                rows += [""] * (row == len(rows))
            elif code.endswith("A"):
                row -= int(code[2:-1])
            elif code == "\x1b[2K":
                rows[row] = ""
            elif text:
                rows[row] += text
        return [line.rstrip() for line in rows if line.strip()]


@pytest.mark.parametrize("colour", [True, False], ids=["colour", "plain"])
def test_a_terminal_is_rewritten_and_left_clean(monkeypatch, colour):
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    screen = Screen(terminal, lambda line: terminal.write(f"{line}\n"), Style(colour=colour))
    screen.show(WAITING)
    assert terminal.glass() == lines_of(WAITING)
    screen.show(WAITING._replace(waited_s=13.7, queued_behind=0))
    assert terminal.glass() == lines_of(WAITING._replace(waited_s=13.7, queued_behind=0))
    assert ("\x1b[33m" in terminal.getvalue()) is colour
    screen.show(Over(what=WAITING.what))
    assert terminal.glass() == []
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h") == 1


def test_a_long_command_has_a_bar(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    screen = Screen(terminal, terminal.write, Style())
    screen.show(RUNNING)
    assert terminal.glass() == [
        *lines_of(RUNNING),
        "    ━━━━━         45 %  building index: scanning table, 12,345 of 27,432 blocks",
    ]
    screen.show(RUNNING._replace(progress=BUILDING._replace(total=None)))
    assert terminal.glass()[-1] == "    building index: scanning table, 12,345 blocks"


def test_lines_are_cut_where_the_terminal_ends(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    screen = Screen(terminal, terminal.write, Style())
    screen.show(WAITING)
    screen.show(RUNNING)
    assert all(len(line) <= 40 for line in terminal.glass())
    assert terminal.glass()[-1].endswith("…")


def test_what_is_said_meanwhile_stays(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    screen = Screen(terminal, lambda line: terminal.write(f"{line}\n"), Style())
    screen.show(WAITING)
    screen.say("  notice: hello")
    assert terminal.glass() == ["  notice: hello"]
    screen.show(WAITING)
    assert terminal.glass() == ["  notice: hello", *lines_of(WAITING)]
    screen.show(Over(what=WAITING.what))
    assert terminal.glass() == ["  notice: hello"]


def test_nothing_is_drawn_where_nothing_is_seen():
    terminal = Terminal()
    Screen(terminal, terminal.write, Style()).show(Over(what="0001_a"))
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("stream", "environ", "kind"),
    [
        (Terminal(), {}, Screen),
        (Terminal(), {"NO_COLOR": "1"}, Screen),
        (Terminal(), {"CI": "true"}, Lines),
        (Terminal(), {"TERM": "dumb"}, Lines),
        (io.StringIO(), {}, Lines),
    ],
)
def test_only_a_terminal_that_somebody_watches_is_rewritten(stream, environ, kind):
    assert type(sights(stream, environ, lambda _: None)) is kind
