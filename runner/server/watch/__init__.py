"""A second connection that says, while a statement of ours waits or runs long, for whom and how far."""

from runner.server.watch.model import Holder, Over, Progress, Running, Sighting, Unseen, Waiting
from runner.server.watch.redact import statement_beginning
from runner.server.watch.watcher import Watch, Watched

__all__ = [
    "Holder",
    "Over",
    "Progress",
    "Running",
    "Sighting",
    "Unseen",
    "Waiting",
    "Watch",
    "Watched",
    "statement_beginning",
]
