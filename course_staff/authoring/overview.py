"""The table of lessons in a README: built from the lessons' titles and bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from course_lib.errors import CourseError
from course_staff.authoring.assignments import kind_of

START, END = "<!-- lessons: made by `course build` -->", "<!-- end of lessons -->"


@dataclass(frozen=True)
class Title:
    """The parts of a lesson's first line, and its points.

    Attributes
    ----------
    name : str
        Such as "01 MNIST classification".
    question : str
        With a capital letter.
    points : float
        Of all questions; 0 where the lesson is not graded.
    """

    name: str
    question: str
    points: float = 0.0

    @classmethod
    def of(cls, notebook: NotebookNode) -> Title:
        """Read a notebook's title, such as "# 01 · MNIST classification: how does it learn?"."""
        name, _, question = notebook.cells[0].source.partition("\n")[0].partition(": ")
        graded = (cell for cell in notebook.cells if kind_of(cell) in ("tests", "written"))
        points = sum(float(cell.metadata["nbgrader"].get("points", 0)) for cell in graded)
        name = name.removeprefix("#").replace("·", "").split()
        return cls(" ".join(name), question[:1].upper() + question[1:], points)


def filled(text: str, titles: Mapping[str, Title], measured: Mapping[str, Mapping]) -> str:
    """Return a README's text with the table of lessons between its two marks."""
    before, _, rest = text.partition(START)
    _, mark, after = rest.partition(END)
    if not mark:
        raise CourseError(f"README.md lacks the line {END!r} after the table of lessons.")
    return f"{before}{START}\n{table(titles, measured)}\n{END}{after}"


def table(titles: Mapping[str, Title], measured: Mapping[str, Mapping]) -> str:
    """Return the table of lessons as Markdown."""
    lines = ["| lesson | question | quick profile, real data |", "| --- | --- | --- |"]
    for lesson, title in titles.items():
        link = f"[{title.name}](notebooks/{lesson}.ipynb)"
        graded = f", graded, {title.points:g} points" if title.points else ""
        lines.append(f"| {link}{graded} | {title.question} | {_cost(lesson, measured)} |")
    return "\n".join(lines)


def _cost(lesson: str, measured: Mapping[str, Mapping[str, Any]]) -> str:
    entry = measured.get(lesson, {})
    run = entry.get("quick", {}).get("real")
    if run is None:
        return "not measured"
    cost = f"{run['seconds']:.0f} s, {run['peak_memory_mb'] / 1000:.1f} GB"
    if "headline" not in entry:
        return cost
    values = {
        name: band.get("mean", (band["low"] + band["high"]) / 2)
        for name, band in run["bands"].items()
    }
    try:
        return f"{entry['headline'].format(**values)}; {cost}"
    except (LookupError, ValueError) as error:
        raise CourseError(
            f"lessons/{lesson}/bands.toml: headline {entry['headline']!r} cannot be filled in "
            f"({error!r}): name results of [quick.real], as in {{test_accuracy:.3f}}."
        ) from error
