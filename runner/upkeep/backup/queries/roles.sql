-- Roles that own something in this database or hold a grant on it. The superuser who made the server is not among
-- them: nothing depends on a pinned role, but it can own.
SELECT r.rolname::text
FROM pg_catalog.pg_roles AS r
WHERE
    EXISTS (
        SELECT
        FROM pg_catalog.pg_shdepend AS s
        INNER JOIN pg_catalog.pg_database AS d ON s.dbid = d.oid
        WHERE
            d.datname = pg_catalog.current_database()
            AND s.refclassid = 'pg_catalog.pg_authid'::regclass
            AND s.refobjid = r.oid
    )
    OR EXISTS (
        SELECT FROM pg_catalog.pg_class AS c
        WHERE c.relowner = r.oid AND c.oid >= 16384
    )
ORDER BY r.rolname
