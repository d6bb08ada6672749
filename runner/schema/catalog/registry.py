"""The objects found so far, and who is who by oid."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.schema.catalog.dependency_order import Node, Place, Section

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from runner.schema.catalog import query_rows

# The oids of the system catalogs are part of PostgreSQL's interface and never change.
TYPE, PROC, CLASS, CONSTRAINT, NAMESPACE = 1247, 1255, 1259, 2606, 2615
REWRITE, TRIGGER, POLICY, STATISTICS, EVENT_TRIGGER = 2618, 2620, 3256, 3381, 3466
ObjectId = tuple[int, int]  # the oid of the system catalog, and the oid in it


class Subject(NamedTuple):
    """What comments, rights and dependencies refer to by oid."""

    node: Node | None  # none: it is there without a statement, as schema public is
    section: Section
    group: str
    parent: str  # what its parts name as their parent
    comment_on: str  # "TABLE public.users"
    grant_on: str | None = None
    owner: str | None = None
    columns_of: str | None = None  # what stands before ".column" in COMMENT ON COLUMN


class Registry:
    """Collects objects, each with its position in the file and what it needs."""

    def __init__(self, found: query_rows.Snapshot, *, owners: bool, schemas: Collection[str] | None) -> None:
        self.rows = found
        self.owners = owners
        self.unsaid_owner: str | None = None  # with other owners alone: the one that is not written
        self.schemas = None if schemas is None else frozenset(schemas)
        self.subjects: dict[ObjectId, Subject] = {}
        self.nodes: list[Node] = []

    def writes_owner(self, owner: str) -> bool:
        """Return whether an object of this owner is written with its owner."""
        return self.owners or (self.unsaid_owner is not None and owner != self.unsaid_owner)

    def includes(self, schema: str) -> bool:
        """Return whether objects of this schema are wanted."""
        return self.schemas is None or schema in self.schemas

    def add(
        self,
        kind: str,
        identity: str,
        sql: str,
        *,
        section: Section,
        group: str,
        place: Place = Place.MAIN,
        parent: str | None = None,
        needs: Sequence[Node] = (),
        undo: str | None = None,
    ) -> Node:
        """Add one object; what it needs comes before it. Without `undo` it is dropped by its name."""
        undo = f"DROP {kind.upper()} {identity};" if undo is None else undo
        node = Node(kind, identity, section, group, place, sql, parent, list(needs), undo=undo)
        self.nodes.append(node)
        return node

    def add_part(
        self, of: Subject, kind: str, identity: str, sql: str, place: Place, *needs: Node, undo: str
    ) -> Node:
        """Add something that belongs to an object, right after it."""
        own = () if of.node is None else (of.node,)
        return self.add(
            kind,
            identity,
            sql,
            section=of.section,
            group=of.group,
            place=place,
            parent=of.parent,
            needs=(*own, *needs),
            undo=undo,
        )

    def register(
        self, oid: ObjectId, node: Node, comment_on: str, grant_on: str | None, owner: str | None
    ) -> None:
        """Let an object be found that stands for itself."""
        name = node.identity
        self.subjects[oid] = Subject(node, node.section, node.group, name, comment_on, grant_on, owner, name)

    def register_part(
        self, oid: ObjectId, node: Node, of: Subject, comment_on: str, *, owner: str | None = None
    ) -> None:
        """Let a part of an object be found; what belongs to the part belongs to the object."""
        self.subjects[oid] = Subject(node, of.section, of.group, of.parent, comment_on, owner=owner)
