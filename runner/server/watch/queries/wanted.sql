-- The lock that a session has asked for and not got, and what it is on.
SELECT
    l.locktype AS kind,
    l.mode,
    CASE
        WHEN l.locktype = 'object' THEN pg_catalog.pg_describe_object(l.classid, l.objid, l.objsubid::integer)
        WHEN l.locktype = 'advisory' AND l.objsubid = 1 THEN ((l.classid::bigint << 32) | l.objid::bigint)::text
        WHEN l.locktype = 'advisory' THEN pg_catalog.format('(%%s, %%s)', l.classid, l.objid)
        WHEN c.oid IS NOT NULL THEN pg_catalog.format('%%I.%%I', n.nspname, c.relname)
    END AS wanted,
    EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - l.waitstart)::double precision AS waited_s
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_class AS c ON l.relation = c.oid
LEFT JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE l.pid = %(pid)s AND NOT l.granted
LIMIT 1
