"""How databases are, as metrics: a level and a number of rows for each query, and the numbers of those with labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.report.openmetrics import Gauge, name_of, render
from runner.upkeep.health import Level

if TYPE_CHECKING:
    from runner.commands.health import Health
    from runner.upkeep.health import Answer

_PREFIX = "runner_health"
_LEVELS = {Level.PROBLEM: 2, Level.WARNING: 1, Level.OK: 0, Level.INFO: 0}
# a column's unit, the unit of its metric, and what leads from the one to the other
_UNITS = (("_ms", "_seconds", 0.001), ("_s", "_seconds", 1), ("_percent", "_ratio", 0.01))


def metrics(results: Sequence[Health]) -> str:
    """Return the text; what was skipped or is not known has no level."""
    found = _Found()
    for result in results:
        for answer in result.answers:
            found.add(result.database, answer)
    return render(found.gauges.values())


class _Found:
    def __init__(self) -> None:
        self.gauges: dict[str, Gauge] = {}

    def add(self, database: str, answer: Answer) -> None:
        labels = {"database": database, "query": answer.query.name}
        if answer.level in _LEVELS:
            self._set("level", "0 well or not weighed, 1 warning, 2 problem", _LEVELS[answer.level], labels)
            self._set("rows", "rows of the answer", len(answer.rows), labels)
            self._set("rows_found", "rows beyond a threshold", len(answer.found), labels)
        self._set(
            "unknown", "1 where the query could not be asked", int(answer.level is Level.UNKNOWN), labels
        )
        self._set("duration_seconds", "time that the query took", round(answer.elapsed_s, 6), labels)
        if answer.query.labels is not None:
            self._add_numbers(database, answer, answer.query.labels)

    def _add_numbers(self, database: str, answer: Answer, labels: Sequence[str]) -> None:
        for row in answer.rows:
            named = {"database": database}
            for label in labels:
                named[name_of("of", label) if label in named else name_of(label)] = str(row.values[label])
            for column, value in row.values.items():
                if column not in labels and isinstance(value, int | float):
                    name, factor = _unit(column)
                    self._set(
                        name_of(answer.query.name, name),
                        answer.query.shows,
                        value * factor if factor != 1 else +value,
                        named,
                    )

    def _set(self, name: str, text: str, value: float, labels: dict[str, str]) -> None:
        full = f"{_PREFIX}_{name}"
        self.gauges.setdefault(full, Gauge(full, text)).set(value, labels)


def _unit(column: str) -> tuple[str, float]:
    for suffix, unit, factor in _UNITS:
        if column.endswith(suffix):
            return column.removesuffix(suffix) + unit, factor
    return column, 1
