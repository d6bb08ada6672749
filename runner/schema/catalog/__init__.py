"""The schema as data: read it, write it as SQL, compare it."""
