"""Kinds that need nothing but their own statement, which the queries write: one query and one line here for each."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from runner.schema.catalog.create_table import foreign_options
from runner.schema.catalog.dependency_order import Place, Section
from runner.schema.catalog.objects import as_parent
from runner.schema.catalog.registry import Subject

if TYPE_CHECKING:
    from runner.schema.catalog.registry import Registry

_QUERIES = ("collations", "operators", "text_search", "servers", "publications")
_SECTIONS = {
    "collation": Section.COLLATIONS,
    "cast": Section.OPERATORS,
    "operator": Section.OPERATORS,
    "operator family": Section.OPERATORS,
    "operator class": Section.OPERATORS,
    "text search parser": Section.TEXT_SEARCH,
    "text search template": Section.TEXT_SEARCH,
    "text search dictionary": Section.TEXT_SEARCH,
    "text search configuration": Section.TEXT_SEARCH,
    "foreign data wrapper": Section.SERVERS,
    "server": Section.SERVERS,
    "user mapping": Section.SERVERS,
    "publication": Section.PUBLICATIONS,
}
_GRANT_ON = {"foreign data wrapper": "FOREIGN DATA WRAPPER", "server": "FOREIGN SERVER"}

# Members of extensions come with them, and a range brings its own casts.
_OWN = """
SELECT d.* FROM ({}) AS d
WHERE
    (d.schema_name IS NULL OR (d.schema_name !~ '^pg_' AND d.schema_name <> 'information_schema'))
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS e
        WHERE e.classid = d.catalog AND e.objid = d.oid AND e.deptype IN ('e', 'i')
    )
"""


def query() -> str:
    """Return the one query that reads all of them."""
    folder = files("runner.schema.catalog") / "queries"
    texts = [(folder / f"{name}.sql").read_text(encoding="utf-8") for name in _QUERIES]
    return _OWN.format("UNION ALL\n".join(f"(\n{text})\n" for text in texts))


def add_definitions(registry: Registry) -> None:
    """Add each of them, a part after what it is a part of; what else they need is known when all are there."""
    for found in sorted(registry.rows.definitions, key=lambda d: d.within is not None):
        is_wanted = (
            registry.schemas is None if found.schema_name is None else registry.includes(found.schema_name)
        )
        wholes = [registry.subjects.get((catalog, oid)) for catalog, oid in found.within or ()]
        if not is_wanted or None in wholes:
            continue
        if wholes and (whole := wholes[0]) is not None:
            needs = [other.node for other in wholes if other is not None and other.node is not None]
            registry.add_part(
                whole, found.kind, found.identity, f"{found.sql};", Place.SETTING, *needs, undo=""
            )
            continue
        section, name = _SECTIONS[found.kind], as_parent(found.kind, found.identity)
        sql = f"{found.sql}{foreign_options(found.options)};"
        node = registry.add(found.kind, found.identity, sql, section=section, group=name)
        target = f"{found.kind.upper()} {found.identity}"
        grant_on = f"{_GRANT_ON[found.kind]} {found.identity}" if found.kind in _GRANT_ON else None
        registry.subjects[found.catalog, found.oid] = Subject(
            node, section, name, name, target, grant_on, found.owner
        )
    for found in registry.rows.definitions:
        subject = registry.subjects.get((found.catalog, found.oid))
        for catalog, oid in found.needs or ():
            needed = registry.subjects.get((catalog, oid))
            if (
                subject is not None
                and subject.node is not None
                and needed is not None
                and needed.node is not None
            ):
                subject.node.needs.append(needed.node)
