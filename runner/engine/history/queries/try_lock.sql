-- Take the migration lock if it is free: twice, for the guard after each file, which gives it up once to see whether
-- it is held. It is not free while a further session of a run that lost it is running: each holds the helpers' lock.
-- What is asked after it in the same message must see what the last holder did, whatever the role's default.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT
    CASE
        WHEN NOT pg_catalog.pg_try_advisory_lock({helper_key}) THEN FALSE
        WHEN NOT pg_catalog.pg_advisory_unlock({helper_key}) THEN FALSE
        WHEN pg_catalog.pg_try_advisory_lock({key}) THEN pg_catalog.pg_try_advisory_lock({key})
        ELSE FALSE
    END AS locked
