"""What kind of statement this is, as far as a migration runner must know."""

from __future__ import annotations

from runner.sqltext.concurrent import concurrent
from runner.sqltext.lexer import Statement

# Refused by the server inside a transaction block ("cannot run inside a transaction block" in the
# manual's page of each command).
_OUTSIDE_TRANSACTIONS = (
    ("VACUUM",),
    ("CREATE", "DATABASE"),
    ("DROP", "DATABASE"),
    ("CREATE", "TABLESPACE"),
    ("DROP", "TABLESPACE"),
    ("ALTER", "SYSTEM"),
    ("REINDEX", "DATABASE"),
    ("REINDEX", "SCHEMA"),
    ("REINDEX", "SYSTEM"),
    ("DISCARD", "ALL"),
    ("COMMIT", "PREPARED"),
    ("ROLLBACK", "PREPARED"),
)
# Running one of these once more leaves the database as running it once.
_REPEATABLE = (
    ("VACUUM",),
    ("ANALYZE",),
    ("CHECKPOINT",),
    ("CLUSTER",),
    ("REINDEX",),
    ("ALTER", "SYSTEM"),
    ("REFRESH", "MATERIALIZED", "VIEW"),
)
_SESSION = (("SET",), ("RESET",), ("LISTEN",), ("UNLISTEN",), ("LOAD",), ("PREPARE",), ("DEALLOCATE",))
_CHANGES_ROWS = (("INSERT",), ("UPDATE",), ("DELETE",), ("MERGE",), ("WITH",))
_BEGIN = (("BEGIN",), ("START", "TRANSACTION"))
_END = (("COMMIT",), ("END",), ("ROLLBACK",), ("ABORT",), ("PREPARE", "TRANSACTION"))


def begins_transaction(statement: Statement) -> bool:
    """Say whether this is BEGIN or START TRANSACTION."""
    return any(statement.starts_with(*words) for words in _BEGIN)


def begins_plainly(statement: Statement) -> bool:
    """Say whether this is a BEGIN that asks for no transaction mode."""
    return begins_transaction(statement) and statement.words in {
        ("BEGIN",),
        ("BEGIN", "WORK"),
        ("BEGIN", "TRANSACTION"),
        ("START", "TRANSACTION"),
    }


def commits_plainly(statement: Statement) -> bool:
    """Say whether this is a COMMIT that ends the transaction for good."""
    return statement.words in {
        (verb, *noise) for verb in ("COMMIT", "END") for noise in ((), ("WORK",), ("TRANSACTION",))
    }


def ends_transaction(statement: Statement) -> bool:
    """Say whether this ends a transaction: COMMIT, ROLLBACK and their synonyms, but not ROLLBACK TO a savepoint."""
    if runs_outside_transactions(statement):
        return False
    if statement.starts_with("PREPARE", "TRANSACTION", "AS"):  # a prepared statement of that name
        return False
    if statement.starts_with("ROLLBACK") and "TO" in statement.words[1:3]:
        return False
    return any(statement.starts_with(*words) for words in _END)


def controls_transaction(statement: Statement) -> bool:
    """Say whether this begins or ends a transaction."""
    return begins_transaction(statement) or ends_transaction(statement)


def is_repeatable(statement: Statement) -> bool:
    """Say whether a second run changes nothing more than the first."""
    return any(statement.starts_with(*words) for words in _REPEATABLE)


def is_for_the_session(statement: Statement) -> bool:
    """Say whether this only changes the session, so that a new session needs it again."""
    return not ends_transaction(statement) and any(statement.starts_with(*words) for words in _SESSION)


def changes_rows(statement: Statement) -> bool:
    """Say whether this is INSERT, UPDATE, DELETE, MERGE, or WITH and one of them."""
    return any(statement.starts_with(*words) for words in _CHANGES_ROWS)


def runs_outside_transactions(statement: Statement) -> bool:
    """Say whether PostgreSQL refuses this statement inside a transaction block."""
    if any(statement.starts_with(*words) for words in _OUTSIDE_TRANSACTIONS):
        return True
    return concurrent(statement) is not None
