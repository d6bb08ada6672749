-- The relations that exist before a migration, with what moves when they are rewritten: partitioned tables and views
-- have no file. TOAST tables are left out: their main table speaks for them.
SELECT
    c.oid::bigint AS oid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name,
    c.relkind::text AS kind,
    pg_catalog.pg_relation_filenode(c.oid)::bigint AS filenode,
    x.indrelid::bigint AS table_oid,
    CASE c.relkind WHEN 'r' THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END AS size_bytes
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_index AS x ON c.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_class AS t ON x.indrelid = t.oid
WHERE
    c.oid >= 16384
    AND c.relkind IN ('r', 'p', 'i', 'I', 'v', 'm', 'S', 'f')
    AND n.nspname !~ '^pg_(temp|toast)'
    AND coalesce(t.relname, c.relname) <> ALL(%(hidden)s);
