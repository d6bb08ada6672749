"""Check whether a migration would run well here and now: findings with remedies. Changes nothing."""

from runner.upkeep.doctor.examine import Finding, Level, examine, warning

__all__ = ["Finding", "Level", "examine", "warning"]
