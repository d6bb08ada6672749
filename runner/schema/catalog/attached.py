"""What is attached to a relation and has a name or a switch of its own: policies, rules, statistics, triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.schema.catalog import statements
from runner.schema.catalog.dependency_order import Place, Section
from runner.schema.catalog.registry import CLASS, EVENT_TRIGGER, POLICY, REWRITE, STATISTICS, TRIGGER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.schema.catalog import query_rows
    from runner.schema.catalog.registry import Registry


_SWITCHED_BACK = {"ENABLE": "DISABLE", "FORCE": "NO FORCE"}


def add_attached(registry: Registry, relations: Mapping[int, query_rows.Relation]) -> None:
    """Add what is attached to these relations, and event triggers, which are attached to none."""
    _add_settings(registry, relations)
    _add_parts(registry, relations)
    _add_triggers(registry, relations)
    if registry.schemas is None:
        _add_event_triggers(registry)


def _add_settings(registry: Registry, relations: Mapping[int, query_rows.Relation]) -> None:
    for relation in relations.values():
        table = registry.subjects[CLASS, relation.oid]
        name = relation.qualified
        if relation.row_security or relation.force_row_security:
            switches = [
                *(["ENABLE"] if relation.row_security else []),
                *(["FORCE"] if relation.force_row_security else []),
            ]
            sql = "\n".join(f"ALTER TABLE {name} {switch} ROW LEVEL SECURITY;" for switch in switches)
            undo = "\n".join(
                f"ALTER TABLE {name} {_SWITCHED_BACK[switch]} ROW LEVEL SECURITY;" for switch in switches
            )
            registry.add_part(table, "row level security", f"of {name}", sql, Place.SETTING, undo=undo)
        if relation.replica_identity in ("f", "n") and relation.kind in "rpm":
            identity = "FULL" if relation.replica_identity == "f" else "NOTHING"
            sql = f"ALTER TABLE ONLY {name} REPLICA IDENTITY {identity};"
            undo = f"ALTER TABLE ONLY {name} REPLICA IDENTITY DEFAULT;"
            registry.add_part(table, "replica identity", f"of {name}", sql, Place.SETTING, undo=undo)


def _add_parts(registry: Registry, relations: Mapping[int, query_rows.Relation]) -> None:
    for policy in registry.rows.policies:
        if policy.relation in relations:
            table = registry.subjects[CLASS, policy.relation]
            sql = statements.create_policy(policy, table.parent)
            undo = f"DROP POLICY {policy.name} ON {table.parent};"
            identity = f"{policy.name} on {table.parent}"
            node = registry.add_part(table, "policy", identity, sql, Place.POLICY, undo=undo)
            registry.register_part(
                (POLICY, policy.oid), node, table, f"POLICY {policy.name} ON {table.parent}"
            )
    for item in registry.rows.statistics:
        if item.relation in relations:
            table = registry.subjects[CLASS, item.relation]
            sql = statements.create_statistics(item, table.parent)
            undo = f"DROP STATISTICS {item.qualified};"
            node = registry.add_part(table, "statistics", item.qualified, sql, Place.STATISTICS, undo=undo)
            registry.register_part(
                (STATISTICS, item.oid), node, table, f"STATISTICS {item.qualified}", owner=item.owner
            )
    for rule in registry.rows.rules:
        if rule.relation in relations:
            table = registry.subjects[CLASS, rule.relation]
            sql = statements.create_rule(rule, table.parent)
            undo = f"DROP RULE {rule.name} ON {table.parent};"
            identity = f"{rule.name} on {table.parent}"
            node = registry.add_part(table, "rule", identity, sql, Place.RULE, undo=undo)
            registry.register_part((REWRITE, rule.oid), node, table, f"RULE {rule.name} ON {table.parent}")


def _add_triggers(registry: Registry, relations: Mapping[int, query_rows.Relation]) -> None:
    for trigger in registry.rows.triggers:
        if trigger.relation not in relations:
            continue
        table = registry.subjects[CLASS, trigger.relation]
        sql = statements.create_trigger(trigger, table.parent)
        undo = f"DROP TRIGGER {trigger.name} ON {table.parent};"
        if trigger.definition is None:
            undo = f"ALTER TABLE {table.parent} ENABLE TRIGGER {trigger.name};"
        identity = f"{trigger.name} on {table.parent}"
        node = registry.add_part(table, "trigger", identity, sql, Place.TRIGGER, undo=undo)
        if trigger.definition is None:  # after the parent's trigger has come down to it
            node.section = Section.FOREIGN_KEYS
        origin = registry.subjects.get((CLASS, trigger.from_relation))
        if origin is not None and origin.node is not None:
            node.needs.append(origin.node)
        registry.register_part(
            (TRIGGER, trigger.oid), node, table, f"TRIGGER {trigger.name} ON {table.parent}"
        )


def _add_event_triggers(registry: Registry) -> None:
    for trigger_on in registry.rows.event_triggers:
        name = trigger_on.name
        sql = statements.create_event_trigger(trigger_on)
        node = registry.add("event trigger", name, sql, section=Section.EVENT_TRIGGERS, group=name)
        registry.register(
            (EVENT_TRIGGER, trigger_on.oid), node, f"EVENT TRIGGER {name}", None, trigger_on.owner
        )
