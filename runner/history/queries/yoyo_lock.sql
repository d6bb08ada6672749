-- Rows of yoyo's lock table: a pid above zero is a yoyo's, below zero a runner's.
SELECT
    pid,
    ctime AS since
FROM {lock}
