"""What a migration does to the statements of the application that is running. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.errors import Location
from runner.files.named_statements import NamedStatement
from runner.review.lint.rule import Rule
from runner.review.lint.rules import statements as rules
from runner.review.verify.hazards import Hazard, Matter
from runner.review.verify.statement_plans import Plan
from runner.wording import counted, is_or_are, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What one statement of a migration, or a rollback, does to one of an application's statements."""

    rule: Rule
    statement: NamedStatement
    message: str
    detail: str | None = None
    number: int = 0  # of the migration's statement; 0: of the file
    where: Location


def breaks(
    statements: Sequence[NamedStatement],
    before: Mapping[str, Plan],
    after: Mapping[str, Plan],
    *,
    where: Location,
    number: int = 0,
    way: str = "",
) -> Iterator[Break]:
    """Yield what is worse after a change than before it; `way` begins each message, as "after its rollback "."""
    for statement in statements:
        was, now = before.get(statement.name), after.get(statement.name)
        if was is None or now is None or not was.works:
            continue
        for rule, message, detail in _of(statement, was, now):
            yield Break(
                rule=rule,
                statement=statement,
                message=f"{way}{message}",
                detail=detail,
                where=where,
                number=number,
            )


def _of(statement: NamedStatement, was: Plan, now: Plan) -> Iterator[tuple[Rule, str, str | None]]:
    name = statement.name
    if now.error is not None:
        yield rules.BREAKS_STATEMENT, f"{name} fails: {now.error}", f"SQLSTATE {now.sqlstate}."
        return
    unnamed = sorted(now.unnamed - was.unnamed)
    if unnamed:
        message = f"{name} leaves {listed(unnamed)} NULL, which {is_or_are(len(unnamed))} refused"
        yield rules.BREAKS_STATEMENT, message, "SQLSTATE 23502 or 23514, at every row."
        return
    if [(c.name, c.type) for c in was.columns] != [(c.name, c.type) for c in now.columns]:
        yield rules.CHANGES_RESULT, f"{name} {_another_result(was, now)}", None
    served = {place for place, _ in now.served}
    gone = was.served - now.indexes  # the planner may choose another way while the index is there
    lost = sorted({place for place, _ in gone if place in now.relations and place not in served})
    if lost:
        yield rules.LOSES_INDEX, f"no index serves {name} on {listed(lost)} any more", None
    policies = sorted(now.policies - was.policies)
    if policies:
        yield rules.NEW_POLICY, f"{name} meets {listed(policies)}", None
    triggers = sorted(now.triggers - was.triggers)
    if triggers:
        yield rules.NEW_TRIGGER, f"{name} fires {listed(triggers)}", None


def _another_result(was: Plan, now: Plan) -> str:
    old, new = [column.name for column in was.columns], [column.name for column in now.columns]
    if old == new:
        changed = [
            f"{b.name} as {b.shown}, {'another type of that name' if a.shown == b.shown else f'not {a.shown}'}"
            for a, b in zip(was.columns, now.columns, strict=True)
            if a.type != b.type
        ]
        return f"returns {listed(changed)}"
    gone, more = [name for name in old if name not in new], [name for name in new if name not in old]
    parts = [
        *([f"no longer returns {listed(gone)}"] if gone else []),
        *([f"returns {counted(len(more), 'column')} more, {listed(more)}"] if more else []),
    ]
    return "; it ".join(parts) or "returns its columns in another order"


def load(statement: NamedStatement) -> str:
    """Return how often the application runs it, as a sentence; empty where that is not known."""
    if statement.calls_per_hour is None:
        return ""
    return f"The release that runs calls it about {statement.calls_per_hour:,.0f} times an hour."


def statement_hazards(found: Sequence[Break]) -> Iterator[Hazard]:
    """Yield the findings: one for each statement and rule."""
    for item in found:
        finding = item.rule.finding(item.message, item.where)
        said = " ".join(filter(None, (item.detail, load(item.statement), item.rule.effect)))
        yield Hazard(
            Matter.STATEMENT, replace(finding, effect=said), item.number, subject=item.statement.name
        )
