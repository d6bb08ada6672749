-- Sessions that have opened a transaction and do nothing in it.
-- worry: after a few seconds: their locks stay, and the next ALTER waits for them with all of the application behind
--   it.
-- do: the statement is the last one that ran; find the code that forgot to commit. End it now with SELECT
--   pg_terminate_backend(pid); limit it with ALTER ROLE ... SET idle_in_transaction_session_timeout = '30s'.
-- sees: sessions
-- warn: idle_s > 30s
-- problem: idle_s > 10min
SELECT
    a.pid,
    a.usename::text AS role,
    a.datname::text AS database,
    a.state,
    pg_catalog.round(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.state_change)::numeric, 1) AS idle_s,
    pg_catalog.round(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::numeric, 1) AS transaction_s,
    a.client_addr::text AS client,
    a.application_name AS application,
    a.query
FROM pg_catalog.pg_stat_activity AS a
WHERE a.state LIKE 'idle in transaction%'
ORDER BY a.state_change
LIMIT 50;
