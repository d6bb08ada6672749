-- Triggers. Those that a partition takes over from its parent count only when they are switched differently there.
SELECT
    t.oid,
    t.tgrelid,
    t.tgconstrrelid,
    t.tgname::text AS raw_name,
    pg_catalog.quote_ident(t.tgname) AS name,
    CASE WHEN t.tgparentid = 0 THEN pg_catalog.pg_get_triggerdef(t.oid) END AS definition,
    t.tgenabled::text
FROM pg_catalog.pg_trigger AS t
LEFT JOIN pg_catalog.pg_trigger AS parent ON t.tgparentid = parent.oid
WHERE
    (t.tgparentid = 0 AND NOT t.tgisinternal)
    OR (t.tgenabled <> parent.tgenabled AND t.tgconstraint = 0);
