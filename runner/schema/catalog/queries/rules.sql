-- Rewrite rules other than the one that makes a view a view.
SELECT
    r.oid,
    r.ev_class,
    r.rulename::text AS raw_name,
    pg_catalog.quote_ident(r.rulename) AS name,
    pg_catalog.pg_get_ruledef(r.oid) AS definition,
    r.ev_enabled::text
FROM pg_catalog.pg_rewrite AS r
WHERE r.rulename <> '_RETURN' AND r.oid >= 16384;
