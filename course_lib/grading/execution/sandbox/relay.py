"""Between a kernel's sockets and the grader: bytes are passed on, and counted.

ZeroMQ holds a message of several parts in memory until the last one is there, however many they
are, and what arrives at a socket until somebody reads it. A student's process that writes to the
connection past ZeroMQ could fill the grader's memory with a gigabyte a second, so the grader
listens to no kernel directly.
"""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path

_AT_ONCE = 1 << 18  # bytes
_PATIENCE = 5.0  # seconds that the receiver may take; who does not read is cut off


class Relay(threading.Thread):
    """Passes on what comes to sockets of its own; a kernel that sends too much is cut off.

    Parameters
    ----------
    kernel : str
        The kernel's sockets without their numbers, as in "/pool/kernel/k" for "/pool/kernel/k-1".
    folder : pathlib.Path
        Where to make its own sockets, "k-1" and so on; made here, and removed by `close`.
    most : float
        How many bytes a kernel may send in all.

    Attributes
    ----------
    address : str
        Its own sockets without their numbers.
    """

    def __init__(self, kernel: str, folder: Path, most: float) -> None:
        super().__init__(name=f"relay of {kernel}", daemon=True)
        self._kernel, self._folder, self._left = kernel, folder, most
        folder.mkdir(mode=0o700)
        self.address = str(folder / "k")
        self._selector = selectors.DefaultSelector()
        self._ends, self._end = socket.socketpair()
        self._selector.register(self._ends, selectors.EVENT_READ)
        self._partners: dict[socket.socket, socket.socket] = {}
        self._kernels: set[socket.socket] = set()
        for path in Path(kernel).parent.glob(f"{os.path.basename(kernel)}-*"):
            number = path.name.rpartition("-")[2]
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(f"{self.address}-{number}")
            listener.listen()
            self._selector.register(listener, selectors.EVENT_READ, str(path))

    def run(self) -> None:
        """Pass bytes on until `close` is called."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._ends:
                    return
                if key.data is not None:
                    self._connect(key.fileobj, key.data)
                elif key.fileobj in self._partners:  # the other end may just have been closed
                    self._pass_on(key.fileobj)

    def close(self) -> None:
        """End all connections; the kernel is not ended."""
        self._end.close()
        if self.ident is not None:
            self.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connect(self, listener: socket.socket, path: str) -> None:
        with suppress(OSError):
            grader, _ = listener.accept()
            kernel = socket.socket(socket.AF_UNIX)
            for one, other in ((grader, kernel), (kernel, grader)):
                one.settimeout(_PATIENCE)
                self._partners[one] = other
                self._selector.register(one, selectors.EVENT_READ)
            self._kernels.add(kernel)
            try:
                if self._left <= 0:
                    raise ConnectionRefusedError
                kernel.connect(path)
            except OSError:
                self._cut(grader)

    def _pass_on(self, source: socket.socket) -> None:
        try:
            data = source.recv(_AT_ONCE)
            if source in self._kernels:
                self._left -= len(data)
            if data and self._left > 0:
                self._partners[source].sendall(data)
                return
        except OSError:
            pass
        # At once with all: one alone would be connected again.
        for one in list(self._kernels) if self._left <= 0 else [source]:
            self._cut(one)

    def _cut(self, one: socket.socket) -> None:
        for end in (one, self._partners[one]):
            self._selector.unregister(end)
            self._kernels.discard(end)
            del self._partners[end]
            end.close()
