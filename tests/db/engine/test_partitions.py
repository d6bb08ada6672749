"""Partitions that the application makes are no drift; what has another shape is. What `--ignore` names may differ."""

from __future__ import annotations

import json

import pytest

PARENT = """
CREATE TABLE u (id bigint PRIMARY KEY);
CREATE TABLE e (id bigint REFERENCES u, day date CHECK (day > '2000-01-01'), note text DEFAULT 'x', PRIMARY KEY (id, day))
    PARTITION BY RANGE (day);
CREATE INDEX e_note_idx ON e (note);
CREATE TABLE e_2025 PARTITION OF e FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
"""
NEXT = "CREATE TABLE e_2026 PARTITION OF e FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"


@pytest.fixture
def partitioned(project):
    """A migrated project with a partitioned table and a snapshot of it."""
    project.environ["RUNNER_SCRATCH_URL"] = project.url
    project.write("0001_e", PARENT)
    project.ok("snapshot")
    project.ok("migrate")
    return project


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(NEXT, id="PARTITION OF"),
        pytest.param(f"{NEXT}; COMMENT ON TABLE e_2026 IS 'this year'", id="with a comment"),
        pytest.param(
            "CREATE TABLE e_2026 (LIKE e INCLUDING ALL);"
            " ALTER TABLE e ATTACH PARTITION e_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
            id="attached",
        ),
        pytest.param(
            f"{NEXT} PARTITION BY RANGE (day);"
            " CREATE TABLE e_2026_01 PARTITION OF e_2026 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
            id="with partitions of its own",
        ),
    ],
)
def test_a_partition_with_the_shape_of_its_parent_is_no_drift(made, partitioned):
    partitioned.query(made)
    partitioned.write("0002_more", "ALTER TABLE u ADD COLUMN note text;")
    partitioned.ok("snapshot")
    assert "schema validated" in partitioned.ok("migrate").out
    (database,) = json.loads(partitioned.ok("validate", "--json").out)["databases"]
    assert "unexpected table public.e_2026" in database["set_aside"]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(f"{NEXT}; CREATE INDEX own_idx ON e_2026 (day)", id="an index of its own"),
        pytest.param(f"{NEXT}; ALTER TABLE e_2026 ALTER note SET DEFAULT 'y'", id="another default"),
        pytest.param(
            f"{NEXT}; ALTER TABLE e_2026 ADD CONSTRAINT c CHECK (id > 0)", id="a constraint of its own"
        ),
        pytest.param("CREATE TABLE e_2026 (LIKE e INCLUDING ALL)", id="no partition"),
    ],
)
def test_a_partition_of_another_shape_is_drift(made, partitioned):
    partitioned.query(made)
    done = partitioned.run("validate")
    assert done.code == 3
    assert "unexpected table public.e_2026" in done.out


def test_a_partition_that_is_gone_is_drift_unless_it_is_ignored(partitioned):
    partitioned.query("DROP TABLE e_2025")
    assert partitioned.run("validate").code == 3
    partitioned.ok("validate", "--ignore", "table:public.e_*")


def test_a_snapshot_is_not_stale_for_what_is_ignored(partitioned):
    partitioned.write("0002_more", "CREATE TABLE tmp_a (id int);")
    assert partitioned.run("snapshot", "--check").code == 3
    partitioned.ok("snapshot", "--check", "--ignore", "table:public.tmp_*")
    assert partitioned.run("snapshot", "--check", "--ignore", "table:public.other_*").code == 3
    partitioned.ok("snapshot", "--ignore", "table:public.tmp_*")
    assert "tmp_a" in (partitioned.root / "sql/schema/schema.sql").read_text()


def test_a_baseline_passes_over_what_is_ignored_and_what_the_application_makes(project):
    project.environ["RUNNER_SCRATCH_URL"] = project.url
    project.write("0001_e", PARENT)
    project.query(f"{PARENT}; {NEXT}; CREATE TABLE theirs (id int)")
    refused = project.run("baseline")
    assert refused.code == 3
    assert "--ignore 'table:schema.*'" in refused.err
    done = project.ok("baseline", "--ignore", "table:public.theirs")
    (set_aside,) = (line for line in done.out.splitlines() if "set aside:" in line)
    assert "unexpected table public.theirs" in set_aside
    assert "e_" in set_aside, "the partition that the application made"
    assert project.applied() == ["0001_e"]
