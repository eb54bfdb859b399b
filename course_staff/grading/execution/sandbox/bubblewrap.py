"""The outside of the sandbox: how bubblewrap is called, and whether it can be."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import course_lib
import course_staff
from course_staff.grading.execution.sandbox import CHANNEL, HOME, POOL

# An ordinary user's number: bounds on processes do not hold for root.
ORDINARY_USER = 65534
INSIDE_USER = 1000

_CACHES = 100_000_000  # bytes of caches that imports may write; a kernel starts with none
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = ("/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime")


class SandboxProblem(NamedTuple):
    """The reason why student code cannot be sandboxed, and its remedy."""

    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found} ({self.remedy})"


def problem() -> SandboxProblem | None:
    """Try bubblewrap on this machine; return the problem with it, None if it works."""
    if sys.platform != "linux":
        return SandboxProblem(f"the sandbox needs Linux, this is {sys.platform}", "grade on Linux")
    for program, package in (("bwrap", "bubblewrap"), ("setpriv", "util-linux")):
        if shutil.which(program) is None:
            return SandboxProblem(f"no program {program} on the PATH", f"apt install {package}")
    # As a kernel does it: namespaces within the namespaces, and a /proc of their own.
    unshare = ["unshare", "--user", "--pid", "--mount", "--net", "--ipc", "--fork", "--mount-proc"]
    inside = _command([*unshare, "/usr/bin/true"], shown=[], hidden=[], pool=None)
    try:
        tried = subprocess.run(inside, env={}, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return SandboxProblem(f"bubblewrap does not run: {error}", "reinstall it")
    if tried.returncode:
        lines = tried.stderr.decode(errors="replace").strip().splitlines()
        return SandboxProblem(
            f"bubblewrap cannot make namespaces: {lines[-1] if lines else 'no message'}",
            "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, or "
            "kernel.apparmor_restrict_unprivileged_userns=0; a container has to be started with "
            "them allowed",
        )
    return None


def changes_user() -> bool:
    """Tell whether this is root, who can and should become an ordinary user first.

    Root of a user namespace with no other user, as in a container without privileges, cannot; to
    the system it is an ordinary user already.
    """
    if os.getuid() != 0:
        return False
    with open("/proc/self/uid_map") as file:
        mapped = [tuple(map(int, line.split())) for line in file]
    return any(first <= ORDINARY_USER < first + count for first, _, count in mapped)


def sandboxed_command(program: Sequence[str], *, hidden: Iterable[Path], pool: Path) -> list[str]:
    """Return the command line that runs a program in bubblewrap."""
    return _command(program, shown=python_folders(), hidden=hidden, pool=pool)


def python_folders() -> list[Path]:
    """Return the folders that this Python and its packages live in."""
    folders = [sys.prefix, sys.base_prefix, *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    folders += [str(Path(package.__file__).parent) for package in (course_lib, course_staff)]
    return [Path(folder) for folder in folders if os.path.isdir(folder)]


def _command(
    program: Sequence[str], *, shown: list[Path], hidden: Iterable[Path], pool: Path | None
) -> list[str]:
    bwrap = shutil.which("bwrap")
    folders = _folders(shown, hidden)
    bound = [] if pool is None else ["--bind", str(pool), POOL]
    inner = [
        bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--uid", str(INSIDE_USER), "--gid", str(INSIDE_USER), "--hostname", "course",
        *folders,
        *([] if pool is None else ["--bind", POOL if changes_user() else str(pool), POOL]),
        "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev",
        "--size", str(_CACHES), "--tmpfs", HOME, "--dir", CHANNEL, "--dir", "/tmp",
        "--remount-ro", "/", "--chdir", "/",
    ]  # fmt: skip
    if not changes_user():
        return [*inner, *program]
    # Root first becomes an ordinary user. Its own folders, which others may not enter, have to be
    # bound before that, so a first bubblewrap binds them and the second one sees only those. The
    # change of user undoes --die-with-parent; the fork server itself ends with its standard input.
    user = str(ORDINARY_USER)
    return [
        bwrap, "--die-with-parent", "--cap-drop", "ALL",
        "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP",
        *folders, *bound, "--dir", "/tmp", "--bind", "/proc", "/proc", "--dev-bind", "/dev", "/dev",
        shutil.which("setpriv"), "--reuid", user, "--regid", user, "--clear-groups",
        "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
        *inner, *program,
    ]  # fmt: skip


def _folders(shown: Iterable[Path], hidden: Iterable[Path]) -> list[str]:
    """Return bubblewrap's arguments that show and hide folders, the outer ones first."""
    arguments: list[str] = []
    for name in _SYSTEM:
        if os.path.islink(name):  # /bin is a part of /usr on most systems
            arguments += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            arguments += ["--ro-bind", name, name]
    arguments += ["--dir", "/etc"]
    for name in _SETTINGS:
        arguments += ["--ro-bind-try", name, name]
    mounted = {Path(name): True for name in _SYSTEM}
    views = {Path(os.path.abspath(folder)): False for folder in hidden}
    views |= {Path(os.path.abspath(folder)): True for folder in shown}
    for folder, is_shown in sorted(views.items(), key=lambda view: len(view[0].parts)):
        if is_shown:
            # Made here, for everybody to enter; bubblewrap itself would make them for root alone.
            for parent in reversed(folder.parents):
                if not _is_visible(parent, mounted):
                    arguments += ["--dir", str(parent)]
            arguments += ["--ro-bind", str(folder), str(folder)]
        elif _is_visible(folder, mounted):
            arguments += ["--tmpfs", str(folder)]
        else:
            continue
        mounted[folder] = is_shown
    return arguments


def _is_visible(folder: Path, mounted: Mapping[Path, bool]) -> bool:
    """Tell whether a folder of the system shows where something is mounted already."""
    around = [other for other in mounted if folder.is_relative_to(other)]
    return bool(around) and mounted[max(around, key=lambda other: len(other.parts))]
