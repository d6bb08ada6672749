"""The statements for everything that is not a table, one function a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.schema.catalog.create_table import literal, options_list
from runner.schema.catalog.objects import CompositeType, Domain, EnumType
from runner.schema.catalog.spelling import cut_ending, is_name, split, split_list
from runner.schema.catalog.views import canonical_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.schema.catalog import query_rows

_STATISTICS = {"d": "ndistinct", "f": "dependencies", "m": "mcv"}
_SWITCHES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS", "O": "ENABLE"}


def create_schema(schema: query_rows.Schema) -> str:
    """Write CREATE SCHEMA."""
    return f"CREATE SCHEMA {schema.name};"


def create_extension(extension: query_rows.Extension) -> str:
    """Write CREATE EXTENSION, without the version, which comes with the server."""
    within = "" if extension.schema_name == "public" else f" WITH SCHEMA {extension.schema}"
    return f"CREATE EXTENSION IF NOT EXISTS {extension.name}{within};"


def create_type(made: query_rows.Type, attributes: Sequence[str]) -> str:
    """Write CREATE TYPE or CREATE DOMAIN; `attributes` are the lines of a composite type."""
    if made.kind == "d":
        collation = f" COLLATE {made.collation}" if made.collation else ""
        named = made.not_null_name not in (None, f"{made.raw_name}_not_null")
        null = f" CONSTRAINT {made.quoted_not_null_name}" if named else ""
        null += " NOT NULL" if made.not_null else ""
        default = f" DEFAULT {made.expression}" if made.expression is not None else ""
        return f"CREATE DOMAIN {made.qualified} AS {made.base_type}{collation}{null}{default};"
    if made.kind == "e":
        return (
            f"CREATE TYPE {made.qualified} AS ENUM {_lines([literal(label) for label in made.labels or ()])};"
        )
    if made.kind == "c":
        return f"CREATE TYPE {made.qualified} AS {_lines(attributes)};"
    options = {
        "SUBTYPE": made.subtype,
        "SUBTYPE_OPCLASS": made.operator_class,
        "COLLATION": made.collation,
        "CANONICAL": made.canonical,
        "SUBTYPE_DIFF": made.subtype_difference,
        "MULTIRANGE_TYPE_NAME": None
        if made.multirange_name == _usual_multirange(made.raw_name)
        else made.multirange,
    }
    return f"CREATE TYPE {made.qualified} AS RANGE {_lines([f'{k} = {v}' for k, v in options.items() if v])};"


def type_structure(
    made: query_rows.Type, attributes: Sequence[query_rows.Column]
) -> EnumType | CompositeType | Domain | None:
    """Return what a type consists of; None for a range."""
    if made.kind == "e":
        return EnumType(labels=tuple(literal(label) for label in made.labels or ()))
    if made.kind == "c":
        return CompositeType(attributes=tuple((a.name, a.definition) for a in attributes))
    if made.kind == "d":
        named = made.not_null_name not in (None, f"{made.raw_name}_not_null")
        return Domain(
            base=f"{made.base_type}{f' COLLATE {made.collation}' if made.collation else ''}",
            default=made.expression,
            not_null=bool(made.not_null),
            not_null_name=made.quoted_not_null_name if named else None,
        )
    return None


def _usual_multirange(name: str) -> str | None:
    """Name a range's multirange as PostgreSQL does, or None where it would have to cut the name."""
    before, found, after = name.partition("range")
    usual = f"{before}multirange{after}" if found else f"{name}_multirange"
    return usual if len(usual.encode()) <= 63 else None


def _lines(lines: Sequence[str]) -> str:
    return "(\n" + ",\n".join(f"    {line}" for line in lines) + "\n)" if lines else "()"


def create_function(function: query_rows.Function, aggregate: Sequence[Sequence[str | None]]) -> str:
    """Write CREATE FUNCTION, PROCEDURE or AGGREGATE; `aggregate` are the options of the last."""
    if function.kind != "a":
        return (function.definition or "").rstrip("\n") + ";"
    options = [f"{name} = {value}" if value else str(name) for name, value in aggregate if value is not None]
    return f"CREATE AGGREGATE {aggregate_signature(function)} {_lines(options)};"


def aggregate_signature(function: query_rows.Function) -> str:
    """Name an aggregate with its arguments; one without any has a star."""
    return f"{function.qualified}({function.arguments or '*'})"


def create_view_columns(relation: query_rows.Relation) -> str:
    """Write CREATE VIEW with the columns of a view and without its query, which uses what uses the view."""
    return f"CREATE VIEW {relation.qualified} AS\n SELECT {relation.view_columns};"


def create_view(relation: query_rows.Relation) -> str:
    """Write CREATE VIEW, or CREATE MATERIALIZED VIEW without rows: they are data, and REFRESH brings them."""
    query = canonical_view(relation.view_definition or "").strip().removesuffix(";")
    options = sorted([*options_list(relation.options), *options_list(relation.toast_options, "toast.")])
    with_options = f" WITH ({', '.join(options)})" if options else ""
    if relation.kind == "v":
        return f"CREATE VIEW {relation.qualified}{with_options} AS\n {query};"
    using = f" USING {relation.access_method}" if relation.access_method else ""
    space = f" TABLESPACE {relation.tablespace}" if relation.tablespace else ""
    create = f"CREATE MATERIALIZED VIEW {relation.qualified}{using}{with_options}{space}"
    return f"{create} AS\n {query}\n  WITH NO DATA;"


def add_constraint(
    relation: query_rows.Relation, constraint: query_rows.Constraint, *, has_children: bool
) -> str:
    """Write ALTER TABLE … ADD CONSTRAINT.

    Keys of a partitioned table are made on it alone: those of its partitions have names of their own and are
    attached. So are those of a table with children, in which a primary key would set NOT NULL. One whose triggers
    are disabled says so, for no other statement does.
    """
    only = "ONLY " if (relation.kind == "p" or has_children) and constraint.kind in "pux" else ""
    definition = _with_index_clauses(constraint) if constraint.kind in "pux" else constraint.definition
    warning = "\n    /* NOT ENFORCED: its triggers are disabled */" if constraint.is_switched_off else ""
    return (
        f"ALTER TABLE {only}{relation.qualified}\n    ADD CONSTRAINT {constraint.name} {definition}{warning};"
    )


def _with_index_clauses(constraint: query_rows.Constraint) -> str:
    """Return the definition of a key or exclusion constraint with its storage parameters and tablespace.

    pg_get_constraintdef() prints the tablespace for neither and the parameters only for an exclusion constraint. Both
    come before what the catalog says that it ends with, so no text is searched for.
    """
    ending = f" WHERE ({constraint.predicate})" if constraint.predicate is not None else ""
    ending += " DEFERRABLE" if constraint.is_deferrable else ""
    ending += " INITIALLY DEFERRED" if constraint.is_deferred else ""
    options = sorted(options_list(constraint.index_options)) if constraint.kind != "x" else []
    clauses = f" WITH ({', '.join(options)})" if options else ""
    if constraint.index_tablespace:
        clauses += f" USING INDEX TABLESPACE {constraint.index_tablespace}"
    return (
        f"{constraint.definition.removesuffix(ending)}{clauses}{ending}" if clauses else constraint.definition
    )


def add_domain_constraint(domain: str, constraint: query_rows.Constraint) -> str:
    """Write ALTER DOMAIN … ADD CONSTRAINT."""
    return f"ALTER DOMAIN {domain} ADD CONSTRAINT {constraint.name} {constraint.definition};"


def create_index(index: query_rows.Index) -> str:
    """Write CREATE INDEX. An invalid one says so: a build with CONCURRENTLY failed, and nothing uses it."""
    definition = index.definition
    if index.tablespace:
        ending = "" if index.predicate is None else f" WHERE {index.predicate}"
        head, tail = cut_ending(definition, ending)
        definition = f"{head} TABLESPACE {index.tablespace}{tail}"
    warning = (
        "\n    /* INVALID: a build with CONCURRENTLY failed; nothing uses it */" if index.is_invalid else ""
    )
    return f"{definition}{warning};"


def create_trigger(trigger: query_rows.Trigger, relation: str) -> str:
    """Write CREATE TRIGGER, and how it is switched where that is unusual."""
    switch = f"ALTER TABLE {relation} {_SWITCHES[trigger.enabled]} TRIGGER {trigger.name};"
    if trigger.definition is None:
        return switch
    return f"{trigger.definition};" + ("" if trigger.enabled == "O" else f"\n{switch}")


def create_rule(rule: query_rows.Rule, relation: str) -> str:
    """Write CREATE RULE, and how it is switched where that is unusual."""
    switch = f"ALTER TABLE {relation} {_SWITCHES[rule.enabled]} RULE {rule.name};"
    return rule.definition.strip().removesuffix(";") + ";" + ("" if rule.enabled == "O" else f"\n{switch}")


def create_policy(policy: query_rows.Policy, relation: str) -> str:
    """Write CREATE POLICY."""
    words = [f"CREATE POLICY {policy.name} ON {relation}"]
    if not policy.permissive:
        words.append("AS RESTRICTIVE")
    if policy.command:
        words.append(f"FOR {policy.command}")
    if policy.roles:
        words.append(f"TO {', '.join(policy.roles)}")
    if policy.using_expression is not None:
        words.append(f"USING ({policy.using_expression})")
    if policy.check_expression is not None:
        words.append(f"WITH CHECK ({policy.check_expression})")
    return " ".join(words) + ";"


def create_statistics(statistics: query_rows.Statistics, relation: str) -> str:
    """Write CREATE STATISTICS; the kinds are named unless it has all that it can have."""
    items = [*(statistics.columns or ()), *map(_in_parentheses, split_list(statistics.expressions or ""))]
    names = [name for letter, name in _STATISTICS.items() if letter in statistics.kinds]
    kinds = f" ({', '.join(names)})" if len(items) > 1 and len(names) < len(_STATISTICS) else ""
    sql = f"CREATE STATISTICS {statistics.qualified}{kinds} ON {', '.join(items)} FROM {relation};"
    if statistics.target is not None:
        sql += f"\nALTER STATISTICS {statistics.qualified} SET STATISTICS {statistics.target};"
    return sql


def _in_parentheses(expression: str) -> str:
    """Put an expression in parentheses unless it is one function call."""
    words = split(expression)
    depth = 0
    for at, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if word == ")" and not depth and at < len(words) - 1:
            break
    else:
        if is_name(words[0]) and words[-1] == ")":
            return expression
    return f"({expression})"


def create_event_trigger(trigger: query_rows.EventTrigger) -> str:
    """Write CREATE EVENT TRIGGER, and how it is switched where that is unusual."""
    when = f" WHEN TAG IN ({', '.join(literal(tag) for tag in sorted(trigger.tags))})" if trigger.tags else ""
    sql = (
        f"CREATE EVENT TRIGGER {trigger.name} ON {trigger.event}{when} EXECUTE FUNCTION {trigger.function}();"
    )
    if trigger.enabled != "O":
        sql += f"\nALTER EVENT TRIGGER {trigger.name} {_SWITCHES[trigger.enabled]};"
    return sql
