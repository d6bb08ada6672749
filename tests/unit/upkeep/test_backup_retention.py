"""Which backups go, and which never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runner.errors import UsageError
from runner.server.credentials.s3 import LONGEST_UPLOAD, part_bytes
from runner.upkeep.backup import ArchiveName, expired, from_future, keep_days_of, orphans, whole
from runner.upkeep.backup.place import split
from runner.upkeep.backup.switch import old_name

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def name(days_ago, database="shop", *, schema_only=False):
    return ArchiveName(database=database, taken_at=NOW - timedelta(days=days_ago), schema_only=schema_only)


def days_of(names):
    return [(NOW - each.taken_at).days for each in names]


@pytest.mark.parametrize(
    ("kept", "keep_days", "gone"),
    [
        pytest.param([], 7, [], id="nothing there"),
        pytest.param([0, 1, 8], 7, [], id="exactly as old as allowed stays"),
        pytest.param([0, 1, 9, 10], 7, [10, 9], id="older ones go, the oldest first"),
        pytest.param([0, 8, 9], 7, [], id="the age counts up to the backup before the newest"),
        pytest.param([400], 7, [], id="the only one stays, however old"),
        pytest.param([400, 500], 7, [], id="the two newest stay, however old"),
        pytest.param([400, 401, 500], 7, [500], id="others go by the age they had then"),
        pytest.param([0, 1, 400], 0, [], id="0 keeps all"),
        pytest.param([-3, 0, 1, 9], 7, [9], id="one from the future neither goes nor protects"),
        pytest.param([-3], 7, [], id="only one from the future"),
        pytest.param([0, 365, 366, 390], 30, [], id="a clock that is a year ahead removes none"),
    ],
)
def test_what_is_older_than_the_days_goes_but_never_the_newest(kept, keep_days, gone):
    assert days_of(expired([name(days) for days in kept], now=NOW, keep_days=keep_days)) == gone


def test_a_backup_without_data_replaces_none_that_has_it():
    with_data = [name(40), name(41), name(80)]
    schemas = [name(1, schema_only=True), name(2, schema_only=True), name(45, schema_only=True)]
    assert expired([*with_data, *schemas], now=NOW, keep_days=30) == [with_data[2], schemas[2]]


def test_seconds_ahead_are_not_the_future():
    ahead = name(-1 / 48)
    assert from_future([ahead, name(-2), name(-3)], now=NOW) == [name(-3), name(-2)]


def files(*names):
    return [part for each in names for part in (str(each), each.manifest)]


def test_only_whole_ones_of_this_database_are_looked_at():
    mine = [name(1), name(2)]
    strange = [
        "shop-20260101T000000Z.dump",  # no manifest
        "shop-20260102T000000Z.dump.json",  # no archive
        *files(name(3, "shop-eu"), name(3, "sho")),
        "shop-2026-01-01.dump", "shop-20261301T000000Z.dump", "shop-20260101T000000Z.dump.json.json",
        "by hand.dump", ".shop-20260101T000000Z.dump.part", "README",
    ]  # fmt: skip
    assert whole([*strange, *files(*mine)], "shop") == mine
    assert orphans([*strange, *files(*mine)], "shop") == ["shop-20260102T000000Z.dump.json"]


@pytest.mark.parametrize("database", ["shop", "shop-eu", "a/b c.dump", "größe", "%", "x-20260101T000000Z"])
@pytest.mark.parametrize("schema_only", [False, True])
def test_a_name_says_what_it_was_made_of(database, schema_only):
    made = name(1, database, schema_only=schema_only)
    assert ArchiveName.parse(str(made)) == made
    assert "/" not in str(made)


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        ([], 30),
        (["10"], 10),
        (["10", "shop=7"], 7),
        (["shop=7", "10"], 7),
        (["10", "other=7"], 10),
        (["shop=7", "shop=8"], 8),
        (["shop=0"], 0),
    ],
)
def test_days_are_for_all_or_for_one(texts, days):
    assert keep_days_of(texts, "shop") == days


@pytest.mark.parametrize("text", ["", "=7", "shop=", "seven", "-1", "shop=-1", "7d", "²"])
def test_days_that_are_none(text):
    with pytest.raises(UsageError) as caught:
        keep_days_of([text], "shop")
    assert "--keep-days carthub=7" in caught.value.hint


@pytest.mark.parametrize(
    ("where", "parts"),
    [
        ("/backups", ("/backups", None)),
        ("s3://b/p/", ("s3://b/p/", None)),
        ("s3://b/p/shop-20260101T000000Z.dump", ("s3://b/p/", "shop-20260101T000000Z.dump")),
        ("s3://b/shop-20260101T000000Z.dump", ("s3://b/", "shop-20260101T000000Z.dump")),
        ("shop-20260101T000000Z.dump", (".", "shop-20260101T000000Z.dump")),
        ("/shop-20260101T000000Z.dump", ("/", "shop-20260101T000000Z.dump")),
        ("kept/shop-20260101T000000Z.schema.dump", ("kept/", "shop-20260101T000000Z.schema.dump")),
    ],
)
def test_a_place_or_an_archive_in_it(where, parts):
    assert split(where) == parts


def test_parts_grow_so_that_ten_thousand_hold_almost_half_a_terabyte():
    sizes = [part_bytes(sent) for sent in range(LONGEST_UPLOAD)]
    assert sizes[0] == 8 << 20
    assert max(sizes) == 128 << 20
    assert sum(sizes) > 480 << 30


def test_two_switches_within_a_second_keep_both_old_databases():
    now = datetime(2026, 11, 27, 14, 19, 15, tzinfo=UTC)
    first = old_name("shop", now)
    assert first == "shop_before_20261127T141915Z"
    assert old_name("shop", now, {first}) == f"{first}_2"
    long = "d" * 63
    assert len(old_name(long, now, {old_name(long, now)})) == 63
