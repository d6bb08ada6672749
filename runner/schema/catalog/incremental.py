"""A cached schema, read repeatedly while migrations change it: only what they touched is read again.

The cost of a look is that of the change, not of the schema, save for one pass over the system catalogs in the
server that takes milliseconds.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import Any

import psycopg

from runner.schema.catalog import query_rows
from runner.schema.catalog.build import Builder
from runner.schema.catalog.objects import Catalog, CatalogObject, Key, as_parent
from runner.schema.catalog.read import fetch_whole, plain_session, run_query
from runner.schema.catalog.registry import CLASS, PROC, TYPE

Top = tuple[int, int]  # the oid of the system catalog, and of a relation, function or type in it

# What of each query's rows belongs to some oids. The names are the queries' columns.
_OF = {
    "relations": "q.oid = ANY(%(oids)s)",
    "columns": "q.attrelid = ANY(%(oids)s)",
    "inherits": "q.inhrelid = ANY(%(oids)s) OR q.inhrelid = ANY(%(parts)s)",
    "constraints": "q.conrelid = ANY(%(oids)s) OR q.contypid = ANY(%(oids)s)",
    "indexes": "q.indrelid = ANY(%(oids)s)",
    "sequences": "q.oid = ANY(%(oids)s) OR q.table_oid = ANY(%(oids)s)",
    "triggers": "q.tgrelid = ANY(%(oids)s)",
    "rules": "q.ev_class = ANY(%(oids)s)",
    "policies": "q.polrelid = ANY(%(oids)s)",
    "statistics": "q.stxrelid = ANY(%(oids)s)",
    "types": "q.oid = ANY(%(oids)s)",
    "functions": "q.oid = ANY(%(oids)s)",
    "aggregates": "q.oid = ANY(%(oids)s)",
    "comments": "q.objoid = ANY(%(oids)s) OR q.objoid = ANY(%(parts)s)",
    "grants": "q.objid = ANY(%(oids)s) OR q.objid = ANY(%(parts)s)",
    "dependencies": "q.objid = ANY(%(oids)s) OR q.objid = ANY(%(parts)s)",
}

# The planner does not know how few they are, and to plan takes ten times as long as to run.
_FEW_ROWS = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL plan_cache_mode = force_generic_plan"


class Mirror:
    """One database's schema, as it was last read, with who owns what the session's role does not. The session is for nothing else."""

    def __init__(self, conn: psycopg.Connection[Any], *, exclude: Collection[str] = ()) -> None:
        self._conn = conn
        conn.prepare_threshold = (
            sys.maxsize
        )  # nothing by itself; our questions, which are asked again and again
        self._exclude = exclude
        self._whole: query_rows.Snapshot | None = None  # of which only what rarely changes is used later
        self._fingerprints: dict[Top, str] = {}
        self._names: dict[Top, str] = {}  # identities at the last look
        self._defining: set[Top] = set()  # what the statements of other kinds may name
        self._objects: dict[Key, CatalogObject] = {}
        self._keys: dict[
            str, set[Key]
        ] = {}  # by the identity of the relation, function or type that they belong to

    def read(self) -> Catalog:
        """Return the schema as it is now; equal to what `catalog.read` gives with `other_owners`."""
        with plain_session(self._conn):
            found = self._fingerprint()
            before, self._fingerprints = self._fingerprints, found
            changed = {top for top in before.keys() | found.keys() if before.get(top) != found.get(top)}
            if self._whole is None or (0, 0) in changed or self._defining & changed:
                self._read_whole()
            elif changed:
                self._conn.execute(_FEW_ROWS)
                self._read_some(changed)
        return Catalog(dict(self._objects))

    def _fingerprint(self) -> dict[Top, str]:
        return {(class_, top): text for class_, top, text in self._ask(_text("fingerprints"), None)}

    def _read_whole(self) -> None:
        self._whole = fetch_whole(self._conn, None)
        builder = Builder(self._whole, other_owners=True, exclude=self._exclude)
        self._objects, self._keys, self._names = {}, {}, {}
        self._keep(builder, builder.catalog(), only=None)
        found = self._whole.definitions
        ids = {(d.catalog, d.oid) for d in found}
        self._defining = {
            (catalog, oid) for d in found for catalog, oid in (*(d.within or ()), *(d.needs or ()))
        }
        self._defining |= {
            (d.needs_catalog, d.needs_oid) for d in self._whole.dependencies if (d.catalog, d.oid) in ids
        }

    def _read_some(self, changed: set[Top]) -> None:
        touched = {oid for _, oid in changed}
        pairs = self._neighbours(touched)
        users = {user for user, used, _ in pairs if used in touched}
        owners = {used for user, used, owned in pairs if owned and user in touched}
        targets = touched | users | owners
        if targets != touched:
            pairs = self._neighbours(targets)
            targets |= {user for user, used, owned in pairs if owned and used in targets}
        context = {used for user, used, _ in pairs if user in targets}
        classes = {top: class_ for class_, top in (*self._fingerprints, *changed)}
        for oid in targets:
            for class_ in (CLASS, PROC, TYPE):
                name = self._names.pop((class_, oid), None)
                for key in () if name is None else self._keys.pop(name, ()):
                    self._objects.pop(key, None)
        builder = Builder(
            self._fetch_some(targets | context, classes), other_owners=True, exclude=self._exclude
        )
        self._keep(builder, builder.catalog(), only=targets)

    def _neighbours(self, oids: set[int]) -> list[tuple[int, int, bool]]:
        return self._ask(_text("neighbours"), {"oids": list(oids)})

    def _fetch_some(self, oids: set[int], classes: Mapping[int, int]) -> query_rows.Snapshot:
        """Read the rows of some objects, and none of a kind of which there are none among them."""
        known = {classes.get(oid, 0) for oid in oids}
        parts: list[int] = []

        def some(name: str, *, of: int | None = None) -> list[tuple[Any, ...]]:
            if of is not None and of not in known:
                return []
            text = f"SELECT q.* FROM ({_text(name).rstrip().rstrip(';')}) AS q WHERE {_OF[name]}"  # noqa: S608 - all of it is ours
            return self._ask(text, {"oids": list(oids), "parts": parts})

        constraints = list(map(query_rows.Constraint._make, some("constraints")))
        indexes = list(map(query_rows.Index._make, some("indexes", of=CLASS)))
        sequences = list(map(query_rows.Sequence._make, some("sequences", of=CLASS)))
        triggers = list(map(query_rows.Trigger._make, some("triggers", of=CLASS)))
        rules = list(map(query_rows.Rule._make, some("rules", of=CLASS)))
        policies = list(map(query_rows.Policy._make, some("policies", of=CLASS)))
        statistics = list(map(query_rows.Statistics._make, some("statistics", of=CLASS)))
        types = list(map(query_rows.Type._make, some("types", of=TYPE)))
        for found in (constraints, indexes, sequences, triggers, rules, policies, statistics):
            parts += [part.oid for part in found]
        parts += [t.not_null_oid for t in types if t.not_null_oid is not None]
        parts += [c.index_oid for c in constraints] + [t.relation for t in types if t.relation]
        oids |= {t.relation for t in types if t.relation}
        columns = list(map(query_rows.Column._make, some("columns")))
        parts += [c.not_null_oid for c in columns if c.not_null_oid is not None]
        whole = self._whole
        if whole is None:
            raise RuntimeError("nothing was read yet")
        return query_rows.Snapshot(
            server_version=whole.server_version,
            main_owner=whole.main_owner,
            schemas=whole.schemas,
            extensions=whole.extensions,
            event_triggers=whole.event_triggers,
            definitions=[],
            default_privileges=whole.default_privileges,
            undescribed=[],
            types=types,
            sequences=sequences,
            functions=list(map(query_rows.Function._make, some("functions", of=PROC))),
            aggregates=dict(some("aggregates", of=PROC)),
            relations=list(map(query_rows.Relation._make, some("relations", of=CLASS))),
            columns=columns,
            inherits=[(child, parent) for child, parent in some("inherits", of=CLASS)],
            constraints=constraints,
            indexes=indexes,
            triggers=triggers,
            rules=rules,
            policies=policies,
            statistics=statistics,
            comments=list(map(query_rows.Comment._make, some("comments"))),
            grants=list(map(query_rows.Grant._make, some("grants"))),
            dependencies=list(map(query_rows.Dependency._make, some("dependencies"))),
        )

    def _keep(self, builder: Builder, found: Catalog, *, only: Collection[int] | None) -> None:
        """Take over what was read; of a part of the schema, what belongs to the objects that were asked for."""
        mine: set[str] = set()
        for (class_, oid), subject in builder.subjects.items():
            if class_ in (CLASS, PROC, TYPE) and (only is None or oid in only):
                self._names[class_, oid] = subject.parent
                mine.add(subject.parent)
        owners = {item.identity: item.parent for item in found.objects.values()}
        for key, item in found.objects.items():
            top = _top(item, owners)
            if only is None or top in mine:
                self._objects[key] = item
                self._keys.setdefault(top, set()).add(key)

    def _ask(self, text: str, parameters: Mapping[str, Any] | None) -> list[Any]:
        return run_query(self._conn, text, parameters, prepare=True)


def _top(item: CatalogObject, owners: Mapping[str, str | None]) -> str:
    """Walk up from a part to what it belongs to: from a comment on a table to the table."""
    name = as_parent(*item.key) if item.parent is None else item.parent
    while (above := owners.get(name)) is not None and above != name:
        name = above
    return name


def _text(name: str) -> str:
    return (files("runner.schema.catalog") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
