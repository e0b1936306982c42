"""A small forward proxy on loopback that lets nothing through, or brings everything to one place.

In: how to treat who asks. Out: what it was asked for, line by line. It never connects to the host
that a client names.
"""

import socket
import threading
from contextlib import suppress
from enum import StrEnum
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Self


class Manner(StrEnum):
    """What the proxy does with a CONNECT or a request."""

    LOGIN = "login"
    """407: it wants a name and a password."""
    FAILING = "failing"
    """502: it cannot reach the other side."""
    GARBAGE = "garbage"
    """200, and then no TLS."""
    SILENT = "silent"
    """It takes the request and says nothing."""
    TUNNEL = "tunnel"
    """It connects everybody to `port` on 127.0.0.1, whichever host was named."""


class FakeProxy:
    """The proxy; it runs in a thread from `with` on, until its end."""

    def __init__(self, manner: Manner, port: int = 0) -> None:
        self.manner, self.to = manner, port
        self.asked: list[str] = []
        """The first line of every request."""
        self.logins: list[str] = []
        """Every Proxy-Authorization header."""
        self.closing = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The proxy as a setting."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = False

    def __init__(self, proxy: FakeProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


class _Handler(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        proxy = self.server.proxy
        self.connection.settimeout(0.05)
        proxy.asked.append(self._line())
        while line := self._line():
            if line.lower().startswith("proxy-authorization:"):
                proxy.logins.append(line.partition(":")[2].strip())
        if proxy.manner is Manner.LOGIN:
            self._refuse("407 Proxy Authentication Required", "Proxy-Authenticate: Basic")
        elif proxy.manner is Manner.FAILING:
            self._refuse("502 Bad Gateway", "X-Proxy: tired")
        elif proxy.manner is Manner.GARBAGE:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n220 mail ready\r\n")
        elif proxy.manner is Manner.SILENT:
            proxy.closing.wait()
        else:
            self._tunnel(proxy)

    def _line(self) -> str:
        line = b""
        while not line.endswith(b"\n") and not self.server.proxy.closing.is_set():
            with suppress(TimeoutError):
                piece = self.connection.recv(1)
                line += piece
                if not piece:
                    break
        return line.decode("latin-1").strip()

    def _refuse(self, status: str, header: str) -> None:
        page = b"<html>no</html>"
        head = f"HTTP/1.1 {status}\r\n{header}\r\nContent-Length: {len(page)}\r\n\r\n"
        self.wfile.write(head.encode() + page)

    def _tunnel(self, proxy: FakeProxy) -> None:
        with socket.create_connection(("127.0.0.1", proxy.to)) as other:
            other.settimeout(0.05)
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(other, self.connection))
            back.start()
            self._pump(self.connection, other)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while not self.server.proxy.closing.is_set():
                with suppress(TimeoutError):
                    data = source.recv(65536)
                    sink.sendall(data)
                    if not data:
                        break
            sink.shutdown(socket.SHUT_WR)
