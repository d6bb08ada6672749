"""Take a backup: pg_dump's stream is hashed, read back and written at the same time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

from runner.engine.history.names import BACKUP_KEY
from runner.errors import BusyError, ConfigurationError, StoppedError
from runner.events import Emit
from runner.upkeep.backup.dumped_facts import read_facts
from runner.upkeep.backup.manifest import ArchiveName, Facts, Manifest
from runner.upkeep.backup.place import Place, Sink
from runner.upkeep.backup.programs import Program, Running
from runner.upkeep.backup.reasons import Right
from runner.upkeep.backup.retention import CLOCK_TOLERANCE
from runner.wording import duration

if TYPE_CHECKING:
    import psycopg

    from runner.engine.history.actor import Actor
    from runner.engine.history.store import History
    from runner.server.credentials import Target

_CHUNK_BYTES = 1 << 20
_SHOWN = "%Y-%m-%d %H:%M:%S"
_CHECKED = "pg_restore read the archive from beginning to end, as it was written"
_STATE = "Nothing of this backup is left in its place; earlier ones are untouched."


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The database to back up, and the programs for it."""

    database: str  # what the project calls it
    history: History
    target: Target
    connect: Callable[[], psycopg.Connection[Any]]
    actor: Actor
    pg_dump: Program
    pg_restore: Program
    exclude: tuple[str, ...] = ()  # relations that the catalog leaves out
    lock_wait_s: float = 60.0


def take(source: Source, place: Place, *, schema_only: bool, emit: Emit) -> Manifest:
    """Write an archive and its manifest to `place`.

    The archive gets its name only when pg_dump has succeeded and pg_restore has read everything that was written:
    a truncated dump, or one that cannot be unpacked, is refused.

    Raises: RunnerError and its kinds; nothing is then left in the place.
    """
    source.pg_dump.require(source.history.connection.info.server_version // 10_000, "the server is")
    _require_clock(source)
    with _alone(source):
        place.discard_leftovers(source.database)
        name = _free_name(source.database, place, schema_only=schema_only)
        try:
            with place.sink(str(name)) as sink:
                manifest = _write(source, name, sink, emit)
                sink.publish(manifest.to_json())
                return manifest
        except KeyboardInterrupt as stop:
            raise StoppedError.by(stop, during=f"the backup of {source.database}", detail=_STATE) from stop


def _write(source: Source, name: ArchiveName, sink: Sink, emit: Emit) -> Manifest:
    with ExitStack() as held:
        snapshot, facts = held.enter_context(_snapshot(source, emit))
        arguments = [
            "--format=custom",
            "--no-password",
            f"--snapshot={snapshot}",
            f"--lock-wait-timeout={max(round(source.lock_wait_s * 1000), 1)}",
            *(["--schema-only"] if name.schema_only else []),
        ]
        with (
            source.pg_dump.running(arguments, target=source.target, right=Right.READ, stdout=PIPE) as dump,
            source.pg_restore.running(["--file=/dev/null"], stdin=PIPE) as check,
        ):
            # the pipe stays empty until pg_dump has the snapshot and its locks on all tables
            size_bytes, sha256 = _pump(dump, check, sink, began=held.close)
            dump.require_success(f"pg_dump failed on {source.database}", state=_STATE)
            check.require_success(
                f"the backup of {source.database} cannot be read back",
                state=_STATE,
                hint="Run it again; if it fails again, compare the versions of pg_dump and pg_restore.",
            )
    return Manifest(
        database=source.database,
        taken_at=name.taken_at,
        schema_only=name.schema_only,
        size_bytes=size_bytes,
        sha256=sha256,
        pg_dump_version=source.pg_dump.version,
        checked=_CHECKED,
        actor=source.actor.name,
        git_commit=source.actor.git_commit,
        facts=facts,
    )


def _pump(dump: Running, check: Running, sink: Sink, *, began: Callable[[], None]) -> tuple[int, str]:
    """Copy the stream to its end; return its length and SHA-256."""
    digest, size = hashlib.sha256(), 0
    chunk = dump.stdout.read1(_CHUNK_BYTES)
    began()
    while chunk:
        digest.update(chunk)
        size += len(chunk)
        sink.write(chunk)
        if not check.feed(chunk):
            break
        chunk = dump.stdout.read(_CHUNK_BYTES)
    check.end_of_input()
    return size, digest.hexdigest()


@contextmanager
def _snapshot(source: Source, emit: Emit) -> Iterator[tuple[str, Facts]]:
    """Yield a snapshot that pg_dump can use, and the facts of the database in it.

    No migration is half applied in it: the migration lock is held until the block's end.
    """
    history, conn = source.history, source.history.connection
    with history.lock(wait_s=source.lock_wait_s, emit=emit):
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            row = conn.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
            yield str(row and row[0]), read_facts(history, exclude=source.exclude)
        finally:
            if not conn.closed:
                conn.execute("ROLLBACK")


@contextmanager
def _alone(source: Source) -> Iterator[None]:
    """Hold the backup lock on a separate connection: releasing the migration lock would free it too.

    Raises: BusyError if another backup holds it.
    """
    with closing(source.connect()) as conn:
        row = conn.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [BACKUP_KEY]).fetchone()
        if row is None or not row[0]:
            raise BusyError(
                f"another backup of {source.database} is running",
                detail="Nothing was begun.",
                hint="Run the same command again when it has finished.",
            )
        yield


def _require_clock(source: Source) -> None:
    """Refuse to name a backup, and to measure the age of others, by a clock that differs from the server's.

    Raises: ConfigurationError.
    """
    row = source.history.connection.execute("SELECT pg_catalog.clock_timestamp()").fetchone()
    ours = datetime.now(UTC)
    server: datetime = row[0] if row else ours
    if abs(ours - server) <= CLOCK_TOLERANCE:
        return
    raise ConfigurationError(
        f"the clocks of this machine and of the server of {source.database} differ by {duration(abs((ours - server).total_seconds()))}",
        detail=f"Here it is {ours:{_SHOWN}} UTC, there {server.astimezone(UTC):{_SHOWN}} UTC. The clock decides the name "
        "of a backup, and which older ones are removed. Nothing was begun.",
        hint="Correct the wrong clock, then run the same command again.",
    )


def _free_name(database: str, place: Place, *, schema_only: bool) -> ArchiveName:
    """Return an unused name: for the current second, or the next free one."""
    taken_at = datetime.now(UTC).replace(microsecond=0)
    names = set(place.names())
    while True:
        name = ArchiveName(database=database, taken_at=taken_at, schema_only=schema_only)
        if str(name) not in names:
            return name
        taken_at += timedelta(seconds=1)
