"""A database with tables and no history is not migrated without being asked; each tenant's schema has its own history."""

from __future__ import annotations

import json
import uuid

import pytest

SENTENCE = 'database "{}" has {} and no history of migrations'


@pytest.fixture
def project(project):
    """A project for which nobody has said that it goes beside what is there."""
    project.environ.clear()
    return project


@pytest.fixture
def inhabited(project):
    """A database with tables that no migration made, and one pending migration."""
    project.query("CREATE TABLE orders (id int); CREATE TABLE customers (id int)")
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    return project


def said_of(project, tables: str) -> str:
    return SENTENCE.format(project.parameters["dbname"], tables)


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--single-transaction"]])
def test_a_database_with_tables_and_no_history_is_refused_before_anything_runs(inhabited, more):
    done = inhabited.run("migrate", *more)
    assert done.code == 3
    assert f"error: {said_of(inhabited, '2 tables')}" in done.err
    assert "It has public.customers, public.orders. Nothing was run." in done.err
    assert "runner baseline" in done.err
    assert "--beside-existing" in done.err
    assert inhabited.tables() == {"customers", "orders"}
    assert not inhabited.query("SELECT FROM pg_tables WHERE tablename = '_yoyo_migration'")


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param((["--beside-existing"], {}, ""), id="flag"),
        pytest.param(([], {"RUNNER_BESIDE_EXISTING": "1"}, ""), id="variable"),
        pytest.param(([], {}, "beside-existing = true\n"), id="runner.toml"),
        pytest.param((["--ignore", "table:public.*"], {}, ""), id="ignored tables"),
        pytest.param(([], {}, 'ignore = ["table:public.*"]\n'), id="ignored in runner.toml"),
    ],
)
def test_beside_what_is_there_when_asked_and_without_asking_ever_after(inhabited, asked):
    args, environ, config = asked
    (inhabited.root / "runner.toml").write_text(config)
    inhabited.ok("migrate", "--no-validate", *args, **environ)
    (inhabited.root / "runner.toml").write_text("")
    inhabited.write("0002_b", "CREATE TABLE b (id int);", "DROP TABLE b;")
    inhabited.ok("migrate", "--no-validate")
    inhabited.ok("rollback", "--all", "--yes")
    inhabited.ok("migrate", "--no-validate")
    assert inhabited.tables() == {"a", "b", "customers", "orders"}


def test_the_history_of_another_tool_alone_is_no_table_to_migrate_beside(project):
    project.query("CREATE TABLE flyway_schema_history (installed_rank int)")
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.ok("snapshot")
    told = (project.ok("plan").out, project.run("doctor").out, project.run("validate").out)
    for out in told:
        assert "the history of Flyway is there" in out
        assert "To apply the files: runner migrate" in " ".join(out.split())
        assert "beside" not in out
        assert "refuses" not in out
    project.ok("migrate")


def test_what_changes_nothing_says_it_and_goes_on(inhabited):
    inhabited.query("CREATE TABLE flyway_schema_history (); CREATE TABLE alembic_version ()")
    said = f"{said_of(inhabited, '2 tables')}; the history of Alembic and Flyway is there"
    assert "1 pending; no history\n" in inhabited.ok("status").out
    assert said in inhabited.ok("status").out
    assert json.loads(inhabited.ok("status", "--json").out)["databases"][0]["remark"] == said
    assert f"-- warning: {said}" in inhabited.ok("plan").out
    assert said in inhabited.ok("doctor").out
    assert "The history of Alembic and Flyway is there." in inhabited.run("migrate").err


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(
            "CREATE TABLE schema_migrations (); CREATE TABLE goose_db_version ()", id="other tools' history"
        ),
        pytest.param("CREATE EXTENSION pg_stat_statements", id="an extension's view"),
        pytest.param(
            "CREATE TABLE t (); CREATE EXTENSION hstore; ALTER EXTENSION hstore ADD TABLE t",
            id="an extension's table",
        ),
        pytest.param("CREATE SCHEMA o; CREATE VIEW o.v AS SELECT 1", id="no table"),
    ],
)
def test_what_is_nobodys_table_does_not_count(project, made):
    project.query(made)
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.ok("migrate", "--no-validate")


def test_tables_in_another_schema_count_where_nobody_chose_the_schema(project):
    project.query(
        "CREATE SCHEMA app; CREATE TABLE app.orders (id int) PARTITION BY LIST (id);"
        "CREATE TABLE app.orders_1 PARTITION OF app.orders FOR VALUES IN (1)"
    )
    project.write("0001_a", "CREATE TABLE a (id int);")
    done = project.run("migrate")
    assert done.code == 3
    assert said_of(project, "1 table") in done.err
    project.query("CREATE SCHEMA tenant")
    url = f"{project.url}{'&' if '?' in project.url else '?'}schema=tenant"
    project.ok("migrate", "--no-validate", "--url", url)
    assert project.query("SELECT schemaname FROM pg_tables WHERE tablename = 'a'") == [("tenant",)]


def test_tables_of_others_in_other_schemas_do_not_count(project):
    name = f"plain_{uuid.uuid4().hex[:8]}"
    admin = dict(project.parameters)
    project.query(f"CREATE SCHEMA o; CREATE TABLE o.t (); CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    project.query(f"GRANT CREATE ON SCHEMA public TO {name}; GRANT USAGE ON SCHEMA o TO {name}")
    project.write("0001_a", "CREATE TABLE a (id int);")
    try:
        project.parameters = {**admin, "user": name, "password": "secret"}
        project.ok("migrate", "--no-validate")
    finally:
        project.parameters = admin
        project.query(f"DROP OWNED BY {name}")
        project.query(f"DROP ROLE {name}")


def test_a_failed_first_run_is_a_history(project):
    project.write("0001_a", "-- transactional: false\nCREATE TABLE a (id int);\nSELECT 1/0;")
    assert project.run("migrate").code == 1
    project.write("0001_a", "-- transactional: false\nCREATE TABLE a (id int);\nSELECT 1;")
    project.ok("repair", "continue", "0001", "--reason", "corrected")
    project.ok("migrate", "--no-validate")


def test_a_baseline_does_not_trip_over_the_history_of_another_tool(project):
    project.query(
        "CREATE TABLE a (id int); CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY);"
        'CREATE TABLE "__EFMigrationsHistory" (id serial); CREATE SCHEMA sqitch; CREATE TABLE sqitch.events (id int)'
    )
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.ok("baseline")
    assert project.applied() == ["0001_a"]
    project.ok("snapshot")
    validated = project.ok("validate").out
    for name in ("public.flyway_schema_history", 'public."__EFMigrationsHistory"', "schema sqitch"):
        assert name in validated.partition("set aside: ")[2]
    project.write("0002_b", "CREATE TABLE b (id int);")
    project.ok("snapshot")
    project.ok("migrate")
    project.query("CREATE TABLE flyway (id int)")
    assert "unexpected table public.flyway\n" in project.run("validate").out


class TestTenants:
    @pytest.fixture
    def tenants(self, project):
        """Two schemas, of which the first is migrated."""
        project.query("CREATE SCHEMA t1; CREATE SCHEMA t2")
        project.write("0001_a", "CREATE TABLE t (id int);", "DROP TABLE t;")
        project.ok("migrate", "--no-validate", "--url", self.by_schema(project, "t1"))
        return project

    @staticmethod
    def by_schema(project, schema):
        return f"{project.url}{'&' if '?' in project.url else '?'}schema={schema}"

    @staticmethod
    def by_path(project, path):
        return f"{project.url}{'&' if '?' in project.url else '?'}options=-c%20search_path%3D{path}"

    @staticmethod
    def where(project, table="t"):
        rows = project.query("SELECT schemaname FROM pg_tables WHERE tablename = %s ORDER BY 1", [table])
        return [schema for (schema,) in rows]

    def test_each_schema_has_its_own_history(self, tenants):
        tenants.ok("migrate", "--no-validate", "--url", self.by_schema(tenants, "t2"))
        assert self.where(tenants) == self.where(tenants, "_yoyo_migration") == ["t1", "t2"]
        tenants.write("0002_b", "CREATE TABLE u (id int);", "DROP TABLE u;")
        for schema in ("t2", "t1"):
            tenants.ok("migrate", "--no-validate", "--url", self.by_path(tenants, schema))
        assert self.where(tenants, "u") == ["t1", "t2"]
        tenants.ok("rollback", "--yes", "--url", self.by_path(tenants, "t2"))
        assert self.where(tenants, "u") == ["t1"]

    @pytest.mark.parametrize(
        "command", [["migrate"], ["status", "--check"], ["rollback", "--yes"], ["plan"], ["validate"]]
    )
    def test_the_history_of_another_schema_is_named_and_not_used(self, tenants, command):
        done = tenants.run(*command, "--url", self.by_path(tenants, "t2"))
        assert done.code == 2
        assert (
            'history was found only in schema "t1", and this session\'s search_path leads to schema "t2"'
            in done.err
        )
        assert "--history-schema t1" in done.err
        tenants.ok("migrate", "--no-validate", "--url", self.by_path(tenants, "t2"), "--history-schema", "t2")
        tenants.ok("status", "--check", "--url", self.by_path(tenants, "t2"))
        assert self.where(tenants) == ["t1", "t2"]

    @pytest.mark.parametrize(
        "own", ["ALTER ROLE {0} SET search_path = {0}", "SELECT 1"], ids=["set", "$user"]
    )
    def test_a_role_with_a_schema_of_its_own_is_a_tenant_too(self, tenants, own):
        name = f"tenant_{uuid.uuid4().hex[:8]}"
        admin = dict(tenants.parameters)
        tenants.query(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' SUPERUSER; CREATE SCHEMA {name}")
        tenants.query(own.format(name))
        try:
            tenants.parameters = {**admin, "user": name, "password": "secret"}
            done = tenants.run("migrate")
            assert done.code == 2
            assert f'leads to schema "{name}"' in done.err
            tenants.ok("migrate", "--no-validate", "--history-schema", name)
            tenants.ok("status", "--check")
        finally:
            tenants.parameters = admin
            tenants.query(f"DROP OWNED BY {name}")
            tenants.query(f"DROP ROLE {name}")

    def test_a_history_behind_the_schema_that_the_client_named_is_another_ones(self, tenants):
        tenants.ok("migrate", "--no-validate", "--history-schema", "public", "--beside-existing")
        done = tenants.run("migrate", "--url", self.by_path(tenants, "t2,public"))
        assert done.code == 2
        assert 'history was found only in schema "public"' in done.err
        tenants.ok(
            "migrate", "--no-validate", "--url", self.by_path(tenants, "t2,public"), "--history-schema", "t2"
        )
        assert "t2" in self.where(tenants)

    @pytest.mark.parametrize("reads", [True, False])
    @pytest.mark.parametrize(
        "own", ["ALTER ROLE {0} SET search_path = {0}, public", "SELECT 1"], ids=["set", "$user"]
    )
    def test_a_history_behind_a_roles_own_schema_that_it_may_not_write_is_another_ones(
        self, tenants, own, reads
    ):
        tenants.ok("migrate", "--no-validate", "--history-schema", "public", "--beside-existing")
        name = f"tenant_{uuid.uuid4().hex[:8]}"
        admin = dict(tenants.parameters)
        tenants.query(
            f"CREATE ROLE {name} LOGIN PASSWORD 'secret'; CREATE SCHEMA {name} AUTHORIZATION {name}"
        )
        tenants.query(own.format(name))
        try:
            if reads:
                tenants.query(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
            tenants.parameters = {**admin, "user": name, "password": "secret"}
            done = tenants.run("migrate")
            assert done.code == 2
            assert 'history was found only in schema "public"' in done.err
            assert f'leads to schema "{name}"' in done.err
            tenants.ok("migrate", "--no-validate", "--history-schema", name)
            assert self.where(tenants) == ["public", "t1", name]
        finally:
            tenants.parameters = admin
            tenants.query(f"DROP OWNED BY {name}")
            tenants.query(f"DROP ROLE {name}")

    def test_a_history_outside_the_path_that_everybody_has_is_found(self, tenants):
        assert "1 applied; at 0001_a" in tenants.ok("status").out


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            (
                "CREATE TABLE flyway_schema_history (installed_rank int, version text);"
                " INSERT INTO flyway_schema_history VALUES (1, '9'), (2, '10'), (3, NULL)"
            ),
            "the history of Flyway (newest entry: 10) is there",
        ),
        (
            "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('ae10')",
            "the history of Alembic (newest entry: ae10) is there",
        ),
        (
            (
                "CREATE TABLE schema_migrations (version text); INSERT INTO schema_migrations VALUES ('2024');"
                " CREATE TABLE ar_internal_metadata (key text)"
            ),
            "the history of Rails (newest entry: 2024) is there",
        ),
        (
            (
                "CREATE TABLE schema_migrations (version bigint, dirty boolean);"
                " INSERT INTO schema_migrations VALUES (7, true)"
            ),
            "the history of golang-migrate, dbmate or Rails (newest entry: 7, unfinished) is there",
        ),
        (
            (
                "CREATE TABLE flyway_schema_history (installed_rank int, version text, success boolean);"
                " INSERT INTO flyway_schema_history VALUES (1, '9', true), (2, '10', false)"
            ),
            "the history of Flyway (newest entry: 10, unfinished) is there",
        ),
        ("CREATE TABLE goose_db_version (id int, version_id int)", "the history of goose is there"),
        ("CREATE TABLE knex_migrations (other text)", "the history of Knex is there"),
    ],
)
def test_a_baseline_says_how_far_another_tool_had_come(made, said, project):
    project.query(f"CREATE TABLE a (id int); {made}")
    project.write("0001_a", "CREATE TABLE a (id bigint);")
    refused = project.run("baseline")
    assert refused.code == 3
    assert f"{said[:1].upper()}{said[1:]}." in refused.err
    project.write("0001_a", "CREATE TABLE a (id int);")
    assert f"{said}; runner does not read or change it" in project.ok("baseline").out


@pytest.mark.parametrize("name", ["t2", '"Tenant 2"'])
def test_a_tenants_snapshot_is_built_in_a_schema_of_that_name(project, name):
    project.query(f"CREATE SCHEMA {name}")
    path = name.replace('"', "%22").replace(" ", "%20")
    url = f"{project.url}{'&' if '?' in project.url else '?'}options=-c%20search_path%3D{path.replace('%20', '%5C%20')}"
    project.write("0001_a", "CREATE TABLE a (i int);\n")
    project.ok("migrate", "--url", url)
    project.ok("snapshot", "--url", url)
    project.ok("snapshot", "--check", "--url", url)
    assert project.run("validate", "--url", url).code == 0


def test_a_search_path_to_no_schema_names_no_other_place_for_history(project):
    project.write("0001_a", "CREATE TABLE a (i int);\n")
    url = f"{project.url}{'&' if '?' in project.url else '?'}options=-c%20search_path%3Dnowhere"
    done = project.run("migrate", "--url", url)
    assert done.code == 2
    assert "no schema for history: search_path leads to none that exists" in done.err
    assert "Create the schema that search_path names" in done.err
