"""What a file's statements left set in their session, so that a new session can go on where a lost one stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

# COMMIT takes back what SET LOCAL set: this setting carries the captured state into the journal's own statement
_CARRIER = "runner.session"
CARRIED = sql.SQL("NULLIF(pg_catalog.current_setting('runner.session', true), '')")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """The user, role, settings and temporary tables of a session, as far as they differ from its start."""

    user: str
    role: str  # "none": the session's user
    settings: Mapping[str, str] = field(default_factory=dict)
    temporary: frozenset[str] = frozenset()  # names of temporary tables, views and sequences


def capture(custom: Sequence[str] = ()) -> bytes:
    """Return a SELECT that keeps the session's state in a setting of ours until the transaction ends.

    `custom` names settings with a dot in their name, which no catalog lists.

    Source: PostgreSQL manual, "pg_settings"; `reset_val` is the value at the session's start.
    """
    named = sql.SQL(", ").join(
        sql.SQL("{0}, pg_catalog.current_setting({0}, true)").format(sql.Literal(name)) for name in custom
    )
    return _CAPTURE.format(carrier=sql.Literal(_CARRIER), custom=named).as_bytes(None)


def custom_settings_of_functions(conn: psycopg.Connection[Any]) -> list[str]:
    """Return the settings with a dot in their name that functions of the database name: a file may call them."""
    return [name for (name,) in conn.execute(_OF_FUNCTIONS)]


def read_now(conn: psycopg.Connection[Any]) -> SessionState | None:
    """Return the session's state at this moment."""
    row = conn.execute(capture()).fetchone()
    return None if row is None else read_state(row[0])


def read_state(text: str | None) -> SessionState | None:
    """Return the state that `capture` kept; None for a statement that was run before states were kept."""
    if text is None:
        return None
    found = json.loads(text)
    return SessionState(
        user=found["user"],
        role=found["role"],
        settings=found["settings"],
        temporary=frozenset(found["temporary"]),
    )


def restore(conn: psycopg.Connection[Any], start: SessionState, state: SessionState) -> None:
    """Set in a new session what a lost one had set since its start."""
    if state.user != start.user:
        conn.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Literal(state.user)))
    for name in start.settings.keys() - state.settings.keys():
        conn.execute(sql.SQL("RESET {}").format(sql.Identifier(*name.split("."))))
    for name, value in state.settings.items():
        if start.settings.get(name) != value:
            conn.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])
    if state.role != start.role:
        conn.execute("SELECT pg_catalog.set_config('role', %s, false)", [state.role])


_CAPTURE = sql.SQL("""SELECT pg_catalog.set_config({carrier}, pg_catalog.jsonb_build_object(
 'user', session_user, 'role', pg_catalog.current_setting('role'),
 'settings', coalesce((SELECT pg_catalog.jsonb_object_agg(s.name, pg_catalog.current_setting(s.name))
  FROM pg_catalog.pg_settings AS s WHERE s.source = 'session' AND s.setting IS DISTINCT FROM s.reset_val
  AND s.name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')), '{{}}')
  || pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object({custom})),
 'temporary', coalesce((SELECT pg_catalog.jsonb_agg(c.relname) FROM pg_catalog.pg_class AS c
  WHERE c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relkind IN ('r', 'p', 'v', 'S')), '[]'))::text, true)""")
_OF_FUNCTIONS = r"""
SELECT DISTINCT found.parts[1]
FROM pg_catalog.pg_proc AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
CROSS JOIN LATERAL pg_catalog.regexp_matches(
    p.prosrc, $re$(?:set_config|current_setting)\s*\(\s*'([a-z_][a-z0-9_$]*\.[a-z0-9_$.]+)$re$, 'gi'
) AS found (parts)
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1
"""
