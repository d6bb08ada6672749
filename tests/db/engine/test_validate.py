"""The schema is compared with the snapshot, and the snapshot with the files."""

from __future__ import annotations

import psycopg
import pytest

from tests.faults.test_full_disks import small_disk


@pytest.fixture
def shop(project):
    """A project with its snapshot, applied."""
    project.write(
        "0001_a",
        "CREATE TABLE a (id int PRIMARY KEY, note text);\nCREATE INDEX a_note_idx ON a (note);\n",
        "DROP TABLE a;",
    )
    project.ok("snapshot", "--scratch-url", project.url)
    assert "schema validated against sql/schema/schema.sql" in project.ok("migrate").out
    return project


@pytest.mark.parametrize(
    ("drift", "line"),
    [
        pytest.param("DROP INDEX a_note_idx", "missing index a_note_idx on public.a", id="missing"),
        pytest.param("CREATE TABLE b (id int)", "unexpected table public.b", id="unexpected"),
        pytest.param(
            "ALTER TABLE a ALTER note SET DEFAULT 'x'", "changed column public.a.note", id="changed"
        ),
    ],
)
def test_drift_is_named_and_shown_as_sql(shop, drift, line):
    shop.query(drift)
    done = shop.run("validate")
    assert done.code == 3
    assert line in done.out
    assert "--- sql/schema/schema.sql" in done.out
    (database,) = shop.run("validate", "--json").data["databases"]
    assert database["matches"] is False
    assert len(database["differences"]) == 1


def test_a_migration_that_the_snapshot_does_not_know_ends_with_3_and_stays(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    done = shop.run("migrate")
    assert done.code == 3
    assert "applied      0002_b" in done.out
    assert "0002_b is not in sql/schema/schema.sql yet" in done.err
    assert "All migrations are applied and recorded.\n    unexpected table public.b" in done.err
    assert "+CREATE TABLE public.b (" in done.err
    assert shop.applied() == ["0001_a", "0002_b"]


def test_in_a_single_transaction_a_mismatch_takes_everything_back(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    done = shop.run("migrate", "--single-transaction")
    assert done.code == 3
    assert "nothing is changed" in done.err
    assert shop.applied() == ["0001_a"]
    assert shop.tables() == {"a"}


def test_validation_can_be_left_out(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    assert "validat" not in shop.ok("migrate", "--no-validate").out


def test_drift_is_seen_while_files_are_pending(shop):
    """What is applied is built beside: here no prefix of the files, one file edited since, one gone."""
    shop.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    )
    shop.write("0003_c", "CREATE TABLE c (id int);", "DROP TABLE c;")
    shop.write("0004_gone", "ALTER TABLE c ADD COLUMN gone int;", "ALTER TABLE c DROP COLUMN gone;")
    assert "not validated: 1 still pending" in shop.ok("migrate", "--to", "0003", "--steps", "2").out
    shop.ok("migrate", "--no-validate")
    shop.remove("0004_gone")
    shop.write("0002_b", "ALTER TABLE c RENAME TO d;")
    shop.write("0005_e", "CREATE TABLE e (id int);")
    shop.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';\n"
    )
    done = shop.ok("validate", "--scratch-url", shop.url)
    assert "schema validated against the 4 applied migrations; 3 still pending" in done.out
    shop.write("0003_c", "CREATE TABLE c (id int);\n-- edited")
    shop.query("DROP INDEX a_note_idx; ALTER TABLE c ALTER id SET DEFAULT 7; CREATE TABLE strange (id int)")
    done = shop.run("validate", "--scratch-url", shop.url)
    assert done.code == 3
    assert "3 differences from the 4 applied migrations; 3 still pending" in done.out
    assert "missing index a_note_idx on public.a  (last named in 0001_a)" in done.out
    assert "changed column public.c.id  (last named in 0003_c)" in done.out
    assert "--- the 4 applied migrations" in done.out
    assert "+CREATE TABLE public.strange" in done.out
    (database,) = shop.run("validate", "--json", "--scratch-url", shop.url).data["databases"]
    assert (database["matches"], database["pending"], len(database["differences"])) == (False, 3, 3)
    assert database["against"] == "the 4 applied migrations"
    shop.write("0003_c", "CREATE TABLE c (id int);", "DROP TABLE c;")
    done = shop.run("migrate", "--allow-out-of-order", "--validate-first", "--scratch-url", shop.url)
    assert done.code == 3
    assert "error: the database is not what the 4 applied migrations give" in done.err
    assert "Nothing was run.\n    changed column public.c.id" in done.err
    assert "0005_e" not in shop.applied()
    shop.query("UPDATE _runner_migration SET sql = NULL")
    done = shop.run("migrate", "--allow-out-of-order", "--validate-first", "--scratch-url", shop.url)
    assert done.code == 3
    assert "cannot be validated first" in done.err
    assert "Nothing was run." in done.err


def test_where_no_scratch_database_can_be_made_that_is_said_with_the_way(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    role = f"validating_{shop.parameters['dbname']}"
    shop.query(
        f"CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    )
    login = f"//{role}:x@{shop.parameters['host']}:{shop.parameters['port']}/"
    try:
        done = shop.run("validate", DATABASE_URL=f"postgresql:{login}{shop.parameters['dbname']}", CI="1")
        assert done.code == 3, done.out + done.err
        assert (
            "not validated: 1 still pending, and what is applied cannot be built: no scratch database: "
            "the role may not create one at" in done.out
        )
        assert "ALTER ROLE … CREATEDB, or name another server with --scratch-url." in done.out
    finally:
        shop.query(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_what_the_files_cannot_build_is_said_with_its_place(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    shop.write("0001_a", "SELECT 1;")
    shop.query("UPDATE _runner_migration SET sql = NULL, checksum = 'other'")
    done = shop.run("validate", "--scratch-url", shop.url)
    assert done.code == 3
    assert "cannot be built: history does not keep the SQL of 0001_a. Check out the files" in done.out
    shop.query("UPDATE _runner_migration SET sql = 'SELECT nope'")
    done = shop.run("validate", "--scratch-url", shop.url)
    assert 'cannot be built: column "nope" does not exist at 0001_a.sql (from history):1:8.' in done.out


def test_without_a_history_validate_says_what_is_there_and_what_to_do(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    assert (
        "not validated: nothing is applied yet; to apply the files: runner migrate"
        in project.run("validate").out
    )
    project.query("CREATE TABLE theirs (id int); CREATE TABLE schema_migrations (version text PRIMARY KEY)")
    done = project.run("validate")
    assert done.code == 3
    assert "1 table and no history of migrations" in done.out
    assert "runner baseline. To migrate beside" in done.out


def test_a_stale_snapshot_is_found_without_touching_the_database(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    done = shop.run("snapshot", "--check", "--scratch-url", shop.url)
    assert done.code == 3
    assert "sql/schema/schema.sql  stale" in done.out
    assert shop.tables() == {"a"}
    shop.ok("snapshot", "--scratch-url", shop.url)
    shop.ok("snapshot", "--check", "--scratch-url", shop.url)
    assert "schema validated" in shop.ok("migrate").out


def test_no_scratch_database_is_left_behind(shop):
    shop.write("0002_b", "SELECT nope;")
    run = shop.start("snapshot", "--scratch-url", shop.url)
    run.communicate(timeout=60)
    assert run.returncode == 1
    assert shop.query(f"SELECT datname FROM pg_database WHERE datname ~ '^runner_scratch_{run.pid}_'") == []


def test_a_read_only_role_validates(shop):
    assert shop.run("validate", PGOPTIONS="-c default_transaction_read_only=on").code == 0


def test_an_extension_more_is_told_and_no_failure(shop):
    shop.query('CREATE EXTENSION "uuid-ossp"')
    done = shop.ok("validate")
    assert 'schema validated against sql/schema/schema.sql; beside it: extension "uuid-ossp"' in done.out
    shop.query("DROP INDEX a_note_idx")
    assert shop.run("validate").code == 3


def test_a_snapshot_older_than_the_newest_file_is_said_in_one_sentence_with_one_command(shop):
    shop.write("0002_more", "ALTER TABLE a ADD COLUMN more int;", "ALTER TABLE a DROP COLUMN more;")
    done = shop.run("migrate")
    assert done.code == 3
    assert "error: 0002_more is not in sql/schema/schema.sql yet" in done.err
    assert "hint: Write the snapshot, and commit it with the migration: runner snapshot" in done.err
    assert "behind" not in done.err
    shop.query("DROP INDEX a_note_idx")
    shop.write("0003_c", "ALTER TABLE a ADD COLUMN c int;", "ALTER TABLE a DROP COLUMN c;")
    done = shop.run("migrate")
    assert done.code == 3
    assert "error: the database differs from sql/schema/schema.sql" in done.err


@pytest.mark.parametrize(
    ("file", "drift", "cause", "hint"),
    [
        pytest.param(
            "ALTER TABLE a ADD COLUMN more int;",
            None,
            "snapshot",
            "hint: The database is what the files give, and the snapshot is not: write it again, and commit it: runner snapshot",
            id="snapshot",
        ),
        pytest.param(
            None,
            "ALTER TABLE a ADD COLUMN mine int",
            "database",
            "hint: The snapshot is what the files give. Something other than the migrations changed the database",
            id="database",
        ),
        pytest.param(
            "ALTER TABLE a ADD COLUMN more int;",
            "ALTER TABLE a ADD COLUMN mine int",
            "both",
            "hint: Neither the snapshot nor the database is what the files give. Write the snapshot: runner snapshot.",
            id="both",
        ),
    ],
)
def test_validate_says_which_of_the_two_is_not_what_the_files_give(shop, file, drift, cause, hint):
    if file is not None:
        shop.write("0002_more", file)
        shop.ok("migrate", "--no-validate")
    if drift is not None:
        shop.query(drift)
    done = shop.run("validate", "--scratch-url", shop.url)
    assert (done.code, hint in done.out) == (3, True), done.out
    (database,) = shop.run("validate", "--json", "--scratch-url", shop.url).data["databases"]
    assert database["cause"] == cause
    if file is not None:
        shop.ok("snapshot", "--scratch-url", shop.url)
        assert shop.run("validate").code == (0 if drift is None else 3)


def test_validate_asks_which_of_the_two_where_the_files_cannot_be_built(shop):
    shop.query("DROP INDEX a_note_idx")
    shop.write("0001_a", "SELECT 1;")
    shop.query("UPDATE _runner_migration SET sql = NULL")
    done = shop.run("validate")
    assert done.code == 3
    assert "hint: See whether the snapshot is what the files give: runner snapshot --check." in done.out


def test_the_order_of_columns_alone_is_shown_and_is_no_failure(shop):
    shop.write("0003_c", "ALTER TABLE a ADD COLUMN c int;", "ALTER TABLE a DROP COLUMN c;")
    shop.ok("snapshot", "--scratch-url", shop.url)
    shop.ok("migrate")
    shop.write("0002_b", "ALTER TABLE a ADD COLUMN b int;", "ALTER TABLE a DROP COLUMN b;")
    shop.ok("snapshot", "--scratch-url", shop.url)
    note = "set aside: changed column order of public.a"
    assert note in shop.ok("migrate", "--allow-out-of-order").out
    assert note in shop.ok("validate").out
    shop.query("ALTER TABLE a ALTER b SET DEFAULT 1")
    done = shop.run("validate")
    assert done.code == 3
    assert "changed column public.a.b" in done.out
    assert "column order" not in done.out


def test_a_difference_names_the_migration_that_it_belongs_to(shop):
    shop.write("0002_more", "ALTER TABLE a ADD COLUMN more int;\nCREATE TABLE c (id int);", "SELECT 1;")
    shop.write(
        "0003_kinds",
        "create type pair as (x int); create cast (pair as text) with inout; create operator family pairs using hash;",
        "SELECT 1;",
    )
    shop.ok("snapshot", "--scratch-url", shop.url)
    shop.ok("migrate")
    shop.query("DROP CAST (pair AS text); DROP OPERATOR FAMILY pairs USING hash")
    shop.query("DROP INDEX a_note_idx; ALTER TABLE a ALTER more SET DEFAULT 7; CREATE TABLE strange (id int)")
    done = shop.run("validate")
    assert "missing index a_note_idx on public.a  (last named in 0001_a)" in done.out
    assert "changed column public.a.more  (last named in 0002_more)" in done.out
    assert "unexpected table public.strange\n" in done.out
    (database,) = shop.run("validate", "--json").data["databases"]
    found = {d["identity"]: d["migration"] for d in database["differences"]}
    assert found == {
        "a_note_idx on public.a": "0001_a",
        "public.a.more": "0002_more",
        "public.strange": None,
        "(public.pair AS text)": "0003_kinds",
        "public.pairs USING hash": "0003_kinds",
    }


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"args": ("--ignore", "table:public.tmp_*")}, id="flag"),
        pytest.param({"environ": {"RUNNER_IGNORE": "index:nothing table:public.tmp_*"}}, id="environment"),
        pytest.param({"toml": 'ignore = ["table public.tmp_*"]\n'}, id="file"),
    ],
)
def test_what_may_differ_is_set_aside_and_told(shop, said):
    if "toml" in said:
        shop.write("runner.toml", said["toml"])
    shop.query("CREATE TABLE tmp_1 (id int)")
    done = shop.run("validate", *said.get("args", ()), **said.get("environ", {}))
    assert done.code == 0, done.out
    assert "set aside: unexpected table public.tmp_1" in done.out
    shop.query("CREATE TABLE kept (id int)")
    done = shop.run("validate", *said.get("args", ()), **said.get("environ", {}))
    assert done.code == 3
    assert "+CREATE TABLE public.kept" in done.out
    assert "tmp_1 (" not in done.out


def test_a_right_that_somebody_was_given_besides_counts_on_request(shop):
    shop.query("GRANT SELECT ON a TO PUBLIC")
    assert "set aside: unexpected grant on table public.a to PUBLIC" in shop.ok("validate").out
    done = shop.run("validate", "--grants")
    assert done.code == 3
    assert "+GRANT SELECT ON TABLE public.a TO PUBLIC;" in done.out


def test_a_right_that_the_files_give_must_be_there(shop):
    shop.write("0002_grant", "GRANT SELECT ON a TO PUBLIC;", "REVOKE SELECT ON a FROM PUBLIC;")
    shop.ok("snapshot", "--scratch-url", shop.url)
    shop.ok("migrate")
    shop.query("REVOKE SELECT ON a FROM PUBLIC")
    done = shop.run("validate")
    assert done.code == 3
    assert "missing grant on table public.a to PUBLIC" in done.out


def test_an_owner_counts_on_request(shop):
    shop.query("ALTER TABLE a OWNER TO pg_monitor")
    try:
        assert shop.run("validate").code == 0
        done = shop.run("validate", "--owners")
        assert done.code == 3
        assert "unexpected owner of table public.a" in done.out
        assert "+ALTER TABLE public.a OWNER TO pg_monitor;" in done.out
    finally:
        shop.query("ALTER TABLE a OWNER TO CURRENT_USER")


def test_an_owner_that_the_files_give_is_in_the_snapshot(shop):
    shop.write("0002_owner", "ALTER TABLE a OWNER TO pg_monitor;", "ALTER TABLE a OWNER TO CURRENT_USER;")
    shop.ok("snapshot", "--scratch-url", shop.url)
    shop.ok("migrate")
    try:
        shop.ok("validate", "--owners")
        shop.ok("snapshot", "--check", "--scratch-url", shop.url)
        shop.query("ALTER TABLE a OWNER TO CURRENT_USER")
        shop.ok("validate")
        done = shop.run("validate", "--owners")
        assert done.code == 3
        assert "missing owner of table public.a" in done.out
    finally:
        shop.query("ALTER TABLE a OWNER TO CURRENT_USER")


def test_what_no_comparison_shows_is_told_with_its_remedy(shop, session):
    shop.write(
        "0002_things",
        "CREATE TABLE t (id smallint GENERATED ALWAYS AS IDENTITY, n int);\n"
        "ALTER TABLE t ADD CONSTRAINT n_positive CHECK (n > 0) NOT VALID;\n"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
        "CREATE TRIGGER off BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();\n"
        "ALTER TABLE t DISABLE TRIGGER off;\n"
        "CREATE TABLE k (id integer PRIMARY KEY);\nCREATE TABLE r (k_id integer REFERENCES k);\n"
        "ALTER TABLE r DISABLE TRIGGER ALL;\nSELECT setval('t_id_seq', 30000);\n",
        "SELECT 1;",
    )
    shop.ok("snapshot", "--scratch-url", shop.url)
    shop.ok("migrate")
    shop.query("INSERT INTO a VALUES (1, 'same'), (2, 'same')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        session.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON a (note)")
    session.execute("UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'plpgsql'")
    (database,) = shop.run("validate", "--json").data["databases"]
    assert [(c["kind"], c["subject"]) for c in database["concerns"]] == [
        ("disabled trigger", "off on t"),
        ("disabled trigger", "r_k_id_fkey on r"),
        ("extension version", "plpgsql"),
        ("invalid index", "broken"),
        ("not validated", "n_positive on t"),
        ("sequence near its end", "t_id_seq"),
    ]
    said = shop.run("validate").out
    assert "not validated  n_positive on t: rows from before it may break it" in said
    assert "remedy: ALTER TABLE t VALIDATE CONSTRAINT n_positive" in said
    shop.query("DROP INDEX broken")
    assert shop.run("validate").code == 0
    assert shop.run("validate", "--strict").code == 3


def test_a_full_disk_leaves_the_committed_snapshot_whole(shop):
    """The snapshot's folder is a disk of its own, and the new snapshot has no room on it."""
    path = shop.root / "sql/schema/schema.sql"
    before = path.read_text()
    with small_disk(path.parent, "64k"):
        path.write_text(before)
        columns = ", ".join(f"a_column_with_a_name_of_some_length_{n} text" for n in range(1500))
        shop.write("0002_wide", f"CREATE TABLE wide ({columns});", "DROP TABLE wide;")
        done = shop.run("snapshot", "--scratch-url", shop.url)
        assert done.code == 1, done.out + done.err
        assert f"no space left to write {path}" in done.err
        assert "The file is as it was." in done.err
        assert path.read_text() == before


@pytest.mark.parametrize("form", ["html", "json"])
def test_a_report_that_cannot_be_written_is_named(shop, form):
    done = shop.run("verify", "--scratch-url", shop.url, "--report", f"{form}=/proc/none/report")
    assert done.code == 2, done.out + done.err
    assert "cannot write /proc/none/report" in done.err


FUNCTION = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n    RETURN 1;\nEND $$;\n"


@pytest.mark.parametrize("snapshot", ["lf", "crlf"])
def test_line_ends_of_a_checkout_are_no_difference(project, snapshot):
    project.write("0001_f", FUNCTION)
    project.ok("snapshot", "--scratch-url", project.url)
    project.write("0001_f", FUNCTION.replace("\n", "\r\n"))
    path = project.root / "sql/schema/schema.sql"
    if snapshot == "crlf":
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "schema validated" in project.ok("migrate").out
    done = project.ok("validate")
    assert "changed function public.f(), in line endings only" in done.out
