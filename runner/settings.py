"""Options, environment and `runner.toml`, read once into frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError, Location
from runner.limits import DEFAULT, Limits
from runner.wording import nearest

CONFIG_FILE = "runner.toml"
TABLES = ("health", "lint")  # the tables of runner.toml; every other key is an option
_PROJECT_MARKS = (CONFIG_FILE, "migrations", "yoyo.ini")


class Secret:
    """A value that is never shown: its `repr` and `str` are `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one run; paths are absolute."""

    project: Path
    environ: Mapping[str, str] = field(repr=False)
    url: Secret | None = None  # --url
    url_option: str = "--url"  # as messages name it
    yoyo_url: Secret | None = None  # `database` in yoyo.ini
    database: str | None = None  # --database
    migrations_dirs: tuple[
        Path, ...
    ] = ()  # --migrations-dir, or yoyo.ini's sources; empty: the layout decides
    functions_dir: Path
    schema_dir: Path
    health_dir: Path
    history_schema: str | None = None
    migration_table: str = "_yoyo_migration"
    limits: Limits = DEFAULT
    direct_url: Secret | None = None  # --direct-url: bypasses a pooler
    session_pool: bool = False  # --session-pool
    ignore: tuple[str, ...] = ()  # --ignore: what may differ from the snapshot

    def label(self, path: Path) -> str:
        """Return a path as shown to people: relative to the project if it is inside."""
        return str(path.relative_to(self.project)) if path.is_relative_to(self.project) else str(path)

    @property
    def project_database(self) -> str:
        """The database's name in a project that does not name it: that of the project's folder."""
        return re.sub(r"\W+", "_", self.project.name.lower()).strip("_")[:63] or "app"

    @property
    def state_dir(self) -> Path:
        """Where the local server lives; ignored by git."""
        return self.project / ".local"


def load(*, environ: Mapping[str, str], project: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Return the settings of one run.

    `flags` holds what Click has merged from the command line, the environment and `runner.toml`; None means
    not given. What is still missing is read from yoyo.ini, if yoyo has such a setting.

    Raises: ConfigurationError when yoyo.ini cannot be read.
    """
    project = project.absolute() if project is not None else find_project(Path.cwd())
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    yoyo = _read_yoyo_ini(project, environ)
    sources = given.get("migrations_dirs") or yoyo.get("sources", "").split()
    url = given.get("url")
    return Settings(
        project=project,
        environ=environ,
        url=None if url is None else Secret(url),
        yoyo_url=Secret(yoyo["database"]) if yoyo.get("database") else None,
        database=given.get("database"),
        migrations_dirs=tuple(project / path for path in sources),
        functions_dir=project / given.get("functions_dir", "sql/functions"),
        schema_dir=project / given.get("schema_dir", "sql/schema"),
        health_dir=project / given.get("health_dir", "sql/health"),
        history_schema=given.get("history_schema"),
        migration_table=yoyo.get("migration_table", "_yoyo_migration"),
        direct_url=Secret(given["direct_url"]) if "direct_url" in given else None,
        session_pool=bool(given.get("session_pool")),
        ignore=tuple(given.get("ignore", ())),
        limits=Limits(**{name: given[name] for name in Limits.__slots__ if name in given}),
    )


def find_project(start: Path) -> Path:
    """Return the nearest folder at or above `start` that has migrations or a settings file, or else `start`."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _PROJECT_MARKS):
            return folder
    return start


def read_config(project: Path) -> dict[str, Any]:
    """Read `runner.toml`, with `-` in keys replaced by `_`; a missing file counts as empty.

    Raises: ConfigurationError when the file is not TOML or cannot be read.
    """
    path = project / CONFIG_FILE
    if not path.exists():
        return {}
    import tomllib  # for start-up time

    try:
        parsed = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"cannot read {CONFIG_FILE}: {error}",
            where=Location(path),
            hint="Correct the file; see docs/settings.md.",
        ) from error
    return {key.replace("-", "_"): value for key, value in parsed.items()}


def check_keys(values: Mapping[str, Any], project: Path, known: Sequence[str]) -> None:
    """Refuse a key that is no option.

    Raises: ConfigurationError that names the nearest option; also if a key that must be a table is not one.
    """
    for key in values:
        if key in TABLES:
            if not isinstance(values[key], dict):
                raise ConfigurationError(
                    f'"{key}" must be a table',
                    where=Location(project / CONFIG_FILE),
                    hint=f"Write [{key}].",
                )
        elif key not in known:
            raise ConfigurationError(
                f'unknown setting "{key}"',
                where=Location(project / CONFIG_FILE),
                hint=nearest(key, known)
                or "The settings are the long options of the commands, with _ for -.",
            )


def is_ignored(patterns: Sequence[str], kind: str, identity: str) -> bool:
    """Return whether one of the project's patterns sets this object aside."""
    # an environment variable is cut at spaces, so a colon stands for one there
    return any(fnmatchcase(f"{kind} {identity}", pattern.replace(":", " ", 1)) for pattern in patterns)


def _read_yoyo_ini(project: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Read yoyo's settings file: sources, database, migration_table.

    As in yoyo, `%(here)s` is the file's folder and `%(NAME)s` an environment variable.
    Source: yoyo's documentation, "Configuration file".
    """
    path = project / "yoyo.ini"
    if not path.is_file():
        return {}
    import configparser  # for start-up time

    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text("utf-8"), str(path))
        section = parser["DEFAULT"]
        variables = {name.lower(): value.replace("%", "%%") for name, value in environ.items()}
        variables["here"] = str(project).replace("%", "%%")
        # a variable serves interpolation only: one named DATABASE must not override the file's own key
        usable = {name: value for name, value in variables.items() if name not in section}
        wanted = ("sources", "database", "migration_table")
        return {name: parser.get("DEFAULT", name, vars=usable) for name in wanted if name in section}
    except configparser.InterpolationError as error:
        line = None
        said = f'"{error.option}" has a % that is neither %% nor %(NAME)s with a NAME that is set'
        hint = (
            "Write %% for a percent sign, also before the two digits of a percent-encoded character: p%%40ss"
        )
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(
            (number for number, _ in getattr(error, "errors", ())), None
        )
        said = "it is not an INI file" if line is None else f"line {line} is not INI syntax"
        hint = "Correct the file, or move its settings to runner.toml."
    except (OSError, UnicodeDecodeError) as error:
        line = None
        said = str(error)
        hint = "Correct the file, or move its settings to runner.toml."
    # outside of the handlers: configparser's errors quote the line, and a URL in it has a password
    raise ConfigurationError(f"cannot read yoyo.ini: {said}", where=Location(path, line), hint=hint)
