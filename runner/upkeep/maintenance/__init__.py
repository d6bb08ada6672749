"""Keep a database in order: clean-up, statistics, dead rows, indexes; never during a migration."""

from runner.upkeep.maintenance.give_way import Courtesy
from runner.upkeep.maintenance.run_tasks import Maintenance, State
from runner.upkeep.maintenance.tasks import Kind, Task, Thresholds

__all__ = ["Courtesy", "Kind", "Maintenance", "State", "Task", "Thresholds"]
