"""What lies in a student's folder besides, or in place of, a notebook."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from courses import right

from hostile.entries import NAME, RIGHT, Entry, Surroundings, arranged

NOTEBOOK = f"{NAME}.ipynb"
NOTHING = {"marks": (0, 0, 0), "status": "missing", "told": "No notebook was handed in"}
POISON = "raise SystemExit('a module of the student was imported')\n"


def _link_to(target: str):
    def arrange(folder: Path, around: Surroundings) -> None:
        (folder / NOTEBOOK).unlink()
        (folder / NOTEBOOK).symlink_to(around.host / target)

    return arrange


def _link_the_folder(folder: Path, around: Surroundings) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(around.host / "course" / "solutions" / NAME)


def _link_to_peer(folder: Path, around: Surroundings) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(Path("..", "ada", NAME))


def _pipe(folder: Path, around: Surroundings) -> None:
    (folder / NOTEBOOK).unlink()
    os.mkfifo(folder / NOTEBOOK)


def _device(folder: Path, around: Surroundings) -> None:
    path = folder / NOTEBOOK
    path.unlink()
    if os.geteuid() == 0:
        os.mknod(path, 0o20666, os.makedev(1, 5))  # /dev/zero, which never ends
    else:  # only root may make devices: another thing that is not a plain file
        held = os.open(folder, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as server:  # by a short name: a socket's is bounded
            server.bind(f"/proc/self/fd/{held}/{NOTEBOOK}")
        os.close(held)


def _folder_for_a_file(folder: Path, around: Surroundings) -> None:
    (folder / NOTEBOOK).unlink()
    (folder / NOTEBOOK / NOTEBOOK).mkdir(parents=True)


def _sparse(folder: Path, around: Surroundings) -> None:
    os.truncate(folder / NOTEBOOK, 10**12)


def _modules(folder: Path, around: Surroundings) -> None:
    for name in ("numpy", "sitecustomize", "usercustomize", "json", "keras", "course_lib/__init__"):
        for where in (folder, folder.parent):
            path = where / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(POISON)
    (folder / "pyproject.toml").write_text("[tool.course]\n")
    (folder / "nbgrader_config.py").write_text(POISON)
    (folder.parent / "conftest.py").write_text(POISON)


def _other_name(name: str):
    def arrange(folder: Path, around: Surroundings) -> None:
        (folder / NOTEBOOK).rename(folder / name)

    return arrange


def _several(folder: Path, around: Surroundings) -> None:
    for number in range(20):
        shutil.copy(folder / NOTEBOOK, folder / f"copy {number}.ipynb")
    (folder / NOTEBOOK).unlink()


def _crowd(folder: Path, around: Surroundings) -> None:
    for number in range(3000):
        (folder / f"{number}.ipynb").write_text("{")
    os.symlink(folder, folder / "again")


def _stamped(text: bytes):
    def arrange(folder: Path, around: Surroundings) -> None:
        (folder / "timestamp.txt").write_bytes(text)

    return arrange


def _stamp_pipe(folder: Path, around: Surroundings) -> None:
    os.mkfifo(folder / "timestamp.txt")
    os.mkfifo(folder / "submission_secret.txt")


def _stamp_link(folder: Path, around: Surroundings) -> None:
    (folder / "timestamp.txt").symlink_to(around.host / "home" / "secret.txt")
    (folder / "submission_secret.txt").symlink_to(around.host / "home" / "secret.txt")


UNKNOWN_TIME = "timestamp.txt could not be read"

ENTRIES = [
    arranged("link-to-the-solution", "a link where the notebook should be",
             _link_to(f"course/solutions/{NAME}/{NOTEBOOK}"), **NOTHING),
    arranged("link-to-a-peer", "a link to what somebody else handed in",
             _link_to(f"submitted/ada/{NAME}/{NOTEBOOK}"), **NOTHING),
    arranged("link-to-itself", "a link that leads in a circle",
             _link_to(f"submitted/link-to-itself/{NAME}/{NOTEBOOK}"), **NOTHING),
    arranged("folder-is-a-link", "a folder that is a link to the solutions",
             _link_the_folder, **NOTHING),
    arranged("folder-is-a-peers", "a folder that is a link to somebody else's", _link_to_peer,
             **NOTHING),
    arranged("pipe", "a pipe, from which reading never ends", _pipe, **NOTHING),
    arranged("device", "a device that never ends", _device, **NOTHING),
    arranged("folder-for-a-notebook", "a folder that is called like the notebook",
             _folder_for_a_file, **NOTHING),
    arranged("terabyte", "a file of a terabyte, most of it empty", _sparse, marks=(0, 0, 0),
             told="larger than 30 MB", status="unreadable"),
    arranged("shadowing-modules", "modules beside the notebook that are called like others",
             _modules),
    arranged("odd-name", "a notebook whose name leads elsewhere and looks like an option",
             _other_name("--help ..\\..\\<b>x<br>\n%2e%2e%2f$(reboot).ipynb"),
             told="it was taken for 04-Small"),
    arranged("undecodable-name", "a notebook whose name is no text",
             _other_name(os.fsdecode(b"home\xff\xfework.ipynb")), told="it was taken for 04-Small"),
    arranged("twenty-notebooks", "twenty notebooks, none of them by the right name", _several,
             told="it was taken for 04-Small"),
    arranged("a-crowd-of-files", "three thousand files and a link to its own folder", _crowd),
    arranged("stamp-of-the-past", "handed in before the course began",
             _stamped(b"1970-01-01 00:00:00 UTC")),
    arranged("stamp-of-the-future", "handed in after the end of time",
             _stamped(b"9999-12-31 23:59:59.999999 UTC")),
    arranged("stamp-beyond", "handed in in a year that no calendar has",
             _stamped(b"99999999999-13-41 29:61:61 UTC+99"), told=UNKNOWN_TIME),
    arranged("stamp-of-garbage", "a timestamp that is no text", _stamped(bytes(range(256))),
             told=UNKNOWN_TIME),
    arranged("stamp-of-a-megabyte", "a timestamp of a megabyte", _stamped(b"9" * 10**6),
             told=UNKNOWN_TIME),
    arranged("stamp-with-a-zone", "a time zone that makes the date leave the calendar",
             _stamped(b"0001-01-01 00:00:00 +2359")),
    arranged("stamp-is-a-pipe", "a timestamp and a secret that are pipes", _stamp_pipe),
    arranged("stamp-is-a-link", "a timestamp and a secret that are links to another file",
             _stamp_link),
]  # fmt: skip

NAMES = [
    Entry("=cmd|'calc'!A0", "a name that a spreadsheet computes",
          right, RIGHT),
    Entry("[bold]%2e%2e{0}'; DROP TABLE student; --", "a name that is markup, a path and SQL",
          right, RIGHT),
    Entry("<img src=x onerror=alert(1)>", "a name that is HTML",
          right, RIGHT),
    Entry("#<img src=x onerror=window.ran=1>", "a name that is HTML and ends an address",
          right, RIGHT),
    Entry('";window.ran=1;"\\', "a name that ends a string of JavaScript", right, RIGHT),
    Entry("line\nbreak\x1b[2J\u202e", "a name that draws on the terminal",
          right, RIGHT),
    Entry("long-" + "n" * 200, "a name as long as the system allows",
          right, RIGHT),
]  # fmt: skip

ENTRIES += NAMES
