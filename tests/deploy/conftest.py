"""Programs that stand in for those of a cluster and a cloud, and the tree that the Dockerfile makes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy import container
from tests.deploy.container import Image

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """The image, built by the Dockerfile's own steps; skipped where this machine has no namespaces for us."""
    if reason := container.why_not():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="runner-image-"))
    folder.chmod(0o755)
    yield container.build(folder)
    shutil.rmtree(folder)
