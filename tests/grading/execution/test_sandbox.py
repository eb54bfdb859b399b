"""What student code can see, reach and use up in bubblewrap."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient
from processes import wait_until

from course_lib.errors import CourseError
from course_staff.grading.execution.executing import plain_environment
from course_staff.grading.execution.sandbox import bubblewrap
from course_staff.grading.execution.sandbox.pool import Sandbox
from course_staff.grading.execution.student_kernel import StudentKernel
from course_staff.grading.execution.workers import raise_open_files
from course_staff.grading.limits import Limits, Stopped
from course_staff.kernels import LocalKernelManager

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("bwrap") is None, reason="bubblewrap is not installed"
)
PACKAGE = Path(bubblewrap.__file__).parents[3]
LIMITS = Limits(cell_seconds=5, idle_seconds=5, scratch_mb=30, scratch_files=200, file_mb=20)


@pytest.fixture(scope="module")
def course():
    """A course that lies inside a folder which has to be seen, and has Python in itself."""
    folder = Path(tempfile.mkdtemp(prefix="course-test-", dir="/var/tmp"))
    root = folder / "src" / "course"
    for name in ("lessons/checks.py", "python/module.py"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("the answer is 42")
    folder.chmod(0o755)
    yield root
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def sandbox(course):
    with pytest.MonkeyPatch.context() as patch:
        shown = [*bubblewrap.python_folders(), course.parents[1], course / "python"]
        patch.setattr(bubblewrap, "python_folders", lambda: shown)
        with Sandbox(plain_environment(), preload=["numpy"], hidden=[course]) as made:
            yield made


@contextlib.asynccontextmanager
async def kernel(sandbox, limits=LIMITS):
    async with StudentKernel(limits, plain_environment(), threading.Event(), sandbox) as started:
        yield started


async def execute(started: StudentKernel, code: str) -> str:
    cell = nbformat.v4.new_code_cell(code)
    await started.execute_cell(cell)
    return "".join(output.get("text", "") for output in cell.outputs).strip()


def told(sandbox, *cells: str, limits: Limits = LIMITS) -> str:
    """Return what the last of some cells prints."""

    async def run() -> str:
        async with kernel(sandbox, limits) as started:
            for code in cells:
                text = await execute(started, code)
            return text

    return asyncio.run(run())


def test_nothing_of_the_host_shows_but_the_system_and_python(sandbox, course):
    python = {path.parts[2] for path in bubblewrap.python_folders() if path.is_relative_to("/tmp")}
    code = f"import os; print(os.listdir('/home'), set(os.listdir('/tmp')) - {python or set()})"
    assert told(sandbox, code) == "['student'] set()"
    paths = [
        str(PACKAGE.parent / "lessons"), "/etc/shadow", str(Path.home() / ".bashrc"),
        str(course / "lessons" / "checks.py"), str(course / "python" / "module.py"),
    ]  # fmt: skip
    code = f"import os; print([os.path.exists(path) for path in {paths!r}])"
    assert told(sandbox, code) == "[False, False, False, False, True]"


def test_the_environment_tells_nothing(sandbox, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "42")
    code = (
        "import os, glob\n"
        "told = str(dict(os.environ))\n"
        "for name in glob.glob('/proc/[0-9]*/environ'):\n"
        "    try: told += open(name).read()\n"
        "    except OSError: pass\n"
        "print('COURSE_SECRET' in told, 'LOGNAME' in told, len(told) > 100)"
    )
    assert told(sandbox, code) == "False False True"


def test_only_the_scratch_folder_can_be_written_and_it_is_bounded(sandbox):
    code = (
        "import os\n"
        "def writes(path):\n"
        "    try:\n"
        "        open(path, 'w').close()\n"
        "        return True\n"
        "    except OSError:\n"
        "        return False\n"
        f"print([writes(p) for p in ['/x', '/usr/x', '/pool/x', '/run/kernel/x', '/dev/x', "
        f"'{PACKAGE}/x', '{sys.prefix}/x', '/proc/sys/kernel/core_pattern', "
        "'/tmp/x', '/dev/shm/x', 'x']])"
    )
    assert told(sandbox, code) == str([False] * 8 + [True] * 3)
    fill = (
        "written = 0\n"
        "try:\n"
        "    for number in range(100):\n"
        "        with open(f'/tmp/{number}', 'wb') as file:\n"
        "            written += file.write(bytes(1_000_000))\n"
        "except OSError as error:\n"
        "    print(written < 31e6, error.strerror)"
    )
    assert told(sandbox, fill) == "True No space left on device"
    many = (
        "try:\n"
        "    for number in range(1000): open(f'/tmp/{number}', 'w').close()\n"
        "except OSError as error:\n"
        "    print(number < 200, error.strerror)"
    )
    assert told(sandbox, many) == "True No space left on device"
    large = "try: open('/tmp/x', 'wb').truncate(21_000_000)\nexcept OSError as e: print(e.strerror)"
    assert told(sandbox, large) == "File too large"


def test_there_is_no_network(sandbox):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = (
            "import socket\n"
            f"try: socket.create_connection(('127.0.0.1', {port}), 2)\n"
            "except OSError as error: print(type(error).__name__, socket.if_nameindex())"
        )
        assert told(sandbox, code).endswith("[(1, 'lo')]")


def test_no_privilege_is_left_and_none_can_be_got(sandbox):
    status = told(
        sandbox,
        "print([line.split() for line in open('/proc/self/status')"
        " if line.startswith(('Cap', 'NoNewPrivs', 'Uid'))])",
    )
    assert "'CapBnd:', '0000000000000000'" in status
    assert "'CapEff:', '0000000000000000'" in status
    assert "'NoNewPrivs:', '1'" in status
    assert "'Uid:', '1000'" in status
    code = (
        "import ctypes\n"
        "libc = ctypes.CDLL(None)\n"
        "print(libc.unshare(0x10000000), libc.mount(b'none', b'/proc', b'tmpfs', 0, None),"
        " libc.umount2(b'/pool', 2), libc.setuid(0))"
    )
    assert told(sandbox, code) == "-1 -1 -1 -1"


def test_bounds_hold_on_processes_and_open_files(sandbox):
    limits = Limits(cell_seconds=5, processes=60, open_files=100)
    fork = (
        "import os, signal, time\n"
        "children = []\n"
        "try:\n"
        "    while True:\n"
        "        children.append(os.fork())\n"
        "        if children[-1] == 0: time.sleep(60)\n"
        "except OSError as error: why = error.strerror\n"
        "for child in children: os.kill(child, signal.SIGKILL)\n"
        "print(len(children) < 60, why)"
    )
    assert told(sandbox, fork, limits=limits) == "True Resource temporarily unavailable"
    files = (
        "kept = []\n"
        "try:\n"
        "    while True: kept.append(open('/dev/null'))\n"
        "except OSError as error: why = error.strerror\n"
        "number = len(kept); kept.clear(); print(number < 100, why)"
    )
    assert told(sandbox, files, limits=limits) == "True Too many open files"


def test_rooms_neither_see_nor_reach_each_other_nor_the_template(sandbox):
    look = (
        "import glob\n"
        "names = [open(p).read() for p in glob.glob('/proc/[0-9]*/cmdline')]\n"
        "print(len(names), [p for p in ('/tmp/mark', '/dev/shm/mark') if os.path.exists(p)])"
    )

    async def both() -> tuple[str, str]:
        async with kernel(sandbox) as first, kernel(sandbox) as second:
            await execute(
                first,
                "import os, socket\n"
                "open('/tmp/mark', 'w').close(); open('/dev/shm/mark', 'w').close()\n"
                "s = socket.socket(socket.AF_UNIX); s.bind('\\0abstract'); s.listen()",
            )
            seen = await execute(second, "import os, socket\n" + look)
            reached = await execute(
                second,
                "try:\n"
                "    socket.socket(socket.AF_UNIX).connect('\\0abstract')\n"
                "except OSError as error:\n"
                "    print(type(error).__name__)",
            )
            return seen, reached

    seen, reached = asyncio.run(both())
    assert seen == "2 []"  # the namespaces' first process and the kernel
    assert reached == "ConnectionRefusedError"


def test_killing_everything_in_reach_ends_the_room_alone(sandbox):
    fork_server = sandbox._process.pid

    async def kill() -> None:
        async with kernel(sandbox) as started:
            for code in (
                "os.kill(-1, signal.SIGKILL)",
                "os.kill(1, signal.SIGKILL)",
                "os._exit(3)",
            ):
                await execute(started, f"import os, signal; {code}")

    with pytest.raises(Stopped, match="exit status 3") as stopped:
        asyncio.run(kill())
    assert stopped.value.limit == "died"
    assert psutil.pid_exists(fork_server)
    assert told(sandbox, "print('alive')") == "alive"


def test_nothing_that_was_started_survives(sandbox):
    marker = f"course-orphan-{os.getpid()}"
    orphan = (
        "import os, subprocess\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        os.execv('/bin/sh', ['{marker}', '-c', 'trap \"\" TERM HUP; sleep 300'])\n"
        "    os._exit(0)\n"
        "import time; time.sleep(0.5); print('left')"
    )
    assert told(sandbox, orphan) == "left"
    names = [" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])]
    assert not [name for name in names if marker in name]


def test_an_interrupt_stops_a_cell_and_the_kernel_goes_on(sandbox):
    async def run() -> str:
        async with kernel(sandbox, Limits(cell_seconds=1)) as started:
            with pytest.raises(Stopped, match="CPU"):
                await execute(started, "while True: pass")
            return await execute(started, "print('goes on')")

    assert asyncio.run(run()) == "goes on"


def test_memory_of_all_processes_counts_together(sandbox):
    limits = Limits(cell_seconds=20, memory_mb=500)
    code = (
        "import os, time\nfor _ in range(3): os.fork()\nheld = b'x' * 150_000_000\ntime.sleep(20)"
    )

    async def run() -> None:
        async with kernel(sandbox, limits) as started:
            await execute(started, code)

    with pytest.raises(Stopped, match="500 MB of memory") as stopped:
        asyncio.run(run())
    assert stopped.value.limit == "memory"


@pytest.mark.parametrize(
    "code",
    [
        "import ctypes, mmap, time\n"  # reads a byte of every 2 MB of nothing, which is no memory
        "libc = ctypes.CDLL(None)\n"
        "libc.mmap.restype = ctypes.c_void_p\n"
        "start = libc.mmap(None, ctypes.c_size_t(2**38), 1, 0x4022, -1, 0)\n"
        "for place in range(start, start + 2**38, 2**21): ctypes.c_char.from_address(place).value\n"
        "time.sleep(20)",
        "import os, socket, time\n"
        "pairs, data = [], bytes(65536)\n"
        "for _ in range(3): os.fork()\n"
        "for _ in range(200):\n"
        "    pairs.append(socket.socketpair())\n"
        "    pairs[-1][0].setblocking(False)\n"
        "    try:\n"
        "        while True: pairs[-1][0].send(data)\n"
        "    except BlockingIOError: pass\n"
        "time.sleep(20)",
    ],
    ids=["page tables", "sockets"],
)
def test_memory_that_the_system_holds_for_a_kernel_counts(sandbox, code):
    limits = Limits(cell_seconds=30, memory_mb=400)
    with pytest.raises(Stopped, match="400 MB of memory") as stopped:
        told(sandbox, code, limits=limits)
    assert stopped.value.limit == "memory"


@pytest.mark.parametrize(
    "part",  # of a message with further parts
    [
        pytest.param("b'\\3' + struct.pack('>Q', 900_000) + bytes(900_000)", id="large parts"),
        pytest.param("b'\\1\\0' * 10_000", id="empty parts"),
    ],
)
def test_what_a_kernel_sends_past_zeromq_does_not_fill_the_graders_memory(sandbox, part):
    code = (
        "import os, socket, struct, time\n"
        "time.sleep(0.5)\n"  # so that nothing else is on its way
        f"part = {part}\n"
        "for handle in map(int, os.listdir('/proc/self/fd')):\n"
        "    try:\n"
        "        one = socket.socket(fileno=os.dup(handle))\n"
        "        if one.getsockname() != '/run/kernel/k-2': continue\n"
        "        one.getpeername()\n"
        "        one.setblocking(True)\n"
        "        for _ in range(1000): one.sendall(part)\n"
        "    except OSError: pass\n"
        "time.sleep(30)"
    )
    before = psutil.Process().memory_info().rss
    with pytest.raises(Stopped, match="broke the connection") as stopped:
        told(sandbox, code, limits=dataclasses.replace(LIMITS, output_mb=2, idle_seconds=20))
    assert stopped.value.limit == "output"
    assert psutil.Process().memory_info().rss < before + 100e6
    assert told(sandbox, "print(2)") == "2"


def test_a_grader_with_more_than_a_thousand_descriptors_starts_kernels(sandbox):
    if raise_open_files() < 1400:
        pytest.skip("this process may not open so many files")
    with contextlib.ExitStack() as held:
        for _ in range(1100):
            held.enter_context(open(os.devnull))
        assert told(sandbox, "print(1)") == "1"


def test_the_template_is_started_again_when_it_has_ended():
    with Sandbox(plain_environment()) as sandbox:
        assert told(sandbox, "print(1)") == "1"
        first = sandbox._process
        for process in psutil.Process(first.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                process.kill()
        first.wait()
        assert told(sandbox, "print(2)") == "2"
    assert not sandbox.folder.exists()


OWNER = """
import sys, time
from course_staff.grading.execution.executing import plain_environment
from course_staff.grading.execution.sandbox.pool import Sandbox
sandbox = Sandbox(plain_environment()).__enter__()
sandbox.provisioner({})
print(sandbox._process.pid, sandbox.folder, flush=True)
time.sleep(100)
"""


def test_the_sandbox_ends_with_the_grader_even_when_that_is_killed():
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    number, name = owner.stdout.readline().split()
    outermost, folder = psutil.Process(int(number)), Path(name)
    started = [outermost, *outermost.children(recursive=True)]
    assert len(started) >= 3
    long_ago = time.time() - 86400
    os.utime(folder, (long_ago, long_ago))
    with Sandbox(plain_environment()):
        assert folder.exists(), "its grader is still there"
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    _, alive = psutil.wait_procs(started, timeout=20)
    assert not alive
    with Sandbox(plain_environment()):
        assert not folder.exists(), "the next grader removes it"


IMPORTING_OWNER = """
import sys, time
from course_staff.grading.execution.executing import plain_environment
from course_staff.grading.execution.sandbox.pool import Sandbox
sandbox = Sandbox(plain_environment(), preload=["tensorflow"]).__enter__()
print(sandbox._process.pid, sandbox.folder, flush=True)
time.sleep(100)
"""


def test_the_sandbox_ends_with_a_grader_that_is_killed_while_it_imports():
    command = [sys.executable, "-c", IMPORTING_OWNER]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    number, name = owner.stdout.readline().split()
    outermost = psutil.Process(int(number))

    def imports() -> bool:
        family = outermost.children(recursive=True)
        return any("/numpy/" in one.path for member in family for one in member.memory_maps())

    wait_until(imports)  # NumPy, which TensorFlow imports among its first
    started = [outermost, *outermost.children(recursive=True)]
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    assert not Path(name, "fork_server").exists(), "it was still importing"
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not alive
    shutil.rmtree(name)


def test_other_clients_can_start_kernels_in_the_sandbox_by_its_name(sandbox):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import os; print(os.getcwd(), os.getuid())")]
    )
    manager = LocalKernelManager(
        inside=sandbox.folder, provisioner=sandbox.provisioner(LIMITS.for_sandbox())
    )
    NotebookClient(notebook, km=manager).execute(env=plain_environment())
    assert notebook.cells[0].outputs[0].text == "/home/student 1000\n"


def test_a_machine_without_bubblewrap_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bubblewrap.problem().remedy == "apt install bubblewrap"


def test_root_of_a_namespace_without_other_users_cannot_become_one():
    module = "course_staff.grading.execution.sandbox.bubblewrap"
    code = f"from {module} import changes_user; print(changes_user())"
    alone = subprocess.run(
        ["unshare", "--map-root-user", sys.executable, "-c", code], capture_output=True, text=True
    )
    assert alone.stdout == "False\n", alone.stderr


def test_a_sandbox_that_cannot_start_says_why(monkeypatch):
    monkeypatch.setattr(
        bubblewrap, "sandboxed_command", lambda *_, **__: ["/bin/sh", "-c", "echo no luck; false"]
    )
    with Sandbox({}) as sandbox, pytest.raises(CourseError, match="no luck"):
        sandbox.provisioner({})


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user runs the other tests as one")
def test_an_ordinary_user_has_the_same_sandbox():
    """The tests run as root here; another user gets a shell that can read this Python."""
    shown = [arg for folder in bubblewrap.python_folders() for arg in ("--ro-bind", folder, folder)]
    around = [
        "bwrap", "--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc",
        "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
        "--symlink", "usr/lib64", "/lib64", "--bind", "/proc", "/proc",
        "--dev-bind", "/dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp",
        *[argument for folder in bubblewrap.python_folders() for parent in reversed(folder.parents)
          for argument in ("--dir", parent)], *shown, "--cap-add", "ALL",
        "setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups",
        "--bounding-set=-all", "--inh-caps=-all",
    ]  # fmt: skip
    code = (
        "import asyncio, threading, nbformat, os\n"
        "from course_staff.grading.execution.executing import plain_environment\n"
        "from course_staff.grading.execution.sandbox.pool import Sandbox\n"
        "from course_staff.grading.limits import Limits\n"
        "from course_staff.grading.execution.student_kernel import StudentKernel\n"
        "cell = nbformat.v4.new_code_cell('import os; print(os.getuid(), os.listdir(\"/home\"))')\n"
        "async def run(sandbox):\n"
        "    stop = threading.Event()\n"
        "    async with StudentKernel(Limits(), plain_environment(), stop, sandbox) as kernel:\n"
        "        await kernel.execute_cell(cell)\n"
        "assert os.getuid() == 12345\n"
        "with Sandbox(plain_environment()) as sandbox: asyncio.run(run(sandbox))\n"
        "print(cell.outputs[0].text)"
    )
    started = time.monotonic()
    done = subprocess.run(
        [*map(str, around), sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "HOME": "/tmp"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "1000 ['student']", done.stderr
    assert time.monotonic() - started < 120
