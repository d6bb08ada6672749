-- Cancel what a session does, if it is still waiting for a lock.
SELECT pg_catalog.pg_cancel_backend(a.pid) AS canceled
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid = %(pid)s AND a.wait_event_type = 'Lock'
