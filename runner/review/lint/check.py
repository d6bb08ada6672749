"""Hold every file of a database to the rules."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.engine.history.order import in_order
from runner.errors import FileError, Location
from runner.files.migrations.migration import Kind, Migration, Script
from runner.files.migrations.units import checked_statements
from runner.files.sqltext.phrase import Phrase
from runner.files.sqltext.tokens import tokens
from runner.review.lint.allow import settle
from runner.review.lint.bodies import inner
from runner.review.lint.facts import Facts
from runner.review.lint.replay import schema_of
from runner.review.lint.rollback_coverage import gaps
from runner.review.lint.rule import Finding, Level, Rule
from runner.review.lint.rules import BORROWED, BY_ID, MEASURED, RULES, files
from runner.review.lint.rules.rights import secrets
from runner.review.lint.schema import Schema

_NUMBER = re.compile(r"\d+")
_READABLE_STATEMENTS = 1000  # a longer file is data and is not compared with its rollback


@dataclass(frozen=True, slots=True)
class Base:
    """What a branch started from: the ids of its migrations, and those that the branch changes or adds."""

    ids: frozenset[str]
    changed: frozenset[str]
    edited: frozenset[str] = frozenset()  # of those that it had, where more than the rollback is another


def lint(
    migrations: Sequence[Migration],
    *,
    base: Base | None = None,
    levels: Mapping[str, Level] | None = None,
    borrowed: Sequence[Finding] | None = None,
    start: Schema | None = None,
) -> list[Finding]:
    """Check the files of one database; with `base` report only those that changed.

    `levels` are the project's own, by rule; `borrowed` is what squawk found, None where it did not run; `start` is what
    the committed snapshot says, asked for what no file makes.
    """
    levels = {rule.id: rule.level for rule in RULES} | dict(levels or {})
    watched = {
        rule.id
        for rule in RULES
        if levels[rule.id] is not Level.OFF
        and rule not in MEASURED
        and (borrowed is not None or rule not in BORROWED)
    }
    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in (*_examine(migrations, base, start), *(borrowed or ())):
        if levels[finding.rule] is not Level.OFF:
            by_file[str(finding.where.path)].append(finding)
    found = [
        replace(finding, level=levels[finding.rule])
        for migration in migrations
        if base is None or migration.id in base.changed
        for script in _scripts(migration)
        for finding in settle(script, by_file.get(script.label, ()), watched=watched)
        if levels[finding.rule] is not Level.OFF
    ]
    return sorted(
        found,
        key=lambda finding: (str(finding.where.path), finding.where.line or 0, finding.where.column or 0),
    )


def _scripts(migration: Migration) -> Iterator[Script]:
    if migration.kind is not Kind.PYTHON:
        yield migration.apply
        if migration.rollback is not None:
            yield migration.rollback


def _examine(migrations: Sequence[Migration], base: Base | None, start: Schema | None) -> Iterator[Finding]:
    try:
        in_order(migrations)
    except FileError as error:
        yield _refused(error, migrations[0].apply)
    yield from _numbers(migrations, base)
    schema = Schema(start=start)
    for migration in migrations:
        if migration.kind is Kind.REPEATABLE and migration.apply.text is not None:  # whatever comes first
            for routine in schema_of(migration.apply.text).routines.all():
                schema.routines.put(routine)
    for migration in migrations:
        if migration.kind is not Kind.PYTHON:
            yield from _migration(migration, schema)


def _numbers(migrations: Sequence[Migration], base: Base | None) -> Iterator[Finding]:
    """Find twin numbers, and with a base new files below its newest and old ones that were edited."""
    versioned = [m for m in migrations if m.kind is Kind.VERSIONED]
    here = {m.id for m in versioned}
    known = base.ids if base is not None else frozenset()
    edited = base.edited if base is not None else frozenset()
    newest = max(known, default="")
    first: dict[int, str] = {}
    for id_ in sorted(known - here):
        first.setdefault(_number(id_), id_)
    for migration in sorted(versioned, key=lambda m: (m.id not in known, m.id)):
        if migration.id in edited:
            yield files.EDITED.finding(
                f"{migration.id} is not what the base has", Location(migration.apply.label)
            )
        twin = first.setdefault(_number(migration.id), migration.id)
        if twin != migration.id and _number(migration.id) >= 0:
            yield files.TWIN_NUMBER.finding(f"{twin} has the same number", Location(migration.apply.label))
        elif known and migration.id not in known and migration.id < newest:
            message = f"{migration.id} comes before {newest}, which the base has"
            yield files.BELOW_BASE.finding(message, Location(migration.apply.label))


def _number(id_: str) -> int:
    match = _NUMBER.match(id_)
    return -1 if match is None else int(match[0])


def _migration(migration: Migration, schema: Schema) -> Iterator[Finding]:
    apply: list[Phrase] = []
    done = Facts(migration.apply, schema)
    yield from _script(migration.apply, done, apply, RULES)
    if migration.rollback is not None:
        undo = migration.rollback
        back: list[Phrase] = []
        yield from _script(undo, Facts(undo, Schema(), undoes=done), back, _IN_ROLLBACK)
        is_written = bool(back) or undo.text is None or _is_explained(undo)  # otherwise `empty` says it
        is_short = max(len(apply), len(back)) < _READABLE_STATEMENTS
        if migration.irreversible is None and is_written and is_short:
            for message, offset in gaps(apply, back):
                yield files.ROLLBACK_NOT_MIRRORING.finding(message, migration.apply.location(offset))
    elif migration.irreversible is None and migration.kind is not Kind.HOOK:
        yield files.ROLLBACK_MISSING.finding(
            f"{migration.id} cannot be undone",
            Location(migration.apply.label),
            hint=f"Write {migration.id}.rollback.sql; or, if there is no way back, -- irreversible: reason in the file.",
        )


def _script(script: Script, facts: Facts, phrases: list[Phrase], rules: Sequence[Rule]) -> Iterator[Finding]:
    """Check one file; `phrases` receives its statements, as many as a person would read."""
    by_kind = _BY_KIND[rules is _IN_ROLLBACK]
    said: set[str] = set()
    count = 0
    for problem in script.problems:
        yield _refused(problem, script)
    try:
        for statement in checked_statements(replace(script, problems=())):
            count += 1
            phrase = Phrase(statement)
            if len(phrases) < _READABLE_STATEMENTS:
                phrases.append(phrase)
            for done in (phrase, *map(Phrase, inner(statement))):
                for rule in by_kind.get(done.kind, by_kind["*"]):
                    yield from _statement(rule, done, facts, said)
                facts.note(done)
            if script.text is None:
                yield from _secrets(script, statement.text, statement.start)
                for piece in statement.copy_stream or (statement.copy_data or "",):
                    yield from _secrets(script, piece, statement.start)
    except FileError as error:
        yield _refused(error, script)
        return
    if script.text is not None:
        yield from _secrets(script, script.text, 0)
    if count == 0 and not (rules is _IN_ROLLBACK and _is_explained(script)):
        yield files.EMPTY.finding("the file holds no statement", Location(script.label))


def _is_explained(script: Script) -> bool:
    """Return whether a file without a statement has a comment, so that it is meant to do nothing."""
    return script.text is not None and any(token.is_comment for token in tokens(script.text))


def _statement(rule: Rule, phrase: Phrase, facts: Facts, said: set[str]) -> Iterator[Finding]:
    if rule.check is None or (rule.once and rule.id in said):
        return
    for problem in rule.check(phrase, facts):
        said.add(rule.id)
        where = facts.script.location(phrase.statement.start + problem.offset)
        where = where if rule.shows_line else replace(where, text=None)
        yield rule.finding(problem.message, where, hint=problem.hint)


def _secrets(script: Script, text: str, start: int) -> Iterator[Finding]:
    for offset, what in secrets(text):
        where = replace(script.location(start + offset), text=None)  # a finding must not repeat it
        yield BY_ID["secret-literal"].finding(f"the file contains {what}", where)


def _refused(error: FileError, script: Script) -> Finding:
    where = error.where or Location(script.label)
    return files.REFUSED.finding(error.message, where, hint=error.hint)


def _by_kind(rules: Sequence[Rule]) -> Mapping[str, Sequence[Rule]]:
    """Return the rules for each kind of statement: most statements interest few rules."""
    everywhere = tuple(rule for rule in rules if "*" in rule.kinds)
    kinds = dict.fromkeys(kind for rule in rules for kind in rule.kinds)
    return {"*": everywhere} | {
        kind: (*(rule for rule in rules if kind in rule.kinds), *(() if kind == "*" else everywhere))
        for kind in kinds
    }


_IN_ROLLBACK = tuple(rule for rule in RULES if rule.in_rollback)
_BY_KIND = (_by_kind(RULES), _by_kind(_IN_ROLLBACK))
