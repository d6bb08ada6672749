"""Whether the role may alter the tables that a plan alters, asked before anything is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.engine.plan import Plan
from runner.errors import CredentialsError, Location
from runner.files.migrations.migration import Script
from runner.files.sqltext.altered import altered_table
from runner.files.sqltext.lexer import statements
from runner.session.session import Session
from runner.wording import counted

# After these the role may be another one, or names may mean other tables: from there on the server decides.
_CHANGES_THE_VIEW = (("SET",), ("RESET",), ("REASSIGN",), ("GRANT",), ("DO",), ("CALL",))
_SHOWN = 5
_QUERY = """
SELECT w.name, pg_catalog.pg_get_userbyid(c.relowner)::text, EXISTS (
    SELECT FROM pg_catalog.pg_roles AS r
    WHERE r.rolsuper AND pg_catalog.pg_has_role(c.relowner, r.oid, 'MEMBER')
), c.oid::pg_catalog.regclass::text
FROM pg_catalog.unnest(%s::text[]) AS w (name)
INNER JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
WHERE NOT pg_catalog.pg_has_role(CURRENT_USER, c.relowner, 'USAGE')
"""


@dataclass(frozen=True, slots=True)
class _Place:
    script: Script
    offset: int

    def location(self) -> Location:
        return self.script.location(self.offset)


def require_ownership(session: Session, plan: Plan) -> None:
    """Refuse a plan that alters tables which belong to others; a superuser is not asked.

    What a file creates itself, and what comes to be or changes hands in an earlier file, is left to the server.

    Raises: CredentialsError that names the first place, the tables and their owners.
    """
    if session.history.server.is_superuser:
        return
    wanted = dict(_altered(plan))
    if not wanted:
        return
    rows = session.connection.execute(_QUERY, [list(wanted)]).fetchall()
    if not rows:
        return
    names = [name for name in wanted if name in {row[0] for row in rows}]
    owners = sorted({owner for _, owner, _, _ in rows})
    mighty = {owner for _, owner, is_superuser, _ in rows if is_superuser}
    role = session.history.server.role
    raise CredentialsError(
        f'role "{role}" does not own {names[0]}'
        + (f" and {counted(len(names) - 1, 'other table')} that this run alters" if names[1:] else ""),
        where=wanted[names[0]].location(),
        detail=f"{', '.join(names[:_SHOWN])}{', …' if names[_SHOWN:] else ''}: owned by {', '.join(owners)}. Nothing was run.",
        hint="; ".join(_remedies(rows, role))
        + ("." if mighty == set(owners) else "; or migrate as the owner."),
    )


def _remedies(rows: Sequence[tuple[str, str, bool, str]], role: str) -> Iterator[str]:
    """Yield what gives the role the tables. Never membership in a superuser, which would make it one."""
    for owner in sorted({owner for _, owner, is_superuser, _ in rows if not is_superuser}):
        yield f'GRANT "{owner}" TO "{role}"'
    for _, _, is_superuser, name in rows:
        if is_superuser:
            yield f'ALTER TABLE {name} OWNER TO "{role}"'


def _altered(plan: Plan) -> Iterator[tuple[str, _Place]]:
    """Yield each table that is altered, at its first place, as long as role and names are what they are now."""
    seen: set[str] = set()
    for step in plan.steps:
        if step.script.text is None:
            continue
        for statement in statements(step.script.pieces()):
            if any(statement.starts_with(*words) for words in _CHANGES_THE_VIEW):
                return
            name = altered_table(statement)
            if name is not None and name not in seen:
                seen.add(name)
                yield name, _Place(step.script, statement.start)
