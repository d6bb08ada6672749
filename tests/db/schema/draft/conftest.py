"""A project with a few applied migrations, and drafts of what its schema is to become."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.db.engine.conftest import Project, project

__all__ = ["Drafting", "drafting", "project"]

BASE = """\
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE customers (id serial PRIMARY KEY, email text);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer,
    note text,
    feels mood
);
CREATE VIEW noted AS SELECT id, customer_id, note FROM orders WHERE note IS NOT NULL;
GRANT SELECT ON noted TO PUBLIC;
"""


class Drafting:
    """A project whose target has one migration and some rows."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def draft(self, change: str | Callable[[str], str], *args: str):
        """Let a database get another schema by SQL, or edit the snapshot, and draft what leads to it."""
        if callable(change):
            path = self.project.root / "sql/schema/schema.sql"
            path.write_text(change(path.read_text("utf-8")), "utf-8")
            return self.project.run("draft", "change", "--scratch-url", self.project.url, *args)
        command = 'psql -qX -v ON_ERROR_STOP=1 -c "$SQL" "$DATABASE_URL"'
        return self.project.run(
            "draft",
            "change",
            "--like-command",
            command,
            "--scratch-url",
            self.project.url,
            *args,
            SQL=BASE + change,
        )

    @property
    def files(self) -> dict[str, str]:
        """The files that were drafted, without their comments, by the end of their names."""
        found = sorted(self.project.root.glob("migrations/*_change*.sql"))
        return {
            path.name.removesuffix(".sql"): "\n".join(
                line for line in path.read_text("utf-8").splitlines() if not line.startswith("-- Locks")
            )
            for path in found
        }

    def applied(self) -> None:
        """Apply the drafted files to the target with its rows, undo them, and apply them again."""
        self.project.ok("migrate", "--no-validate")
        steps = str(len([name for name in self.files if not name.endswith(".rollback")]))
        self.project.ok("rollback", "--steps", steps, "--yes")
        self.project.ok("migrate", "--no-validate")


@pytest.fixture
def drafting(project: Project) -> Drafting:
    project.write("0001_base", BASE, "DROP TABLE orders CASCADE; DROP TABLE customers; DROP TYPE mood;\n")
    project.ok("migrate", "--no-validate")
    project.query("INSERT INTO customers (email) SELECT g || '@x' FROM generate_series(1, 30) AS g")
    project.query(
        "INSERT INTO orders (customer_id, note) SELECT 1 + g % 30, 'n' FROM generate_series(1, 2500) AS g"
    )
    project.ok("snapshot", "--scratch-url", project.url)
    return Drafting(project)
