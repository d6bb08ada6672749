"""The role is taken at connecting, row level security is on, time limits are the role's: no run fails or lies for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from runner.server.connection import connect
from runner.server.credentials import Target

HISTORY = (
    "_yoyo_migration",
    "_yoyo_log",
    "_yoyo_version",
    "yoyo_lock",
    "_runner_migration",
    "_runner_journal",
)
KINDS = {
    "transactional": "CREATE TABLE t (id int, x int);\nINSERT INTO t SELECT generate_series(1, 5);",
    "not transactional": "-- transactional: false\nCREATE INDEX CONCURRENTLY t_id ON t (id);",
    "vacuum": "-- transactional: false\nVACUUM t;",
    "a block": "-- transactional: false\nBEGIN;\nSET LOCAL ROLE NONE;\nCOMMIT;\nSELECT 1;",
    "in batches": "-- batch: true\nUPDATE t SET x = 1 WHERE id IN (SELECT id FROM t WHERE x IS NULL LIMIT 2);",
    "in parallel": "-- transactional: false\n-- parallel: 2\nANALYZE t;\nCREATE INDEX ON t (x);",
}


@pytest.fixture
def roles(project) -> Iterator[tuple[str, str]]:
    """An owner that may not log in, and a login that is its member and does not inherit; the database is the owner's."""
    mark = uuid.uuid4().hex[:8]
    owner, login = f"owner_{mark}", f"login_{mark}"
    admin = dict(project.parameters)
    project.query(
        f"CREATE ROLE {owner}; CREATE ROLE {login} LOGIN NOINHERIT PASSWORD 'secret' IN ROLE {owner}"
    )
    project.query(f"ALTER DATABASE {admin['dbname']} OWNER TO {owner}")
    yield owner, login
    project.parameters = admin
    project.query(f"REASSIGN OWNED BY {owner} TO CURRENT_USER; DROP OWNED BY {owner}, {login}")
    project.query(f"DROP ROLE {login}, {owner}")


@pytest.mark.parametrize("how", ["options", "of the role"])
def test_the_role_of_the_connection_writes_history(project, roles, how):
    owner, login = roles
    url = project.url.replace(project.url.split("@")[0], f"postgresql://{login}:secret")
    if how == "options":
        url += f"?options=-c%20role%3D{owner}"
    else:
        project.query(f"ALTER ROLE {login} SET role = {owner}")
    project.environ["DATABASE_URL"] = url
    for number, text in enumerate(KINDS.values()):
        project.write(f"{number:04}_f", text, "-- transactional: false\nSELECT 1;")
        project.ok("migrate", "--no-validate")
    project.ok("rollback", "--yes", "--steps", "2")
    found = project.query(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        " UNION SELECT DISTINCT db_user FROM _runner_migration"
    )
    assert found == [(owner,)]


def test_row_level_security_is_an_error_not_an_empty_history(project, roles):
    _, login = roles
    project.write("0001_a", "CREATE TABLE IF NOT EXISTS t (id int);", "DROP TABLE t;")
    project.ok("migrate", "--no-validate")
    project.query("; ".join(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in HISTORY))
    project.ok("status", "--check")
    project.query(
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {login}; GRANT CREATE ON SCHEMA public TO {login}"
    )
    project.parameters = {**project.parameters, "user": login, "password": "secret"}
    for command in (["status"], ["migrate"], ["plan"], ["rollback", "--yes"], ["status", "--history"]):
        done = project.run(*command)
        assert done.code == 2
        assert f'row level security hides rows of history from role "{login}"' in done.err
        assert "DISABLE ROW LEVEL SECURITY" in done.err
        assert "BYPASSRLS" in done.err


def test_a_migration_runs_with_the_row_security_of_its_role(project):
    project.write(
        "0001_a",
        "DO $$ BEGIN IF current_setting('row_security') <> 'on' THEN RAISE EXCEPTION 'off'; END IF; END $$;",
        "SELECT 1;",
    )
    text = project.root.joinpath("migrations/0001_a.sql").read_text()
    project.write("0002_b", text, "SELECT 1;")
    project.write("0003_c", text, "SELECT 1;")
    project.write("0004_d", f"-- transactional: false\n{text}\nSELECT 1;\n{text}", "SELECT 1;")
    project.ok("migrate", "--no-validate")


def test_time_limits_of_the_database_do_not_end_our_own_pauses(project, session):
    name = project.parameters["dbname"]
    limits = ["transaction_timeout"] if session.info.server_version >= 170_000 else []
    for limit in (
        *limits,
        "idle_session_timeout",
        "idle_in_transaction_session_timeout",
        "statement_timeout",
        "lock_timeout",
    ):
        session.execute(f"ALTER DATABASE {name} SET {limit} = '100ms'".encode())
    project.write(
        "0001_t",
        "CREATE TABLE t (id int, x int);\nINSERT INTO t SELECT generate_series(1, 4);\nSELECT pg_sleep(0.3);",
    )
    project.write(
        "0002_b",
        "-- batch: pause 300ms\nUPDATE t SET x = 1 WHERE id IN (SELECT id FROM t WHERE x IS NULL LIMIT 2);",
    )
    project.ok("migrate", "--no-validate")
    session.execute("BEGIN; LOCK TABLE t")
    project.write("0003_c", "ALTER TABLE t ADD COLUMN y int;")
    project.write("0004_d", "-- lock_retries: 1\n-- statement_timeout: 50ms\nSELECT pg_sleep(5);")
    done = project.run("migrate", "--lock-timeout", "50ms", "--lock-retries", "2")
    assert done.code == 4, done.err  # after both pauses
    assert "Tried 3 times" in done.err
    session.execute("ROLLBACK")
    done = project.run("migrate")
    assert done.code == 1
    assert "canceling statement due to statement timeout" in done.err  # what the file asks for holds
    assert project.applied() == ["0001_t", "0002_b", "0003_c"]


def test_a_session_that_the_server_ends_is_a_lost_connection_and_the_run_goes_on(project):
    """The URL itself asks for the limit, so it holds: each pause of the batch ends the session."""
    project.write("0001_t", "CREATE TABLE t (id int, x int);\nINSERT INTO t SELECT generate_series(1, 4);")
    project.write(
        "0002_b",
        "-- batch: pause 3s\nUPDATE t SET x = 1 WHERE id IN (SELECT id FROM t WHERE x IS NULL LIMIT 2);",
    )
    project.ok("migrate", "--steps", "1", "--no-validate")
    mark = "&" if "?" in project.url else "?"
    done = project.ok(
        "migrate", "--no-validate", "--url", f"{project.url}{mark}options=-c%20idle_session_timeout%3D1s"
    )
    assert done.err.count("the connection was lost; connecting again") == 2
    assert project.query("SELECT count(*) FROM t WHERE x = 1") == [(4,)]


def test_every_fatal_error_is_a_lost_connection(project, session):
    target = Target(parameters=project.parameters, source="the test")
    conn = connect(target)
    conn.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 200")  # not while it is answered
    pid = conn.info.backend_pid
    while session.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid]).fetchall():
        pass
    with pytest.raises(psycopg.OperationalError) as met:  # psycopg itself has it for an internal error
        conn.execute("SELECT 1")
    assert met.value.sqlstate == "25P03"
    assert conn.closed


def test_a_role_without_usage_is_told_what_it_may_not_use(project):
    role = f"guest_{uuid.uuid4().hex[:8]}"
    project.query(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'; CREATE SCHEMA closed")
    project.write("0001_a")
    url = f"{project.url.replace(project.url.split('//')[1].split('@')[0], f'{role}:secret')}?options=-csearch_path%3Dclosed"
    try:
        for found in (
            "none that exists and that the role may use",
            "no schema that exists and that the role may use",
        ):
            done = project.run("migrate", "--url", url)
            assert (done.code, f"search_path leads to {found}" in done.err) == (2, True)
            assert "GRANT USAGE" in done.err
            project.query("CREATE TABLE IF NOT EXISTS public._yoyo_migration ()")
    finally:
        project.query(f"DROP ROLE {role}")
