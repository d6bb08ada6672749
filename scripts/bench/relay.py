"""A network that is far away: bytes arrive later, in order, and as many at once as were sent."""

from __future__ import annotations

import socket
import threading
import time
from queue import SimpleQueue

_CHUNK = 1 << 18


class Relay:
    """Listens on loopback and passes each byte on `delay_s` later in either direction; threads that sleep until then."""

    def __init__(self, host: str, port: int, *, delay_s: float) -> None:
        self._server = (host, port)
        self._delay_s = delay_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
            except OSError:
                return
            for source, sink in ((client, server), (server, client)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                on_the_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
                threading.Thread(target=self._take, args=(source, on_the_way), daemon=True).start()
                threading.Thread(target=self._give, args=(sink, on_the_way), daemon=True).start()

    def _take(self, source: socket.socket, on_the_way: SimpleQueue[tuple[float, bytes]]) -> None:
        while True:
            try:
                data = source.recv(_CHUNK)
            except OSError:
                data = b""
            on_the_way.put((time.monotonic() + self._delay_s, data))
            if not data:
                return

    def _give(self, sink: socket.socket, on_the_way: SimpleQueue[tuple[float, bytes]]) -> None:
        while True:
            due, data = on_the_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
            except OSError:
                return
