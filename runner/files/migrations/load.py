"""Read the files of one database, each once, in time linear in their number."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from runner.errors import FileError, Location
from runner.files.migrations.directives import Directives, read_directives
from runner.files.migrations.layout import Layout, Source, no_migrations
from runner.files.migrations.migration import (
    LARGE_BYTES,
    Checksum,
    Decoder,
    Kind,
    Migration,
    Script,
    checksum_of,
    decode,
    read_pieces,
)
from runner.files.migrations.other_tools import foreign_mark, foreign_names
from runner.wording import nearest

ROLLBACK = ".rollback.sql"
_HEAD_BYTES = 1 << 16  # of a large file, searched for its leading comment


def load(layout: Layout, project: Path) -> list[Migration]:
    """Read every file of a database, in yoyo's order: the sources as given, each by name.

    Raises: FileError for the first file that cannot be accepted; ConfigurationError when there is none at all.
    """
    migrations = [m for source in layout.sources for m in _read_source(source, project)]
    if not any(m.kind is not Kind.REPEATABLE for m in migrations):
        raise no_migrations(_label(layout.newest.path, project))
    _refuse_twins(migrations)
    return _with_unknown_depends(migrations, project)


def _read_source(source: Source, project: Path) -> Iterator[Migration]:
    files = _files(source.path, project)
    rollbacks = {name.removesuffix(ROLLBACK): path for name, path in files.items() if name.endswith(ROLLBACK)}
    if source.down is not None:
        below = _files(source.down, project) if source.down.is_dir() else {}
        rollbacks |= {
            name.removesuffix(".sql"): path for name, path in below.items() if name.endswith(".sql")
        }
    ids = {path.stem for name, path in files.items() if not name.endswith((ROLLBACK, ".py"))}
    foreign = foreign_names(
        ids,
        lambda id_: Location(_label(source.path / f"{id_}.sql", project)),
        repeatable=source.repeatable,
    )
    for name, path in sorted(files.items()):
        if name.endswith(ROLLBACK):
            continue
        id_, suffix = path.stem, path.suffix
        if suffix == ".py":
            yield python_migration(path, project)
            continue
        migration = _migration(id_, path, rollbacks.pop(id_, None), source, project)
        yield replace(migration, foreign=foreign[id_]) if id_ in foreign else migration
    for id_, path in rollbacks.items():
        expected = source.path / f"{id_}.sql"
        raise FileError(
            f"a rollback without its migration: {expected.name} is missing",
            where=Location(_label(path, project)),
            hint="Restore the migration or remove the rollback."
            + (
                f" {hint}"
                if (hint := nearest(expected.name, [name for name in files if not name.endswith(ROLLBACK)]))
                else ""
            ),
        )


def _files(folder: Path, project: Path) -> dict[str, Path]:
    """Return the SQL and Python files of a folder by name, without hidden files."""
    found: dict[str, Path] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            _, dot, suffix = entry.name.rpartition(".")
            if not dot or entry.name.startswith(".") or suffix.lower() not in {"sql", "py"}:
                continue
            path = folder / entry.name
            misspelt = suffix.lower() == "sql" != suffix
            if misspelt or not entry.name.isprintable() or not _is_file(entry):
                raise _not_a_migration(entry, suffix, path, project)
            found[entry.name] = path
    return found


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a circular link
        return False


def _not_a_migration(entry: os.DirEntry[str], suffix: str, path: Path, project: Path) -> FileError:
    where = Location(_label(path, project).encode("utf-8", "backslashreplace").decode())
    if not entry.name.isprintable():
        return FileError("the file's name is not printable UTF-8", where=where, hint="Rename the file.")
    try:
        entry.stat()
    except OSError as error:
        return _unreadable(error, where)
    if entry.is_dir():
        return FileError(f"{entry.name} is a folder", where=where, hint="Rename it, or move its files up.")
    if not entry.is_file():
        return FileError(f"{entry.name} is not a file", where=where, hint="Replace it with a plain file.")
    return FileError(
        f"the suffix is .{suffix}",
        where=where,
        hint="Rename it to end in .sql; yoyo would ignore it.",
    )


def read_migration(path: Path, project: Path) -> Migration:
    """Read one migration and the rollback beside it.

    Raises: FileError.
    """
    rollback = path.with_suffix(ROLLBACK)
    source = Source(path=path.parent)
    migration = _migration(path.stem, path, rollback if rollback.exists() else None, source, project)
    return replace(migration, foreign=foreign_mark(migration.apply))


def _migration(id_: str, path: Path, rollback: Path | None, source: Source, project: Path) -> Migration:
    script, directives = read_script(path, project)
    transactional = directives.transactional is not False
    back, irreversible = None, directives.irreversible
    if rollback is not None:
        back, back_directives = read_script(rollback, project)
        # like yoyo, which runs both directions as the migration asks, unless the rollback asks for something else
        own = back_directives.transactional
        back = back_directives.applied_to(back, transactional=transactional if own is None else own)
        irreversible = irreversible or back_directives.irreversible
        if back_directives.depends:
            misplaced = back.error(
                "depends in a rollback",
                back_directives.depends[0][1],
                hint="Write it in the migration itself.",
            )
            back = replace(back, problems=(*back.problems, misplaced))
    kind = (
        Kind.REPEATABLE
        if source.repeatable
        else Kind.HOOK
        if id_.startswith("post-apply")
        else Kind.VERSIONED
    )
    return Migration(
        id=id_,
        kind=kind,
        apply=directives.applied_to(script, transactional=transactional),
        rollback=back,
        depends=tuple(dict.fromkeys(name for name, _ in directives.depends)),
        irreversible=irreversible,
    )


def python_migration(path: Path, project: Path) -> Migration:
    """Return a Python migration of yoyo's, which is known and never run."""
    id_ = path.stem
    data = _read(path, project)
    script = Script(
        path=path, label=_label(path, project), text="", checksum=checksum_of(data), size_bytes=len(data)
    )
    return Migration(id=id_, kind=Kind.PYTHON, apply=script)


def read_script(path: Path, project: Path) -> tuple[Script, Directives]:
    """Read one file and its leading directives.

    Raises: FileError.
    """
    label = _label(path, project)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            large = size > LARGE_BYTES
            data, checksum = _head_and_checksum(file) if large else _whole_and_checksum(file)
    except OSError as error:
        raise _unreadable(error, Location(label)) from error
    text = Decoder(label).decode(data) if large else decode(data, label)
    script = Script(path=path, label=label, text=None if large else text, checksum=checksum, size_bytes=size)
    return script, read_directives(script, text, project)


def _whole_and_checksum(file: BinaryIO) -> tuple[bytes, str]:
    data = file.read()
    return data, checksum_of(data)


def _head_and_checksum(file: BinaryIO) -> tuple[bytes, str]:
    """Return the first bytes of a large file, and the checksum of all of it, in one pass."""
    head, checksum = b"", Checksum()
    for data in read_pieces(file):
        head = head or data[:_HEAD_BYTES]
        checksum.update(data)
    return head, checksum.hexdigest()


def script_from_history(name: str, text: str, *, transactional: bool | None, project: Path) -> Script:
    """Return SQL from history as a script, with the directives of its leading comment.

    With `transactional` None the comment decides that too.
    """
    data = text.encode()
    script = Script(
        path=Path(f"{name}.sql"),
        label=f"{name}.sql (from history)",
        text=text,
        checksum=checksum_of(data),
        size_bytes=len(data),
    )
    directives = read_directives(script, text, project)
    directives.problems.clear()  # it was accepted when it was stored, and cannot be edited
    if transactional is None:
        transactional = directives.transactional is not False
    return directives.applied_to(script, transactional=transactional)


def _read(path: Path, project: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(error, Location(_label(path, project))) from error


def _refuse_twins(migrations: Sequence[Migration]) -> None:
    seen: dict[str, Migration] = {}
    for migration in migrations:
        twin = seen.setdefault(migration.id, migration)
        if twin is not migration:
            raise FileError(
                f'two files have the id "{migration.id}"',
                where=Location(migration.apply.label),
                detail=f"The other is {twin.apply.label}.",
                hint="The id is the file's name without its suffix. Rename one of them.",
            )


def _with_unknown_depends(migrations: Sequence[Migration], project: Path) -> list[Migration]:
    """Return the migrations, with a problem added to those whose `-- depends:` names no migration."""
    ids = {m.id for m in migrations if m.kind is not Kind.HOOK}
    found = []
    for migration in migrations:
        unknown = tuple(name for name in migration.depends if name not in ids)
        if unknown:
            migration = replace(
                _with_problem(migration, _unknown_depends(migration, unknown[0], ids, project)),
                depends=tuple(name for name in migration.depends if name in ids),
                unknown_depends=unknown,
            )
        found.append(migration)
    return found


def _unknown_depends(migration: Migration, name: str, ids: set[str], project: Path) -> FileError:
    text = "".join(migration.apply.pieces())
    offsets = dict(read_directives(migration.apply, text, project).depends)
    return migration.apply.error(
        f'depends names "{name}", which is not a migration',
        offsets[name],
        hint=nearest(name.strip(","), sorted(ids))
        or "Write ids, separated by spaces. If the line is prose, begin it with another word.",
    )


def _with_problem(migration: Migration, problem: FileError) -> Migration:
    apply = migration.apply
    return replace(migration, apply=replace(apply, problems=(*apply.problems, problem)))


def _unreadable(error: OSError, where: Location) -> FileError:
    return FileError(
        f"cannot read the file: {error.strerror}",
        where=where,
        hint="Check the file's permissions and, if it is a link, its target.",
    )


def _label(path: Path, project: Path) -> str:
    return str(path).removeprefix(os.path.join(project, ""))  # noqa: PTH118 - Path.relative_to is slow
