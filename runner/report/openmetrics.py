"""OpenMetrics text, the form that Prometheus and node_exporter's textfile collector read.

Source: "OpenMetrics, a cloud-native, highly scalable metrics protocol", 1.0, sections 3 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_UNNAMEABLE = re.compile(r"[^a-zA-Z0-9_]")
_UNITS = ("bytes", "seconds", "ratio")


@dataclass(slots=True)
class Gauge:
    """One metric, with a value for each set of labels."""

    name: str
    help: str
    samples: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)

    def set(self, value: float, labels: Mapping[str, str]) -> None:
        """Take a value; the first of the same labels stays."""
        self.samples.setdefault(tuple(labels.items()), value)


def render(gauges: Iterable[Gauge]) -> str:
    """Return the text, with the line that says it is whole."""
    return "".join(line + "\n" for gauge in gauges for line in _lines(gauge)) + "# EOF\n"


def name_of(*parts: str) -> str:
    """Return a metric's name, or a label's, of words that may hold anything."""
    return _UNNAMEABLE.sub("_", "_".join(parts))


def _lines(gauge: Gauge) -> Iterator[str]:
    if not gauge.samples:
        return
    yield f"# TYPE {gauge.name} gauge"
    unit = gauge.name.rpartition("_")[2]
    if unit in _UNITS:
        yield f"# UNIT {gauge.name} {unit}"
    yield f"# HELP {gauge.name} {_escaped(gauge.help)}"
    for labels, value in gauge.samples.items():
        named = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
        yield f"{gauge.name}{{{named}}} {_number(value)}" if named else f"{gauge.name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))
