-- Connections that are taken, of those that the server allows to ordinary roles.
-- worry: near the limit new clients are refused: "sorry, too many clients already". Many idle ones mean pools larger
--   than the work needs; each holds memory and slows every snapshot.
-- do: make the applications' pools smaller or put a pooler in between; raise max_connections last, it needs a restart
--   and memory. runner health idle_in_transaction shows who holds connections for nothing.
-- sees: sessions
-- warn: used_percent > 80
-- problem: used_percent > 95
-- labels: none
SELECT
    c.used,
    c.allowed,
    pg_catalog.round(100.0 * c.used / c.allowed, 1) AS used_percent,
    c.active,
    c.idle,
    c.idle_in_transaction,
    c.here
FROM (
    SELECT
        pg_catalog.count(*) AS used,
        pg_catalog.current_setting('max_connections')::integer
        - pg_catalog.current_setting('superuser_reserved_connections')::integer AS allowed,
        pg_catalog.count(*) FILTER (WHERE a.state = 'active') AS active,
        pg_catalog.count(*) FILTER (WHERE a.state = 'idle') AS idle,
        pg_catalog.count(*) FILTER (WHERE a.state LIKE 'idle in transaction%') AS idle_in_transaction,
        pg_catalog.count(*) FILTER (WHERE a.datname = pg_catalog.current_database()) AS here
    FROM pg_catalog.pg_stat_activity AS a
    WHERE coalesce(a.backend_type, 'client backend') = 'client backend'
) AS c;
