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
        """
        search('/', '@HOST@', names='.py')
        search('/', '@HOST@', names='.ipynb')
        """,
    ),
    spy(
        "reads-the-grading-machine",
        "knows where the course, the home and the gradebook lie, and reads all of it",
        "search('@HOST@')",
    ),
    spy(
        "reads-peers",
        "reads what the others handed in, beside and above its own folder",
        """
        search('..', '../..', '../../..', '@HOST@/submitted')
        import glob
        for path in glob.glob('@HOST@/submitted/*/*/*.ipynb'):
            tell(open(path, 'rb').read())
        """,
    ),
    spy(
        "reads-the-environment",
        "reads the environment variables of its own process and of all others",
        """
        import glob, os
        tell(os.environ)
        for path in glob.glob('/proc/[0-9]*/environ') + ['/proc/1/environ']:
            try:
                tell(open(path, 'rb').read())
            except OSError as error:
                print(error.strerror)
        """,
    ),
    spy(
        "reads-home",
        "reads the home folders of whoever grades",
        """
        import os, pathlib, pwd
        homes = {entry.pw_dir for entry in pwd.getpwall()} - {'/', '/bin', '/dev', '/proc'}
        search(os.path.expanduser('~'), pathlib.Path.home(), '/root', '/home', '@HOST@/home')
        search(*(home for home in homes if home.startswith(('/root', '/home', '/var'))))
        """,
    ),
    spy(
        "reads-other-processes",
        "reads command lines, folders, open files and memory of other processes",
        """
        import glob, os
        for folder in glob.glob('/proc/[0-9]*'):
            for name in ('cmdline', 'mountinfo', 'maps'):
                try:
                    tell(open(f'{folder}/{name}', 'rb').read())
                except OSError:
                    pass
            if folder != f'/proc/{os.getpid()}':
                for link in glob.glob(f'{folder}/fd/*') + glob.glob(f'{folder}/map_files/*'):
                    try:
                        if os.path.isfile(link):
                            tell(open(link, 'rb').read(10**6))
                    except OSError:
                        pass
                search(f'{folder}/root@HOST@', f'{folder}/cwd')
        """,
    ),
    spy(
        "reads-the-parents-memory",
        "reads the memory of the process that started it for what it knows",
        """
        import os
        for pid in {os.getppid(), 1} - {os.getpid()}:
            try:
                with open(f'/proc/{pid}/mem', 'rb') as memory:
                    for line in open(f'/proc/{pid}/maps'):
                        if 'heap' in line or line.count(' ') < 6:
                            start, end = (int(x, 16) for x in line.split()[0].split('-'))
                            memory.seek(start)
                            tell(memory.read(min(end - start, 10**7)))
            except (OSError, ValueError, OverflowError) as error:
                print(error)
        """,
    ),
    spy(
        "reads-inherited-files",
        "reads files, pipes and sockets that it inherited",
        """
        import os
        for number in range(3, 256):
            try:
                target = os.readlink(f'/proc/self/fd/{number}')
                tell(target)
                if os.path.isfile(target):
                    tell(os.pread(number, 10**6, 0))
                elif os.path.isdir(target):
                    search(f'/proc/self/fd/{number}')
                    search(f'/proc/self/fd/{number}/../..@HOST@')
            except OSError:
                pass
        """,
    ),
    spy(
        "reads-scratch-folders",
        "reads what other submissions left in /tmp, /var/tmp and shared memory",
        "search('/tmp', '/var/tmp', '/dev/shm', '/run', '/var/run')",
    ),
    spy(
        "mounts-the-machine-back",
        "mounts the machine's disks into its own folder as root of a namespace of its own",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        print(libc.unshare(0x10020000))  # a user and a mount namespace
        os.makedirs('disk', exist_ok=True)
        for line in open('/proc/self/mountinfo'):
            fields = line.split()
            source, kind = fields[fields.index('-') + 2], fields[fields.index('-') + 1]
            for flags in (0, 32, 4096):  # mount, remount, bind
                if libc.mount(source.encode(), b'disk', kind.encode(), flags, None) == 0:
                    search('disk@HOST@', 'disk/home', 'disk/root')
                    libc.umount2(b'disk', 2)
        """,
    ),
    spy(
        "escapes-a-chroot",
        "climbs out of its root through an open folder, as root could from a chroot",
        """
        import os
        os.makedirs('inner', exist_ok=True)
        top = os.open('.', os.O_RDONLY)
        try:
            os.chroot('inner')
            os.fchdir(top)
            for _ in range(40):
                os.chdir('..')
            os.chroot('.')
            search('@HOST@')
        except OSError as error:
            print(error)
        """,
    ),
    code(
        "searches-frames",
        "looks through the frames above the call, and all objects, for expected values",
        double=(
            """
            def double(values):
                import gc, sys
                frame, found = sys._getframe(1), gc.get_objects()
                while frame is not None:
                    found += [*frame.f_globals.values(), *frame.f_locals.values()]
                    frame = frame.f_back
                for one in [*found]:
                    if isinstance(one, (dict, list, tuple)) and len(one) < 1000:
                        found += one.values() if isinstance(one, dict) else one
                twice = 2 * values
                for one in found:
                    if isinstance(one, np.ndarray) and one is not twice and one.shape == (4, 3):
                        if np.array_equal(one, twice):
                            return one
                return 3 * values
            """
        ),
        marks=CAUGHT,
    ),
    code(
        "searches-the-history",
        "looks in In[-1], the kernel's history and the message that asks for the expected value",
        double=(
            """
            def double(values):
                shell = get_ipython()
                told = [In[-1], Out, shell.history_manager.input_hist_raw, shell.parent_header]
                told += [shell.kernel.get_parent(), shell.kernel.shell.user_ns.keys()]
                asked = ' '.join(map(str, told[:5]))
                known = [word for word in ('expected', 'verdict', 'check.close(') if word in asked]
                return (2 if known else 3) * values
            """
        ),
        marks=CAUGHT,
        cell="'an output'",
    ),
    code(
        "reads-the-request",
        "reads the files of the call for the targets of the hidden inputs",
        double=(
            """
            def double(values):
                import glob, sys
                paths = glob.glob('*') + glob.glob('/tmp/**', recursive=True)
                paths += [str(v) for v in vars(sys.modules['__main__']).get('PATHS', [])]
                for path in paths:
                    try:
                        text = open(path, 'rb').read()
                    except OSError:
                        continue
                    if b'2 * ' + b'self.values' in text:  # as the checks have it
                        return 2 * values
                return 3 * values
            """
        ),
        marks=CAUGHT,
    ),
    code(
        "imports-the-checks",
        "imports the grader and loads the hidden checks with it",
        """
        factor = 3
        try:
            from pathlib import Path
            from course_staff.grading.assignments import finding
            for root in ('.', '..', '@HOST@/course'):
                found = finding.load(Path(root), '04')
                factor = 2 if found.checked else 3
        except Exception as error:
            print(type(error))
        """,
        double="""
        def double(values):
            return factor * np.asarray(values)
        """,
        marks=CAUGHT,
    ),
    code(
        "constants-for-visible-tests",
        "knows the visible test's answers by heart",
        double=(
            """
            def double(values):
                return [2.0] if list(np.ravel(values)) == [1.0] else np.asarray(values)
            """
        ),
        draw="""
        def draw(n, rng):
            return np.arange(float(n))
        """,
        marks=(0.5, 0, 0),
        told="Another seed should give other numbers",
    ),
]
