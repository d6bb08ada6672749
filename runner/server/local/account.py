"""The system user that a local server runs as, and where that user can keep it.

PostgreSQL refuses to run as root, so root hands the server to an unprivileged user; everyone else runs it
themselves.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner import atomic_write
from runner.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_CANDIDATES = ("postgres", "nobody")
_OUTSIDE = Path("/var/lib/runner")  # for root's projects in folders that no one else may enter
_NOTE = "postgres.elsewhere"


@dataclass(frozen=True, slots=True)
class Account:
    """A system user."""

    name: str
    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        """Whether this process runs as that user."""
        return os.geteuid() == self.uid

    def run(self, command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, with an environment that makes it say the same things everywhere."""
        if not self.is_us:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        try:
            return subprocess.run(
                command,
                env={"PATH": os.defpath, "LC_ALL": "C", "HOME": "/", **options.pop("env", {})},
                cwd=options.pop("cwd", "/"),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                umask=0o077,
                check=False,
                **options,
            )
        except PermissionError as error:
            raise ConfigurationError(
                f"cannot run {command[0]} as the user {self.name!r}",
                detail=str(error),
                hint="Run as an ordinary user, or set DATABASE_URL to a server elsewhere.",
            ) from error

    def own(self, path: Path) -> None:
        """Give `path` to this user alone."""
        if not self.is_us:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def write(self, path: Path, text: str, *, append: bool = False) -> None:
        """Write a file that only this user can read.

        The folder may belong to a less privileged user than we are, so links in it are not followed.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_APPEND if append else os.O_TRUNC)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            if not self.is_us:
                os.fchown(file.fileno(), self.uid, self.gid)
            file.write(text)


def account_for(home: Path) -> Account:
    """Return the owner of an existing server's folder, or the user to make a new one for.

    Raises: ConfigurationError when the folder belongs to somebody else, or there is no suitable user.
    """
    uid = os.geteuid()
    try:
        owner = home.stat().st_uid
    except FileNotFoundError:
        owner = None
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {home}: {(error.strerror or 'unknown error').lower()}",
            hint="Run as the user who made the local server, or give this user the folder.",
        ) from error
    if uid != 0:
        if owner not in (None, uid):
            raise ConfigurationError(
                f"the local server in {home} belongs to the user {_name(owner)!r}",
                hint="Run as that user (or as root, who made it), or remove the folder with its data.",
            )
        try:
            return _account(pwd.getpwuid(uid))
        except KeyError as error:
            raise ConfigurationError(
                f"the uid {uid} has no entry in the system's list of users, and PostgreSQL needs one",
                hint="Run as a user with a name, or set DATABASE_URL to a server elsewhere.",
            ) from error
    if owner:
        return Account(_name(owner), owner, home.stat().st_gid)
    for name in _CANDIDATES:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise ConfigurationError(
        "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as",
        hint="Run as an ordinary user.",
    )


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return str(uid)


def find_home(state: Path) -> Path | None:
    """Return the folder of the server's files; None when there is none yet.

    A server that root has put outside the project is found by the note that was left in `state`.
    """
    inside = state / "postgres"
    if inside.exists():
        return inside
    try:
        outside, project = (state / _NOTE).read_text("utf-8").splitlines()[:2]
    except (FileNotFoundError, ValueError):
        return None
    # a copy of the project carries the note with it, but the server is the original's
    return Path(outside) if project == str(state) or not Path(project).exists() else None


def choose_home(state: Path) -> Path:
    """Return the folder to keep a new server in: in the project, or outside if its user cannot enter that."""
    inside = state / "postgres"
    if os.geteuid() != 0:
        return inside
    account = account_for(inside)
    state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="probe-", dir=state) as probe:
        account.own(Path(probe))
        if account.run(["test", "-w", probe]).returncode == 0:
            return inside
    key = hashlib.sha256(str(state).encode()).hexdigest()[:12]
    outside = _OUTSIDE / f"{re.sub(r'[^A-Za-z0-9]+', '-', state.parent.name)[:30]}-{key}"
    atomic_write.write(state / _NOTE, f"{outside}\n{state}\n")
    return outside
