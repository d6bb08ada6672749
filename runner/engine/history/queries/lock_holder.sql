-- The session that holds the migration lock.
SELECT
    l.pid,
    coalesce(a.application_name, '') AS application,
    coalesce(a.usename::text, '?') AS role,
    coalesce(pg_catalog.host(a.client_addr), 'local') AS client
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON l.pid = a.pid
WHERE
    l.locktype = 'advisory'
    AND l.objsubid = 1
    AND l.classid = %(high)s
    AND l.objid = %(low)s
    AND l.granted
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
