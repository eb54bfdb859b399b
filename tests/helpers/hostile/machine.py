"""The machine that grades the hostile class: its baits, its listeners, and what changed on it."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

BAITS = ("checks", "solution", "peer", "environment", "home", "file")
_SUBREAPER = 36  # of prctl(2): orphans become children of this process


def make_baits() -> dict[str, str]:
    """Return texts that nobody can guess, by where they lie."""
    return {name: f"BAIT-{name}-{secrets.token_hex(8)}" for name in BAITS}


class Listeners:
    """A server on 127.0.0.1 and one in the abstract namespace, which note who comes.

    Attributes
    ----------
    port : int
    heard : list of str
        The first line of every connection.
    """

    def __init__(self, mark: str) -> None:
        self.heard: list[str] = []
        web = socket.create_server(("127.0.0.1", 0))
        self.port: int = web.getsockname()[1]
        local = socket.socket(socket.AF_UNIX)
        local.bind(f"\0{mark}")
        local.listen()
        self._servers = [web, local]
        for server in self._servers:
            threading.Thread(target=self._listen, args=(server,), daemon=True).start()

    def _listen(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                connection, _ = server.accept()
                threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            data = connection.recv(10_000)
            self.heard.append(data.split(b"\r\n")[0].decode(errors="replace"))
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()


@contextlib.contextmanager
def inheriting_orphans() -> Iterator[None]:
    """Become the parent of every orphan among the descendants, however it came about."""
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_SUBREAPER, 0, 0, 0, 0)


def living_children() -> dict[int, str]:
    """Return the living children of this process: their numbers and command lines."""
    found = {}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.status() != psutil.STATUS_ZOMBIE:
                found[child.pid] = " ".join(child.cmdline())
    return found


def snapshot(folder: Path) -> dict[str, tuple]:
    """Return what lies in a folder: kind, size, time and content of everything in it."""
    found = {}
    for where, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = os.path.join(where, name)
            status = os.lstat(path)
            plain = os.path.isfile(path) and not os.path.islink(path)
            known = plain and status.st_size < 10**8
            content = hashlib.sha256(Path(path).read_bytes()).hexdigest() if known else None
            found[path] = (status.st_mode, status.st_mtime_ns, status.st_size, content)
    return found
