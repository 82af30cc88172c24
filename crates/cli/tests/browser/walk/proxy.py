"""A proxy between a browser and the panel that can drop every connection, as proxies do."""

import socket
import threading
from urllib.parse import urlsplit


class DroppingProxy:
    def __init__(self, address: str):
        parts = urlsplit(address)
        self.panel = (parts.hostname, parts.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.open: list[socket.socket] = []
        self.refusing = False
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def drop(self) -> None:
        """Drop what is open, and refuse what comes, until `let_through`."""
        with self.lock:
            self.refusing = True
            for one in self.open:
                hang_up(one)
            self.open.clear()

    def let_through(self) -> None:
        with self.lock:
            self.refusing = False

    def _accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            with self.lock:
                if self.refusing:
                    hang_up(client)
                    continue
                panel = socket.create_connection(self.panel)
                self.open += [client, panel]
            for source, target in [(client, panel), (panel, client)]:
                threading.Thread(target=pump, args=(source, target), daemon=True).start()


def hang_up(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # The other end was quicker.
    one.close()


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass  # Dropped, which is what this is for.
    hang_up(target)
