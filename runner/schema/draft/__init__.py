"""The statements that lead from one schema to another, and their way back, as migration files."""
