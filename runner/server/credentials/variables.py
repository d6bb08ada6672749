"""Read the environment for one database: `CARTHUB_DB_HOST` before `DB_HOST`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def prefix_of(database: str) -> str:
    """Return the prefix of a database's own variables: `api-server` has `API_SERVER_DATABASE_URL`."""
    return re.sub(r"\W", "_", database).upper() + "_"


class Variable(NamedTuple):
    """One variable that is set; an empty one counts as unset."""

    name: str  # as it is in the environment, for messages
    value: str
    own: bool  # it has this database's prefix
    path: Path | None = None  # the value was read from this file


class Variables(NamedTuple):
    """Looks up a variable with the database's prefix first, then without it."""

    environ: Mapping[str, str]
    database: str | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes to try, the database's own first."""
        return (prefix_of(self.database), "") if self.database else ("",)

    def get(self, name: str, *, prefix: str | None = None) -> Variable | None:
        """Return the variable, or None if it is unset or empty; with `prefix`, try only that one."""
        for each in self.prefixes if prefix is None else (prefix,):
            value = self.environ.get(each + name, "")
            if value.strip():
                return Variable(each + name, value, bool(each))
        return None

    def secret(self, name: str, *, prefix: str | None = None) -> Variable | None:
        """Return the variable, or the content of the file that `<name>_FILE` names, without its last newline.

        Raises: ConfigurationError if both are set, or the file cannot be read or is empty.
        """
        for each in self.prefixes if prefix is None else (prefix,):
            value, path = self.get(name, prefix=each), self.get(f"{name}_FILE", prefix=each)
            if value and path:
                raise ConfigurationError(
                    f"{value.name} and {path.name} are both set", hint="Unset one of them."
                )
            if path:
                return _read(path)
            if value:
                return value
        return None

    def flag(self, name: str) -> bool:
        """Return the value of a true-or-false variable; unset is false."""
        found = self.get(name)
        word = found.value.strip().lower() if found else "no"
        if word not in TRUE | FALSE:
            raise ConfigurationError(
                f"{found.name if found else name} is neither true nor false", hint="Set it to true or false."
            )
        return word in TRUE


def _read(variable: Variable) -> Variable:
    path = Path(variable.value)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}, which {variable.name} names: {(error.strerror or 'unknown error').lower()}",
            hint="Correct the path, or let this user read the file.",
        ) from error
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""  # raised below, as the decoding error would contain the content
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip() or "\0" in text:
        raise ConfigurationError(
            f"{path}, which {variable.name} names, is empty or is not UTF-8 text",
            hint="The file must contain only the value.",
        )
    return Variable(variable.name, text, variable.own, path)
