"""The health queries are files for psql too, and a replica is seen from its primary."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from psycopg import pq
from psycopg.conninfo import make_conninfo

from tests.db.upkeep.health.conftest import answers

FOLDER = Path(__file__).parents[4] / "sql/health"
FILES = [
    path for path in sorted(FOLDER.glob("*.sql")) if path.stem != "slow_statements"
]  # it needs an extension


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not on this machine")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_psql_runs_the_file(project, path):
    project.write("0001_a")
    done = project.command(
        ["psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-f", str(path), project.url]
    )
    assert done.code == 0, done.err
    assert re.search(r"^\(\d+ rows?\)$", done.out, re.MULTILINE)


def test_a_replica_is_seen_from_its_primary(project, new_server):
    server = new_server()
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("\nwal_level = replica\nmax_wal_senders = 3\n")
    with (server.data / "pg_hba.conf").open("a") as rules:
        rules.write("\nhost replication all 127.0.0.1/32 scram-sha-256\n")
    started = server.start(tcp=True)
    project.parameters = {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    assert answers(project.ok("health", "replication", "--json"))["replication"]["rows"] == []
    replica = pq.PGconn.connect(
        make_conninfo(**project.parameters, replication="true", application_name="replica one").encode()
    )
    try:
        ((position,),) = project.query("SELECT pg_current_wal_flush_lsn()::text")
        replica.send_query(f"START_REPLICATION PHYSICAL {position}".encode())
        while not project.query("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"):
            pass
        (row,) = answers(project.ok("health", "replication", "--json"))["replication"]["rows"]
        assert (row["replica"], row["state"], row["sync"]) == ("replica one", "streaming", "async")
    finally:
        replica.finish()
