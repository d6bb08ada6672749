"""What is written as OpenMetrics is read by another's parser."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from runner.progress.metrics import Metrics
from runner.report.openmetrics import Gauge, name_of, render


def parsed(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    families = text_string_to_metric_families(text)
    return {family.name: [(sample.labels, sample.value) for sample in family.samples] for family in families}


@pytest.mark.parametrize("label", ["plain", 'a "quoted" one', "back\\slash", "two\nlines", "äöü €", ""])
def test_labels_come_back_as_they_were(label):
    gauge = Gauge("a_bytes", 'help with "quotes", \\ and\na line')
    gauge.set(12, {"name": label})
    assert parsed(render([gauge])) == {"a_bytes": [({"name": label}, 12.0)]}


def test_numbers_keep_their_precision():
    gauge = Gauge("a_ratio", "help")
    for n, value in enumerate([0, 2**53 - 1, 0.1, -1.5e-9]):
        gauge.set(value, {"n": str(n)})
    assert [value for _, value in parsed(render([gauge]))["a_ratio"]] == [0, 2**53 - 1, 0.1, -1.5e-9]


def test_of_the_same_labels_the_first_value_stays_and_nothing_is_an_empty_text():
    gauge = Gauge("a", "help")
    gauge.set(1, {})
    gauge.set(2, {})
    assert parsed(render([gauge])) == {"a": [({}, 1.0)]}
    assert render([Gauge("b", "help")]) == "# EOF\n"


def test_names_hold_only_what_they_may():
    assert name_of("runner", "größe (bytes)") == "runner_gr__e__bytes_"


def test_the_last_success_outlives_a_failure():
    good = Metrics("migrate").rendered(0)
    bad = Metrics("migrate").rendered(4, good)
    assert parsed(bad)["runner_run_exit_code"] == [({"command": "migrate"}, 4.0)]
    assert (
        parsed(bad)["runner_last_success_timestamp_seconds"]
        == parsed(good)["runner_last_success_timestamp_seconds"]
    )
    assert "runner_last_success_timestamp_seconds" not in parsed(Metrics("rollback").rendered(1, good))
