-- Whether a partition is still attached, and whether a DETACH CONCURRENTLY was left half way.
SELECT i.inhdetachpending
FROM pg_catalog.pg_inherits AS i
WHERE
    i.inhparent = pg_catalog.to_regclass(%(table)s)
    AND i.inhrelid = pg_catalog.to_regclass(%(partition)s)
