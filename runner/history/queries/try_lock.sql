-- Take the migration lock if it is free: twice, for the guard after each file, which gives it up once to see whether
-- it is held. In a transaction of its own, so that what follows in the same message sees what the last holder did.
BEGIN;
SELECT
    CASE
        WHEN pg_catalog.pg_try_advisory_lock({key}) THEN pg_catalog.pg_try_advisory_lock({key})
        ELSE FALSE
    END AS locked;
COMMIT
