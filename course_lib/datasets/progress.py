"""One bar for a download of one or many files: in a terminal, in a notebook, or none."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

REDRAW_SECONDS = 0.5


class DownloadStopped(Exception):
    """Raised inside a download that was given up."""


class DownloadBar:
    """Shows how many bytes of a download have arrived, and how long the rest will take.

    Parameters
    ----------
    title : str
        Nothing is shown where it is empty.
    total : int or None
        Bytes, or None where that is not known.
    """

    def __init__(self, title: str, total: int | None) -> None:
        self.title, self.total, self.done = title, total, 0
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._started = self._drawn = time.monotonic()
        self._rich = self._notebook = None

    def __enter__(self) -> DownloadBar:
        if not self.title:
            return self
        if _in_notebook():
            from IPython.display import display

            self._notebook = display(self._bundle(), raw=True, display_id=True)
        elif sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            columns = (
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.DownloadColumn(),
                progress.TimeRemainingColumn(),
            )
            self._rich = progress.Progress(*columns, console=Console(stderr=True), transient=True)
            self._rich.start()
            self._task = self._rich.add_task(self.title, total=self.total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType
    ) -> None:
        self.stopped.set()
        if self._rich:
            self._rich.stop()
        if self._notebook:
            failed = {"text/plain": f"{self.title}: not downloaded"}
            self._notebook.update(failed if error else self._bundle(), raw=True)

    def advance(self, count: int) -> None:
        """Count bytes that have arrived.

        Raises
        ------
        DownloadStopped
            If the whole download was given up meanwhile.
        """
        if self.stopped.is_set():
            raise DownloadStopped
        with self._lock:
            self.done += count
            now = time.monotonic()
            if self._rich:
                self._rich.update(self._task, completed=self.done)
            elif self._notebook and now - self._drawn > REDRAW_SECONDS:
                self._drawn = now
                self._notebook.update(self._bundle(), raw=True)

    def _bundle(self) -> dict[str, str]:
        return {"text/plain": str(self)}

    def __str__(self) -> str:
        text = f"{self.title}: {self.done / 1e6:.1f}"
        if self.total:
            text += f" of {self.total / 1e6:.1f}"
            if 0 < self.done < self.total:
                elapsed = time.monotonic() - self._started
                text += f" MB, {elapsed * (self.total / self.done - 1):.0f} s left"
                return text
        return text + " MB"


class FileShare:
    """One file's part in a `DownloadBar`, in the form that pooch expects of a progress bar."""

    def __init__(self, bar: DownloadBar) -> None:
        self.bar, self.total, self.seen, self.counting = bar, 0, 0, True

    def update(self, count: int) -> None:
        """Count bytes; pooch counts whole chunks, also for the last one."""
        if self.counting:
            count = min(count, self.total - self.seen) if self.total else count
            self.seen += count
            self.bar.advance(count)

    def reset(self) -> None:
        """Pooch starts over at the end to fill the bar: the shared bar has counted already."""
        self.counting = False

    def close(self) -> None:
        """Nothing to close: the bar is shared."""


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
