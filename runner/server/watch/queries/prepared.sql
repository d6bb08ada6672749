-- The prepared transactions that hold a lock on what a session waits for.
SELECT
    p.gid AS prepared,
    p.owner AS user,
    EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - p.prepared)::double precision AS transaction_age_s
FROM pg_catalog.pg_prepared_xacts AS p
INNER JOIN pg_catalog.pg_locks AS own ON p.transaction = own.transactionid AND own.granted AND own.pid IS NULL
WHERE EXISTS (
    SELECT FROM pg_catalog.pg_locks AS held
    INNER JOIN pg_catalog.pg_locks AS w
        ON
            held.locktype = w.locktype
            AND held.database IS NOT DISTINCT FROM w.database
            AND held.relation IS NOT DISTINCT FROM w.relation
            AND held.page IS NOT DISTINCT FROM w.page
            AND held.tuple IS NOT DISTINCT FROM w.tuple
            AND held.virtualxid IS NOT DISTINCT FROM w.virtualxid
            AND held.transactionid IS NOT DISTINCT FROM w.transactionid
            AND held.classid IS NOT DISTINCT FROM w.classid
            AND held.objid IS NOT DISTINCT FROM w.objid
            AND held.objsubid IS NOT DISTINCT FROM w.objsubid
    WHERE
        w.pid = %(pid)s
        AND NOT w.granted
        AND held.granted
        AND held.virtualtransaction = own.virtualtransaction
)
ORDER BY p.prepared
