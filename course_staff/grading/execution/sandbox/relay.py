"""Between a kernel's sockets and the grader: bytes are passed on, and their cost is counted.

ZeroMQ holds a message of several parts in memory until the last one is there, however many they
are, and what arrives at a socket until somebody reads it. A student's process that writes to the
connection past ZeroMQ could fill the grader's memory with a gigabyte a second, so the grader
listens to no kernel directly. What counts is the memory that bytes take there: an empty part is
2 bytes of the stream and 64 of memory, and a part that arrives by itself holds a whole buffer.
"""

from __future__ import annotations

import math
import os
import selectors
import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path

_READ_BYTES = 1 << 18  # at a time
_RECEIVE_TIMEOUT = 5.0  # seconds; a receiver that takes longer is cut off

# How ZMTP 3 (rfc.zeromq.org/spec/23) divides a stream into frames.
_GREETING = 64  # bytes
_MORE, _LARGE, _COMMAND = 1, 2, 4  # flags of a frame
# What ZeroMQ takes, in bytes: for every frame, and for what it reads at a time.
_PER_FRAME, _PER_READ = 64, 20_000


class Stream:
    """The bytes from one end of a connection, divided into ZeroMQ's frames."""

    def __init__(self) -> None:
        self._rest = b""  # a greeting or the head of a frame that is not complete yet
        self._body = 0  # bytes to come of the frame that has begun
        self._greeted = self._more = False

    def cost(self, data: bytes) -> float:
        """Return how much of the receiver's memory the next bytes may take, in bytes."""
        size, data = len(data), self._rest + data
        at = self._body
        if not self._greeted:
            if len(data) < _GREETING:
                self._rest = data
                return size
            if data[0] != 0xFF or not data[9] & 1 or data[10] < 3:  # signature and version
                return math.inf
            self._greeted, at = True, _GREETING
        frames = 0
        while at < len(data):
            flags = data[at]
            head = 9 if flags & _LARGE else 2
            if at + head > len(data):
                break
            at += head + int.from_bytes(data[at + 1 : at + head], "big")
            frames += 1
            # A command between the parts of a message does not end it.
            self._more = bool(flags & _MORE) or (self._more and bool(flags & _COMMAND))
        self._rest, self._body = data[at:], max(0, at - len(data))
        if self._more or self._rest or self._body:  # what is here is kept until the rest comes
            size = max(size, _PER_READ)
        return size + _PER_FRAME * frames


class Relay(threading.Thread):
    """Passes on the bytes that arrive at its sockets; a kernel that sends too much is cut off.

    Parameters
    ----------
    kernel : str
        The kernel's sockets without their numbers, as in "/pool/kernel/k" for "/pool/kernel/k-1".
    folder : pathlib.Path
        Where to make its own sockets, "k-1" and so on; made here, and removed by `close`.
    most : float
        How much a kernel may send in all, in bytes, as `Stream.cost` counts them.

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
        self._kernels: dict[socket.socket, Stream] = {}
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
            for end, partner in ((grader, kernel), (kernel, grader)):
                end.settimeout(_RECEIVE_TIMEOUT)
                self._partners[end] = partner
                self._selector.register(end, selectors.EVENT_READ)
            self._kernels[kernel] = Stream()
            try:
                if self._left <= 0:
                    raise ConnectionRefusedError
                kernel.connect(path)
            except OSError:
                self._cut(grader)

    def _pass_on(self, source: socket.socket) -> None:
        try:
            data = source.recv(_READ_BYTES)
            if source in self._kernels:
                self._left -= self._kernels[source].cost(data)
            if data and self._left > 0:
                self._partners[source].sendall(data)
                return
        except OSError:
            pass
        # All at once: a single connection would be made again.
        for end in list(self._kernels) if self._left <= 0 else [source]:
            self._cut(end)

    def _cut(self, connection: socket.socket) -> None:
        for end in (connection, self._partners[connection]):
            self._selector.unregister(end)
            self._kernels.pop(end, None)
            del self._partners[end]
            end.close()
