"""Draft the migrations that lead from the files to a wanted schema, prove them in scratch databases, and write them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from runner.commands.new import the_layout
from runner.commands.verify import VerifyOptions, verifications
from runner.errors import CheckError, FileError, Location, RunnerError, UsageError
from runner.events import Emit, silent
from runner.files.migrations.layout import Layout
from runner.files.migrations.load import load
from runner.files.migrations.migration import Migration
from runner.files.migrations.scaffold import next_ids, slug_of, write_pairs
from runner.files.migrations.units import UNWRITTEN
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.lock_modes import LockMode
from runner.files.sqltext.tokens import SqlSyntaxError
from runner.report.findings import finding_as_json
from runner.report.terminal import Style
from runner.review.lint import Finding
from runner.review.verify import Rehearsal, Verdict
from runner.schema.catalog.differences import unified_diff
from runner.schema.catalog.objects import Catalog, Table
from runner.schema.catalog.read import read as read_catalog
from runner.schema.catalog.render import render
from runner.schema.draft.alter import UndraftableError
from runner.schema.draft.change import Ways
from runner.schema.draft.files import NOTHING, DraftFile, DraftFiles, draft_files
from runner.schema.draft.renames import Doubt, doubts, renames
from runner.schema.draft.safe import Fills
from runner.schema.draft.trial import RenameError, TrialError, counting
from runner.server import connection, credentials
from runner.session.scratch import build, scratch_session
from runner.session.session import Session
from runner.settings import Secret, Settings
from runner.wording import capitalized, listed

Connection = psycopg.Connection[Any]
_NATIVE_NOT_NULL = 180000
_WRITTEN_NOTHING = (
    "No file was written, and no database was changed but scratch databases, which are dropped."
)
# below the server's deadlock_timeout of 1 s: it is the migration that gives up, and is retried, and never a writer
_GIVE_UP_FIRST = (
    "-- Gives up, and is retried, before the server would end a writer's transaction as a deadlock.",
    "-- lock_timeout: 800ms",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOptions:
    """What `draft` was asked for."""

    name: str
    like: str | None = None  # the URL of a database that has the wanted schema
    like_command: str | None = None  # makes it in an empty one
    renamed: tuple[str, ...] = ()  # "public.orders.note=remark"
    not_renamed: tuple[str, ...] = ()
    fills: Mapping[str, str] = field(default_factory=dict)
    one_file: bool = False
    allow_destroying: bool = False
    scratch_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A migration that was written."""

    id: str
    path: str
    rollback: str | None
    file: DraftFile
    locks: tuple[str, ...]  # as they were measured, the strongest first
    verdict: Verdict  # of its rehearsal


@dataclass(frozen=True, slots=True, kw_only=True)
class Undrafted:
    """What differs and is left to a person: no statement leads from the one to the other."""

    kind: str
    identity: str
    reason: str
    present: str | None  # as the files give it; None where it is new
    wanted: str | None

    def lines(self) -> Iterator[str]:
        """Yield what it is, and both versions as a difference."""
        yield f"{self.kind} {self.identity}: {self.reason}"
        before, after = self.present or "", self.wanted or ""
        yield from unified_diff(before, after, "as the files give it", "as it is wanted").splitlines()


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """A migration that a person writes: until then migrate and lint refuse it."""

    id: str
    path: str
    rollback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The migrations that lead from the files to the wanted schema, each proven."""

    database: str
    files: tuple[Drafted, ...] = ()
    undrafted: tuple[Undrafted, ...] = ()
    by_hand: ByHand | None = None  # where it goes
    findings: tuple[Finding, ...] = ()
    not_described: tuple[str, ...] = ()


def draft(
    settings: Settings, options: DraftOptions, *, emit: Emit, ask: Callable[[Doubt], bool] | None = None
) -> Draft:
    """Draft the migrations to the wanted schema of one database, prove them, and write them.

    `ask` returns whether something was renamed; without it a doubt is refused.

    Raises: CheckError for what cannot be drafted, destroys, or is in doubt; FileError, ConfigurationError; RunnerError
    for a draft that is found to be wrong.
    """
    layout = the_layout(settings)
    slug = slug_of(options.name)
    files = load(layout, settings.project) if layout.newest.path.is_dir() else []
    with scratch_session(settings, layout, files, url=options.scratch_url, emit=emit) as session:
        present = build(session, settings, other_owners=True)  # first, as files may create roles
        wanted = _wanted(settings, layout, options, emit=emit)
        _require_known(options, present, wanted)
        found = _drafted(session, settings, present, wanted, options, ask)
    undrafted = (*map(_undrafted, found.undrafted), *_undescribed(present, wanted))
    if not found.files and not undrafted:
        return Draft(database=layout.title, not_described=wanted.unsupported)
    _require_allowed(found.files, options)
    ids = next_ids(
        layout,
        [
            *(f"{slug}_{f.suffix}" if f.suffix else slug for f in found.files),
            *([f"{slug}_by_hand"] if undrafted else []),
        ],
    )
    drafted = list(zip(ids, found.files, strict=False))
    rehearsals, findings = (
        _proven(settings, layout, files, drafted, options, found.wanted) if drafted else ([], ())
    )
    locks_of = [_locks(rehearsal) for rehearsal in rehearsals]
    texts: list[tuple[str, str, str | None]] = []
    for (id_, file), locks in zip(drafted, locks_of, strict=True):
        limit = _GIVE_UP_FIRST if file.directive is None and _stops_several(locks) else ()
        texts.append((id_, _apply_text(id_, file, _in_words(locks), limit), _rollback_text(id_, file, limit)))
    if undrafted:
        texts.append((ids[-1], *_texts_by_hand(ids[-1], undrafted)))
    pairs = write_pairs(layout.newest, texts)
    written = [
        Drafted(
            id=pair.id,
            path=settings.label(pair.apply),
            rollback=None if file.undo is None else settings.label(pair.rollback),
            file=file,
            locks=_in_words(locks),
            verdict=rehearsal.round_trip.verdict,
        )
        for pair, file, locks, rehearsal in zip(pairs, found.files, locks_of, rehearsals, strict=False)
    ]
    last = pairs[-1]
    return Draft(
        database=layout.title,
        files=tuple(written),
        undrafted=undrafted,
        by_hand=ByHand(id=last.id, path=settings.label(last.apply), rollback=settings.label(last.rollback))
        if undrafted
        else None,
        findings=tuple(findings),
        not_described=wanted.unsupported,
    )


def _undrafted(error: UndraftableError) -> Undrafted:
    """Return both versions of what has none between them."""
    is_new = error.item is error.wanted
    return Undrafted(
        kind=error.item.kind,
        identity=error.item.identity,
        reason=error.reason,
        present=None if is_new else error.item.sql,
        wanted=None if error.wanted is None else error.wanted.sql,
    )


def _undescribed(present: Catalog, wanted: Catalog) -> Iterator[Undrafted]:
    """Yield what is wanted and of a kind that no snapshot describes, and so no draft."""
    for name in wanted.unsupported:
        if name not in present.unsupported:
            kind, _, identity = name.rpartition(" ")
            yield Undrafted(
                kind=kind, identity=identity, reason="runner does not describe it", present=None, wanted=name
            )


def _require_known(options: DraftOptions, present: Catalog, wanted: Catalog) -> None:
    """Refuse an answer about something that is not there.

    Raises: UsageError.
    """
    columns = {
        f"{key[1]}.{column.name}"
        for key, item in wanted.objects.items()
        if isinstance(item.structure, Table)
        for column in item.structure.columns
    }
    for name in options.fills:
        if name not in columns:
            raise UsageError(
                f"--fill {name}: the wanted schema has no such column", hint="Name it as the snapshot has it."
            )
    for name in options.not_renamed:
        try:
            renames(present, [f"{name}=x"])
        except LookupError:
            raise UsageError(f"--no-rename {name}: the files' schema has nothing of that name") from None


def _wanted(settings: Settings, layout: Layout, options: DraftOptions, *, emit: Emit) -> Catalog:
    if options.like is not None:
        target = credentials.resolve(replace(settings, url=Secret(options.like)), layout.name, only=True)
        if target is None:
            raise UsageError("--like names no database")
        with connection.connect(target) as conn:
            return _read(conn, settings)
    if options.like_command is None and not layout.snapshot.is_file():
        raise FileError(
            "there is no snapshot to take the wanted schema from",
            where=Location(settings.label(layout.snapshot)),
            hint="Write it with runner snapshot and edit it; or name a database that has the wanted schema: --like URL",
        )
    with scratch_session(settings, layout, [], url=options.scratch_url, emit=emit) as session:
        if options.like_command is not None:
            _run_command(options.like_command, session, settings.environ)
        else:
            _load(session.connection, layout.snapshot, settings)
        return _read(session.connection, settings)


def _read(conn: Connection, settings: Settings) -> Catalog:
    return read_catalog(conn, exclude=(settings.migration_table,), other_owners=True)


def _load(conn: Connection, snapshot: Path, settings: Settings) -> None:
    """Run an edited snapshot.

    Raises: FileError at the statement that the server refuses.
    """
    text, label, at = snapshot.read_text("utf-8"), settings.label(snapshot), 0
    try:
        with conn.transaction():
            for statement in statements([text]):
                at = statement.start
                conn.execute(statement.text.encode())
    except SqlSyntaxError as error:
        raise FileError(str(error), where=Location(label, text.count("\n", 0, error.offset) + 1)) from error
    except psycopg.Error as error:
        line = text.count("\n", 0, at + int(error.diag.statement_position or 1) - 1) + 1
        raise FileError(
            f"the snapshot cannot be loaded: {error.diag.message_primary or error}",
            where=Location(label, line, text=text.splitlines()[line - 1]),
            detail=f"SQLSTATE {error.sqlstate}; it was run in a scratch database. {_WRITTEN_NOTHING}",
            hint="Correct the snapshot: a thing must stand before what uses it.",
        ) from error


def _run_command(command: str, session: Session, environ: Mapping[str, str]) -> None:
    environ = connection.child_environment(session.target, environ)
    environ = {**environ, "DATABASE_URL": _url_of(environ)}
    done = subprocess.run(command, shell=True, env=environ, capture_output=True, text=True, check=False)  # noqa: S602 - it is the user's own command
    if done.returncode:
        password = environ.get("PGPASSWORD")
        said = (done.stderr or done.stdout).replace(password or "\0", "…").strip().splitlines()[-5:]
        raise UsageError(
            f"the command that makes the wanted schema ended with {done.returncode}",
            detail="\n".join([*said, _WRITTEN_NOTHING]),
            hint="It gets the address of an empty database as DATABASE_URL and as PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.",
        )


def _drafted(
    session: Session,
    settings: Settings,
    present: Catalog,
    wanted: Catalog,
    options: DraftOptions,
    ask: Callable[[Doubt], bool] | None,
) -> DraftFiles:
    given = list(options.renamed)
    try:
        found = renames(present, given)
        settled = {*options.not_renamed, *(rename.old for rename in found)}
        open_ = list(doubts(present, wanted, settled=settled))
        while open_ and ask is not None:
            doubt = open_[0]
            if ask(doubt):
                given.append(f"{doubt.old}={doubt.new.rpartition('.')[2]}")
                settled.add(doubt.old)
            open_ = [other for other in open_[1:] if other.old not in settled]
        found = renames(present, given)
    except LookupError as error:
        raise UsageError(
            f"nothing in the files' schema is called {error}", hint="Name it as the snapshot has it."
        ) from None
    except ValueError as error:
        raise UsageError(
            f"--rename {error} names no new name", hint="--rename public.orders.note=remark"
        ) from None
    if open_:
        raise CheckError(
            "renamed, or dropped and created again? The schemas alone do not tell",
            detail="\n".join([*(f"{capitalized(str(doubt))}." for doubt in open_), _WRITTEN_NOTHING]),
            hint="\n".join(f"If it was renamed: {d.option}; if not: --no-rename {d.old}" for d in open_),
        )
    ways = Ways(
        is_safe=not options.one_file,
        native_not_null=session.history.server.version_num >= _NATIVE_NOT_NULL,
        fills=Fills(options.fills),
    )
    try:
        return draft_files(
            session.connection, lambda: _read(session.connection, settings), wanted, ways, renames=found
        )
    except RenameError as error:
        raise UsageError(f"cannot rename: {error}", detail=_WRITTEN_NOTHING) from error
    except UndraftableError as error:
        raise _undraftable(error) from error
    except TrialError as error:
        raise _wrong(str(error), present, wanted, "; ".join(map(str, error.differences))) from error


def _url_of(environ: Mapping[str, str]) -> str:
    user, password, host, port, database = (
        quote(environ.get(f"PG{name}", ""), safe="")
        for name in ("USER", "PASSWORD", "HOST", "PORT", "DATABASE")
    )
    login = f"{user}:{password}" if password else user
    if environ.get("PGHOST", "").startswith("/"):  # a socket's folder
        return f"postgresql://{login}@/{database}?host={host}&port={port}"
    return f"postgresql://{login}@{host}:{port}/{database}"


def _undraftable(error: UndraftableError) -> CheckError:
    undrafted = _undrafted(error)
    return CheckError(
        f"{undrafted.kind} {undrafted.identity} cannot be drafted",
        detail="\n".join([f"{capitalized(error.reason)}.", *[*undrafted.lines()][1:], _WRITTEN_NOTHING]),
        hint=f"Say what it holds: --fill {error.fill}=EXPRESSION"
        if error.fill
        else "Write this step by hand (runner new NAME), and draft the rest after it.",
    )


def _wrong(message: str, present: Catalog, wanted: Catalog, detail: str) -> RunnerError:
    folder = Path(tempfile.mkdtemp(prefix="runner-draft-"))
    for name, catalog in (("present", present), ("wanted", wanted)):
        (folder / f"{name}.sql").write_text(render(catalog), "utf-8")
    return RunnerError(
        f"the draft is wrong, which is a fault of runner: {message}",
        detail=f"{detail}\n{_WRITTEN_NOTHING}".strip(),
        hint=f"Report it with the two schemas in {folder}; until then write the migration by hand: runner new NAME",
    )


def _require_allowed(found: Sequence[DraftFile], options: DraftOptions) -> None:
    loses = [what for file in found for what in file.loses]
    if loses and not options.allow_destroying:
        raise CheckError(
            "the draft destroys what no rollback brings back",
            detail="\n".join([f"{capitalized(what)}." for what in loses] + [_WRITTEN_NOTHING]),
            hint="If that is meant: --allow-destroying. If it was renamed: --rename",
        )


def _proven(
    settings: Settings,
    layout: Layout,
    files: Sequence[Migration],
    drafted: Sequence[tuple[str, DraftFile]],
    options: DraftOptions,
    wanted: Catalog,
) -> tuple[list[Rehearsal], Sequence[Finding]]:
    """Rehearse the files, in a copy of the project, each forth, back and forth again.

    Raises: RunnerError where one is not proven.
    """
    with tempfile.TemporaryDirectory(prefix="runner-draft-") as folder:
        copy = Path(folder)
        for name in ("migrations", "sql"):
            if (settings.project / name).is_dir():
                shutil.copytree(settings.project / name, copy / name, ignore_dangling_symlinks=True)
        dirs = []
        for number, given in enumerate(settings.migrations_dirs):
            shutil.copytree(given, copy / f"given_{number}")
            dirs.append(copy / f"given_{number}")
        there = replace(settings, project=copy, database=layout.name, migrations_dirs=tuple(dirs))
        layout = the_layout(there)
        texts = [(i, _apply_text(i, file, ()), _rollback_text(i, file)) for i, file in drafted]
        write_pairs(layout.newest, texts)
        asked = VerifyOptions(
            everything=not files,
            since=max((m.id for m in files if m.id < drafted[0][0]), default=None) if files else None,
            scratch_url=options.scratch_url,
        )
        (result,) = verifications(there, asked, emit=silent)
        _require_wanted(there, layout, wanted, options)
    for rehearsal in result.rehearsals:
        trip = rehearsal.round_trip
        if trip.verdict not in {Verdict.PROVEN, Verdict.ROWS_DIFFER, Verdict.IRREVERSIBLE}:
            why = trip.error.message if trip.error is not None else trip.rollback_diff or trip.again_diff
            raise _wrong(f"{rehearsal.id}: {trip.verdict.value}", Catalog(), wanted, why)
    return list(result.rehearsals), result.findings


def _require_wanted(settings: Settings, layout: Layout, wanted: Catalog, options: DraftOptions) -> None:
    """Build all files, with the drafted ones, in an empty database: what a repeatable file makes comes last there.

    Raises: CheckError where they do not give the wanted schema.
    """
    files = load(layout, settings.project)
    with scratch_session(settings, layout, files, url=options.scratch_url, emit=silent) as session:
        left = counting(wanted, build(session, settings, other_owners=True))
    if left:
        raise CheckError(
            f"the files would not give the wanted schema: {listed([str(each) for each in left][:5])}",
            detail=f"In an empty database repeatable files run after the migrations, and undo what was drafted. {_WRITTEN_NOTHING}",
            hint="Change the repeatable file itself, and draft the rest.",
        )


def _locks(rehearsal: Rehearsal) -> dict[str, LockMode]:
    """Return the strongest lock on each relation that was there, where it stops more than others' DDL."""
    strongest: dict[str, LockMode] = {}
    for trace in rehearsal.statements:
        for lock in trace.locks:
            if lock.kind != "index" and lock.mode > LockMode.ROW_EXCLUSIVE:
                strongest[lock.relation] = max(lock.mode, strongest.get(lock.relation, lock.mode))
    return strongest


def _stops_several(locks: Mapping[str, LockMode]) -> bool:
    """Return whether writers of several relations wait: one that holds another of them would be in a deadlock."""
    return sum(mode.stops_writes for mode in locks.values()) > 1


def _in_words(locks: Mapping[str, LockMode]) -> tuple[str, ...]:
    by_mode: dict[LockMode, list[str]] = defaultdict(list)
    for relation, mode in sorted(locks.items()):
        by_mode[mode].append(relation)
    return tuple(f"{mode} on {listed(names)}" for mode, names in sorted(by_mode.items(), reverse=True))


def _apply_text(id_: str, file: DraftFile, locks: Sequence[str], limit: Sequence[str] = ()) -> str:
    words = id_.split("_", 1)[-1].replace("_", " ")
    head = [
        f"-- {capitalized(words)}.",
        f"-- Locks: {'; '.join(locks) or 'none that stops a read or a write'}.",
    ]
    head += [f"-- Loses {what}." for what in file.loses]
    head += [f"-- {sentence}" for sentence in file.says]
    if file.undo is None:
        head.append(f"-- irreversible: {file.irreversible}")
    head += [*limit, *([file.directive] if file.directive else [])]
    return "\n".join([*map(_one_line, head), "", "\n\n".join(file.statements), ""])


def _one_line(text: str) -> str:
    """Keep a comment a comment: a name may hold the end of a line."""
    return " ".join(text.split())


def _rollback_text(id_: str, file: DraftFile, limit: Sequence[str] = ()) -> str | None:
    if file.undo is None:
        return None
    head = [f"-- Undo {id_}."]
    if file.undo == NOTHING:
        head = [f"-- Undo {id_}: nothing is to be done here."]
    head += [f"-- {sentence}" for sentence in file.says]
    head += [f"-- Loses {what}." for what in file.undo_loses]
    head += ["-- Does not bring back what the migration lost."] if file.loses else []
    head += [*limit, *([file.undo_directive] if file.undo_directive else [])]
    return "\n".join([*map(_one_line, head), "", "\n\n".join(file.undo), ""])


def _texts_by_hand(id_: str, undrafted: Sequence[Undrafted]) -> tuple[str, str]:
    """Return a migration that migrate and lint refuse until a person has written it, and its rollback."""
    words = id_.split("_", 1)[-1].replace("_", " ")
    shown = [line for each in undrafted for line in ("", *each.lines())]
    apply = [f"-- {capitalized(words)}.", UNWRITTEN, "", "-- To be written, as runner cannot draft it:"]
    apply += [f"--  | {line}".rstrip() for text in shown for line in text.splitlines() or [""]]
    return "\n".join([*apply, ""]), f"-- Undo {id_}.\n{UNWRITTEN}\n"


def text(result: Draft, style: Style) -> Iterator[str]:
    """Yield the files that were written, with their locks and what they lose."""
    if not result.files and not result.undrafted:
        yield f"{result.database}: nothing to draft; the files give the wanted schema"
    for each in result.files:
        color = "green" if each.verdict is Verdict.PROVEN else "yellow"
        yield f"{style(each.path, 'bold')}  {style(each.verdict.value, color)}"
        yield f"    {'; '.join(each.locks) or 'no lock that stops a read or a write'}"
        yield from (f"    {style('loses', 'red')} {what}" for what in each.file.loses)
    if result.by_hand is not None:
        yield f"{style(result.by_hand.path, 'bold')}  {style('to be written', 'red')}"
        yield from (f"    {line}" for each in result.undrafted for line in each.lines())
        yield proof(result)
    for finding in result.findings:
        yield f"  {style(finding.level.value, 'yellow')} {finding.rule} at {finding.where}: {finding.message}"
    if result.not_described:
        yield f"not compared: {listed(list(result.not_described))}"


def proof(result: Draft) -> str:
    """Return what was proven, and what was not, in a sentence."""
    if result.by_hand is None:
        return "the files give the wanted schema"
    left = listed([f"{each.kind} {each.identity}" for each in result.undrafted])
    proven = listed([each.id for each in result.files])
    first = f"proven: {proven} give the wanted schema, apart from {left}" if proven else "nothing was proven"
    return f"{first}; not proven: {result.by_hand.id}, which you write; then draft again, to see that nothing is left"


def as_json(result: Draft) -> dict[str, Any]:
    """Return what was written."""
    return {
        "database": result.database,
        "files": [
            {
                "id": each.id,
                "path": each.path,
                "rollback": each.rollback,
                "statements": list(each.file.statements),
                "undo": None if each.file.undo is None else list(each.file.undo),
                "locks": list(each.locks),
                "loses": list(each.file.loses),
                "verdict": each.verdict.value,
            }
            for each in result.files
        ],
        "undrafted": [
            {
                "kind": each.kind,
                "identity": each.identity,
                "reason": each.reason,
                "present": each.present,
                "wanted": each.wanted,
            }
            for each in result.undrafted
        ],
        "by_hand": None
        if result.by_hand is None
        else {"id": result.by_hand.id, "path": result.by_hand.path, "rollback": result.by_hand.rollback},
        "proof": proof(result),
        "findings": [finding_as_json(finding) for finding in result.findings],
        "not_described": list(result.not_described),
    }
