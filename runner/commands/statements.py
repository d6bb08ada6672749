"""`runner statements`: write the statements that an application sends, as pg_stat_statements has counted them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import floor, log10
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from runner import atomic_write
from runner.errors import ConfigurationError, Location
from runner.events import Emit
from runner.files.migrations.git import texts_at
from runner.files.migrations.layout import Layout, find_layouts, which_of
from runner.files.named_statements import NamedStatement, find, read, told_apart
from runner.files.sqltext.tokens import keywords, tokens, without_comments
from runner.report.terminal import Style
from runner.review.verify.statement_plans import not_planned
from runner.server import connection
from runner.session.session import explained
from runner.settings import Settings
from runner.wording import counted, shortened

_WHERE = """
SELECT n.nspname::text FROM pg_catalog.pg_extension AS e INNER JOIN pg_catalog.pg_namespace AS n ON e.extnamespace = n.oid
WHERE e.extname = 'pg_stat_statements'
"""
_COUNTED = """
SELECT s.query, sum(s.calls)::float8, sum(s.total_exec_time)::float8 / greatest(sum(s.calls), 1),
    sum(s.calls / greatest(
        extract(EPOCH FROM pg_catalog.now() - coalesce((pg_catalog.to_jsonb(s) ->> 'stats_since')::timestamptz, i.stats_reset)) / 3600, 1
    ))::float8
FROM {schema}.pg_stat_statements AS s CROSS JOIN {schema}.pg_stat_statements_info AS i
INNER JOIN pg_catalog.pg_database AS d ON s.dbid = d.oid
WHERE d.datname = pg_catalog.current_database() AND s.toplevel AND s.calls > 0
GROUP BY s.query
"""
_INFO = "SELECT dealloc, pg_catalog.current_setting('pg_stat_statements.track') FROM {schema}.pg_stat_statements_info"
_HIDDEN = "<insufficient privilege>"
_OF_THE_SERVER = re.compile(
    r"\bpg_catalog\.|\b(?:FROM|JOIN)\s+(?:information_schema\.|\"?pg_)", re.IGNORECASE
)
_OF_RUNNER = re.compile(r"\b(?:_runner_(?:migration|journal)|_yoyo_(?:migration|log|version)|yoyo_lock)\b")
_FEW_DIGITS = 4  # ORDER BY 2, numeric(10, 2) and the like are no values
_BEFORE_TABLE = frozenset({"FROM", "INTO", "UPDATE", "USING"})
_INSTALL = (
    "Load the library and create the extension: shared_preload_libraries = 'pg_stat_statements', a restart, then "
    "CREATE EXTENSION pg_stat_statements. Or write the file by hand, each statement behind a line: -- name: get_user :one"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The statements that one server has counted for one database."""

    database: str
    place: str
    statements: tuple[NamedStatement, ...]
    left_out: Mapping[str, int]  # why, and how many
    unseen: tuple[str, ...]  # what the server does not show, in words
    path: str | None = None  # the file that was written
    changed: bool = False
    removed: tuple[str, ...] = ()  # that the file had, and the server has not counted


def collect(settings: Settings, *, output: Path | None, emit: Emit) -> Collected:
    """Read the statements of one database, and write them to a file if one is named; names in it are kept.

    Raises: ConfigurationError where the project has several databases and none is named, without pg_stat_statements,
    and where nothing is counted; as `find`.
    """
    layouts = find_layouts(settings)
    if len(layouts) > 1:
        raise which_of((layout.title for layout in layouts), "Nothing was written.")
    known = find(output, settings.label(output)) if output is not None and output.is_file() else []
    found = of_target(settings, layouts[0], known, emit=emit)
    if not found.statements:
        raise ConfigurationError(
            f"{found.place} shows no statement of an application",
            detail="\n".join((*(f"Not seen: {what}." for what in found.unseen), "Nothing was written.")),
            hint="Ask the server that serves the application, after it has been at work for a while.",
        )
    if output is None:
        return found
    before = output.read_text("utf-8") if output.is_file() else None
    text = rendered(found)
    if text != before:
        atomic_write.write(output, text, parents=True)
    counted_now = {statement.name for statement in found.statements}
    removed = tuple(statement.name for statement in known if statement.name not in counted_now)
    return replace(found, path=settings.label(output), changed=text != before, removed=removed)


def of_target(
    settings: Settings, layout: Layout, known: Sequence[NamedStatement] = (), *, emit: Emit
) -> Collected:
    """Return what the target's server has counted; `known` statements keep their names. Only reads, and needs no history.

    Raises: ConfigurationError where pg_stat_statements is not there.
    """
    target = connection.locate(settings, layout.name, only=True, emit=emit)
    place = f"{target.name} on {target.address}"
    with explained(target), closing(connection.connect(target, limits=settings.limits)) as conn:
        return _collected(conn, layout.title, place, known)


def _collected(
    conn: psycopg.Connection[Any], database: str, place: str, known: Sequence[NamedStatement]
) -> Collected:
    row = conn.execute(_WHERE).fetchone()
    if row is None:
        raise ConfigurationError(f"{place} has no pg_stat_statements", hint=_INSTALL)
    schema = sql.Identifier(str(row[0]))
    try:
        rows = conn.execute(sql.SQL(_COUNTED).format(schema=schema)).fetchall()
        info = conn.execute(sql.SQL(_INFO).format(schema=schema)).fetchone()
    except psycopg.errors.ObjectNotInPrerequisiteState as error:
        raise ConfigurationError("the server has not loaded pg_stat_statements", hint=_INSTALL) from error
    dealloc, track = info if info is not None else (0, "top")
    names = {_essence(statement.sql): statement.name for statement in known}
    statements: dict[str, NamedStatement] = {}
    left_out: Counter[str] = Counter()
    for text, _, mean_ms, per_hour in rows:
        if text == _HIDDEN:
            left_out["of other roles"] += 1
            continue
        clean = _without_literals(without_comments(text).strip().rstrip(";").strip())
        why = _left_out(clean)
        if why is not None:
            left_out[why] += 1
            continue
        name = names.get(_essence(clean)) or _name(clean)
        statements[name] = NamedStatement(
            name=name,
            kind=_kind(clean),
            sql=clean,
            where=Location(place),
            calls_per_hour=_rounded(per_hour),
            mean_ms=_rounded(mean_ms),
        )
    return Collected(
        database=database,
        place=place,
        statements=tuple(statements[name] for name in sorted(statements)),
        left_out=dict(left_out),
        unseen=tuple(_unseen(left_out, int(dealloc), str(track))),
    )


def _unseen(left_out: Mapping[str, int], dealloc: int, track: str) -> Iterator[str]:
    if left_out.get("of other roles"):
        yield "statements of other roles, without GRANT pg_read_all_stats TO the role that reads"
    if dealloc:
        yield f"statements that the server has dropped {counted(dealloc, 'time')} for room; pg_stat_statements.max gives it more"
    if track == "none":
        yield "any new statement, as pg_stat_statements.track is none"


def _left_out(text: str) -> str | None:
    """Return why a statement is none of the application's that could be planned."""
    words = keywords(text)
    if words and not_planned(text) is not None:
        return "that the server does not plan, such as SET and BEGIN"
    if _OF_THE_SERVER.search(text):
        return "about the server's own catalog"
    if _OF_RUNNER.search(text):
        return "of runner"
    return None


def _without_literals(text: str) -> str:
    """Return a statement with a parameter in the place of each literal that it still has."""
    highest = max((int(n) for n in re.findall(r"\$(\d+)", text)), default=0)
    pieces, at = [], 0
    found = list(tokens(text))
    for before, token in zip((None, *found), found, strict=False):
        is_parameter = before is not None and before.text == "$" and token.kind == "number"
        is_small = token.kind == "number" and len(token.text) <= _FEW_DIGITS
        if token.kind not in {"string", "number", "escape", "dollar"} or is_parameter or is_small:
            continue
        highest += 1
        pieces += [text[at : token.start], f"${highest}"]
        at = token.start + len(token.text)
    return "".join((*pieces, text[at:]))


def _essence(text: str) -> str:
    return " ".join(text.split())


def _name(text: str) -> str:
    """Return a name that the same text always gets: select_orders_3fa2c1."""
    words = [token.text for token in tokens(text) if token.kind in {"word", "name"} or token.text == "."]
    verb = next((word.lower() for word in words), "statement")
    start = next((n + 1 for n, word in enumerate(words) if word.upper() in _BEFORE_TABLE), len(words))
    while words[start + 1 : start + 2] == ["."]:
        start += 2
    table = re.sub(r"\W+", "_", "".join(words[start : start + 1])).strip("_").lower()
    digest = hashlib.sha256(_essence(text).encode()).hexdigest()[:6]
    return "_".join(filter(None, (verb, table, digest)))


def _kind(text: str) -> str:
    words = keywords(text)
    return "many" if words[:1] in (["SELECT"], ["VALUES"], ["TABLE"]) or "RETURNING" in words else "exec"


def _rounded(number: float) -> float:
    """Return one significant digit, so that the file changes only where the load does."""
    return 0.0 if number <= 0 else round(number, -floor(log10(number)))


def rendered(found: Collected) -> str:
    """Return the file: the same for the same statements."""
    blocks = [
        "-- The statements that the application sends, written by runner statements from pg_stat_statements. Names may be changed."
    ]
    for statement in found.statements:
        calls, mean = statement.calls_per_hour or 0.0, statement.mean_ms or 0.0
        blocks.append(
            f"-- name: {statement.name} :{statement.kind}\n-- calls: {calls:,.15g} an hour, mean {mean:,.15g} ms\n{statement.sql};"
        )
    return "\n\n".join(blocks) + "\n"


def text(result: Collected, style: Style) -> Iterator[str]:
    """Yield what was collected."""
    if result.path is None:
        yield from rendered(result).rstrip("\n").splitlines()
        return
    said = "written" if result.changed else "unchanged"
    yield f"{style(result.database, 'bold')}  {style(result.place, 'dim')}"
    yield f"  {result.path}  {style(said, 'green')}  {counted(len(result.statements), 'statement')}"
    if result.removed:
        yield "  " + style(
            f"removed, as the server has not counted it: {shortened(result.removed)}", "yellow"
        )
    for why, count in sorted(result.left_out.items()):
        yield f"  left out: {counted(count, 'statement')} {why}"
    for what in result.unseen:
        yield "  " + style(f"not seen: {what}", "yellow")


def as_json(result: Collected) -> dict[str, Any]:
    """Return what was collected."""
    return {
        "database": result.database,
        "path": result.path,
        "changed": result.changed,
        "removed": list(result.removed),
        "left_out": dict(result.left_out),
        "unseen": list(result.unseen),
        "statements": [
            {
                "name": s.name,
                "kind": s.kind,
                "sql": s.sql,
                "calls_per_hour": s.calls_per_hour,
                "mean_ms": s.mean_ms,
            }
            for s in result.statements
        ],
    }


def statements_from(
    source: str | None, layout: Layout, settings: Settings, emit: Emit
) -> tuple[str, list[NamedStatement]]:
    """Return the statements that `verify` plans, and where they come from: target, git:REVISION:PATH, or a path.

    Without a source it is what the project keeps for the database in sql/statements/, if it keeps any.

    Raises: UsageError for a revision that git does not have; FileError for a file that cannot be read; as `of_target`.
    """
    if source == "target":
        found = of_target(settings, layout, emit=emit)
        return found.place, list(found.statements)
    if source is not None and source.startswith("git:"):
        revision, _, path = source.removeprefix("git:").partition(":")
        place = path or settings.label(own_statements(layout) or _folder(layout))
        texts = texts_at(revision, place, project=settings.project)
        found_there = [s for label, content in texts for s in read(content, label)]
        return source, told_apart(found_there)
    kept = own_statements(layout) if source is None else settings.project / source
    if kept is None:
        return "", []
    return settings.label(kept), find(kept, settings.label(kept))


def _folder(layout: Layout) -> Path:
    return layout.snapshot.parent.parent / "statements"


def own_statements(layout: Layout) -> Path | None:
    """Return the file or folder with the statements of a database, if the project keeps one."""
    folder = _folder(layout)
    places = (folder / f"{layout.title}.sql", folder / layout.title)
    return next((place for place in places if place.exists()), None)
