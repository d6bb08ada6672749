-- Extended statistics. pg_get_statisticsobjdef() prints expressions without the parentheses that keep their meaning.
SELECT
    s.oid,
    s.stxrelid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.stxname) AS qualified,
    s.stxkind::pg_catalog.text[] AS kinds,
    (
        SELECT pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) ORDER BY k.place)
        FROM pg_catalog.unnest(s.stxkeys::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, place)
        INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = s.stxrelid AND k.attnum = a.attnum
    ) AS columns,
    pg_catalog.pg_get_expr(s.stxexprs, s.stxrelid) AS expressions,
    nullif(s.stxstattarget, -1) AS statistics_target,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.stxowner)) AS owner
FROM pg_catalog.pg_statistic_ext AS s
INNER JOIN pg_catalog.pg_namespace AS n ON s.stxnamespace = n.oid;
