"""Find a PostgreSQL server, connect to it, start a local one, watch what waits on it."""
