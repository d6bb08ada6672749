-- Release the migration lock, however often it is held, and what advisory locks a file left behind.
SELECT pg_catalog.pg_advisory_unlock_all()::text AS unlocked
