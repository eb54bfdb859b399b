"""The fork server: it has imported what kernels need, and forks one whenever it is asked to.

Runs inside bubblewrap, as a module with the arguments SOCKET [MODULE…]. It never runs student code
and never an operation of TensorFlow's: after one, a fork deadlocks.

A request is one line of JSON on a new connection: the kernel's connection information, its
environment, its folder in the pool, and its limits. The answers are "ready" (with the credentials
of the namespaces' first process, whose number the system translates for the grader) and, in the
end, "ended" with the exit status. When the connection closes, the namespaces end.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import Any, NoReturn

from course_staff.grading.execution.sandbox import CHANNEL, HOME, namespaces, system_calls

_SOCKETS = 5  # of a kernel: shell, iopub, stdin, heartbeat, control
_KERNEL = ("ipykernel.kernelapp", "ipykernel.inprocess", "matplotlib_inline.backend_inline")


def main(address: str, modules: list[str]) -> None:
    """Import the modules, then fork a kernel for every connection until the grader ends."""
    _end_with_grader()
    for name in (*_KERNEL, *modules):
        with contextlib.suppress(ImportError):  # then it is missing in the notebooks, too
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that collecting garbage does not copy the shared pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a fork
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address + ".part")
    listener.listen(64)
    os.rename(address + ".part", address)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            sys.stdin.close()
            try:
                _watch_kernel(connection, os.path.dirname(address))
            except BaseException as error:  # whatever happens, this process ends here
                _send(connection, {"failed": f"{type(error).__name__}: {error}"})
            os._exit(0)
        connection.close()


def _end_with_grader() -> None:
    """Have the system end this process, whatever it does, when the grader's end of stdin closes."""
    stdin = sys.stdin.fileno()
    fcntl.fcntl(stdin, fcntl.F_SETOWN, os.getpid())
    # SIGIO, which ends a process that does not handle it, now follows each event on the pipe.
    fcntl.fcntl(stdin, fcntl.F_SETFL, fcntl.fcntl(stdin, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([stdin], [], [], 0)[0]:  # it closed before
        os._exit(0)


def _watch_kernel(connection: socket.socket, pool: str) -> None:
    """Start a kernel in new namespaces, wait until it or the connection ends, and report that."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection.makefile("r", encoding="utf-8") as lines:
        request = json.loads(lines.readline())
    namespaces.enter_namespaces()
    first = os.fork()
    if first == 0:
        try:
            _run_init(connection, pool, request)
        except BaseException as error:
            _send(connection, {"failed": f"{type(error).__name__}: {error}"})
        os._exit(1)
    ended = os.pidfd_open(first)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(connection, select.POLLIN | select.POLLHUP)
    poll.poll()
    with contextlib.suppress(ProcessLookupError):
        os.kill(first, signal.SIGKILL)
    _, status = os.waitpid(first, 0)
    _send(connection, {"ended": os.waitstatus_to_exitcode(status)})


def _run_init(connection: socket.socket, pool: str, request: dict[str, Any]) -> NoReturn:
    """Run the namespaces' first process: mount private folders, fork the kernel, reap processes."""
    namespaces.end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python's own handler would hear the kernel's
    limits = request["limits"]
    namespaces.mount_private(
        pool, request["folder"], limits["scratch_mb"], int(limits["scratch_files"])
    )
    kernel = os.fork()
    if kernel == 0:
        connection.close()
        _run_kernel(request)
    namespaces.hide_memory()
    sockets = [f"{CHANNEL}/k-{number}" for number in range(1, _SOCKETS + 1)]
    while not all(map(os.path.exists, sockets)):
        if os.waitpid(kernel, os.WNOHANG)[0]:
            raise RuntimeError("the kernel ended while it started")
        time.sleep(0.002)
    namespaces.make_pool_read_only()
    me = struct.pack("3i", os.getpid(), os.getuid(), os.getgid())
    credentials = [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, me)]
    connection.sendmsg([json.dumps({"ready": True}).encode() + b"\n"], credentials)
    connection.close()
    while True:
        process, status = os.wait()
        if process == kernel:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _run_kernel(request: dict[str, Any]) -> NoReturn:
    """Become the kernel that student code runs in."""
    os.setsid()
    os.chdir(HOME)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    log = os.open("kernel.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nowhere, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.closerange(3, max(nowhere, log) + 1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The fork server itself looks for no module in a working directory; a notebook does, after the
    # standard library, where IPython puts it.
    packages = (n for n, path in enumerate(sys.path) if path.endswith("-packages"))
    sys.path.insert(next(packages, len(sys.path)), "")
    os.environ.clear()
    os.environ.update(request["environment"], HOME=HOME, TMPDIR=f"{HOME}/tmp")
    with open("kernel.json", "w", encoding="utf-8") as file:
        json.dump(request["connection"] | {"ip": f"{CHANNEL}/k", "transport": "ipc"}, file)
    namespaces.give_up_privileges(request["limits"])
    system_calls.refuse_hidden_memory()

    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(["-f", f"{HOME}/kernel.json", "--HistoryManager.enabled=False"])
    os._exit(0)


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
