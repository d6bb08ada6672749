"""The files as they lie there, and SQL as text."""
