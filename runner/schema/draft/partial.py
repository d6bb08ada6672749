"""What is left of a wanted schema when a part of it cannot be drafted."""

from __future__ import annotations

from collections.abc import Mapping

from runner.schema.catalog.objects import Catalog, CatalogObject, Key, as_parent
from runner.schema.draft.alter import UndraftableError

_Objects = Mapping[Key, CatalogObject]


def without(wanted: Catalog, present: Catalog, error: UndraftableError) -> Catalog | None:
    """Return the wanted schema in which what cannot be drafted stays as it is at present; None if it does already.

    With a new thing goes what needs it; with one that stays, what it needs. Where a thing that is
    not to change is what blocks, what it needs stays as it is.
    """
    key = (error.wanted or error.item).key
    is_, was = wanted.objects, present.objects
    changed = {key} if _differs(key, is_, was) else {k for k in _needed(key, was) if _differs(k, is_, was)}
    if not changed:
        return None
    kept = dict(is_)
    for each in changed:
        _keep(each, kept, is_, was)
    return Catalog(kept, wanted.unsupported)


def _differs(key: Key, is_: _Objects, was: _Objects) -> bool:
    before, after = was.get(key), is_.get(key)
    return (before and before.sql) != (after and after.sql)


def _needed(key: Key, objects: _Objects) -> set[Key]:
    found, new = set[Key](), [key]
    while new:
        item = objects.get(new.pop())
        more = set(item.needs if item is not None else ()) - found
        found |= more
        new += more
    return found


def _keep(key: Key, kept: dict[Key, CatalogObject], is_: _Objects, was: _Objects) -> None:
    if key in was:
        for need in (key, *_needed(key, was)):
            if need in was and (need == key or need not in kept):
                kept[need] = was[need]
        if key not in is_:
            kept |= {k: item for k, item in _below(key, was).items() if k not in kept}
        return
    gone = {key, *_users({key, *_below(key, is_)}, is_)}
    for user in gone:
        kept.pop(user, None)
        if user in was:
            kept[user] = was[user]


def _below(key: Key, objects: _Objects) -> dict[Key, CatalogObject]:
    """Return what belongs to a thing, and what belongs to that."""
    found, names = dict[Key, CatalogObject](), {as_parent(*key)}
    for other, item in objects.items():  # a part stands after its whole
        if other != key and item.parent in names:
            found[other] = item
            names.add(as_parent(*other))
    return found


def _users(keys: set[Key], objects: _Objects) -> set[Key]:
    """Return what needs one of these, directly or through another."""
    found = set(keys)
    while more := {k for k, item in objects.items() if k not in found and not found.isdisjoint(item.needs)}:
        found |= more
    return found
