-- The columns of some relations by number; a partition's and a child's are those of its parent.
SELECT
    a.attrelid::bigint,
    a.attnum::int,
    pg_catalog.quote_ident(a.attname) AS name
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = ANY(%(oids)s) AND a.attnum > 0 AND a.attinhcount = 0 AND NOT a.attisdropped;
