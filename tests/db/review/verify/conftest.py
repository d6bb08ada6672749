"""A project, its database, and scratch databases beside it on the same server."""

from __future__ import annotations

import pytest

from tests.db.engine.conftest import Project, project

__all__ = ["Verified", "project", "verify"]

ORDERS = "CREATE TABLE orders (id integer PRIMARY KEY, total integer, note text);\n"
DROP_ORDERS = "DROP TABLE orders;\n"


class Verified:
    """What `runner verify --json` says."""

    def __init__(self, done):
        self.code = done.code
        self.err = done.err
        self.database = done.data["databases"][0]
        self.migrations = {m["id"]: m for m in self.database["migrations"]}

    def verdicts(self):
        return {id_: m["round_trip"]["verdict"] for id_, m in self.migrations.items()}

    def trip(self, id_):
        return self.migrations[id_]["round_trip"]

    def statements(self, id_):
        return self.migrations[id_]["statements"]

    def locks(self, id_, number):
        found = self.statements(id_)[number - 1]["locks"]
        return {lock["relation"]: lock["mode"] for lock in found}


@pytest.fixture
def verify(project: Project):
    """Run it, on the server of the tests."""

    def run(*args: str, **environ: str) -> Verified:
        return Verified(project.run("verify", "--json", "--scratch-url", project.url, *args, **environ))

    return run
