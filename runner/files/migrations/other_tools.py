"""Recognize the files of other migration tools: run as ours, their undoing half would run too.

Sources: each tool's documentation on its file names and comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from runner.errors import FileError, Location
from runner.files.migrations.migration import Migration, Script
from runner.files.migrations.unseen import as_seen
from runner.files.sqltext.tokens import SqlSyntaxError, tokens

_DOCS = "See docs/files.md, Files of another tool."
_SHOWN = 10
_SECTIONS = "a tool with up and down sections"

# what follows the two dashes of a comment on a line of its own
_MARKS = (
    ("goose", r"\+goose\s+(?:up|down|statementbegin|statementend|no\s+transaction|envsub\s+\w+)"),
    ("sql-migrate", r"\+migrate\s+(?:up|down|statementbegin|statementend)\b.*"),
    ("micrate", r"\+micrate\s+(?:up|down|statementbegin|statementend)\b.*"),
    ("dbmate", r"migrate:(?:up|down)\b.*"),
    ("node-pg-migrate", r"[\s-]*(?:up|down)\s+migration(?:[\s.-]*|\s*[:(-].*)"),
    ("tern", r"-+\s*create above\s*/\s*drop below\s*-+"),
    ("Liquibase", r"liquibase\s+formatted\s+sql.*|changeset\s+[^\s:]+:\S+.*"),
    ("Play evolutions", r"-*\s*!(?:ups|downs)"),
    ("MyBatis Migrations", r"(?://)?\s*@undo\b.*"),
    ("rambler", r"rambler\s+(?:up|down)\b.*"),
    ("shmig", r"=+\s*(?:up|down)\s*=+"),
    ("Atlas", r"atlas:(?:txmode|checkpoint|delimiter|txtar|import|assert)\b.*"),
    ("graphile-migrate", r"!\s*(?:previous|hash|allowinvalidhash):.*"),
    ("sqitch", r"(?:deploy\s+\S+\s+to|revert\s+\S+\s+from|verify\s+\S+\s+on)\s+pg"),
)
# A heading is one of these words, with signs, digits and words of _FILLERS around it. It counts only if both halves
# have one: alone it is prose.
_DO_WORDS = frozenset(
    {"up", "ups", "do", "apply", "forward", "forwards", "upgrade", "deploy", "migrate", "migration"}
)
_UNDO_WORDS = frozenset(
    {
        "down",
        "downs",
        "undo",
        "unapply",
        "rollback",
        "revert",
        "reverse",
        "backward",
        "backwards",
        "back",
        "downgrade",
    }
)
_FILLERS = frozenset({
    "migration", "migrations", "migrate", "script", "scripts", "section", "part", "sql", "step", "steps", "changes",
    "statement", "statements", "code", "block", "query", "queries", "command", "commands", "begin", "start", "end",
    "direction", "above", "below",
})  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_MARKED = "|".join(
    (
        "micrate|create above|liquibase|changeset|rambler|atlas:|previous|hash|allowinvalidhash|goose|verify|roll(?:ing)? back",
        *sorted(_DO_WORDS | _UNDO_WORDS | _FILLERS),
    )
)
_OPENED = re.compile(r"--|/\*")
_LINE_END = re.compile(r"[\n\r]")

_UNDO = r"(?:down|undo|revert|rollback|reverse|backwards?|downgrade)"
_DO = r"(?:up|do|apply|deploy|migrate|forwards?|upgrade)"
_DOTTED = re.compile(r".+\.(?:up|(?P<undo>down))", re.IGNORECASE)
_POSTGRATOR = re.compile(r"\d+\.(?:do|(?P<undo>undo))(?:\..*)?", re.IGNORECASE)
_FLYWAY = re.compile(r"V\d[\d._]*__.*|(?P<other>B\d[\d._]*__.*|(?P<undo>U)\d[\d._]*__.*|R__.*)")
_VERSION = re.compile(r"V\d[\d._]*__")
_UNDOES = re.compile(rf"(?:(?P<stem>.*)[._-])?{_UNDO}|{_UNDO}[._-](?P<rest>\d.*)", re.IGNORECASE | re.DOTALL)
_DOES = re.compile(rf"(?:(?P<stem>.*)[._-])?{_DO}|{_DO}[._-](?P<rest>\d.*)", re.IGNORECASE | re.DOTALL)


class ForeignFileError(FileError):
    """A file or folder laid out for another tool."""


def _foreign(message: str, where: Location, *, detail: str, hint: str) -> ForeignFileError:
    return ForeignFileError(message, where=where, detail=f"{detail} Nothing was run.", hint=f"{hint} {_DOCS}")


def foreign_folder(folder: Path, names: Collection[str], label: str) -> ForeignFileError | None:
    """Return an error if a folder is another tool's, judged by the names in it and one level below."""
    tool = _tool_of_folder(folder, set(names))
    if tool is None:
        return None
    return _foreign(
        f"{label} is a folder of {tool}",
        Location(label),
        detail="runner reads another layout.",
        hint="Copy each migration to migrations/NNNN_name.sql, and what undoes it to migrations/NNNN_name.rollback.sql, "
        f"in the order in which {tool.partition(' ')[0]} applied them. If they are applied already, then run: "
        "runner baseline.",
    )


def _tool_of_folder(folder: Path, names: set[str]) -> str | None:
    if "sqitch.plan" in names or {"deploy", "revert"} <= names:
        return "sqitch"
    if "migration_lock.toml" in names:
        return "Prisma"
    if folder.parent.name == "supabase" and (folder.parent / "config.toml").is_file():
        return "Supabase"
    if {"up.sql", "down.sql"} <= names:
        return "diesel"
    if (folder / "meta" / "_journal.json").is_file():
        return "Drizzle"
    if "committed" in names and "current.sql" in names:
        return "graphile-migrate"
    if "sqls" in names and any(name.endswith(".js") for name in names):
        return "db-migrate"
    for name in names:
        if name.endswith((".sql", ".py")):
            continue
        if (folder / name / "migration.sql").is_file():
            return "Prisma"
        if (folder / name / "up.sql").is_file():
            return "diesel or Hasura"
    return None


def foreign_project(project: Path, label: str) -> ForeignFileError | None:
    """Return an error if a project without a folder of ours has one of another tool."""
    if (project / "sqitch.plan").is_file():
        return foreign_folder(project, {"sqitch.plan"}, "sqitch.plan")
    for place in ("prisma/migrations", "supabase/migrations"):
        folder = project / place
        if folder.is_dir():
            found = foreign_folder(folder, {path.name for path in folder.iterdir()}, place)
            if found is not None:
                found.message = f"no folder {label}; {found.message}"
                return found
    return None


def foreign_names(
    ids: Collection[str], place: Callable[[str], Location], *, repeatable: bool
) -> dict[str, ForeignFileError]:
    """Return an error by id for each file in a folder that is named for another tool; a repeatable may be R__name."""
    flyway = not repeatable and _is_flyway(ids)
    found = ((id_, _foreign_name(id_, ids, place, flyway=flyway)) for id_ in ids)
    return {id_: error for id_, error in found if error is not None}


def _foreign_name(
    id_: str, ids: Collection[str], place: Callable[[str], Location], *, flyway: bool
) -> ForeignFileError | None:
    for tool, pattern in (
        ("golang-migrate or sqlx", _DOTTED),
        ("postgrator", _POSTGRATOR),
        ("Flyway", _FLYWAY),
    ):
        match = pattern.fullmatch(id_)
        if match is not None and (tool != "Flyway" or flyway):
            return _foreign(
                f"{id_}.sql is named as a file of {tool}",
                place(id_),
                detail="It undoes another file, but would be run as a migration."
                if match["undo"]
                else _BY_NAME,
                hint=_RENAME.format(tool=tool.partition(" ")[0]),
            )
    undone = _undone_by(id_, ids)
    if undone is None:
        return None
    return _foreign(
        f"{id_}.sql is named as the undo of {undone}.sql",
        place(id_),
        detail="It would be run as a migration.",
        hint=_RENAME.format(tool="another tool"),
    )


def _is_flyway(ids: Collection[str]) -> bool:
    """Return whether files named V1__name are Flyway's: one undoes or repeats, or they are not in order of name."""
    versions = sorted(id_ for id_ in ids if _VERSION.match(id_))
    numbers = [tuple(map(int, re.findall(r"\d+", id_.partition("__")[0]))) for id_ in versions]
    return numbers != sorted(numbers) or any(
        match["other"] is not None for id_ in ids if (match := _FLYWAY.fullmatch(id_)) is not None
    )


_BY_NAME = "That tool reads the order, and what undoes what, from the names; runner does not."
_RENAME = (
    "Rename what applies to NNNN_name.sql, and what undoes it to NNNN_name.rollback.sql. If {tool} has applied them "
    "already, then run: runner baseline."
)


def _undone_by(id_: str, ids: Collection[str]) -> str | None:
    """Return the file that this one undoes by its name: 0001_users_down beside 0001_users_up."""
    if id_[:1] in {"U", "u"} and id_[1:2].isdigit() and id_[1:] in ids:
        return id_[1:]
    match = _UNDOES.fullmatch(id_)
    if match is None:
        return None
    stem, rest = match["stem"], match["rest"]
    if stem is not None and any(c.isdigit() for c in stem) and stem in ids:
        return stem
    for other in ids:
        does = _DOES.fullmatch(other)
        if does is not None and (does["stem"], does["rest"]) == (stem, rest):
            return other
    return rest if rest is not None and rest in ids else None


def foreign_mark(script: Script) -> ForeignFileError | None:
    """Return an error for the first comment that is a mark of another tool; reads a large file to its end."""
    headings: dict[bool, tuple[int, str]] = {}
    for offset, comment in _comments(script):
        tool, undoes = _tool_of(comment), _undoes(comment)
        if (tool is None and undoes is None) or not _is_comment(script, offset):
            continue
        if tool is not None:
            return _marked(script, tool, offset, comment)
        if undoes is not None:
            headings.setdefault(undoes, (offset, comment))
        if len(headings) == 2:
            return _marked(script, _SECTIONS, *headings[True])
    return None


def _tool_of(comment: str) -> str | None:
    """Return the tool whose mark a comment is; the patterns are compiled only for a candidate."""
    if not comment.startswith("--"):
        return None
    text = as_seen(comment[2:]).strip()
    return next((tool for tool, mark in _MARKS if re.fullmatch(mark, text, re.IGNORECASE)), None)


def _undoes(comment: str) -> bool | None:
    """Return whether a comment is the heading of what undoes the file, or of what applies; None if it is no heading."""
    words = [word.lower() for word in _WORD.findall(as_seen(" ".join(comment.split())).replace("_", " "))]
    if words in (["roll", "back"], ["rolling", "back"]):
        return True
    if len(words) > 1:
        words = [word for word in words if word not in _FILLERS] or words[:1]
    if len(words) != 1 or words[0] not in _DO_WORDS | _UNDO_WORDS:
        return None
    return words[0] in _UNDO_WORDS


def _marked(script: Script, tool: str, offset: int, comment: str) -> ForeignFileError:
    stem = script.path.name.removesuffix(".sql").removesuffix(".rollback")
    return _foreign(
        f"this is a file of {tool}",
        script.location(offset),
        detail=f"runner would ignore the comment {_shown(comment)} and run the whole file.",
        hint=f"Put what applies in {stem}.sql, what undoes it in {stem}.rollback.sql, and remove the marks. If {tool} "
        "has applied it already, then run: runner baseline.",
    )


def _shown(comment: str) -> str:
    return " ".join(comment.split()) + (" */" if comment.startswith("/*") else "")


def _comments(script: Script) -> Iterator[tuple[int, str]]:
    """Yield candidates: comments at the start of a line, with their offsets."""
    base, held = 0, ""
    for piece in script.pieces():
        text = held + piece
        cut = len(text) if script.text is not None else text.rfind("\n") + 1
        yield from _comments_in(text[:cut], base)
        base, held = base + cut, text[cut:]
    yield from _comments_in(held, base)


@lru_cache(maxsize=1)
def _candidate() -> re.Pattern[str]:
    """Return the pattern of comments to look at, compiled when there is a pending file: most runs find none."""
    return re.compile(
        rf"--(?=[^A-Za-z\n\r]{{0,100}}(?:{_MARKED})\b)[^\n\r]*|/\*(?=[^A-Za-z]{{0,300}}(?:{_MARKED})\b)(?:[^*]|\*(?!/)){{0,600}}",
        re.IGNORECASE,
    )


def _comments_in(text: str, base: int) -> Iterator[tuple[int, str]]:
    pos = 0
    while (opened := _OPENED.search(text, pos)) is not None:
        start = opened.start()
        line = text.rfind("\n", 0, start) + 1
        line = text.rfind("\r", line, start) + 1 or line
        found = None if text[line:start].strip() else _candidate().match(text, start)
        if found is not None:
            yield base + start, found[0].strip()
        end = _LINE_END.search(text, start)  # of a line, only its start is looked at: it may be long
        if end is None:
            return
        pos = end.end()


def _is_comment(script: Script, offset: int) -> bool:
    """Return whether PostgreSQL sees a comment there, too: not inside a string, a body or a longer comment."""
    try:
        for token in tokens("".join(script.pieces())):
            if token.start >= offset:
                return token.start == offset
            if token.start + len(token.text) > offset:
                return False
    except SqlSyntaxError:
        return True
    return False


def refuse_foreign(files: Sequence[Migration], applied: Collection[str] = ()) -> None:
    """Refuse files of another tool that are not applied; reads every such file.

    Raises: ForeignFileError that names the first and lists the others.
    """
    found: list[FileError] = []
    for migration in files:
        if migration.id in applied:
            continue
        if migration.foreign is not None:
            found.append(migration.foreign)
            continue
        scripts = (migration.apply, *(() if migration.rollback is None else (migration.rollback,)))
        found += [error for script in scripts if (error := foreign_mark(script)) is not None]
    if found:
        first, *others = found
        places = ", ".join(str(error.where) for error in others[:_SHOWN])
        more = f"\nSo are: {places}{', …' if len(others) > _SHOWN else ''}" if others else ""
        raise ForeignFileError(
            first.message, where=first.where, detail=f"{first.detail}{more}", hint=first.hint
        )
