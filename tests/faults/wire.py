"""PostgreSQL's protocol, as far as one must know it to cut a conversation at a chosen message.

Source: PostgreSQL, "Frontend/Backend Protocol", chapters "Message Flow" and "Message Formats" (version 3.0).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_COMMIT = re.compile(rb"(?:^|[\0;])\s*COMMIT\b")
_CANCEL, _SSL, _GSS = 80877102, 80877103, 80877104


class Side(Enum):
    """Who speaks."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message; `kind` is its type byte, or a word for those that have none."""

    side: Side
    kind: str
    data: bytes

    @property
    def ends_turn(self) -> bool:
        """Whether the server answers a client's message at once, instead of waiting for more."""
        return self.side is Side.CLIENT and self.kind in {"startup", "p", "Q", "S", "c", "f", "F"}

    @property
    def answers(self) -> bool:
        """Whether the server waits for the client after this message of its own."""
        return self.side is Side.SERVER and (
            self.kind in {"Z", "G"} or (self.kind == "R" and self.data[5:9] != b"\0\0\0\0")
        )

    @property
    def commits(self) -> bool:
        """Whether this is the client's word that commits, or the server's that it is done."""
        if self.side is Side.SERVER:
            return self.kind == "C" and self.data[5:] == b"COMMIT\0"
        return self.kind in {"Q", "P"} and _COMMIT.search(self.data[5:]) is not None

    @property
    def backend_pid(self) -> int | None:
        """The process that serves the session, where the server tells it."""
        return int.from_bytes(self.data[5:9], "big") if self.kind == "K" else None

    def __str__(self) -> str:
        return f"{self.side.value} {self.kind} {self.data[5:60]!r}"


class Framing:
    """Cuts the bytes of one side into messages, in whatever pieces they arrive."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._typed = side is Side.SERVER  # a client's first messages have no type
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that `data` completes."""
        self._held += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Message | None:
        head = 5 if self._typed else 8
        if len(self._held) < head:
            return None
        size = struct.unpack_from("!I", self._held, 1 if self._typed else 0)[0] + self._typed
        if len(self._held) < size:
            return None
        data = bytes(self._held[:size])
        del self._held[:size]
        return Message(self._side, chr(data[0]) if self._typed else self._first(data), data)

    def _first(self, data: bytes) -> str:
        code = struct.unpack_from("!I", data, 4)[0]
        if code in {_SSL, _GSS}:
            return "encryption"
        if code == _CANCEL:
            return "cancel"
        self._typed = True
        return "startup"
