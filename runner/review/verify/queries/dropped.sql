-- The columns that some tables have lost, ever. Numbers are not used twice; the names are gone.
SELECT a.attrelid::bigint, a.attnum::int
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = ANY(%(oids)s) AND a.attnum > 0 AND a.attisdropped;
