"""Whether the database matches the committed snapshot, and what else a DBA should know of its schema."""
