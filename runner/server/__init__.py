"""Finding a PostgreSQL server, reaching it, starting a local one, watching what waits there."""
