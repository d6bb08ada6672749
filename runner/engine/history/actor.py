"""Who runs this, where, and from which commit; works for a uid without a passwd entry, too."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from runner import __version__
from runner.engine.history.encoding import storable
from runner.engine.history.names import IMAGE_MARK
from runner.settings import Settings

_ACTORS = (
    "RUNNER_ACTOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "CODEBUILD_INITIATOR",
    "BUILD_USER_ID",
    "SUDO_USER",
    "USER",
    "LOGNAME",
)
_COMMITS = (
    "RUNNER_GIT_COMMIT",
    "GIT_COMMIT",
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
)


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or pipeline behind a run."""

    name: str
    host: str
    git_commit: str | None
    image: str | None = None  # the container image that this is

    @property
    def program(self) -> str:
        """What history names as the writer of a row: our version, and the image that holds us.

        Not a column of its own: adding one needs the owner of history's tables, and a role that may only write them
        could then migrate no more.
        """
        return __version__ if self.image is None else f"{__version__}{IMAGE_MARK}{self.image}"

    @classmethod
    def of(cls, environ: Mapping[str, str], project: Path) -> Actor:
        """Read the environment; DNS is not asked, and the user database need not know us."""
        name = next((environ[key] for key in _ACTORS if environ.get(key)), None) or _login_name()
        commit = next((environ[key] for key in _COMMITS if environ.get(key)), None)
        return cls(
            name, socket.gethostname(), commit or _checked_out(project), environ.get("RUNNER_IMAGE") or None
        )

    def stored_by(self, conn: psycopg.Connection[Any]) -> Actor:
        """Return it as the encoding of the database can hold it."""
        image = None if self.image is None else storable(conn, self.image)
        return replace(self, name=storable(conn, self.name), host=storable(conn, self.host), image=image)


def actor_of(settings: Settings, conn: psycopg.Connection[Any] | None = None) -> Actor:
    """Return who runs this, as the encoding of a connection's database can hold it."""
    actor = Actor.of(settings.environ, settings.project)
    return actor if conn is None else actor.stored_by(conn)


def _login_name() -> str:
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _checked_out(project: Path) -> str | None:
    if not (project / ".git").exists():
        return None
    try:
        found = subprocess.run(
            ["git", "-C", str(project), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
