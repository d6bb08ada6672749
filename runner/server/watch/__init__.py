"""A second connection that says, while a statement of ours waits or runs long, for whom and how far."""

from runner.server.watch.observer_queries import statement_beginning
from runner.server.watch.watcher import Watch, Watched

__all__ = ["Watch", "Watched", "statement_beginning"]
