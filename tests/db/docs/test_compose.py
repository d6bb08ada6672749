"""The databases that docker-compose.yml makes, by its own command on a real server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import yaml

COMPOSE = Path(__file__).parents[3] / "docker-compose.yml"


def test_both_databases_are_made_and_a_second_start_is_content(new_server):
    service = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]["databases"]
    shell, (line,) = service["entrypoint"], service["command"]
    assert set(service["environment"]) == {"PGHOST", "PGUSER", "PGPASSWORD"}
    server = new_server()
    started = server.start(tcp=True)
    parameters = {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    environ = {
        "PATH": f"{server.programs().bin}:{os.environ['PATH']}",
        "PGHOST": parameters["host"],
        "PGUSER": parameters["user"],
        "PGPASSWORD": parameters["password"],
        "PGPORT": str(parameters["port"]),
    }
    for _ in range(2):
        done = subprocess.run([*shell, line.replace("$$", "$")], env=environ, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with psycopg.connect(**parameters) as connection:
        names = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
    assert {("api_server",), ("carthub",)} <= set(names)
    wrong = environ | {"PGPASSWORD": "wrong"}
    done = subprocess.run([*shell, line.replace("$$", "$")], env=wrong, capture_output=True, text=True)
    assert done.returncode != 0
    assert "password authentication failed" in done.stderr
