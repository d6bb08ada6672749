-- What the server counted of each table, how old its oldest row is in transactions, and whether this role may work on it:
-- its owner, the database's owner, a superuser, and since 17 whoever has MAINTAIN.
-- Reading the size waits for a lock on the table; for a locked one the size in the catalog is used.
WITH locked AS MATERIALIZED (
    SELECT l.relation
    FROM pg_catalog.pg_locks AS l
    INNER JOIN pg_catalog.pg_database AS d ON l.database = d.oid
    WHERE d.datname = pg_catalog.current_database() AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
)

SELECT
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS qualified,
    pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
    CASE
        WHEN c.oid IN (SELECT k.relation FROM locked AS k)
            THEN c.relpages * pg_catalog.current_setting('block_size')::bigint
        ELSE pg_catalog.pg_table_size(c.oid)
    END AS size_bytes,
    greatest(s.n_live_tup, 0) AS live,
    greatest(s.n_dead_tup, 0) AS dead,
    greatest(s.n_mod_since_analyze, 0) AS changed,
    coalesce(s.last_analyze, s.last_autoanalyze) IS NOT NULL AS was_analyzed,
    c.relkind = 'p' AS is_partitioned,
    pg_catalog.age(c.relfrozenxid) AS xid_age,
    pg_catalog.current_setting('autovacuum_freeze_max_age')::bigint AS xid_limit,
    coalesce(
        pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE')
        OR pg_catalog.pg_has_role(current_user, d.datdba, 'USAGE')
        OR CASE
            WHEN pg_catalog.current_setting('server_version_num')::integer >= 170000
                THEN pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')
        END,
        FALSE
    ) AS may
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_catalog.pg_stat_all_tables AS s ON c.oid = s.relid
INNER JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
WHERE
    c.relkind IN ('r', 'm', 'p')
    AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname
