"""What a runner leaves that was interrupted, and waiting for it."""

from __future__ import annotations


def valid(project, index: str) -> bool:
    ((found,),) = project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", [index])
    return found


def kill(project, run) -> None:
    """Kill a runner and wait until the server has noticed."""
    run.kill()
    run.communicate()
    theirs = "application_name = 'runner' AND datname = current_database()"
    project.wait_for(f"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE {theirs})")


def in_doubt(project, id_: str, step: int, seen: str | None = None) -> None:
    """Leave history as a runner leaves it that dies while a statement is at work."""
    project.query(
        "UPDATE _runner_journal SET done_at = NULL, seen = %s WHERE migration_id = %s AND step = %s",
        [seen, id_, step],
    )
