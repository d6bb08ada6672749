"""Where the tests' servers lie: in memory, where databases are made and dropped at a fraction of the cost."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 3 << 30


def server_folder() -> Path:
    """Return a new folder that any server's user can enter; on disk where memory has no room for it."""
    folder = Path(tempfile.mkdtemp(prefix="runner-", dir=_MEMORY if _fits() else None))
    folder.chmod(0o711)
    return folder


def _fits() -> bool:
    # the programs of the wheel, and the image, are unpacked there and started
    return (
        os.access(_MEMORY, os.W_OK)
        and not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    )
