-- How far each database is from the point at which transaction or multixact numbers run out and the server refuses to
--   write.
-- worry: autovacuum freezes at autovacuum_freeze_max_age (200 million). Far above it something holds it back; at 2.1
--   billion the server takes no more writes.
-- do: end old transactions, prepared transactions and slots first (long_transactions, replication_slots), then VACUUM
--   (FREEZE) the tables with the greatest age(relfrozenxid).
-- warn: used_percent > 20
-- problem: used_percent > 50
-- labels: database
SELECT
    d.datname::text AS database,
    pg_catalog.age(d.datfrozenxid) AS transactions,
    pg_catalog.mxid_age(d.datminmxid) AS multixacts,
    pg_catalog.round(
        100.0 * greatest(pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid)) / 2146483647, 2
    ) AS used_percent
FROM pg_catalog.pg_database AS d
ORDER BY used_percent DESC, d.datname ASC;
