"""What the encoding of the database can hold: SQL is sent as UTF-8, and the server converts it, comments too."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import psycopg
from psycopg import errors

from runner.errors import FileError, Location
from runner.files.migrations.migration import Migration, Script

Connection = psycopg.Connection[Any]

_MOST = 10  # characters that one error names
_QUERY = "SELECT pg_catalog.length(pg_catalog.convert(%b, 'UTF8', %s))"


def narrow_encoding(conn: Connection) -> str | None:
    """Return the database's encoding if it may lack a character; SQL_ASCII lacks none, as it converts nothing."""
    encoding = conn.info.parameter_status("server_encoding")
    return None if encoding in {None, "UTF8", "SQL_ASCII"} else encoding


def require_storable(
    conn: Connection, migrations: Iterable[Migration], scripts: Iterable[Script] = ()
) -> None:
    """Refuse files with a character that the encoding of the database lacks: they cannot be sent, nor kept in history.

    Of a migration both files and the id are kept.

    Raises: FileError that points at the first such character.
    """
    encoding = narrow_encoding(conn)
    if encoding is None:
        return
    first: dict[str, tuple[Script, int | None]] = {}  # where each character is; None: in the file's name
    kept = list(migrations)
    for migration in kept:
        for letter in filter(lambda letter: not letter.isascii(), migration.id):
            first.setdefault(letter, (migration.apply, None))
    undoing = (migration.rollback for migration in kept if migration.rollback is not None)
    for script in (*(migration.apply for migration in kept), *undoing, *scripts):
        for letter, offset in _others(script):
            first.setdefault(letter, (script, offset))
    lacking = _lacking(conn, encoding, list(first))
    if not lacking:
        return
    letter, *others = lacking
    script, place = first[letter]
    also = f" Nor can it hold {', '.join(map(_called, others))}." if others else ""
    raise FileError(
        f"the database's encoding {encoding} cannot hold {_called(letter)}",
        where=Location(script.label) if place is None else script.location(place),
        detail=f"A file is converted as a whole, with its comments, and so is its record in history.{also} Nothing was run.",
        hint="Replace the character, or move to a database in UTF8.",
    )


def storable(conn: Connection, text: str) -> str:
    """Return a text with a question mark for each character that the encoding of the database lacks."""
    if text.isascii() or (encoding := narrow_encoding(conn)) is None:
        return text
    lacking = _lacking(conn, encoding, sorted(set(text)), most=len(text))
    return "".join("?" if letter in lacking else letter for letter in text)


def _others(script: Script) -> Iterable[tuple[str, int]]:
    """Yield each character that is not ASCII, once a piece, with its first offset in the file."""
    base = 0
    for piece in script.pieces():
        if not piece.isascii():
            others = (letter for letter in set(piece) if not letter.isascii())
            yield from sorted(((letter, base + piece.index(letter)) for letter in others), key=itemgetter(1))
        base += len(piece)


def _lacking(conn: Connection, encoding: str, letters: Sequence[str], most: int = _MOST) -> list[str]:
    """Return the characters that the server cannot convert, by halves; its message may be in any language."""
    if not letters or _converts(conn, encoding, letters):
        return []
    if len(letters) == 1:
        return list(letters)
    half = len(letters) // 2
    found = _lacking(conn, encoding, letters[:half], most)
    return found if len(found) >= most else (found + _lacking(conn, encoding, letters[half:], most))[:most]


def _converts(conn: Connection, encoding: str, letters: Sequence[str]) -> bool:
    try:
        with conn.transaction():
            conn.execute(_QUERY, ["".join(letters).encode(), encoding])
    except (errors.UntranslatableCharacter, errors.CharacterNotInRepertoire):
        return False
    return True


def _called(letter: str) -> str:
    return f'"{letter}" (U+{ord(letter):04X} {unicodedata.name(letter, "without a name").lower()})'
