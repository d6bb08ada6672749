"""Classify statements, as far as a migration runner needs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from runner.files.sqltext.concurrent import concurrent
from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.tokens import tokens

Kinds = Mapping[str, tuple[tuple[str, ...], ...]]


def _kinds(*kinds: tuple[str, ...]) -> Kinds:
    """Return kinds of statements by their first word, as most statements are INSERTs, which are in none."""
    return {first: tuple(kind for kind in kinds if kind[0] == first) for first, *_ in kinds}


def _is_one_of(kinds: Kinds, statement: Statement) -> bool:
    words = statement.words
    found = kinds.get(words[0]) if words else None
    return found is not None and any(words[: len(kind)] == kind for kind in found)


# Refused by the server inside a transaction block ("cannot run inside a transaction block" on each command's
# page of the manual).
_OUTSIDE_TRANSACTIONS = _kinds(
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
# Running one of these twice does the same as running it once.
_REPEATABLE = _kinds(
    ("VACUUM",),
    ("ANALYZE",),
    ("CHECKPOINT",),
    ("CLUSTER",),
    ("REINDEX",),
    ("ALTER", "SYSTEM"),
    ("REFRESH", "MATERIALIZED", "VIEW"),
)
_SESSION = _kinds(("SET",), ("RESET",), ("LISTEN",), ("UNLISTEN",), ("LOAD",), ("PREPARE",), ("DEALLOCATE",))
_CHANGES_ROWS = _kinds(("INSERT",), ("UPDATE",), ("DELETE",), ("MERGE",), ("WITH",))
_BEGIN = _kinds(("BEGIN",), ("START", "TRANSACTION"))
_END = _kinds(("COMMIT",), ("END",), ("ROLLBACK",), ("ABORT",), ("PREPARE", "TRANSACTION"))

_CUSTOM_SETTING = re.compile(
    r"\bSET\s+(?:SESSION\s+)?([a-z_][\w$]*\.[\w$.]+)|\b(?:set_config|current_setting)\s*\(\s*'([a-z_][\w$]*\.[\w$.]+)'",
    re.IGNORECASE,
)
_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')

_PLAIN_COMMITS = frozenset(
    (verb, *noise) for verb in ("COMMIT", "END") for noise in ((), ("WORK",), ("TRANSACTION",))
)


def begins_transaction(statement: Statement) -> bool:
    """Return whether this is BEGIN or START TRANSACTION."""
    return _is_one_of(_BEGIN, statement)


def begins_plainly(statement: Statement) -> bool:
    """Return whether this is a BEGIN without a transaction mode."""
    return begins_transaction(statement) and statement.words in {
        ("BEGIN",),
        ("BEGIN", "WORK"),
        ("BEGIN", "TRANSACTION"),
        ("START", "TRANSACTION"),
    }


def commits_plainly(statement: Statement) -> bool:
    """Return whether this is a COMMIT without AND CHAIN."""
    return statement.words in _PLAIN_COMMITS


def ends_transaction(statement: Statement) -> bool:
    """Return whether this ends a transaction: COMMIT, ROLLBACK and their synonyms, but not ROLLBACK TO a savepoint."""
    if runs_outside_transactions(statement):
        return False
    if statement.starts_with("PREPARE", "TRANSACTION", "AS"):  # a prepared statement of this name
        return False
    if statement.starts_with("ROLLBACK") and "TO" in statement.words[1:3]:
        return False
    return _is_one_of(_END, statement)


def controls_transaction(statement: Statement) -> bool:
    """Return whether this begins or ends a transaction."""
    return begins_transaction(statement) or ends_transaction(statement)


def is_repeatable(statement: Statement) -> bool:
    """Return whether a second run changes nothing."""
    return _is_one_of(_REPEATABLE, statement)


def is_for_the_session(statement: Statement) -> bool:
    """Return whether this changes only the session, so that a new session needs it again."""
    if statement.starts_with("SELECT"):
        return "set_config" in statement.text.lower()
    return not ends_transaction(statement) and _is_one_of(_SESSION, statement)


def custom_settings(text: str) -> tuple[str, ...]:
    """Return the custom settings (with a dot in their name) that a file may set; no catalog lists them."""
    return tuple(sorted({found[1] or found[2] for found in _CUSTOM_SETTING.finditer(text)}))


def names(text: str) -> frozenset[str]:
    """Return every word and quoted name of a text, spelled as in the catalogs."""
    return frozenset(
        quoted.replace('""', '"') if quoted else word.lower() for quoted, word in _NAME.findall(text)
    )


def changes_rows(statement: Statement) -> bool:
    """Return whether this is INSERT, UPDATE, DELETE or MERGE, or WITH followed by one of them."""
    return _is_one_of(_CHANGES_ROWS, statement)


def skips_locked(statement: Statement) -> bool:
    """Return whether the statement skips locked rows."""
    if "LOCKED" not in statement.text.upper():
        return False
    words = [token.text.upper() for token in tokens(statement.text) if not token.is_comment]
    return ("SKIP", "LOCKED") in pairwise(words)


_NUMBERS_ROWS = frozenset({"ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE", "PERCENT_RANK"})


def has_computed_window(statement: Statement) -> bool:
    """Return whether the statement changes a stretch of rows such as min(id) + 1000 or row_number() < 1000, without LIMIT or FETCH."""
    words = [token.text.upper() for token in tokens(statement.text) if not token.is_comment]
    if "LIMIT" in words or "FETCH" in words:
        return False
    calls = [n for n, (word, after) in enumerate(pairwise(words)) if after == "("]
    ends = [n for n in calls if words[n] in {"MIN", "MAX"}]
    return any(words[n] in _NUMBERS_ROWS for n in calls) or (
        bool(ends) and not {"+", "-"}.isdisjoint(words[ends[0] :])
    )


def runs_outside_transactions(statement: Statement) -> bool:
    """Return whether PostgreSQL refuses this statement inside a transaction block."""
    if _is_one_of(_OUTSIDE_TRANSACTIONS, statement):
        return True
    return concurrent(statement) is not None
