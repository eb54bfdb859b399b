"""A kernel's own namespaces, mounts, bounds and no privileges, entered after a fork.

Runs inside bubblewrap. The kernel's calls are made through ctypes, since Python offers none of them
before 3.12; bubblewrap cannot make them, for it executes a program, and these are for a process
that has already imported everything.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Mapping

from course_staff.grading.execution.sandbox import CHANNEL, HOME

_NEW_USER, _NEW_PID, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
_NEW_MOUNTS, _NEW_IPC = 0x00020000, 0x08000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _REMOUNT = 1, 2, 4, 32
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_SET_DEATH_SIGNAL, _SET_DUMPABLE, _DROP_BOUND, _NO_NEW_PRIVILEGES = 1, 4, 24, 38
_CAPABILITIES_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def enter_namespaces() -> None:
    """Leave the fork server's namespaces; the next fork is the first process of new ones."""
    user, group = os.getuid(), os.getgid()
    _require(
        _libc.unshare(_NEW_USER | _NEW_PID | _NEW_NETWORK | _NEW_MOUNTS | _NEW_IPC), "namespaces"
    )
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def end_with_parent() -> None:
    """Have this process killed when the one that forked it ends."""
    _require(_libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "the parent's signal")


def mount_private(pool: str, folder: str, scratch_mb: float, scratch_files: int) -> None:
    """Give the kernel its own home and temporary files, in bounded memory, sockets and /proc."""
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    bounds = f"size={int(scratch_mb * 1e6)},nr_inodes={scratch_files},mode=700"
    _mount("tmpfs", HOME, "tmpfs", _NO_SUID | _NO_DEVICES, bounds)
    for name, place in (("tmp", "/tmp"), (".shared_memory", "/dev/shm")):
        own = f"{HOME}/{name}"
        os.mkdir(own)
        for entry in os.listdir(place):  # Python itself may live below /tmp, and stays in sight
            os.mkdir(f"{own}/{entry}")
            _mount(f"{place}/{entry}", f"{own}/{entry}", None, _BIND | _RECURSIVE)
        _mount(own, place, None, _BIND | _RECURSIVE)
    _mount(f"{pool}/{folder}", CHANNEL, None, _BIND)
    reply = f"{CHANNEL}/reply"
    if os.path.exists(reply):
        _mount(reply, reply, None, _BIND)
    _mount("tmpfs", pool, "tmpfs", _READ_ONLY | _NO_SUID | _NO_DEVICES, "size=4k")
    _mount("/dev/null", "/dev/zero", None, _BIND)  # pages mapped from it are in nobody's count
    _mount("proc", "/proc", "proc", _NO_SUID | _NO_DEVICES)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")


def make_pool_read_only() -> None:
    """Make the folder of the sockets read-only in the namespaces, from now on."""
    _mount(None, CHANNEL, None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEVICES)


def hide_memory() -> None:
    """Keep other processes of this user from reading and writing this one's memory."""
    _require(_libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "undumpable")


def give_up_privileges(limits: Mapping[str, float]) -> None:
    """Set bounds on this process and its children, and give up every way to lift them."""
    for bound, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_FSIZE, limits["file_mb"] * 1e6),
    ):
        resource.setrlimit(bound, (int(value), int(value)))
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # should memory run out, this process ends before any of the host's
    _require(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
    capability = 0
    while _libc.prctl(_DROP_BOUND, capability, 0, 0, 0) == 0:
        capability += 1
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    none = (ctypes.c_uint32 * 6)()
    _require(_libc.capset(header, none), "capabilities")


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, data: str | None = None
) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, data)]
    what = f"{kind or 'mount'} at {target}"
    _require(_libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]), what)


def _require(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
