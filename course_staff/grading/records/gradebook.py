"""nbgrader's gradebook, opened with care: a SQLite file, or PostgreSQL by its address."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib import files
from course_lib.errors import CourseError
from course_lib.extras import install_command

if TYPE_CHECKING:
    from nbgrader.api import Gradebook
    from sqlalchemy.engine import URL
    from sqlalchemy.exc import DBAPIError

# nbgrader's own, which GetGrades and the exporters open. A row for another course would be made,
# and used by none of them.
COURSE = "default_course"


def gradebook_url(out: Path, db: str | None = None) -> str:
    """Return the address of a gradebook as SQLAlchemy wants it."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if db is None:
        return f"sqlite:///{Path(os.path.abspath(out.expanduser())) / 'gradebook.db'}"
    if "://" not in db:
        return f"sqlite:///{Path(os.path.abspath(Path(db).expanduser()))}"
    try:
        url = make_url(db)
    except ArgumentError as error:
        raise CourseError(
            f"--db {db!r} is not the address of a database: "
            "it looks like postgresql://user:password@host/name."
        ) from error
    # SQLAlchemy 2.1 takes another driver by default than 2.0 does: name the one that is here.
    if url.drivername in ("postgres", "postgresql"):
        driver = next((name for name in ("psycopg", "psycopg2") if find_spec(name)), None)
        if driver is None:
            raise CourseError(f"PostgreSQL needs a driver: {install_command('grading')}")
        url = url.set(drivername=f"postgresql+{driver}")
    return url.render_as_string(hide_password=False)


@contextmanager
def gradebook(db_url: str) -> Iterator[Gradebook]:
    """Open nbgrader's gradebook, made first where there is none.

    Making one needs no other program, see `_schema_version`. A new SQLite file appears complete or
    not at all, whenever the process is stopped.
    """
    from nbgrader import api
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SAWarning

    api.get_alembic_version = _schema_version
    # SQLAlchemy 2 warns about nbgrader 0.9's flush order; the rows are correct.
    warnings.filterwarnings("ignore", category=SAWarning, module=r"nbgrader\.")
    # Its helpers also log a traceback of the errors that they raise.
    logging.getLogger("tornado.application").addFilter(_not_rolling_back)
    url, shown = make_url(db_url), shown_url(db_url)
    try:
        if url.get_backend_name() == "sqlite" and url.database:
            _make_sqlite(Path(url.database))
        book = api.Gradebook(db_url, COURSE)
        _complete(book)
    except DBAPIError as error:
        raise CourseError(_database_error(shown, "opened", error)) from error
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise CourseError(
            f"The gradebook {shown} needs a driver ({error}): --db takes sqlite:///PATH and "
            "postgresql://USER@HOST/NAME."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise CourseError(files.explain(Path(url.database or ""), error)) from error
        raise CourseError(
            f"The gradebook {shown} cannot be made ({error.strerror or error}): "
            "make its folder writable, or name another place with --db."
        ) from error
    with book:
        yield book


@contextmanager
def one_transaction(book: Gradebook) -> Iterator[None]:
    """Commit everything that is written inside at the end, or nothing of it.

    nbgrader's helpers commit on their way. A session that joins a connection's own transaction
    does not end it by committing: that is SQLAlchemy's way of nesting transactions.
    """
    book.db.remove()
    with explained(book.engine.url), book.engine.connect() as connection, connection.begin():
        if connection.dialect.name == "sqlite":
            # Nobody gives a mark by hand between our reading and our writing.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        book.db(bind=connection)
        try:
            yield
            book.db.flush()
        finally:
            book.db.remove()


@contextmanager
def explained(db_url: str | URL) -> Iterator[None]:
    """Explain in a sentence why a whole gradebook cannot be read or written."""
    from nbgrader.api import InvalidEntry
    from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

    try:
        yield
    except (DBAPIError, InvalidEntry) as error:
        cause = error.__context__ if isinstance(error, InvalidEntry) else error
        if not isinstance(cause, DBAPIError) or isinstance(
            cause, DataError | IntegrityError | ProgrammingError
        ):
            raise
        raise CourseError(_database_error(shown_url(db_url), "written", cause)) from error


def shown_url(db_url: str | URL) -> str:
    """Return a gradebook's address without its password."""
    from sqlalchemy.engine import make_url

    return make_url(db_url).render_as_string(hide_password=True)


def _database_error(shown: str, done: str, error: DBAPIError) -> str:
    """Return a message with the gradebook, its error and the remedy."""
    reason = str(error.orig or error).strip().splitlines()[0]
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    # Where no space is left, SQLite may call it an I/O error.
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or "space" in reason:
        remedy = "free some space on its disk"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        remedy = "end the other program that is writing to it"
    elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        remedy = "put back a copy of it, or name another one"
    elif code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        remedy = "make it and its folder writable"
    else:
        remedy = "check the address, and that the server runs and lets you in"
    return (
        f"The gradebook {shown} cannot be {done} ({reason}): {remedy}; "
        "then run the same command to continue."
    )


def _not_rolling_back(record: logging.LogRecord) -> bool:
    return "Rolling back session" not in str(record.msg)


def require_gradebook(db_url: str) -> None:
    """Refuse where nothing was graded yet, before an empty gradebook is made."""
    from sqlalchemy.engine import make_url

    url = make_url(db_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise CourseError(
            f"There is no gradebook {url.database}: run `course grade` first, or name the folder "
            "that it wrote with --out."
        )


def _make_sqlite(path: Path) -> None:
    """Make an empty gradebook beside its place, then move it there."""
    from nbgrader.api import Gradebook

    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".gradebook-", dir=path.parent) as folder:
        made = Path(folder) / path.name
        Gradebook(f"sqlite:///{made}", COURSE).close()
        os.replace(made, path)


def _complete(book: Gradebook) -> None:
    """Write the schema's version where making the gradebook on a server was stopped before that.

    `nbgrader db upgrade` wants it. A server makes all of the tables, or none, in one step.
    """
    from sqlalchemy import inspect, text

    if book.engine.dialect.name == "sqlite" or inspect(book.engine).has_table("alembic_version"):
        return
    version = _schema_version()
    with book.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:it)"), {"it": version})


def _schema_version() -> str | None:
    """Return the version of nbgrader's schema, read here.

    nbgrader asks the program `alembic`, which it looks for on PATH. That takes seconds, and a
    Ctrl-C in the terminal ends it with a traceback.
    """
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    return ScriptDirectory(ALEMBIC_DIR).get_current_head()
