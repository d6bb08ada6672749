-- Every kind of object the catalogue knows, with the names and corners that break naive readers.
-- Valid on PostgreSQL 14 to 18. Roles catalog_reader and catalog_writer exist before it is run.

CREATE EXTENSION pgcrypto;
CREATE SCHEMA app;
CREATE SCHEMA "Odd Schema";
CREATE SCHEMA ext;
CREATE EXTENSION btree_gist WITH SCHEMA ext;
COMMENT ON SCHEMA app IS 'the application''s own \ schema';

-- Collations
CREATE COLLATION app.bytes (locale = 'C');
CREATE COLLATION app."Mixed Locale" (lc_collate = 'C', lc_ctype = 'POSIX');
COMMENT ON COLLATION app.bytes IS 'by the bytes';
CREATE DOMAIN app.sorted AS text COLLATE app.bytes;
CREATE TABLE public.collated (plain text COLLATE app.bytes, mixed text COLLATE app."Mixed Locale");

-- Types
CREATE TYPE app.mood AS ENUM ('sad', 'o''k', 'happy');
ALTER TYPE app.mood ADD VALUE 'so so' BEFORE 'happy';
CREATE TYPE app.empty_enum AS ENUM ();
CREATE TYPE app.address AS (street text COLLATE "C", "Zip Code" character varying(10), tags text[]);
CREATE TYPE app.empty_type AS ();
CREATE TYPE app.floatrange AS RANGE (subtype = double precision, subtype_diff = float8mi);
CREATE TYPE app.span AS RANGE (subtype = timestamptz, multirange_type_name = app.many_spans);
CREATE DOMAIN app.positive AS integer DEFAULT 1 NOT NULL CONSTRAINT positive_check CHECK (VALUE > 0);
CREATE DOMAIN app.email AS character varying(255) COLLATE "C" CHECK (VALUE ~ '^[^@]+@[^@]+$') CHECK (length(VALUE) < 200);
CREATE DOMAIN app.moods AS app.mood[];
COMMENT ON TYPE app.mood IS 'how one feels';
COMMENT ON COLUMN app.address."Zip Code" IS 'five digits';
COMMENT ON DOMAIN app.email IS E'one line\nand another\n\nafter a blank one';
COMMENT ON CONSTRAINT positive_check ON DOMAIN app.positive IS 'more than nothing';

-- Sequences
CREATE SEQUENCE app.plain;
CREATE SEQUENCE app.fancy AS smallint INCREMENT BY -2 MINVALUE -100 MAXVALUE 5 START WITH 3 CACHE 7 CYCLE;
COMMENT ON SEQUENCE app.fancy IS 'downwards';

-- Functions
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN

    NEW.updated_at := now();  -- a semicolon; and a quote '
    RETURN NEW;
END;
$$;
CREATE FUNCTION app.add(a integer, b integer DEFAULT 2, OUT total integer) LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5
    AS 'SELECT a + b';
CREATE FUNCTION app.add(a text, VARIADIC rest text[] DEFAULT '{}') RETURNS text LANGUAGE sql IMMUTABLE AS $x$ SELECT $1 || '$$' $x$;
CREATE FUNCTION app.is_word(text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 ~ '^\w+$';
CREATE FUNCTION app.domain_ok(app.email) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
ALTER DOMAIN app.email ADD CONSTRAINT email_ok CHECK (app.domain_ok(VALUE));
CREATE FUNCTION app."Quoted Name"("Argument One" integer DEFAULT 1, "select" text DEFAULT 'it''s') RETURNS TABLE("Out Col" integer, b text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' SET work_mem = '4MB' ROWS 10 AS 'SELECT 1, ''x''';
CREATE PROCEDURE app.work(INOUT n integer, note text DEFAULT NULL) LANGUAGE plpgsql AS 'BEGIN n := n + 1; END';
CREATE PROCEDURE app.work_atomic(n integer) LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN n > 1 THEN 'a' ELSE 'b' END; END;
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', PARALLEL = SAFE, COMBINEFUNC = int4pl);
CREATE AGGREGATE app.how_many(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE AGGREGATE app.middle(double precision ORDER BY double precision) (
    SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_cont_float8_final);
CREATE AGGREGATE app.moving(double precision) (
    SFUNC = float8_accum, STYPE = double precision[], FINALFUNC = float8_avg, INITCOND = '{0,0,0}',
    MSFUNC = float8_accum, MINVFUNC = float8_accum, MSTYPE = double precision[], MFINALFUNC = float8_avg, MINITCOND = '{0,0,0}', SORTOP = <, SSPACE = 32);
COMMENT ON FUNCTION app.add(integer, integer) IS 'adds';
COMMENT ON PROCEDURE app.work(integer, text) IS 'works';
COMMENT ON AGGREGATE app.how_many(*) IS 'counts';
COMMENT ON AGGREGATE app.middle(double precision ORDER BY double precision) IS 'median';

-- Tables
CREATE TABLE public.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    dropped_1 integer,
    email app.email UNIQUE,
    name character varying(100) COLLATE "C" DEFAULT 'x' NOT NULL,
    dropped_2 integer,
    role text NOT NULL DEFAULT 'user' CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')),
    mood app.mood DEFAULT 'o''k',
    moods app.moods,
    home app.address,
    n app.positive,
    login_count integer DEFAULT 0,
    ratio numeric(10, 2) DEFAULT 1.50,
    day date DEFAULT CURRENT_DATE,
    at timestamp(3) without time zone DEFAULT '2020-01-01 10:00:00',
    atz timestamptz DEFAULT '2020-01-01 10:00:00+02',
    every interval day to second DEFAULT '1 day 02:00:00',
    f double precision DEFAULT 0.1,
    bits bit varying(8) DEFAULT B'101',
    blob bytea DEFAULT '\x0102',
    doc jsonb DEFAULT '{"a": [1, 2]}',
    during tstzrange,
    full_name text GENERATED ALWAYS AS (name || ' ' || role) STORED,
    code text DEFAULT ('c' || nextval('app.plain')::text),
    word text CHECK (app.is_word(word)) NO INHERIT,
    updated_at timestamptz DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Odd Check" CHECK (login_count >= 0 AND (ratio BETWEEN 0 AND 100 OR ratio IS NULL)),
    CONSTRAINT no_overlap EXCLUDE USING gist (role WITH =, during WITH &&) WHERE (role <> 'admin') DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE public.users DROP COLUMN dropped_1, DROP COLUMN dropped_2;
ALTER TABLE public.users ALTER COLUMN name SET STORAGE EXTERNAL, ALTER COLUMN role SET STATISTICS 500, ALTER COLUMN role SET (n_distinct = 2);
ALTER TABLE public.users ALTER COLUMN code SET COMPRESSION pglz;
ALTER TABLE public.users ADD CONSTRAINT later CHECK (f > 0) NOT VALID;
ALTER TABLE public.users ADD CONSTRAINT users_name_code_key UNIQUE (name, code) INCLUDE (f) WITH (fillfactor = 60);
CREATE INDEX idx_users_role ON public.users (role);
CREATE INDEX idx_users_lower ON public.users USING btree (lower(name) COLLATE "C" text_pattern_ops DESC NULLS LAST, (login_count + 1)) INCLUDE (f) WITH (fillfactor = 90) WHERE role = 'user';
CREATE UNIQUE INDEX users_unique_idx ON public.users (code) WHERE mood IS NOT NULL;
CREATE INDEX users_doc_idx ON public.users USING gin (doc jsonb_path_ops);
CLUSTER public.users USING idx_users_role;
ALTER TABLE public.users REPLICA IDENTITY FULL;
CREATE STATISTICS public.users_stats (dependencies, ndistinct) ON role, mood FROM public.users;
CREATE STATISTICS app.users_expr ON (lower(name)), role FROM public.users;
COMMENT ON STATISTICS public.users_stats IS 'correlated';
COMMENT ON TABLE public.users IS 'people; "quoted"';
COMMENT ON COLUMN public.users.email IS 'the address';
COMMENT ON COLUMN public.users."at" IS 'keyword name';
COMMENT ON CONSTRAINT users_pkey ON public.users IS 'the key';
COMMENT ON INDEX public.users_pkey IS 'the key''s index';
COMMENT ON INDEX public.idx_users_role IS 'by role';

CREATE TABLE "Odd Schema"."Odd ""Table""" (
    "select" integer NOT NULL, "ünïcode ☃" text, "with.dot" text, "CamelCase" text, "table" text, "user" text DEFAULT CURRENT_USER,
    "a column whose name is as long as a PostgreSQL name may be: 63b" integer,
    PRIMARY KEY ("select", "with.dot")
);
CREATE INDEX "Odd Index" ON "Odd Schema"."Odd ""Table""" ("ünïcode ☃");
CREATE TABLE "Odd Schema"."таблица" ("id" serial PRIMARY KEY, note text);
CREATE TABLE "Odd Schema".a_table_whose_name_is_quite_long_already_and_then_some_more_ (
    a_column_whose_name_is_long_as_well_and_goes_on serial,
    other_id bigint GENERATED ALWAYS AS IDENTITY
);

CREATE TABLE app.keys (
    a smallserial, b serial, c bigserial,
    d bigint GENERATED ALWAYS AS IDENTITY,
    e integer GENERATED BY DEFAULT AS IDENTITY (START WITH 100 INCREMENT BY 10 CACHE 5),
    f integer DEFAULT nextval('app.fancy'),
    g serial
);
ALTER SEQUENCE app.keys_g_seq RENAME TO renamed_seq;
ALTER SEQUENCE app.keys_c_seq START WITH 1000;
ALTER SEQUENCE app.fancy OWNED BY app.keys.f;
CREATE TABLE app.moved_ident (id integer GENERATED ALWAYS AS IDENTITY);
ALTER TABLE app.moved_ident RENAME TO ident;
COMMENT ON SEQUENCE app.keys_a_seq IS 'a serial''s sequence';
CREATE UNLOGGED TABLE app.scratch (id serial, note text);
CREATE TABLE app.no_columns ();
CREATE TABLE app.typed OF app.address (PRIMARY KEY (street));
CREATE TABLE app.lists (
    state character varying(20) DEFAULT 'new' CHECK (state IN ('new', 'old', 'it''s')), big bigint CHECK (big IN (1, 2)),
    kind app.mood CHECK (kind NOT IN ('sad', 'happy')), code character(3) CHECK (code IN ('abc', 'def')),
    is_new boolean GENERATED ALWAYS AS (state IN ('new', 'newer')) STORED,
    CONSTRAINT many CHECK (state <> ALL (ARRAY[lower(state), NULL, 'x,y']) AND code = ANY ('{a,b}'::text[]) AND state::text IN ('a', 'b'))
);
CREATE INDEX lists_new ON app.lists (big) WHERE state IN ('new', 'newer');
CREATE POLICY listed ON app.lists USING (state IN ('new', 'newer'));
CREATE VIEW app.listing AS SELECT state IN ('a', 'b') AS ab, CASE WHEN state NOT IN ('c', 'd') THEN ARRAY[state]::text[] END AS a FROM app.lists WHERE state IN ('new', 'newer');
CREATE FUNCTION app.is_listed(s character varying DEFAULT 'a') RETURNS boolean LANGUAGE sql RETURN s IN ('(ARRAY[', 'b');
CREATE FUNCTION app.body_with_arrays() RETURNS text LANGUAGE sql AS $$ SELECT (ARRAY['a'])::text[] $$;
CREATE TRIGGER listed BEFORE UPDATE ON app.lists FOR EACH ROW WHEN (NEW.state IN ('a', 'b')) EXECUTE FUNCTION app.touch();
CREATE STATISTICS app.lists_expr ON (state IN ('a', 'b')), big FROM app.lists;

-- A cycle of foreign keys, a self-reference, every action
CREATE TABLE app.a (id integer PRIMARY KEY, b_id integer, parent integer REFERENCES app.a ON DELETE CASCADE ON UPDATE SET NULL);
CREATE TABLE app.b (id integer PRIMARY KEY, a_id integer REFERENCES app.a (id) DEFERRABLE INITIALLY DEFERRED, user_id uuid REFERENCES public.users ON DELETE RESTRICT);
ALTER TABLE app.a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b_id) REFERENCES app.b (id) MATCH FULL NOT VALID;
CREATE UNIQUE INDEX b_pair ON app.b (id, a_id);
ALTER TABLE app.a ADD CONSTRAINT on_an_index FOREIGN KEY (id, b_id) REFERENCES app.b (id, a_id);
COMMENT ON CONSTRAINT a_b_fkey ON app.a IS 'points to b';
ALTER TABLE app.b REPLICA IDENTITY USING INDEX b_pkey;

-- Inheritance
CREATE TABLE app.base (id integer NOT NULL, made timestamptz DEFAULT now(), kind text, CONSTRAINT base_check CHECK (id > 0));
CREATE TABLE app.base2 (other text);
CREATE TABLE app.child (extra text, kind text DEFAULT 'child', CONSTRAINT child_check CHECK (extra <> '')) INHERITS (app.base, app.base2);
CREATE TABLE app.child_late (extra text, id integer NOT NULL, made timestamptz, kind text, CONSTRAINT base_check CHECK (id > 0));
ALTER TABLE app.child_late INHERIT app.base;
CREATE TABLE app.child_default () INHERITS (app.base);
ALTER TABLE app.child_default ALTER COLUMN made DROP DEFAULT;
ALTER TABLE app.base ADD COLUMN added_later integer;
CREATE INDEX base_id ON app.base (id);

-- Partitions
CREATE TABLE app.events (id bigint GENERATED BY DEFAULT AS IDENTITY, at timestamptz NOT NULL, region text NOT NULL DEFAULT 'eu', payload jsonb, user_id uuid,
    PRIMARY KEY (id, at, region), CONSTRAINT events_check CHECK (region <> '')) PARTITION BY RANGE (at);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01 00:00:00+01') TO ('2025-01-01') PARTITION BY LIST (region);
CREATE TABLE app.events_2024_eu PARTITION OF app.events_2024 FOR VALUES IN ('eu', 'uk');
CREATE TABLE app.events_2024_rest PARTITION OF app.events_2024 DEFAULT;
CREATE TABLE app.events_old (user_id uuid, at timestamptz NOT NULL, id bigint NOT NULL, region text NOT NULL, payload jsonb, CONSTRAINT events_check CHECK (region <> ''));
ALTER TABLE app.events ATTACH PARTITION app.events_old FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+01');
CREATE INDEX events_user ON app.events (user_id);
CREATE INDEX ON app.events_old (lower(region));
ALTER INDEX app.events_old_user_id_idx RENAME TO "an attached index with a name of its own";
ALTER TABLE app.events ADD CONSTRAINT events_user_fkey FOREIGN KEY (user_id) REFERENCES public.users (id);
CREATE TABLE app.hashed (id integer, note text) PARTITION BY HASH (id, lower(note));
CREATE TABLE app.hashed_0 PARTITION OF app.hashed (note DEFAULT 'zero') FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (fillfactor = 50);
CREATE TABLE app.hashed_1 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE UNIQUE INDEX only_here ON app.hashed_1 (id);
CREATE TABLE app.listed (id app.mood) PARTITION BY LIST (id);
CREATE TABLE app.listed_null PARTITION OF app.listed FOR VALUES IN (NULL, 'sad');

-- Functions over tables, views over functions
CREATE FUNCTION app.find_user(wanted text) RETURNS SETOF public.users LANGUAGE sql STABLE AS $$ SELECT * FROM public.users WHERE name = wanted $$;
CREATE FUNCTION app.label(public.users) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1.name || '!' $$;
CREATE FUNCTION app.user_count() RETURNS bigint LANGUAGE sql BEGIN ATOMIC
    SELECT count(*) FROM public.users u WHERE u.role = 'user';
END;
CREATE FUNCTION app.insert_a(integer) RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO app.a (id) VALUES ($1) ON CONFLICT DO NOTHING; UPDATE app.a SET b_id = 2 WHERE id = $1; DELETE FROM app.b WHERE id = $1; END;
CREATE TABLE app.with_function_default (n bigint DEFAULT app.user_count(), CHECK (app.is_word('x')));
CREATE VIEW app.simple AS SELECT id, name, role AS r FROM public.users WHERE role = 'user';
CREATE VIEW app.aliased AS SELECT u.id AS "The Id", u.home AS "the home", (u.home).street, (u.home)."Zip Code" AS zip, u AS whole, u.* FROM public.users u;
ALTER VIEW app.aliased RENAME COLUMN name TO "Full Name";
CREATE VIEW app.joined (one, "Two") WITH (security_barrier) AS
    SELECT u.name, b.id FROM public.users u LEFT JOIN app.b ON b.user_id = u.id JOIN app.a ON a.id = b.a_id WHERE EXISTS (SELECT 1 FROM app.a x WHERE x.id = b.a_id);
CREATE VIEW app.grouped AS SELECT u.id, u.name, count(*) AS n, max(u.login_count) OVER w AS m FROM public.users u GROUP BY u.id WINDOW w AS (PARTITION BY u.name ORDER BY u.id) ORDER BY count(*) DESC, u.name LIMIT 5;
CREATE VIEW app.unioned AS SELECT id, name FROM public.users UNION ALL SELECT NULL, note FROM app.scratch ORDER BY 2;
CREATE VIEW app.cte AS WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 10), s AS MATERIALIZED (SELECT n FROM t) SELECT n FROM s WHERE n IN (SELECT id FROM app.a WHERE a.b_id = s.n);
CREATE VIEW app.of_values AS VALUES (1, 'one'), (2, 'two');
CREATE VIEW app.of_function AS SELECT n, app.add(n, 3) AS plus, extract(epoch FROM now()) AS e, substring('abc' FROM 2 FOR 1) AS s FROM generate_series(1, 3) AS g(n);
CREATE VIEW app.sub AS SELECT q.name, q.n FROM (SELECT name, count(*) AS n FROM public.users GROUP BY name HAVING count(*) > 1) q WHERE q.n > (SELECT avg(id) FROM app.a);
CREATE VIEW app.scalar AS SELECT name, (SELECT count(*) FROM app.b WHERE b.user_id = users.id) AS bs, CASE role WHEN 'user' THEN 1 ELSE 2 END AS c, mood = ANY (ARRAY['sad', 'happy']::app.mood[]) AS strong, ROW(name, role) IS NULL AS pair, name COLLATE "C" AS collated, at AT TIME ZONE 'UTC' AS utc, 'users.name' AS literal FROM public.users WHERE name LIKE 'a%' AND role IN ('user', 'admin') ORDER BY name DESC, role;
CREATE VIEW app.distinct_on AS SELECT DISTINCT ON (role) role, upper(name) AS name, name AS original FROM public.users ORDER BY role, users.name;
CREATE VIEW app.odd AS SELECT "Odd ""Table"""."ünïcode ☃", "with.dot" FROM "Odd Schema"."Odd ""Table""";
CREATE VIEW app.lateral AS SELECT a.id, l.x FROM app.a, LATERAL (SELECT a.b_id + 1 AS x) l;
CREATE VIEW app.filtered AS SELECT count(*) FILTER (WHERE role = 'user') AS users, string_agg(name, ', ' ORDER BY name) AS names, grouping(role) AS g, role FROM public.users GROUP BY GROUPING SETS ((role), ());
CREATE VIEW app.checked AS SELECT id, b_id FROM app.a WHERE b_id > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW app.nested AS SELECT simple.id, simple.r FROM app.simple WHERE NOT EXISTS (SELECT FROM app.sub WHERE sub.name = simple.name);
CREATE VIEW app.for_rules AS SELECT 1 AS one, 'x'::text AS two;
ALTER VIEW app.for_rules ALTER COLUMN two SET DEFAULT 'why';
CREATE VIEW app.ordered AS SELECT id, row_number() OVER (ORDER BY id) AS rn, lag(b_id, 1) OVER (PARTITION BY parent ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS l FROM app.a;
CREATE VIEW app.uses_a_function AS SELECT * FROM app.find_user('x');
CREATE VIEW app.sampled AS SELECT * FROM ONLY app.base TABLESAMPLE bernoulli (10) REPEATABLE (1) ORDER BY id FETCH FIRST 3 ROWS WITH TIES;
ALTER VIEW app.sampled RENAME TO sampled_view;
CREATE MATERIALIZED VIEW app.mat WITH (fillfactor = 80) AS SELECT role, count(*) AS n FROM public.users GROUP BY role;
CREATE UNIQUE INDEX mat_role ON app.mat (role);
CREATE MATERIALIZED VIEW app.mat2 AS SELECT n FROM app.mat WITH NO DATA;
COMMENT ON VIEW app.simple IS 'a view';
COMMENT ON COLUMN app.simple.r IS 'a view column';
COMMENT ON MATERIALIZED VIEW app.mat IS 'a materialised view';
COMMENT ON COLUMN app.mat.n IS 'how many';

-- Triggers
CREATE TRIGGER touch BEFORE UPDATE ON public.users FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION app.touch();
CREATE TRIGGER "Odd Trigger" AFTER INSERT OR UPDATE OF name, role OR DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION app.touch('an', 'arg''ument');
CREATE TRIGGER statement AFTER TRUNCATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION app.touch();
CREATE TRIGGER transitions AFTER UPDATE ON app.a REFERENCING OLD TABLE AS was NEW TABLE AS now FOR EACH STATEMENT EXECUTE FUNCTION app.touch();
CREATE CONSTRAINT TRIGGER constrained AFTER INSERT ON app.a FROM app.b DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER instead INSTEAD OF INSERT ON app.simple FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER on_parts BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE app.events_old DISABLE TRIGGER on_parts;
ALTER TABLE public.users DISABLE TRIGGER "Odd Trigger";
ALTER TABLE public.users ENABLE ALWAYS TRIGGER statement;
COMMENT ON TRIGGER touch ON public.users IS 'keeps updated_at';
CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER catalog_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION app.on_ddl();
ALTER EVENT TRIGGER catalog_ddl DISABLE;
COMMENT ON EVENT TRIGGER catalog_ddl IS 'watches';

-- Rules and policies
CREATE RULE insert_one AS ON INSERT TO app.for_rules DO INSTEAD INSERT INTO app.a (id) VALUES (new.one);
CREATE RULE delete_none AS ON DELETE TO app.a WHERE old.id > 5 DO INSTEAD NOTHING;
ALTER TABLE app.a DISABLE RULE delete_none;
COMMENT ON RULE delete_none ON app.a IS 'a rule';
ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.a ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.a FORCE ROW LEVEL SECURITY;
CREATE POLICY "Own Rows" ON public.users AS RESTRICTIVE FOR UPDATE TO catalog_reader USING (name = CURRENT_USER) WITH CHECK (role = 'user');
CREATE POLICY by_other ON app.a TO catalog_writer, catalog_reader USING (EXISTS (SELECT FROM app.b WHERE b.a_id = a.id AND b.user_id IN (SELECT users.id FROM public.users)));
CREATE POLICY adding ON app.a FOR INSERT WITH CHECK (id > 0);
COMMENT ON POLICY adding ON app.a IS 'a policy';

-- Grants
GRANT USAGE ON SCHEMA app TO catalog_reader;
GRANT ALL ON SCHEMA app TO catalog_writer;
GRANT SELECT ON public.users TO catalog_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.users TO catalog_writer WITH GRANT OPTION;
GRANT TRUNCATE ON public.users TO catalog_writer;
GRANT UPDATE (name, role), REFERENCES (id) ON public.users TO catalog_reader;
GRANT ALL ON app.a TO catalog_writer;
GRANT SELECT ON app.simple TO PUBLIC;
GRANT SELECT ON app.mat TO catalog_reader;
REVOKE INSERT, DELETE ON app.b FROM CURRENT_USER;
GRANT USAGE, SELECT ON SEQUENCE app.plain TO catalog_writer;
GRANT ALL ON SEQUENCE app.keys_a_seq TO catalog_writer;
REVOKE ALL ON FUNCTION app.add(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.add(integer, integer) TO catalog_reader WITH GRANT OPTION;
REVOKE ALL ON PROCEDURE app.work(integer, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE app.work(integer, text) TO catalog_writer;
GRANT EXECUTE ON FUNCTION app.total(integer) TO catalog_writer;
REVOKE USAGE ON TYPE app.mood FROM PUBLIC;
GRANT USAGE ON TYPE app.mood TO catalog_reader;
GRANT USAGE ON DOMAIN app.email TO catalog_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT ON TABLES TO catalog_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON SEQUENCES TO catalog_writer;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE catalog_writer GRANT USAGE ON TYPES TO catalog_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO catalog_reader;

-- Casts, operators and their families
CREATE FUNCTION app.mood_to_int(app.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (app.mood AS integer) WITH FUNCTION app.mood_to_int(app.mood) AS ASSIGNMENT;
CREATE CAST (app.address AS text[]) WITH INOUT;
COMMENT ON CAST (app.mood AS integer) IS 'how much';
CREATE VIEW app.cast_view AS SELECT mood::integer AS level FROM public.users;
CREATE TYPE app.pair AS (a integer, b integer);
CREATE FUNCTION app.pair_cmp(app.pair, app.pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btrecordcmp($1, $2)';
CREATE FUNCTION app.pair_lt(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT app.pair_cmp($1, $2) < 0';
CREATE FUNCTION app.pair_gt(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT app.pair_cmp($1, $2) > 0';
CREATE FUNCTION app.pair_eq(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT app.pair_cmp($1, $2) = 0';
CREATE FUNCTION app.pair_int_eq(app.pair, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.a = $2';
CREATE FUNCTION app.negative(app.pair) RETURNS app.pair LANGUAGE sql IMMUTABLE AS 'SELECT ROW(-$1.a, -$1.b)::app.pair';
CREATE OPERATOR app.<<< (FUNCTION = app.pair_lt, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.>>>), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR app.>>> (FUNCTION = app.pair_gt, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.<<<));
CREATE OPERATOR app.=== (FUNCTION = app.pair_eq, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.===), HASHES, MERGES);
CREATE OPERATOR app.=== (FUNCTION = app.pair_int_eq, LEFTARG = app.pair, RIGHTARG = integer);
CREATE OPERATOR app.- (FUNCTION = app.negative, RIGHTARG = app.pair);
COMMENT ON OPERATOR app.- (NONE, app.pair) IS 'the other way';
CREATE OPERATOR FAMILY app.pairs USING btree;
CREATE OPERATOR CLASS app.pair_ops DEFAULT FOR TYPE app.pair USING btree FAMILY app.pairs AS
    OPERATOR 1 app.<<<, OPERATOR 3 app.===, OPERATOR 5 app.>>>, FUNCTION 1 app.pair_cmp(app.pair, app.pair);
ALTER OPERATOR FAMILY app.pairs USING btree ADD OPERATOR 3 app.=== (app.pair, integer);
CREATE OPERATOR CLASS app."Odd Ops" FOR TYPE integer USING gin AS STORAGE bigint;
COMMENT ON OPERATOR CLASS app.pair_ops USING btree IS 'a class';
COMMENT ON OPERATOR FAMILY app.pairs USING btree IS 'a family';
CREATE TABLE public.pairs (pair app.pair CHECK (pair OPERATOR(app.===) pair), PRIMARY KEY (pair));

-- Text search
CREATE TEXT SEARCH PARSER app.words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, HEADLINE = prsd_headline, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE app.plainly (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY app.few (TEMPLATE = app.plainly, stopwords = english);
CREATE TEXT SEARCH DICTIONARY app."Snow Ball" (TEMPLATE = snowball, language = 'german');
CREATE TEXT SEARCH CONFIGURATION app.both (PARSER = app.words);
ALTER TEXT SEARCH CONFIGURATION app.both ADD MAPPING FOR asciiword, word WITH app.few, app."Snow Ball";
ALTER TEXT SEARCH CONFIGURATION app.both ADD MAPPING FOR email WITH simple;
COMMENT ON TEXT SEARCH PARSER app.words IS 'a parser';
COMMENT ON TEXT SEARCH TEMPLATE app.plainly IS 'a template';
COMMENT ON TEXT SEARCH DICTIONARY app.few IS 'a dictionary';
COMMENT ON TEXT SEARCH CONFIGURATION app.both IS 'a configuration';
CREATE INDEX users_search ON public.users USING gin (to_tsvector('app.both', name));

-- Foreign data
CREATE FOREIGN DATA WRAPPER "Odd Wrapper" OPTIONS (debug 'true', "Odd Option" 'it''s');
CREATE SERVER other TYPE 'a kind' VERSION '1.0' FOREIGN DATA WRAPPER "Odd Wrapper" OPTIONS (host 'x', password 'hush-hush');
CREATE SERVER plain FOREIGN DATA WRAPPER "Odd Wrapper";
CREATE USER MAPPING FOR PUBLIC SERVER other;
CREATE USER MAPPING FOR CURRENT_USER SERVER other OPTIONS (user 'me', password 'hush-hush');
CREATE USER MAPPING FOR catalog_reader SERVER other;
CREATE FOREIGN TABLE app.far (id integer OPTIONS (key 'true') NOT NULL DEFAULT 7, name text COLLATE "C", CONSTRAINT far_check CHECK (id > 0))
    SERVER other OPTIONS (table_name 'far "away"', fetch '10');
CREATE FOREIGN TABLE app.far_child (more text) INHERITS (app.base) SERVER other;
CREATE FOREIGN TABLE app.hashed_far () INHERITS (app.base2) SERVER plain;
CREATE FOREIGN TABLE app.listed_far PARTITION OF app.listed FOR VALUES IN ('happy') SERVER plain OPTIONS (x 'y');
COMMENT ON FOREIGN DATA WRAPPER "Odd Wrapper" IS 'a wrapper';
COMMENT ON SERVER other IS 'a server';
COMMENT ON FOREIGN TABLE app.far IS 'a foreign table';
COMMENT ON COLUMN app.far.id IS 'its column';
GRANT USAGE ON FOREIGN DATA WRAPPER "Odd Wrapper" TO catalog_writer;
GRANT USAGE ON FOREIGN SERVER other TO catalog_reader WITH GRANT OPTION;
GRANT SELECT ON app.far TO catalog_reader;
GRANT UPDATE (name) ON app.far TO catalog_writer;
CREATE TRIGGER touch BEFORE UPDATE ON app.far FOR EACH ROW EXECUTE FUNCTION app.touch();

-- Publications
CREATE PUBLICATION everything_there FOR ALL TABLES WITH (publish_via_partition_root = true);
CREATE PUBLICATION part_of_it FOR TABLE app.b, public.users WITH (publish = 'insert, delete');
CREATE PUBLICATION "Odd Publication";
COMMENT ON PUBLICATION part_of_it IS 'a publication';

-- What the catalogue leaves out
CREATE TABLE public._yoyo_migration (migration_hash text PRIMARY KEY, id serial);
CREATE TABLE app._runner_journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE INDEX ON app._runner_journal ((id + 1));
GRANT SELECT ON app._runner_journal TO catalog_reader;
COMMENT ON TABLE app._runner_journal IS 'hidden';
CREATE TABLE "Odd Schema".my_history (id serial PRIMARY KEY);
