"""The tree that the Dockerfile makes, once for all workers of a run."""

from __future__ import annotations

import fcntl
import os
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
    shared = os.environ.get("RUNNER_TEST_FOLDER")  # with the run's server in it; removed at its end
    folder = Path(shared or tempfile.mkdtemp(prefix="runner-image-")) / "image"
    built = folder.with_name("image-built")
    with folder.with_name("image-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            folder.mkdir(mode=0o755)
            container.build(folder)
            built.touch()
    yield Image(folder, container.interpreter())
    if not shared:
        shutil.rmtree(folder.parent)
