"""Ctrl-C while a class is graded: finished work stays, and the command ends within seconds."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

import psutil
import typer

from course_lib.errors import CourseError
from course_lib.signals import stopping_on_signals
from course_staff.grading.limits import Interrupted

if TYPE_CHECKING:
    from rich.console import Console

STATUS = 130
# Seconds that ending in good order may take, and then ending what was started. Whenever it is
# ended, the same command continues: see tests/grading/records/test_nothing_lost.py.
_GOOD_ORDER, _CLOSING = 1.5, 0.8


class Interruption:
    """Tells whether the command should end, and prints how to continue.

    Parameters
    ----------
    workers : context manager
        The workers that execute the submissions.

    Attributes
    ----------
    stop : threading.Event
        Set when the command should end.
    """

    def __init__(self, console: Console, workers: AbstractContextManager) -> None:
        self.stop = threading.Event()
        self._workers = workers
        self._console, self._print_lock = console, threading.Lock()

    def tell(self, what: str = "what was graded stays") -> None:
        """Print how to continue, once."""
        if self._print_lock.acquire(blocking=False):
            self._console.print(
                f"Interrupted: {what}; run the same command to continue.", soft_wrap=True
            )

    def check(self) -> None:
        """Raise `Interrupted` if the command should end."""
        if self.stop.is_set():
            raise Interrupted

    def end(self) -> None:
        """End this process and what it has started, wherever it is."""
        self.tell()
        closing = threading.Thread(target=self._close, daemon=True)
        closing.start()
        closing.join(_CLOSING)
        with suppress(psutil.Error):
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    process.kill()
        os._exit(STATUS)

    def _close(self) -> None:
        with suppress(Exception):  # it may be closing already
            self._workers.__exit__(None, None, None)


@contextmanager
def interruptible(console: Console, workers: AbstractContextManager) -> Iterator[Interruption]:
    """Have the block end in good order on Ctrl-C, or at once where that takes long.

    An error that the interrupt causes in the block ends it with exit status 130: its programs
    may have received Ctrl-C, too.
    """
    interruption = Interruption(console, workers)
    with stopping_on_signals(interruption.stop, interruption.end, _GOOD_ORDER) as heard:
        try:
            yield interruption
        except (CourseError, Interrupted):
            if not heard.is_set():  # an error stops the other submissions, too
                raise
            interruption.tell()
            raise typer.Exit(STATUS) from None
