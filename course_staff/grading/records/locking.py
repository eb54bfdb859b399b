"""One grader at a time for a folder of results and its gradebook.

The locks are the system's and the server's: they end with the process that holds them, however it
ends, so a killed grader leaves none behind.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from course_lib import files
from course_lib.errors import CourseError
from course_lib.locking import locked
from course_staff.grading.records.gradebook import explained, shown_url

HOLDER = ".grader.json"  # names the holder to a grader that is refused
_HALF_MADE = (".attempt-", ".gradebook-")  # before the name of a folder that is being written


@contextmanager
def only_grader(out: Path, db_url: str) -> Iterator[None]:
    """Lock a folder and a gradebook for this grader alone.

    Half-written files of a killed grader are removed from the folder.
    """
    from sqlalchemy.engine import make_url

    url = make_url(db_url)
    folders = {out.resolve()}
    if url.get_backend_name() == "sqlite" and url.database:
        folders.add(files.prepare_folder(Path(url.database).parent).resolve())
    with ExitStack() as held:
        for folder in sorted(folders):
            held.enter_context(_locked_folder(folder))
        if url.get_backend_name() == "postgresql":
            held.enter_context(_locked_server(db_url))
        for folder in folders:
            _remove_leftovers(folder)
        yield


def _remove_leftovers(folder: Path) -> None:
    """Remove the half-written files of a killed process from a folder of results.

    Nobody else may be writing there.
    """
    for entry in folder.glob(".*"):
        _remove_half(entry)
    for subfolder in ("attempts", "autograded", "feedback"):
        for home, folders, names in os.walk(folder / subfolder):
            for name in (*folders, *names):
                _remove_half(Path(home, name))


def _remove_half(path: Path) -> None:
    if path.name.startswith(_HALF_MADE):
        shutil.rmtree(path, ignore_errors=True)
    elif path.name.startswith(files.PART) and path.suffix == ".part":
        with suppress(OSError):
            path.unlink()


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    with locked(folder, lambda: _refusal(str(folder), _holder(folder)), needed=True):
        files.write(folder / HOLDER, json.dumps({"who": _myself(), "since": _now()}))
        try:
            yield
        finally:
            with suppress(OSError):
                (folder / HOLDER).unlink(missing_ok=True)


@contextmanager
def _locked_server(db_url: str) -> Iterator[None]:
    """Hold a lock of PostgreSQL's in a session of its own; the server ends both together."""
    from sqlalchemy import create_engine, text

    number = int.from_bytes(hashlib.sha256(b"course grade").digest()[:7])
    engine = create_engine(db_url, isolation_level="AUTOCOMMIT")
    try:
        with explained(db_url), engine.connect() as session:
            parameters = {"number": number, "who": _myself()[:60], "class": number >> 32}
            session.execute(text("SELECT set_config('application_name', :who, false)"), parameters)
            if not session.scalar(text("SELECT pg_try_advisory_lock(:number)"), parameters):
                holder = session.scalar(
                    text(
                        "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
                        "WHERE locktype = 'advisory' AND granted AND classid = :class LIMIT 1"
                    ),
                    parameters,
                )
                raise CourseError(_refusal(shown_url(db_url), holder or ""))
            yield
    finally:
        engine.dispose()


def _refusal(what: str, holder: str) -> str:
    by = f", {holder}," if holder else ""
    return (
        f"Another grader{by} is writing to {what}: wait until it has finished, or end it; "
        "then run this again."
    )


def _holder(folder: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        holder = json.loads((folder / HOLDER).read_text("utf-8"))
        return f"{holder['who']}, since {holder['since']}"
    return ""


def _myself() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _now() -> str:
    return f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}"
