"""The steps that are done, and the callbacks that report them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runner.engine.plan import Step
from runner.events import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One step that is committed."""

    step: Step
    elapsed_s: float
    rows: int | None = None  # that it changed in batches or loaded


@dataclass(frozen=True, slots=True)
class Listener:
    """Callbacks for what happens during a run."""

    begins: Callable[[Step], None] = lambda _: None
    done: Callable[[Done], None] = lambda _: None
    warns: Callable[[str], None] = lambda _: None
    tells: Say = lambda _: None  # what goes on within a step
