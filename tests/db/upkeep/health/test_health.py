"""runner health: what each query finds, for whom, and in which form."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.db.upkeep.health.conftest import answers

ROOT = Path(__file__).parents[4]
BUILT_IN = sorted(path.stem for path in (ROOT / "sql/health").glob("*.sql"))


def test_every_query_is_asked_and_answers(project):
    done = project.ok("health", "--json")
    found = answers(done)
    assert sorted(found) == BUILT_IN
    assert {name for name, answer in found.items() if answer["level"] in {"unknown", "problem"}} == set()
    assert found["slow_statements"]["level"] == "skipped"
    assert "pg_stat_statements is not created in this database" in found["slow_statements"]["reason"]
    assert "shared_preload_libraries" in found["slow_statements"]["remedy"]
    connections = found["connections"]
    assert set(connections["rows"][0]) == {*connections["columns"], "_level"}
    assert connections["rows"][0]["used"] >= 1
    assert done.data["databases"][0]["server_version"] >= 140_000


def test_nothing_is_written_and_no_history_is_needed(project):
    before = project.query("SELECT pg_current_wal_lsn()")
    project.ok("health")
    assert project.tables() == set()
    assert project.query("SELECT count(*) FROM pg_class WHERE relname LIKE '%runner%'") == [(0,)]
    assert before
    project.ok("health", PGOPTIONS="-c default_transaction_read_only=on")


def test_a_query_that_would_write_is_refused(project):
    project.write(
        "sql/health/evil.sql",
        "-- Evil.\n-- worry: a\n-- do: b\nSELECT pg_catalog.set_config('a.b', 'c', false), nextval('s');\n",
    )
    project.query("CREATE SEQUENCE s")
    found = answers(project.ok("health", "evil", "--json"))["evil"]
    assert (found["level"], found["reason"]) == (
        "unknown",
        "cannot execute nextval() in a read-only transaction",
    )
    assert project.run("health", "evil", "--check=warn").code == 3
    assert project.ok("health", "evil", "--check").code == 0


def test_a_query_that_takes_too_long_is_cancelled(project):
    project.write("sql/health/slow.sql", "-- Slow.\n-- worry: a\n-- do: b\nSELECT pg_catalog.pg_sleep(60);\n")
    found = answers(project.ok("health", "slow", "connections", "--json", "--query-timeout", "50ms"))
    assert found["slow"]["reason"] == "canceling statement due to statement timeout"
    assert found["connections"]["level"] == "ok"


def test_a_blocking_tree_is_shown_with_its_root_first(project, session):
    session.execute("CREATE TABLE t (id int)")
    session.execute("BEGIN; LOCK TABLE t")
    root = session.info.backend_pid
    with psycopg.connect(**project.parameters, autocommit=True) as waiter:
        waiting = waiter.info.backend_pid
        waiter.pgconn.send_query(b"LOCK TABLE t; SELECT 'secret'")
        project.wait_for("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = " + str(waiting))
        done = project.run("health", "blocking", "--json", "--check")
        text = project.run("health", "blocking", COLUMNS="80").out
        session.execute("ROLLBACK")
        waiter.pgconn.finish()
    # others may wait on the same server
    rows = [row for row in answers(done)["blocking"]["rows"] if row["pid"] in {root, waiting}]
    assert [(row["pid"], row["depth"], row["behind_pid"]) for row in rows] == [
        (root, 0, None),
        (waiting, 1, root),
    ]
    assert rows[0]["state"] == "idle in transaction"
    assert rows[1]["waits_s"] is not None
    assert max(map(len, text.splitlines())) <= 80
    assert done.code == 0


def test_a_wait_beyond_the_threshold_is_a_problem_and_the_remedy_is_said(project, session):
    project.write("runner.toml", '[health]\nidle_in_transaction = { warn = "idle_s >= 0", problem = "" }\n')
    session.execute("BEGIN; SELECT 1")
    done = project.run("health", "--check=warn")
    assert done.code == 3
    assert "warning  idle_in_transaction" in done.out
    assert "do: the statement is the last one that ran" in done.out
    assert project.run("health", "--check", "--json").code == 0
    project.write("runner.toml", '[health]\nidle_in_transaction = { problem = "idle_s >= 0" }\n')
    assert project.run("health", "--check").code == 3
    assert project.run("health").code == 0


INDEXES = """
CREATE TABLE t (id int PRIMARY KEY, a int, b int, c text);
CREATE INDEX t_a_idx ON t (a); CREATE INDEX t_a_again_idx ON t (a); CREATE INDEX t_ab_idx ON t (a, b);
CREATE INDEX t_a_desc_idx ON t (a DESC); CREATE INDEX t_a_some_idx ON t (a) WHERE a > 0;
CREATE INDEX t_bad_idx ON t (b);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_bad_idx'::regclass;
CREATE SEQUENCE ending MAXVALUE 100; SELECT setval('ending', 95);
CREATE TABLE nums (id smallserial); SELECT setval('nums_id_seq', 32000);
"""


def test_indexes_and_sequences_that_are_not_well_are_found(project):
    project.query(INDEXES)
    found = answers(project.ok("health", "--json"))
    assert [row["index"] for row in found["invalid_indexes"]["rows"]] == ["t_bad_idx"]
    assert found["invalid_indexes"]["level"] == "warning"
    assert found["invalid_indexes"]["remedy"].startswith("runner builds those of its own migrations again")
    duplicates = found["duplicate_indexes"]["rows"]
    assert [(row["index"], row["same_as"]) for row in duplicates] == [("t_a_again_idx", "t_a_idx")]
    unused = {row["index"] for row in found["unused_indexes"]["rows"]}
    assert unused == {"t_a_idx", "t_a_again_idx", "t_ab_idx", "t_a_desc_idx", "t_a_some_idx"}
    sequences = {row["sequence"]: (row["used_percent"], row["_level"]) for row in found["sequences"]["rows"]}
    assert sequences == {"nums_id_seq": (97.7, "problem"), "ending": (95, "problem")}


def test_bloat_is_estimated_from_statistics(project):
    project.query(
        "CREATE TABLE fat (id int PRIMARY KEY, t text) WITH (autovacuum_enabled = off);"
        "CREATE TABLE lean (id int PRIMARY KEY, t text) WITH (autovacuum_enabled = off);"
        "INSERT INTO fat SELECT n, repeat('x', 100) FROM generate_series(1, 20000) AS n;"
        "INSERT INTO lean SELECT n, repeat('x', 100) FROM generate_series(1, 20000) AS n;"
        "DELETE FROM fat WHERE id % 10 > 0"
    )
    for name in ("fat", "lean"):
        project.query(f"VACUUM ANALYZE {name}")
    found = answers(project.ok("health", "table_bloat", "index_bloat", "vacuum", "--json"))
    wasted = {row["table"]: row["wasted_percent"] for row in found["table_bloat"]["rows"]}
    assert 80 < wasted["fat"] < 95
    assert wasted["lean"] < 10
    indexes = {row["index"]: row["wasted_percent"] for row in found["index_bloat"]["rows"]}
    assert indexes["fat_pkey"] > 70
    assert indexes["lean_pkey"] < 15


def test_a_role_with_pg_monitor_sees_all_and_one_with_nothing_is_told_what_not(project, as_role):
    project.query("CREATE TABLE t (id int)")
    with as_role("pg_monitor"):
        found = answers(project.ok("health", "--json"))
        assert found["connections"]["unseen"] == []
        assert {n for n, a in found.items() if a["level"] == "unknown"} == set()
    with as_role() as role:
        found = answers(project.ok("health", "--json"))
        assert {n for n, a in found.items() if a["level"] == "unknown"} == set()
        assert found["connections"]["unseen"] == [
            f'what other roles do is hidden from {role}: GRANT pg_monitor TO "{role}"'
        ]
        assert found["table_bloat"]["unseen"][0].startswith("1 table")
        text = project.ok("health", COLUMNS="80").out
    assert "unseen: what other roles do is hidden" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_table_that_the_role_may_not_read_is_told_with_the_grant(project, as_role):
    project.query("CREATE TABLE t (id int)")
    project.write("sql/health/rows.sql", "-- Rows.\n-- worry: a\n-- do: b\nSELECT id FROM t;\n")
    with as_role("pg_monitor") as role:
        found = answers(project.ok("health", "rows", "--json"))["rows"]
    assert (found["level"], found["reason"]) == ("unknown", "permission denied for table t")
    assert found["remedy"].startswith(f'GRANT SELECT ON that table TO "{role}"')


def test_metrics_are_openmetrics(project):
    project.query(INDEXES + 'CREATE TABLE "quo""te\\d\nlines" (id int PRIMARY KEY)')
    text = project.ok("health", "--format", "openmetrics").out
    families = {family.name: family for family in text_string_to_metric_families(text)}
    levels = {sample.labels["query"]: sample.value for sample in families["runner_health_level"].samples}
    assert levels["sequences"] == 2
    assert levels["invalid_indexes"] == 1
    assert "slow_statements" not in levels
    used = families["runner_health_connections_used_ratio"]
    assert (used.unit, used.type) == ("ratio", "gauge")
    assert 0 < used.samples[0].value < 1
    tables = {sample.labels["table"] for sample in families["runner_health_table_sizes_size_bytes"].samples}
    assert 'quo"te\\d\nlines' in tables
    assert all(sample.labels["database"] for family in families.values() for sample in family.samples)


def test_expired_rows_of_the_api_server_are_counted(project):
    shutil.copytree(ROOT / "sql/health", project.root / "sql/health")
    shutil.copytree(ROOT / "migrations/api_server", project.root / "migrations/api_server")
    shutil.copytree(ROOT / "sql/functions", project.root / "sql/functions")
    project.ok("migrate")
    project.query(
        "INSERT INTO users (email, password, first_name, last_name) VALUES ('a@example.com', 'x', 'a', 'b');"
        "INSERT INTO user_sessions (user_id, token_hash, expires_at) SELECT id, 'x', now() - interval '3 days' FROM users;"
        "INSERT INTO user_sessions (user_id, token_hash, expires_at) SELECT id, 'y', now() + interval '3 days' FROM users"
    )
    found = answers(project.ok("health", "expired_rows", "--json"))["expired_rows"]
    assert next((row["table"], row["expired"], row["_level"]) for row in found["rows"]) == (
        "user_sessions",
        1,
        "warning",
    )
    assert len(found["rows"]) == 4
    project.query("DROP TABLE audit_logs")
    found = answers(project.ok("health", "expired_rows", "--json"))["expired_rows"]
    assert (found["level"], found["reason"]) == ("skipped", "there is no table public.audit_logs")


def test_slow_statements_are_shown_where_the_extension_is_loaded(project, new_server):
    def connect(dbname: str) -> None:
        started = server.start(tcp=True)
        project.parameters = {**started.parameters, "password": started.password.reveal(), "dbname": dbname}

    server = new_server()
    connect("postgres")
    project.query("CREATE SCHEMA monitoring; CREATE EXTENSION pg_stat_statements SCHEMA monitoring")
    found = answers(project.ok("health", "slow_statements", "--json"))["slow_statements"]
    assert (found["level"], found["reason"]) == ("skipped", "the server has not loaded pg_stat_statements")
    assert "restart the server" in found["remedy"]
    server.stop()
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("\nshared_preload_libraries = 'pg_stat_statements'\n")
    connect("postgres")
    for _ in range(3):
        project.query("SELECT count(*) FROM generate_series(1, 200000)")
    found = answers(project.ok("health", "slow_statements", "--json"))["slow_statements"]
    assert found["level"] == "info"
    top = {row["query"]: row["calls"] for row in found["rows"]}
    assert top["SELECT count(*) FROM generate_series($1, $2)"] == 3
    assert "SELECT count(*) FROM generate_series" in project.ok("health", "slow_statements").out


def test_a_standby_answers_every_query(project, new_server):
    def connect() -> None:
        started = server.start(tcp=True)
        project.parameters = {
            **started.parameters,
            "password": started.password.reveal(),
            "dbname": "postgres",
        }

    server = new_server()
    connect()
    project.query("SELECT pg_create_physical_replication_slot('slot', true)")
    server.stop()
    (server.data / "standby.signal").touch()
    connect()
    assert project.query("SELECT pg_is_in_recovery()") == [(True,)]
    found = answers(project.ok("health", "--json"))
    assert {n: a["reason"] for n, a in found.items() if a["level"] == "unknown"} == {}
    assert [row["replica"] for row in found["replication"]["rows"]] == ["this server"]
    assert [row["slot"] for row in found["replication_slots"]["rows"]] == ["slot"]


def test_a_query_is_explained_without_a_database(project):
    done = project.ok(
        "health", "--explain", "blocking", DATABASE_URL="postgresql://u@127.0.0.1:1/x", COLUMNS="80"
    )
    assert done.out.startswith("blocking\n  shows     Sessions that wait for a lock")
    assert "  problem   waits_s > 60" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert project.ok("health", "--explain", "--json").data["queries"][0]["name"] == BUILT_IN[0]


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["health", "bloking"], "", "Perhaps you meant blocking."),
        (["health"], '[health]\nbloking = { warn = "any row" }', 'names "bloking"'),
        (["health"], '[health]\nblocking = { warn = "much" }', "is no threshold"),
        (
            ["health"],
            '[health]\nblocking = { warn = "nope > 1" }',
            "names nope, and the query has no such column",
        ),
        (["health"], "health = 3", '"health" must be a table'),
        (["status"], "[helth]\n", 'unknown setting "helth"'),
    ],
)
def test_a_wrong_name_or_threshold_is_refused_with_what_to_do(project, arguments, settings, said):
    project.write("runner.toml", settings)
    project.write("0001_a")
    done = project.run(*arguments)
    assert done.code == 2
    assert said in done.err
    assert "hint:" in done.err


def test_several_databases_are_asked_in_turn_and_a_query_of_one_alone_is_no_mistake(project, new_database):
    other = new_database()
    for name in ("a", "b"):
        project.write(f"migrations/{name}/0001_x.sql")
    project.write("sql/health/a/mine.sql", "-- Mine.\n-- worry: never\n-- do: nothing\nSELECT 1 AS one;\n")
    urls = {"A_DATABASE_URL": project.url}
    project.parameters = other
    urls["B_DATABASE_URL"] = project.url
    data = project.ok("health", "mine", "--json", **urls).data
    assert [(d["database"], [q["name"] for q in d["queries"]]) for d in data["databases"]] == [
        ("a", ["mine"]),
        ("b", []),
    ]
    assert "nothing was asked" in project.ok("health", "mine", **urls).out
