"""Reaching out of the sandbox: other processes, the network, the disk, whoever comes next."""

from __future__ import annotations

import os

import numpy

from hostile.resources import ENDED, spent

# Folders that somebody who may could write to.
PLACES = [
    "/", "/etc", "/usr/lib", "/root", "/home", "/tmp", "/var/tmp", "/dev", "/dev/shm", "/run",
    "/proc/sys/kernel", os.path.dirname(os.__file__), os.path.dirname(numpy.__file__),
]  # fmt: skip

ENTRIES = [
    spent(
        "signals-the-parent",
        "ends, interrupts and stops the processes that started it",
        """
        import os, signal
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
            try:
                os.kill(os.getppid(), number)
            except OSError as error:
                print(error)
        """,
    ),
    spent(
        "signals-everybody",
        "ends every process that it may",
        """
        import os, signal
        # Where the machine can be seen, the sandbox has failed: other entries say so.
        if not os.path.exists('@HOST@'):
            for process in (-1, 0, os.getpid()):
                try:
                    os.kill(process, signal.SIGKILL)
                except OSError as error:
                    print(error)
        """,
        ENDED,
    ),
    spent(
        "connects-to-the-network",
        "asks servers on the network, on the machine, and behind sockets of its own",
        """
        import socket, urllib.request
        reached = []
        for address in (('127.0.0.1', @PORT@), ('192.0.2.1', 80), ('1.1.1.1', 53)):
            try:
                socket.create_connection(address, 2).sendall(b'@MARK@')
                reached.append(address)
            except OSError as error:
                print(error)
        for path in ('\\0@MARK@', '/var/run/docker.sock', '/run/dbus/system_bus_socket'):
            try:
                socket.socket(socket.AF_UNIX).connect(path)
                reached.append(path)
            except OSError as error:
                print(error)
        for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
            try:
                socket.socket(socket.AF_INET, kind, 1 if kind == socket.SOCK_RAW else 0).sendto(
                    b'@MARK@', ('127.0.0.1', @PORT@))
                print('sent into nothing')
            except OSError as error:
                print(error)
        print('reached', reached)
        """,
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
        """
        import shutil
        for folder in ('out', 'submitted', 'course', 'home'):
            shutil.rmtree('@HOST@/' + folder, ignore_errors=True)
        """,
    ),
    spent(
        "poisons-the-next",
        "leaves modules and settings where the next kernel, its own or another's, would find them",
        """
        import os, site, tempfile
        text = 'raise SystemExit("@MARK@")'
        folders = ['.', '/tmp', '/dev/shm', tempfile.gettempdir(), os.path.expanduser('~')]
        folders += [site.getusersitepackages()]
        folders += [os.path.expanduser('~/.ipython/profile_default/startup')]
        for folder in folders:
            for name in ('numpy.py', 'sitecustomize.py', 'usercustomize.py', 'json.py'):
                try:
                    os.makedirs(folder, exist_ok=True)
                    open(os.path.join(folder, name), 'w').write(text)
                except OSError:
                    pass
        os._exit(1)
        """,
        ENDED,
    ),
    spent(
        "poisons-the-template",
        "writes into the memory and the address space of the process that it was forked from",
        """
        import ctypes, os
        libc = ctypes.CDLL(None)
        # Where the machine can be seen, the sandbox has failed: other entries say so.
        for pid in {os.getppid(), 1} - {os.getpid()} if not os.path.exists('@HOST@') else ():
            libc.ptrace(16, pid, 0, 0)
            try:
                with open(f'/proc/{pid}/mem', 'r+b', buffering=0) as memory:
                    for line in open(f'/proc/{pid}/maps'):
                        if ' rw' in line:
                            memory.seek(int(line.split('-')[0], 16))
                            memory.write(b'x' * 4096)
            except (OSError, ValueError, OverflowError) as error:
                print(error)
        """,
    ),
    spent(
        "holds-its-own-files",
        "makes its folder such that it is hard to delete",
        """
        import os
        os.makedirs('/'.join(['a'] * 400), exist_ok=True)
        os.makedirs('closed/inner', exist_ok=True)
        os.mkfifo('pipe')
        os.symlink('@HOST@', 'link')
        open('undecodable-\\udcff\\n', 'w').close()
        os.chmod('closed', 0)
        """,
    ),
    spent(
        "daemon-that-waits-for-the-end",
        "a process that waits until grading is over and then changes what lies around",
        """
        import subprocess, sys
        code = 'import time; time.sleep(40); open("@HOST@/@MARK@", "w")  # @MARK@'
        subprocess.Popen([sys.executable, '-c', code], start_new_session=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        """,
    ),
    spent(
        "orphans",
        "leaves processes behind that nobody is the parent of",
        """
        import os, sys
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    for number in range(256):
                        try:
                            os.close(number)
                        except OSError:
                            pass
                    code = 'import signal, time; signal.pthread_sigmask(0, range(1, 32)); '
                    code += 'time.sleep(300)  # @MARK@'
                    os.execv(sys.executable, [sys.executable, '-c', code])
                os._exit(0)
        print('left behind', 3)
        """,
        "left behind 3",
    ),
]
