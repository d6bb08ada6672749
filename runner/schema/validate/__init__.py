"""Whether the database matches the committed snapshot, and what else a DBA should know of its schema."""

from typing import TYPE_CHECKING

from runner.deferred import deferred
from runner.schema.validate.compare import Tolerance, Validation, mismatch, validate, validate_applied

if TYPE_CHECKING:
    from runner.schema.validate.concern import Concern, concerns
else:
    __getattr__ = deferred(__name__, concern=("Concern", "concerns"))

__all__ = ["Concern", "Tolerance", "Validation", "concerns", "mismatch", "validate", "validate_applied"]
