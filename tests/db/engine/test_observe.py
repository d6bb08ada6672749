"""runner wait and runner doctor: they change nothing, and say what is the matter."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.db.engine.pooler import Pooler


@pytest.fixture
def pooled(project, server) -> Iterator[dict[str, str]]:
    """The environment that leads through a pooler."""
    made = Pooler(server["host"], int(server["port"]))
    direct = project.parameters
    project.parameters = {**direct, "host": "127.0.0.1", "port": str(made.port)}
    url = project.url
    project.parameters = direct
    yield {"DATABASE_URL": f"{url}?sslmode=disable&gssencmode=disable"}
    made.close()


def findings(project, **environ) -> dict[tuple[str, str], list[str]]:
    done = project.run("doctor", "--json", **environ)
    found: dict[tuple[str, str], list[str]] = {}
    for finding in done.data["databases"][0]["findings"]:
        found.setdefault((finding["subject"], finding["level"]), []).append(finding["message"])
        assert bool(finding["remedy"]) == (finding["level"] != "ok")
    return found


def test_a_sound_database_has_no_problem(project):
    project.write("0001_a")
    done = project.ok("doctor")
    for line in (
        "ok       connection",
        "ok       pooler",
        "ok       server      PostgreSQL",
        "ok       indexes     none is invalid",
    ):
        assert line in done.out
    # another test may just leave a scratch database on the shared server, which is then told
    others = [
        line for line in done.out.splitlines() if " leftovers " in line and "runner_scratch_" not in line
    ]
    assert others in ([], ["  ok       leftovers   none"])
    assert project.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_each_thing_that_is_wrong_is_named_with_its_remedy(project, session):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "-- transactional: false\nSELECT 1;\nSELECT nope();")
    assert project.run("migrate").code == 1
    project.query("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 4711)")
    project.query("CREATE INDEX a_idx ON a (id); CREATE INDEX a_idx_ccnew ON a (id)")
    project.query(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('a_idx'::regclass, 'a_idx_ccnew'::regclass)"
    )
    name = f"runner_scratch_1_{uuid.uuid4().hex[:8]}"
    project.query(f"CREATE DATABASE {name}")
    session.execute("SELECT pg_advisory_lock(%s)", [int.from_bytes(b"runner")])
    ((pid,),) = session.execute("SELECT pg_backend_pid()").fetchall()
    try:
        done = project.run("doctor")
        assert done.code == 3
        found = findings(project)
        # a verify of another test removes what is not in use
        is_there = project.query(f"SELECT FROM pg_database WHERE datname = '{name}'")
    finally:
        project.query(f"DROP DATABASE IF EXISTS {name}")
    assert (
        "yoyo's lock is held by process 4711 of the machine where yoyo was started"
        in found["leftovers", "problem"]
    )
    leftovers = "\n".join(found["leftovers", "warning"])
    assert f"the migration lock is held by pid {pid}" in leftovers
    assert "0002_b: 1 of 2 statements run" in leftovers
    assert not is_there or f"scratch database {name} is not in use" in leftovers
    assert found["indexes", "warning"] == [
        "public.a_idx is invalid: every write updates it, and no query uses it",
        "public.a_idx_ccnew is a leftover of REINDEX CONCURRENTLY",
    ]


def test_settings_and_ways_that_do_harm_are_named(project):
    project.write("0001_a")
    options = "-c standard_conforming_strings=off "
    options += "-c lock_timeout=0 -c client_connection_check_interval=0 -c default_transaction_read_only=on"
    found = findings(project, PGOPTIONS=options)
    assert len(found["settings", "warning"]) == 3
    assert found["server", "problem"] == ["the session is read-only"]


def test_a_plain_role_learns_what_it_lacks(project):
    role = f"plain_{uuid.uuid4().hex[:8]}"
    project.query(
        f"CREATE ROLE {role} LOGIN PASSWORD '{role}' CONNECTION LIMIT 1; CREATE TABLE t (); CREATE SCHEMA {role}"
    )
    project.write("0001_a")
    admin = project.parameters
    try:
        project.parameters = {**admin, "user": role, "password": role}
        found = findings(project)
    finally:
        project.parameters = admin
        project.query(f"DROP SCHEMA {role}; DROP ROLE {role}")
    assert f'role "{role}" has no right to create tables in schema "public"' in found["role", "problem"][0]
    assert found["role", "warning"][0] == f'role "{role}" may not alter 1 table: public.t'
    assert "comes before public in search_path" in found["role", "warning"][1]
    assert "the role's limit of 1 connection is reached" in found["sessions", "warning"]


def test_behind_a_pooler_nothing_is_changed_and_the_ways_out_are_named(project, pooled):
    project.write("0001_a", "CREATE TABLE a ();")
    done = project.run("migrate", **pooled)
    assert done.code == 2
    assert "there is a connection pooler between runner and PostgreSQL" in done.err
    assert "--direct-url" in done.err
    assert "--session-pool" in done.err
    assert project.tables() == set()
    assert ("pooler", "problem") in findings(project, **pooled)
    assert "pending" in project.ok("status", **pooled).out


def test_the_direct_way_past_a_pooler_is_taken(project, pooled):
    project.write("0001_a", "CREATE TABLE a ();", "DROP TABLE a;")
    project.ok("migrate", **pooled, DIRECT_DATABASE_URL=project.url)
    project.ok("rollback", "--yes", "--direct-url", project.url, **pooled)


def test_a_pool_in_session_mode_is_believed_and_keeps_our_limits(project, pooled):
    project.write("0001_a", "CREATE TABLE a AS SELECT current_setting('lock_timeout') AS v;")
    project.write("0002_b", "INSERT INTO a SELECT current_setting('lock_timeout');")
    project.write("0003_c", "-- transactional: false\nINSERT INTO a SELECT current_setting('lock_timeout');")
    project.ok("migrate", "--session-pool", "--lock-timeout", "4321ms", **pooled)
    assert project.query("SELECT DISTINCT v FROM a") == [("4321ms",)]
    assert ("pooler", "ok") in findings(project, RUNNER_SESSION_POOL="1", **pooled)


def test_waiting_ends_once_the_server_accepts_us(project):
    project.write("0001_a")
    done = project.ok("wait")
    assert "reachable after" in done.out
    assert project.ok("wait", "--json").data["waited_for"] == "reachable"


def test_waiting_has_an_end(project):
    project.write("0001_a")
    nowhere = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    done = project.run("wait", "--timeout", "300ms", **nowhere)
    assert done.code == 4
    assert "waited 0.3 s: nothing listens at 127.0.0.1:1" in done.err
    assert done.err.count("waiting: nothing listens") == 1


def test_waiting_does_not_cure_a_wrong_password(private_server, project):
    project.write("0001_a")
    project.parameters = {**private_server, "password": "wrong"}
    done = project.run("wait", "--timeout", "60s")
    assert done.code == 2
    assert "password authentication failed" in done.err


def test_an_application_waits_until_its_migrations_are_applied(project):
    project.write("0001_a", "CREATE TABLE a ();")
    project.write("0002_b", "CREATE TABLE b ();")
    waiting = project.start("wait", "--for", "applied", "--timeout", "60s")
    assert waiting.stderr is not None
    assert "2 migrations of" in waiting.stderr.readline()
    project.ok("migrate", "--steps", "1")
    assert "1 migration of" in waiting.stderr.readline()
    project.ok("migrate")
    out, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    assert "applied after" in out


def test_an_edited_file_is_not_called_applied_and_is_not_waited_for(project):
    project.write("0001_a", "CREATE TABLE a ();")
    project.ok("migrate")
    project.write("0001_a", "CREATE TABLE a (id int);")
    for more in ((), ("0002_b",)):
        for name in more:
            project.write(name)
        done = project.run("wait", "--for", "applied", "--timeout", "60s")
        assert (done.code, done.out) == (3, "")
        assert done.code == project.run("status", "--check").code == project.run("migrate").code
        assert "0001_a was edited after it had been applied" in done.err


def test_what_is_not_applied_in_time_is_named(project):
    project.write("0001_a")
    done = project.run("wait", "--for", "applied", "--timeout", "0s")
    assert done.code == 4
    assert "not applied yet, first 0001_a" in done.err
