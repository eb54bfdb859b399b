"""Small courses, made in a folder, and `course run` on them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PROGRAM = [sys.executable, str(Path(__file__).parent / "course_app.py"), "run"]

# What a lesson's notebook says of itself, without TensorFlow.
SETUP = "\n".join(
    [
        "from course_lib.results import note",
        "note('setup', 'quick on a CPU', profile='quick', device='a CPU', seed=seed)",
        "note('data', 'digits', dataset='digits', data='sample', origin='embedded sample')",
    ]
)


def result(name: str, value: float) -> str:
    """Return the code that records one result."""
    return f"note('result', '{name}', name='{name}', value={value})"


def make_notebook(*sources: str, title: str = "A lesson") -> nbformat.NotebookNode:
    """Return a notebook with a heading, a parameters cell and cells with these sources.

    A source that begins with # and a space is Markdown.
    """
    parameters = 'profile = "auto"\ndata = "auto"\nseed = 0'
    cells = [
        new_markdown_cell(f"# {title}"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
    ]
    for source in sources:
        make = new_markdown_cell if source.startswith("# ") else new_code_cell
        cells.append(make(source, metadata={"tags": []}))
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def make_course(root: Path, lessons: dict[str, Iterable[str]]) -> Path:
    """Write a course of small lessons, each given by the sources of its cells."""
    (root / "notebooks").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[tool.course]\nstudent-tree = 'https://example.org'\n")
    for name, sources in lessons.items():
        nbformat.write(make_notebook(*sources, title=name), root / "notebooks" / f"{name}.ipynb")
    return root


def run_course(root: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `course run` in a process of its own."""
    return subprocess.run(
        [*PROGRAM, *words], cwd=root, text=True, capture_output=True, timeout=300, **options
    )


def processes_of(mark: str) -> list[psutil.Process]:
    """Return the processes that have a variable COURSE_TEST of this value."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.environ().get("COURSE_TEST") == mark
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
