"""`course doctor`: check this machine, and say how to fix what is missing."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from course_lib.errors import CourseError
from course_lib.extras import install_command

OLDEST, NEWEST = (3, 11), (3, 13)
MEMORY_NEEDED_GB = 4.0  # what one lesson may take in the quick profile
DISK_NEEDED_GB = 2.0  # for all data sets in the cache and the results of all lessons

CORE = ("tensorflow", "keras", "numpy", "matplotlib", "scikit-learn", "pooch")
EXTRAS = {
    "jupyterlab": "lab",
    "keras-tuner": "automl",
    "autokeras": "automl",
    "tf-explain": "explain",
}


@dataclass(frozen=True)
class MachineCheck:
    """The outcome of one check.

    Attributes
    ----------
    name, found : str
    status : {"ok", "optional", "problem"}
        "optional" is missing but only some parts of the course need it.
    remedy : str
        The fix; empty where all is well.
    """

    name: str
    found: str
    status: str = "ok"
    remedy: str = ""


# Further checks: staff's package adds its own where it is installed.
extra_checks: list[Callable[[], Iterable[MachineCheck]]] = []


def examine() -> Iterator[MachineCheck]:
    """Yield every check in turn; loading TensorFlow for the device takes some seconds."""
    yield _python()
    yield from map(_core_package, CORE)
    yield from (package(name, extra) for name, extra in EXTRAS.items())
    yield _keras_settings()
    yield _device()
    yield _memory()
    yield _cache()
    yield from _data()
    yield _graphviz()
    for look in extra_checks:
        yield from look()


def _python() -> MachineCheck:
    found = f"{platform.python_version()} in {sys.prefix}"
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return MachineCheck(
            "Python", found, "problem", "make .venv again with Python 3.11, 3.12 or 3.13"
        )
    return MachineCheck("Python", found)


def _core_package(name: str) -> MachineCheck:
    try:
        return MachineCheck(name, version(name))
    except PackageNotFoundError:
        remedy = 'pip install "course-lib" (in the course\'s folder: pip install -e .)'
        return MachineCheck(name, "not installed", "problem", remedy)


def package(name: str, extra: str) -> MachineCheck:
    """Check whether a package of an extra is installed."""
    try:
        return MachineCheck(name, version(name))
    except PackageNotFoundError:
        remedy = f"for its parts of the course: {install_command(extra)}"
        return MachineCheck(name, "not installed", "optional", remedy)


def _keras_settings() -> MachineCheck:
    from course_lib import keras_settings

    file, reason = keras_settings.settings_file(), keras_settings.refusal()
    if reason:
        found, _, remedy = reason.rpartition(": ")
        return MachineCheck("Keras settings", found, "problem", remedy.removesuffix("."))
    settings = keras_settings.other_settings()
    if settings:
        found = f"{file}: {', '.join(f'{name} {value}' for name, value in settings.items())}"
        remedy = "the lessons do without it; other programs follow it: rename or delete the file"
        return MachineCheck("Keras settings", found, "optional", remedy)
    return MachineCheck("Keras settings", str(file) if file.exists() else "Keras' own")


def _device() -> MachineCheck:
    # In a process of its own: a broken TensorFlow may end its process without an exception.
    code = "from course_lib.runtime import describe_device; print(describe_device())"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
        )
    except subprocess.TimeoutExpired:
        return MachineCheck(
            "device",
            "TensorFlow did not start in 120 s",
            "problem",
            "restart the machine, try again",
        )
    if done.returncode:
        from course_lib import keras_settings

        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        remedy = "reinstall: pip install --force-reinstall tensorflow"
        if keras_settings.refusal():
            remedy = "fix Keras' settings first"
        return MachineCheck("device", last, "problem", remedy)
    return MachineCheck("device", done.stdout.strip())


def _memory() -> MachineCheck:
    import psutil

    memory = psutil.virtual_memory()
    available = memory.available / 1e9
    found = f"{available:.1f} GB available of {memory.total / 1e9:.1f} GB"
    if available < MEMORY_NEEDED_GB:
        return MachineCheck(
            "memory",
            found,
            "problem",
            f"close programs: a lesson takes up to {MEMORY_NEEDED_GB:.0f} GB",
        )
    return MachineCheck("memory", found)


def _cache() -> MachineCheck:
    from course_lib.datasets import cache_dir

    folder = cache_dir()
    remedy = "set COURSE_CACHE_DIR to a folder that you may write"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return MachineCheck("data cache", f"{folder}: {error.strerror}", "problem", remedy)
    free = shutil.disk_usage(folder).free / 1e9
    found = f"{folder}, {free:.1f} GB free"
    if free < DISK_NEEDED_GB:
        return MachineCheck("data cache", found, "problem", f"free some space, or {remedy}")
    return MachineCheck("data cache", found)


def _data() -> Iterator[MachineCheck]:
    from course_lib import datasets

    try:
        mirror = datasets.mirror_dir()
    except CourseError as error:
        yield MachineCheck("data mirror", str(error), "problem", "fix or unset COURSE_DATA_DIR")
        return
    yield MachineCheck(
        "data mirror", str(mirror) if mirror else "none (COURSE_DATA_DIR is not set)"
    )
    for name in datasets.catalogue():
        located = datasets.locate(name, offline=True)
        if located is None:
            remedy = f"with a network: course data fetch {name}"
            yield MachineCheck(
                f"data {name}", "neither in a mirror nor in the cache", "optional", remedy
            )
        else:
            yield MachineCheck(f"data {name}", f"in the {located.origin}, {located.folder}")


def _graphviz() -> MachineCheck:
    dot = shutil.which("dot")
    if dot is None:
        remedy = "for drawings of models: apt install graphviz, brew install graphviz or conda"
        return MachineCheck("Graphviz", "no program dot on the PATH", "optional", remedy)
    return MachineCheck("Graphviz", dot)


def register(app: typer.Typer) -> None:
    """Add `course doctor` to the command line."""
    app.command()(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Check this machine and say what to fix: versions, device, memory, data, tools.

    Exit status 1 if something that every lesson needs is missing. Example: course doctor --json
    """
    import json

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if as_json:
        checks = list(examine())
        print(json.dumps({"checks": [asdict(check) for check in checks]}, indent=1))
    else:
        console = Console()
        with console.status("checking this machine …"):
            checks = list(examine())
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("", "what", "found", "what to do"):
            table.add_column(column, overflow="fold")
        signs = {
            "ok": Text("ok", "green"),
            "optional": Text("--", "yellow"),
            "problem": Text("!!", "red"),
        }
        for check in checks:
            # Text, not markup: a command such as pip install ".[lab]" holds brackets.
            columns = map(Text, (check.name, check.found, check.remedy))
            table.add_row(signs[check.status], *columns)
        console.print(table)
    if any(check.status == "problem" for check in checks):
        raise typer.Exit(1)
