"""Make a data folder: with one order of text everywhere, and open to one system user."""

from __future__ import annotations

import errno
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import RunnerError
from runner.server.local import process
from runner.server.local.process import last_error

if TYPE_CHECKING:
    from runner.server.local.account import Account
    from runner.server.local.installed import Programs

SUPERUSER = "postgres"
# Small, so that it can be left running beside other work; durable, because it holds a developer's data.
_SETTINGS = {
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}
# A test's data need not outlive the machine.
_EPHEMERAL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "max_prepared_transactions": "10",
}


def make(data: Path, programs: Programs, account: Account, *, ephemeral: bool) -> None:
    """Make `data` under another name first: one that is half done is never taken for whole.

    A password is left in the file `password` beside it, for connections by TCP.

    Raises: RunnerError when initdb fails; OSError.
    """
    home = data.parent
    for old in home.glob("unfinished-*"):
        shutil.rmtree(old, ignore_errors=True)
    unfinished = home / "unfinished"
    try:
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=home))
        account.own(unfinished)
        password = home / "password"
        account.write(password, secrets.token_urlsafe(24) + "\n")
        _initdb(unfinished, password, programs, account, ephemeral=ephemeral)
        _configure(unfinished, account, ephemeral=ephemeral)
        unfinished.rename(data)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _failed(home, f"{error.strerror}.", full=True) from error
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _initdb(data: Path, password: Path, programs: Programs, account: Account, *, ephemeral: bool) -> None:
    command = [
        str(programs.bin / "initdb"),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--lc-messages=C",
        "--no-instructions",
        "--no-sync" if ephemeral else "--data-checksums",
    ]
    # text sorts by code point, on every system and in every version alike
    if programs.major >= 17:
        locales = [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    else:
        locales = [["--locale=C.UTF-8"], ["--locale=C"]]  # the second where the system lacks the first
    for locale in locales:
        result = account.run([*command, *locale], env=programs.environment)
        if result.returncode == 0:
            return
        if "invalid locale" not in result.stderr:
            break
    raise _failed(data.parent, last_error(result.stderr), full=process.is_full(data.parent, result.stderr))


def _failed(home: Path, said: str, *, full: bool) -> RunnerError:
    return RunnerError(
        f"cannot make the local data folder in {home}" + (": the disk is full" if full else ""),
        detail=f"initdb says: {said} Nothing was left behind.",
        hint="Make room for 60 MB, then run it again." if full else "Correct that, then run it again.",
    )


def _configure(data: Path, account: Account, *, ephemeral: bool) -> None:
    settings = {**_SETTINGS, **(_EPHEMERAL if ephemeral else {})}
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    account.write(data / "postgresql.conf", f"\n# runner\n{lines}", append=True)
    # The kernel tells who is at the other end of a socket. The server's own user, and root who made it, are
    # the superuser; whoever else could come so far needs a password, like every other role.
    account.write(
        data / "pg_hba.conf",
        f"local all {SUPERUSER} peer map=runner\n"
        "local all all scram-sha-256\n"
        "host all all 127.0.0.1/32 scram-sha-256\n",
    )
    users = {account.name} if account.is_us else {account.name, "root"}
    account.write(data / "pg_ident.conf", "".join(f'runner "{user}" {SUPERUSER}\n' for user in sorted(users)))
