"""`course data list`, `fetch` and `verify`."""

from __future__ import annotations

import json
import os
import warnings
from typing import Annotated

import typer

from course_lib.errors import CourseError, DataError

data_app = typer.Typer(no_args_is_help=True, help="See, download and check the course's data sets.")


def register(app: typer.Typer) -> None:
    """Add the `data` commands to the command line."""
    app.add_typer(data_app, name="data")


class DamagedFileError(CourseError):
    """A file does not match its checksum."""

    exit_status = 1


@data_app.command("list")
def list_data(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Show every data set: where it is, how large, under which licence.

    Example: course data list --json
    """
    from rich.console import Console
    from rich.table import Table

    from course_lib import datasets

    rows = []
    for dataset in datasets.catalogue().values():
        located = datasets.locate(dataset)
        rows.append(
            {
                "name": dataset.name,
                "title": dataset.title,
                "origin": located.origin,
                "folder": str(located.folder) if located.folder else None,
                "bytes": located.size,
                "licence": dataset.licence,
                "homepage": dataset.homepage,
            }
        )
    if as_json:
        print(json.dumps({"datasets": rows}, indent=1))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("where", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("what, and its licence")
    for row in rows:
        where = row["origin"] if row["folder"] else "to download"
        description = f"{row['title']}\n[dim]{row['licence']}[/]"
        table.add_row(row["name"], where, _size(row["bytes"]), description)
    Console().print(table)


@data_app.command()
def fetch(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME…|all", help="Names as `course data list` shows them."),
    ],
) -> None:
    """Download data sets into the cache, unless the mirror or the cache has them already.

    Example: course data fetch mnist california_housing
    """
    from course_lib import datasets

    share = os.environ.get("COURSE_DATA_URL")
    if share and not share.startswith(("https://", "http://")):
        raise CourseError(
            f"COURSE_DATA_URL is {share!r}: start it with https:// or http://, or unset it."
        )
    failures = []
    chosen = _chosen(names)
    for name in chosen:
        datasets.locate(name)  # an unknown name is refused before anything is downloaded
    for name in chosen:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _say
                fetched = datasets.fetch(name)
        except DataError as error:  # the others may be on another server
            failures.append(str(error))
        else:
            typer.echo(f"{name}: {fetched.origin}, {fetched.folder}")
    if failures:
        raise CourseError("\n".join(failures))


@data_app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME…|all]", help="All by default.", show_default=False),
    ] = None,
) -> None:
    """Read data sets again and compare their checksums; exit status 1 if a file is damaged.

    Example: course data verify mnist
    """
    from course_lib import datasets

    damaged = []
    again: dict[str, None] = {}  # the names to fetch again, each once and in order
    for name in _chosen(names or ["all"]):
        checks = datasets.verify(name)
        counts = {}
        for check in checks:
            counts[check.status] = counts.get(check.status, 0) + 1
            if check.status in ("corrupt", "unreadable"):
                damaged.append(f"{check.path} in the {check.origin} is {check.status}")
                again[name] = None
        typer.echo(f"{name}: " + ", ".join(f"{count} {status}" for status, count in counts.items()))
    if damaged:
        damaged.append(
            f"Download again with `course data fetch {' '.join(again)}`, or repair the mirror."
        )
        raise DamagedFileError("\n".join(damaged))


def _chosen(names: list[str]) -> list[str]:
    from course_lib import datasets

    return list(datasets.catalogue()) if names == ["all"] else names


def _say(message: Warning | str, *_: object) -> None:
    """Show a warning as a person reads it, without the line of code that gave it."""
    typer.echo(f"Warning: {message}", err=True)


def _size(count: int | None) -> str:
    if count is None:
        return "?"
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"
