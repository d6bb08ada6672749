"""Check whether a migration would run well here and now: findings with remedies. Changes nothing."""

from runner.upkeep.doctor.examine import examine
from runner.upkeep.doctor.finding import Finding, Level, warning

__all__ = ["Finding", "Level", "examine", "warning"]
