"""A server of each file's own, which its trials may harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.faults.filesets import FileSet
from tests.faults.ground import Ground, prepared
from tests.faults.world import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A server that nobody else uses."""
    with World.make() as made:
        yield made


@pytest.fixture(scope="module")
def ground(world: World) -> Iterator[Callable[[FileSet], Ground]]:
    """Prepare each set of files once."""
    made: dict[str, Ground] = {}
    with ExitStack() as stack:

        def prepare(files: FileSet) -> Ground:
            if files.name not in made:
                made[files.name] = stack.enter_context(prepared(world, files))
            return made[files.name]

        yield prepare
