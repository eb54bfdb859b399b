"""Executing a submission: its cells and the calls of the hidden checks, in one kernel.

The kernel is the only place where student code runs. What comes out is data: the cells' outputs
and, for every call, the bytes that the kernel left in its scratch folder. Executing is a function
of the submission, the calls, the seed and the machine; it judges nothing and records nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from course_lib.grading import responder
from course_lib.grading.calls import Call
from course_lib.grading.sanitizing import Submission
from course_lib.kernels import KernelWatch, LocalKernelManager

if TYPE_CHECKING:
    from nbformat import NotebookNode

_START_TIMEOUT = 120.0  # seconds of wall time; a loaded machine takes its time to start Python
_LARGEST_REPLY = 200_000_000  # bytes, packed and unpacked
_MOST_OUTPUT = 100_000  # characters that a cell's outputs may take in the feedback
_MOST_RESTARTS = 5  # of the kernel, for cells that end it
_BUSY = 0.1  # seconds of CPU time by which something shows that it is not only waiting
_INTERRUPT_GRACE = 3.0  # seconds between asking a cell to stop and ending the kernel


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes
    ----------
    cell_seconds : float
        CPU time of one cell. Cells that only explore are not executed, so a cell has little to do.
    memory_mb : float
        Memory of the kernel and all that it starts, together.
    idle_seconds : float
        A cell or call that uses no CPU for so long, in seconds of wall time, waits for something
        that will not come.
    wall_factor : float
        CPU time decides; wall time only bounds what does almost nothing: at most so many times the
        CPU time that is allowed, and a minute.
    """

    cell_seconds: float = 60.0
    memory_mb: float = 4000.0
    idle_seconds: float = 30.0
    wall_factor: float = 10.0

    def wall_seconds(self, cpu_seconds: float) -> float:
        """Return after how much wall time something bounded by CPU time is given up."""
        return self.wall_factor * cpu_seconds + 60.0


@dataclass
class Execution:
    """What came of executing a submission.

    Attributes
    ----------
    notebook : NotebookNode
        The submission's notebook with the outputs of the executed cells.
    replies : dict of str to list
        For every question, the reply to each call as the kernel sent it, unchecked; a reply of our
        own with an "error" where none came.
    cell_errors : dict of int to str
        What went wrong in a cell, by its index.
    seconds : float
        Wall time.
    """

    notebook: NotebookNode
    replies: dict[str, list[Any]] = field(default_factory=dict)
    cell_errors: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0


class Interrupted(Exception):
    """Executing was stopped from outside; nothing is known about the submission."""


class _Stopped(Exception):
    """Something in the kernel was stopped; the message says why, for the student."""


def execute(
    submission: Submission,
    calls: Mapping[str, Sequence[Call]],
    *,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
    stop: threading.Event | None = None,
) -> Execution:
    """Execute a submission's cells in a fresh kernel, then make the calls.

    A cell that fails does not stop the next one. Where a cell or a call ends the kernel, or has to
    be ended, a new kernel executes the cells again without that cell, and the remaining calls are
    made there.

    Parameters
    ----------
    submission : Submission
    calls : mapping of str to sequence of Call
        The calls by question.
    limits : Limits, optional
    environment : mapping of str to str, optional
        The kernel's environment; nothing of this process's own is passed on.
    stop : threading.Event, optional
        When set, the kernel is ended.

    Raises
    ------
    Interrupted
        If `stop` was set.
    """
    stop = stop or threading.Event()
    run = _Run(submission, limits or Limits(), dict(environment or plain_environment()), stop)
    started = time.monotonic()
    asyncio.run(run.everything(calls))
    run.execution.seconds = time.monotonic() - started
    return run.execution


def plain_environment() -> dict[str, str]:
    """Return an environment that tells student code nothing but how to work here."""
    kept = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "CUDA_VISIBLE_DEVICES": "-1",  # marks must not depend on whether there is a GPU
        "KERAS_BACKEND": "tensorflow",
        "MPLBACKEND": "agg",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",  # its order of summation depends on the processor
        # One thread each: the sums, and so the marks, are the same however many run at a time.
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
    }


class _Run:
    """One submission's execution, over as many kernels as it takes."""

    def __init__(
        self,
        submission: Submission,
        limits: Limits,
        environment: dict[str, str],
        stop: threading.Event,
    ) -> None:
        self.submission, self.limits, self.environment = submission, limits, environment
        self.stop = stop
        self.execution = Execution(submission.notebook)
        self._spoiling: set[int] = set()  # cells that ended a kernel

    async def everything(self, calls: Mapping[str, Sequence[Call]]) -> None:
        waiting = [(name, call) for name, some in calls.items() for call in some]
        self.execution.replies = {name: [] for name in calls}
        if self.submission.status != "ok":
            self._give_up(waiting, "no notebook could be read")
            return
        # Each new kernel has one spoiling cell less, or one call less to make.
        while True:
            with tempfile.TemporaryDirectory(
                prefix="course-grade-", ignore_cleanup_errors=True
            ) as folder:
                try:
                    async with _Kernel(
                        Path(folder), self.limits, self.environment, self.stop
                    ) as kernel:
                        if await self._cells(kernel):
                            waiting = await self._calls(kernel, waiting)
                        elif len(self._spoiling) > _MOST_RESTARTS:
                            self._give_up(waiting, "too many cells had to be stopped")
                            waiting = []
                except _Stopped as stopped:  # the kernel did not even start
                    self._give_up(waiting, str(stopped))
                    waiting = []
            if not waiting:
                return

    async def _cells(self, kernel: _Kernel) -> bool:
        """Execute the cells; return whether the kernel lived through them."""
        for index in self.submission.executed:
            if index in self._spoiling:
                continue
            cell = self.submission.notebook.cells[index]
            cell.outputs = []
            self.execution.cell_errors.pop(index, None)
            try:
                error = await kernel.execute_cell(cell)
            except _Stopped as stopped:
                error = str(stopped)
            if error is not None:
                self.execution.cell_errors[index] = error
            if not kernel.is_alive:
                self._spoiling.add(index)
                return False
        return True

    async def _calls(
        self, kernel: _Kernel, waiting: list[tuple[str, Call]]
    ) -> list[tuple[str, Call]]:
        """Make the calls; return those that remain when the kernel ends."""
        for number, (name, call) in enumerate(waiting):
            try:
                reply = await kernel.make_call(call)
            except _Stopped as stopped:
                reply = {"error": str(stopped)}
            self.execution.replies[name].append(reply)
            if not kernel.is_alive:
                return waiting[number + 1 :]
        return []

    def _give_up(self, waiting: Sequence[tuple[str, Call]], why: str) -> None:
        for name, _ in waiting:
            self.execution.replies[name].append({"error": why})


class _Kernel:
    """A kernel for one submission, and the bounded ways to use it."""

    def __init__(
        self, folder: Path, limits: Limits, environment: dict[str, str], stop: threading.Event
    ) -> None:
        self._folder, self._limits, self._environment = folder, limits, environment
        self._stop = stop
        self.is_alive = False

    async def __aenter__(self) -> _Kernel:
        self._manager = LocalKernelManager()
        home = str(self._folder)
        private = {"HOME": home, "TMPDIR": home, "IPYTHONDIR": f"{home}/.ipython"}
        await self._manager.start_kernel(cwd=home, env=self._environment | private)
        self._watch = KernelWatch(self._manager.pid, memory_limit_mb=self._limits.memory_mb)
        self._watch.start()
        self._client = self._manager.client()
        self._client.start_channels()
        try:
            await self._client.wait_for_ready(timeout=_START_TIMEOUT)
        except (RuntimeError, TimeoutError) as error:
            await self.__aexit__()
            raise _Stopped("the kernel did not start") from error
        (self._folder / "responder.py").write_text(Path(responder.__file__).read_text("utf-8"))
        self.is_alive = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.is_alive = False
        with contextlib.suppress(Exception):  # a hostile kernel may have spoiled the sockets
            self._client.stop_channels()
        self._watch.__exit__()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._manager.shutdown_kernel(now=True), 15)
        with contextlib.suppress(Exception):
            await self._manager.cleanup_resources()

    async def execute_cell(self, cell: NotebookNode) -> str | None:
        """Execute a cell and keep its outputs; return its error, if it raised one.

        Raises
        ------
        _Stopped
            If it had to be stopped or ended the kernel.
        """
        outputs = _Outputs(cell)
        try:
            await self._run(
                cell.source, self._limits.cell_seconds, "the cell", outputs.take, silent=False
            )
        except _Stopped as stopped:
            outputs.append_error("Stopped", str(stopped))
            raise
        return outputs.error

    async def make_call(self, call: Call) -> Any:
        """Make one call and return the reply that the kernel wrote.

        Raises
        ------
        _Stopped
            If it had to be stopped, ended the kernel, or left no readable reply.
        """
        request, reply = self._folder / "request.npz", self._folder / "reply.npz"
        reply.unlink(missing_ok=True)
        request.write_bytes(responder.pack(call.request))
        paths = [str(self._folder / "responder.py"), str(request), str(reply)]
        # In the kernel's own words: whatever names the notebook has replaced are not used.
        code = (
            "__import__('builtins').exec("
            f"__import__('io').open({paths[0]!r}, encoding='utf-8').read() + {_SERVE!r}, "
            f"{{'__name__': 'course_responder', 'PATHS': {paths[1:]!r}, "
            "'NAMES': __import__('IPython').get_ipython().user_ns})"
        )
        await self._run(code, call.seconds, call.function, lambda message: None, silent=True)
        return _read_reply(reply, call.function)

    async def _run(
        self, code: str, seconds: float, what: str, on_output: Any, *, silent: bool
    ) -> None:
        task = asyncio.ensure_future(
            self._client.execute_interactive(
                code,
                silent=silent,
                store_history=False,
                allow_stdin=False,
                stop_on_error=False,
                timeout=None,
                output_hook=on_output,
            )
        )
        try:
            await self._bounded(task, seconds, what)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    async def _bounded(self, task: asyncio.Future, seconds: float, what: str) -> None:
        """Wait for a task, within limits on the kernel's CPU and wall time."""
        cpu_before, started = _cpu_seconds(self._manager.pid), time.monotonic()
        cpu_seen, busy_at = cpu_before, started
        asked_at: float | None = None
        problem = ""
        pause = 0.005
        while True:
            await asyncio.wait({task}, timeout=pause)
            pause = min(0.2, pause * 2)
            if task.done():
                break
            if self._stop.is_set():
                raise Interrupted
            if not await self._manager.is_alive():
                self.is_alive = False
                raise _Stopped(self._why_it_ended(what))
            now = time.monotonic()
            if asked_at is None:
                cpu = _cpu_seconds(self._manager.pid)
                if cpu - cpu_seen > _BUSY:
                    cpu_seen, busy_at = cpu, now
                if cpu - cpu_before > seconds:
                    problem = f"{what} took more than {seconds:g} s of CPU time"
                elif now - busy_at > self._limits.idle_seconds:
                    problem = f"{what} waited for {now - busy_at:.0f} s without doing anything"
                elif now - started > self._limits.wall_seconds(seconds):
                    problem = f"{what} did not end within {now - started:.0f} s"
                if problem:
                    asked_at = now
                    with contextlib.suppress(Exception):
                        await self._manager.interrupt_kernel()
            elif now - asked_at > _INTERRUPT_GRACE:
                self.is_alive = False
                raise _Stopped(problem)
        if problem:
            raise _Stopped(problem)
        if task.exception() is not None:
            # jupyter_client stumbles over garbled or forged messages: this kernel is lost.
            self.is_alive = False
            raise _Stopped(f"{what} disturbed the connection to the kernel")

    def _why_it_ended(self, what: str) -> str:
        if self._watch.ended_for == "memory_limit":
            return f"{what} used more than {self._limits.memory_mb:g} MB of memory"
        return f"{what} ended the kernel (exit status {self._manager.exit_status})"


# What the kernel executes after the responder's source, in the responder's own namespace.
_SERVE = """
def serve():
    with open(PATHS[0], "rb") as file:
        request = unpack(file.read())
    reply = pack(answer(request, NAMES))
    with open(PATHS[1] + ".part", "wb") as file:
        file.write(reply)
    os.replace(PATHS[1] + ".part", PATHS[1])

serve()
"""


def _read_reply(path: Path, function: str) -> Any:
    """Read what the kernel left; every kind of damage is the student's and ends in a message."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_REPLY:
            raise _Stopped(f"{function} left no readable reply")
        data = path.read_bytes()
        _require_bounded(data)
        return responder.unpack(data)
    except _Stopped:
        raise
    except Exception as error:
        raise _Stopped(f"{function} left no readable reply") from error


def _require_bounded(data: bytes) -> None:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_REPLY:
            raise _Stopped("the reply is too large")


class _Outputs:
    """A cell's outputs as they arrive, plain and bounded."""

    def __init__(self, cell: NotebookNode) -> None:
        self._cell = cell
        self._room = _MOST_OUTPUT
        self.error: str | None = None

    def take(self, message: dict[str, Any]) -> None:
        """Keep what a message shows: texts and PNG pictures, nothing that a browser executes."""
        import nbformat.v4 as v4

        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "error":
            name, value = str(content.get("ename")), str(content.get("evalue"))
            self.error = f"{name}: {value}"[: responder.LONGEST_ERROR]
            self.append_error(name, value)
            return
        if kind == "stream":
            self._text(str(content.get("text", "")))
        elif kind in ("display_data", "execute_result"):
            data = content.get("data")
            data = data if isinstance(data, dict) else {}
            picture = data.get("image/png")
            if isinstance(picture, str) and len(picture) <= 10 * self._room:
                self._room -= len(picture) // 10
                shown = v4.new_output("display_data", {"image/png": picture})
                self._cell.outputs.append(shown)
            elif isinstance(text := data.get("text/plain"), str):
                self._text(text + "\n")

    def append_error(self, name: str, value: str) -> None:
        """Show an error as its last line; tracebacks quote paths of the grading machine."""
        line = f"{name}: {value}"[: responder.LONGEST_ERROR]
        self._text(f"{line}\n")

    def _text(self, text: str) -> None:
        import nbformat.v4 as v4

        if self._room <= 0:
            return
        if len(text) > self._room:
            text = text[: self._room] + "\n… (the rest of the output was left out)\n"
        self._room -= len(text)
        last = self._cell.outputs[-1] if self._cell.outputs else None
        if last is not None and last.output_type == "stream":
            last.text += text
        else:
            self._cell.outputs.append(v4.new_output("stream", name="stdout", text=text))


def _cpu_seconds(pid: int | None) -> float:
    """Return the CPU time of a process and its living descendants, in seconds."""
    spent = 0.0
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                spent += times.user + times.system
    return spent
