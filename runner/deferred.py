"""Names of a package that are loaded when they are first asked for, so that a run with nothing to do starts quickly."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def deferred(package: str, **modules: tuple[str, ...]) -> Callable[[str], object]:
    """Return a package's `__getattr__`: each name comes from the module of the package that lists it.

    Source: PEP 562.
    """
    places = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return load
