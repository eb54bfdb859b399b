"""Taking more than is given: processes, memory, disk, output, time; and ending what is not one's.

Each is bounded, at some times what a submission may use, and ends by itself after a while.
"""

from __future__ import annotations

import os

import numpy

from hostile.entries import Entry, code

CPU, IDLE, ENDED, MEMORY = "CPU time", "without doing anything", "ended the kernel", "MB of memory"


def spent(student: str, tries: str, cell: str | None = None, shown: str = "", **options) -> Entry:
    """Return a right submission with a cell that costs too much."""
    return code(student, tries, cell, shown=shown, **options)


# Folders that somebody who may could write to.
PLACES = [
    "/", "/etc", "/usr/lib", "/root", "/home", "/tmp", "/var/tmp", "/dev", "/dev/shm", "/run",
    "/proc/sys/kernel", os.path.dirname(os.__file__), os.path.dirname(numpy.__file__),
]  # fmt: skip

ENTRIES = [
    spent("endless-loop", "computes for ever", "while True:\n    pass", CPU),
    spent(
        "endless-loop-with-output",
        "computes for ever, and prints",
        "while True:\n    print('and on', flush=True)",
        CPU,
    ),
    spent(
        "swallows-interrupts",
        "computes for ever and takes no interrupt for an answer",
        "import signal\n"
        "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU):\n"
        "    signal.signal(number, signal.SIG_IGN)\n"
        "while True:\n"
        "    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        pass",
        CPU,
    ),
    spent(
        "holds-the-interpreter",
        "one expression in C that no interrupt reaches",
        "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
        CPU,
    ),
    spent(
        "burns-in-children",
        "computes for ever in processes of its own",
        "import subprocess, sys\n"
        "code = 'import time\\nend = time.time() + 60\\nwhile time.time() < end: pass  # @MARK@'\n"
        "for child in [subprocess.Popen([sys.executable, '-c', code]) for _ in range(2)]:\n"
        "    child.wait()",
        CPU,
    ),
    spent("sleeps", "waits for nothing", "import time\ntime.sleep(500)", IDLE),
    spent(
        "deadlock",
        "waits for a lock that it holds",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
        IDLE,
    ),
    spent(
        "stops-itself",
        "stops its own process, which is then neither dead nor alive",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        IDLE,
    ),
    spent(
        "slow-call",
        "takes for ever where it is called, and only there",
        double="def double(values):\n    while True:\n        pass",
        marks=(0, 1, 0),
        told="more than 2 s of CPU time",
    ),
    spent(
        "memory-bomb",
        "takes memory until there is none",
        "held = []\nfor _ in range(60):\n    held.append(b'x' * 10**8)\nimport time\ntime.sleep(20)",
        MEMORY,
    ),
    spent(
        "memory-in-children",
        "takes memory in many processes, each of them modest",
        "import subprocess, sys\n"
        "code = 'import time; held = b\"x\" * 3 * 10**8; time.sleep(30)  # @MARK@'\n"
        "for child in [subprocess.Popen([sys.executable, '-c', code]) for _ in range(12)]:\n"
        "    child.wait()",
        MEMORY,
    ),
    spent(
        "memory-in-shared-pages",
        "takes memory in pages that processes share",
        "import mmap, time\n"
        "shared = mmap.mmap(-1, 3 * 10**9)\n"
        "for start in range(0, 3 * 10**9, 4096):\n    shared[start] = 1\n"
        "time.sleep(20)",
        MEMORY,
    ),
    spent(
        "memory-in-nameless-files",
        "takes memory in files without a name, which no process has mapped",
        "import os, time\n"
        "for _ in range(100):\n"
        "    os.posix_fallocate(os.memfd_create('@MARK@'), 0, 4 * 10**7)\n"
        "time.sleep(20)",
        "Function not implemented",
    ),
    spent(
        "memory-in-segments",
        "takes memory in System V segments, which outlive their processes",
        "import ctypes, os, time\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "libc.shmat.restype = ctypes.c_void_p\n"
        "for _ in range(40):\n"
        "    number = libc.shmget(0, ctypes.c_size_t(10**8), 0o1600)\n"
        "    if number < 0:\n"
        "        print('refused:', os.strerror(ctypes.get_errno()))\n"
        "        break\n"
        "    place = libc.shmat(number, None, 0)\n"
        "    ctypes.memset(place, 1, 10**8)\n"
        "    libc.shmdt(ctypes.c_void_p(place))\n"
        "time.sleep(0 if number < 0 else 20)",
        "refused: Function not implemented",
    ),
    spent(
        "memory-in-a-call",
        "returns an array of eight gigabytes",
        double="def double(values):\n    return np.ones((1000, 1000, 1000))",
        marks=(0, 1, 0),
        told="double",
    ),
    spent(
        "fork-bomb",
        "starts processes that start processes",
        "import os, time\n"
        "first, end = os.getpid(), time.time() + 15\n"
        "for _ in range(12):\n"  # 4,096 at most, and only for a while
        "    try:\n        os.fork()\n"
        "    except OSError:\n        pass\n"
        "while time.time() < end:\n    time.sleep(0.5)\n"
        "if os.getpid() != first:\n    os._exit(0)",
    ),
    spent(
        "forks-and-goes-on",
        "a second kernel on the same sockets, from a cell that forks",
        "import os\nos.fork()",
    ),
    spent(
        "thread-bomb",
        "starts threads until there are no more",
        "import threading, time\n"
        "for _ in range(5000):\n"
        "    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()",
        "can't start new thread",
    ),
    spent(
        "orphans",
        "leaves processes behind that nobody is the parent of",
        "import os, sys\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            for number in range(256):\n"
        "                try:\n                    os.close(number)\n"
        "                except OSError:\n                    pass\n"
        "            code = 'import signal, time; signal.pthread_sigmask(0, range(1, 32)); '\n"
        "            code += 'time.sleep(300)  # @MARK@'\n"
        "            os.execv(sys.executable, [sys.executable, '-c', code])\n"
        "        os._exit(0)\n"
        "print('left behind', 3)",
        "left behind 3",
    ),
    spent(
        "daemon-that-waits-for-the-end",
        "a process that waits until grading is over and then changes what lies around",
        "import subprocess, sys\n"
        'code = \'import time; time.sleep(40); open("@HOST@/@MARK@", "w")  # @MARK@\'\n'
        "subprocess.Popen([sys.executable, '-c', code], start_new_session=True,\n"
        "                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)",
    ),
    spent("exits", "ends the kernel", "import os\nos._exit(0)", ENDED),
    spent("aborts", "ends the kernel with a core to dump", "import os\nos.abort()", ENDED),
    spent("reads-nowhere", "reads address 0", "import ctypes\nctypes.string_at(0)", ENDED),
    spent("quits", "leaves in good form", "quit()", ENDED),
    spent("system-exit", "raises SystemExit", "import sys\nsys.exit(3)", "SystemExit: 3"),
    spent(
        "signals-the-parent",
        "ends, interrupts and stops the processes that started it",
        "import os, signal\n"
        "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):\n"
        "    try:\n        os.kill(os.getppid(), number)\n"
        "    except OSError as error:\n        print(error)",
    ),
    spent(
        "signals-everybody",
        "ends every process that it may",
        "import os, signal\n"
        # Where the machine itself can be seen, the sandbox has failed and other tests say so.
        "if not os.path.exists('@HOST@'):\n"
        "    for process in (-1, 0, os.getpid()):\n"
        "        try:\n            os.kill(process, signal.SIGKILL)\n"
        "        except OSError as error:\n            print(error)",
        ENDED,
    ),
    spent(
        "disk-fill",
        "writes files until the disk is full",
        "import os\n"
        "for folder in ('.', '/tmp', '/dev/shm', os.path.expanduser('~')):\n"
        "    try:\n"
        "        with open(f'{folder}/@MARK@', 'wb') as file:\n"
        "            for _ in range(300):\n                file.write(bytes(10**7))\n"
        "    except OSError as error:\n        print('refused', error.strerror)",
        "refused No space left on device",
    ),
    spent(
        "inode-fill",
        "writes empty files until there are no more",
        "try:\n"
        "    for number in range(200_000):\n        open(f'@MARK@-{number}', 'w').close()\n"
        "except OSError as error:\n    print('refused', error.strerror)",
        "refused No space left on device",
    ),
    spent(
        "open-files",
        "opens files until there are no more",
        "held = []\n"
        "try:\n"
        "    for _ in range(10**5):\n        held.append(open('/dev/null'))\n"
        "except OSError as error:\n    print('refused', error.strerror)\n"
        "held.clear()",
        "refused Too many open files",
    ),
    spent(
        "large-file",
        "makes one file without end, with nothing in it",
        "try:\n"
        "    with open('large', 'wb') as file:\n        file.truncate(10**13)\n"
        "except OSError as error:\n    print('refused', error.strerror)",
        "refused File too large",
    ),
    spent(
        "output-flood",
        "prints a gigabyte",
        "for _ in range(10_000):\n    print('x' * 10**5)",
        "more than 5 MB",
    ),
    spent(
        "error-flood",
        "prints a gigabyte on stderr, past Python",
        "import os\nfor _ in range(1000):\n    os.write(2, b'x' * 10**6)",
        "more than 5 MB",
    ),
    spent(
        "message-flood",
        "shows a hundred thousand small things",
        "from IPython.display import display\nfor number in range(100_000):\n    display(number)",
    ),
    spent(
        "large-picture",
        "shows a picture of a hundred megabytes",
        "from IPython.display import publish_display_data\n"
        "publish_display_data({'image/png': 'A' * 10**8, 'text/plain': 'picture'})",
        "more than 5 MB",
    ),
    spent(
        "endless-recursion",
        "a function that calls itself",
        "def foo():\n    foo()\nfoo()",  # a slow machine is stopped before it has written the traceback
    ),
    spent(
        "recursion-without-a-limit",
        "a function that calls itself until the stack is full",
        "import sys\n"
        "sys.setrecursionlimit(10**9)\n"
        "class A:\n    def __getattr__(self, name):\n        return getattr(self, name + 'x')\n"
        "A().a",
        ENDED,
    ),
    spent(
        "closes-everything",
        "closes all files and sockets of its process",
        "import os\nos.closerange(0, 4096)",
    ),
    spent(
        "raises-its-limits",
        "lifts the limits that it was given and the order in which it may run",
        "import os, resource\n"
        "for name in ('AS', 'CPU', 'FSIZE', 'NOFILE', 'NPROC', 'DATA', 'STACK'):\n"
        "    kind = getattr(resource, f'RLIMIT_{name}')\n"
        "    for limits in ((-1, -1), (resource.getrlimit(kind)[1],) * 2):\n"
        "        try:\n            resource.setrlimit(kind, limits)\n"
        "        except (OSError, ValueError) as error:\n            print(error)\n"
        "try:\n    os.nice(-20)\n"
        "except OSError as error:\n    print(error)\n"
        "held = [b'x' * 10**8 for _ in range(40)]\n"
        "import time\ntime.sleep(20)",
        MEMORY,
    ),
    spent(
        "connects-to-the-network",
        "asks servers on the network, on the machine, and behind sockets of its own",
        "import socket, urllib.request\n"
        "reached = []\n"
        "for address in (('127.0.0.1', @PORT@), ('192.0.2.1', 80), ('1.1.1.1', 53)):\n"
        "    try:\n"
        "        socket.create_connection(address, 2).sendall(b'@MARK@')\n"
        "        reached.append(address)\n"
        "    except OSError as error:\n        print(error)\n"
        "for path in ('\\0@MARK@', '/var/run/docker.sock', '/run/dbus/system_bus_socket'):\n"
        "    try:\n"
        "        socket.socket(socket.AF_UNIX).connect(path)\n"
        "        reached.append(path)\n"
        "    except OSError as error:\n        print(error)\n"
        "for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):\n"
        "    try:\n"
        "        socket.socket(socket.AF_INET, kind, 1 if kind == socket.SOCK_RAW else 0).sendto(\n"
        "            b'@MARK@', ('127.0.0.1', @PORT@))\n"
        "        print('sent into nothing')\n"
        "    except OSError as error:\n        print(error)\n"
        "print('reached', reached)",
        "reached []",
    ),
    spent(
        "writes-everywhere",
        "writes into every folder of the machine that it can",
        f"places = {PLACES}\n"
        "for folder in (*places, '/sys', '@HOST@', '@HOST@/out', '@HOST@/submitted/ada',\n"
        "               '@HOST@/course/lessons', '@HOST@/home'):\n"
        "    try:\n        open(f'{folder}/@MARK@', 'w').write('x')\n"
        "    except OSError as error:\n        print(error.strerror)",
        "Read-only file system",
    ),
    spent(
        "deletes-what-it-finds",
        "deletes the course, the gradebook and the others' submissions",
        "import shutil\n"
        "for folder in ('out', 'submitted', 'course', 'home'):\n"
        "    shutil.rmtree('@HOST@/' + folder, ignore_errors=True)",
    ),
    spent(
        "poisons-the-next",
        "leaves modules and settings where the next kernel, its own or another's, would find them",
        "import os, site, tempfile\n"
        "text = 'raise SystemExit(\"@MARK@\")'\n"
        "folders = ['.', '/tmp', '/dev/shm', tempfile.gettempdir(), os.path.expanduser('~')]\n"
        "folders += [site.getusersitepackages(), os.path.expanduser('~/.ipython/profile_default/startup')]\n"
        "for folder in folders:\n"
        "    for name in ('numpy.py', 'sitecustomize.py', 'usercustomize.py', 'json.py', 'keras.json'):\n"
        "        try:\n"
        "            os.makedirs(folder, exist_ok=True)\n"
        "            open(os.path.join(folder, name), 'w').write(text)\n"
        "        except OSError:\n            pass\n"
        "os._exit(1)",
        ENDED,
    ),
    spent(
        "poisons-the-template",
        "writes into the memory and the address space of the process that it was forked from",
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None)\n"
        # Where the machine itself can be seen, the sandbox has failed and other tests say so.
        "for pid in {os.getppid(), 1} - {os.getpid()} if not os.path.exists('@HOST@') else ():\n"
        "    libc.ptrace(16, pid, 0, 0)\n"
        "    try:\n"
        "        with open(f'/proc/{pid}/mem', 'r+b', buffering=0) as memory:\n"
        "            for line in open(f'/proc/{pid}/maps'):\n"
        "                if ' rw' in line:\n"
        "                    memory.seek(int(line.split('-')[0], 16))\n"
        "                    memory.write(b'x' * 4096)\n"
        "    except (OSError, ValueError, OverflowError) as error:\n"
        "        print(error)",
    ),
    spent(
        "holds-its-own-files",
        "makes its folder such that it is hard to delete",
        "import os\n"
        "os.makedirs('/'.join(['a'] * 400), exist_ok=True)\n"
        "os.makedirs('closed/inner', exist_ok=True)\n"
        "os.mkfifo('pipe')\n"
        "os.symlink('@HOST@', 'link')\n"
        "open('undecodable-\\udcff\\n', 'w').close()\n"
        "os.chmod('closed', 0)",
    ),
]
