"""How jupyter_client starts a kernel in the sandbox: by asking a fork server to fork one.

The class is an entry point of the group ``jupyter_client.kernel_provisioners``, so a kernelspec
whose metadata names "course-sandbox" and a running fork server lets nbclient, papermill or nbgrader
use the sandbox too.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_client import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Dict, Float, Unicode

from course_staff.grading.execution.sandbox.bubblewrap import ORDINARY_USER, changes_user
from course_staff.grading.execution.sandbox.relay import Relay

_MAX_ANSWER_BYTES = 10_000  # bytes
_SENT_MB = 200.0  # that a kernel may send the grader in all, in MB (10⁶ bytes), if nobody says
_CREDENTIALS = struct.Struct("3i")


class SandboxProvisioner(LocalProvisioner):
    """A kernel in namespaces of its own; its folder has to lie beside the fork server's socket."""

    fork_server = Unicode(config=True, help="The path of a running fork server's socket.")
    limits = Dict(config=True, help="What the sandbox may hold, as `Limits.for_sandbox` gives it.")
    start_timeout = Float(120.0, config=True, help="Seconds until the sandbox has to be ready.")
    _folder: Path | None = None
    _relay: Relay | None = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Have a kernel forked; the command is not used, the environment is."""
        # When it is launched again, the information is the relay's.
        folder = self._folder = self._folder or Path(self.connection_info["ip"]).parent
        if changes_user():
            for path in (folder, *folder.iterdir()):
                os.chown(path, ORDINARY_USER, ORDINARY_USER)
        connection = {
            "key": self.connection_info["key"].decode(),
            **{name: value for name, value in self.connection_info.items() if name != "key"},
        }
        request = {
            "connection": connection,
            "environment": kwargs.get("env") or {},
            "folder": folder.name,
            "limits": dict(self.limits),
        }
        # jupyter_client wants an object like a `subprocess.Popen`.
        self.process = await asyncio.to_thread(
            ForkedKernel, self.fork_server, request, self.start_timeout
        )
        self.pid = self.process.pid
        self._end_relay()
        most = self.limits.get("sent_mb", _SENT_MB) * 1e6
        self._relay = Relay(str(folder / "k"), folder.with_name(f"{folder.name}-relay"), most)
        self._relay.start()
        self.connection_info["ip"] = self._relay.address
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """End the connections, too."""
        await super().cleanup(restart)
        self._end_relay()

    def _end_relay(self) -> None:
        if self._relay is not None:
            self._relay.close()
            self._relay = None

    async def wait(self) -> int | None:
        """Wait for its end; jupyter_client's own looks only ten times a second."""
        if self.process is None:
            return 0
        status = await asyncio.to_thread(self.process.wait)
        self.process = None
        return status


class ForkedKernel:
    """The first process of a kernel's namespaces, as far as `subprocess.Popen` would tell of it.

    Parameters
    ----------
    fork_server : str
        The path of the fork server's socket.
    request : dict
        As the fork server expects it.
    timeout : float
        Seconds until the kernel has to be ready.

    Attributes
    ----------
    pid : int
        The process id, as seen from here; killing it ends everything in the namespaces.

    Raises
    ------
    OSError
        If there is no fork server, or it could not make the namespaces in time.
    """

    stdin = stdout = stderr = None

    def __init__(self, fork_server: str, request: dict[str, Any], timeout: float) -> None:
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        try:
            self._connection.connect(fork_server)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            self._connection.sendall(json.dumps(request).encode() + b"\n")
            self._connection.settimeout(timeout)
            self.pid = self._ready()
        except BaseException:
            self._connection.close()
            raise

    def _ready(self) -> int:
        try:
            line, ancillary, _, _ = self._connection.recvmsg(
                _MAX_ANSWER_BYTES, socket.CMSG_SPACE(_CREDENTIALS.size)
            )
        except TimeoutError:
            raise TimeoutError("the sandbox was not ready in time") from None
        answer = json.loads(line) if line else {"failed": "the fork server ended"}
        if "ready" not in answer:
            raise OSError(f"the sandboxed kernel could not be started: {answer.get('failed')}")
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                return _CREDENTIALS.unpack(data)[0]
        raise OSError("the sandboxed kernel could not be started: no credentials came")

    def poll(self) -> int | None:
        """Return the exit status if the namespaces' first process has ended, else None."""
        if self.returncode is None and self._is_readable():
            answer: dict[str, Any] = {}
            with suppress(OSError, ValueError):
                answer = json.loads(self._connection.recv(_MAX_ANSWER_BYTES))
            self.returncode = answer.get("ended", -signal.SIGKILL)
            self._connection.close()
        return self.returncode

    def _is_readable(self) -> bool:
        poll = select.poll()  # `select.select` takes no descriptor above 1023
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0))

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} has not ended")
            time.sleep(0.01)
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Signal the namespaces' first process, which heeds only SIGKILL."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End everything in the namespaces."""
        self.send_signal(signal.SIGKILL)

    terminate = kill
