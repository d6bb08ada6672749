"""The schema as values, as SQL, and compared."""
