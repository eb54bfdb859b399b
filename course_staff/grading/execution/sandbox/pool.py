"""The sandbox of one class, seen from the grader: a fork server that kernels are forked from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from course_lib.errors import CourseError
from course_lib.locking import locked
from course_staff.grading.execution.sandbox import HOME, POOL, bubblewrap
from course_staff.grading.limits import Interrupted
from course_staff.kernels import end_tree

_PREFIX = "course-pool-"
_SOCKET = "fork_server"
_END_TIMEOUT = 1.0  # seconds; it holds nothing that could be lost
_START_TIMEOUT = 180.0  # seconds; a loaded machine takes its time to import TensorFlow
_LEFT = 3600.0  # seconds after which a folder that nobody holds was left by a killed grader


class Sandbox:
    """A running fork server; use it as a context manager.

    Several threads may start kernels from it at a time. Should the fork server end, which no
    student code can cause, the next kernel starts another one.

    Parameters
    ----------
    environment : mapping of str to str
        Of the fork server, and so of what it imports.
    preload : iterable of str
        The modules that the fork server imports, such as "tensorflow".
    hidden : iterable of Path
        Folders that must not be seen from inside.

    Attributes
    ----------
    folder : pathlib.Path
        Where the folders of kernels have to be made.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        preload: Iterable[str] = (),
        hidden: Iterable[Path] = (),
    ) -> None:
        self._environment, self._preload = dict(environment), tuple(preload)
        self._hidden = tuple(hidden)
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Sandbox:
        # Paths of sockets have to be short.
        parent = "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()
        _remove_leftovers(Path(parent))
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock_of_folder = locked(self.folder, lambda: f"{self.folder} is in use.")
        self._lock_of_folder.__enter__()
        if bubblewrap.changes_user():
            os.chown(self.folder, bubblewrap.ORDINARY_USER, bubblewrap.ORDINARY_USER)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock_of_folder.__exit__(None, None, None)

    def provisioner(
        self, limits: Mapping[str, float], stop: threading.Event | None = None
    ) -> dict[str, Any]:
        """Return how a kernelspec's metadata names the provisioner of this sandbox."""
        config = {
            "fork_server": str(self._ready(stop or threading.Event())),
            "limits": dict(limits),
        }
        return {"provisioner_name": "course-sandbox", "config": config}

    def _start(self) -> None:
        program = [
            sys.executable, "-P", "-m", "course_staff.grading.execution.sandbox.fork_server",
            f"{POOL}/{_SOCKET}", *self._preload,
        ]  # fmt: skip
        (self.folder / _SOCKET).unlink(missing_ok=True)
        home = {"HOME": HOME, "TMPDIR": HOME}
        with (self.folder / "fork_server.log").open("wb") as log:
            self._process = subprocess.Popen(
                bubblewrap.sandboxed_command(program, hidden=self._hidden, pool=self.folder),
                env=self._environment | home,  # all of it: bubblewrap's own can be read from inside
                stdin=subprocess.PIPE,  # nothing is written; it closes when this process ends
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is the grader's
            )

    def _ready(self, stop: threading.Event) -> Path:
        path = self.folder / _SOCKET
        with self._lock:
            if self._process.poll() is not None and path.exists():
                self._start()
            deadline = time.monotonic() + _START_TIMEOUT
            while not path.exists():
                if stop.is_set():
                    raise Interrupted
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "fork_server.log").read_text("utf-8", errors="replace")
                    raise CourseError(
                        "The sandbox does not start: "
                        f"{(log.strip().splitlines() or ['no message'])[-1]}. "
                        "Check it with `course doctor`."
                    )
                time.sleep(0.01)
        return path

    def _stop(self) -> None:
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            end_tree(self._process.pid, grace=0.1)
            self._process.wait()


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders of graders that were killed and could not do so themselves."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError, CourseError):
            if time.time() - folder.stat().st_mtime > _LEFT:
                with locked(folder, lambda: "its grader is still there", needed=True):
                    shutil.rmtree(folder, ignore_errors=True)
