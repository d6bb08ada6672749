-- Rows, bytes and writes so far of some tables; a partitioned table counts with its partitions.
WITH RECURSIVE wanted AS (
    SELECT w.name, pg_catalog.to_regclass(w.name)::pg_catalog.oid AS oid
    FROM pg_catalog.unnest(%(tables)s::text[]) AS w (name)
),

parts AS (
    SELECT wanted.name, wanted.oid FROM wanted
    WHERE wanted.oid IS NOT NULL
    UNION
    SELECT parts.name, i.inhrelid
    FROM parts
    INNER JOIN pg_catalog.pg_inherits AS i ON parts.oid = i.inhparent
)

SELECT
    parts.name,
    greatest(sum(c.reltuples) FILTER (WHERE c.relkind <> 'p' AND c.reltuples > 0), 0)::bigint AS rows,
    sum(pg_catalog.pg_total_relation_size(c.oid))::bigint AS size_bytes,
    coalesce(
        sum(
            pg_catalog.pg_stat_get_tuples_inserted(c.oid)
            + pg_catalog.pg_stat_get_tuples_updated(c.oid)
            + pg_catalog.pg_stat_get_tuples_deleted(c.oid)
        ), 0
    )::bigint AS writes
FROM parts
INNER JOIN pg_catalog.pg_class AS c ON parts.oid = c.oid
WHERE c.relkind IN ('r', 'p', 'm')
GROUP BY parts.name
ORDER BY size_bytes DESC, parts.name;
