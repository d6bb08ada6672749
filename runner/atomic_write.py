"""Write a file so that at any moment, even on a full disk, it is either the old file or the complete new one."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from runner.errors import ConfigurationError, RunnerError

# the folder accepts no second file, or the file is a mount of its own, so it can only be written in place
_ONLY_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY}
_MOST_LINKS = 40  # as Linux has it
_FULL = {errno.ENOSPC, errno.EDQUOT}


def write(path: Path, content: str | bytes, *, parents: bool = False) -> None:
    """Write a new file beside it, and rename. Mode and owner are kept; of a link, the target is replaced.

    A terminal, a pipe, /dev/stdout and anything else that is no ordinary file is written in place. With
    `parents` missing folders are created.

    Raises: RunnerError when the disk is full, ConfigurationError for anything else; both name the path.
    """
    data = content.encode() if isinstance(content, str) else content
    kept = True
    try:
        target = _behind_links(path)
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        if _is_special(target):
            kept = False
            target.write_bytes(data)
            return
        try:
            _replace(target, data)
        except OSError as error:
            if error.errno not in _ONLY_IN_PLACE or not os.access(target, os.W_OK):
                raise
            kept = False
            target.write_bytes(data)
    except OSError as error:
        raise _error(error, path, kept=kept) from error


def _behind_links(path: Path) -> Path:
    """Follow links, one by one. A link into /dev or /proc stands for an open file, and is not replaced."""
    for _ in range(_MOST_LINKS):
        if not path.is_symlink() or _is_open_file(path):
            return path
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def _is_open_file(path: Path) -> bool:
    return path.absolute().parts[1:2] in {("dev",), ("proc",)}


def _is_special(path: Path) -> bool:
    if _is_open_file(path):
        return True
    try:
        return not S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _replace(path: Path, data: bytes) -> None:
    try:
        before = path.stat()
    except FileNotFoundError:
        before = None
    beside = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
    beside.unlink(missing_ok=True)  # left by a killed process with the same pid
    try:
        with beside.open("xb") as file:
            if before is not None:
                with suppress(PermissionError):
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
                os.fchmod(file.fileno(), before.st_mode & 0o7777)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    with suppress(OSError):  # some file systems cannot sync a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _error(error: OSError, path: Path, *, kept: bool) -> RunnerError:
    state = (
        "The file is as it was."
        if kept or error.errno == errno.EISDIR
        else "The file may be incomplete, as it could only be written in place."
    )
    if error.errno in _FULL:
        return RunnerError(
            f"no space left to write {path}",
            detail=state,
            hint="Free space there, then run the command again.",
        )
    return ConfigurationError(
        f"cannot write {path}: {(error.strerror or str(error)).lower()}",
        detail=state,
        hint="Correct the path, or let this user write there.",
    )
