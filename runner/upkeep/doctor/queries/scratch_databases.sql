-- Scratch databases of runners, and whether anybody is connected to them.
SELECT
    d.datname::text AS name,
    EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid) AS is_used
FROM pg_catalog.pg_database AS d
WHERE d.datname LIKE 'runner\_scratch\_%'
ORDER BY d.datname
