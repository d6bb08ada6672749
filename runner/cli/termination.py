"""Write a container's termination log, which `kubectl describe pod` and the API show."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

_KUBELETS = "/dev/termination-log"
_KEPT_BYTES = 4096  # the kubelet reads no more


def leave_word(line: str, environ: Mapping[str, str]) -> None:
    """Write `line` to Kubernetes' termination log, or to the file that RUNNER_TERMINATION_LOG names, if there is one."""
    named = environ.get("RUNNER_TERMINATION_LOG")
    if not named and "KUBERNETES_SERVICE_HOST" not in environ:
        return
    flags = os.O_WRONLY | os.O_TRUNC | (os.O_CREAT if named else 0)
    # stderr has the whole error; a missing or full file must not hide it behind another
    with suppress(OSError), os.fdopen(os.open(named or _KUBELETS, flags, 0o644), "wb") as file:
        file.write(line.encode()[:_KEPT_BYTES].decode(errors="ignore").encode())
