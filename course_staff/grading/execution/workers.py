"""Executing submissions on this machine's processor cores; `cluster` has the other way."""

from __future__ import annotations

import ast
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psutil

from course_lib.errors import CourseError
from course_staff.grading.execution.executing import Execution, execute, plain_environment
from course_staff.grading.execution.packages import installed
from course_staff.grading.execution.sandbox import bubblewrap
from course_staff.grading.execution.sandbox.pool import Sandbox
from course_staff.grading.limits import Limits
from course_staff.grading.protocol.calls import Call
from course_staff.grading.submissions.sanitizing import Submission

if TYPE_CHECKING:
    from nbformat import NotebookNode

_MEMORY_PER_KERNEL = 1.5e9  # bytes that a kernel with TensorFlow holds while it trains
_FILES_PER_KERNEL, _OTHER_FILES = 60, 200  # a kernel takes 52 descriptors here
# Capped: some programs close every possible descriptor in turn, which takes minutes at 10^9.
# macOS names a limit that it refuses, and accepts the second.
_MAX_FILES = (65_536, 10_240)
# Imported once for the class. Importing any of them computes nothing with TensorFlow.
_SHARED = ("keras", "matplotlib.pyplot", "numpy", "pandas", "scipy", "sklearn", "tensorflow")


def automatic_count() -> int:
    """Return how many submissions this machine can execute at a time."""
    memory = int(psutil.virtual_memory().available / _MEMORY_PER_KERNEL)
    return max(1, min(os.cpu_count() or 1, memory, _kernels_with(raise_open_files())))


def raise_open_files() -> int:
    """Let this process open as many files as its hard limit allows; return how many.

    Its child processes inherit that; a sandboxed kernel is bound by `Limits.open_files`.
    """
    try:
        import resource  # which only systems like Unix have
    except ImportError:
        return _MAX_FILES[0]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (min(hard, most) for most in _MAX_FILES):
        if soft < wanted:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return wanted
    return soft


def require_open_files(count: int, option: str) -> None:
    """Raise a CourseError unless so many kernels at a time find enough descriptors."""
    allowed = raise_open_files()
    most = _kernels_with(allowed)
    if count > most:
        needed = _OTHER_FILES + count * _FILES_PER_KERNEL
        raise CourseError(
            f"{option} {count}: so many submissions at a time take {needed} open files, and the "
            f"limit is {allowed}. Raise it with `ulimit -n {needed}`, as root where that is "
            f"refused, or give {option} {most}."
        )


def _kernels_with(open_files: int) -> int:
    return max(1, (open_files - _OTHER_FILES) // _FILES_PER_KERNEL)


def require_sandbox() -> None:
    """Raise a CourseError that names the remedy where student code cannot be sandboxed."""
    problem = bubblewrap.problem()
    if problem is not None:
        raise CourseError(
            f"Student code cannot be sandboxed: {problem}. Or trust the class: "
            "with --sandbox none its code can do whatever you can, and the report says so."
        )


class Workers(Protocol):
    """The interface of workers that execute submissions.

    Attributes
    ----------
    count : int
        How many submissions may be executed at a time, by as many threads.
    packages : mapping of str to str
        The version of Python and of each package that is installed where they execute, by name.
    """

    count: int
    sandboxed: bool
    packages: Mapping[str, str]

    def execute(
        self,
        submission: Submission,
        calls: Mapping[str, Sequence[Call]],
        limits: Limits,
        stop: threading.Event,
    ) -> Execution:
        """Execute a submission; see `executing.execute`."""


class LocalWorkers:
    """Executes submissions on this machine; use it as a context manager.

    Parameters
    ----------
    count : int
        How many submissions may be executed at a time, by as many threads.
    preload : iterable of str, optional
        Modules that all kernels of the sandbox share.
    hidden : iterable of Path, optional
        Folders that student code must not see.

    Raises
    ------
    CourseError
        If so many would take more open files than this process may have.
    """

    def __init__(
        self,
        count: int,
        *,
        sandboxed: bool = True,
        preload: Iterable[str] = (),
        hidden: Iterable[Path] = (),
    ) -> None:
        require_open_files(count, "--workers")
        self.count, self.sandboxed = count, sandboxed
        self._preload, self._hidden = tuple(preload), tuple(hidden)
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._sandbox is not None:
            self._sandbox.__exit__(*exc_info)

    @cached_property
    def packages(self) -> dict[str, str]:
        """The packages that are installed here."""
        return installed()

    def execute(
        self,
        submission: Submission,
        calls: Mapping[str, Sequence[Call]],
        limits: Limits,
        stop: threading.Event,
    ) -> Execution:
        """Execute a submission; see `executing.execute`."""
        sandbox = self._open_sandbox() if self.sandboxed else None
        return execute(submission, calls, sandbox=sandbox, limits=limits, stop=stop)

    def _open_sandbox(self) -> Sandbox:
        with self._lock:
            if self._sandbox is None:  # an unchanged class needs none
                self._sandbox = Sandbox(
                    plain_environment(), preload=self._preload, hidden=self._hidden
                ).__enter__()
            return self._sandbox


def modules_to_preload(notebook: NotebookNode) -> list[str]:
    """Return which of the modules that kernels can share a notebook's own cells import."""
    names: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            names |= _imported(cell.source)
    roots = {name.partition(".")[0] for name in names}
    if "keras" in roots:
        roots.add("tensorflow")
    return [name for name in _SHARED if name.partition(".")[0] in roots]


def _imported(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # magics
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
