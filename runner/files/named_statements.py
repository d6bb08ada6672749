"""Read statements that have names, as an application keeps them: `-- name: get_user :one`, then the SQL.

Source: the forms of sqlc (`:one`, `@name`, `sqlc.arg(name)`), aiosql (`get_user^`, `:name`) and HugSQL (`-- :name get_user :? :1`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runner.errors import FileError, Location
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.tokens import SqlSyntaxError, Token, tokens, without_comments

_NAME = re.compile(
    r"^[ \t]*--[ \t]*(?:name[ \t]*:|:name[ \t])[ \t]*(?P<name>[\w.-]+?)(?P<mark>[\^!<$*#?]*)(?:\([\w, ]*\)[\^!<$*#?]*)?"
    r"(?:[ \t]+:(?P<kind>\S+).*)?[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_LIKE_A_NAME = re.compile(r"^[ \t]*--[ \t]*(?:name[ \t]*:|:name[ \t]).*$", re.MULTILINE | re.IGNORECASE)
_LOAD = re.compile(
    r"^--[ \t]*(?:calls:[ \t]*(?P<calls>\d[\d,.]*)[ \t]*an hour)?,?[ \t]*(?:mean[ \t]*(?P<mean>\d[\d,.]*)[ \t]*ms)?[ \t]*$",
    re.MULTILINE,
)
_SQLC = frozenset({"arg", "narg", "slice"})
_OPERATOR = frozenset("+-*/<>=~!@#%^&|`?:")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedStatement:
    """A statement of an application; its parameters are `$1`, `$2` and so on."""

    name: str
    kind: str | None = None  # what it gives, as the file says: one, many, exec, …
    sql: str
    where: Location
    calls_per_hour: float | None = None
    mean_ms: float | None = None


def find(place: Path, label: str) -> list[NamedStatement]:
    """Return the statements of a file, or of all .sql files in a folder, in the order of paths.

    Raises: FileError for a file that cannot be read, or where no statement has a name.
    """
    paths = sorted(place.rglob("*.sql")) if place.is_dir() else [place]
    found = []
    for path in paths:
        shown = label if path == place else f"{label}/{path.relative_to(place)}"
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(
                f"cannot read the statements: {error}",
                where=Location(shown),
                hint="Name a file or folder of SQL in UTF-8, each statement behind a line: -- name: get_user :one",
            ) from error
        found += read(text, shown)
    return told_apart(found)


def read(text: str, label: str) -> list[NamedStatement]:
    """Return the named statements of a text.

    Raises: FileError where none has a name, one is empty, or the text cannot be split into statements.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    heads = list(_NAME.finditer(text))
    known = {head.start() for head in heads}
    for line in _LIKE_A_NAME.finditer(text):
        if line.start() not in known:
            raise FileError(
                f"this is no name: {line[0].strip()}",
                where=Location(label, line=_line(text, line.start())),
                hint="A name has letters, digits, _, . and -; then a kind may follow: -- name: get_user :one",
            )
    if not heads:
        raise FileError(
            "no statement has a name",
            where=Location(label),
            hint="Write a line before each: -- name: get_user :one",
        )
    if any(statements([text[: heads[0].start()]])):
        raise FileError(
            "a statement before the first name",
            where=Location(label, line=1),
            hint="Write a line before it: -- name: get_user :one",
        )
    return [
        statement
        for head, end in zip(heads, [*(head.start() for head in heads[1:]), len(text)], strict=True)
        for statement in _block(text, head, end, label)
    ]


def _block(text: str, head: re.Match[str], end: int, label: str) -> Iterator[NamedStatement]:
    body = text[head.end() : end]
    where = Location(label, line=_line(text, head.start("name")))
    try:
        inside = list(statements([body]))
    except SqlSyntaxError as error:
        at = Location(label, line=_line(text, head.end() + error.offset))
        raise FileError(str(error), where=at, hint=error.hint) from error
    if not inside:
        raise FileError(
            f"{head['name']} is empty", where=where, hint="Write its statement below the line, or remove it."
        )
    load = next((m for m in _LOAD.finditer(body[: inside[0].start]) if m["calls"] or m["mean"]), None)
    for number, statement in enumerate(inside, 1):
        yield NamedStatement(
            name=head["name"] if len(inside) == 1 else f"{head['name']}_{number}",
            kind=head["kind"] or head["mark"] or None,
            sql=numbered(statement.text),
            where=where,
            calls_per_hour=_number(load["calls"]) if load else None,
            mean_ms=_number(load["mean"]) if load else None,
        )


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _number(text: str | None) -> float | None:
    return None if text is None else float(text.replace(",", ""))


def told_apart(found: Sequence[NamedStatement]) -> list[NamedStatement]:
    """Return the statements with a name each of its own: one that is used again gets its file's, then a number."""
    names = Counter(statement.name for statement in found)
    taken: set[str] = set()
    apart = []
    for statement in found:
        name = statement.name
        if names[name] > 1 and len({str(s.where.path) for s in found if s.name == name}) > 1:
            name = f"{str(statement.where.path).removesuffix('.sql')}.{name}"
        free, number = name, 2
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        taken.add(free)
        apart.append(replace(statement, name=free))
    return apart


def numbered(text: str) -> str:
    """Return a statement with `$n` in the place of `:name`, `@name`, `%(name)s` and `sqlc.arg(name)`; comments are left out."""
    found = [token for token in tokens(text) if not token.is_comment]
    highest = max((int(n) for n in re.findall(r"\$(\d+)", text)), default=0)
    numbers: dict[str, int] = {}
    pieces, at, index = [], 0, 0
    while index < len(found):
        name, used = _parameter(found, index)
        if name is None:
            index += 1
            continue
        number = numbers.setdefault(name, highest + len(numbers) + 1)
        last = found[index + used - 1]
        pieces += [text[at : found[index].start], f"${number}"]
        at, index = last.start + len(last.text), index + used
    pieces.append(text[at:])
    return without_comments("".join(pieces)).strip()


def _parameter(found: Sequence[Token], index: int) -> tuple[str | None, int]:
    """Return the name of the parameter that begins at a token, and how many tokens it has."""
    token, before = found[index], found[index - 1] if index else None
    rest = found[index + 1 : index + 6]
    words = [t.text for t in rest]
    touched = before if before is not None and _adjacent(before, token) else None
    if not rest or not (_adjacent(token, rest[0]) or token.text == "%"):
        return None, 1
    if token.text == ":" and rest[0].kind in {"word", "string", "name"} and not _ends_operand(touched):
        return words[0].strip("'\""), 2
    if token.text == "@" and rest[0].kind == "word" and (touched is None or touched.text not in _OPERATOR):
        return words[0], 2
    if token.text == "%" and words[0] == "(" and words[2:4] == [")", "s"]:
        return words[1], 5
    if token.text.lower() == "sqlc" and words[0] == "." and words[1].lower() in _SQLC and words[4:5] == [")"]:
        return words[3].strip("'"), 6
    return None, 1


def _ends_operand(token: Token | None) -> bool:
    """Return whether a colon after this token is one of a slice or a cast."""
    return token is not None and (token.kind in {"word", "number", "name"} or token.text in {":", "]", ")"})


def _adjacent(one: Token, other: Token) -> bool:
    return one.start + len(one.text) == other.start
