"""Check the files of each database; nothing is connected to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError, Location, UsageError
from runner.events import Emit, Notice, silent
from runner.files.migrations.git import changed_since, default_branch, edited_since, names_at, unchanged_since
from runner.files.migrations.layout import Layout
from runner.files.migrations.migration import Kind, Migration, Script
from runner.files.migrations.other_tools import refuse_foreign
from runner.report.findings import finding_as_json
from runner.report.findings.github import as_github
from runner.report.findings.junit import as_junit
from runner.report.findings.sarif import as_sarif
from runner.report.terminal import Style
from runner.review.lint import BORROWED, BY_ID, RULES, Base, Finding, Level, fold, lint, schema_of
from runner.review.lint.schema import Schema
from runner.review.lint.squawk import find, run
from runner.session.session import read_files
from runner.settings import CONFIG_FILE, Settings
from runner.wording import counted, nearest

_NEVER_SETTLED = "refused"  # what migrate refuses is applied nowhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """One database's files, checked."""

    database: str
    files: int
    findings: tuple[Finding, ...]
    folded: int = 0  # findings that are reported with another of the same rule
    settled: int = 0  # findings left out, because they are in files that the default branch has
    branch: str | None = None  # the default branch, where it was asked
    is_whole: bool = False  # nothing tells which files may be applied already

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.level is Level.ERROR for finding in self.findings)


def findings(
    settings: Settings,
    *,
    base: str | None = None,
    squawk: bool | None = None,
    levels: Mapping[str, object] | None = None,
    every: bool = False,
    emit: Emit = silent,
) -> list[Linted]:
    """Check every file of each database, or with a `base` revision those that changed since.

    What the default branch has may be applied already, and an applied file is never edited: without a `base`, findings in
    its files are counted only, unless `every` one is asked for; and without `every`, what is broken at many places is reported
    once per file, and what many files have in common once. `squawk`: whether to run it; None: if it is installed.
    `levels` is the table `lint` of runner.toml.

    Raises: FileError for what cannot even be read, and for files of another tool; ConfigurationError for a bad level;
    UsageError when git does not know the base, or squawk is asked for and not there.
    """
    own = project_levels(levels or {}, settings.project)
    program = None if squawk is False else _squawk(emit, is_asked_for=squawk is True)
    found = []
    for layout, files in read_files(settings):
        branch = None if base is None else base_of(base, layout, files, settings.project)
        looked_at = [m for m in files if branch is None or m.id in branch.changed]
        refuse_foreign(looked_at)
        all_of_them = lint(
            files,
            base=branch,
            levels=own,
            borrowed=_borrowed(program, looked_at),
            start=start_of(layout),
        )
        default = None if base is not None or every else default_branch(settings.project)
        settled = _settled(default, files, settings.project)
        shown = [f for f in all_of_them if f.rule == _NEVER_SETTLED or str(f.where.path) not in settled]
        is_whole = base is None and default is None and not every
        told = shown if every else fold(shown, files, whole=is_whole)
        found.append(
            Linted(
                database=layout.title,
                files=len(looked_at),
                findings=tuple(told),
                folded=len(shown) - len(told),
                settled=len(all_of_them) - len(shown),
                branch=default,
                is_whole=is_whole,
            )
        )
    return found


def _settled(branch: str | None, files: Sequence[Migration], project: Path) -> frozenset[str]:
    """Return the files, as people see them, that a branch has unchanged; none where git cannot tell."""
    if branch is None:
        return frozenset()
    labels = {script.path: script.label for migration in files for script in scripts(migration)}
    try:
        return frozenset(labels[path] for path in unchanged_since(branch, labels, project=project))
    except UsageError:  # a shallow clone, a repository without a commit
        return frozenset()


def start_of(layout: Layout) -> Schema | None:
    """Return what the committed snapshot says of the schema; None where there is none that can be read."""
    try:
        return schema_of(layout.snapshot.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def project_levels(table: Mapping[str, object], project: Path) -> Mapping[str, Level]:
    """Read the project's own levels: the table `lint` of runner.toml, by rule.

    Raises: ConfigurationError for an unknown rule or level.
    """
    levels = {}
    for name, value in table.items():
        where = Location(project / CONFIG_FILE)
        if name not in BY_ID:
            hint = nearest(name, list(BY_ID)) or "The rules are listed in docs/lint.md."
            raise ConfigurationError(f'unknown rule "{name}" in [lint]', where=where, hint=hint)
        if value not in [level.value for level in Level]:
            hint = 'Write "error", "warning" or "off".'
            raise ConfigurationError(f'the level of {name} is "{value}"', where=where, hint=hint)
        levels[name] = Level(value)
    return levels


def base_of(revision: str, layout: Layout, files: Sequence[Migration], project: Path) -> Base:
    """Return what a branch started from.

    Raises: UsageError when git does not know the revision.
    """
    folders = [os.path.relpath(source.path, project) for source in layout.sources if not source.repeatable]
    names = names_at(revision, folders, project=project)
    ids = (name.removesuffix(".sql") for name in names if name.endswith(".sql"))
    return Base(
        ids=frozenset(i for i in ids if not i.endswith(".rollback") and not i.startswith("post-apply")),
        changed=changed_since(revision, files, project=project),
        edited=edited_since(revision, files, project=project),
    )


def _squawk(emit: Emit, *, is_asked_for: bool) -> Path | None:

    program = find()
    if program is not None:
        return program
    missing = f"squawk is not installed: {counted(len(BORROWED), 'rule')} not looked for"
    hint = "Install it with: pip install squawk-cli"
    if is_asked_for:
        raise UsageError(missing, hint=f"{hint}, or leave out --squawk.")
    emit(Notice(name="lint.no_squawk", message=f"{missing}. {hint}; or say --no-squawk."))
    return None


def _borrowed(program: Path | None, files: Sequence[Migration]) -> list[Finding] | None:
    if program is None:
        return None

    return run(program, [script for migration in files for script in scripts(migration)])


def scripts(migration: Migration) -> list[Script]:
    """Return the files of SQL that a migration has."""
    if migration.kind is Kind.PYTHON:
        return []
    return [migration.apply, *([] if migration.rollback is None else [migration.rollback])]


_COLOURS = {"error": "red", "warning": "yellow"}


def lines(results: Sequence[Linted], form: str, style: Style) -> Iterator[str]:
    """Return the lines of a form: text, json, github, sarif or junit."""
    return _FORMS[form](results, style)


def _found(results: Sequence[Linted]) -> list[Finding]:
    return [finding for result in results for finding in result.findings]


def as_json(results: Sequence[Linted]) -> dict[str, Any]:
    """Return what is wrong with the files."""
    return {
        "databases": [
            {
                "database": result.database,
                "files": result.files,
                "findings": [finding_as_json(finding) for finding in result.findings],
                "folded": result.folded,
                "settled": result.settled,
                "default_branch": result.branch,
            }
            for result in results
        ]
    }


def _text(result: Linted, style: Style) -> Iterator[str]:
    explained = set()
    for finding in result.findings:
        level = style(finding.level.value, _COLOURS[finding.level.value])
        place, rule = style(str(finding.where), "bold"), style(f"[{finding.rule}]", "dim")
        yield f"{place}: {level}: {finding.message} {rule}"
        for word, text in (("effect:", finding.effect), ("hint:", finding.hint)):
            if text and text not in explained:  # once, however often the rule is broken
                yield f"  {style(word, 'cyan')} {text}"
                explained.add(text)
    warnings = len(result.findings) - result.errors
    counts = [counted(n, noun) for n, noun in ((result.errors, "error"), (warnings, "warning")) if n]
    said = f"{result.database}: {counted(result.files, 'file')}, {', '.join(counts) or 'no findings'}"
    yield style(said, "red" if result.errors else "yellow" if warnings else "green")
    if result.folded:
        yield f"  told with these: {counted(result.folded, 'finding')} of the same rules; --all shows each"
    if result.is_whole and result.findings:
        yield "  no git repository shows which files may be applied: never edit one that is, write a new migration"
    if result.settled:
        yield f"  not shown: {counted(result.settled, 'finding')} in files that {result.branch} has; --all shows each"


_FORMS: Mapping[str, Callable[[Sequence[Linted], Style], Iterator[str]]] = {
    "text": lambda results, style: (line for result in results for line in _text(result, style)),
    "json": lambda results, _: iter([json.dumps(as_json(results), ensure_ascii=False, indent=2)]),
    "github": lambda results, _: iter(as_github(_found(results))),
    "sarif": lambda results, _: iter(
        [json.dumps(as_sarif(_found(results), rules=RULES), ensure_ascii=False, indent=2)]
    ),
    "junit": lambda results, _: iter([as_junit(_found(results), name="runner lint")]),
}
