"""Looking after a database: backups, maintenance, health, and whether all is as it should be."""
