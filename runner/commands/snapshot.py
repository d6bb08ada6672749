"""`runner snapshot`: write the schema that the files give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runner import atomic_write
from runner.events import WARNING, Emit, Notice
from runner.files.migrations.layout import Layout
from runner.files.migrations.migration import Migration
from runner.files.sqltext.tokens import SqlSyntaxError
from runner.report.diagram.html_page import drawn
from runner.report.parts import diff_lines
from runner.report.terminal import Style
from runner.schema.catalog.differences import compare_text, unified_diff
from runner.schema.catalog.objects import Catalog
from runner.schema.catalog.render import render as render_catalog
from runner.session.each import Failures
from runner.session.scratch import build, scratch_session
from runner.session.session import read_files
from runner.settings import Settings, is_ignored
from runner.wording import shortened


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One database's snapshot, compared with what is committed."""

    database: str
    path: str
    text: str
    changed: bool
    catalog: Catalog
    diff: str = ""  # from the committed one to the new one


def snapshots(
    settings: Settings, *, write: bool, scratch_url: str | None, emit: Emit
) -> tuple[list[Snapshot], Failures]:
    """Build each database's schema from its files in a scratch database, and write it when `write` is set.

    One whose files fail keeps no other from it; the failures are the caller's to raise, once the others are shown.

    Raises: FileError, ConfigurationError before anything is built.
    """
    results, failures = [], Failures()
    for layout, files in read_files(settings):
        with failures.of(layout.title):
            results.append(_one(settings, layout, files, write=write, scratch_url=scratch_url, emit=emit))
    return results, failures


def _one(
    settings: Settings,
    layout: Layout,
    files: list[Migration],
    *,
    write: bool,
    scratch_url: str | None,
    emit: Emit,
) -> Snapshot:
    with scratch_session(settings, layout, files, url=scratch_url, emit=emit) as session:
        found = build(session, settings, other_owners=True)
    text = render_catalog(found)
    if found.unsupported:
        unseen = list(found.unsupported)
        emit(
            Notice(
                name="snapshot.incomplete",
                message=f"not described by the snapshot: {shortened(unseen)}",
                level=WARNING,
                database=layout.title,
                facts={"not_described": unseen},
            )
        )
    path = layout.snapshot
    label = settings.label(path)
    before = path.read_bytes().decode().replace("\r\n", "\n") if path.exists() else ""
    if write and before != text:
        atomic_write.write(path, text, parents=True)
    return Snapshot(
        database=layout.title,
        path=label,
        text=text,
        catalog=found,
        changed=before != text and (write or not _is_all_ignored(settings, before, found)),
        diff=unified_diff(before, text, f"{label} as committed", "what the files give"),
    )


def _is_all_ignored(settings: Settings, before: str, found: Catalog) -> bool:
    """Return whether the committed snapshot differs only in objects that `--ignore` sets aside."""
    if not settings.ignore:
        return False
    try:
        differences = compare_text(before, found)
    except SqlSyntaxError:
        return False
    return bool(differences) and all(is_ignored(settings.ignore, d.kind, d.identity) for d in differences)


def as_picture(results: Sequence[Snapshot], form: str) -> str:
    """Return the tables as a picture: html, or mermaid for one database.

    Raises: UsageError.
    """
    return drawn({result.database: result.catalog for result in results}, form)


def text(result: Snapshot, style: Style, *, check: bool) -> Iterator[str]:
    """Yield what happened to one snapshot."""
    if not result.changed:
        yield f"{result.path}  {style('current', 'green')}"
    elif check:
        yield f"{result.path}  {style('stale', 'red')}"
        yield from diff_lines(result.diff, style)
    else:
        yield f"{result.path}  {style('written', 'yellow')}"
        yield from diff_lines(result.diff, style)


def as_json(results: Sequence[Snapshot]) -> dict[str, Any]:
    """Return what was written."""
    return {
        "databases": [
            {"database": r.database, "path": r.path, "changed": r.changed, "diff": r.diff} for r in results
        ]
    }
