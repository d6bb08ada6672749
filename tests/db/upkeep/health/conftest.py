"""Roles that see less, and a database in which something is the matter."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.db.engine.conftest import Project, new_project, project, session

__all__ = ["new_project", "project", "session"]


@pytest.fixture
def as_role(project: Project) -> Callable[..., Any]:
    """Let the project's commands run as a new role, a member of the roles that are named."""

    @contextmanager
    def become(*memberships: str) -> Iterator[str]:
        role, admin = f"watcher_{uuid.uuid4().hex[:8]}", project.parameters
        granted = "".join(f"GRANT {name} TO {role};" for name in memberships)
        project.query(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'; {granted}")
        project.parameters = {**admin, "user": role, "password": role}
        try:
            yield role
        finally:
            project.parameters = admin
            project.query(f"DROP OWNED BY {role}; DROP ROLE {role}")

    return become


def answers(done: Any) -> dict[str, dict[str, Any]]:
    """Return the answers of one database by their names."""
    (database,) = done.data["databases"]
    return {answer["name"]: answer for answer in database["queries"]}
