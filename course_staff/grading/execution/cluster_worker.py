"""One worker of a Dask cluster, from inside: its versions, and how it executes a submission.

The worker's process is trusted like the grader's own: it handles students' code as data, and
student code runs in kernels behind its sandbox. The results that it sends back were read from
their messages and replies as plain data, too, so that both sides may pickle.
"""

from __future__ import annotations

import atexit
import os
import pickle
import platform
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from distributed import Reschedule, Worker, get_worker

import course_lib
from course_lib.errors import CourseError
from course_staff.grading.execution.executing import execute, plain_environment
from course_staff.grading.execution.packages import installed
from course_staff.grading.execution.sandbox import bubblewrap
from course_staff.grading.execution.sandbox.pool import Sandbox
from course_staff.grading.execution.workers import require_open_files
from course_staff.grading.limits import Interrupted, Limits
from course_staff.grading.protocol.calls import Call
from course_staff.grading.sources import FINGERPRINT
from course_staff.grading.submissions.sanitizing import Submission

# The packages that replies, outputs and messages depend on, besides the course's own sources.
PACKAGES = (
    "distributed", "ipykernel", "ipython", "keras", "matplotlib", "numpy", "pandas",
    "scikit-learn", "scipy", "tensorflow",
)  # fmt: skip
_LOCALE = ("LANG", "LC_ALL", "TZ")
_LOOK_INTERVAL = 0.5  # seconds between two looks whether a result is still wanted
_IDLE_TIMEOUT = 300.0  # seconds after which a sandbox that nobody uses is closed


@dataclass(frozen=True)
class Work:
    """A submission to be executed, and how.

    Attributes
    ----------
    submission, limits
        As `executing.execute` takes them.
    preload : tuple of str
        As `Sandbox` takes it.
    hidden : tuple of str
        Folders on the grader's machine. Those that are here, too, on a shared disk, are hidden.
    locale : tuple of pairs of str
        The names and values of the grader's settings of language and time zone.
    """

    submission: Submission
    limits: Limits
    sandboxed: bool
    preload: tuple[str, ...]
    hidden: tuple[str, ...]
    locale: tuple[tuple[str, str], ...]


def own_locale() -> tuple[tuple[str, str], ...]:
    """Return this process's settings of language and time zone, as `Work` holds them."""
    return tuple((name, os.environ[name]) for name in _LOCALE if name in os.environ)


@cache
def versions() -> dict[str, str]:
    """Return the versions that must be the same wherever a class is executed, by name."""
    own_versions = {"Python": platform.python_version(), "processor": platform.machine()}
    for name in ("course-lib", *PACKAGES):
        try:
            own_versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            own_versions[name] = "missing"
    return own_versions | {"sources of the course": FINGERPRINT}


def examine_worker(sandboxed: bool) -> tuple[dict[str, str], str | None, dict[str, str]]:
    """Return this worker's versions, the problem with its sandbox if any, and its packages."""
    problem = bubblewrap.problem() if sandboxed else None
    return versions(), None if problem is None else str(problem), installed()


def differences(theirs: Mapping[str, Mapping[str, str]], ours: Mapping[str, str]) -> str | None:
    """Return a table of the workers whose versions are not the grader's; None if there are none."""
    rows = [
        (address, name, versions.get(name, "missing"), value)
        for address, versions in sorted(theirs.items())
        for name, value in ours.items()
        if versions.get(name) != value
    ]
    if not rows:
        return None
    rows.insert(0, ("worker", "what", "there", "here"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return (
        "Marks could depend on the worker, for its versions are not this machine's:\n  "
        + "\n  ".join(lines)
        + "\nInstall the same course and versions there and start those workers again, or end them."
    )


def run_task(ours: dict[str, str], calls: bytes, work: bytes) -> bytes:
    """Execute a submission as a task of this worker."""
    worker = get_worker()
    if refusal := differences({worker.address: versions()}, ours):
        raise CourseError(refusal)
    try:
        require_open_files(worker.state.nthreads, "--nthreads")
        with _wanted(worker) as stop:
            return pickle.dumps(_execute(pickle.loads(calls), pickle.loads(work), worker, stop))
    except Interrupted:
        # This worker is closing, so another one takes over; or the result is not wanted any more.
        raise Reschedule from None
    except CourseError as error:
        raise CourseError(f"The worker at {worker.address}: {error}") from error


def _execute(
    calls: Mapping[str, list[Call]], work: Work, worker: Worker, stop: threading.Event
) -> object:
    ours = {name: value for name, value in plain_environment().items() if name not in _LOCALE}
    environment = ours | dict(work.locale)
    given = {"limits": work.limits, "environment": environment, "stop": stop}
    if not work.sandboxed:
        return execute(work.submission, calls, **given)
    hidden = [*work.hidden, worker.local_directory]
    root = Path(course_lib.__file__).parents[1]
    if (root / "lessons").is_dir():  # a checkout, with solutions
        hidden.append(str(root))
    here = tuple(folder for folder in hidden if os.path.isdir(folder))
    with _lent(tuple(environment.items()), work.preload, here) as sandbox:
        return execute(work.submission, calls, sandbox=sandbox, **given)


@contextmanager
def _wanted(worker: Worker) -> Iterator[threading.Event]:
    """Yield an event that is set when the current task's result is not wanted any more.

    Dask ends no task that has begun. It notes in its state that the result is not wanted, also
    where the grader or the scheduler has gone away.
    """
    key, stop, ended = worker.get_current_task(), threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.wait(_LOOK_INTERVAL):
            task = worker.state.tasks.get(key)
            closing = worker.status.name in ("closing", "closed", "failed")
            if closing or task is None or task.state in ("cancelled", "released", "forgotten"):
                stop.set()
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield stop
    finally:
        ended.set()


_changed = threading.Condition()  # guards the variables below
_kept: dict[tuple, _Keeper] = {}


class _Keeper(threading.Thread):
    """Opens a sandbox, keeps it for the next submission, and closes it when it was idle for long.

    A thread of its own, for bubblewrap ends with the thread that started it.

    Parameters
    ----------
    key : tuple
        The sandbox's environment, modules and hidden folders.
    """

    def __init__(self, key: tuple) -> None:
        super().__init__(daemon=True, name="sandbox")
        self._key = key
        self.sandbox: Future[Sandbox] = Future()
        self.users = self.uses = 0
        self.ended = False

    def run(self) -> None:
        environment, preload, hidden = self._key
        try:
            if problem := bubblewrap.problem():
                raise CourseError(f"student code cannot be sandboxed there: {problem}")
            kept = Sandbox(dict(environment), preload=preload, hidden=map(Path, hidden))
            with kept as sandbox:
                self.sandbox.set_result(sandbox)
                self._wait_until_idle()
        except BaseException as error:
            with _changed:
                _kept.pop(self._key, None)
            if not self.sandbox.done():
                self.sandbox.set_exception(error)

    def _wait_until_idle(self) -> None:
        with _changed:
            before = -1
            while not self.ended and (self.users or self.uses != before):
                before = self.uses
                _changed.wait(_IDLE_TIMEOUT)
            _kept.pop(self._key, None)


@contextmanager
def _lent(*key: object) -> Iterator[Sandbox]:
    """Lend this process's sandbox for a class."""
    with _changed:
        keeper = _kept.get(key)
        if keeper is None:
            keeper = _kept[key] = _Keeper(key)
            keeper.start()
        keeper.users += 1
        keeper.uses += 1
    try:
        yield keeper.sandbox.result()
    finally:
        with _changed:
            keeper.users -= 1


@atexit.register
def _close_all() -> None:
    with _changed:
        keepers = list(_kept.values())
        for keeper in keepers:
            keeper.ended = True
        _changed.notify_all()
    for keeper in keepers:
        keeper.join(15)
