"""Read history, create its tables, take the migration lock."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row, dict_row

from runner.engine.history.create_tables import create_missing, not_created
from runner.engine.history.location import Path as SearchPath
from runner.engine.history.location import choose_schema, hidden_rows, is_elsewhere, read_path
from runner.engine.history.names import (
    HELPER_KEY,
    LOCK_KEY,
    RUNNER_JOURNAL,
    RUNNER_MIGRATION,
    WANTED_KEY,
    YOYO_LOCK,
    YOYO_LOG,
    YOYO_MIGRATION,
    YOYO_VERSION,
    Names,
)
from runner.engine.history.state import (
    Failure,
    LockHolder,
    Partial,
    Server,
    State,
    StoredSql,
    YoyoLock,
    applied_of,
    is_stale,
)
from runner.errors import BusyError, ConfigurationError, CredentialsError
from runner.events import WARNING, Emit, Notice, silent
from runner.wording import duration

if TYPE_CHECKING:
    from runner.engine.history.actor import Actor

_QUERIES = Path(__file__).with_name("queries")  # importlib.resources costs more than reading them
_YOYO_POLL_S = 0.5
_TELL_EVERY_S = 10.0
_MOMENTS = frozenset({"applied_at", "recorded_at", "begun_at", "since"})
_POLL_S = (0.05, 1.0)  # first and longest pause between two tries for the migration lock

Connection = psycopg.Connection[Any]


def waiting(holder: LockHolder | YoyoLock | None, waited_s: float) -> Notice:
    """Return the notice that names for whom a run waits, and once it takes long, for how long."""
    facts: dict[str, Any] = {}
    message = f"waiting for the migration lock, held by {holder or 'another session'}"
    if isinstance(holder, YoyoLock):
        message = f"waiting for yoyo's lock, held by process {holder.pid} of its machine"
        facts = {"yoyo_pid": holder.pid}
    elif holder is not None:
        facts = holder._asdict()
    return Notice(
        name="lock.waiting",
        message=message if waited_s < 1 else f"{message}; {duration(waited_s)} so far",
        level=WARNING,
        elapsed_s=waited_s,
        facts=facts,
    )


class _Wait:
    """A wait with a deadline, reported at once and then every ten seconds."""

    def __init__(self, longest_s: float, emit: Emit) -> None:
        self._began = time.monotonic()
        self._longest_s = longest_s
        self._emit = emit
        self._next_s = 0.0

    @property
    def waited_s(self) -> float:
        return time.monotonic() - self._began

    @property
    def is_over(self) -> bool:
        return self.waited_s >= self._longest_s

    def tell(self, holder: LockHolder | YoyoLock | None) -> None:
        if self.waited_s >= self._next_s:
            self._next_s = self.waited_s + _TELL_EVERY_S
            self._emit(waiting(holder, self.waited_s))


class History:
    """The tables of yoyo and of ours in one database, over one connection in autocommit."""

    def __init__(
        self,
        connection: Connection,
        *,
        schema: str | None = None,
        migration_table: str = YOYO_MIGRATION,
        session_pool: bool = False,
        may_begin: bool = False,
    ):
        """Find history; `may_begin`: a new one may begin in the current schema although another schema has one."""
        self.connection = connection
        self.session_pool = session_pool  # a pooler that may stand between keeps a session for us alone
        self._wanted_schema = schema
        self._may_begin = may_begin
        self._migration_table = migration_table
        self._tables: set[str] = set()
        self._can_create = False
        self._locked = False
        self.server, self.names = self._locate()

    def use(self, connection: Connection) -> None:
        """Go on over a new connection, with the same tables."""
        self.connection = connection
        self._locked = False
        if self.exists:
            self._wanted_schema = self.names.schema
        self.server, self.names = self._locate()

    def holds(self, table: str) -> bool:
        """Whether a table of history is there."""
        return table in self._tables

    @property
    def exists(self) -> bool:
        """Whether yoyo's tables are there."""
        return self.names.migration_table in self._tables

    @property
    def is_complete(self) -> bool:
        """Whether yoyo's tables and ours are all there."""
        return {
            self.names.migration_table,
            YOYO_LOG,
            YOYO_VERSION,
            YOYO_LOCK,
            RUNNER_MIGRATION,
            RUNNER_JOURNAL,
        } <= self._tables

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler stands between: who answers is not the backend that was announced at connecting."""
        return self.server.backend_pid != self.connection.info.backend_pid

    def state(self) -> State:
        """Read what is applied: one round trip, no lock, nothing written."""
        return self._state(self._ask(self._questions))

    @property
    def _questions(self) -> list[str]:
        """What to ask, as far as there are tables."""
        if not self.exists:
            return []
        ours = ["applied", "failed", "hook_due"] if RUNNER_MIGRATION in self._tables else ["applied_by_yoyo"]
        journal = ["partial"] if RUNNER_JOURNAL in self._tables else []
        lock = ["yoyo_lock"] if YOYO_LOCK in self._tables else []
        return [*ours, *journal, *lock]

    def _ask(self, questions: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Ask several questions in one message: one round trip."""
        if not questions:
            return {}
        asked = sql.SQL("; ").join(self._query(name) for name in questions)
        message = sql.SQL("SET LOCAL row_security = off; {}").format(asked)  # to refuse, not to hide rows
        answers = []
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(message)
            while True:
                if cursor.description is not None:
                    answers.append([_with_moments(row) for row in cursor.fetchall()])
                if not cursor.nextset():
                    return dict(zip(questions, answers, strict=True))

    def _state(self, found: Mapping[str, list[dict[str, Any]]]) -> State:
        locks = [YoyoLock(**row) for row in found.get("yoyo_lock", ())]
        applied = {
            row["migration_id"]: applied_of(row)
            for row in found.get("applied", found.get("applied_by_yoyo", ()))
        }
        leftovers = sum(row.pop("left_behind") for row in found.get("partial", ())) > 0
        begun = [Partial(**row) for row in found.get("partial", ()) if row.pop("begun")]
        stale = [p for p in begun if is_stale(p, applied.get(p.id))]
        return State(
            server=self.server,
            applied=applied,
            partial={p.id: p for p in begun if p not in stale},
            leftovers=leftovers,
            stale=frozenset((p.id, p.direction) for p in stale),
            failed={row["id"]: Failure(**row) for row in found.get("failed", ())},
            yoyo_lock=next((lock for lock in locks if lock.pid > 0), None),
            runner_lock_row=any(lock.pid < 0 for lock in locks),
            hook_due=any(row["due"] for row in found.get("hook_due", ())),
        )

    def stored_sql(self, migration_id: str) -> StoredSql | None:
        """Return both directions of an applied migration as they were when it was applied."""
        if RUNNER_MIGRATION not in self._tables:
            return None
        query = sql.SQL(
            "SELECT r.sql, r.rollback_sql, r.rollback_transactional FROM {runner} AS r JOIN {migration} AS m"
            " USING (migration_id, applied_at_utc) WHERE migration_id = %s ORDER BY r.id DESC LIMIT 1"
        ).format(**self.names.identifiers())
        with self.connection.cursor(row_factory=class_row(StoredSql)) as cursor:
            return cursor.execute(query, [migration_id]).fetchone()

    def begun_sql(self, migration_id: str) -> str | None:
        """Return a file that is partly applied as it was when it was begun."""
        if RUNNER_JOURNAL not in self._tables:
            return None
        query = sql.SQL(
            "SELECT sql FROM {journal} WHERE migration_id = %s AND direction = 'apply' AND step = 0"
        ).format(**self.names.identifiers())
        row = self.connection.execute(query, [migration_id]).fetchone()
        return None if row is None else row[0]

    def create_tables(self, actor: Actor) -> bool:
        """Create what is missing of yoyo's tables and of ours, in one transaction; return whether anything was.

        Raises: CredentialsError when the role may not.
        """
        if self.is_complete:
            return False
        self.server, self.names = self._locate()  # another runner may have made them meanwhile
        self._create_missing(actor)
        return True

    def _create_missing(self, actor: Actor) -> None:
        if self.is_complete:
            return

        if not self._can_create:
            raise _may_not_create(self.server.role, self.names.schema)
        try:
            create_missing(self.connection, self.names, self._tables, actor)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise not_created(self.names.schema, error) from error
        self._tables.update(self.names.tables)

    @contextmanager
    def lock(self, *, wait_s: float, emit: Emit = silent) -> Iterator[State]:
        """Hold the migration lock, and yield history's state under it.

        It is a session-level advisory lock, polled: a blocked pg_advisory_lock() would hold a snapshot, for which the
        holder's CREATE INDEX CONCURRENTLY waits for ever. While it waits it reports for whom and how long, and a
        lock of its own tells a holder who can give way that somebody waits; it ends with the migration lock.

        Raises: BusyError after `wait_s` seconds.
        """
        wait = _Wait(wait_s, emit)
        pause = _POLL_S[0]
        while (state := self._try_lock()) is None:
            holder = self.lock_holder()
            if wait.is_over:
                raise BusyError(
                    "another runner holds the migration lock",
                    detail=f"It is held by {holder or 'a session of an interrupted run'}; waited {wait_s:g} s. Nothing was changed.",
                    hint="Run the same command again when that runner has finished, or wait longer with --lock-wait.",
                )
            if pause == _POLL_S[0]:
                self.connection.execute("SELECT pg_catalog.pg_advisory_lock_shared(%s)", [WANTED_KEY])
            wait.tell(holder)
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - not a secret
            pause = min(pause * 2, _POLL_S[1])
        self._locked = True
        try:
            yield state
        finally:
            self._unlock()

    def _try_lock(self) -> State | None:
        found = self._ask(["try_lock", *self._questions])
        return self._state(found) if found["try_lock"][0]["locked"] else None

    def _unlock(self) -> None:
        """Release the lock if the session still can; otherwise it goes with the session."""
        if self.connection.closed or self.connection.broken or not self._locked:
            return
        with suppress(psycopg.Error):
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                self.connection.execute("ROLLBACK")
            self.unlock()

    def unlock(self) -> State:
        """Release the lock and return history's state, in one round trip."""
        found = self._ask(["unlock", *self._questions])
        self._locked = False
        return self._state(found)

    def wait_for_yoyo(self, state: State, *, wait_s: float, emit: Emit = silent) -> State:
        """Return the state once yoyo's lock row is gone; rows that a dead runner left are removed.

        Only the holder of the migration lock may call this: a row with a negative pid is then nobody's.

        Raises: BusyError when yoyo's row is still there after `wait_s` seconds.
        """
        if state.runner_lock_row:
            self.remove_runner_lock_row()
        wait = _Wait(wait_s, emit)
        while (lock := state.yoyo_lock) is not None:
            if wait.is_over:
                since = f" since {lock.since:%Y-%m-%d %H:%M:%S} UTC" if lock.since else ""
                raise BusyError(
                    f"yoyo's lock is held by process {lock.pid}{since}",
                    detail=f"The process is on the machine where yoyo was started; waited {wait_s:g} s."
                    " Nothing was changed.",
                    hint="Wait until that yoyo has finished. If it died, release its lock with: yoyo break-lock",
                )
            wait.tell(lock)
            time.sleep(_YOYO_POLL_S)
            state = self.state()
        return state

    def join_as_helper(self, conn: Connection) -> None:
        """Let a further session of this run be known: nobody gets the migration lock before it has ended."""
        conn.execute("SELECT pg_catalog.pg_advisory_lock_shared(%s)", [HELPER_KEY])

    def has_lock(self, conn: Connection) -> bool:
        """Return, over a further session, whether our own session still holds the migration lock."""
        row = conn.execute(
            _read("lock_holder"), {"high": LOCK_KEY >> 32, "low": LOCK_KEY & 0xFFFFFFFF}
        ).fetchone()
        return row is not None and row[0] == self.server.backend_pid

    def lock_holder(self) -> LockHolder | None:
        """Return the session that holds the migration lock, if one does."""
        row = self.connection.execute(
            _read("lock_holder"), {"high": LOCK_KEY >> 32, "low": LOCK_KEY & 0xFFFFFFFF}
        ).fetchone()
        return None if row is None else LockHolder(*row)

    def require_writable(self) -> None:
        """Refuse a server, connection or role that cannot run a migration.

        Raises: as `require_primary`; CredentialsError when a grant is missing.
        """
        self.require_primary()
        self.require_rights()

    def require_primary(self) -> None:
        """Refuse a server that accepts no writes, and a pooler that keeps no session.

        Raises: ConfigurationError on a standby, in a read-only session and behind a pooler.
        """
        if self.is_pooled and not self.session_pool:
            raise ConfigurationError(
                "there is a connection pooler between runner and PostgreSQL",
                detail="In transaction mode each transaction may run in another session: the migration lock would not hold, "
                "and would be left behind. Nothing was changed.",
                hint="Give the server's own URL with --direct-url or DIRECT_DATABASE_URL. If the pool is in session mode, add "
                "so: --session-pool",
            )
        if self.server.in_recovery:
            raise ConfigurationError(
                "the server is a standby, which accepts no writes",
                detail="Nothing was changed.",
                hint="Connect to the primary; with several hosts add target_session_attrs=read-write.",
            )
        if self.server.read_only:
            raise ConfigurationError(
                "the session is read-only",
                detail="default_transaction_read_only is on. Nothing was changed.",
                hint="Set it to off for this role or database, or connect to another server.",
            )

    def require_rights(self) -> None:
        """Refuse a role that may not create or write history.

        Raises: CredentialsError.
        """
        if not self.is_complete and not self._can_create:
            raise _may_not_create(self.server.role, self.names.schema)
        if self._not_writable:
            tables = ", ".join(self.names.table(name).as_string(None) for name in self._not_writable)
            raise CredentialsError(
                f'role "{self.server.role}" has no right to write history',
                detail=f"It lacks rights on {tables}. Nothing was changed.",
                hint=f'GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO "{self.server.role}";',
            )

    def remove_runner_lock_row(self) -> None:
        """Remove the row by which a runner keeps stock yoyo out during a non-transactional file."""
        self.connection.execute(
            sql.SQL("DELETE FROM {lock} WHERE pid < 0").format(**self.names.identifiers())
        )

    def keep_yoyo_out(self) -> None:
        """Take yoyo's lock row; its pid is negative, so that the next runner recognizes it as ours and removes it."""
        self.connection.execute(
            sql.SQL(
                "INSERT INTO {lock} (locked, ctime, pid) VALUES (1, pg_catalog.timezone('UTC', pg_catalog.now()),"
                " -pg_catalog.pg_backend_pid())"
            ).format(**self.names.identifiers())
        )

    def _query(self, name: str) -> sql.Composed:
        # the column came with the journal
        rows = "rows_affected" if RUNNER_JOURNAL in self._tables else "NULL::bigint AS rows_affected"
        return sql.SQL(_read(name)).format(
            key=sql.Literal(LOCK_KEY),
            helper_key=sql.Literal(HELPER_KEY),
            rows_affected=sql.SQL(rows),
            **self.names.identifiers(),
        )

    def _locate(self) -> tuple[Server, Names]:
        names = Names("", self._migration_table)
        with self.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(
                _read("locate"), {"tables": list(names.tables), "wanted": self._wanted_schema}
            ).fetchone()
        if row is None:  # a SELECT without FROM always gives one row
            raise RuntimeError("no answer")
        server = Server(**{key: row[key] for key in Server._fields})
        path = SearchPath(current=row["schema"])
        if self._wanted_schema is None and is_elsewhere(row["tables"], self._migration_table, path.current):
            path = read_path(self.connection, path.current)
        schema = choose_schema(
            row["tables"],
            self._migration_table,
            path=path,
            wanted=self._wanted_schema,
            wanted_exists=row["wanted_exists"],
            may_begin=self._may_begin,
        )
        mine = [table for table in row["tables"] if table[0] == schema]
        self._tables = {table[1] for table in mine}
        self._not_writable = sorted(table[1] for table in mine if not table[4])
        self._can_create = row["can_create"] or bool(self._wanted_schema)
        filtered = sorted(table[1] for table in mine if table[6])
        if filtered:
            raise hidden_rows(
                server.role, [sql.Identifier(schema, name).as_string(None) for name in filtered]
            )
        unreadable = sorted(table[1] for table in mine if not table[3])
        if unreadable:
            qualified = ", ".join(sql.Identifier(schema, name).as_string(None) for name in unreadable)
            raise CredentialsError(
                f'role "{server.role}" has no right to read history',
                detail=f"It lacks SELECT on {qualified}.",
                hint=f'GRANT SELECT ON {qualified} TO "{server.role}";',
            )
        return server, Names(schema, self._migration_table)


def _with_moments(row: dict[str, Any]) -> dict[str, Any]:
    """Turn what the queries spell in ISO 8601 into moments: the session's DateStyle may be one that psycopg cannot read."""
    return {k: datetime.fromisoformat(v) if k in _MOMENTS and v is not None else v for k, v in row.items()}


def _read(name: str) -> Any:  # psycopg wants literal strings; these are this package's own files
    return _QUERIES.joinpath(f"{name}.sql").read_text("utf-8")


def _may_not_create(role: str, schema: str) -> CredentialsError:
    """Return the error that says which grant is missing."""
    return CredentialsError(
        f'role "{role}" has no right to create tables in schema "{schema}"',
        detail="History needs tables there; nothing was changed.",
        hint=f'GRANT CREATE ON SCHEMA "{schema}" TO "{role}"; or name another schema with history_schema.',
    )
