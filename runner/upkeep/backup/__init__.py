"""Backups: pg_dump archives with a manifest, in a folder or a bucket; their retention; restoring them."""

from runner.upkeep.backup.archive import Archive, find
from runner.upkeep.backup.dump import Source, take
from runner.upkeep.backup.manifest import ArchiveName, Manifest
from runner.upkeep.backup.place import Place, open_place
from runner.upkeep.backup.programs import Program
from runner.upkeep.backup.restoring import Begun, Restoring, restore
from runner.upkeep.backup.retention import expired, from_future, keep_days_of, orphans, whole
from runner.upkeep.backup.switch import switch

__all__ = [
    "Archive",
    "ArchiveName",
    "Begun",
    "Manifest",
    "Place",
    "Program",
    "Restoring",
    "Source",
    "expired",
    "find",
    "from_future",
    "keep_days_of",
    "open_place",
    "orphans",
    "restore",
    "switch",
    "take",
    "whole",
]
