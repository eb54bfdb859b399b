"""Stopping long work in good order when the user or the system asks for it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Seconds that stopping may take before another Ctrl-C ends the program at once.
_PATIENCE = 15.0


@contextmanager
def stopping_on_signals(
    stop: threading.Event,
    end: Callable[[], object] | None = None,
    after: float = _PATIENCE,
) -> Iterator[threading.Event]:
    """Set `stop` on Ctrl-C, SIGTERM or a closed terminal, in place of ending at once.

    The block gets an event of its own, which nothing else than a signal sets.

    `end`, if given, is called in another thread where the program still runs `after` seconds later:
    inside the block, or after it, since closing an interpreter takes seconds on a busy machine.

    Further signals are ignored while the kernels end and the report is written, for some seconds:
    people press Ctrl-C twice. Only the main thread can hear signals; in another one this does
    nothing.
    """
    heard = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    previous: dict[int, Any] = {}
    first: list[float] = []
    ending = threading.Timer(after, end or (lambda: None))
    ending.daemon = True

    def on_signal(number: int, frame: Any) -> None:
        heard.set()
        stop.set()
        if end is not None and not first:
            ending.start()
        first.append(time.monotonic())
        if time.monotonic() - first[0] > _PATIENCE:
            signal.signal(number, previous[number])
            signal.raise_signal(number)

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    try:
        for number in numbers:
            previous[number] = signal.getsignal(number)
            if previous[number] is not signal.SIG_IGN:  # nohup
                signal.signal(number, on_signal)
        yield heard
    finally:
        if not heard.is_set():
            ending.cancel()
        for number, handler in previous.items():
            signal.signal(number, handler)
