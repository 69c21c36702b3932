"""A proxy before a server that can be made to fall silent, as a firewall does that forgot a connection."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from maild.demo.imap_server import free_port


class Proxy:
    """Passes bytes on, or swallows them; a connection that was swallowed from stays silent."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.swallows = False
        self._target = target
        self._door = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """No more connections."""
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for way in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=way, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        silent = False
        with suppress(OSError):
            while data := source.recv(65536):
                silent = silent or self.swallows
                if not silent:
                    target.sendall(data)
        for sock in (source, target):
            sock.close()


@contextmanager
def before(target: int) -> Iterator[Proxy]:
    """A proxy before the server at that port."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
