-- Event triggers, without the members of extensions.
SELECT
    e.oid,
    pg_catalog.quote_ident(e.evtname) AS name,
    e.evtevent::text,
    e.evttags,
    e.evtfoid::pg_catalog.regproc::text AS function_name,
    e.evtenabled::text,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.evtowner)) AS owner
FROM pg_catalog.pg_event_trigger AS e
WHERE
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = e.oid AND d.deptype = 'e'
    );
