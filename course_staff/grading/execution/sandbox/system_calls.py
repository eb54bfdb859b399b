"""System calls that student code is refused: those that hold memory outside of every process.

The grader adds up what the processes of a sandbox hold, and the files that they write are bounded.
Files without a name, System V segments and queues, rings, and shared pages without a file, which
stay when a process drops them, are in neither count. Refused too is what no notebook needs and
where the system's own faults have most often been found.
"""

from __future__ import annotations

import ctypes
import errno
import platform

# Their numbers, as in the system's <asm/unistd.h>.
_X86_64 = {
    "shmget": 29, "semget": 64, "msgget": 68, "add_key": 248, "request_key": 249, "keyctl": 250,
    "perf_event_open": 298, "memfd_create": 319, "bpf": 321, "userfaultfd": 323,
    "io_uring_setup": 425, "memfd_secret": 447,
}  # fmt: skip
_ARM_64 = {
    "msgget": 186, "semget": 190, "shmget": 194, "add_key": 217, "request_key": 218, "keyctl": 219,
    "perf_event_open": 241, "memfd_create": 279, "bpf": 280, "userfaultfd": 282,
    "io_uring_setup": 425, "memfd_secret": 447,
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, _X86_64, 9), "aarch64": (0xC00000B7, _ARM_64, 222)}  # mmap's

_SET_SECCOMP, _FILTER = 22, 2  # of prctl(2)
# Of the filter's own machine.
_LOAD, _AND, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
# Where the filter finds a call's number, its kind of machine and the fourth argument's lower half.
_NUMBER, _MACHINE, _MMAP_FLAGS = 0, 4, 40
_SHARED_WITHOUT_FILE = 0x21  # MAP_ANONYMOUS, and the bit that both kinds of MAP_SHARED have
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.ENOSYS
_OTHER_NUMBERING = 0x40000000  # x86-64 has a second numbering of the same calls from here on


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("first", ctypes.POINTER(_Instruction)))


def refuse_hidden_memory() -> None:
    """Refuse these calls to this process and all that it starts; privileges are given up already.

    On other machines than x86-64 and 64-bit ARM, nothing is refused.
    """
    if platform.machine() not in _MACHINES:
        return
    machine, calls, mmap = _MACHINES[platform.machine()]
    numbers = list(calls.values())
    steps = [
        (_LOAD, 0, 0, _MACHINE),
        (_IF_EQUAL, 0, len(numbers) + 7, machine),  # else to the refusal: 32-bit calls
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, len(numbers) + 5, 0, _OTHER_NUMBERING),
        *((_IF_EQUAL, len(numbers) + 4 - place, 0, n) for place, n in enumerate(numbers)),
        (_IF_EQUAL, 0, 3, mmap),  # else to what is allowed
        (_LOAD, 0, 0, _MMAP_FLAGS),
        (_AND, 0, 0, _SHARED_WITHOUT_FILE),
        (_IF_EQUAL, 1, 0, _SHARED_WITHOUT_FILE),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    program = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    filter_ = _Program(len(steps), program)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(filter_), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls")
