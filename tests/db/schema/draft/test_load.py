"""Drafted files are applied to tables that are written to at full speed: no statement of the writers fails.

How long one of them waits is no test's business: `make bench ARGS="--only load"` prints it.
"""

from __future__ import annotations

import pytest

from scripts.bench.load import BASE, CHANGES, ROWS, writers

_ROWS = 5_000


@pytest.mark.parametrize("title", CHANGES)
def test_no_statement_fails_while_a_draft_is_applied(project, title):
    change, *args = CHANGES[title]
    project.write("0001_base", BASE, "DROP TABLE orders, customers;\n")
    project.ok("migrate", "--no-validate")
    project.query(ROWS.format(rows=_ROWS))
    command = 'psql -qX -v ON_ERROR_STOP=1 -c "$SQL" "$DATABASE_URL"'
    project.ok(
        "draft", "change", "--like-command", command, "--scratch-url", project.url, *args, SQL=BASE + change
    )
    pending = {path.stem for path in project.root.glob("migrations/*_change*.sql")}
    with writers(project.url, rows=_ROWS) as written:
        project.ok("migrate", "--no-validate")
        meanwhile = written.count
    assert {name for name in pending if not name.endswith(".rollback")} <= set(project.applied())
    assert written.failures == []
    assert meanwhile
