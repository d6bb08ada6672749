"""The statements that alter a type, domain, sequence, constraint, view or routine."""

from __future__ import annotations

from collections.abc import Iterator

from runner.schema.catalog.objects import CatalogObject, CompositeType, Domain, EnumType, NumberSequence
from runner.schema.draft.columns import alter_sequence


class UndraftableError(Exception):
    """No statement leads from the one to the other."""

    def __init__(
        self, item: CatalogObject, wanted: CatalogObject | None, reason: str, *, fill: str | None = None
    ) -> None:
        super().__init__(f"{item.kind} {item.identity}: {reason}")
        self.item = item
        self.wanted = wanted
        self.reason = reason
        self.fill = fill  # the column of which only a person knows what it holds


def can_alter_type(was: CatalogObject, is_: CatalogObject) -> bool:
    """Return whether a type can become the other by ALTER TYPE."""
    if isinstance(was.structure, EnumType) and isinstance(is_.structure, EnumType):
        kept = [label for label in is_.structure.labels if label in was.structure.labels]
        return kept == list(was.structure.labels)
    return isinstance(was.structure, CompositeType) and isinstance(is_.structure, CompositeType)


def enum_values(name: str, was: EnumType, is_: EnumType) -> Iterator[str]:
    """Yield the statements that add values, each in its place."""
    before: str | None = None
    for place, label in enumerate(is_.labels):
        if label not in was.labels:
            later = next((other for other in is_.labels[place:] if other in was.labels), None)
            where = f" BEFORE {later}" if before is None and later else f" AFTER {before}" if later else ""
            yield f"ALTER TYPE {name} ADD VALUE {label}{where};"
        before = label


def altering(was: CatalogObject, is_: CatalogObject) -> Iterator[str]:
    """Yield the statements that alter a thing that is no table."""
    old, new = was.structure, is_.structure
    if was.kind == "extension":
        yield f"ALTER EXTENSION {is_.identity} SET SCHEMA {_schema_of_extension(is_)};"
    elif was.kind in {"constraint", "foreign key"}:
        name = is_.identity.removesuffix(f" on domain {is_.parent}").removesuffix(f" on {is_.parent}")
        what = "DOMAIN" if is_.identity.endswith(f" on domain {is_.parent}") else "TABLE"
        yield f"ALTER {what} {is_.parent} VALIDATE CONSTRAINT {name};"
    elif isinstance(old, NumberSequence) and isinstance(new, NumberSequence):
        yield from alter_sequence(old, new, name=is_.identity)
    elif isinstance(old, CompositeType) and isinstance(new, CompositeType):
        yield from _attributes(is_.identity, old, new)
    elif isinstance(old, Domain) and isinstance(new, Domain):
        yield from _domain(was, is_, old, new)
    elif is_.kind == "view":
        yield is_.sql.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
    else:
        yield is_.sql


def _schema_of_extension(item: CatalogObject) -> str:
    return next((need[1] for need in item.needs if need[0] == "schema"), "public")


def _attributes(name: str, old: CompositeType, new: CompositeType) -> Iterator[str]:
    was, is_ = dict(old.attributes), dict(new.attributes)
    for attribute in was:
        if attribute not in is_:
            yield f"ALTER TYPE {name} DROP ATTRIBUTE {attribute} CASCADE;"
    for attribute, definition in is_.items():
        if attribute not in was:
            yield f"ALTER TYPE {name} ADD ATTRIBUTE {definition} CASCADE;"
        elif was[attribute] != definition:
            type_ = definition.removeprefix(f"{attribute} ")
            yield f"ALTER TYPE {name} ALTER ATTRIBUTE {attribute} TYPE {type_} CASCADE;"


def lost_attributes(was: CatalogObject, is_: CatalogObject) -> str | None:
    """Return what values of a composite type lose."""
    old, new = was.structure, is_.structure
    if not isinstance(old, CompositeType) or not isinstance(new, CompositeType):
        return None
    now = dict(new.attributes)
    lost = [name for name, definition in old.attributes if now.get(name) != definition]
    return "; ".join(f"attribute {was.identity}.{name}, with its values" for name in lost) or None


def _domain(was: CatalogObject, is_: CatalogObject, old: Domain, new: Domain) -> Iterator[str]:
    alter = f"ALTER DOMAIN {is_.identity}"
    if old.base != new.base:
        raise UndraftableError(was, is_, "the type of a domain cannot be changed")
    if old.default != new.default:
        yield f"{alter} DROP DEFAULT;" if new.default is None else f"{alter} SET DEFAULT {new.default};"
    if (old.not_null, old.not_null_name) != (new.not_null, new.not_null_name):
        if old.not_null:
            yield f"{alter} DROP NOT NULL;"
        if new.not_null:
            named = f"ADD CONSTRAINT {new.not_null_name} NOT NULL" if new.not_null_name else "SET NOT NULL"
            yield f"{alter} {named};"
