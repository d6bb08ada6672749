"""Each step of the shipped histories, drafted forwards and back: the draft leads there, back, and there again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.drafts import Outcome, catalog, try_draft
from tests.faults.random_drafts import database_maker

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("name", ["api_server", "carthub"])
def test_each_step_of_a_history_is_drafted_both_ways(project, server, name, back):
    for folder in ("migrations", "sql"):
        shutil.copytree(ROOT / folder, project.root / folder)
    project.environ[f"{name.upper()}_DATABASE_URL"] = project.url
    ids = sorted(
        path.stem for path in ROOT.glob(f"migrations/{name}/*.sql") if not path.stem.endswith(".rollback")
    )
    with database_maker(server) as new_database:
        states = []
        for id_ in ids:
            project.ok("migrate", "--database", name, "--to", id_, "--no-validate")
            states.append(new_database(template=project.parameters["dbname"]))
        catalogs = [catalog(state) for state in states]
        for n in range(len(ids) - 1):
            present, wanted = (n + 1, n) if back else (n, n + 1)
            tried = try_draft(new_database, states[present], catalogs[wanted])
            assert tried.outcome is Outcome.WHOLE, f"{ids[present]} to {ids[wanted]}: {tried.why}"
