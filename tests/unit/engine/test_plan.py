"""Plans are decided from values: files and history in, steps or a refusal out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.history.order import in_order
from runner.engine.history.state import Applied, Server, State
from runner.engine.plan import Action, EditedError, Situation, compare, plan_apply, plan_rollback, remaining
from runner.errors import CheckError, FileError, UsageError
from runner.files.migrations.migration import Kind, Migration, Script

START = datetime(2026, 1, 1, tzinfo=UTC)
SERVER = Server(
    version_num=150000,
    in_recovery=False,
    read_only=False,
    database="d",
    role="r",
    is_superuser=False,
    backend_pid=1,
)


def script(name: str, text: str) -> Script:
    return Script(
        path=Path(name),
        label=name,
        text=text,
        checksum=f"sum of {text}",
        size_bytes=len(text),
        transactional=True,
    )


def file(
    id_: str, *depends: str, text: str | None = None, kind: Kind = Kind.VERSIONED, undo: bool = True
) -> Migration:
    return Migration(
        id=id_,
        kind=kind,
        apply=script(f"{id_}.sql", text or f"make {id_}"),
        rollback=script(f"{id_}.rollback.sql", f"undo {id_}") if undo else None,
        depends=depends,
    )


def history(*ids: str, **texts: str) -> State:
    applied = {
        id_: Applied(
            id=id_,
            applied_at=START + timedelta(seconds=n),
            checksum=f"sum of {texts.get(id_, f'make {id_}')}",
        )
        for n, id_ in enumerate(ids)
    }
    return State(server=SERVER, applied=applied)


def ids(plan) -> list[str]:
    return [step.id for step in plan.steps]


@pytest.mark.parametrize(
    ("files", "applied", "pending"),
    [
        pytest.param(["1", "2"], [], ["1", "2"], id="fresh database"),
        pytest.param(["1", "2"], ["1"], ["2"], id="one to go"),
        pytest.param(["1"], ["1"], [], id="up to date"),
        pytest.param(["1"], ["1", "2"], [], id="an older image"),
    ],
)
def test_plan_holds_what_history_lacks(files, applied, pending):
    assert ids(plan_apply([file(id_) for id_ in files], history(*applied))) == pending


def test_what_a_limit_leaves_is_counted():
    files = [file("1"), file("2"), file("3")]
    limited = plan_apply(files, history(), steps=1)
    assert (ids(limited), limited.left) == (["1"], 2)
    stopped = plan_apply(files, history("1"), to="2")
    assert (ids(stopped), stopped.left) == (["2"], 1)


def test_a_stop_that_several_ids_fit_is_refused():
    with pytest.raises(UsageError, match='"00" fits 2 migrations'):
        plan_apply([file("001"), file("002")], history(), to="00")


def test_hooks_run_last_and_only_when_something_was_applied():
    files = [file("post-apply", kind=Kind.HOOK), file("1")]
    assert ids(plan_apply(files, history())) == ["1", "post-apply"]
    assert ids(plan_apply(files, history("1"))) == []
    assert ids(plan_apply([*files, file("2")], history("1"), steps=1)) == ["2", "post-apply"]


def test_a_hook_waits_until_nothing_is_left():
    files = [file("post-apply", kind=Kind.HOOK), file("1"), file("2")]
    assert ids(plan_apply(files, history(), steps=1)) == ["1"]


def test_a_changed_repeatable_comes_again_in_its_place():
    files = [file("f", text="new", kind=Kind.REPEATABLE), file("1"), file("2")]
    plan = plan_apply(files, history("f", "1", f="old"))
    assert [(s.action, s.id) for s in plan.steps] == [(Action.REAPPLY, "f"), (Action.APPLY, "2")]


def test_a_file_that_yoyo_applied_has_no_checksum_to_differ_from():
    state = State(server=SERVER, applied={"1": Applied(id="1", applied_at=START)})
    assert ids(plan_apply([file("1", text="anything")], state)) == []


def test_an_edited_file_is_refused_before_anything_else():
    with pytest.raises(EditedError, match="1 was edited after it had been applied") as caught:
        plan_apply([file("1", text="edited"), file("2")], history("1"))
    caught.value.note_difference("make 1")
    assert caught.value.notes[-2:] == ["-make 1", "+edited"]


def test_below_the_newest_counts_in_the_order_of_running():
    late_on_purpose = [file("1"), file("2", "3"), file("3")]
    assert ids(plan_apply(late_on_purpose, history("1", "3"))) == ["2"]
    with pytest.raises(CheckError, match="2 is out of order: 3 is applied already"):
        plan_apply([file("1"), file("2"), file("3")], history("1", "3"))


def test_a_new_repeatable_is_never_out_of_order():
    assert ids(plan_apply([file("f", kind=Kind.REPEATABLE), file("1")], history("1"))) == ["f"]


def test_rollback_goes_by_history_not_by_name():
    files = [file("1"), file("2"), file("3")]
    assert ids(plan_rollback(files, history("1", "3", "2"), steps=2)) == ["2", "3"]


@pytest.mark.parametrize(
    ("seconds", "numbers", "is_certain"),
    [
        pytest.param((0, 1, 2), (1, None, 2), True, id="as the clock says"),
        pytest.param((0, 1, 1), (1, None, 2), False, id="the same moment"),
        pytest.param((5, 3, 2), (1, None, 2), False, id="the clock went back before ours"),
        pytest.param((5, 1, 2), (1, None, 2), True, id="in doubt is not the newest"),
        pytest.param((5, 2, 1), (1, 2, None), False, id="the clock went back before yoyo's"),
        pytest.param((0, 5, 2), (1, 2, None), False, id="the files say otherwise"),
        pytest.param((0, 5, 2), (1, 2, 3), True, id="all are numbered"),
        pytest.param((0, 1, 2), (None, None, None), True, id="all are yoyo's"),
    ],
)
def test_where_only_yoyos_clock_tells_the_order_a_rollback_asks_how_far(seconds, numbers, is_certain):
    entries = [
        Applied(id=id_, applied_at=START + timedelta(seconds=at), first_run=number, last_run=number)
        for id_, at, number in zip("abc", seconds, numbers, strict=True)
    ]

    # as applied.sql orders them
    def key(e: Applied) -> tuple[int, bool, datetime]:
        earlier = [o.first_run or 0 for o in entries if o.applied_at <= e.applied_at]
        return (e.first_run or max(earlier, default=0), e.first_run is None, e.applied_at)

    state = State(server=SERVER, applied={e.id: e for e in sorted(entries, key=key)})
    files = [file(id_) for id_ in "abc"]
    if is_certain:
        assert ids(plan_rollback(files, state)) == ["c"]
        return
    with pytest.raises(CheckError, match="it is not certain whether") as caught:
        plan_rollback(files, state)
    assert "Nothing was rolled back." in (caught.value.detail or "")
    assert "not certain" in plan_rollback(files, state, steps=1).warnings[0]
    assert plan_rollback(files, state, everything=True).warnings == ()


def test_what_depends_on_another_goes_before_it():
    files = [file("f", "2", kind=Kind.REPEATABLE), file("1"), file("2")]
    assert ids(plan_rollback(files, history("1", "f", "2"), everything=True)) == ["f", "2", "1"]
    assert ids(plan_rollback(files, history("1", "f", "2"))) == ["f"]


def test_a_rollback_without_sql_names_the_way_out():
    with pytest.raises(CheckError) as caught:
        plan_rollback([file("1", undo=False)], history("1"))
    assert "irreversible: reason" in (caught.value.hint or "")


def test_a_cycle_is_shown_as_one():
    with pytest.raises(FileError, match="circular dependency: a → b → c → a"):
        in_order([file("a", "b"), file("b", "c"), file("c", "a"), file("d")])


def test_each_situation_is_told():
    files = [
        file("f", text="new", kind=Kind.REPEATABLE),
        file("1", text="edited"),
        file("2"),
        file("3"),
        file("4"),
    ]
    found = compare(files, history("f", "1", "gone", "3", f="old"))
    assert {s.id: s.situation for s in found.standings} == {
        "gone": Situation.MISSING,
        "f": Situation.OUTDATED,
        "1": Situation.EDITED,
        "2": Situation.OUT_OF_ORDER,
        "3": Situation.APPLIED,
        "4": Situation.PENDING,
    }


@st.composite
def file_sets(draw):
    """Files with dependencies in any direction, without cycles."""
    count = draw(st.integers(min_value=1, max_value=9))
    rank = draw(st.permutations(range(count)))
    made = []
    for n in range(count):
        lower = [f"m{other}" for other in range(count) if rank[other] < rank[n]]
        depends = draw(st.lists(st.sampled_from(lower), unique=True, max_size=3)) if lower else []
        made.append(file(f"m{n}", *depends))
    return made


@given(file_sets())
def test_our_order_is_yoyos(files):
    from yoyo.topologicalsort import topological_sort

    graph = {m.id: set(m.depends) for m in files}
    assert [m.id for m in in_order(files)] == list(topological_sort([m.id for m in files], graph))


@given(file_sets(), st.data())
def test_any_run_of_plans_ends_with_every_file_applied_once_after_what_it_needs(files, data):
    done: list[str] = []
    while True:
        plan = plan_apply(files, history(*done), steps=data.draw(st.integers(1, 3)), allow_out_of_order=True)
        if not plan.steps:
            break
        done += ids(plan)
    assert sorted(done) == sorted(m.id for m in files)
    for migration in files:
        assert all(done.index(name) < done.index(migration.id) for name in migration.depends)


@given(file_sets(), st.data())
def test_any_run_of_rollbacks_undoes_each_file_once_and_none_that_another_still_needs(files, data):
    applied = ids(plan_apply(files, history(), allow_out_of_order=True))
    while applied:
        gone = ids(plan_rollback(files, history(*applied), steps=data.draw(st.integers(1, 3))))
        assert gone
        for id_ in gone:
            applied.remove(id_)  # fails for one that was gone already
            assert not any(id_ in m.depends for m in files if m.id in applied)


@given(file_sets(), st.data())
def test_a_rollback_of_some_is_the_beginning_of_a_rollback_of_all(files, data):
    applied = ids(plan_apply(files, history(), allow_out_of_order=True))
    everything = ids(plan_rollback(files, history(*applied), everything=True))
    assert sorted(everything) == sorted(applied)
    steps = data.draw(st.integers(1, len(applied)))
    assert ids(plan_rollback(files, history(*applied), steps=steps)) == everything[:steps]
    kept = data.draw(st.sampled_from(everything))
    assert ids(plan_rollback(files, history(*applied), to=kept)) == everything[: everything.index(kept)]


@given(file_sets(), st.data())
def test_what_remains_of_an_interrupted_plan_is_what_history_lacks(files, data):
    plan = plan_apply(files, history(), allow_out_of_order=True)
    done = data.draw(st.integers(0, len(plan.steps)))
    assert ids(remaining(plan, history(*ids(plan)[:done]))) == ids(plan)[done:]
    undo = plan_rollback(files, history(*ids(plan)), everything=True)
    left = [id_ for id_ in ids(plan) if id_ not in ids(undo)[:done]]
    assert ids(remaining(undo, history(*left))) == ids(undo)[done:]


def test_a_dependent_that_is_to_run_again_is_not_done_before_it_did():
    base = file("vw_b", text="new", kind=Kind.REPEATABLE)
    dependent = file("vw_a", "vw_b", kind=Kind.REPEATABLE)
    entries = {
        "vw_b": Applied(id="vw_b", applied_at=START, checksum="sum of old", first_run=1, last_run=1),
        "vw_a": Applied(id="vw_a", applied_at=START, checksum=dependent.checksum, first_run=2, last_run=2),
    }
    plan = plan_apply([base, dependent], State(server=SERVER, applied=entries))
    assert [step.id for step in plan.steps] == ["vw_b", "vw_a"]
    entries["vw_b"] = entries["vw_b"]._replace(checksum=base.checksum, last_run=3)
    half_way = State(server=SERVER, applied=entries)
    assert [step.id for step in remaining(plan, half_way).steps] == ["vw_a"]
    assert [step.id for step in plan_apply([base, dependent], half_way).steps] == ["vw_a"]
    entries["vw_a"] = entries["vw_a"]._replace(last_run=4)
    done = State(server=SERVER, applied=entries)
    assert remaining(plan, done).steps == plan_apply([base, dependent], done).steps == ()
