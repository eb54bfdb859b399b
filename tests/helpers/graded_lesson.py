"""A small graded lesson, and a course that holds it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NAME = "04-Small"

HEADER = """\
# %% [markdown]
# # Title
#
# **You will** learn.
#
# **Time**: 1 minute.
#
# **Data**: none.

# %% tags=["parameters"]
profile = "auto"
data = "auto"
seed = 0
"""

LESSON = f'''{HEADER}
# %%
import numpy as np

from course_lib import check

# %% [markdown]
# ## Question 1: `double` (2 points)

# %% answer="double"
def double(values):
    """Return twice the values."""
    ### BEGIN SOLUTION
    twice_the_secret = 2 * np.asarray(values)
    return twice_the_secret
    ### END SOLUTION


# %% tests="double" points=2
with check.question("double", points=2) as question:
    with question.part(0.5, "keeps the shape"):
        check.array(double(np.ones((2, 3))), "double(ones)", shape=(2, 3))
    with question.part(1, "doubles"):
        check.close(double([1.0, 2.0]), [2, 4], "double([1, 2])")

# %% tags=["explore"]
if check.passed("double"):
    print(double([3.0]))

# %% [markdown]
# ## Question 2 (1 point)

# %% [markdown] written="why" points=1
# The model answer: doubling adds a number to itself. Rubric: one point for the idea.

# %%
check.summary()
'''

CHECKS = '''\
"""Hidden checks of the small assignment."""

import numpy as np

from course_lib import check
from course_staff.grading import call, question, written


@question("double", points=2)
class Double:
    """Twice the values, of any sign."""

    def requests(self, rng):
        self.hidden_values = rng.normal(size=(4, 3))
        yield call("double", self.hidden_values)

    def verdict(self, replies, judge):
        with judge.part(2, "doubles"):
            check.close(replies[0].value, 2 * self.hidden_values, "double(values)")


why = written("why", points=1)
'''


def write_course(
    root: Path, lesson: str = LESSON, checks: str | None = CHECKS, name: str = NAME
) -> Path:
    """Write a course with one lesson, graded if it has checks, and return its folder."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(
        '[tool.course]\nstudent-tree = "https://github.com/a/b"\nstudent-branch = "main"\n'
    )
    folder = root / "lessons" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lesson.py").write_text(lesson, "utf-8")
    if checks is not None:
        (folder / "checks.py").write_text(checks, "utf-8")
    return root


def run(*command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `course …` or `nbgrader …` in a folder; nbgrader needs alembic on the PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program, *arguments = command
    module = {"course": "course_lib"}.get(program, program)
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
