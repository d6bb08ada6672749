"""What a pooler in transaction mode looks like from outside: another backend answers than was announced."""

from __future__ import annotations

import socket
import struct
import threading


class Pooler:
    """Passes everything on, but announces a backend of its own invention, as PgBouncer does."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._upstream)
            threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=_announce_another, args=(server, client), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with source, sink:
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            return


def _announce_another(server: socket.socket, client: socket.socket) -> None:
    """Change the process id in BackendKeyData (manual, "Message Formats": Byte1('K') Int32(12) Int32 Int32)."""
    held = b""
    try:
        while data := server.recv(1 << 16):
            held += data
            while len(held) >= 5 and len(held) > (size := int.from_bytes(held[1:5])):
                message, held = held[: size + 1], held[size + 1 :]
                if message[:1] == b"K":
                    client.sendall(message[:5] + struct.pack("!I", 4242) + message[9:] + held)
                    _pass_on(server, client)
                    return
                client.sendall(message)
    except OSError:
        return
