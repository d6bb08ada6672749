"""Rights as GRANT and REVOKE, relative to what a new object of its kind has, the same on every version."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from runner.schema.catalog import query_rows
from runner.schema.catalog.dependency_order import Place, Section
from runner.schema.catalog.objects import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.schema.catalog.dependency_order import Node
    from runner.schema.catalog.registry import Registry, Subject

# In the order in which they are written. MAINTAIN is new in PostgreSQL 17 and part of ALL there: whoever has
# the other seven has ALL, so that the same migrations read the same on every version.
_ORDER = (
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "USAGE",
    "CREATE",
    "EXECUTE",
    "MAINTAIN",
)
_ALL_OF_A_TABLE = frozenset(_ORDER[:7])
_DEFAULTS_ON = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}


class Statement(NamedTuple):
    """A change of rights: what is given to or taken from one grantee."""

    verb: str  # grant or revoke
    grantee: str
    privileges: str  # "SELECT, INSERT", or "ALL"
    grantable: bool
    grantor: str | None = None  # another role than the owner, which had the grant option

    def on(self, target: str, *, owner: str = "CURRENT_ROLE") -> str:
        """Write it for a target such as TABLE public.users."""
        grantee = owner if self.grantee == "CURRENT_ROLE" else self.grantee
        if self.verb == "revoke":
            return f"REVOKE {self.privileges} ON {target} FROM {grantee};"
        option = " WITH GRANT OPTION" if self.grantable else ""
        return f"GRANT {self.privileges} ON {target} TO {grantee}{option};"

    def undone(self, target: str, *, owner: str = "CURRENT_ROLE") -> str:
        """Write what takes it back."""
        other = self._replace(verb="grant" if self.verb == "revoke" else "revoke", grantable=False)
        return other.on(target, owner=owner)


def statements(
    rights: Iterable[query_rows.Grant] | Iterable[query_rows.DefaultPrivilege],
    *,
    kind: str,
    column: str | None = None,
    owner_needs_them: bool = False,
) -> list[Statement]:
    """Compare the rights on one object with its defaults, and say what makes the one from the other.

    `kind` is the letter of acldefault(). The owner's rights are shown only where some were taken away, unless
    `owner_needs_them`: on a column, and among the default privileges of a schema, it has none by itself.
    """
    actual: dict[
        tuple[str, str], dict[str, bool]
    ] = {}  # by the grantee, and the grantor unless it is the owner
    default: dict[str, set[str]] = {}
    for right in rights:
        if right.grantee is None:  # a role that was dropped meanwhile
            continue
        if right.is_default:
            default.setdefault(right.grantee, set()).add(right.privilege)
        else:
            held = actual.setdefault((right.grantee, right.grantor or ""), {})
            held[right.privilege] = held.get(right.privilege, False) or right.is_grantable

    result: list[Statement] = []
    for grantee in sorted(default):
        lost = default[grantee] - actual.get((grantee, ""), {}).keys() - {"MAINTAIN"}
        if lost:
            everything = lost == default[grantee] - {"MAINTAIN"}
            result.append(
                Statement("revoke", grantee, "ALL" if everything else _spell(lost, ""), grantable=False)
            )
    for grantee, grantor in sorted(actual):
        if grantee == "CURRENT_ROLE" and (grantor or not owner_needs_them):
            continue
        usual = set() if grantor else default.get(grantee, set())
        for grantable in (False, True):
            given = {
                privilege
                for privilege, option in actual[grantee, grantor].items()
                if option is grantable and (option or privilege not in usual)
            }
            if given:
                privileges = _spell(given, kind, column)
                result.append(
                    Statement("grant", grantee, privileges, grantable=grantable, grantor=grantor or None)
                )
    return result


def _spell(privileges: set[str], kind: str, column: str | None = None) -> str:
    if kind == "r" and privileges >= _ALL_OF_A_TABLE:
        return "ALL"
    columns = f" ({column})" if column else ""
    return ", ".join(f"{privilege}{columns}" for privilege in _ORDER if privilege in privileges)


def join_columns(per_column: Sequence[tuple[str, Statement]]) -> list[Statement]:
    """Join the column grants of one grantee: SELECT (a), SELECT (b) become SELECT (a, b)."""
    joined: dict[tuple[str, bool, str], dict[str, list[str]]] = {}
    for column, statement in per_column:
        if statement.verb == "grant":
            key = (statement.grantee, statement.grantable, statement.grantor or "")
            by_privilege = joined.setdefault(key, {})
            for privilege in statement.privileges.split(", "):
                by_privilege.setdefault(privilege, []).append(column)
    return [
        Statement(
            "grant",
            grantee,
            ", ".join(f"{p} ({', '.join(sorted(by_privilege[p]))})" for p in _ORDER if p in by_privilege),
            grantable=grantable,
            grantor=grantor or None,
        )
        for (grantee, grantable, grantor), by_privilege in sorted(joined.items())
    ]


def add_grants(registry: Registry) -> None:
    """Add the rights on every object of the catalog."""
    by_object: dict[tuple[int, int], list[query_rows.Grant]] = defaultdict(list)
    for grant in registry.rows.grants:
        by_object[grant.catalog, grant.oid].append(grant)
    for oid, rights in by_object.items():
        subject = registry.subjects.get(oid)
        if subject is not None and subject.grant_on is not None:
            _add_rights(registry, subject, subject.grant_on, rights)


def _add_rights(
    registry: Registry, subject: Subject, target: str, rights: Sequence[query_rows.Grant]
) -> None:
    """Add the rights on one object; what another role than the owner gave follows what lets it do so."""
    if target == "SCHEMA public":
        rights = _rights_on_public(registry.rows, rights)
    owner = "CURRENT_ROLE"
    if subject.owner is not None and registry.writes_owner(subject.owner):
        owner = subject.owner
    given: dict[str, list[Node]] = defaultdict(list)  # by grantee
    handed_on: list[tuple[str, Node]] = []
    for (verb, grantee, grantor), group in _by_grantee(_of_object(rights)):
        role = owner if grantee == "CURRENT_ROLE" else grantee
        changes = [statement.on(target, owner=owner) for statement in group]
        undo = [statement.undone(target, owner=owner) for statement in group]
        node = registry.add(
            verb,
            f"on {in_words(target)} {'to' if verb == 'grant' else 'from'} {role}{f' by {grantor}' if grantor else ''}",
            "\n".join([f"SET ROLE {grantor};", *changes, "RESET ROLE;"] if grantor else changes),
            section=subject.section,
            group=subject.group,
            place=Place.GRANT if verb == "grant" else Place.REVOKE,
            parent=subject.parent,
            needs=[] if subject.node is None else [subject.node],
            undo="\n".join([f"SET ROLE {grantor};", *undo, "RESET ROLE;"] if grantor else undo),
        )
        if verb == "grant":
            given[grantee].append(node)
        if grantor:
            handed_on.append((grantor, node))
    for grantor, node in handed_on:
        node.needs += given[grantor]


def _of_object(rights: Sequence[query_rows.Grant]) -> list[Statement]:
    found: list[Statement] = []
    per_column: list[tuple[str, Statement]] = []
    for column in sorted({right.column or "" for right in rights}):
        own = [right for right in rights if (right.column or "") == column]
        if column:
            per_column += [
                (column, statement) for statement in statements(own, kind="c", owner_needs_them=True)
            ]
        else:
            found = statements(own, kind=own[0].kind)
    return found + join_columns(per_column)


def _by_grantee(found: Sequence[Statement]) -> Iterator[tuple[tuple[str, str, str], list[Statement]]]:
    by_key: dict[tuple[str, str, str], list[Statement]] = defaultdict(list)
    for statement in found:
        by_key[statement.verb, statement.grantee, statement.grantor or ""].append(statement)
    return iter(sorted(by_key.items()))


def _rights_on_public(
    found: query_rows.Snapshot, rights: Sequence[query_rows.Grant]
) -> list[query_rows.Grant]:
    """Take away what differs between servers rather than schemas.

    Up to PostgreSQL 14 everyone may create in public and the superuser owns it; since 15 nobody may, and the
    database's owner owns it.
    """
    kept = [
        right if right.grantor != found.main_owner else right._replace(grantor=None)
        for right in rights
        if right.grantee not in ("CURRENT_ROLE", found.main_owner)
        and not (right.grantee == "PUBLIC" and right.privilege == "CREATE" and found.server_version < 150000)
    ]
    usage = query_rows.Grant(
        rights[0].catalog,
        rights[0].oid,
        "n",
        None,
        is_default=True,
        grantee="PUBLIC",
        privilege="USAGE",
        is_grantable=False,
        grantor=None,
    )
    return [*kept, usage]


def add_default_privileges(registry: Registry) -> None:
    """Add ALTER DEFAULT PRIVILEGES; FOR ROLE is left out for the role that migrates."""
    by_target: dict[tuple[str, str | None, str], list[query_rows.DefaultPrivilege]] = defaultdict(list)
    for right in registry.rows.default_privileges:
        wanted = (
            registry.schemas is None if right.schema_name is None else registry.includes(right.schema_name)
        )
        if wanted:
            by_target[right.role, right.schema, right.kind].append(right)
    for (role, schema, kind), rights in by_target.items():
        of_main = role == registry.rows.main_owner
        for_role = "" if of_main else f"FOR ROLE {role} "
        within = "" if schema is None else f"IN SCHEMA {schema} "
        on = _DEFAULTS_ON[kind]
        found = statements(rights, kind=kind, owner_needs_them=schema is not None)
        for (verb, grantee, _), group in _by_grantee(found):
            to = ("CURRENT_ROLE" if of_main else role) if grantee == "CURRENT_ROLE" else grantee
            words = for_role.replace("FOR ROLE", "for role") + within.replace("IN SCHEMA", "in schema")
            alter = f"ALTER DEFAULT PRIVILEGES {for_role}{within}"
            registry.add(
                "default privileges",
                f"{words}{verb} on {on.lower()} {'to' if verb == 'grant' else 'from'} {to}",
                "\n".join(f"{alter}{statement.on(on, owner=to)}" for statement in group),
                section=Section.DEFAULT_PRIVILEGES,
                group=f"{for_role}{within}",
                parent=schema,
                undo="\n".join(f"{alter}{statement.undone(on, owner=to)}" for statement in group),
            )
