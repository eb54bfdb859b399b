"""Kernels that need no network and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest
from processes import is_gone, wait_until

from course_staff import kernels
from course_staff.kernels import (
    CpuTime,
    KernelWatch,
    LocalKernelManager,
    WaitingTime,
    end_tree,
    memory_mb,
)

# Two generations: a child that outlives its parent unless it is ended too, and holds 60 MB.
CHILD = "import os, time; hold = b'x' * 60_000_000; print(os.getpid(), flush=True); time.sleep(60)"
FAMILY = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {CHILD!r}])
time.sleep(60)
"""

TALK = textwrap.dedent(
    """
    import asyncio, sys
    from course_staff.kernels import LocalKernelManager

    async def main():
        manager = LocalKernelManager()
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        reply = await client.execute_interactive("print(6 * 7)", output_hook=show, timeout=60)
        print(reply["content"]["status"], manager.transport, manager.pid, manager.folder)
        sys.stdout.flush()
        if "stay" in sys.argv:
            await asyncio.sleep(60)
        client.stop_channels()
        await manager.shutdown_kernel(now=True)

    def show(message):
        if message["msg_type"] == "stream":
            print(message["content"]["text"], end="")

    asyncio.run(main())
    """
)


@pytest.fixture
def family():
    """Start a program in a session of its own, with a child; yield both process ids."""
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        child = int(program.stdout.readline())
        yield program, child
        end_tree(program.pid)


def test_ending_a_tree_ends_all_that_it_started(family):
    program, child = family
    end_tree(program.pid)
    assert is_gone(program.pid)
    assert is_gone(child)


@pytest.mark.skipif(os.name != "posix", reason="there are no sessions")
def test_orphans_of_a_dead_kernel_are_ended(family):
    program, child = family
    program.kill()
    program.wait()
    end_tree(program.pid)
    wait_until(lambda: is_gone(child))


def test_memory_counts_the_descendants(family):
    program, _ = family
    assert 60 < memory_mb(program.pid) < 200
    assert memory_mb(2**22 + 1) == 0  # no such process


# A program that has three children one after the other, of half a second of CPU time each. Each
# says that it has used it and waits until it was seen.
THREE = """
import os, signal, sys, time
if "forget" in sys.argv:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(3):
    child = os.fork()
    if child == 0:
        while time.process_time() < 0.5: pass
        os.write(1, b"used\\n")
        os.read(0, 1)
        os._exit(0)
    try:
        os.waitpid(child, 0)
    except ChildProcessError: pass
print("done", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no fork")
@pytest.mark.parametrize("how", ["wait", "forget"])
def test_cpu_time_counts_children_once_whether_or_not_they_are_waited_for(how):
    with subprocess.Popen(
        [sys.executable, "-S", "-c", THREE, how], bufsize=0, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as program:  # fmt: skip
        cpu = CpuTime(program.pid)
        while program.stdout.readline() == b"used\n":
            before = cpu.seconds
            assert cpu.look() >= before
            program.stdin.write(b"!")
        seen = cpu.look()
        end_tree(program.pid, grace=0)
    assert 1.45 < seen <= cpu.look() < 1.75


class Looks:
    """What looks at a kernel show: its CPU time, its threads' states and the clock, as told."""

    def __init__(self, monkeypatch) -> None:
        self.seconds, self.now, self.processes = 0.0, 100.0, []
        self.threads: dict[tuple[int, int], str] = {}
        monkeypatch.setattr(kernels, "_threads", lambda processes: dict(self.threads))
        self.waiting = WaitingTime(self, clock=lambda: self.now)

    def look(self) -> float:
        self.seconds += self.used
        return self.seconds

    def pass_(self, states: str, used: float = 0.0, seconds: float = 0.5, first: int = 0) -> None:
        """Let time pass, after which the threads have these states, the first one this number."""
        self.now, self.used = self.now + seconds, used
        self.threads = {(1, first + number): state for number, state in enumerate(states)}
        self.waiting.look()

    used = 0.0


def test_only_a_kernel_of_which_no_thread_is_ready_waits(monkeypatch):
    looks = Looks(monkeypatch)
    looks.threads = {(1, 0): "S", (1, 1): "S"}
    looks.waiting.begin()
    for states in ("SR", "RS", "SS", "ST", "SZ"):
        looks.pass_(states)
    assert looks.waiting.seconds == looks.waiting.idle_seconds == 1.5
    looks.pass_("SD")  # a slow disk: no fault of the cell, but in all it is bounded
    assert (looks.waiting.seconds, looks.waiting.idle_seconds) == (2.0, 1.5)
    looks.waiting.begin()
    assert (looks.waiting.seconds, looks.waiting.idle_seconds) == (2.0, 0)


def test_a_kernel_that_gets_no_cpu_time_on_a_busy_machine_does_not_wait(monkeypatch):
    looks = Looks(monkeypatch)
    looks.threads = {(1, 0): "R"}
    looks.waiting.begin()
    for _ in range(100):
        looks.pass_("R", used=0.01)
    assert looks.waiting.seconds == looks.waiting.idle_seconds == 0


def test_cpu_time_is_no_waiting_whoever_used_it(monkeypatch):
    looks = Looks(monkeypatch)
    looks.waiting.begin()
    for number in range(10):  # each look shows another process, as where many short ones are made
        looks.pass_("R", used=0.5, first=number)
    assert looks.waiting.seconds == 0
    for number in range(10):  # and here nobody waited for them, so that their time is lost
        looks.pass_("R", first=100 + number)
    assert looks.waiting.seconds == 5


def test_a_look_that_comes_late_says_little(monkeypatch):
    looks = Looks(monkeypatch)
    looks.threads = {(1, 0): "S"}
    looks.waiting.begin()
    looks.pass_("S", seconds=3600)
    assert looks.waiting.seconds == 1


def test_where_the_system_names_no_threads_cpu_time_tells(monkeypatch):
    looks = Looks(monkeypatch)
    looks.waiting.begin()
    looks.pass_("", used=0.01)
    assert looks.waiting.seconds == 0
    looks.pass_("")
    assert looks.waiting.seconds == 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the states of threads")
def test_the_states_of_all_threads_are_seen(family):
    program, child = family
    states = kernels._threads([psutil.Process(program.pid), psutil.Process(child)])
    assert set(states) == {(program.pid, program.pid), (child, child)}
    own = kernels._threads([psutil.Process()])
    assert own[os.getpid(), threading.get_native_id()] == "R"


def test_a_watch_ends_a_tree_at_its_time_limit(family):
    program, child = family
    with KernelWatch(program.pid, time_limit=0.3, interval=0.05) as watch:
        wait_until(lambda: is_gone(program.pid) and is_gone(child))
    assert watch.ended_for == "time_limit"
    assert watch.peak_memory_mb > 1


def test_a_watch_that_is_over_leaves_the_tree_alone(family):
    program, _ = family
    with KernelWatch(program.pid, memory_limit_mb=10_000, time_limit=60, interval=0.05) as watch:
        time.sleep(0.2)
    assert watch.ended_for is None
    assert program.poll() is None


def test_a_watch_hears_a_stop(family):
    program, _ = family
    stop = threading.Event()
    with KernelWatch(program.pid, stop=stop, interval=0.05) as watch:
        stop.set()
        wait_until(lambda: is_gone(program.pid))
    assert watch.ended_for == "interrupted"


def test_a_watch_that_cannot_look_ends_the_tree(family, monkeypatch):
    def measured(*_, **__):
        raise OSError(24, "Too many open files")

    program, child = family
    monkeypatch.setattr(kernels, "memory_mb", measured)
    with KernelWatch(program.pid, memory_limit_mb=10_000, interval=0.05) as watch:
        wait_until(lambda: is_gone(program.pid) and is_gone(child))
    assert watch.ended_for == "watch_failed"
    assert "Too many open files" in str(watch.failure)


def test_a_watch_that_can_see_no_process_ends_the_kernel(family, monkeypatch):
    def unseen(*_, **__):
        raise OSError(24, "Too many open files")

    program, _ = family
    with monkeypatch.context() as patched:
        patched.setattr(kernels.psutil, "Process", unseen)
        with KernelWatch(program.pid, interval=0.05) as watch:
            program.wait(10)
    assert watch.ended_for == "watch_failed"


def test_a_watch_that_fails_to_look_now_and_then_goes_on(family, monkeypatch):
    looks = []

    def measured(*_, **__):
        looks.append(None)
        if len(looks) % 2:
            raise OSError(24, "Too many open files")
        return 0.0

    program, _ = family
    monkeypatch.setattr(kernels, "memory_mb", measured)
    with KernelWatch(program.pid, memory_limit_mb=10_000, interval=0.01) as watch:
        wait_until(lambda: len(looks) > 10)
    assert watch.ended_for is None
    assert program.poll() is None


def talk(*prefix: str, **options) -> list[str]:
    done = subprocess.run(
        [*prefix, sys.executable, "-c", TALK],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        **options,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_a_kernel_answers_and_leaves_nothing_behind():
    answer, status, transport, pid, folder = talk()
    assert (answer, status) == ("42", "ok")
    assert transport == ("ipc" if os.name == "posix" else "tcp")
    assert is_gone(int(pid))
    assert not Path(folder).exists()


def test_a_kernel_works_below_a_deep_temporary_folder(tmp_path):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    answer, *_, folder = talk(env={**os.environ, "TMPDIR": str(deep)})
    assert answer == "42"
    assert len(folder) < 100


def _can_unshare() -> bool:
    try:
        return subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not _can_unshare(), reason="no network namespace can be made here")
def test_a_kernel_works_without_a_network_and_without_loopback():
    answer, _, transport, *_ = talk("unshare", "-rn")
    assert (answer, transport) == ("42", "ipc")


def test_a_kernel_dies_with_a_parent_that_is_killed(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", TALK, "stay"],
        env={**os.environ, "TMPDIR": str(tmp_path)},  # a killed parent cannot clean up
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout.readline() == "42\n"
        kernel = int(parent.stdout.readline().split()[2])
        parent.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    wait_until(lambda: is_gone(kernel))


def test_what_a_kernel_says_that_cannot_start_is_kept(capfd):
    async def fail() -> LocalKernelManager:
        code = "import sys; sys.exit('no module named kernel')"
        manager = LocalKernelManager(command=[sys.executable, "-c", code])
        await manager.start_kernel()
        while await manager.is_alive():
            await asyncio.sleep(0.05)
        await manager.cleanup_resources()
        return manager

    manager = asyncio.run(fail())
    assert manager.last_words == "no module named kernel"
    assert capfd.readouterr() == ("", "")


def test_a_manager_that_is_never_started_removes_its_folder():
    manager = LocalKernelManager()
    folder = manager.folder
    assert folder.is_relative_to(tempfile.gettempdir())
    assert folder.stat().st_mode & 0o077 == 0
    del manager
    wait_until(lambda: not folder.exists(), 2)
