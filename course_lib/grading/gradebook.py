"""nbgrader's gradebook, opened with care: a SQLite file, or PostgreSQL by its address."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.errors import CourseError

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

# nbgrader's own: what GetGrades and the exporters open. A row for another course would be made,
# and used by none of them.
COURSE = "default_course"


def gradebook_url(out: Path, db: str | None = None) -> str:
    """Return the address of a gradebook as SQLAlchemy wants it.

    Parameters
    ----------
    out : pathlib.Path
        The folder of results; its gradebook.db is the default.
    db : str, optional
        Another address: "postgresql://user:password@host/name", "sqlite:///path", or a file's path.

    Raises
    ------
    CourseError
        If the address cannot be read, or its driver is not installed.
    """
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
            f"--db {db!r} is no address of a database: "
            "it looks like postgresql://user:password@host/name."
        ) from error
    # SQLAlchemy 2.1 takes another driver by default than 2.0 does: name the one that is here.
    if url.drivername in ("postgres", "postgresql"):
        driver = next((name for name in ("psycopg", "psycopg2") if find_spec(name)), None)
        if driver is None:
            raise CourseError(
                'PostgreSQL needs a driver: pip install "course-lib[grading]", or psycopg[binary].'
            )
        url = url.set(drivername=f"postgresql+{driver}")
    return url.render_as_string(hide_password=False)


@contextmanager
def gradebook(db_url: str) -> Iterator[Gradebook]:
    """Open nbgrader's gradebook, made first where there is none.

    Making one calls the program `alembic`, which nbgrader looks for on PATH; a virtual environment
    that is not activated has it beside its Python, where it is found here. A new SQLite file
    appears complete or not at all, whenever the process is stopped.

    Parameters
    ----------
    db_url : str
        As `gradebook_url` returns it.

    Raises
    ------
    CourseError
        If the database cannot be reached or opened, or its driver is missing.
    """
    from nbgrader.api import Gradebook
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import (
        DatabaseError,
        InterfaceError,
        NoSuchModuleError,
        OperationalError,
        SAWarning,
    )

    # nbgrader 0.9 makes its rows in an order that SQLAlchemy 2 talks about; they are right.
    warnings.filterwarnings("ignore", category=SAWarning, module=r"nbgrader\.")
    url = make_url(db_url)
    shown = url.render_as_string(hide_password=True)
    try:
        with _programs_on_path():
            if url.get_backend_name() == "sqlite" and url.database:
                _make_sqlite(Path(url.database))
            book = Gradebook(db_url, COURSE)
    except (OperationalError, InterfaceError, DatabaseError) as error:
        reason = str(error.orig or error).strip().splitlines()[0]
        raise CourseError(
            f"The gradebook {shown} cannot be opened ({reason}): look at the address, "
            "and whether the server runs and lets you in."
        ) from error
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise CourseError(f"The gradebook {shown} needs a driver: {error}.") from error
    except OSError as error:
        raise CourseError(
            f"The gradebook {shown} cannot be made ({error.strerror or error}): "
            'is nbgrader installed with its programs? pip install "course-lib[grading]".'
        ) from error
    with book:
        yield book


def require_gradebook(db_url: str) -> None:
    """Refuse where nothing was graded yet, before an empty gradebook is made.

    Raises
    ------
    CourseError
        If a SQLite gradebook is not there.
    """
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


@contextmanager
def _programs_on_path() -> Iterator[None]:
    before = os.environ.get("PATH", "")
    folders = [os.path.dirname(sys.executable), sysconfig.get_path("scripts"), before]
    os.environ["PATH"] = os.pathsep.join(folder for folder in folders if folder)
    try:
        yield
    finally:
        os.environ["PATH"] = before
