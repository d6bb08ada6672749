"""What pg_dump makes of a schema, and whether our snapshot of it makes the same."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from runner.errors import ConfigurationError
from runner.schema.catalog.differences import compare_text, diff
from runner.schema.catalog.read import read
from runner.schema.catalog.render import render
from runner.schema.catalog.spelling import canonical_arrays
from runner.server.local import installed

Parameters = dict[str, str]


def pg_dump_for(server: Parameters, home: Path) -> Callable[[Parameters], str]:
    """Return what dumps a database's schema; where no pg_dump fits the server, the text is empty."""
    with psycopg.connect(**server) as conn:
        major = conn.info.server_version // 10000
    try:
        programs = installed.find(os.environ, home, major=major)
    except ConfigurationError:
        return lambda _: ""

    def dump(parameters: Parameters) -> str:
        return subprocess.run(
            [programs.bin / "pg_dump", "--schema-only", make_conninfo(**parameters)],
            capture_output=True,
            text=True,
            env={**os.environ, **programs.environment},
            check=True,
        ).stdout

    return dump


def entries(dumped: str) -> dict[str, str]:
    """Cut what pg_dump writes into its entries, by their headings: name, type, schema and owner.

    What is no schema is made one: the order of entries, of rights and of storage parameters, which view of a circle is
    made without its query first, and how the server spells
    an array that it has read again. The tablespace and the
    access method are set before the entries that they are for, once for several; what holds for a table or an index
    is written with it.
    """
    found: dict[str, str] = {}
    state: dict[str, str] = {}
    heading = ""
    for line in dumped.splitlines():
        setting = re.match(r"SET (default_tablespace|default_table_access_method) = (.*);", line)
        if setting is not None:
            state[setting[1]] = setting[2]
        elif line.startswith("-- Name: "):
            heading = line.removeprefix("-- ")
            is_stored = re.search(r"; Type: (TABLE|INDEX|MATERIALIZED VIEW|CONSTRAINT);", line)
            found[heading] = found.get(heading, "") + (f"\n{state}" if is_stored else "")
        elif line.startswith("WITH ("):
            found[heading] += f"\n{sorted(re.findall(r'[^ (),;]+', line))}"
        elif heading and line not in ("", "--") and not line.startswith(("-- Dep", "-- PostgreSQL", "\\")):
            found[heading] += f"\n{line}"
    for heading in [h for h in found if "; Type: RULE; " in h]:
        view = re.sub(r" _RETURN; Type: RULE; ", "; Type: VIEW; ", heading)
        if view != heading and view in found:
            query = found.pop(heading).replace("CREATE OR REPLACE VIEW", "CREATE VIEW", 1)
            owner = re.search(r"\nALTER (TABLE|VIEW) .* OWNER TO .*", found[view], re.DOTALL)
            found[view] = query + ("" if owner is None else owner[0])
    return {
        heading: "\n".join(sorted(text.splitlines())) if "ACL; " in heading else canonical_arrays(text)
        for heading, text in found.items()
    }


def copy_differences(
    original: Parameters, copy: Parameters, dump: Callable[[Parameters], str]
) -> tuple[str, list[str]]:
    """Load the snapshot of one database into another, an empty one; return its text and what is not the same then."""
    with psycopg.connect(**original) as conn:
        before = read(conn, other_owners=True)
    text = render(before)
    with psycopg.connect(**copy, autocommit=True) as conn:
        try:
            conn.execute(text.encode())
        except psycopg.Error as error:
            return text, [f"the snapshot does not load: {error}"]
        after = read(conn, other_owners=True)
    found = [f"read: {d}" for d in diff(before, after) if not d.is_note]
    found += [f"compared with the text: {d}" for d in compare_text(text, after) if not d.is_note]
    return text, found + dumped_differences(entries(dump(original)), entries(dump(copy)))


def dumped_differences(original: dict[str, str], copy: dict[str, str]) -> list[str]:
    """Return the entries that are not the same."""
    return [
        f"{heading}\n--- original{original.get(heading)}\n--- copy{copy.get(heading)}"
        for heading in sorted(original.keys() | copy.keys())
        if original.get(heading) != copy.get(heading)
    ]
