"""Keep a database in order: clean-up, statistics, dead rows, indexes; never during a migration."""

from runner.upkeep.maintenance.courtesy import Courtesy
from runner.upkeep.maintenance.tasks import Kind, Task, Thresholds
from runner.upkeep.maintenance.work import Maintenance, State

__all__ = ["Courtesy", "Kind", "Maintenance", "State", "Task", "Thresholds"]
