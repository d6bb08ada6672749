"""Apply hand-written SQL files to PostgreSQL, in order, once, and prove that they did what they say."""

__version__ = "0.1.0"
