"""What the server or the role cannot do is said before anything runs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest


@pytest.fixture
def role(project) -> Iterator[str]:
    """A role that may connect and nothing more; commands run as it."""
    name = f"plain_{uuid.uuid4().hex[:8]}"
    admin = dict(project.parameters)
    project.query(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    project.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    yield name
    project.parameters = admin
    project.query(f"DROP OWNED BY {name}")
    project.query(f"DROP ROLE {name}")


def become(project, role: str) -> None:
    project.parameters = {**project.parameters, "user": role, "password": "secret"}


def test_a_role_that_may_not_create_is_told_which_grant_is_missing(project, role):
    project.write("0001_a", "SELECT 1;")
    become(project, role)
    done = project.run("migrate")
    assert done.code == 2
    assert f'role "{role}" has no right to create tables in schema "public"' in done.err
    assert f'GRANT CREATE ON SCHEMA "public" TO "{role}";' in done.err


def test_a_role_that_may_not_read_history_is_told_which_grant_is_missing(project, role):
    project.write("0001_a", "SELECT 1;")
    project.ok("migrate")
    become(project, role)
    done = project.run("status")
    assert done.code == 2
    assert f'role "{role}" has no right to read history' in done.err
    assert 'GRANT SELECT ON "public"."_runner_journal", "public"."_runner_migration", ' in done.err


def test_reading_is_enough_for_what_changes_nothing(project, role):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("migrate")
    project.write("0002_b")
    project.query(f"GRANT pg_read_all_data TO {role}")
    become(project, role)
    assert "1 applied, 1 pending; at 0001_a" in project.ok("status").out
    project.ok("plan")
    assert project.run("validate").code == 3
    done = project.run("migrate")
    assert done.code == 2
    assert f'role "{role}" has no right to write history' in done.err
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON" in done.err


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE t ADD COLUMN x int",
        'alter table if exists only public . "t" add column x int',
        "DROP TABLE t",
        "CREATE UNIQUE INDEX /* on u */ i ON ONLY t USING btree (id)",
        "COMMENT ON TABLE t IS 'x'",
    ],
)
def test_a_table_of_another_role_is_named_before_anything_runs(project, role, statement):
    project.query("CREATE TABLE t (id int)")
    project.query(f"GRANT CREATE ON SCHEMA public TO {role}")
    project.write("0001_a", "CREATE TABLE a (id int);\nALTER TABLE a ADD COLUMN x int;", "DROP TABLE a;")
    project.write("0002_b", f"CREATE TABLE b ();\n{statement};", "SELECT 1;")
    owner = project.parameters["user"]
    become(project, role)
    done = project.run("migrate")
    assert done.code == 2
    assert f'role "{role}" does not own' in done.err
    assert "migrations/0002_b.sql:2:1" in done.err
    # the owner is a superuser, and so would be whoever is made a member of it
    assert f'GRANT "{owner}"' not in done.err
    assert re.search(rf'hint: ALTER TABLE \S+ OWNER TO "{role}"\.', done.err)
    doctor = project.run("doctor")
    assert f'OWNER TO "{role}"' in doctor.out
    assert "GRANT that role" not in doctor.out
    assert project.tables() == {"t"}
    assert project.applied() == []


@pytest.mark.parametrize("is_mighty", [False, True])
def test_membership_in_the_owner_is_advised_unless_it_leads_to_a_superuser(project, role, is_mighty):
    superuser = project.parameters["user"]
    project.query(f"CREATE ROLE {role}_owner; GRANT CREATE ON SCHEMA public TO {role}, {role}_owner")
    project.query(f"CREATE TABLE t (id int); ALTER TABLE t OWNER TO {role}_owner")
    if is_mighty:
        project.query(f'GRANT "{superuser}" TO {role}_owner')
    project.write("0001_a", "ALTER TABLE t ADD COLUMN x int;")
    admin = project.parameters
    become(project, role)
    try:
        done = project.run("migrate")
        assert done.code == 2
        assert (f'GRANT "{role}_owner" TO "{role}"; or migrate as the owner.' in done.err) is not is_mighty
        assert (f'OWNER TO "{role}"' in done.err) is is_mighty
    finally:
        project.parameters = admin
        project.query(f"DROP OWNED BY {role}_owner CASCADE; DROP ROLE {role}_owner")


def test_a_member_of_the_owner_may_alter_its_tables(project, role):
    project.query(f"CREATE ROLE {role}_owner; GRANT CREATE ON SCHEMA public TO {role}, {role}_owner")
    project.query(
        f"CREATE TABLE t (id int); ALTER TABLE t OWNER TO {role}_owner; GRANT {role}_owner TO {role}"
    )
    project.write("0001_a", "ALTER TABLE t ADD COLUMN x int;")
    admin = project.parameters
    become(project, role)
    project.ok("migrate")
    project.parameters = admin
    project.query(f"DROP TABLE t; DROP OWNED BY {role}_owner; DROP ROLE {role}_owner")


def test_a_privilege_that_a_statement_lacks_is_named(project, role):
    project.query("CREATE TABLE t (id int)")
    project.query(f"GRANT CREATE ON SCHEMA public TO {role}")
    project.write("0001_a", "SELECT * FROM t;")
    become(project, role)
    done = project.run("migrate")
    assert done.code == 1
    assert "permission denied for table t" in done.err
    assert "Grant the missing privilege to the role that migrates, or connect as the owner." in done.err


def test_a_read_only_session_is_refused(project):
    project.write("0001_a")
    done = project.run("migrate", PGOPTIONS="-c default_transaction_read_only=on")
    assert done.code == 2
    assert "the session is read-only" in done.err


@pytest.mark.parametrize("wait_s", [30, 0])
def test_a_connection_that_is_cut_is_made_again_or_its_loss_is_told(project, session, wait_s):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "CREATE TABLE b (id int);\nLOCK TABLE gate;\n")
    project.query("CREATE TABLE gate ()")
    project.environ |= {"PGOPTIONS": "-c lock_timeout=60s", "RUNNER_RECONNECT_WAIT": str(wait_s)}
    with session.transaction():
        session.execute("LOCK TABLE gate IN ACCESS EXCLUSIVE MODE")
        run = project.start("migrate")
        waiting = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'gate'::regclass"
        while not (found := project.query(waiting)):
            assert run.poll() is None
        project.query("SELECT pg_terminate_backend(%s)", [found[0][0]])
        if not wait_s:
            run.wait(timeout=60)
    out, err = run.communicate(timeout=60)
    if wait_s:
        assert run.returncode == 0, err
        assert "the connection was lost; connecting again for up to 30 s" in err
        assert "2 migrations applied" in out
    else:
        assert run.returncode == 4
        assert "the connection was lost during 0002_b" in err
        assert "history knows which" in err
        assert project.applied() == ["0001_a"]
        project.ok("migrate")
    assert project.applied() == ["0001_a", "0002_b"]
    assert project.tables() == {"a", "b", "gate"}


def test_no_target_in_a_container_names_the_variables(project):
    project.write("0001_a")
    done = project.run("migrate", DATABASE_URL="", KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert done.code == 2
    assert "set DATABASE_URL or DB_SECRET_ARN" in done.err


def test_one_url_that_names_a_database_does_not_serve_two(project):
    project.write("migrations/one/0001_a.sql")
    project.write("migrations/two/0001_a.sql")
    done = project.run("migrate")
    assert done.code == 2
    assert project.tables() == set()


def test_no_output_shows_the_password(project):
    project.write("0001_a", "SELECT nope;")
    url = project.url.replace(
        f"://{project.parameters['user']}", f"://{project.parameters['user']}:hush-hush", 1
    )
    url = url.replace(f":hush-hush:{project.parameters.get('password', '')}", ":hush-hush")
    for args in (
        ["migrate"],
        ["status", "--json"],
        ["exec", "--", "true"],
        ["migrate", "--url", url + "?sslmode=bad"],
    ):
        done = project.run(*args, DATABASE_URL=url)
        assert "hush-hush" not in done.out + done.err


def test_a_lock_on_historys_tables_is_told_from_a_lost_connection(project, session):
    project.write("0001_a")
    project.ok("migrate")
    with session.transaction():
        session.execute("LOCK TABLE _yoyo_migration")
        done = project.run("status", PGOPTIONS="-c lock_timeout=100ms")
    assert done.code == 4
    assert "another session locks a table that this needs" in done.err


@pytest.mark.parametrize("style", ["German", "SQL, DMY"])
def test_any_date_style_will_do(project, style):
    project.environ["PGOPTIONS"] = f"-c datestyle={style.replace(' ', '')}"
    project.write(
        "0001_a",
        "CREATE TABLE a (d date);\nINSERT INTO a VALUES ('31.12.2020');"
        if style == "German"
        else "SELECT 1;",
    )
    project.write("0002_b", "-- transactional: false\nSELECT 1;\nSELECT nope();")
    assert project.run("migrate").code == 1
    assert "partial" in project.ok("status").out
    assert "function nope() does not exist" in project.run("migrate").err
