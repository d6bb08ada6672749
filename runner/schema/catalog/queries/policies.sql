-- Row security policies.
SELECT
    p.oid,
    p.polrelid,
    p.polname::text AS raw_name,
    pg_catalog.quote_ident(p.polname) AS name,
    p.polpermissive,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' END AS command,
    (
        SELECT pg_catalog.array_agg(
            pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(member.oid)) ORDER BY pg_catalog.pg_get_userbyid(member.oid)
        )
        FROM pg_catalog.unnest(p.polroles) AS member (oid)
        WHERE member.oid <> 0
    ) AS roles,
    pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using_expression,
    pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check_expression
FROM pg_catalog.pg_policy AS p;
