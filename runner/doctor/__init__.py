"""Whether a migration would run well here and now: each finding with its remedy. Changes nothing."""

from runner.doctor.examine import examine
from runner.doctor.finding import Finding, Level, warning

__all__ = ["Finding", "Level", "examine", "warning"]
