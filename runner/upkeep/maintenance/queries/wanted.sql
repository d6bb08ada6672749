-- Whether a session waits for the migration lock, which we hold.
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_locks AS l
    WHERE
        l.locktype = 'advisory'
        AND l.objsubid = 1
        AND l.classid = %(high)s
        AND l.objid = %(low)s
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
)
