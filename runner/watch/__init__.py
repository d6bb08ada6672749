"""A second connection that says, while a statement of ours waits or runs long, for whom and how far."""

from runner.watch.model import Holder, Over, Progress, Running, Sighting, Unseen, Waiting
from runner.watch.redact import statement_beginning
from runner.watch.watcher import Watch, Watched

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
