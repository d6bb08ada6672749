"""Check that a client program is new enough for the server."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.server.credentials import Target

_BOUND = {"pg_dump", "pg_dumpall"}
_ASKS_NOTHING = {"--version", "-V", "--help", "-?"}


def check_version(program: str, arguments: Sequence[str], target: Target) -> None:
    """Refuse a pg_dump older than the server; it would refuse itself, but only after it began its output file.

    Raises: UsageError; what `connect` raises.
    """
    if Path(program).name not in _BOUND or _ASKS_NOTHING.intersection(arguments):
        return
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    if version is None:
        return
    from runner.server.connection.connect import connect

    with closing(connect(target, session_pool=True)) as session:  # a pooler takes no `options`
        server = session.info.server_version // 10_000
    if int(version[1]) < server:
        raise UsageError(
            f"{Path(program).name} is version {version[1]} and refuses a newer server, and the server is PostgreSQL {server}",
            detail=f"{program} was not started.",
            hint=f"Install the client tools of PostgreSQL {server} (Debian: postgresql-client-{server}; "
            f"our image: --build-arg POSTGRES_CLIENT={server}), or give the program's whole path.",
        )
