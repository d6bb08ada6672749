"""Whether a migration would run well here and now: each finding with its remedy. Changes nothing."""

from runner.upkeep.doctor.examine import examine
from runner.upkeep.doctor.finding import Finding, Level, warning

__all__ = ["Finding", "Level", "examine", "warning"]
