"""Staff's checks of `course doctor`: packages that run and grade, and the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

from course_lib.doctor import MachineCheck, package

EXTRAS = {"papermill": "run", "nbgrader": "grading", "distributed": "cluster"}


def examine() -> Iterator[MachineCheck]:
    """Yield staff's checks in turn."""
    yield from (package(name, extra) for name, extra in EXTRAS.items())
    from course_staff.grading.execution.sandbox import bubblewrap

    problem = bubblewrap.problem()
    if problem is None:
        yield MachineCheck("sandbox", "bubblewrap makes namespaces")
    else:
        yield MachineCheck("sandbox", problem.found, "optional", f"to grade: {problem.remedy}")
