"""The table of answers to an assignment's questions, each with the marks that it deserves.

It is made of the reference solution in the lesson's source, of that solution's stub, and of the
blocks in ``lessons/NN-Title/answers/<question>.py``::

    # %% right: with loops
    def standardize(train, test): ...

    # %% mistake 0.5: along the wrong axis
    def standardize(train, test): ...
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import jupytext

from course_staff.grading import load_checks
from course_staff.grading.judging.questions import Question

ROOT = Path(__file__).resolve().parent.parent.parent
IMPORTS = {"keras": "import keras", "np": "import numpy as np", "tf": "import tensorflow as tf"}

_BLOCK = re.compile(r"^# %% (right|mistake ([\d.]+)): (.+)$", re.MULTILINE)
_SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION", re.MULTILINE | re.DOTALL)


def with_imports(source: str) -> str:
    """Return an answer with the notebook's imports that it uses: TensorFlow takes seconds."""
    used = [line for name, line in IMPORTS.items() if re.search(rf"\b{name}\.", source)]
    return "\n".join([*used, source])


def _imports(cell) -> bool:
    """Whether a cell is the one that imports what the notebook's functions use."""
    if cell.cell_type != "code" or cell.metadata:
        return False
    starts = isinstance(ast.parse(cell.source).body[0], ast.Import | ast.ImportFrom)
    return starts and "runtime.setup(" not in cell.source  # whose seed is the notebook's own


@dataclass(frozen=True)
class Answer:
    """An answer to one question.

    Attributes
    ----------
    question : str
    label : str
        "reference", "stub", or what is special about it.
    marks : float
        What it deserves.
    source : str
        Python that can be executed by itself.
    right : bool
        Whether it is a right one from the table.
    """

    question: str
    label: str
    marks: float
    source: str = field(repr=False)
    right: bool = False


@dataclass(frozen=True)
class Assignment:
    """A graded lesson: its hidden checks, its reference solutions and its visible tests."""

    folder: Path
    checks: dict[str, Question]
    solutions: dict[str, str]
    visible_tests: dict[str, str]
    imports: str

    @classmethod
    def load(cls, number: str) -> Assignment:
        """Read the assignment of a number such as "04" from the lesson's source."""
        (folder,) = (ROOT / "lessons").glob(f"{number}-*")
        cells = jupytext.read(folder / "lesson.py").cells
        checks = load_checks(folder / "checks.py")
        solutions, visible_tests = (
            {cell.metadata[kind]: cell.source for cell in cells if kind in cell.metadata}
            for kind in ("answer", "tests")
        )
        imports = [cell.source for cell in cells if _imports(cell)]
        return cls(folder, checks, solutions, visible_tests, "\n".join(imports))

    @classmethod
    def all(cls) -> dict[str, Assignment]:
        """Read every assignment that stands among the lessons, by number."""
        numbers = [path.parent.name[:2] for path in sorted((ROOT / "lessons").glob("*/checks.py"))]
        return {number: cls.load(number) for number in numbers}

    @property
    def questions(self) -> list[str]:
        """The questions that are judged, not marked by hand."""
        return [name for name, question in self.checks.items() if question.check is not None]

    @property
    def training(self) -> list[str]:
        """Those of them that train networks."""
        return [name for name in self.questions if self.checks[name].trains]

    def uses_keras(self, question: str) -> bool:
        """Tell whether answers work with Keras models, which takes half a second each."""
        return bool(re.search(r"\b(keras|tf|model|network)\.|\bmodel\(", self.solutions[question]))

    def reference(self, question: str) -> Answer:
        """Return the lesson's own solution."""
        source = with_imports(self.solutions[question])
        return Answer(question, "reference", self.checks[question].points, source)

    def stub(self, question: str) -> Answer:
        """Return what the student starts from."""
        stub = _SOLUTION.sub(r"\1raise NotImplementedError()", self.solutions[question])
        return Answer(question, "stub", 0.0, with_imports(stub))

    def table(self, question: str) -> list[Answer]:
        """Return the answers in the question's file."""
        path = self.folder / "answers" / f"{question}.py"
        text = path.read_text("utf-8") if path.exists() else ""
        heads = list(_BLOCK.finditer(text))
        ends = [*(head.start() for head in heads[1:]), len(text)][: len(heads)]
        return [
            Answer(
                question,
                head[3],
                self.checks[question].points if head[1] == "right" else float(head[2]),
                with_imports(text[head.end() : end]),
                right=head[1] == "right",
            )
            for head, end in zip(heads, ends, strict=True)
        ]

    def right_answers(self, question: str) -> list[Answer]:
        """Return the reference and the right answers of the table."""
        return [
            self.reference(question),
            *(answer for answer in self.table(question) if answer.right),
        ]

    def answers(self, question: str) -> list[Answer]:
        """Return the reference, the stub and the table."""
        return [self.reference(question), self.stub(question), *self.table(question)]
