"""A PostgreSQL server of one's own, in a folder, reached by a Unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """Return the folder with initdb and pg_ctl; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    folders = [Path(os.path.realpath(found)).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


@contextmanager
def temporary_server() -> Iterator[str]:
    """Run a server in a folder of its own and yield its address."""
    # A socket's path is short, and the server's user must be able to reach it.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with server(Path(folder) / "server") as address:
            yield address


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Start a server in a new folder; yield its address; stop it.

    PostgreSQL refuses to run as root, so root lends the folder to the user nobody.
    """
    where = programs()
    folder.mkdir(parents=True)
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        as_user = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    data = folder / "data"

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(where / program), *arguments],
            cwd=folder,
            check=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )

    call("initdb", "-D", str(data), "-U", "course", "--auth=trust", "--no-sync", "-E", "UTF8")
    options = f"-c listen_addresses= -c fsync=off -c unix_socket_directories={folder}"
    log = str(folder / "log")
    call("pg_ctl", "start", "-w", "-D", str(data), "-l", log, "-o", options)
    try:
        yield f"postgresql://course@/postgres?host={folder}"
    finally:
        call("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(data))
