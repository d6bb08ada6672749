-- Rows of yoyo's lock table: a pid above zero is a yoyo's, below zero a runner's.
SELECT
    pid,
    pg_catalog.to_char(ctime, 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS since
FROM {lock}
