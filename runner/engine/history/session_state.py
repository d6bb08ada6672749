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
# What decides where a statement's objects go and what its texts mean. A file may change them for the sessions after its own
# (ALTER DATABASE or ROLE … SET), and so may a person or a client between two runs of it.
_DEFAULTS = (
    *(
        "search_path",
        "default_tablespace",
        "temp_tablespaces",
        "default_table_access_method",
        "default_toast_compression",
    ),
    *("default_transaction_isolation", "default_transaction_read_only", "default_transaction_deferrable"),
    *("check_function_bodies", "session_replication_role", "row_security", "createrole_self_grant"),
    *(
        "DateStyle",
        "IntervalStyle",
        "TimeZone",
        "timezone_abbreviations",
        "extra_float_digits",
        "bytea_output",
    ),
    *("lc_monetary", "lc_numeric", "lc_time", "default_text_search_config", "xmlbinary", "xmloption"),
    *(
        "array_nulls",
        "backslash_quote",
        "lo_compat_privileges",
        "quote_all_identifiers",
        "transform_null_equals",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """The user, role, settings and temporary tables of a session, as far as they differ from its start."""

    user: str
    role: str  # "none": the session's user
    settings: Mapping[str, str] = field(default_factory=dict)
    temporary: frozenset[str] = frozenset()  # names of temporary tables, views and sequences
    defaults: Mapping[str, str] = field(
        default_factory=dict
    )  # what RESET restores; kept for the file's beginning only

    def since(self, start: SessionState) -> tuple[str | None, str | None, frozenset[tuple[str, str | None]]]:
        """Return the user, the role and the settings that differ from those at the start."""
        changed = {
            item for item in self.settings.items() if start.settings.get(item[0]) != item[1] and item[1]
        }
        gone = {(name, None) for name in start.settings.keys() - self.settings.keys()}
        return (
            None if self.user == start.user else self.user,
            None if self.role == start.role else self.role,
            frozenset(changed | gone),
        )


def capture(custom: Sequence[str] = (), *, defaults: bool = False) -> bytes:
    """Return a SELECT that keeps the session's state in a setting of ours until the transaction ends.

    `custom` names settings with a dot in their name, which no catalog lists; `defaults` adds what RESET would restore.

    Source: PostgreSQL manual, "pg_settings"; `reset_val` is the value at the session's start.
    """
    named = sql.SQL(", ").join(
        sql.SQL("{0}, pg_catalog.current_setting({0}, true)").format(sql.Literal(name)) for name in custom
    )
    added = _WITH_DEFAULTS.format(names=sql.SQL(", ").join(_DEFAULTS)) if defaults else sql.SQL("")
    return _CAPTURE.format(carrier=sql.Literal(_CARRIER), custom=named, defaults=added).as_bytes(None)


def custom_settings_of_functions(conn: psycopg.Connection[Any]) -> list[str]:
    """Return the settings with a dot in their name that functions of the database name: a file may call them."""
    return [name for (name,) in conn.execute(_OF_FUNCTIONS)]


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
        defaults=found.get("defaults", {}),
    )


def restore_defaults(conn: psycopg.Connection[Any], start: SessionState) -> list[str]:
    """Set in a new session the defaults that the file began with, and return each that has changed since."""
    changed = []
    for name, was, now in conn.execute(
        _CHANGED_DEFAULTS, [list(start.defaults), list(start.defaults.values())]
    ):
        conn.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, was])
        changed.append(f"{name} = {was}, no longer {now}")
    return changed


def restore(conn: psycopg.Connection[Any], start: SessionState, state: SessionState) -> None:
    """Set in a new session what a lost one had set since its start."""
    if state.user != start.user:
        conn.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Literal(state.user)))
    for name in start.settings.keys() - state.settings.keys():
        conn.execute(sql.SQL("RESET {}").format(sql.Identifier(*name.split("."))))
    for name, value in state.settings.items():
        if (
            start.settings.get(name) != value or "." in name
        ):  # the value at the start of one with a dot is not known
            conn.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])
    conn.execute(
        "SELECT pg_catalog.set_config('role', %s, false) WHERE pg_catalog.current_setting('role') <> %s",
        [state.role, state.role],
    )


_CAPTURE = sql.SQL("""SELECT pg_catalog.set_config({carrier}, (pg_catalog.jsonb_build_object(
 'user', session_user, 'role', pg_catalog.current_setting('role'),
 'settings', coalesce((SELECT pg_catalog.jsonb_object_agg(s.name, pg_catalog.current_setting(s.name))
  FROM pg_catalog.pg_settings AS s WHERE s.source = 'session' AND s.setting IS DISTINCT FROM s.reset_val
  AND s.name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')), '{{}}')
  || pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object({custom})),
 'temporary', coalesce((SELECT pg_catalog.jsonb_agg(c.relname) FROM pg_catalog.pg_class AS c
  WHERE c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relkind IN ('r', 'p', 'v', 'S')), '[]')){defaults})::text, true)""")
_WITH_DEFAULTS = sql.SQL(
    " || pg_catalog.jsonb_build_object('defaults', (SELECT pg_catalog.jsonb_object_agg(s.name, s.reset_val)"
    " FROM pg_catalog.pg_settings AS s WHERE s.name IN ({names}) AND s.reset_val IS NOT NULL))"
)
_CHANGED_DEFAULTS = """
SELECT s.name, was.value, s.reset_val
FROM ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) AS was (name, value)
INNER JOIN pg_catalog.pg_settings AS s ON s.name = was.name
WHERE s.reset_val IS DISTINCT FROM was.value
    AND s.source <> 'session'
    AND (s.context = 'user' OR pg_catalog.current_setting('is_superuser') = 'on')
ORDER BY s.name
"""
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
