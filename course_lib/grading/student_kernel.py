"""The kernel of one submission, and the bounded ways to use it: execute a cell, make a call.

CPU time decides what took too long, for the machine may be busy; what uses none is given up after
a while. Whatever the student's code does to the kernel ends in a message for the student.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from course_lib.grading import responder
from course_lib.grading.calls import Call
from course_lib.grading.outputs import Outputs
from course_lib.kernels import KernelWatch, LocalKernelManager

if TYPE_CHECKING:
    from nbformat import NotebookNode

_START_TIMEOUT = 120.0  # seconds of wall time; a loaded machine takes its time to start Python
_LARGEST_REPLY = 200_000_000  # bytes, packed and unpacked
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


class Interrupted(Exception):
    """Executing was stopped from outside; nothing is known about the submission."""


class Stopped(Exception):
    """Something in the kernel was stopped; the message says why, for the student."""


class StudentKernel:
    """A kernel for one submission, and the bounded ways to use it."""

    def __init__(
        self, folder: Path, limits: Limits, environment: dict[str, str], stop: threading.Event
    ) -> None:
        self._folder, self._limits, self._environment = folder, limits, environment
        self._stop = stop
        self.is_alive = False

    async def __aenter__(self) -> StudentKernel:
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
            raise Stopped("the kernel did not start") from error
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

    async def execute_cell(self, cell: NotebookNode) -> Outputs:
        """Execute a cell and keep its outputs, which tell its error and its result, too.

        Raises
        ------
        Stopped
            If it had to be stopped or ended the kernel.
        """
        outputs = Outputs(cell)
        try:
            reply = await self._run(
                cell.source, self._limits.cell_seconds, "the cell", outputs.take, silent=False
            )
        except Stopped as stopped:
            outputs.append_error("Stopped", str(stopped))
            raise
        outputs.close(reply)
        return outputs

    async def make_call(self, call: Call) -> Any:
        """Make one call and return the reply that the kernel wrote.

        Raises
        ------
        Stopped
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
    ) -> dict[str, Any]:
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
            return task.result()
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
                raise Stopped(self._why_it_ended(what))
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
                raise Stopped(problem)
        if problem:
            raise Stopped(problem)
        if task.exception() is not None:
            # jupyter_client stumbles over garbled or forged messages: this kernel is lost.
            self.is_alive = False
            raise Stopped(f"{what} disturbed the connection to the kernel")

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
            raise Stopped(f"{function} left no readable reply")
        data = path.read_bytes()
        _require_bounded(data)
        return responder.unpack(data)
    except Stopped:
        raise
    except Exception as error:
        raise Stopped(f"{function} left no readable reply") from error


def _require_bounded(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_REPLY:
            raise Stopped("the reply is too large")


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
