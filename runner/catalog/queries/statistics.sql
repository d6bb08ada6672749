-- Extended statistics.
SELECT
    s.oid,
    s.stxrelid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.stxname) AS qualified,
    pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition,
    nullif(s.stxstattarget, -1) AS statistics_target
FROM pg_catalog.pg_statistic_ext AS s
INNER JOIN pg_catalog.pg_namespace AS n ON s.stxnamespace = n.oid;
