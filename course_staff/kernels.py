"""Jupyter kernels that need no network, stay within their limits and leave nothing behind.

`LocalKernelManager` starts a kernel of a given Python and talks to it over Unix sockets;
`KernelWatch` measures its memory and ends it when it exceeds a limit; `CpuTime` measures its CPU
time and `WaitingTime` how long it only waits; `end_tree` ends a kernel together with all that it
has started.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec

# A Unix socket's path may take 107 bytes on Linux and 103 on macOS; ours end in "/k-5".
_MAX_FOLDER_BYTES = 95
_MAX_FAILURES = 3  # in a row of looking at a kernel, before it is ended
_MAX_LOOK_SECONDS = 1.0  # seconds between two looks that are known to be the kernel's
_USUAL_SOCKETS = 100  # that a kernel and what it starts may have without being charged for them


class LocalKernelManager(AsyncKernelManager):
    """A kernel of one given Python on this machine, reached without a network.

    The command is given, not looked up, so that no kernelspec of the user's can lead elsewhere.
    Where there are Unix sockets they are used, so that a kernel works in a network namespace
    whose loopback device is down; elsewhere (Windows) TCP on the loopback device.

    Parameters
    ----------
    python : str, optional
        The interpreter; this program's own by default.
    command : sequence of str, optional
        The whole command line, with ``{connection_file}`` in it, in place of `python`'s.
    inside : pathlib.Path, optional
        Where to make the kernel's folder; a short path by default.
    provisioner : mapping, optional
        The provisioner that starts the kernel and its configuration, as a kernelspec's metadata
        has them; jupyter_client's own by default.
    **traits
        Further traits of `jupyter_client.AsyncKernelManager`.

    Attributes
    ----------
    folder : pathlib.Path
        A private folder with the sockets, the connection file and what the kernel's process
        wrote before it captured its output; removed with the kernel's other resources.
    last_words : str
        The end of what the kernel's process wrote there, once its resources are cleaned up.
    """

    def __init__(
        self,
        *,
        python: str = sys.executable,
        command: Sequence[str] | None = None,
        inside: Path | None = None,
        provisioner: Mapping[str, Any] | None = None,
        **traits: Any,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="course-kernel-", dir=inside or _short_folder()))
        self.last_words = ""
        # Also when the manager is forgotten, or the program ends, before the kernel started.
        self._remove_folder = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        if _sockets_fit(self.folder):
            traits |= {"transport": "ipc", "ip": str(self.folder / "k")}
        super().__init__(connection_file=str(self.folder / "kernel.json"), **traits)
        module = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self._kernel_spec = KernelSpec(
            argv=list(command or module),
            display_name="Course",
            language="python",
            interrupt_mode="signal" if provisioner is None else "message",
            metadata={} if provisioner is None else {"kernel_provisioner": dict(provisioner)},
        )

    @property
    def pid(self) -> int | None:
        """The kernel's process id, or None before it starts."""
        return getattr(self.provisioner, "pid", None)

    @property
    def exit_status(self) -> int | None:
        """The status of a kernel that has ended by itself: minus the signal if one ended it."""
        process = getattr(self.provisioner, "process", None)
        return None if process is None else process.poll()

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        # Nothing that the process writes by itself may reach our terminal.
        with (self.folder / "kernel.log").open("ab") as log:
            options = {"stdout": log, "stderr": log} | options
            await super()._async_launch_kernel(kernel_cmd, **options)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            if self.pid is not None:  # processes that outlive the kernel which started them
                end_tree(self.pid)
            with suppress(OSError):
                log = (self.folder / "kernel.log").read_text("utf-8", errors="replace")
                self.last_words = log[-2000:].strip()
            self._remove_folder()

    cleanup_resources = _async_cleanup_resources


def _short_folder() -> str | None:
    """Return where a kernel's folder should be made: /tmp where the usual place is too deep."""
    usual = Path(tempfile.gettempdir())
    fits = _sockets_fit(usual / "course-kernel-12345678")
    return "/tmp" if not fits and os.access("/tmp", os.W_OK) else None


def _sockets_fit(folder: Path) -> bool:
    return os.name == "posix" and len(os.fsencode(folder)) <= _MAX_FOLDER_BYTES


def end_tree(pid: int, *, grace: float = 1.0) -> None:
    """End a kernel and every process that it has started, with SIGTERM at first."""
    if grace:
        processes = _tree(pid)
        for process in processes:
            with suppress(psutil.Error):
                process.terminate()
        psutil.wait_procs(processes, timeout=grace)
    # Some may have forked in the meantime: look again, a bounded number of times.
    for _ in range(5):
        processes = _tree(pid)
        if not processes:
            return
        for process in processes:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(processes, timeout=1.0)


def _tree(pid: int) -> list[psutil.Process]:
    """Return the living processes that a kernel consists of, itself included."""
    found: set[psutil.Process] = set()
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        found |= {root, *root.children(recursive=True)}
    if hasattr(os, "getsid"):
        for descendant in psutil.pids():
            with suppress(OSError, psutil.Error):
                if os.getsid(descendant) == pid:
                    found.add(psutil.Process(descendant))
    return [process for process in found if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


class KernelWatch(threading.Thread):
    """Measure a kernel's memory and end the kernel, with all it started, at a limit.

    Use it as a context manager around what the kernel does. A kernel that cannot be measured is
    ended, too.

    Parameters
    ----------
    pid : int
        The kernel's process id.
    memory_limit_mb : float, optional
        The most memory that the kernel and its descendants may hold together, in MB (10⁶ bytes).
    time_limit : float, optional
        The longest time from now on, in seconds of wall time.
    stop : threading.Event, optional
        When set, the kernel is ended too.
    interval : float, optional
        Seconds between two looks.
    own_network : bool, optional
        Whether the kernel has a network namespace of its own: see `memory_mb`.
    clock : callable, optional
        The clock for `time_limit`, in seconds.

    Attributes
    ----------
    peak_memory_mb : float
        The most memory seen so far, in MB.
    ended_for : {None, "memory_limit", "time_limit", "interrupted", "watch_failed"}
        Why the watch ended the kernel; None if it did not.
    failure : Exception, optional
        The last error in measuring the kernel.
    """

    def __init__(
        self,
        pid: int,
        *,
        memory_limit_mb: float | None = None,
        time_limit: float | None = None,
        stop: threading.Event | None = None,
        interval: float = 0.2,
        own_network: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name=f"watch of kernel {pid}", daemon=True)
        self.pid = pid
        self.peak_memory_mb = 0.0
        self.ended_for: str | None = None
        self.failure: Exception | None = None
        self._memory_limit = float("inf") if memory_limit_mb is None else memory_limit_mb
        self._clock = clock
        self._time_limit = float("inf") if time_limit is None else time_limit
        self._deadline = clock() + self._time_limit
        self._stop_asked = stop or threading.Event()
        self._interval, self._own_network = interval, own_network
        self._bound = 0.0  # the largest upper bound for the memory so far, in MB
        self._over = threading.Event()

    def __enter__(self) -> KernelWatch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def restart_clock(self) -> None:
        """Count the time limit from now on: a kernel's start is not part of what it executes."""
        self._deadline = self._clock() + self._time_limit

    def run(self) -> None:
        """Look at the kernel until the watch is over or a limit is exceeded."""
        failures = 0
        while True:
            try:
                memory, failures = self._memory(), 0
            except Exception as error:  # of any kind: nothing else bounds the memory
                memory, failures, self.failure = 0.0, failures + 1, error
            if memory > self._memory_limit:
                self.ended_for = "memory_limit"
            elif failures == _MAX_FAILURES:
                self.ended_for = "watch_failed"
            elif self._clock() > self._deadline:
                self.ended_for = "time_limit"
            elif self._stop_asked.is_set():
                self.ended_for = "interrupted"
            if self.ended_for:
                self._end()
                return
            if self._over.wait(self._interval):
                return

    def _end(self) -> None:
        # SIGTERM would give it time to allocate more.
        at_once = self.ended_for in ("memory_limit", "watch_failed")
        try:
            end_tree(self.pid, grace=0.0 if at_once else 1.0)
        except Exception:  # nothing can be read about processes, as without any open file left
            with suppress(OSError):
                os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def _memory(self) -> float:
        """Return the memory in MB, or an upper bound where that tells nothing new."""
        bound = memory_mb(self.pid, own_network=self._own_network, shared_once=False)
        if bound <= min(1.02 * self._bound, self._memory_limit):
            return bound
        self._bound = max(self._bound, bound)
        memory = memory_mb(self.pid, own_network=self._own_network)
        self.peak_memory_mb = max(self.peak_memory_mb, memory)
        return memory


class CpuTime:
    """The CPU time of a kernel and of all that it has started, ended processes included.

    A process whose parent waited for it counts with all that it used; one that nobody waited for,
    with what it had used when it was last looked at. So look more than once.

    Parameters
    ----------
    pid : int
        The kernel's process id.

    Attributes
    ----------
    seconds : float
        As it was at the last look.
    """

    def __init__(self, pid: int) -> None:
        self.seconds = 0.0
        self._pid = pid
        self._living: dict[psutil.Process, float] = {}  # what each has used itself, in seconds
        self._ended = 0.0  # what all that were seen and have ended had used themselves

    @property
    def processes(self) -> list[psutil.Process]:
        """The processes that lived at the last look."""
        return list(self._living)

    def look(self) -> float:
        """Look at the processes and return the seconds."""
        with suppress(psutil.Error):
            root = psutil.Process(self._pid)
            for process in (root, *root.children(recursive=True)):
                self._living.setdefault(process, 0.0)
        waited_for = 0.0
        for process in list(self._living):
            try:
                times = process.cpu_times()
            except psutil.Error:
                self._ended += self._living.pop(process)
            else:
                self._living[process] = times.user + times.system
                waited_for += times.children_user + times.children_system
        # A child seen alive and later reaped is counted in both totals: take the larger.
        self.seconds = max(self.seconds, sum(self._living.values()) + max(waited_for, self._ended))
        return self.seconds


class WaitingTime:
    """The wall time for which a kernel and all that it has started only wait.

    A kernel works while one of its threads computes or is ready to: on a busy machine it may get no
    CPU time for long, and that is not waiting. So each look asks for the states of the threads. A
    thread counts from its second look on, for processes that end between two looks could compute
    without being counted anywhere.

    The result of two looks holds for the time between them, in the mean over many: let their
    distance vary, or code that knows it can be ready at every look and wait in between.

    Parameters
    ----------
    cpu : CpuTime
        It is looked at, too: a process that used CPU time did not wait.
    clock : callable, optional
        In seconds.
    """

    def __init__(self, cpu: CpuTime, clock: Callable[[], float] = time.monotonic) -> None:
        self._cpu, self._clock = cpu, clock
        self._watched = 0.0  # seconds between the looks
        self._working = 0.0  # those in which a thread was ready
        self._blocked = 0.0  # those in which none was, but one waited, most likely, for a slow disk
        self._began = (0.0, 0.0, 0.0, 0.0)
        self._threads: dict[tuple[int, int], str] = {}
        self._looked_at = 0.0

    @property
    def seconds(self) -> float:
        """For how long it has waited in all; below 0 where it computed on several cores."""
        return self._watched - max(self._working, self._cpu.seconds)

    @property
    def idle_seconds(self) -> float:
        """For how long it has waited since `begin`, but for waiting for a disk."""
        now = (self._watched, self._working, self._blocked, self._cpu.seconds)
        watched, working, blocked, used = (b - a for a, b in zip(self._began, now, strict=True))
        return watched - blocked - max(working, used)

    def begin(self) -> None:
        """Watch from now on: the time since the last look does not count."""
        self._cpu.look()
        self._threads, self._looked_at = _threads(self._cpu.processes), self._clock()
        self._began = (self._watched, self._working, self._blocked, self._cpu.seconds)

    def look(self) -> None:
        """Look at the threads and the CPU time.

        From a look that comes late only a second counts: it was this program that had no time.
        """
        used, before = self._cpu.seconds, self._threads
        has_computed = self._cpu.look() > used
        self._threads, now = _threads(self._cpu.processes), self._clock()
        passed, self._looked_at = min(now - self._looked_at, _MAX_LOOK_SECONDS), now
        states = {state for thread, state in self._threads.items() if thread in before}
        self._watched += passed
        if "R" in states or (has_computed and not self._threads):
            self._working += passed
        elif "D" in states:
            self._blocked += passed


def _threads(processes: Sequence[psutil.Process]) -> dict[tuple[int, int], str]:
    """Return the states of all threads, as Linux names them; empty on other systems."""
    states = {}
    for process in processes:
        folder = f"/proc/{process.pid}/task"
        with suppress(OSError):
            for thread in os.listdir(folder):
                with suppress(OSError), open(f"{folder}/{thread}/stat", "rb") as file:
                    # The name, in brackets, may hold anything.
                    state = file.read().rpartition(b") ")[2][:1].decode()
                    states[process.pid, int(thread)] = state
    return states


def memory_mb(pid: int, *, own_network: bool = False, shared_once: bool = True) -> float:
    """Return the memory that a process and its descendants hold, in MB (10⁶ bytes).

    Memory that several of them share is counted once where the system tells (Linux' proportional
    set size, which takes 10 ms and more to read and is read only where there are several), or
    once for each of them, which is quick and an upper bound. What Linux keeps for them counts,
    too: page tables and, where they have a network namespace of their own, which tells how many
    there are, sockets.
    """
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0.0
    held = 0
    is_quick = len(processes) == 1 or not shared_once
    for process in processes:
        with suppress(psutil.Error):
            memory = process.memory_info() if is_quick else _shared_memory_info(process)
            held += getattr(memory, "pss", memory.rss) + _page_tables(process.pid)
    return (held + (_in_sockets(pid) if own_network else 0)) / 1e6


def _shared_memory_info(process: psutil.Process) -> Any:
    try:
        return process.memory_full_info()
    except psutil.AccessDenied:
        return process.memory_info()


def _page_tables(pid: int) -> int:
    """Return the bytes that tell where a process' memory is; a terabyte of nothing takes two GB."""
    return 1024 * _number_in(f"/proc/{pid}/status", b"VmPTE:")


def _in_sockets(pid: int) -> int:
    """Return the most bytes that may wait in the sockets of a network namespace."""
    many = _number_in(f"/proc/{pid}/net/sockstat", b"sockets: used") - _USUAL_SOCKETS
    return 0 if many <= 0 else many * 2 * _number_in("/proc/sys/net/core/wmem_max", b"")


def _number_in(path: str, label: bytes) -> int:
    """Return the number after a label in one of Linux' files; 0 where there is none."""
    with suppress(OSError, ValueError, IndexError), open(path, "rb") as file:
        text = file.read()
        return int(text[text.index(label) + len(label) :].split(maxsplit=1)[0])
    return 0
