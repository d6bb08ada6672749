"""What an object can be made of: one row for each attribute that the catalog describes, with SQL that changes it.

Each row is run in a schema of its own, which is the search path; `{s}` is that schema's name, for what has no
schema. A new kind or attribute in `runner/schema/catalog` needs rows here: `test_attributes.py` fails without them.
"""

# ruff: noqa: E501 -- statements read best on one line

from __future__ import annotations

from typing import NamedTuple


class Attribute(NamedTuple):
    """An attribute of a kind of object: SQL that makes the object, and SQL that changes the attribute."""

    kind: str
    attribute: str
    make: str
    change: str
    since: int = 14  # the major version of the server
    in_pg_dump: bool = True  # pg_dump writes it, and so a new database can have it
    is_note: bool = False  # in `verify`, which calls no rollback wrong for it
    until: int = 99  # the last major version that allows it


TRIGGER = "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; "
TABLE = "CREATE TABLE t (a integer, b text); "
KEYS = "CREATE TABLE k (a integer PRIMARY KEY, b integer, UNIQUE (a, b)); CREATE TABLE t (a integer, b integer); "
PARTITIONED = "CREATE TABLE p (a integer, b text) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); "
F = "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'"
P = "CREATE PROCEDURE f(a integer) LANGUAGE sql AS 'SELECT 1'"
EVENT = "CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER {s} ON ddl_command_end EXECUTE FUNCTION ef(); "
ADD = "CREATE FUNCTION plus(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2'; CREATE FUNCTION same(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1'; "
AGGREGATE = f"{ADD}CREATE AGGREGATE g(integer) (SFUNC = plus, STYPE = integer); "
CASTS = "CREATE TYPE e AS ENUM ('x'); CREATE TYPE f AS ENUM ('x'); CREATE FUNCTION ef(e) RETURNS f LANGUAGE sql AS $$SELECT 'x'::f$$; "
ARGUMENTS = "LEFTARG = integer, RIGHTARG = integer"
CREATE_OPERATOR = f"CREATE OPERATOR === (FUNCTION = eq1, {ARGUMENTS}"
OPERATOR = (
    "".join(
        f"CREATE FUNCTION eq{n}(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'; "
        for n in (1, 2)
    )
    + CREATE_OPERATOR
)
HASH_CLASS = "CREATE OPERATOR FAMILY o USING hash; CREATE OPERATOR CLASS o FOR TYPE integer USING hash FAMILY o AS OPERATOR 1 === (integer, integer), FUNCTION 1 hashint4(integer)"
PARSER = "CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = {})"
WRAPPER = "CREATE FOREIGN DATA WRAPPER {s} OPTIONS (o '1')"
SERVER = "CREATE FOREIGN DATA WRAPPER {s}; CREATE SERVER {s} TYPE 't' VERSION '1' FOREIGN DATA WRAPPER {s}"
FOREIGN = f"{SERVER}; CREATE FOREIGN TABLE t (a integer, b text) SERVER {{s}} OPTIONS (x '1')"
PUBLICATION = "CREATE TABLE t (a integer PRIMARY KEY, b text); CREATE PUBLICATION {s} FOR TABLE t"


def _aggregate(
    attribute: str, before: str, after: str, make: str = ADD, arguments: str = "integer"
) -> Attribute:
    return Attribute(
        "aggregate",
        attribute,
        f"{make}CREATE AGGREGATE g({arguments}) ({before})",
        f"DROP AGGREGATE g({arguments}); CREATE AGGREGATE g({arguments}) ({after})",
    )


def _sequence(attribute: str, before: str, after: str, **options: int) -> list[Attribute]:
    """The same attribute of a sequence, and of an identity column."""
    identity = " ".join(f"SET {part}".replace("SET RESTART", "RESTART") for part in after.split("; "))
    return [
        Attribute(
            "sequence",
            attribute,
            f"CREATE SEQUENCE q {before}",
            f"ALTER SEQUENCE q {after.replace('; ', ' ')}",
            **options,
        ),
        Attribute(
            "table",
            f"identity {attribute}",
            f"CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY ({before or 'START 1'}))",
            f"ALTER TABLE t ALTER a {identity}",
            **options,
        ),
    ]


def _column(attribute: str, column: str, change: str, **options: int) -> Attribute:
    return Attribute(
        "table",
        f"column {attribute}",
        f"CREATE TABLE t ({column}, z integer)",
        f"ALTER TABLE t {change}",
        **options,
    )


def _range(attribute: str, after: str, make: str = "") -> Attribute:
    return Attribute(
        "type",
        f"range {attribute}",
        f"{make}CREATE TYPE r AS RANGE (SUBTYPE = text)",
        f"DROP TYPE r; CREATE TYPE r AS RANGE ({after})",
    )


# fmt: off
ATTRIBUTES: list[Attribute] = [
    # schemas and extensions
    Attribute("schema", "existence", "", "CREATE SCHEMA {s}_b"),
    Attribute("schema", "owner", "CREATE SCHEMA {s}_o", "ALTER SCHEMA {s}_o OWNER TO catalog_writer"),
    Attribute("schema", "comment", "CREATE SCHEMA {s}_c", "COMMENT ON SCHEMA {s}_c IS 'x'"),
    Attribute("schema", "rights", "CREATE SCHEMA {s}_g", "GRANT USAGE, CREATE ON SCHEMA {s}_g TO catalog_reader" ),
    Attribute("extension", "existence", "", "CREATE EXTENSION hstore SCHEMA {s}"),
    Attribute("extension", "schema", "CREATE EXTENSION citext SCHEMA {s}", "CREATE SCHEMA {s}_b; ALTER EXTENSION citext SET SCHEMA {s}_b"),
    # tables
    Attribute("table", "existence", "", "CREATE TABLE t ()"),
    Attribute("table", "name", TABLE, "ALTER TABLE t RENAME TO u"),
    Attribute("table", "schema", TABLE, "CREATE SCHEMA {s}_b; ALTER TABLE t SET SCHEMA {s}_b"),
    Attribute("table", "unlogged", TABLE, "ALTER TABLE t SET UNLOGGED"),
    Attribute("table", "unlogged, with sequences", "CREATE TABLE t (a serial, b integer GENERATED ALWAYS AS IDENTITY)", "ALTER TABLE t SET UNLOGGED"),
    Attribute("table", "storage parameter", TABLE, "ALTER TABLE t SET (fillfactor = 50)"),
    Attribute("table", "storage parameter reset", f"{TABLE}ALTER TABLE t SET (autovacuum_enabled = off, fillfactor = 50)", "ALTER TABLE t RESET (fillfactor)"),
    Attribute("table", "toast parameter", TABLE, "ALTER TABLE t SET (toast.autovacuum_enabled = off)"),
    Attribute("table", "tablespace", TABLE, "ALTER TABLE t SET TABLESPACE catalog_space", since=15),
    Attribute("table", "access method", "" + TABLE, "ALTER TABLE t SET ACCESS METHOD catalog_heap", since=15),
    Attribute("table", "access method of a partitioned table, as usual", "CREATE TABLE p (a integer) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p DEFAULT", "ALTER TABLE p SET ACCESS METHOD heap", since=17),
    Attribute("table", "type", "CREATE TYPE c AS (a integer, b text); CREATE TABLE t (a integer, b text)", "ALTER TABLE t OF c"),
    Attribute("table", "not of a type", "CREATE TYPE c AS (a integer, b text); CREATE TABLE t OF c (a NOT NULL, b DEFAULT 'x')", "ALTER TABLE t NOT OF"),
    Attribute("table", "owner", TABLE, "ALTER TABLE t OWNER TO catalog_writer"),
    Attribute("table", "comment", TABLE, "COMMENT ON TABLE t IS 'it''s \\ x'"),
    Attribute("row level security", "enabled", TABLE, "ALTER TABLE t ENABLE ROW LEVEL SECURITY"),
    Attribute("row level security", "forced", f"{TABLE}ALTER TABLE t ENABLE ROW LEVEL SECURITY", "ALTER TABLE t FORCE ROW LEVEL SECURITY"),
    Attribute("row level security", "forced, not enabled", TABLE, "ALTER TABLE t FORCE ROW LEVEL SECURITY"),
    Attribute("replica identity", "full", TABLE, "ALTER TABLE t REPLICA IDENTITY FULL"),
    Attribute("replica identity", "nothing", f"{TABLE}ALTER TABLE t REPLICA IDENTITY FULL", "ALTER TABLE t REPLICA IDENTITY NOTHING"),
    Attribute("replica identity", "a key", KEYS, "ALTER TABLE k REPLICA IDENTITY USING INDEX k_pkey"),
    Attribute("replica identity", "an index", "CREATE TABLE t (a integer NOT NULL); CREATE UNIQUE INDEX i ON t (a)", "ALTER TABLE t REPLICA IDENTITY USING INDEX i"),
    Attribute("replica identity", "of a materialized view", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "ALTER TABLE m REPLICA IDENTITY FULL"),
    Attribute("cluster", "a key", KEYS, "ALTER TABLE k CLUSTER ON k_pkey"),
    Attribute("cluster", "an index", f"{TABLE}CREATE INDEX i ON t (a); CREATE INDEX j ON t (b); ALTER TABLE t CLUSTER ON i", "ALTER TABLE t CLUSTER ON j"),
    Attribute("cluster", "none", f"{TABLE}CREATE INDEX i ON t (a); ALTER TABLE t CLUSTER ON i", "ALTER TABLE t SET WITHOUT CLUSTER"),
    # columns
    _column("existence", "a integer", "ADD b text"),
    _column("absence", "a integer, b text", "DROP b"),
    _column("name", "a integer", "RENAME a TO b"),
    _column("type", "a integer", "ALTER a TYPE bigint"),
    _column("length", "a varchar(5)", "ALTER a TYPE varchar(6)"),
    _column("scale", "a numeric(5,2)", "ALTER a TYPE numeric(5,3)"),
    _column("collation", "a text", 'ALTER a TYPE text COLLATE "C"'),
    _column("default", "a integer", "ALTER a SET DEFAULT 1"),
    _column("default, none", "a integer DEFAULT 1", "ALTER a DROP DEFAULT"),
    _column("default, other", "a timestamp DEFAULT '2024-01-01'", "ALTER a SET DEFAULT now() + interval '1 day'" ),
    _column("not null", "a integer", "ALTER a SET NOT NULL"),
    _column("nullable", "a integer NOT NULL", "ALTER a DROP NOT NULL"),
    _column("identity", "a integer NOT NULL", "ALTER a ADD GENERATED ALWAYS AS IDENTITY"),
    _column("identity kind", "a integer GENERATED ALWAYS AS IDENTITY", "ALTER a SET GENERATED BY DEFAULT"),
    _column("identity, none", "a integer GENERATED ALWAYS AS IDENTITY", "ALTER a DROP IDENTITY"),
    _column("identity sequence's name", "a integer GENERATED ALWAYS AS IDENTITY", "RENAME TO u; ALTER SEQUENCE t_a_seq RENAME TO q"),
    _column("generation expression", "a integer GENERATED ALWAYS AS (z * 2) STORED", "DROP a, ADD a integer GENERATED ALWAYS AS (z * 3) STORED"),
    _column("generation expression, none", "a integer GENERATED ALWAYS AS (z * 2) STORED", "ALTER a DROP EXPRESSION"),
    _column("generation expression of a stored column", "a integer GENERATED ALWAYS AS (z * 2) STORED", "ALTER a SET EXPRESSION AS (z * 3)", since=17),
    _column("virtual generation expression", "a integer GENERATED ALWAYS AS (z * 2) VIRTUAL", "ALTER a SET EXPRESSION AS (z * 3)", since=18),
    _column("virtual and not stored", "a integer GENERATED ALWAYS AS (z * 2) STORED", "DROP a, ADD a integer GENERATED ALWAYS AS (z * 2)", since=18),
    _column("storage", "a text", "ALTER a SET STORAGE EXTERNAL"),
    _column("storage, other", "a text", "ALTER a SET STORAGE MAIN"),
    _column("compression", "a text", "ALTER a SET COMPRESSION pglz"),
    _column("compression and collation", 'a text COMPRESSION pglz COLLATE "C"', "ALTER a SET COMPRESSION default" ),
    _column("statistics target", "a text", "ALTER a SET STATISTICS 0"),
    _column("statistics target, other", "a text", "ALTER a SET STATISTICS 500"),
    _column("options", "a text", "ALTER a SET (n_distinct = -0.5, n_distinct_inherited = 3)"),
    _column("serial", "a integer NOT NULL", "DROP a, ADD a serial"),
    _column("serial's default", "a serial", "ALTER a DROP DEFAULT"),
    _column("serial's sequence", "a serial", "ALTER a SET NOT NULL; ALTER SEQUENCE t_a_seq INCREMENT 5"),
    Attribute("column storage", "in a child", "CREATE TABLE p (a text); CREATE TABLE c () INHERITS (p)", "ALTER TABLE ONLY c ALTER a SET STORAGE EXTERNAL"),
    Attribute("column statistics", "of a materialized view", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 50"),
    Attribute("column storage", "of a materialized view", "CREATE MATERIALIZED VIEW m AS SELECT ''::text AS a", "ALTER MATERIALIZED VIEW m ALTER a SET STORAGE EXTERNAL"),
    Attribute("column options", "of a materialized view", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "ALTER MATERIALIZED VIEW m ALTER a SET (n_distinct = 5)"),
    Attribute("column compression", "of a materialized view", "CREATE MATERIALIZED VIEW m AS SELECT ''::text AS a", "ALTER MATERIALIZED VIEW m ALTER a SET COMPRESSION pglz"),
    Attribute("column default", "over the table itself", f"{TABLE}CREATE FUNCTION f(t) RETURNS text LANGUAGE sql AS 'SELECT $1.b'; CREATE FUNCTION g() RETURNS text LANGUAGE sql RETURN f(NULL::t); ALTER TABLE t ALTER b SET DEFAULT g()", "ALTER TABLE t ALTER b SET DEFAULT g() || 'x'"),
    Attribute("column default", "of a view", f"{TABLE}CREATE VIEW v AS SELECT a FROM t; ALTER VIEW v ALTER a SET DEFAULT 1", "ALTER VIEW v ALTER a SET DEFAULT 2"),
    # constraints
    Attribute("constraint", "existence", TABLE, "ALTER TABLE t ADD CHECK (a > 0)"),
    Attribute("constraint", "expression", f"{TABLE}ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 1)"),
    Attribute("constraint", "name", KEYS, "ALTER TABLE k RENAME CONSTRAINT k_pkey TO l"),
    Attribute("constraint", "columns of a key", KEYS, "ALTER TABLE k DROP CONSTRAINT k_a_b_key, ADD CONSTRAINT k_a_b_key UNIQUE (b, a)"),
    Attribute("constraint", "kind of a key", KEYS, "ALTER TABLE k DROP CONSTRAINT k_pkey, ADD CONSTRAINT k_pkey UNIQUE (a)"),
    Attribute("constraint", "INCLUDE", KEYS, "ALTER TABLE k DROP CONSTRAINT k_pkey, ADD CONSTRAINT k_pkey PRIMARY KEY (a) INCLUDE (b)"),
    Attribute("constraint", "deferrable key", KEYS, "ALTER TABLE k DROP CONSTRAINT k_pkey, ADD CONSTRAINT k_pkey PRIMARY KEY (a) DEFERRABLE"),
    Attribute("constraint", "deferred key", "CREATE TABLE k (a integer PRIMARY KEY DEFERRABLE)", "ALTER TABLE k DROP CONSTRAINT k_pkey, ADD CONSTRAINT k_pkey PRIMARY KEY (a) DEFERRABLE INITIALLY DEFERRED"),
    Attribute("constraint", "nulls not distinct", "CREATE TABLE t (a integer, CONSTRAINT c UNIQUE (a))", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c UNIQUE NULLS NOT DISTINCT (a)", since=15),
    Attribute("constraint", "index storage parameter", KEYS, "ALTER INDEX k_pkey SET (fillfactor = 60)"),
    Attribute("constraint", "index tablespace", KEYS, "ALTER INDEX k_pkey SET TABLESPACE catalog_space", since=15 ),
    Attribute("constraint", "exclusion", "CREATE TABLE t (a integer, b integer, CONSTRAINT c EXCLUDE USING btree (a WITH =))", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c EXCLUDE USING btree (b WITH =)"),
    Attribute("constraint", "exclusion's predicate", "CREATE TABLE t (a integer, CONSTRAINT c EXCLUDE USING btree (a WITH =) WHERE (a > 0) DEFERRABLE)", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c EXCLUDE USING btree (a WITH =) WHERE (a > 1) DEFERRABLE"),
    Attribute("constraint", "exclusion's operator and method", "CREATE TABLE t (a int4range, CONSTRAINT c EXCLUDE USING gist (a WITH =))", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c EXCLUDE USING gist (a WITH &&)"),
    Attribute("constraint", "exclusion's tablespace and parameters", "CREATE TABLE t (a integer, CONSTRAINT c EXCLUDE USING btree (a WITH =) WITH (fillfactor = 50) WHERE (a > 0))", "ALTER INDEX c SET TABLESPACE catalog_space; ALTER INDEX c SET (fillfactor = 55)", since=15),
    Attribute("constraint", "not valid", f"{TABLE}ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE t VALIDATE CONSTRAINT c", is_note=True),
    Attribute("constraint", "no inherit", f"{TABLE}ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 0) NO INHERIT"),
    Attribute("constraint", "comment", KEYS, "COMMENT ON CONSTRAINT k_pkey ON k IS 'x'"),
    Attribute("constraint", "of a child", "CREATE TABLE p (a integer, CONSTRAINT c CHECK (a > 0)); CREATE TABLE c () INHERITS (p)", "ALTER TABLE c ADD CONSTRAINT c CHECK (a > 0)"),
    Attribute("constraint", "not enforced", f"{TABLE}ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED", since=18),
    Attribute("constraint", "without overlaps", "CREATE TABLE t (a int4range, b daterange, CONSTRAINT c UNIQUE (a, b))", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c UNIQUE (a, b WITHOUT OVERLAPS)", since=18),
    Attribute("constraint", "not null, not valid", TABLE, "ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID", since=18),
    Attribute("constraint", "not null, validated", f"{TABLE}ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID", "ALTER TABLE t VALIDATE CONSTRAINT c", since=18, is_note=True),
    Attribute("constraint", "not null, no inherit", f"{TABLE}ALTER TABLE t ADD CONSTRAINT c NOT NULL a", "ALTER TABLE t ALTER CONSTRAINT c NO INHERIT", since=18),
    Attribute("constraint", "not null, of a child", "CREATE TABLE p (a integer NOT NULL); CREATE TABLE c () INHERITS (p)", "ALTER TABLE c ADD CONSTRAINT p_a_not_null NOT NULL a", since=18),
    Attribute("constraint", "not null, comment", "CREATE TABLE t (a integer CONSTRAINT n NOT NULL)", "COMMENT ON CONSTRAINT n ON t IS 'x'", since=18),
    Attribute("foreign key", "existence", KEYS, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES k"),
    Attribute("foreign key", "referenced columns", f"{KEYS}ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a, b) REFERENCES k (a, b)", "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c FOREIGN KEY (b, a) REFERENCES k (a, b)"),
    *(
        Attribute(
            "foreign key",
            attribute,
            f"{KEYS}ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a, b) REFERENCES k (a, b)",
            f"ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c FOREIGN KEY (a, b) REFERENCES k (a, b) {clause}",
            since,
        )
        for attribute, clause, since in (
            ("match", "MATCH FULL", 14),
            ("on delete", "ON DELETE CASCADE", 14),
            ("on delete of some columns", "ON DELETE SET NULL (b)", 15),
            ("on delete default", "ON DELETE SET DEFAULT", 14),
            ("on update", "ON UPDATE RESTRICT", 14),
            ("not valid", "NOT VALID", 14),
            ("not enforced", "NOT ENFORCED", 18),
        )
    ),
    Attribute("foreign key", "deferrable", f"{KEYS}ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES k", "ALTER TABLE t ALTER CONSTRAINT c DEFERRABLE"),
    Attribute("foreign key", "deferred", f"{KEYS}ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES k DEFERRABLE", "ALTER TABLE t ALTER CONSTRAINT c INITIALLY DEFERRED"),
    Attribute("foreign key", "comment", f"{KEYS}ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES k", "COMMENT ON CONSTRAINT c ON t IS 'x'"),
    Attribute("foreign key", "triggers disabled", f"{KEYS}ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES k", "ALTER TABLE t DISABLE TRIGGER ALL", in_pg_dump=False),
    Attribute("foreign key", "period", "CREATE TABLE k (a int4range, d daterange, UNIQUE (a, d WITHOUT OVERLAPS)); CREATE TABLE t (a int4range, d daterange)", "ALTER TABLE t ADD FOREIGN KEY (a, PERIOD d) REFERENCES k (a, PERIOD d)", since=18),
    Attribute("foreign key", "of and to partitioned tables", f"{PARTITIONED}ALTER TABLE p ADD UNIQUE (a); CREATE TABLE q (a integer) PARTITION BY LIST (a); CREATE TABLE q1 PARTITION OF q FOR VALUES IN (1)", "ALTER TABLE q ADD FOREIGN KEY (a) REFERENCES p (a)"),
    # indexes
    Attribute("index", "existence", TABLE, "CREATE INDEX i ON t (a)"),
    Attribute("index", "name", f"{TABLE}CREATE INDEX i ON t (a)", "ALTER INDEX i RENAME TO j"),
    *(
        Attribute(
            "index",
            attribute,
            f"{TABLE}CREATE INDEX i ON t (b)",
            f"DROP INDEX i; CREATE {new.replace('i ON', 'i ON t', 1)}",
            since,
        )
        for attribute, new, since in (
            ("columns", "INDEX i ON (a)", 14),
            ("unique", "UNIQUE INDEX i ON (b)", 14),
            ("method", "INDEX i ON USING hash (b)", 14),
            ("operator class", "INDEX i ON (b text_pattern_ops)", 14),
            (
                "operator class parameter",
                "INDEX i ON USING gist (to_tsvector('simple', b) tsvector_ops (siglen = 99))",
                14,
            ),
            ("collation", 'INDEX i ON (b COLLATE "C")', 14),
            ("order", "INDEX i ON (b DESC)", 14),
            ("nulls", "INDEX i ON (b NULLS FIRST)", 14),
            ("nulls not distinct", "UNIQUE INDEX i ON (b) NULLS NOT DISTINCT", 15),
            ("INCLUDE", "INDEX i ON (b) INCLUDE (a)", 14),
            ("expression", "INDEX i ON (lower(b), (a + 1))", 14),
            ("predicate", "INDEX i ON (b) WHERE a > 0", 14),
            (
                "storage parameter at creation",
                "INDEX i ON (b) WITH (deduplicate_items = off, fillfactor = 70)",
                14,
            ),
        )
    ),
    Attribute("index", "storage parameter", f"{TABLE}CREATE INDEX i ON t (a) WHERE a > 0", "ALTER INDEX i SET (fillfactor = 70)"),
    Attribute("index", "tablespace", f"{TABLE}CREATE INDEX i ON t (a) WHERE a > 0", "ALTER INDEX i SET TABLESPACE catalog_space", since=15),
    Attribute("index statistics", "target", f"{TABLE}CREATE INDEX i ON t (a, (a + 1)); ALTER INDEX i ALTER 2 SET STATISTICS 0", "ALTER INDEX i ALTER COLUMN 2 SET STATISTICS 300"),
    Attribute("index statistics", "existence", f"{TABLE}CREATE INDEX i ON t ((a + 1), a, (a + 2))", "ALTER INDEX i ALTER 1 SET STATISTICS 0; ALTER INDEX i ALTER 3 SET STATISTICS 9"),
    Attribute("index statistics", "of an exclusion constraint", "CREATE TABLE t (a integer, CONSTRAINT c EXCLUDE USING btree ((a + 1) WITH =))", "ALTER INDEX c ALTER 1 SET STATISTICS 7", in_pg_dump=False),
    Attribute("index", "comment", f"{TABLE}CREATE INDEX i ON t (a)", "COMMENT ON INDEX i IS 'x'"),
    Attribute("index", "comment on a key's", KEYS, "COMMENT ON INDEX k_pkey IS 'x'"),
    Attribute("index", "of a materialized view", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "CREATE UNIQUE INDEX i ON m (a)"),
    Attribute("index", "only", PARTITIONED, "CREATE INDEX i ON ONLY p (a)"),
    Attribute("index", "invalid", f"{TABLE}CREATE INDEX i ON t (a)", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass", in_pg_dump=False),
    Attribute("index", "of a partitioned table", PARTITIONED, "CREATE INDEX i ON p (b)"),
    Attribute("index attachment", "existence", f"{PARTITIONED}CREATE INDEX i ON ONLY p (a); CREATE INDEX i1 ON p1 (a)", "ALTER INDEX i ATTACH PARTITION i1"),
    Attribute("index attachment", "of keys", f"{PARTITIONED}ALTER TABLE p ALTER a SET NOT NULL; ALTER TABLE ONLY p ADD CONSTRAINT k PRIMARY KEY (a); ALTER TABLE p1 ADD CONSTRAINT k1 PRIMARY KEY (a)", "ALTER INDEX k ATTACH PARTITION k1"),
    # partitions and inheritance
    Attribute("table", "range partition", "CREATE TABLE p (a integer, b text) PARTITION BY RANGE (a, b)", "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0, MINVALUE) TO (10, 'x')"),
    Attribute("table", "list partition", "CREATE TABLE p (a integer) PARTITION BY LIST (a)", "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2, NULL)"),
    Attribute("table", "hash partition", "CREATE TABLE p (a integer) PARTITION BY HASH (a)", "CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1)"),
    Attribute("table", "default partition", PARTITIONED, "CREATE TABLE p0 PARTITION OF p DEFAULT"),
    Attribute("table", "partition strategy", "CREATE TABLE p (a text) PARTITION BY RANGE (a)", "DROP TABLE p; CREATE TABLE p (a text) PARTITION BY LIST (a)"),
    Attribute("table", "partition key", "CREATE TABLE p (a text) PARTITION BY RANGE (a)", 'DROP TABLE p; CREATE TABLE p (a text) PARTITION BY RANGE (lower(a) COLLATE "C" text_pattern_ops)'),
    Attribute("table", "partition bound", PARTITIONED, "ALTER TABLE p DETACH PARTITION p1; ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (20)"),
    Attribute("table", "detached", PARTITIONED, "ALTER TABLE p DETACH PARTITION p1"),
    Attribute("table", "attached", f"{PARTITIONED}CREATE TABLE p2 (b text, a integer)", "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)"),
    Attribute("table", "partition of a partition", f"{PARTITIONED}CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (b)", "CREATE TABLE p21 PARTITION OF p2 FOR VALUES IN ('x')"),
    Attribute("table", "default of a partition", PARTITIONED, "ALTER TABLE p1 ALTER b SET DEFAULT 'x'"),
    Attribute("table", "not null of a partition", PARTITIONED, "ALTER TABLE p1 ALTER b SET NOT NULL"),
    Attribute("table", "storage parameter of a partition", PARTITIONED, "ALTER TABLE p1 SET (fillfactor = 33)" ),
    Attribute("table", "check of a partition", PARTITIONED, "ALTER TABLE p1 ADD CHECK (b <> '')"),
    Attribute("table", "identity of a partitioned table", PARTITIONED, "ALTER TABLE p ALTER a SET NOT NULL, ALTER a ADD GENERATED ALWAYS AS IDENTITY", since=17),
    Attribute("table", "tablespace of a partitioned table", PARTITIONED, "ALTER TABLE p SET TABLESPACE catalog_space", since=15),
    Attribute("table", "parent", "CREATE TABLE p (a integer); CREATE TABLE c (a integer)", "ALTER TABLE c INHERIT p" ),
    Attribute("table", "parent, none", "CREATE TABLE p (a integer); CREATE TABLE c (b text) INHERITS (p)", "ALTER TABLE c NO INHERIT p"),
    Attribute("table", "second parent", "CREATE TABLE p (a integer); CREATE TABLE q (z integer); CREATE TABLE c (z integer) INHERITS (p)", "ALTER TABLE c INHERIT q"),
    Attribute("table", "own column that is inherited too", "CREATE TABLE p (a integer); CREATE TABLE c () INHERITS (p)", "DROP TABLE c; CREATE TABLE c (a integer) INHERITS (p)"),
    Attribute("table", "default of a child", "CREATE TABLE p (a integer DEFAULT 1); CREATE TABLE c () INHERITS (p)", "ALTER TABLE c ALTER a SET DEFAULT 2"),
    Attribute("table", "default of a child, none", "CREATE TABLE p (a integer DEFAULT 1); CREATE TABLE c () INHERITS (p)", "ALTER TABLE c ALTER a DROP DEFAULT"),
    Attribute("table", "not null of a child", "CREATE TABLE p (a integer); CREATE TABLE c () INHERITS (p)", "ALTER TABLE c ALTER a SET NOT NULL"),
    Attribute("table", "compression of a child", "CREATE TABLE p (a text); CREATE TABLE c () INHERITS (p)", "ALTER TABLE c ALTER a SET COMPRESSION pglz"),
    Attribute("table", "nullable in a child of a key's table", "CREATE TABLE p (a integer PRIMARY KEY); CREATE TABLE c () INHERITS (p)", "ALTER TABLE c ALTER a DROP NOT NULL", in_pg_dump=False, until=17),
    Attribute("constraint validation", "in a child", "CREATE TABLE p (a integer); CREATE TABLE c () INHERITS (p); ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE c VALIDATE CONSTRAINT c", in_pg_dump=False, is_note=True),
    Attribute("constraint validation", "in a partition", f"{PARTITIONED}ALTER TABLE p ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE p1 VALIDATE CONSTRAINT c", is_note=True),
    # sequences
    *_sequence("increment", "", "INCREMENT 2"),
    *_sequence("start", "", "START 7"),
    *_sequence("minimum", "MINVALUE 1", "MINVALUE -5"),
    *_sequence("maximum", "", "MAXVALUE 900"),
    *_sequence("cache", "", "CACHE 20"),
    *_sequence("cycle", "", "CYCLE"),
    *_sequence("descending", "", "INCREMENT -1; MINVALUE -10; MAXVALUE 10; START 10; RESTART 10"),
    Attribute("sequence", "type", "CREATE SEQUENCE q", "ALTER SEQUENCE q AS smallint"),
    Attribute("sequence", "unlogged", "CREATE SEQUENCE q", "ALTER SEQUENCE q SET UNLOGGED", since=15),
    Attribute("sequence", "unlogged, owned", f"{TABLE}CREATE SEQUENCE q OWNED BY t.a", "ALTER SEQUENCE q SET UNLOGGED", since=15),
    Attribute("sequence persistence", "unlogged, of a serial", "CREATE TABLE t (a serial)", "ALTER SEQUENCE t_a_seq SET UNLOGGED", since=15),
    Attribute("sequence persistence", "unlogged, of an identity", "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY)", "ALTER SEQUENCE t_a_seq SET UNLOGGED", since=15),
    Attribute("sequence persistence", "logged, of an unlogged table", "CREATE UNLOGGED TABLE t (a serial, b integer GENERATED ALWAYS AS IDENTITY)", "ALTER SEQUENCE t_a_seq SET LOGGED; ALTER SEQUENCE t_b_seq SET LOGGED", since=15),
    Attribute("sequence", "owner", "CREATE SEQUENCE q", "ALTER SEQUENCE q OWNER TO catalog_writer"),
    Attribute("sequence", "comment", "CREATE SEQUENCE q", "COMMENT ON SEQUENCE q IS 'x'"),
    Attribute("sequence", "comment on an identity's", "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY)", "COMMENT ON SEQUENCE t_a_seq IS 'x'"),
    Attribute("sequence", "rights", "CREATE SEQUENCE q", "GRANT USAGE ON SEQUENCE q TO catalog_reader"),
    Attribute("sequence", "rights on a serial's", "CREATE TABLE t (a serial)", "GRANT SELECT, UPDATE ON SEQUENCE t_a_seq TO catalog_reader WITH GRANT OPTION"),
    Attribute("sequence ownership", "existence", f"{TABLE}CREATE SEQUENCE q", "ALTER SEQUENCE q OWNED BY t.a" ),
    Attribute("sequence ownership", "column", f"{TABLE}CREATE SEQUENCE q OWNED BY t.a", "ALTER SEQUENCE q OWNED BY t.b"),
    Attribute("sequence ownership", "none", "CREATE TABLE t (a serial)", "ALTER SEQUENCE t_a_seq OWNED BY NONE" ),
    # routines
    Attribute("function", "existence", "", F),
    Attribute("function", "arguments", F, "CREATE FUNCTION f(a bigint) RETURNS integer LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(integer)"),
    Attribute("function", "argument's name", F, f"DROP FUNCTION f; {F.replace('a integer', 'b integer')}"),
    Attribute("function", "argument's default", F, F.replace("FUNCTION", "FUNCTION", 1) .replace("CREATE", "CREATE OR REPLACE") .replace("a integer", "a integer DEFAULT 5")),
    Attribute("function", "argument's mode", "CREATE FUNCTION f(a integer[]) RETURNS integer LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION f; CREATE FUNCTION f(VARIADIC a integer[]) RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
    Attribute("function", "result", F, f"DROP FUNCTION f; {F.replace('RETURNS integer', 'RETURNS SETOF integer')}" ),
    Attribute("function", "result columns", "CREATE FUNCTION f() RETURNS TABLE (x integer) LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION f; CREATE FUNCTION f(OUT y integer, OUT z text) LANGUAGE sql AS 'SELECT 1, NULL::text'"),
    Attribute("function", "body", F, F.replace("CREATE", "CREATE OR REPLACE").replace("SELECT 1", "SELECT 2") ),
    Attribute("function", "standard body", "CREATE FUNCTION f() RETURNS integer RETURN 1", "CREATE OR REPLACE FUNCTION f() RETURNS integer BEGIN ATOMIC SELECT 2; SELECT 3; END"),
    Attribute("function", "language", F, F.replace("CREATE", "CREATE OR REPLACE").replace("sql AS 'SELECT 1'", "plpgsql AS 'BEGIN RETURN 1; END'" )),
    *(
        Attribute("function", attribute, F, f"ALTER FUNCTION f {change}")
        for attribute, change in (
            ("volatility", "IMMUTABLE"),
            ("strictness", "STRICT"),
            ("security", "SECURITY DEFINER"),
            ("leakproof", "LEAKPROOF"),
            ("parallel safety", "PARALLEL SAFE"),
            ("cost", "COST 55"),
            ("setting", "SET work_mem = '5MB'"),
            ("setting of a path", 'SET search_path = public, "$user", pg_temp'),
            ("setting of a list", "SET temp_tablespaces = ''"),
            ("name", "RENAME TO g"),
            ("owner", "OWNER TO catalog_writer"),
        )
    ),
    Attribute("function", "rows", "CREATE FUNCTION f() RETURNS SETOF integer LANGUAGE sql AS 'SELECT 1'", "ALTER FUNCTION f ROWS 5"),
    Attribute("function", "support", F, "ALTER FUNCTION f SUPPORT pg_catalog.generate_series_int4_support"),
    Attribute("function", "window", "CREATE FUNCTION f() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number'", "CREATE OR REPLACE FUNCTION f() RETURNS bigint LANGUAGE internal WINDOW AS 'window_rank'"),
    Attribute("function", "internal name", F, "CREATE OR REPLACE FUNCTION f(a integer) RETURNS integer LANGUAGE internal AS 'int4abs'"),
    Attribute("function", "comment", F, "COMMENT ON FUNCTION f IS 'x'"),
    Attribute("function", "rights taken", F, "REVOKE EXECUTE ON FUNCTION f FROM PUBLIC"),
    Attribute("function", "rights given", F, "GRANT EXECUTE ON FUNCTION f TO catalog_reader WITH GRANT OPTION" ),
    Attribute("procedure", "existence", "", P),
    Attribute("procedure", "body", P, P.replace("CREATE", "CREATE OR REPLACE").replace("SELECT 1", "SELECT 2") ),
    Attribute("procedure", "security", P, "ALTER PROCEDURE f SECURITY DEFINER"),
    Attribute("procedure", "setting", P, "ALTER PROCEDURE f SET work_mem = '5MB'"),
    Attribute("procedure", "owner", P, "ALTER PROCEDURE f OWNER TO catalog_writer"),
    Attribute("procedure", "comment", P, "COMMENT ON PROCEDURE f IS 'x'"),
    Attribute("procedure", "rights", P, "GRANT EXECUTE ON PROCEDURE f TO catalog_reader; REVOKE ALL ON PROCEDURE f FROM PUBLIC"),
    _aggregate("transition function", "SFUNC = plus, STYPE = integer", "SFUNC = int4pl, STYPE = integer"),
    _aggregate("transition type", "SFUNC = int4_avg_accum, STYPE = bigint[], INITCOND = '{0,0}'", "SFUNC = int4larger, STYPE = integer"),
    _aggregate("transition space", "SFUNC = plus, STYPE = integer", "SFUNC = plus, STYPE = integer, SSPACE = 9" ),
    _aggregate("final function", "SFUNC = plus, STYPE = integer", "SFUNC = plus, STYPE = integer, FINALFUNC = same" ),
    _aggregate("final function's behavior", "SFUNC = plus, STYPE = integer, FINALFUNC = same", "SFUNC = plus, STYPE = integer, FINALFUNC = same, FINALFUNC_MODIFY = SHAREABLE"),
    _aggregate("final function's arguments", "SFUNC = plus, STYPE = integer, FINALFUNC = plus, FINALFUNC_EXTRA", "SFUNC = plus, STYPE = integer, FINALFUNC = same"),
    _aggregate("combining function", "SFUNC = plus, STYPE = integer", "SFUNC = plus, STYPE = integer, COMBINEFUNC = plus"),
    _aggregate("serialization", "SFUNC = numeric_accum, STYPE = internal, FINALFUNC = numeric_avg", "SFUNC = numeric_accum, STYPE = internal, FINALFUNC = numeric_avg, COMBINEFUNC = numeric_combine, SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize", arguments="numeric"),
    _aggregate("initial value", "SFUNC = plus, STYPE = integer", "SFUNC = plus, STYPE = integer, INITCOND = '5'" ),
    _aggregate("moving aggregate", "SFUNC = plus, STYPE = integer", "SFUNC = plus, STYPE = integer, MSFUNC = plus, MINVFUNC = plus, MSTYPE = integer, MSSPACE = 8, MFINALFUNC = same, MFINALFUNC_MODIFY = READ_WRITE, MINITCOND = '7'"),
    _aggregate("moving aggregate's arguments", "SFUNC = plus, STYPE = integer, MSFUNC = plus, MINVFUNC = plus, MSTYPE = integer, MFINALFUNC = same", "SFUNC = plus, STYPE = integer, MSFUNC = plus, MINVFUNC = plus, MSTYPE = integer, MFINALFUNC = plus, MFINALFUNC_EXTRA"),
    _aggregate("sort operator", "SFUNC = int4larger, STYPE = integer", "SFUNC = int4larger, STYPE = integer, SORTOP = >"),
    _aggregate("parallel safety", "SFUNC = plus, STYPE = integer", "SFUNC = plus, STYPE = integer, PARALLEL = SAFE" ),
    _aggregate("ordered set", "SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA", "SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA, PARALLEL = RESTRICTED", arguments="double precision ORDER BY anyelement"),
    _aggregate("hypothetical", "SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA", "SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL", arguments='VARIADIC "any" ORDER BY VARIADIC "any"'),
    Attribute("aggregate", "existence", ADD, AGGREGATE.replace(ADD, "")),
    Attribute("aggregate", "of nothing", ADD, "CREATE AGGREGATE g(*) (SFUNC = same, STYPE = integer)"),
    Attribute("aggregate", "owner", AGGREGATE, "ALTER AGGREGATE g(integer) OWNER TO catalog_writer"),
    Attribute("aggregate", "comment", AGGREGATE, "COMMENT ON AGGREGATE g(integer) IS 'x'"),
    Attribute("aggregate", "rights", AGGREGATE, "REVOKE ALL ON FUNCTION g(integer) FROM PUBLIC"),
    # types
    Attribute("type", "enum", "", "CREATE TYPE e AS ENUM ()"),
    Attribute("type", "enum values", "CREATE TYPE e AS ENUM ('a', 'b')", "ALTER TYPE e ADD VALUE 'x' BEFORE 'b'", is_note=True),
    Attribute("type", "enum value's name", "CREATE TYPE e AS ENUM ('a', 'b')", "ALTER TYPE e RENAME VALUE 'a' TO 'it''s'"),
    Attribute("type", "owner", "CREATE TYPE e AS ENUM ('a')", "ALTER TYPE e OWNER TO catalog_writer"),
    Attribute("type", "comment", "CREATE TYPE e AS ENUM ('a')", "COMMENT ON TYPE e IS 'x'"),
    Attribute("type", "rights", "CREATE TYPE e AS ENUM ('a')", "REVOKE USAGE ON TYPE e FROM PUBLIC; GRANT USAGE ON TYPE e TO catalog_reader"),
    Attribute("type", "composite", "", "CREATE TYPE c AS ()"),
    Attribute("type", "composite attribute", "CREATE TYPE c AS (a integer)", "ALTER TYPE c ADD ATTRIBUTE b text" ),
    Attribute("type", "composite attribute's type", "CREATE TYPE c AS (a varchar(3))", "ALTER TYPE c ALTER ATTRIBUTE a TYPE varchar(4)"),
    Attribute("type", "composite attribute's collation", "CREATE TYPE c AS (a text)", 'ALTER TYPE c ALTER ATTRIBUTE a TYPE text COLLATE "C"'),
    Attribute("type", "composite attribute's comment", "CREATE TYPE c AS (a text)", "COMMENT ON COLUMN c.a IS 'x'" ),
    Attribute("type", "composite comment", "CREATE TYPE c AS (a text)", "COMMENT ON TYPE c IS 'x'"),
    Attribute("type", "composite rights", "CREATE TYPE c AS (a text)", "REVOKE USAGE ON TYPE c FROM PUBLIC"),
    _range("subtype", "SUBTYPE = integer"),
    _range("operator class", "SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops"),
    _range("collation", 'SUBTYPE = text, COLLATION = "C"'),
    _range("difference", "SUBTYPE = text, SUBTYPE_DIFF = d", "CREATE FUNCTION d(text, text) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT 1.0::float8'; "),
    _range("multirange", "SUBTYPE = text, MULTIRANGE_TYPE_NAME = many"),
    Attribute("type", "range's owner", "CREATE TYPE r AS RANGE (SUBTYPE = integer)", "ALTER TYPE r OWNER TO catalog_writer"),
    Attribute("domain", "existence", "", "CREATE DOMAIN d AS integer"),
    Attribute("domain", "base type", "CREATE DOMAIN d AS varchar(5)", "DROP DOMAIN d; CREATE DOMAIN d AS varchar(6)" ),
    Attribute("domain", "collation", "CREATE DOMAIN d AS text", 'DROP DOMAIN d; CREATE DOMAIN d AS text COLLATE "C"' ),
    Attribute("domain", "not null", "CREATE DOMAIN d AS integer", "ALTER DOMAIN d SET NOT NULL"),
    Attribute("domain", "default", "CREATE DOMAIN d AS integer", "ALTER DOMAIN d SET DEFAULT 5"),
    Attribute("domain", "default, none", "CREATE DOMAIN d AS text DEFAULT 'x'", "ALTER DOMAIN d DROP DEFAULT" ),
    Attribute("domain", "constraint", "CREATE DOMAIN d AS integer", "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)"),
    Attribute("domain", "constraint's expression", "CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 0)", "ALTER DOMAIN d DROP CONSTRAINT c; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 1)"),
    Attribute("domain", "constraint not valid", "CREATE DOMAIN d AS integer; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID", "ALTER DOMAIN d VALIDATE CONSTRAINT c", is_note=True),
    Attribute("domain", "constraint's comment", "CREATE DOMAIN d AS integer CONSTRAINT c CHECK (VALUE > 0)", "COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x'"),
    Attribute("domain", "not null constraint's name", "CREATE DOMAIN d AS integer NOT NULL", "ALTER DOMAIN d RENAME CONSTRAINT d_not_null TO n", since=17),
    Attribute("domain", "owner", "CREATE DOMAIN d AS integer", "ALTER DOMAIN d OWNER TO catalog_writer"),
    Attribute("domain", "comment", "CREATE DOMAIN d AS integer", "COMMENT ON DOMAIN d IS 'x'"),
    Attribute("domain", "rights", "CREATE DOMAIN d AS integer", "REVOKE USAGE ON DOMAIN d FROM PUBLIC"),
    # views
    Attribute("view", "existence", "", "CREATE VIEW v AS SELECT 1 AS a"),
    Attribute("view", "query", f"{TABLE}CREATE VIEW v AS SELECT a FROM t", "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 0"),
    Attribute("view", "column's name", f"{TABLE}CREATE VIEW v AS SELECT a FROM t", "ALTER VIEW v RENAME a TO z" ),
    Attribute("view", "security barrier", f"{TABLE}CREATE VIEW v AS SELECT a FROM t", "ALTER VIEW v SET (security_barrier)"),
    Attribute("view", "security invoker", f"{TABLE}CREATE VIEW v AS SELECT a FROM t", "ALTER VIEW v SET (security_invoker)", since=15),
    Attribute("view", "check option", f"{TABLE}CREATE VIEW v AS SELECT a FROM t", "ALTER VIEW v SET (check_option = local)"),
    Attribute("view", "check option, cascaded", f"{TABLE}CREATE VIEW v AS SELECT a FROM t WHERE a > 0 WITH LOCAL CHECK OPTION", "CREATE OR REPLACE VIEW v AS SELECT a FROM t WHERE a > 0 WITH CASCADED CHECK OPTION"),
    Attribute("view", "recursive", "CREATE VIEW v AS SELECT 1 AS n", "CREATE OR REPLACE RECURSIVE VIEW v (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM v WHERE n < 9"),
    Attribute("view", "owner", f"{TABLE}CREATE VIEW v AS SELECT 1 AS a", "ALTER VIEW v OWNER TO catalog_writer" ),
    Attribute("view", "comment", "CREATE VIEW v AS SELECT 1 AS a", "COMMENT ON VIEW v IS 'x'"),
    Attribute("view", "column's comment", "CREATE VIEW v AS SELECT 1 AS a", "COMMENT ON COLUMN v.a IS 'x'"),
    Attribute("view", "rights", "CREATE VIEW v AS SELECT 1 AS a", "GRANT SELECT ON v TO PUBLIC"),
    Attribute("view query", "existence", "CREATE VIEW v AS SELECT 1 AS a; CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT a FROM v; END", "CREATE OR REPLACE VIEW v AS SELECT f() AS a"),
    Attribute("view query", "query", "CREATE VIEW v AS SELECT 'x' COLLATE \"C\" AS a; CREATE TABLE w (x v); CREATE OR REPLACE VIEW v AS SELECT (x).a COLLATE \"C\" AS a FROM w", "CREATE OR REPLACE VIEW v AS SELECT (x).a COLLATE \"C\" AS a FROM w LIMIT 1"),
    Attribute("view query", "of views in a circle", "CREATE VIEW a AS SELECT 1 AS x; CREATE VIEW b AS SELECT x FROM a; CREATE VIEW c AS SELECT x FROM b", "CREATE OR REPLACE VIEW a WITH (security_barrier) AS SELECT x FROM c"),
    Attribute("view query", "over a function over the view's row", "CREATE VIEW v AS SELECT 1 AS a; CREATE FUNCTION f(v) RETURNS integer LANGUAGE sql AS 'SELECT 1'", "CREATE OR REPLACE VIEW v AS SELECT f(NULL) AS a"),
    Attribute("materialized view", "existence", "", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a"),
    Attribute("materialized view", "query", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT 2 AS a"),
    Attribute("materialized view", "storage parameter", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "ALTER MATERIALIZED VIEW m SET (fillfactor = 40)"),
    Attribute("materialized view", "toast parameter", "CREATE MATERIALIZED VIEW m AS SELECT ''::text AS a", "ALTER MATERIALIZED VIEW m SET (toast.autovacuum_enabled = off)"),
    Attribute("materialized view", "tablespace", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "ALTER MATERIALIZED VIEW m SET TABLESPACE catalog_space", since=15),
    Attribute("materialized view", "access method", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "ALTER MATERIALIZED VIEW m SET ACCESS METHOD catalog_heap", since=15),
    Attribute("materialized view", "cluster", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE INDEX i ON m (a)", "ALTER MATERIALIZED VIEW m CLUSTER ON i"),
    Attribute("materialized view", "owner", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "ALTER MATERIALIZED VIEW m OWNER TO catalog_writer"),
    Attribute("materialized view", "comment", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "COMMENT ON MATERIALIZED VIEW m IS 'x'; COMMENT ON COLUMN m.a IS 'y'"),
    Attribute("materialized view", "rights", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "GRANT SELECT ON m TO catalog_reader"),
    # triggers, rules, policies
    *(
        Attribute(
            "trigger",
            attribute,
            f"{TABLE}{TRIGGER}CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()",
            f"DROP TRIGGER r ON t; CREATE {new} EXECUTE FUNCTION tf{'()' if not new.endswith('!') else ''}".replace(
                "!", ""
            ),
        )
        for attribute, new in (
            ("timing", "TRIGGER r AFTER INSERT ON t FOR EACH ROW"),
            ("events", "TRIGGER r BEFORE INSERT OR DELETE OR UPDATE ON t FOR EACH ROW"),
            ("columns", "TRIGGER r BEFORE UPDATE OF a, b ON t FOR EACH ROW"),
            ("level", "TRIGGER r BEFORE INSERT ON t FOR EACH STATEMENT"),
            ("condition", "TRIGGER r BEFORE INSERT ON t FOR EACH ROW WHEN (new.a > 0)"),
            ("truncate", "TRIGGER r BEFORE TRUNCATE ON t"),
            ("transition tables", "TRIGGER r AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n"),
            (
                "constraint",
                "CONSTRAINT TRIGGER r AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
            ),
        )
    ),
    Attribute("trigger", "arguments", f"{TABLE}{TRIGGER}CREATE TRIGGER r BEFORE INSERT ON t EXECUTE FUNCTION tf()", "CREATE OR REPLACE TRIGGER r BEFORE INSERT ON t EXECUTE FUNCTION tf('it''s', 5)"),
    Attribute("trigger", "referenced table", f"{TABLE}{TRIGGER}CREATE TABLE u (); CREATE CONSTRAINT TRIGGER r AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()", "DROP TRIGGER r ON t; CREATE CONSTRAINT TRIGGER r AFTER INSERT ON t FROM u FOR EACH ROW EXECUTE FUNCTION tf()"),
    Attribute("trigger", "instead of", f"{TRIGGER}CREATE VIEW v AS SELECT 1 AS a", "CREATE TRIGGER r INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION tf()"),
    Attribute("trigger", "disabled", f"{TABLE}{TRIGGER}CREATE TRIGGER r BEFORE INSERT ON t EXECUTE FUNCTION tf()", "ALTER TABLE t DISABLE TRIGGER r"),
    Attribute("trigger", "on replicas", f"{TABLE}{TRIGGER}CREATE TRIGGER r BEFORE INSERT ON t EXECUTE FUNCTION tf()", "ALTER TABLE t ENABLE REPLICA TRIGGER r"),
    Attribute("trigger", "always", f"{TABLE}{TRIGGER}CREATE TRIGGER r BEFORE INSERT ON t EXECUTE FUNCTION tf(); ALTER TABLE t DISABLE TRIGGER r", "ALTER TABLE t ENABLE ALWAYS TRIGGER r"),
    Attribute("trigger", "disabled in a partition", f"{PARTITIONED}{TRIGGER}CREATE TRIGGER r AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION tf()", "ALTER TABLE p1 DISABLE TRIGGER r"),
    Attribute("trigger", "comment", f"{TABLE}{TRIGGER}CREATE TRIGGER r BEFORE INSERT ON t EXECUTE FUNCTION tf()", "COMMENT ON TRIGGER r ON t IS 'x'"),
    Attribute("event trigger", "existence", "CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'", "CREATE EVENT TRIGGER {s} ON sql_drop EXECUTE FUNCTION ef()"),
    Attribute("event trigger", "tags", EVENT, "DROP EVENT TRIGGER {s}; CREATE EVENT TRIGGER {s} ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION ef()"),
    Attribute("event trigger", "event", EVENT, "DROP EVENT TRIGGER {s}; CREATE EVENT TRIGGER {s} ON ddl_command_start EXECUTE FUNCTION ef()"),
    Attribute("event trigger", "function", f"{EVENT}CREATE FUNCTION eg() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'", "DROP EVENT TRIGGER {s}; CREATE EVENT TRIGGER {s} ON ddl_command_end EXECUTE FUNCTION eg()"),
    Attribute("event trigger", "enabled", EVENT, "ALTER EVENT TRIGGER {s} DISABLE"),
    Attribute("event trigger", "comment", EVENT, "COMMENT ON EVENT TRIGGER {s} IS 'x'"),
    Attribute("rule", "existence", TABLE, "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING"),
    Attribute("rule", "actions", f"{TABLE}CREATE RULE r AS ON UPDATE TO t DO NOTHING", "CREATE OR REPLACE RULE r AS ON UPDATE TO t WHERE new.a > 0 DO ALSO (INSERT INTO t VALUES (1, old.b); SELECT new.a)"),
    Attribute("rule", "enabled", f"{TABLE}CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", "ALTER TABLE t DISABLE RULE r"),
    Attribute("rule", "comment", f"{TABLE}CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", "COMMENT ON RULE r ON t IS 'x'"),
    Attribute("policy", "existence", TABLE, "CREATE POLICY y ON t"),
    Attribute("policy", "permissive", f"{TABLE}CREATE POLICY y ON t USING (a > 0)", "DROP POLICY y ON t; CREATE POLICY y ON t AS RESTRICTIVE USING (a > 0)"),
    Attribute("policy", "command", f"{TABLE}CREATE POLICY y ON t USING (a > 0)", "DROP POLICY y ON t; CREATE POLICY y ON t FOR DELETE USING (a > 0)"),
    Attribute("policy", "roles", f"{TABLE}CREATE POLICY y ON t USING (a > 0)", "ALTER POLICY y ON t TO catalog_reader, CURRENT_USER"),
    Attribute("policy", "USING", f"{TABLE}CREATE POLICY y ON t USING (a > 0)", "ALTER POLICY y ON t USING (a > 1)" ),
    Attribute("policy", "WITH CHECK", f"{TABLE}CREATE POLICY y ON t USING (a > 0)", "ALTER POLICY y ON t WITH CHECK (b = 'x')"),
    Attribute("policy", "comment", f"{TABLE}CREATE POLICY y ON t USING (a > 0)", "COMMENT ON POLICY y ON t IS 'x'" ),
    # extended statistics
    Attribute("statistics", "existence", TABLE, "CREATE STATISTICS x ON a, b FROM t"),
    Attribute("statistics", "kinds", f"{TABLE}CREATE STATISTICS x (mcv) ON a, b FROM t", "DROP STATISTICS x; CREATE STATISTICS x (ndistinct, dependencies) ON a, b FROM t"),
    Attribute("statistics", "columns", f"{TABLE}CREATE STATISTICS x ON a, b FROM t", "ALTER TABLE t ADD z integer; DROP STATISTICS x; CREATE STATISTICS x ON a, z FROM t"),
    Attribute("statistics", "expressions", f"{TABLE}CREATE STATISTICS x ON a, b FROM t", "DROP STATISTICS x; CREATE STATISTICS x ON a, (a + 1), lower(b) FROM t"),
    Attribute("statistics", "of one expression", f"{TABLE}CREATE STATISTICS x ON a, b FROM t", "DROP STATISTICS x; CREATE STATISTICS x ON (a + 1) FROM t"),
    Attribute("statistics", "target", f"{TABLE}CREATE STATISTICS x ON a, b FROM t", "ALTER STATISTICS x SET STATISTICS 55"),
    Attribute("statistics", "owner", f"{TABLE}CREATE STATISTICS x ON a, b FROM t", "ALTER STATISTICS x OWNER TO catalog_writer"),
    Attribute("statistics", "comment", f"{TABLE}CREATE STATISTICS x ON a, b FROM t", "COMMENT ON STATISTICS x IS 'x'"),
    Attribute("statistics", "schema", f"{TABLE}CREATE STATISTICS x ON a, b FROM t; CREATE SCHEMA {{s}}_b", "ALTER STATISTICS x SET SCHEMA {s}_b"),
    # what comments and rights there are beside those above
    Attribute("comment", "text", f"{TABLE}COMMENT ON TABLE t IS 'x'", "COMMENT ON TABLE t IS 'y'"),
    Attribute("comment", "none", f"{TABLE}COMMENT ON COLUMN t.a IS 'x'", "COMMENT ON COLUMN t.a IS NULL"),
    Attribute("comment", "on a column", TABLE, "COMMENT ON COLUMN t.a IS E'x\\n; y'"),
    Attribute("grant", "privileges", f"{TABLE}GRANT SELECT ON t TO catalog_reader", "GRANT INSERT, TRIGGER ON t TO catalog_reader"),
    Attribute("grant", "grantee", TABLE, "GRANT SELECT ON t TO PUBLIC"),
    Attribute("grant", "grant option", f"{TABLE}GRANT SELECT, UPDATE ON t TO catalog_reader", "GRANT SELECT ON t TO catalog_reader WITH GRANT OPTION"),
    Attribute("grant", "on a column", TABLE, "GRANT SELECT (a), UPDATE (a, b) ON t TO catalog_reader"),
    Attribute("grant", "on a column with grant option", f"{TABLE}GRANT SELECT (a, b) ON t TO catalog_reader", "GRANT SELECT (b) ON t TO catalog_reader WITH GRANT OPTION"),
    Attribute("grant", "on a column to the owner", TABLE, "GRANT SELECT (a) ON t TO CURRENT_USER"),
    Attribute("grant", "on a view's column", "CREATE VIEW v AS SELECT 1 AS a, 2 AS b", "GRANT SELECT (a) ON v TO catalog_reader"),
    Attribute("grant", "given by somebody else", f"{TABLE}GRANT SELECT ON t TO catalog_reader WITH GRANT OPTION; SET ROLE catalog_reader; RESET ROLE", "GRANT USAGE ON SCHEMA {s} TO catalog_reader; SET ROLE catalog_reader; GRANT SELECT ON t TO catalog_writer; RESET ROLE"),
    Attribute("grant", "handed on twice, and by the owner", f"{TABLE}GRANT USAGE ON SCHEMA {{s}} TO PUBLIC; GRANT SELECT ON t TO catalog_writer WITH GRANT OPTION; GRANT SELECT ON t TO catalog_superuser", "SET ROLE catalog_writer; GRANT SELECT ON t TO catalog_reader WITH GRANT OPTION; SET ROLE catalog_reader; GRANT SELECT ON t TO catalog_superuser; RESET ROLE"),
    Attribute("grant", "on a column, given by somebody else", f"{TABLE}GRANT USAGE ON SCHEMA {{s}} TO PUBLIC; GRANT SELECT (a, b) ON t TO catalog_writer WITH GRANT OPTION; GRANT SELECT (a) ON t TO catalog_reader", "REVOKE SELECT (a) ON t FROM catalog_reader; SET ROLE catalog_writer; GRANT SELECT (a) ON t TO catalog_reader; RESET ROLE"),
    Attribute("grant", "maintain", f"{TABLE}GRANT SELECT ON t TO catalog_reader", "GRANT MAINTAIN ON t TO catalog_reader", since=17),
    Attribute("revoke", "of the owner's", TABLE, "REVOKE DELETE, TRUNCATE ON t FROM CURRENT_USER"),
    Attribute("revoke", "of all of the owner's", TABLE, "REVOKE ALL ON t FROM CURRENT_USER"),
    Attribute("owner", "of a table with rights", f"{TABLE}GRANT SELECT ON t TO catalog_reader; REVOKE UPDATE ON t FROM CURRENT_USER", "ALTER TABLE t OWNER TO catalog_writer"),
    *(
        Attribute("default privileges", attribute, "", f"ALTER DEFAULT PRIVILEGES {within}{change}", since)
        for attribute, within, change, since in (
            ("on tables", "IN SCHEMA {s} ", "GRANT SELECT ON TABLES TO catalog_reader", 14),
            ("on tables, to the owner", "IN SCHEMA {s} ", "GRANT SELECT ON TABLES TO CURRENT_USER", 14),
            ("on sequences", "IN SCHEMA {s} ", "GRANT USAGE ON SEQUENCES TO PUBLIC", 14),
            (
                "on functions",
                "IN SCHEMA {s} ",
                "GRANT EXECUTE ON FUNCTIONS TO catalog_reader WITH GRANT OPTION",
                14,
            ),
            ("on types", "IN SCHEMA {s} ", "GRANT USAGE ON TYPES TO catalog_reader", 14),
            (
                "of another role",
                "FOR ROLE catalog_writer IN SCHEMA {s} ",
                "GRANT SELECT ON TABLES TO catalog_reader",
                14,
            ),
            ("everywhere", "FOR ROLE catalog_writer ", "REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", 14),
            ("on schemas", "FOR ROLE catalog_writer ", "GRANT USAGE ON SCHEMAS TO catalog_reader", 14),
            (
                "on large objects",
                "FOR ROLE catalog_writer ",
                "GRANT SELECT ON LARGE OBJECTS TO catalog_reader",
                18,
            ),
        )
    ),
    # what is made by one statement of its own
    *(
        Attribute(kind, attribute, make, change, *since)
        for kind, attribute, make, change, *since in (
            (
                "collation",
                "locale",
                'CREATE COLLATION c FROM "C"',
                'DROP COLLATION c; CREATE COLLATION c FROM "POSIX"',
            ),
            (
                "collation",
                "provider",
                'CREATE COLLATION c FROM "C"',
                "DROP COLLATION c; CREATE COLLATION c (provider = icu, locale = 'und')",
            ),
            (
                "collation",
                "deterministic",
                "CREATE COLLATION c (provider = icu, locale = 'und')",
                "DROP COLLATION c; CREATE COLLATION c (provider = icu, locale = 'und', deterministic = false)",
            ),
            (
                "collation",
                "owner",
                'CREATE COLLATION c FROM "C"',
                "ALTER COLLATION c OWNER TO catalog_writer",
            ),
            ("collation", "comment", 'CREATE COLLATION c FROM "C"', "COMMENT ON COLLATION c IS 'x'"),
            (
                "collation",
                "of a column",
                f'CREATE COLLATION c FROM "C"; {TABLE}',
                "ALTER TABLE t ALTER b TYPE text COLLATE c",
            ),
            ("cast", "existence", CASTS, "CREATE CAST (e AS f) WITH FUNCTION ef(e)"),
            (
                "cast",
                "context",
                f"{CASTS}CREATE CAST (e AS f) WITH FUNCTION ef(e)",
                "DROP CAST (e AS f); CREATE CAST (e AS f) WITH FUNCTION ef(e) AS ASSIGNMENT",
            ),
            (
                "cast",
                "method",
                f"{CASTS}CREATE CAST (e AS f) WITH FUNCTION ef(e) AS IMPLICIT",
                "DROP CAST (e AS f); CREATE CAST (e AS f) WITH INOUT AS IMPLICIT",
            ),
            ("cast", "comment", f"{CASTS}CREATE CAST (e AS f) WITH INOUT", "COMMENT ON CAST (e AS f) IS 'x'"),
            (
                "operator",
                "function",
                f"{OPERATOR})",
                f"DROP OPERATOR === (integer, integer); CREATE OPERATOR === (FUNCTION = eq2, {ARGUMENTS})",
            ),
            (
                "operator",
                "commutator",
                f"{OPERATOR})",
                f"DROP OPERATOR === (integer, integer); {CREATE_OPERATOR}, COMMUTATOR = ===)",
            ),
            (
                "operator",
                "negator",
                f"{OPERATOR}); CREATE OPERATOR !== (FUNCTION = eq2, {ARGUMENTS})",
                f"DROP OPERATOR !== (integer, integer); CREATE OPERATOR !== (FUNCTION = eq2, {ARGUMENTS}, NEGATOR = ===)",
            ),
            (
                "operator",
                "estimators",
                f"{OPERATOR}, RESTRICT = eqsel, JOIN = eqjoinsel)",
                "ALTER OPERATOR === (integer, integer) SET (RESTRICT = neqsel, JOIN = NONE)",
            ),
            (
                "operator",
                "hashes and merges",
                f"{OPERATOR})",
                f"DROP OPERATOR === (integer, integer); {CREATE_OPERATOR}, HASHES, MERGES, COMMUTATOR = ===)",
            ),
            (
                "operator",
                "owner",
                f"{OPERATOR})",
                "ALTER OPERATOR === (integer, integer) OWNER TO catalog_writer",
            ),
            ("operator", "comment", f"{OPERATOR})", "COMMENT ON OPERATOR === (integer, integer) IS 'x'"),
            (
                "operator",
                "left side",
                "CREATE FUNCTION pre(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
                "CREATE OPERATOR !! (FUNCTION = pre, RIGHTARG = integer)",
            ),
            ("operator family", "existence", "", "CREATE OPERATOR FAMILY o USING btree"),
            (
                "operator family",
                "owner",
                "CREATE OPERATOR FAMILY o USING hash",
                "ALTER OPERATOR FAMILY o USING hash OWNER TO catalog_writer",
            ),
            (
                "operator family",
                "comment",
                "CREATE OPERATOR FAMILY o USING btree",
                "COMMENT ON OPERATOR FAMILY o USING btree IS 'x'",
            ),
            (
                "operator family",
                "loose members",
                f"{OPERATOR}); CREATE OPERATOR FAMILY o USING hash",
                "ALTER OPERATOR FAMILY o USING hash ADD OPERATOR 1 === (integer, integer), FUNCTION 1 (integer) hashint4(integer)",
            ),
            ("operator class", "existence", f"{OPERATOR}, HASHES)", HASH_CLASS),
            (
                "operator class",
                "default",
                "CREATE TYPE m AS ENUM ('x'); CREATE FUNCTION hm(m) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE OPERATOR FAMILY o USING hash; CREATE OPERATOR CLASS o FOR TYPE m USING hash FAMILY o AS FUNCTION 1 hm(m)",
                "DROP OPERATOR CLASS o USING hash; CREATE OPERATOR CLASS o DEFAULT FOR TYPE m USING hash FAMILY o AS FUNCTION 1 hm(m)",
            ),
            (
                "operator class",
                "members",
                f"{OPERATOR}, HASHES); {HASH_CLASS}",
                "DROP OPERATOR CLASS o USING hash; CREATE OPERATOR CLASS o FOR TYPE integer USING hash FAMILY o AS FUNCTION 1 hashint4(integer)",
            ),
            (
                "operator class",
                "storage",
                "CREATE OPERATOR FAMILY o USING gin; CREATE OPERATOR CLASS o FOR TYPE integer[] USING gin FAMILY o AS STORAGE integer",
                "DROP OPERATOR CLASS o USING gin; CREATE OPERATOR CLASS o FOR TYPE integer[] USING gin FAMILY o AS STORAGE bigint",
            ),
            (
                "operator class",
                "owner",
                f"{OPERATOR}, HASHES); {HASH_CLASS}",
                "ALTER OPERATOR CLASS o USING hash OWNER TO catalog_writer",
            ),
            (
                "operator class",
                "comment",
                f"{OPERATOR}, HASHES); {HASH_CLASS}",
                "COMMENT ON OPERATOR CLASS o USING hash IS 'x'",
            ),
            (
                "text search parser",
                "functions",
                PARSER.format("prsd_headline"),
                f"DROP TEXT SEARCH PARSER p; {PARSER.format('NULL').replace(', HEADLINE = NULL', '')}",
            ),
            (
                "text search parser",
                "comment",
                PARSER.format("prsd_headline"),
                "COMMENT ON TEXT SEARCH PARSER p IS 'x'",
            ),
            (
                "text search template",
                "functions",
                "CREATE TEXT SEARCH TEMPLATE e (INIT = dsimple_init, LEXIZE = dsimple_lexize)",
                "DROP TEXT SEARCH TEMPLATE e; CREATE TEXT SEARCH TEMPLATE e (LEXIZE = dsimple_lexize)",
            ),
            (
                "text search template",
                "comment",
                "CREATE TEXT SEARCH TEMPLATE e (LEXIZE = dsimple_lexize)",
                "COMMENT ON TEXT SEARCH TEMPLATE e IS 'x'",
            ),
            (
                "text search dictionary",
                "options",
                "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple)",
                "ALTER TEXT SEARCH DICTIONARY d (ACCEPT = false)",
            ),
            (
                "text search dictionary",
                "template",
                "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple)",
                "DROP TEXT SEARCH DICTIONARY d; CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, LANGUAGE = english)",
            ),
            (
                "text search dictionary",
                "owner",
                "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple)",
                "ALTER TEXT SEARCH DICTIONARY d OWNER TO catalog_writer",
            ),
            (
                "text search dictionary",
                "comment",
                "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple)",
                "COMMENT ON TEXT SEARCH DICTIONARY d IS 'x'",
            ),
            (
                "text search configuration",
                "mapping",
                "CREATE TEXT SEARCH CONFIGURATION c (COPY = english)",
                "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH simple",
            ),
            (
                "text search configuration",
                "order of dictionaries",
                "CREATE TEXT SEARCH CONFIGURATION c (PARSER = 'default'); ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH simple, english_stem",
                "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH english_stem, simple",
            ),
            (
                "text search configuration",
                "parser",
                f"{PARSER.format('prsd_headline')}; CREATE TEXT SEARCH CONFIGURATION c (PARSER = 'default')",
                "DROP TEXT SEARCH CONFIGURATION c; CREATE TEXT SEARCH CONFIGURATION c (PARSER = p)",
            ),
            (
                "text search configuration",
                "owner",
                "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)",
                "ALTER TEXT SEARCH CONFIGURATION c OWNER TO catalog_writer",
            ),
            (
                "text search configuration",
                "comment",
                "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)",
                "COMMENT ON TEXT SEARCH CONFIGURATION c IS 'x'",
            ),
            (
                "foreign data wrapper",
                "options",
                WRAPPER,
                "ALTER FOREIGN DATA WRAPPER {s} OPTIONS (SET o '2', ADD \"P q\" 'it''s')",
            ),
            (
                "foreign data wrapper",
                "validator",
                WRAPPER,
                "ALTER FOREIGN DATA WRAPPER {s} OPTIONS (DROP o); ALTER FOREIGN DATA WRAPPER {s} VALIDATOR postgresql_fdw_validator",
            ),
            (
                "foreign data wrapper",
                "owner",
                WRAPPER,
                "ALTER FOREIGN DATA WRAPPER {s} OWNER TO catalog_superuser",
            ),
            ("foreign data wrapper", "comment", WRAPPER, "COMMENT ON FOREIGN DATA WRAPPER {s} IS 'x'"),
            (
                "foreign data wrapper",
                "rights",
                WRAPPER,
                "GRANT USAGE ON FOREIGN DATA WRAPPER {s} TO catalog_reader",
            ),
            ("server", "options", SERVER, "ALTER SERVER {s} OPTIONS (ADD host 'h', ADD dbname 'd')"),
            ("server", "version", SERVER, "ALTER SERVER {s} VERSION '2'"),
            (
                "server",
                "type",
                SERVER,
                "DROP SERVER {s}; CREATE SERVER {s} TYPE 'u' VERSION '1' FOREIGN DATA WRAPPER {s}",
            ),
            (
                "server",
                "wrapper",
                SERVER,
                "CREATE FOREIGN DATA WRAPPER {s}_w; DROP SERVER {s}; CREATE SERVER {s} TYPE 't' VERSION '1' FOREIGN DATA WRAPPER {s}_w",
            ),
            ("server", "owner", SERVER, "ALTER SERVER {s} OWNER TO catalog_writer"),
            ("server", "comment", SERVER, "COMMENT ON SERVER {s} IS 'x'"),
            (
                "server",
                "rights",
                SERVER,
                "GRANT USAGE ON FOREIGN SERVER {s} TO catalog_reader WITH GRANT OPTION",
            ),
            ("user mapping", "existence", SERVER, "CREATE USER MAPPING FOR catalog_reader SERVER {s}"),
            ("foreign table", "options", FOREIGN, "ALTER FOREIGN TABLE t OPTIONS (SET x '2', ADD y 'it''s')"),
            (
                "foreign table",
                "server",
                FOREIGN,
                "CREATE SERVER {s}_w FOREIGN DATA WRAPPER {s}; DROP FOREIGN TABLE t; CREATE FOREIGN TABLE t (a integer, b text) SERVER {s}_w OPTIONS (x '1')",
            ),
            ("foreign table", "column", FOREIGN, "ALTER FOREIGN TABLE t ADD c integer NOT NULL DEFAULT 1"),
            (
                "foreign table",
                "column options",
                FOREIGN,
                "ALTER FOREIGN TABLE t ALTER b OPTIONS (column_name 'B b')",
            ),
            (
                "foreign column options",
                "of an inherited column",
                f"{FOREIGN}; CREATE TABLE p (c text); ALTER FOREIGN TABLE t ADD c text; ALTER FOREIGN TABLE t INHERIT p",
                "ALTER FOREIGN TABLE t ALTER c OPTIONS (column_name 'x')",
            ),
            ("foreign table", "check", FOREIGN, "ALTER FOREIGN TABLE t ADD CHECK (a > 0)"),
            (
                "foreign table",
                "partition",
                f"{SERVER}; CREATE TABLE p (a integer, b text) PARTITION BY RANGE (a); CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES FROM (0) TO (10) SERVER {{s}}",
                "ALTER TABLE p DETACH PARTITION t",
            ),
            (
                "foreign table",
                "attached partition with another order of columns",
                f"{SERVER}; CREATE TABLE p (a integer, b text) PARTITION BY RANGE (a); CREATE FOREIGN TABLE t (b text, a integer) SERVER {{s}}",
                "ALTER TABLE p ATTACH PARTITION t FOR VALUES FROM (0) TO (10)",
            ),
            ("foreign table", "owner", FOREIGN, "ALTER FOREIGN TABLE t OWNER TO catalog_writer"),
            (
                "foreign table",
                "comment",
                FOREIGN,
                "COMMENT ON FOREIGN TABLE t IS 'x'; COMMENT ON COLUMN t.a IS 'y'",
            ),
            ("foreign table", "rights", FOREIGN, "GRANT SELECT ON t TO catalog_reader"),
            (
                "foreign table",
                "trigger",
                f"{TRIGGER}{FOREIGN}",
                "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()",
            ),
            ("foreign table", "statistics target", FOREIGN, "ALTER FOREIGN TABLE t ALTER a SET STATISTICS 5"),
            (
                "publication",
                "tables",
                PUBLICATION,
                "CREATE TABLE u (a integer PRIMARY KEY); ALTER PUBLICATION {s} ADD TABLE u",
            ),
            (
                "publication",
                "all tables",
                "CREATE PUBLICATION {s}",
                "DROP PUBLICATION {s}; CREATE PUBLICATION {s} FOR ALL TABLES",
            ),
            (
                "publication",
                "operations",
                PUBLICATION,
                "ALTER PUBLICATION {s} SET (publish = 'insert, truncate')",
            ),
            (
                "publication",
                "via root",
                PUBLICATION,
                "ALTER PUBLICATION {s} SET (publish_via_partition_root = true)",
            ),
            ("publication", "row filter", PUBLICATION, "ALTER PUBLICATION {s} SET TABLE t WHERE (a > 5)", 15),
            ("publication", "columns", PUBLICATION, "ALTER PUBLICATION {s} SET TABLE t (a)", 15),
            ("publication", "schemas", PUBLICATION, "ALTER PUBLICATION {s} ADD TABLES IN SCHEMA {s}", 15),
            (
                "publication",
                "generated columns",
                PUBLICATION,
                "ALTER PUBLICATION {s} SET (publish_generated_columns = stored)",
                18,
            ),
            ("publication", "owner", PUBLICATION, "ALTER PUBLICATION {s} OWNER TO catalog_writer"),
            ("publication", "comment", PUBLICATION, "COMMENT ON PUBLICATION {s} IS 'x'"),
        )
    ),
]
# fmt: on
