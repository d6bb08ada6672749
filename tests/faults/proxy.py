"""A proxy between a program and PostgreSQL that does harm at a chosen message.

Places are counted, not timed: a first run without faults is recorded, and tells what there is to be cut.
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.faults.wire import Framing, Message, Side

_PIECE = 1 << 18
_SO_ATTACH_FILTER, _BPF_RETURN = 26, 6  # Source: Linux, asm-generic/socket.h, linux/bpf_common.h
_RESET = struct.pack("ii", 1, 0)  # linger on, for no time: closing sends RST


@dataclass(frozen=True, slots=True)
class Step:
    """A place in the conversation: the `number`th message of a side, over all sessions, from 1."""

    side: Side
    number: int
    passed: int | None = 0  # how many of its bytes go on before; None: all
    containing: bytes = b""  # only messages with these bytes count

    def counts(self, message: Message) -> bool:
        """Whether a message is one of those that are counted."""
        return message.side is self.side and self.containing in message.data

    def __str__(self) -> str:
        how = {None: "after", 0: "before"}.get(self.passed, f"{self.passed} bytes into")
        return f"{how} {self.side.value} message {self.number}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done, and where."""

    step: Step
    act: Callable[[Link], None]


class LinkCutError(Exception):
    """The session is over, by our own doing."""


class Proxy:
    """Listens on a port of its own and passes sessions on; each fault happens once, in the order given.

    The steps of a later fault count from the one before it. Cancel requests pass uncounted.
    """

    def __init__(self, upstream: tuple[str, int], faults: Sequence[Fault] = ()) -> None:
        self._upstream = upstream
        self._due = list(faults)
        self._guard = threading.Lock()
        self._counted = 0
        self.links: list[Link] = []
        self.record: list[Message] = []  # what was said since the last fault
        self.fired: list[Fault] = []
        self.problems: list[
            BaseException
        ] = []  # of the acts themselves: a trial that has some proves nothing
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() does not
        self._listener.close()
        self._thread.join()
        for link in self.links:
            link.end()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._upstream)
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.links.append(Link(self, client, server))

    def take(self, message: Message) -> Fault | None:
        """Count a message and return the fault that is due at it."""
        with self._guard:
            self.record.append(message)
            fault = self._due[0] if self._due else None
            if fault is None or not fault.step.counts(message):
                return None
            self._counted += 1
            if self._counted < fault.step.number:
                return None
            self._due.pop(0)
            self._counted = 0
            self.record.clear()
            self.fired.append(fault)
            return fault


class Link:
    """One session through the proxy, in a thread of its own."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._ends = {Side.CLIENT: client, Side.SERVER: server}
        self._framing = {side: Framing(side) for side in Side}
        self.backend_pid: int | None = None
        self._silent, self._over = False, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Close both ends, whatever is under way, and wait until that is done."""
        self._over.set()
        for end in self._ends.values():
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def cut(self, *, reset: bool) -> None:
        """End the session for both: by RST, as a lost machine's peer is told, or by FIN."""
        for end in self._ends.values():
            if reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.close()
        raise LinkCutError

    def vanish(self) -> None:
        """Fall silent as when the client's machine loses its power: the server is told nothing, and never answered.

        The socket's filter drops what arrives before TCP could confirm it.
        """
        self._silent = True
        nothing = ctypes.create_string_buffer(struct.pack("=HBBI", _BPF_RETURN, 0, 0, 0))
        program = struct.pack("@HP", 1, ctypes.addressof(nothing))
        self._ends[Side.SERVER].setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def swallow_answer(self) -> None:
        """Let the client end its turn and the server do what it was told, and keep the answer."""
        arrived: dict[Side, bytes] = {}  # what the client said in one breath with the message is held already
        while True:
            for message in self._framing[Side.CLIENT].feed(arrived.get(Side.CLIENT, b"")):
                self._send(Side.CLIENT, message.data)
            if any(m.answers for m in self._framing[Side.SERVER].feed(arrived.get(Side.SERVER, b""))):
                return
            arrived = {side: _receive(self._ends[side]) for side in self._readable()}
            if not all(arrived.values()):
                return

    def wait_for_client_to_go(self) -> None:
        """Return once the client's process has closed its end."""
        while _receive(self._ends[Side.CLIENT]):
            pass

    def _run(self) -> None:
        with self._ends[Side.CLIENT], self._ends[Side.SERVER], suppress(LinkCutError):
            try:
                self._pump()
            except LinkCutError:
                raise
            except Exception as problem:  # noqa: BLE001 - told to the trial, whose thread is another
                self._proxy.problems.append(problem)

    def _pump(self) -> None:
        while True:
            for side in self._readable():
                data = _receive(self._ends[side])
                if not data:
                    if self._silent:  # to close the other end would be to take leave
                        self._over.wait()
                    return
                for message in self._framing[side].feed(data):
                    self._pass(message)

    def _readable(self) -> list[Side]:
        ready, _, _ = select.select(list(self._ends.values()), [], [])
        return [side for side, end in self._ends.items() if end in ready]

    def _pass(self, message: Message) -> None:
        if message.kind == "encryption":
            self._ends[Side.CLIENT].sendall(b"N")
            return
        self.backend_pid = message.backend_pid or self.backend_pid
        fault = None if message.kind == "cancel" else self._proxy.take(message)
        passed = len(message.data) if fault is None or fault.step.passed is None else fault.step.passed
        self._send(message.side, message.data[:passed])
        if fault is not None:
            fault.act(self)
            self._send(message.side, message.data[passed:])

    def _send(self, source: Side, data: bytes) -> None:
        """Send to the other side; one that is gone may still have said something, which the pump passes on."""
        other = self._ends[Side.SERVER if source is Side.CLIENT else Side.CLIENT]
        with suppress(BrokenPipeError, ConnectionResetError):
            other.sendall(data)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(_PIECE)
    except OSError:  # reset by its peer, or shut down at the trial's end
        return b""
