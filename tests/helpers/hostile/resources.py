"""Taking more than is given: processes, memory, disk, output, time.

Each is bounded, at some times what a submission may use, and ends by itself after a while.
"""

from __future__ import annotations

from hostile.entries import Entry, code

CPU, IDLE, ENDED, MEMORY = "CPU time", "without doing anything", "ended the kernel", "MB of memory"

LAZY = """
        import time
        class Lazy:
            def __len__(self):
                return 10**9
            def __getitem__(self, index):
                end = time.process_time() + 0.01
                while time.process_time() < end:
                    pass
                time.sleep(0.09)
                return 1.0
        """


def spent(student: str, tries: str, cell: str | None = None, shown: str = "", **options) -> Entry:
    """Return a right submission with a cell that costs too much."""
    return code(student, tries, cell, shown=shown, **options)


ENTRIES = [
    spent(
        "endless-loop",
        "computes for ever",
        """
        while True:
            pass
        """,
        CPU,
    ),
    spent(
        "endless-loop-with-output",
        "computes for ever, and prints",
        """
        while True:
            print('and on', flush=True)
        """,
        CPU,
    ),
    spent(
        "swallows-interrupts",
        "computes for ever and takes no interrupt for an answer",
        """
        import signal
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU):
            signal.signal(number, signal.SIG_IGN)
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
        """,
        CPU,
    ),
    spent(
        "holds-the-interpreter",
        "one expression in C that no interrupt reaches",
        """
        import re
        re.match('(a+)+$', 'a' * 40 + 'b')
        """,
        CPU,
    ),
    spent(
        "burns-in-children",
        "computes for ever in processes of its own",
        """
        import subprocess, sys
        code = 'import time\\nend = time.time() + 60\\nwhile time.time() < end: pass  # @MARK@'
        for child in [subprocess.Popen([sys.executable, '-c', code]) for _ in range(2)]:
            child.wait()
        """,
        CPU,
    ),
    spent(
        "sleeps",
        "waits for nothing",
        """
        import time
        time.sleep(500)
        """,
        IDLE,
    ),
    spent(
        "deadlock",
        "waits for a lock that it holds",
        """
        import threading
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
        """,
        IDLE,
    ),
    spent(
        "stops-itself",
        "stops its own process, which is then neither dead nor alive",
        """
        import os, signal
        os.kill(os.getpid(), signal.SIGSTOP)
        """,
        IDLE,
    ),
    spent(
        "slow-call",
        "takes for ever where it is called, and only there",
        double="""
        def double(values):
            while True:
                pass
        """,
        marks=(0, 1, 0),
        told="more than 2 s of CPU time",
    ),
    spent(
        "waits-in-every-call",
        "waits wherever it is called",
        double="""
        import time
        def double(values):
            time.sleep(500)
        """,
        draw="""
        def draw(n, rng):
            time.sleep(500)
        """,
        affine="""
        def affine(kernel, bias):
            time.sleep(500)
        """,
        marks=(0, 0, 0),
        told=IDLE,
    ),
    spent(
        "computes-now-and-then",
        "returns a sequence without an end, and takes its time for each entry",
        double=LAZY
        + """
        def double(values):
            return Lazy()
        """,
        draw="""
        def draw(n, rng):
            return Lazy()
        """,
        affine="""
        def affine(kernel, bias):
            return Lazy()
        """,
        marks=(0, 0, 0),
        told=IDLE,
    ),
    spent(
        "memory-in-every-call",
        "takes memory wherever it is called",
        double="""
        import time
        def double(values):
            held = [np.ones(10**7) for _ in range(20)]
            time.sleep(20)
        """,
        draw="""
        def draw(n, rng):
            return double(n)
        """,
        affine="""
        def affine(kernel, bias):
            return double(kernel)
        """,
        marks=(0, 0, 0),
    ),
    spent(
        "memory-bomb",
        "takes memory until there is none",
        """
        import time
        held = [np.ones(10**7) for _ in range(20)]
        time.sleep(20)
        """,
        MEMORY,
    ),
    spent(
        "memory-in-children",
        "takes memory in many processes, each of them modest",
        """
        import subprocess, sys
        code = 'import time; held = b"x" * 3 * 10**8; time.sleep(30)  # @MARK@'
        for child in [subprocess.Popen([sys.executable, '-c', code]) for _ in range(12)]:
            child.wait()
        """,
        MEMORY,
    ),
    spent(
        "memory-in-shared-pages",
        "takes memory in shared pages and drops them, which frees none of it",
        """
        import mmap, time
        held = []
        for _ in range(30):
            held.append(mmap.mmap(-1, 10**8))
            held[-1].write(b'x' * 10**8)
            held[-1].madvise(mmap.MADV_DONTNEED)
        time.sleep(20)
        """,
        "Function not implemented",
    ),
    spent(
        "memory-in-zeros",
        "takes the same memory by way of the device of zeros",
        """
        import mmap, os, time
        held = []
        for _ in range(30):
            held.append(mmap.mmap(os.open('/dev/zero', os.O_RDWR), 10**8))
            held[-1].write(b'x' * 10**8)
            held[-1].madvise(mmap.MADV_DONTNEED)
        time.sleep(20)
        """,
        "No such device",
    ),
    spent(
        "memory-in-nameless-files",
        "takes memory in files without a name, which no process has mapped",
        """
        import os, time
        for _ in range(100):
            os.posix_fallocate(os.memfd_create('@MARK@'), 0, 4 * 10**7)
        time.sleep(20)
        """,
        "Function not implemented",
    ),
    spent(
        "memory-in-segments",
        "takes memory in System V segments, which outlive their processes",
        """
        import ctypes, os, time
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        for _ in range(40):
            number = libc.shmget(0, ctypes.c_size_t(10**8), 0o1600)
            if number < 0:
                print('refused:', os.strerror(ctypes.get_errno()))
                break
            place = libc.shmat(number, None, 0)
            ctypes.memset(place, 1, 10**8)
            libc.shmdt(ctypes.c_void_p(place))
        time.sleep(0 if number < 0 else 20)
        """,
        "refused: Function not implemented",
    ),
    spent(
        "memory-in-a-call",
        "returns an array of eight gigabytes",
        double="""
        def double(values):
            return np.ones((1000, 1000, 1000))
        """,
        marks=(0, 1, 0),
        told="double",
    ),
    spent(
        "fork-bomb",
        "starts processes that start processes",
        """
        import os, time
        first, end = os.getpid(), time.time() + 15
        for _ in range(12):  # 4,096 at most, and only for a while
            try:
                os.fork()
            except OSError:
                pass
        while time.time() < end:
            time.sleep(0.5)
        if os.getpid() != first:
            os._exit(0)
        """,
    ),
    spent(
        "forks-and-goes-on",
        "a second kernel on the same sockets, from a cell that forks",
        """
        import os
        os.fork()
        """,
    ),
    spent(
        "thread-bomb",
        "starts threads until there are no more",
        """
        import threading, time
        for _ in range(5000):
            threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
        """,
        "can't start new thread",
    ),
    spent(
        "exits",
        "ends the kernel",
        """
        import os
        os._exit(0)
        """,
        ENDED,
    ),
    spent(
        "aborts",
        "ends the kernel with a core to dump",
        """
        import os
        os.abort()
        """,
        ENDED,
    ),
    spent(
        "reads-nowhere",
        "reads address 0",
        """
        import ctypes
        ctypes.string_at(0)
        """,
        ENDED,
    ),
    spent("quits", "leaves in good form", "quit()", ENDED),
    spent(
        "system-exit",
        "raises SystemExit",
        """
        import sys
        sys.exit(3)
        """,
        "SystemExit: 3",
    ),
    spent(
        "disk-fill",
        "writes files until the disk is full",
        """
        import os
        for folder in ('.', '/tmp', '/dev/shm', os.path.expanduser('~')):
            try:
                with open(f'{folder}/@MARK@', 'wb') as file:
                    for _ in range(300):
                        file.write(bytes(10**7))
            except OSError as error:
                print('refused', error.strerror)
        """,
        "refused No space left on device",
    ),
    spent(
        "inode-fill",
        "writes empty files until there are no more",
        """
        try:
            for number in range(200_000):
                open(f'@MARK@-{number}', 'w').close()
        except OSError as error:
            print('refused', error.strerror)
        """,
        "refused No space left on device",
    ),
    spent(
        "open-files",
        "opens files until there are no more",
        """
        held = []
        try:
            for _ in range(10**5):
                held.append(open('/dev/null'))
        except OSError as error:
            print('refused', error.strerror)
        held.clear()
        """,
        "refused Too many open files",
    ),
    spent(
        "large-file",
        "makes one file without end, with nothing in it",
        """
        try:
            with open('large', 'wb') as file:
                file.truncate(10**13)
        except OSError as error:
            print('refused', error.strerror)
        """,
        "refused File too large",
    ),
    spent(
        "output-flood",
        "prints a gigabyte",
        """
        for _ in range(10_000):
            print('x' * 10**5)
        """,
        "more than 5 MB",
    ),
    spent(
        "error-flood",
        "prints a gigabyte on stderr, past Python",
        """
        import os
        for _ in range(1000):
            os.write(2, b'x' * 10**6)
        """,
        "more than 5 MB",
    ),
    spent(
        "message-flood",
        "shows a hundred thousand small things",
        """
        from IPython.display import display
        for number in range(100_000):
            display(number)
        """,
    ),
    spent(
        "large-picture",
        "shows a picture of a hundred megabytes",
        """
        from IPython.display import publish_display_data
        publish_display_data({'image/png': 'A' * 10**8, 'text/plain': 'picture'})
        """,
        "more than 5 MB",
    ),
    spent(
        "endless-recursion",
        "a function that calls itself",
        """
        def foo():
            foo()
        foo()
        """,
    ),
    spent(
        "recursion-without-a-limit",
        "a function that calls itself until the stack is full",
        """
        import sys
        sys.setrecursionlimit(10**9)
        class A:
            def __getattr__(self, name):
                return getattr(self, name + 'x')
        A().a
        """,
        ENDED,
    ),
    spent(
        "closes-everything",
        "closes all files and sockets of its process",
        """
        import os
        os.closerange(0, 4096)
        """,
    ),
    spent(
        "raises-its-limits",
        "lifts the limits that it was given and the order in which it may run",
        """
        import os, resource
        for name in ('AS', 'CPU', 'FSIZE', 'NOFILE', 'NPROC', 'DATA', 'STACK'):
            kind = getattr(resource, f'RLIMIT_{name}')
            for limits in ((-1, -1), (resource.getrlimit(kind)[1],) * 2):
                try:
                    resource.setrlimit(kind, limits)
                except (OSError, ValueError) as error:
                    print(error)
        try:
            os.nice(-20)
        except OSError as error:
            print(error)
        held = [np.ones(10**7) for _ in range(20)]
        import time
        time.sleep(20)
        """,
        MEMORY,
    ),
]
