"""Executing one notebook by papermill, in a kernel of our own, within limits."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import remove_error_markers

from course_staff.kernels import KernelWatch, LocalKernelManager
from course_staff.running.failure import Failure, failure_at

_LOG = logging.getLogger(__name__)
_ENGINE = "course"
# A loaded machine may take its time to start Python; 60 s is papermill's own choice.
_START_TIMEOUT = 120


@dataclass(frozen=True)
class LessonExecution:
    """The outcome of executing a notebook.

    Attributes
    ----------
    notebook : NotebookNode
        With its outputs, as far as it came.
    failure : Failure or None
        None where it completed.
    seconds : float
        Wall time, the kernel's start included.
    peak_memory_mb : float
        The most memory that the kernel and its descendants held together.
    """

    notebook: NotebookNode
    status: str
    failure: Failure | None
    seconds: float
    peak_memory_mb: float


def execute(
    notebook: NotebookNode,
    parameters: Mapping[str, Any],
    *,
    time_limit: float | None = None,
    memory_limit_mb: float | None = None,
    stop: threading.Event | None = None,
    on_cell: Callable[[int, NotebookNode], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> LessonExecution:
    """Execute a notebook in a fresh kernel and an own working folder, which is removed afterwards.

    Errors inside are not raised, but reported by the status. May run in any thread,
    and in several at once.
    """
    job = _Job(time_limit, memory_limit_mb, stop or threading.Event(), on_cell, environment or {})
    papermill_engines.register(_ENGINE, _KernelEngine)
    for name in ("papermill", "papermill.translators", "papermill.utils"):
        _silence(logging.getLogger(name))
    started = time.monotonic()
    try:
        papermill.execute_notebook(
            notebook,
            None,  # the caller writes the executed notebook, in one step
            parameters=dict(parameters) or None,
            engine_name=_ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=_START_TIMEOUT,
            job=job,
        )
    except PapermillExecutionError:
        # papermill raises for cells tagged "raises-exception" too: the job knows better.
        if job.failure is None:
            job.notebook = remove_error_markers(job.notebook)
    finally:
        ensure_event_loop().close()  # this thread's, opened by nbclient
    # papermill notes the input here, which is the whole notebook where no file is given.
    job.notebook.metadata.papermill.pop("input_path", None)
    job.notebook.metadata.papermill.pop("output_path", None)
    return LessonExecution(
        job.notebook, job.status, job.failure, time.monotonic() - started, job.peak_memory_mb
    )


@dataclass
class _Job:
    """The data that `execute` and its engine share."""

    time_limit: float | None
    memory_limit_mb: float | None
    stop: threading.Event
    on_cell: Callable[[int, NotebookNode], None] | None
    environment: Mapping[str, str]
    notebook: NotebookNode = field(default_factory=NotebookNode)
    status: str = "completed"
    failure: Failure | None = None
    peak_memory_mb: float = 0.0
    current_cell: int = 0


class _KernelEngine(Engine):
    """papermill's nbclient engine, with our kernel, our working folder and our limits.

    papermill's own `cwd` changes the working folder of the whole process, which several lessons
    at a time cannot share; here it is only the kernel's.
    """

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any
    ) -> None:
        job: _Job = options["job"]
        job.notebook = nb_man.nb
        manager = LocalKernelManager(log=_LOG)

        def on_cell_start(cell: NotebookNode, cell_index: int) -> None:
            if cell_index == 0:
                watch.restart_clock()
            job.current_cell = cell_index
            if job.on_cell:
                job.on_cell(cell_index, nb_man.nb)

        client = PapermillNotebookClient(
            nb_man,
            km=manager,
            kernel_name=kernel_name,
            startup_timeout=options["start_timeout"],
            iopub_timeout=60,  # nbclient's 4 s are short for large outputs on a busy machine
            shutdown_kernel="immediate",
            on_cell_start=on_cell_start,
            log=_LOG,
        )
        died = None
        with tempfile.TemporaryDirectory(
            prefix="course-run-", ignore_cleanup_errors=True
        ) as scratch:
            client.start_new_kernel(
                cwd=scratch, env=kernel_environment(job.environment, manager.folder)
            )
            watch = KernelWatch(
                manager.pid,
                memory_limit_mb=job.memory_limit_mb,
                time_limit=job.time_limit,
                stop=job.stop,
            )
            try:
                with watch:
                    client.execute(cleanup_kc=True)
            except (DeadKernelError, RuntimeError, TimeoutError) as error:
                # The kernel is gone or does not answer. Read its fate before it is forgotten.
                died = _end_reason(error, manager)
        job.peak_memory_mb = watch.peak_memory_mb
        raised = any(cell.metadata.papermill.get("exception") for cell in nb_man.nb.cells)
        ended_for = watch.ended_for if died or raised else None  # it had just finished by itself
        if ended_for == "watch_failed":
            job.status = "failed"
            _mark(job, "WatchFailed", f"the kernel's memory could not be measured: {watch.failure}")
        elif ended_for:
            job.status = ended_for
            _mark(job, *_LIMIT_ERRORS[ended_for](job))
        elif died:
            job.status = "failed"
            _mark(job, "KernelDied", died)
        elif raised:
            job.status = "failed"
            job.failure = failure_at(job.notebook, job.current_cell)


_LIMIT_ERRORS: dict[str, Callable[[_Job], tuple[str, str]]] = {
    "time_limit": lambda job: (
        "TimeLimit",
        f"the lesson was ended after {job.time_limit:g} s (--time-limit)",
    ),
    "memory_limit": lambda job: (
        "MemoryLimit",
        f"the lesson was ended when it held {job.peak_memory_mb:.0f} MB, "
        f"more than {job.memory_limit_mb:g} MB (--memory-limit)",
    ),
    "interrupted": lambda job: ("Interrupted", "the run was stopped here"),
}


def kernel_environment(extra: Mapping[str, str], private: Path) -> dict[str, str]:
    """Return the variables that a lesson's kernel starts with."""
    defaults = {"TF_CPP_MIN_LOG_LEVEL": "2", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    environment = defaults | dict(os.environ) | {"IPYTHONDIR": str(private / "ipython")}
    if mirror := environment.get("COURSE_DATA_DIR"):  # relative to here, not to the kernel's folder
        environment["COURSE_DATA_DIR"] = os.path.abspath(mirror)
    return environment | dict(extra)


def _mark(job: _Job, name: str, message: str) -> None:
    """Leave an error in the cell at which the kernel was ended, as if it had raised it."""
    code = [i for i, cell in enumerate(job.notebook.cells) if cell.cell_type == "code"]
    # The kernel runs code only: the last cell of code up to the current cell.
    index = max((i for i in code if i <= job.current_cell), default=min(code, default=0))
    if code:
        cell = job.notebook.cells[index]
        line = f"{name}: {message}"
        cell.outputs.append(new_output("error", ename=name, evalue=message, traceback=[line]))
        cell.metadata.papermill.update(exception=True, status="failed")
        job.notebook.metadata.papermill["exception"] = True
    job.failure = failure_at(job.notebook, index, name, message)


def _end_reason(error: Exception, manager: LocalKernelManager) -> str:
    status = manager.exit_status
    if status is None:
        how = f"the kernel did not answer ({error})"
    elif status < 0:
        how = f"the kernel was killed by {signal.Signals(-status).name}"
        if -status == signal.SIGKILL:
            how += ", as happens when memory runs out"
    else:
        how = f"the kernel ended by itself with exit status {status}"
    lines = manager.last_words.splitlines()
    return f"{how}; its last output: {lines[-1]}" if lines else how


def _silence(logger: logging.Logger) -> None:
    """Keep a library's log from the terminal; the status reports what matters."""
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())
    logger.propagate = False


_silence(_LOG)
