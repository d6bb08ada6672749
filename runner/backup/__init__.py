"""Backups: archives of pg_dump with a manifest, in a folder or a bucket; how long they stay; and the way back."""

from runner.backup.archive import Archive, find
from runner.backup.dump import Source, take
from runner.backup.manifest import ArchiveName, Manifest
from runner.backup.place import Place, open_place
from runner.backup.programs import Program
from runner.backup.restore import Begun, Restoring, restore
from runner.backup.retention import expired, from_future, keep_days_of, orphans, whole
from runner.backup.switch import switch

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
