"""Recognize dumps that runner did not make by their first bytes, and give the command that restores them."""

from __future__ import annotations

import shlex
from pathlib import Path

from runner.errors import UsageError

_PG_RESTORE = (b"PGDMP", b"toc.dat")  # pg_dump's formats custom and tar
_GZIP = b"\x1f\x8b"
_TABLE_OF_CONTENTS = "toc.dat"  # in a folder: pg_dump's format directory
_HEAD_BYTES = 16


def refuse(where: str, *, into: str, database: str | None) -> None:
    """Refuse a dump that is not one of ours, with the command that restores it.

    Such a dump has no manifest, so `restore` cannot check it.

    Raises: UsageError.
    """
    kind = _kind(where)
    if kind is None:
        return
    raise UsageError(
        f"{where} is not a backup that runner made: {_WORDS[kind]}",
        detail="A backup of runner has a name such as carthub-20260102T030405Z.dump, which shows its database and time, "
        "and a manifest beside it to check it against. Nothing was restored.",
        hint=by_hand(where, kind, into=into, database=database),
    )


def by_hand(where: str, kind: str, *, into: str, database: str | None) -> str:
    """Return the command that restores a dump into a database of its own, as a hint."""
    exec_ = f"runner exec{f' -d {shlex.quote(database)}' if database else ''} --"
    file, name = shlex.quote(where), shlex.quote(into)
    psql = f"{exec_} psql -X -v ON_ERROR_STOP=1 --single-transaction -d {name}"
    pg_restore = f"{exec_} pg_restore --exit-on-error --single-transaction -d {name}"
    stream = f"aws s3 cp {file} - |" if where.startswith("s3://") else None
    command = {
        "archive": f"{stream} {pg_restore}" if stream else f"{pg_restore} {file}",
        "gzip": f"{stream} gunzip -c | {psql}" if stream else f"gunzip -c {file} | {psql}",
        "sql": f"{stream} {psql}" if stream else f"{psql} -f {file}",
    }[kind]
    return f"Restore it without a check: {exec_} createdb -T template0 {name} && {command}"


_WORDS = {
    "archive": "it is a dump for pg_restore under another name",
    "gzip": "it is a compressed SQL script",
    "sql": "it is an SQL script",
}


def _kind(where: str) -> str | None:
    """Return its kind, or None if it may be a folder of backups."""
    if where.startswith("s3://"):
        lower = where.lower()
        return next(
            (
                kind
                for kind, ends in (("gzip", (".sql.gz",)), ("sql", (".sql",)), ("archive", (".dump",)))
                if lower.endswith(ends)
            ),
            None,
        )
    path = Path(where)
    if path.is_dir():
        return "archive" if (path / _TABLE_OF_CONTENTS).is_file() else None
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise UsageError(
            f"cannot read {where}: {(error.strerror or 'unknown error').lower()}",
            detail="Nothing was restored.",
            hint="Let this user read it, or give another one.",
        ) from error
    if head.startswith(_PG_RESTORE):
        return "archive"
    return "gzip" if head.startswith(_GZIP) else "sql"
