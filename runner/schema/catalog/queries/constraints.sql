-- Constraints of tables and domains, without those that a parent table hands down, unless they are valid only below it.
-- NOT NULL constraints have rows since PostgreSQL 18 (tables) and 17 (domains); only those count here that NOT NULL in
-- CREATE TABLE cannot say on every version.
SELECT
    c.oid,
    c.conrelid,
    c.contypid,
    c.conname::text AS raw_name,
    pg_catalog.quote_ident(c.conname) AS name,
    c.contype::text,
    pg_catalog.pg_get_constraintdef(c.oid) AS definition,
    c.conkey::int[] AS columns,
    c.confrelid,
    c.confkey::int[] AS referenced_columns,
    CASE WHEN c.contype = 'n' THEN c.conkey[1] END AS not_null_column,
    c.condeferrable,
    c.condeferred,
    pg_catalog.pg_get_expr(x.indpred, x.indrelid) AS predicate,
    c.conindid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(i.relname) AS index_name,
    i.reloptions AS index_options,
    pg_catalog.quote_ident(space.spcname) AS index_tablespace,
    coalesce(x.indisclustered, FALSE) AS is_clustered,
    coalesce(x.indisreplident, FALSE) AS is_replica_identity,
    CASE WHEN x.indexprs IS NOT NULL THEN (
        SELECT pg_catalog.array_agg(ARRAY[a.attnum::int, a.attstattarget::int] ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = x.indexrelid AND a.attstattarget >= 0
    ) END AS statistics_targets,
    EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgconstraint = c.oid AND t.tgisinternal AND t.tgenabled IN ('D', 'R')
    )
    OR EXISTS (
        SELECT FROM pg_catalog.pg_constraint AS part
        INNER JOIN pg_catalog.pg_trigger AS t ON part.oid = t.tgconstraint
        WHERE part.conparentid = c.oid AND t.tgisinternal AND t.tgenabled IN ('D', 'R')
    ) AS is_switched_off,
    c.contype = 'c' AND c.contypid = 0 AND NOT c.conislocal AS is_inherited
FROM pg_catalog.pg_constraint AS c
INNER JOIN pg_catalog.pg_namespace AS s ON c.connamespace = s.oid
LEFT JOIN pg_catalog.pg_class AS i ON c.conindid = i.oid AND c.contype IN ('p', 'u', 'x')
LEFT JOIN pg_catalog.pg_namespace AS n ON i.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_index AS x ON i.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_tablespace AS space ON i.reltablespace = space.oid
WHERE
    c.oid >= 16384
    AND s.nspname !~ '^pg_'
    AND (
        c.contype IN ('p', 'u', 'x')
        OR (c.contype = 'f' AND c.conparentid = 0)
        OR (c.contype = 'c' AND (c.conislocal OR c.contypid <> 0))
        OR (
            c.contype = 'c'
            AND c.convalidated
            AND EXISTS (  -- handed down by a parent in which it is not valid
                SELECT FROM pg_catalog.pg_inherits AS h
                INNER JOIN pg_catalog.pg_constraint AS above ON h.inhparent = above.conrelid
                WHERE h.inhrelid = c.conrelid AND above.conname = c.conname AND above.contype = 'c' AND NOT above.convalidated
            )
        )
        OR (c.contype = 'n' AND c.conrelid <> 0 AND c.conislocal AND (c.connoinherit OR NOT c.convalidated))
    );
