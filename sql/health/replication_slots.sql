-- Replication slots, and how much WAL each keeps from being removed.
-- worry: an inactive slot keeps WAL until the disk is full, and dead rows in every table; its subscriber may be gone
--   for good.
-- do: bring its subscriber back, or SELECT pg_drop_replication_slot('name'). Set max_slot_wal_keep_size, so that none
--   can fill the disk.
-- warn: kept_bytes > 1GB and active = false
-- problem: kept_bytes > 10GB
-- labels: slot
SELECT
    s.slot_name::text AS slot,
    s.slot_type AS type,
    s.database::text AS database,
    s.active,
    s.wal_status,
    pg_catalog.pg_wal_lsn_diff(
        CASE
            WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
            ELSE pg_catalog.pg_current_wal_lsn()
        END,
        s.restart_lsn
    )::bigint AS kept_bytes,
    greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)) AS holds_back_transactions
FROM pg_catalog.pg_replication_slots AS s
ORDER BY kept_bytes DESC NULLS LAST, s.slot_name ASC;
