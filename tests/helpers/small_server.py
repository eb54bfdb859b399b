"""A web server on this computer that serves what a test gives it, well or badly."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server:
    """Serves `files`; a value may be bytes, a status, or a function that answers the request."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | int | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.requests: list[str] = []
        self.released = threading.Event()  # ends the answers that hang
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                answer = server.files.get(self.path, 404)
                if callable(answer):
                    answer(self)
                elif isinstance(answer, int):
                    self.send_error(answer)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    with suppress(BrokenPipeError, ConnectionResetError):  # given up meanwhile
                        self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Keep the tests' output clean."""

        class Http(ThreadingHTTPServer):
            request_queue_size = 64  # several processes connect at once

        self._http = Http(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        serve = self._http.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Accept a request and never answer it."""
        self.released.wait(30)

    def hang_midway(self, handler: BaseHTTPRequestHandler) -> None:
        """Send the beginning of a file, then nothing."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"a" * 100)
        handler.wfile.flush()
        self.released.wait(30)

    @staticmethod
    def truncate(handler: BaseHTTPRequestHandler) -> None:
        """Promise 1,000 bytes, send 100 and close the connection."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"a" * 100)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
