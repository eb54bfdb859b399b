"""The kernel of one submission, and the bounded ways to use it: execute a cell, make a call.

Limits are on CPU time, for the machine may be busy; a cell that only waits is given up after
a while. Whatever the student's code does to the kernel ends in a message for the student; a failure
of the machine ends in `MachineFailed`, and the submission is not judged.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

import zmq

from course_lib.errors import CourseError
from course_staff.grading.execution.outputs import Outputs
from course_staff.grading.execution.sandbox import CHANNEL
from course_staff.grading.limits import Interrupted, Limits, Stopped, UsedUp
from course_staff.grading.protocol import responder
from course_staff.grading.protocol.calls import Call
from course_staff.grading.protocol.replies import MAX_REPLY_BYTES, read_reply
from course_staff.kernels import CpuTime, KernelWatch, LocalKernelManager, WaitingTime

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from course_staff.grading.execution.sandbox.pool import Sandbox

_START_TIMEOUT = 120.0  # seconds of wall time; a loaded machine takes its time to start Python
_MAX_STARTS = 2  # tried for one kernel: another one may be just about to free its memory
# Seconds between two looks at CPU and waiting time: each goes through all processes there are. They
# vary, so that no code can be ready at each look and wait in between.
_MIN_LOOK_SECONDS, _MAX_LOOK_SECONDS = 0.3, 0.7
_INTERRUPT_GRACE = 3.0  # seconds between asking a cell to stop and ending the kernel


class MachineFailed(Exception):
    """The machine failed; nothing is known about the submission.

    Parameters
    ----------
    message : str
        The failure, its reason and where to look, for the instructor.
    """


class StudentKernel:
    """A kernel for one submission, and the bounded ways to use it; a context manager.

    Parameters
    ----------
    environment : mapping of str to str
        All of the kernel's environment, but for the names of its own folders.
    stop : threading.Event
        When set, the kernel's current work raises `Interrupted`.
    sandbox : Sandbox, optional
        Where the kernel runs; without one it is a plain process of this user's.
    cpu_before, waited_before : float, optional
        The CPU time that the submission's earlier kernels took and for how long they waited, in
        seconds.

    Raises
    ------
    MachineFailed
        If the kernel does not start when the context is entered, where nothing of the submission
        has been executed in it yet, or if its memory cannot be measured, whatever it does then.
    """

    def __init__(
        self,
        limits: Limits,
        environment: Mapping[str, str],
        stop: threading.Event,
        sandbox: Sandbox | None = None,
        cpu_before: float = 0.0,
        waited_before: float = 0.0,
    ) -> None:
        self._limits, self._environment, self._stop = limits, dict(environment), stop
        self._sandbox = sandbox
        self._cpu_before, self._waited_before = cpu_before, waited_before
        self._cpu: CpuTime | None = None
        self._waiting: WaitingTime | None = None
        self._watch: KernelWatch | None = None
        self._received = 0  # bytes of output
        self.is_alive = False

    @property
    def peak_memory_mb(self) -> float:
        """The most memory seen, in MB (10⁶ bytes); 0 where the kernel did not start."""
        return self._watch.peak_memory_mb if self._watch else 0.0

    @property
    def cpu_seconds(self) -> float:
        """The CPU time seen of the kernel and all that it started; 0 where it did not start."""
        return self._cpu.seconds if self._cpu else 0.0

    @property
    def waited_seconds(self) -> float:
        """For how long cells and calls only waited; below 0 where they used several cores."""
        return self._waiting.seconds if self._waiting else 0.0

    async def __aenter__(self) -> StudentKernel:
        for start in range(1, _MAX_STARTS + 1):
            self._folders = contextlib.ExitStack()
            try:
                await self._start()
            except (OSError, zmq.ZMQError) as error:
                await self.__aexit__()
                if self._stop.is_set():  # an interrupt may have ended the new kernel, too
                    raise Interrupted from error
                if start == _MAX_STARTS:
                    raise MachineFailed(
                        f"no kernel could be started ({error}); see whether this machine has "
                        "memory, disk space, open files and processes left"
                    ) from error
            except BaseException:
                await self.__aexit__()
                raise
            else:
                break
        self.is_alive = True
        return self

    async def _start(self) -> None:
        if self._sandbox is None:
            self._manager = LocalKernelManager()
            home = self._folders.enter_context(
                tempfile.TemporaryDirectory(prefix="course-grade-", ignore_cleanup_errors=True)
            )
            private = {"HOME": home, "TMPDIR": home, "IPYTHONDIR": f"{home}/.ipython"}
            self._inside = str(self._manager.folder)
        else:
            self._manager = LocalKernelManager(
                inside=self._sandbox.folder,
                provisioner=self._sandbox.provisioner(self._limits.for_sandbox(), self._stop),
            )
            home, private, self._inside = None, {}, CHANNEL
        self._channel = self._manager.folder
        _write_for_kernel(self._channel / "responder.py", Path(responder.__file__).read_bytes())
        _write_for_kernel(self._channel / "reply", b"")
        await self._manager.start_kernel(cwd=home, env=self._environment | private)
        self._cpu = CpuTime(self._manager.pid)
        self._waiting = WaitingTime(self._cpu)
        self._watch = KernelWatch(
            self._manager.pid,
            memory_limit_mb=self._limits.memory_mb,
            own_network=self._sandbox is not None,
        )
        self._watch.start()
        self._client = self._manager.client()
        # A larger message ends its connection: it would be held here several times over.
        self._client.context.setsockopt(zmq.MAXMSGSIZE, int(self._limits.output_mb * 1e6))
        # The kernel drops what it shows, and that it is done, where the grader is slow to read it.
        self._client.context.setsockopt(zmq.RCVHWM, 0)
        self._client.start_channels()
        self._cut = self._client.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        await self._connect()

    async def _connect(self) -> None:
        """Wait until the kernel answers and its outputs arrive; jupyter_client takes its time."""
        deadline = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline and await self._manager.is_alive():
            if self._stop.is_set():
                raise Interrupted
            request = self._client.kernel_info()
            with contextlib.suppress(Empty):
                while True:
                    message = await self._client.get_iopub_msg(timeout=0.2)
                    is_ours = message["parent_header"].get("msg_id") == request
                    if is_ours and message["content"].get("execution_state") == "idle":
                        return
        if self._watch.ended_for == "memory_limit":
            allowed = self._limits.memory_mb
            raise OSError(f"it alone takes more than {allowed:g} MB: raise --limit memory_mb")
        if await self._manager.is_alive():
            raise TimeoutError(f"it did not answer within {_START_TIMEOUT:g} s")
        raise OSError(f"it ended with exit status {self._manager.exit_status}")

    async def __aexit__(self, *_: object) -> None:
        self.is_alive = False
        with contextlib.suppress(Exception):  # it may be gone, or nothing can be read any more
            self._cpu.look()
        with contextlib.suppress(Exception):  # a hostile kernel may have spoiled the sockets
            self._client.iopub_channel.socket.disable_monitor()
        with contextlib.suppress(Exception):
            self._client.stop_channels()
        if self._watch:
            self._watch.__exit__()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._manager.shutdown_kernel(now=True), 15)
        with contextlib.suppress(Exception):
            await self._manager.cleanup_resources()
        self._folders.close()

    async def copy_in(self, name: str, content: bytes) -> None:
        """Put a file beside the notebook, where its cells look for it."""
        _write_for_kernel(self._channel / "request", content)
        names = {"SOURCE": f"{self._inside}/request", "TARGET": name}
        code = f"__import__('builtins').exec({_COPY_IN!r}, {names!r})"
        try:
            reply = await self._run(code, _COPY_IN_SECONDS, name, lambda message: None, silent=True)
        except UsedUp:
            raise
        except Stopped as stopped:
            raise MachineFailed(f"{name} could not be put into a kernel: {stopped}") from stopped
        if reply.get("content", {}).get("status") != "ok":
            raise CourseError(
                f"{name} cannot be put beside the students' notebooks "
                f"({reply.get('content', {}).get('evalue')}): make it smaller, or raise "
                "--limit file_mb and --limit scratch_mb."
            )

    async def execute_cell(self, cell: NotebookNode) -> Outputs:
        """Execute a cell and keep its outputs, which tell its error and its result, too."""
        outputs = Outputs(cell)
        try:
            reply = await self._run(
                cell.source, self._limits.cell_seconds, "the cell", outputs.take, silent=False
            )
            if _quits(reply):  # a moment later, it would seem to be the next cell's doing
                self.is_alive = False
                raise Stopped("the cell ended the kernel (quit or exit)", "died")
        except Stopped as stopped:
            outputs.append_error("Stopped", str(stopped))
            raise
        outputs.close(reply)
        return outputs

    async def make_call(self, call: Call, room: float = MAX_REPLY_BYTES) -> tuple[Any, int]:
        """Make one call; return the reply that the kernel wrote, and its number of bytes."""
        _write_for_kernel(self._channel / "request", responder.pack(call.request))
        _write_for_kernel(self._channel / "reply", b"")
        responder_, *paths = (f"{self._inside}/{n}" for n in ("responder.py", "request", "reply"))
        # In the kernel's own words: whatever names the notebook has replaced are not used.
        code = (
            "__import__('builtins').exec("
            f"__import__('io').open({responder_!r}, encoding='utf-8').read() + {_SERVE!r}, "
            f"{{'__name__': 'course_responder', 'PATHS': {paths!r}, "
            "'NAMES': __import__('IPython').get_ipython().user_ns})"
        )
        await self._run(code, call.seconds, call.function, lambda message: None, silent=True)
        return read_reply(self._channel / "reply", call.function, room)

    async def _run(
        self, code: str, seconds: float, what: str, on_output: Any, *, silent: bool
    ) -> dict[str, Any]:
        self._received = 0

        def take(message: dict[str, Any]) -> None:
            self._received += sum(map(len, message.get("buffers", ()))) + len(
                str(message.get("content"))
            )
            on_output(message)

        task = asyncio.ensure_future(
            self._client.execute_interactive(
                code,
                silent=silent,
                store_history=False,
                allow_stdin=False,
                stop_on_error=False,
                timeout=None,
                output_hook=take,
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
        """Wait for a task, within limits on the kernel's CPU and waiting time."""
        self._waiting.begin()
        cpu_before = self._cpu.seconds
        asked_at: float | None = None
        stopped: Stopped | None = None
        pause, look_at = 0.005, time.monotonic() + _MIN_LOOK_SECONDS
        while True:
            await asyncio.wait({task}, timeout=pause)
            pause = min(0.2, pause * 2)
            if task.done():
                break
            if self._stop.is_set():
                raise Interrupted
            if not await self._manager.is_alive():
                self.is_alive = False
                raise stopped or self._why_it_ended(what)
            if stopped is None and await self._cut.poll(0):
                raise await self._why_it_was_cut_off(what)
            now = time.monotonic()
            if asked_at is None:
                if now > look_at:
                    self._waiting.look()
                    look_at = now + random.uniform(_MIN_LOOK_SECONDS, _MAX_LOOK_SECONDS)
                stopped = self._exceeded_limit(what, seconds, self._cpu.seconds - cpu_before)
                if stopped:
                    asked_at = now
                    with contextlib.suppress(Exception):
                        await self._manager.interrupt_kernel()
            elif now - asked_at > _INTERRUPT_GRACE:
                self.is_alive = False
                raise stopped
        if stopped:
            # The expected message may be lost, and the next ones too.
            self.is_alive &= stopped.limit != "idle"
            raise stopped
        if task.exception() is not None:
            # jupyter_client fails on garbled or forged messages: this kernel is lost.
            self.is_alive = False
            raise Stopped(f"{what} sent data that is not valid Jupyter output", "died")

    def _exceeded_limit(self, what: str, seconds: float, cpu: float) -> Stopped | None:
        """Return the limit that was exceeded, if any."""
        limits = self._limits
        if self._watch.ended_for:  # it is ending, which may take a while
            return self._why_it_ended(what)
        if cpu > seconds:
            return Stopped(f"{what} took more than {seconds:g} s of CPU time", "cpu")
        if self._cpu_before + self.cpu_seconds > (allowed := limits.submission_seconds):
            return UsedUp(f"the notebook took more than {allowed:g} s of CPU time", "cpu")
        if self._printed_too_much:
            return self._flooded(what)
        if (idle := self._waiting.idle_seconds) > limits.idle_seconds:
            return Stopped(f"{what} waited for {idle:.0f} s without doing anything", "idle")
        if self._waited_before + self.waited_seconds > (allowed := limits.waiting_seconds):
            message = f"the notebook waited for more than {allowed:g} s in all"
            return UsedUp(message, "waiting")
        return None

    async def _why_it_was_cut_off(self, what: str) -> Stopped:
        self.is_alive = False
        ended_before = self._watch.ended_for
        for _ in range(20):  # a kernel that ends closes its connections first, its memory last
            await asyncio.sleep(0.1)
            if self._watch.ended_for != ended_before:  # what waits to be sent takes memory, too
                break
            if not await self._manager.is_alive():
                return self._why_it_ended(what)
        most = self._limits.output_mb
        message = (
            f"{what} broke the connection to the kernel; a single output of more than {most:g} MB "
            "does that"
        )
        return Stopped(message, "output")

    @property
    def _printed_too_much(self) -> bool:
        return self._received > self._limits.output_mb * 1e6

    def _flooded(self, what: str) -> Stopped:
        return Stopped(f"{what} printed more than {self._limits.output_mb:g} MB", "output")

    def _why_it_ended(self, what: str) -> Stopped:
        """Return why the kernel ended, for the student."""
        if self._printed_too_much:  # what waits to be sent takes memory, too
            return self._flooded(what)
        if self._watch.ended_for == "memory_limit":
            allowed = self._limits.memory_mb
            return Stopped(f"{what} used more than {allowed:g} MB of memory", "memory")
        if self._watch.ended_for == "watch_failed":
            raise MachineFailed(
                "the memory of the kernel could not be measured "
                f"({type(self._watch.failure).__name__}: {self._watch.failure})"
            )
        status = self._manager.exit_status
        return Stopped(f"{what} ended the kernel (exit status {status})", "died")


def _quits(reply: Mapping[str, Any]) -> bool:
    """Tell whether a kernel reports that it is about to end, as after ``quit()``."""
    content = reply.get("content")
    payload = content.get("payload") if isinstance(content, dict) else None
    return isinstance(payload, list) and any(
        isinstance(entry, dict) and entry.get("source") == "ask_exit" for entry in payload
    )


_COPY_IN = """
import os
os.makedirs(os.path.dirname(os.path.abspath(TARGET)), exist_ok=True)
with open(SOURCE, "rb") as source, open(TARGET, "wb") as target:
    target.write(source.read())
"""
_COPY_IN_SECONDS = 60.0

# The kernel executes this after the responder's source, in the responder's own namespace.
_SERVE = """
def serve():
    with open(PATHS[0], "rb") as file:
        request = unpack(file.read())
    reply = pack(answer(request, NAMES))
    with open(PATHS[1], "wb") as file:  # in place: it is the one file here that can be written
        file.write(reply)

serve()
"""


def _write_for_kernel(path: Path, content: bytes) -> None:
    """Write a file that the kernel may read, as whatever user it runs."""
    with open(path, "wb") as file:  # truncated, not replaced: it may be mounted in the sandbox
        file.write(content)
    path.chmod(0o644)
