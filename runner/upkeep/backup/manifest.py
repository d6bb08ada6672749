"""The manifest of a backup: a small JSON file beside the archive."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from runner.errors import RunnerError

FORMAT = 1
SUFFIX = ".json"
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(?P<database>[^/]+)-(?P<stamp>\d{8}T\d{6}Z)(?P<schema>\.schema)?\.dump")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveName:
    """The name of an archive, which contains its database, its time, and whether it has data."""

    database: str
    taken_at: datetime  # UTC, whole seconds
    schema_only: bool = False

    def __str__(self) -> str:
        kind = ".schema" if self.schema_only else ""
        return f"{quote(self.database, safe='')}-{self.taken_at:{_STAMP}}{kind}.dump"

    @property
    def manifest(self) -> str:
        """The name of its manifest."""
        return f"{self}{SUFFIX}"

    @classmethod
    def parse(cls, text: str) -> ArchiveName | None:
        """Parse a name; return None if it is not one of ours."""
        match = _NAME.fullmatch(text)
        if match is None:
            return None
        try:
            taken_at = datetime.strptime(match["stamp"], _STAMP).replace(tzinfo=UTC)
        except ValueError:
            return None
        name = cls(
            database=unquote(match["database"]), taken_at=taken_at, schema_only=match["schema"] is not None
        )
        return name if str(name) == text else None


def is_of(name: str, database: str) -> bool:
    """Return whether this is the name of an archive of `database`, or of its manifest."""
    found = ArchiveName.parse(name.removesuffix(SUFFIX))
    return found is not None and found.database == database


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """A database's encoding and collation; a restored one must have the same."""

    encoding: str
    collate: str
    ctype: str
    provider: str  # pg_database.datlocprovider: c, i, b
    icu: str | None  # the locale of the providers i and b


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of the database in the snapshot that was dumped."""

    dbname: str
    server_version: str
    locale: Locale
    roles: tuple[str, ...]  # owners and grantees: they belong to the server, not to the archive
    migrations: tuple[str, ...]  # the applied ones, oldest first
    schema: str  # the catalog as canonical SQL, as in sql/schema/

    @property
    def newest(self) -> str | None:
        """The newest applied migration."""
        return self.migrations[-1] if self.migrations else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The content of an archive, and how to check that it is complete."""

    database: str
    taken_at: datetime
    schema_only: bool
    size_bytes: int
    sha256: str
    pg_dump_version: str
    checked: str  # how it was proved that the archive can be read
    actor: str
    git_commit: str | None
    facts: Facts

    @property
    def name(self) -> ArchiveName:
        """The archive's name."""
        return ArchiveName(database=self.database, taken_at=self.taken_at, schema_only=self.schema_only)

    def to_json(self) -> bytes:
        """Return the file's content."""
        value = asdict(self) | {"taken_at": self.taken_at.isoformat()}
        facts = value.pop("facts")
        value |= {"newest_migration": self.facts.newest, **facts}
        return (json.dumps({"format": FORMAT, **value}, ensure_ascii=False, indent=2) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes, *, label: str) -> Manifest:
        """Read a manifest.

        Raises: RunnerError when it is not one, or was written by a newer runner.
        """
        try:
            held: Any = json.loads(content)
            if held["format"] != FORMAT:
                raise _unusable(
                    label,
                    f"Its format is {held['format']}; this runner knows {FORMAT}.",
                    "Use a newer runner.",
                )
            facts = Facts(
                dbname=held["dbname"],
                server_version=held["server_version"],
                locale=Locale(**held["locale"]),
                roles=tuple(held["roles"]),
                migrations=tuple(held["migrations"]),
                schema=held["schema"],
            )
            return cls(
                taken_at=datetime.fromisoformat(held["taken_at"]),
                facts=facts,
                **{
                    key: held[key]
                    for key in (
                        "database", "schema_only", "size_bytes", "sha256", "pg_dump_version", "checked", "actor",
                        "git_commit",
                    )
                },
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unusable(
                label,
                f"{type(error).__name__}: {error}.",
                "Restore another backup: the content of this one cannot be checked.",
            ) from error


def _unusable(label: str, detail: str, hint: str) -> RunnerError:
    return RunnerError(
        f"cannot read the manifest {label}", detail=f"{detail} Nothing was restored.", hint=hint
    )
