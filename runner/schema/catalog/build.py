"""From rows to a catalog: which objects there are, what makes each, and what it needs."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from runner.schema.catalog import create_table, query_rows, statements
from runner.schema.catalog.attached import add_attached
from runner.schema.catalog.definitions import add_definitions
from runner.schema.catalog.dependency_order import Node, Place, Section, in_circles, in_order, reaches
from runner.schema.catalog.objects import Catalog, CatalogObject, ForeignKey, UniqueKey, in_words
from runner.schema.catalog.privileges import add_default_privileges, add_grants
from runner.schema.catalog.registry import (
    CLASS,
    CONSTRAINT,
    NAMESPACE,
    PROC,
    TYPE,
    Registry,
    Subject,
)
from runner.schema.catalog.spelling import canonical_arrays

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# yoyo's tables and ours, whatever schema they are in.
HIDDEN = frozenset(
    {"_yoyo_migration", "_yoyo_log", "_yoyo_version", "yoyo_lock", "_runner_migration", "_runner_journal"}
)

_RELATIONS = {
    "r": ("table", Section.TABLES),
    "p": ("table", Section.TABLES),
    "f": ("foreign table", Section.TABLES),
    "v": ("view", Section.VIEWS),
    "m": ("materialized view", Section.VIEWS),
}


class Builder(Registry):
    """Makes one catalog. What belongs to an object that is left out is left out with it."""

    def __init__(
        self,
        found: query_rows.Snapshot,
        *,
        owners: bool = False,
        other_owners: bool = False,
        schemas: Collection[str] | None = None,
        exclude: Collection[str] = (),
    ) -> None:
        super().__init__(found, owners=owners, schemas=schemas)
        self._exclude = HIDDEN | frozenset(exclude)
        self.unsaid_owner = found.main_owner if other_owners and not owners else None
        self._relations: dict[int, query_rows.Relation] = {}
        self._index_names: dict[int, str] = {}
        self._columns: dict[int, list[query_rows.Column]] = {}
        self._descendants: dict[int, list[Node]] = {}
        self._deferred: set[tuple[int, int]] = set()  # columns whose default is set after the table is made
        self._parents: dict[int, list[int]] = defaultdict(list)  # of tables, in the order of INHERITS
        self._sequence_of: dict[tuple[int, int], query_rows.Sequence] = {}

    def catalog(self) -> Catalog:
        """Add everything, in an order in which parents come first, and sort it."""
        self._columns = {
            oid: list(group) for oid, group in groupby(self.rows.columns, attrgetter("relation"))
        }
        self._add_schemas()
        self._add_types()
        self._add_functions()
        self._add_relations()
        self._add_sequences()
        self._add_constraints()
        self._add_indexes()
        add_attached(self, self._relations)
        add_definitions(self)
        self._add_dependencies()
        self._write_tables()
        if self.owners or self.unsaid_owner is not None:
            self._add_owners()
        self._add_comments()
        add_grants(self)
        add_default_privileges(self)
        self._break_circles()
        ordered = in_order(self.nodes)
        objects = {
            (n.kind, n.identity): CatalogObject(
                n.kind,
                n.identity,
                canonical_arrays(n.sql),
                n.parent,
                n.structure,
                n.undo,
                tuple(dict.fromkeys((need.kind, need.identity) for need in n.needs if need is not n)),
            )
            for n in ordered
        }
        others = (
            f"{other.kind} {other.identity}"
            for other in self.rows.undescribed
            if not other.is_usual
            and (self.schemas is None if other.schema_name is None else self.includes(other.schema_name))
        )
        return Catalog(objects, tuple(others))

    def _add_schemas(self) -> None:
        nodes: dict[str, Node] = {}
        for schema in self.rows.schemas:
            if not self.includes(schema.raw_name):
                continue
            target = f"SCHEMA {schema.name}"
            if schema.raw_name == "public":  # every new database has it
                subject = Subject(None, Section.SCHEMAS, "public", "public", target, target, schema.owner)
                self.subjects[NAMESPACE, schema.oid] = subject
                continue
            sql = statements.create_schema(schema)
            node = self.add("schema", schema.name, sql, section=Section.SCHEMAS, group=schema.name)
            nodes[schema.raw_name] = node
            self.register((NAMESPACE, schema.oid), node, target, target, schema.owner)
        for extension in self.rows.extensions:
            if self.includes(extension.schema_name):
                sql = statements.create_extension(extension)
                needs = [nodes[extension.schema_name]] if extension.schema_name in nodes else []
                self.add(
                    "extension",
                    extension.name,
                    sql,
                    section=Section.EXTENSIONS,
                    group=extension.name,
                    needs=needs,
                )

    def _add_types(self) -> None:
        for made in self.rows.types:
            if not self.includes(made.schema_name):
                continue
            attributes = [column.definition for column in self._columns.get(made.relation, ())]
            sql = statements.create_type(made, attributes)
            kind = "domain" if made.kind == "d" else "type"
            node = self.add(kind, made.qualified, sql, section=Section.TYPES, group=made.qualified)
            node.structure = statements.type_structure(made, self._columns.get(made.relation, ()))
            target = f"{kind.upper()} {made.qualified}"
            self.register((TYPE, made.oid), node, target, target, made.owner)
            if made.not_null_oid is not None:
                on = f"CONSTRAINT {made.quoted_not_null_name} ON DOMAIN {made.qualified}"
                self.subjects[CONSTRAINT, made.not_null_oid] = self.subjects[TYPE, made.oid]._replace(
                    comment_on=on, grant_on=None, owner=None
                )
            if made.relation:  # comments on its columns refer to this one
                self.subjects[CLASS, made.relation] = self.subjects[TYPE, made.oid]

    def _add_functions(self) -> None:
        kinds = {"p": "procedure", "a": "aggregate"}
        for function in self.rows.functions:
            if not self.includes(function.schema_name):
                continue
            kind = kinds.get(function.kind, "function")
            sql = statements.create_function(function, self.rows.aggregates.get(function.oid, ()))
            name = function.signature
            comment_on = f"{kind.upper()} {name}"
            if kind == "aggregate":
                name = statements.aggregate_signature(function)
                comment_on = f"AGGREGATE {name}"
            node = self.add(kind, name, sql, section=Section.FUNCTIONS, group=name)
            grant_on = f"{'PROCEDURE' if kind == 'procedure' else 'FUNCTION'} {function.signature}"
            self.register((PROC, function.oid), node, comment_on, grant_on, function.owner)

    def _add_relations(self) -> None:
        for relation in self.rows.relations:
            name = relation.qualified
            if not self.includes(relation.schema_name):
                continue
            if not self._exclude.isdisjoint(
                (relation.raw_name, f"{relation.schema_name}.{relation.raw_name}", name)
            ):
                continue
            kind, section = _RELATIONS[relation.kind]
            sql = "" if section is Section.TABLES else statements.create_view(relation)
            node = self.add(kind, name, sql, section=section, group=name)
            self.register(
                (CLASS, relation.oid), node, f"{kind.upper()} {name}", f"TABLE {name}", relation.owner
            )
            self._relations[relation.oid] = relation

    def _add_sequences(self) -> None:
        for sequence in self.rows.sequences:
            table = None if sequence.table is None else self._relations.get(sequence.table)
            if not self.includes(sequence.schema_name) or (sequence.table is not None and table is None):
                continue
            name = sequence.qualified
            if not self._exclude.isdisjoint(
                (sequence.raw_name, f"{sequence.schema_name}.{sequence.raw_name}", name)
            ):
                continue
            target = f"SEQUENCE {name}"
            if table is not None and sequence.column is not None:
                owner = self.subjects[CLASS, table.oid]
                self._sequence_of[table.oid, sequence.column] = sequence
                column = next(c for c in self._columns[table.oid] if c.number == sequence.column)
                if sequence.is_identity or create_table.is_serial(
                    column, table, sequence, not_null=column.not_null
                ):
                    self.subjects[CLASS, sequence.oid] = Subject(
                        owner.node, owner.section, owner.group, owner.parent, target, target
                    )
                    if sequence.is_unlike_its_table:
                        modes = ("UNLOGGED", "LOGGED") if sequence.unlogged else ("LOGGED", "UNLOGGED")
                        sql, undo = (f"ALTER SEQUENCE {name} SET {mode};" for mode in modes)
                        self.add_part(
                            owner, "sequence persistence", f"of {name}", sql, Place.SETTING, undo=undo
                        )
                    continue
            sql = create_table.create_sequence(sequence)
            node = self.add("sequence", name, sql, section=Section.SEQUENCES, group=name)
            node.structure = create_table.number_sequence(sequence)
            self.register((CLASS, sequence.oid), node, target, target, sequence.owner)
            if table is not None:
                sql = f"ALTER SEQUENCE {name} OWNED BY {table.qualified}.{column.name};"
                undo = f"ALTER SEQUENCE {name} OWNED BY NONE;"
                ownership = self.add_part(
                    owner, "sequence ownership", name, sql, Place.SETTING, node, undo=undo
                )
                node.parent, ownership.parent = table.qualified, name

    def _children_first(self) -> None:
        """Collect every table's descendants: what a parent hands down must find them there."""
        children: dict[int, list[int]] = defaultdict(list)
        for child, parent in self.rows.inherits:
            if child in self._relations and parent in self._relations:
                children[parent].append(child)
                self._parents[child].append(parent)
                child_node = self.subjects[CLASS, child].node
                parent_node = self.subjects[CLASS, parent].node
                if child_node is not None and parent_node is not None:
                    child_node.needs.append(parent_node)
        for parent in children:
            below, seen = list(children[parent]), {parent}
            while below:
                oid = below.pop()
                if oid not in seen:
                    seen.add(oid)
                    below += children.get(oid, ())
            nodes = (self.subjects[CLASS, oid].node for oid in seen - {parent})
            self._descendants[parent] = [node for node in nodes if node is not None]

    def _add_constraints(self) -> None:
        self._children_first()
        checks: dict[tuple[int, str], Node] = {}
        validated: list[tuple[Node, query_rows.Constraint]] = []
        for constraint in self.rows.constraints:
            if constraint.domain:
                domain = self.subjects.get((TYPE, constraint.domain))
                if domain is not None:
                    identity = f"{constraint.name} on domain {domain.parent}"
                    sql = statements.add_domain_constraint(domain.parent, constraint)
                    undo = f"ALTER DOMAIN {domain.parent} DROP CONSTRAINT {constraint.name};"
                    node = self.add_part(domain, "constraint", identity, sql, Place.CONSTRAINT, undo=undo)
                    comment_on = f"CONSTRAINT {constraint.name} ON DOMAIN {domain.parent}"
                    self.register_part((CONSTRAINT, constraint.oid), node, domain, comment_on)
                continue
            relation = self._relations.get(constraint.relation)
            if relation is None:
                continue
            table = self.subjects[CLASS, relation.oid]
            identity = f"{constraint.name} on {relation.qualified}"
            if constraint.is_inherited:
                sql = f"ALTER TABLE {relation.qualified} VALIDATE CONSTRAINT {constraint.name};"
                node = self.add_part(table, "constraint validation", identity, sql, Place.CONSTRAINT, undo="")
                node.section = Section.FOREIGN_KEYS  # after the parent's has come down to it
                validated.append((node, constraint))
                continue
            needs = self._descendants.get(relation.oid, ())
            sql = statements.add_constraint(relation, constraint, has_children=bool(needs))
            undo = f"ALTER TABLE {relation.qualified} DROP CONSTRAINT {constraint.name};"
            node = self.add_part(table, "constraint", identity, sql, Place.CONSTRAINT, *needs, undo=undo)
            if constraint.kind in "pu":
                columns = self._names(relation.oid, constraint.columns)
                node.structure = UniqueKey(columns=columns, is_primary=constraint.kind == "p")
            if constraint.kind == "f":
                node.kind, node.section = "foreign key", Section.FOREIGN_KEYS
                node.structure = self._foreign_key(constraint)
            comment_on = f"CONSTRAINT {constraint.name} ON {relation.qualified}"
            self.register_part((CONSTRAINT, constraint.oid), node, table, comment_on)
            checks[relation.oid, constraint.name] = node
            if constraint.index_name is not None:
                self._index_names[constraint.index_oid] = constraint.index_name
                self.register_part(
                    (CLASS, constraint.index_oid), node, table, f"INDEX {constraint.index_name}"
                )
                self._add_marks(table, node, constraint)
        for node, constraint in validated:
            above = [*self._parents[constraint.relation]]
            for parent in above:
                above += [p for p in self._parents[parent] if p not in above]
            node.needs += [checks[p, constraint.name] for p in above if (p, constraint.name) in checks]

    def _foreign_key(self, constraint: query_rows.Constraint) -> ForeignKey | None:
        to = self._relations.get(constraint.referenced)
        if to is None:
            return None
        return ForeignKey(
            columns=self._names(constraint.relation, constraint.columns),
            to=to.qualified,
            to_columns=self._names(to.oid, constraint.referenced_columns),
        )

    def _names(self, relation: int, numbers: Sequence[int] | None) -> tuple[str, ...]:
        by_number = {column.number: column.name for column in self._columns.get(relation, ())}
        return tuple(by_number[number] for number in numbers or ())

    def _add_marks(self, table: Subject, node: Node, index: query_rows.Index | query_rows.Constraint) -> None:
        """Write that the table is clustered on this index or identified by it in replication, and what it measures."""
        if index.statistics_targets is not None:
            name = self._index_names[index.oid if isinstance(index, query_rows.Index) else index.index_oid]
            sql = "\n".join(
                f"ALTER INDEX {name} ALTER COLUMN {number} SET STATISTICS {target};"
                for number, target in index.statistics_targets
            )
            undo = "\n".join(
                f"ALTER INDEX {name} ALTER COLUMN {number} SET STATISTICS -1;"
                for number, _ in index.statistics_targets
            )
            self.add_part(table, "index statistics", f"of {name}", sql, Place.SETTING, node, undo=undo)
        if index.is_clustered:
            sql = f"ALTER TABLE {table.parent} CLUSTER ON {index.name};"
            undo = f"ALTER TABLE {table.parent} SET WITHOUT CLUSTER;"
            self.add_part(table, "cluster", f"of {table.parent}", sql, Place.SETTING, node, undo=undo)
        if index.is_replica_identity and self._relations[index.relation].replica_identity == "i":
            sql = f"ALTER TABLE ONLY {table.parent} REPLICA IDENTITY USING INDEX {index.name};"
            undo = f"ALTER TABLE ONLY {table.parent} REPLICA IDENTITY DEFAULT;"
            identity = f"of {table.parent}"
            self.add_part(table, "replica identity", identity, sql, Place.SETTING, node, undo=undo)

    def _add_indexes(self) -> None:
        for index in self.rows.indexes:
            relation = self._relations.get(index.relation)
            if relation is None:
                continue
            table = self.subjects[CLASS, relation.oid]
            identity = f"{index.name} on {relation.qualified}"
            needs = self._descendants.get(relation.oid, ())
            node = self.add_part(
                table,
                "index",
                identity,
                statements.create_index(index),
                Place.INDEX,
                *needs,
                undo=f"DROP INDEX {index.qualified};",
            )
            if index.key_columns is not None:
                node.structure = UniqueKey(columns=self._names(relation.oid, index.key_columns))
            self._index_names[index.oid] = index.qualified
            self.register_part((CLASS, index.oid), node, table, f"INDEX {index.qualified}")
            self._add_marks(table, node, index)
        for child, parent in self.rows.inherits:
            if child in self._index_names and parent in self._index_names:
                name, above = self._index_names[child], self._index_names[parent]
                own, other = self.subjects[CLASS, child], self.subjects[CLASS, parent]
                sql = f"ALTER INDEX {above} ATTACH PARTITION {name};"
                needs = [node for node in (own.node, other.node) if node is not None]
                identity = f"{name} to {above}"
                self.add_part(own, "index attachment", identity, sql, Place.ATTACHMENT, *needs, undo="")

    def _add_dependencies(self) -> None:
        """Add what the server knows to need what; a default that needs its own table is set after it."""
        defaults: dict[tuple[int, int], list[Node]] = defaultdict(list)
        for dependency in self.rows.dependencies:
            subject = self.subjects.get((dependency.catalog, dependency.oid))
            needed = self.subjects.get((dependency.needs_catalog, dependency.needs_oid))
            if subject is None or needed is None or subject.node is None or needed.node is None:
                continue
            if subject.node is needed.node:
                continue
            if dependency.default_column is not None:
                defaults[dependency.oid, dependency.default_column].append(needed.node)
            else:
                subject.node.needs.append(needed.node)
        for (oid, number), needs in defaults.items():
            table = self.subjects[CLASS, oid]
            if table.node is None:
                continue
            column = next(c for c in self._columns[oid] if c.number == number)
            if table.section is Section.TABLES and (
                column.generated or not any(reaches(n, table.node) for n in needs)
            ):
                table.node.needs += needs
            else:
                self._defer_default(table, column, needs)

    def _break_circles(self) -> None:
        """Make a view that its own query needs without that query first, as pg_dump does."""
        views = {
            id(self.subjects[CLASS, oid].node): relation
            for oid, relation in self._relations.items()
            if relation.view_columns is not None
        }
        for node in sorted(in_circles(self.nodes), key=Node.sort_key):
            relation = views.get(id(node))
            if relation is None or not any(reaches(need, node) for need in node.needs):
                continue
            query = self.add_part(
                self.subjects[CLASS, relation.oid],
                "view query",
                node.identity,
                node.sql.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1),
                Place.COLUMN,
                *node.needs,
                undo=statements.create_view_columns(relation).replace(
                    "CREATE VIEW", "CREATE OR REPLACE VIEW", 1
                ),
            )
            query.section = Section.VIEWS
            node.sql = statements.create_view_columns(relation)
            node.needs = [need for need in node.needs if not reaches(need, node)]

    def _defer_default(self, table: Subject, column: query_rows.Column, needs: Sequence[Node]) -> None:
        self._deferred.add((column.relation, column.number))
        name = f"{table.parent}.{column.name}"
        sql = f"ALTER TABLE ONLY {table.parent} ALTER COLUMN {column.name} SET DEFAULT {column.expression};"
        undo = f"ALTER TABLE ONLY {table.parent} ALTER COLUMN {column.name} DROP DEFAULT;"
        self.add_part(table, "column default", name, sql, Place.COLUMN, *needs, undo=undo)

    def _write_tables(self) -> None:
        written: dict[int, list[create_table.TableColumn]] = {}
        for oid, relation in self._relations.items():
            table = self.subjects[CLASS, oid]
            found = self._columns.get(oid, [])
            if table.section is Section.TABLES:
                written[oid] = [self._write_column(column, relation) for column in found]
            for column in found:
                if relation.kind == "v":
                    if column.expression is not None and (oid, column.number) not in self._deferred:
                        self._defer_default(table, column, [])
                    continue
                above = [
                    c for p in self._parents[oid] for c in self._columns.get(p, ()) if c.name == column.name
                ]
                for kind, (sql, undo) in create_table.column_settings(relation, column, above).items():
                    identity = f"{relation.qualified}.{column.name}"
                    self.add_part(table, kind, identity, sql, Place.COLUMN, undo=undo)
                if column.not_null_oid is not None and (CONSTRAINT, column.not_null_oid) not in self.subjects:
                    on = f"CONSTRAINT {column.quoted_not_null_name} ON {relation.qualified}"
                    self.subjects[CONSTRAINT, column.not_null_oid] = table._replace(
                        comment_on=on, grant_on=None, owner=None
                    )
        for oid, columns in written.items():
            node = self.subjects[CLASS, oid].node
            if node is not None:
                parents_of = [self._relations[parent] for parent in self._parents[oid]]
                parents = [self._as_made(parent, written) for parent in self._parents[oid]]
                relation = self._relations[oid]
                made = create_table.create_table(relation, columns, parents_of, parents)
                node.structure, node.sql = made, made.sql
                if relation.partition_bound is None and not create_table.is_joined_late(columns, parents):
                    for column, written_column in zip(self._columns.get(oid, []), columns, strict=True):
                        if create_table.changed_default(written_column, parents):
                            self._defer_default(self.subjects[CLASS, oid], column, [])

    def _as_made(
        self, oid: int, written: Mapping[int, list[create_table.TableColumn]]
    ) -> list[create_table.TableColumn]:
        """Return a table's columns in the order in which its own statements make them."""
        above = [self._as_made(parent, written) for parent in self._parents[oid]]
        is_short = self._relations[oid].partition_bound is None and not create_table.is_joined_late(
            written[oid], above
        )
        return create_table.in_child_order(written[oid], above) if above and is_short else written[oid]

    def _write_column(
        self, column: query_rows.Column, relation: query_rows.Relation
    ) -> create_table.TableColumn:
        place = (relation.oid, column.number)
        sequence = self._sequence_of.get(place)
        return create_table.table_column(column, relation, sequence, with_default=place not in self._deferred)

    def _add_owners(self) -> None:
        for subject in list(self.subjects.values()):
            if subject.node is not None and subject.owner is not None and self.writes_owner(subject.owner):
                sql = f"ALTER {subject.comment_on} OWNER TO {subject.owner};"
                undo = f"ALTER {subject.comment_on} OWNER TO CURRENT_ROLE;"
                identity = f"of {in_words(subject.comment_on)}"
                self.add_part(subject, "owner", identity, sql, Place.OWNER, undo=undo)

    def _add_comments(self) -> None:
        for comment in self.rows.comments:
            subject = self.subjects.get((comment.catalog, comment.oid))
            if subject is None:
                continue
            target = subject.comment_on
            if comment.column is not None:
                target = f"COLUMN {subject.columns_of}.{comment.column}"
            if target == "SCHEMA public" and comment.text == "standard public schema":
                continue
            sql = f"COMMENT ON {target} IS {create_table.literal(comment.text)};"
            undo = f"COMMENT ON {target} IS NULL;"
            self.add_part(subject, "comment", f"on {in_words(target)}", sql, Place.COMMENT, undo=undo)
