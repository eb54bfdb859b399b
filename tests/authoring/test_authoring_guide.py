"""docs/authoring.md, "Write your own question": followed to the letter."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import textwrap

import nbformat
import pytest
from courses import run, write_course

LESSON = "08-Cross-entropy"
_FILE = re.compile(r"`([\w./-]+\.py)`:\n\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ANSWER = re.compile(r"^# %% (right|mistake ([\d.]+)): (.+)\n", re.MULTILINE)


@pytest.fixture(scope="module")
def guide(root):
    return (root / "docs" / "authoring.md").read_text("utf-8").partition("## Write your own")[2]


@pytest.fixture(scope="module")
def files(guide):
    """The files that the guide tells to write."""
    return dict(_FILE.findall(guide))


@pytest.fixture(scope="module")
def course(tmp_path_factory, files):
    folder = write_course(tmp_path_factory.mktemp("course"), checks=None)
    shutil.rmtree(folder / "lessons")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    done = run("course", "build", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def checks(course):
    from course_staff.grading import load_checks

    return load_checks(course / "lessons" / LESSON / "checks.py")


def answer_in(notebook) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.id == "cross_entropy-answer"]
    return f"import numpy as np\n{source}"


def score(checks, source, seed=0):
    from course_staff.grading import rehearse

    return rehearse(checks["cross_entropy"], source, seed=seed).score


def test_the_guide_names_the_three_files(files):
    assert list(files) == [
        f"lessons/{LESSON}/lesson.py",
        f"lessons/{LESSON}/checks.py",
        f"lessons/{LESSON}/answers/cross_entropy.py",
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_reference_gets_full_marks_and_the_stub_none(course, checks, seed):
    solved = answer_in(course / "solutions" / LESSON / f"{LESSON}.ipynb")
    stub = answer_in(course / "assignments" / LESSON / f"{LESSON}.ipynb")
    assert score(checks, solved, seed) == 2
    assert "raise NotImplementedError()" in stub
    assert score(checks, stub, seed) == 0


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_every_answer_in_the_table_gets_its_marks(files, checks):
    text = files[f"lessons/{LESSON}/answers/cross_entropy.py"]
    _, *blocks = _ANSWER.split(text)
    table = list(zip(blocks[0::4], blocks[1::4], blocks[2::4], blocks[3::4], strict=True))
    assert {kind.split()[0] for kind, *_ in table} == {"right", "mistake"}
    for kind, marks, label, source in table:
        expected = 2 if kind == "right" else float(marks)
        for seed in range(5):
            assert score(checks, f"import numpy as np\n{source}", seed) == expected, label


def test_the_rehearsal_prints_what_is_missing(guide, course, monkeypatch):
    (example,) = re.findall(r"```python\n(from pathlib import Path.*?)```", guide, re.DOTALL)
    monkeypatch.chdir(course)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(textwrap.dedent(example), {"__name__": "example"})
    assert printed.getvalue().startswith("0\n✗ 0 of 1.5: the mean of −ln p over the rows.")


def test_the_commands_do_what_is_said(guide, course):
    (block,) = re.findall(r"```sh\n(course build\n.*?)```", guide, re.DOTALL)
    build, check, validate = (line.split() for line in block.splitlines())
    assert run(*build, folder=course).returncode == 0
    checked = run(*check, "--json", folder=course)
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["points"] == 3
    validated = run(*validate, folder=course)
    assert "Success! Your notebook passes all the tests." in validated.stdout
    student = run("course", "check", f"notebooks/{LESSON}.ipynb", "--json", folder=course)
    assert student.returncode == 1
    assert json.loads(student.stdout)["points_seen"] == 0
