"""botocore's data files, read once in a process: a session of its own reads megabytes of them at each start."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader, Loader

_load_file = JSONFileLoader.load_file


@cache
def _read(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


def remember() -> None:
    """Let all sessions of this process, and of its forks, share what is read."""
    JSONFileLoader.load_file = lambda _, path: _read(path)


def read(*services: str) -> None:
    """Read what a client of each service needs."""
    loader = Loader()
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
    for service in services:
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind)
