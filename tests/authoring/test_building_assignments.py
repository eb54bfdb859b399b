"""`course build` on a graded lesson: the instructor's version and the students'."""

import nbformat
import pytest
from courses import AUTHORS_CHECKS, AUTHORS_LESSON, NAME, run, write_course

FILES = (
    f"solutions/{NAME}/{NAME}.ipynb",
    f"assignments/{NAME}/{NAME}.ipynb",
    f"notebooks/{NAME}.ipynb",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = write_course(tmp_path_factory.mktemp("course"))
    done = run("course", "build", folder=root)
    assert done.returncode == 0, done.stderr
    return root


def cells(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return {cell.id: cell for cell in notebook.cells}


def test_three_notebooks_are_made_and_nothing_else_is_left(built):
    made = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert made == {
        "pyproject.toml",
        f"lessons/{NAME}/lesson.py",
        f"lessons/{NAME}/checks.py",
        *FILES,
    }


def test_building_again_changes_nothing(built):
    before = {name: (built / name).read_bytes() for name in FILES}
    assert "wrote" not in run("course", "build", folder=built).stdout
    assert run("course", "build", "--check", folder=built).returncode == 0
    assert {name: (built / name).read_bytes() for name in FILES} == before


def test_students_get_stubs_visible_tests_and_no_solution(built):
    students = cells(built / FILES[1])
    assert students["double-answer"].source == (
        'def double(values):\n    """Return twice the values."""\n'
        "    # YOUR CODE HERE\n    raise NotImplementedError()"
    )
    assert students["double"].source.startswith('with check.question("double", points=2)')
    assert students["why"].source == "YOUR ANSWER HERE"
    assert (built / FILES[1]).read_bytes() == (built / FILES[2]).read_bytes()


def test_the_instructors_version_keeps_solutions_and_refuses_to_be_autograded(built):
    solved = cells(built / FILES[0])
    assert "twice_the_secret = 2 * np.asarray(values)" in solved["double-answer"].source
    assert "run `course grade 04`" in solved["double"].source
    assert "model answer" in solved["why"].source


def test_the_metadata_are_nbgraders(built):
    from nbgrader.nbgraderformat import MetadataValidator

    for name in FILES:
        notebook = nbformat.read(built / name, as_version=4)
        MetadataValidator().validate_nb(notebook)
    students = cells(built / FILES[1])
    tests, answer, text = (students[key].metadata for key in ("double", "double-answer", "why"))
    assert (tests.nbgrader.points, tests.nbgrader.locked, tests.editable) == (2, True, False)
    assert (answer.nbgrader.solution, answer.nbgrader.grade) == (True, False)
    assert (text.nbgrader.points, text.nbgrader.grade, text.nbgrader.solution) == (1, True, True)
    assert all("answer" not in cell.metadata for cell in students.values())


def test_cells_keep_their_ids_when_a_solution_changes(built, tmp_path):
    changed = AUTHORS_LESSON.replace("2 * np.asarray(values)", "np.asarray(values) * 2")
    other = write_course(tmp_path / "other", changed)
    assert run("course", "build", folder=other).returncode == 0
    assert (other / FILES[1]).read_bytes() == (built / FILES[1]).read_bytes()
    assert cells(other / FILES[0]).keys() == cells(built / FILES[0]).keys()


def test_check_names_stale_and_orphaned_files(tmp_path):
    root = write_course(tmp_path / "course")
    run("course", "build", folder=root)
    for name in FILES[:2]:
        (root / name).write_text("{}")
    (root / "assignments" / "05-Gone").mkdir()
    (root / "assignments" / "05-Gone" / "05-Gone.ipynb").touch()
    (root / "solutions" / NAME / "data.csv").touch()
    (root / "solutions" / NAME / ".ipynb_checkpoints").mkdir()
    (root / "solutions" / NAME / ".ipynb_checkpoints" / "x.ipynb").touch()
    done = run("course", "build", "--check", folder=root)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"Error: {FILES[0]} is stale: run `course build`.",
        f"{FILES[1]} is stale: run `course build`.",
        f"solutions/{NAME}/data.csv has no source in lessons/: move it out of solutions/, "
        "or delete it.",
        "assignments/05-Gone/05-Gone.ipynb has no source in lessons/: move it out of assignments/, "
        "or delete it.",
    ]


ANSWER, TESTS, WRITTEN = 'answer="double"', 'tests="double" points=2', 'written="why" points=1'
ASKED = 'check.question("double", points=2)'


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (TESTS, 'tests="double"', '"double" needs points, as in points=2; got None'),
        (TESTS, 'tests="double" points=0', '"double" needs points, as in points=2; got 0'),
        (WRITTEN, 'written="why"', '"why" needs points'),
        (ANSWER, 'answer="double" points=2', 'the points of "double" belong to'),
        (TESTS, 'tags=["explore"]', 'the answer "double" has no cell tests="double"'),
        (ANSWER, 'tags=["explore"]', 'the tests of "double" follow no cell answer="double"'),
        (WRITTEN, 'written="double" points=1', '"double" is a written question and a function'),
        (WRITTEN, 'written="why not" points=1', '"why not" cannot name a question'),
        ('# %% [markdown] written="why"', '# %% written="why"', "marked written on a code cell"),
        ("def double(values):", "def triple(values):", "does not define double"),
        ("    ### END SOLUTION\n", "", "lacks ### BEGIN SOLUTION and ### END SOLUTION"),
        ("import numpy", "### BEGIN SOLUTION\nimport numpy", "there is a solution in"),
        (ASKED, 'check.question("double", points=3)', 'must ask check.question("double"'),
        ("question.part(1,", "question.part(1.75,", 'the parts of "double" carry 2.25 points of 2'),
        ("check.summary()", "model.fit(1)", "model.fit does not run while grading"),
        ("check.summary()", "datasets.load('m')", "datasets.load does not run while grading"),
        ("check.summary()", "double(1)", 'the cell uses double: it must be tagged "explore"'),
        ('if check.passed("double"):', "if True:", 'guarded by if check.passed("double")'),
        ("# ## Question 2", "# [x](02-Other.ipynb)\n#\n# ## Question 2", "to a file beside it"),
        ("seed = 0", "seed = 0\n\n# %% " + TESTS + "\n1", '"double" has 2 cells marked tests'),
    ],
)  # fmt: skip
def test_each_broken_rule_of_a_graded_lesson_is_found(old, new, finding, tmp_path):
    assert old in AUTHORS_LESSON
    found = findings(AUTHORS_LESSON.replace(old, new), tmp_path)
    assert any(finding in text for text in found), found


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('"double", points=2', '"double", points=1', '"double" has 2 points here and 1 in'),
        ('written("why", points=1)', "None", 'the hidden checks have no question "why"'),
        ("why =", 'other = written("other", points=1)\nwhy =', 'the hidden checks judge "other"'),
    ],
)  # fmt: skip
def test_questions_and_points_must_be_those_of_the_hidden_checks(old, new, finding, tmp_path):
    found = findings(AUTHORS_LESSON, tmp_path, checks=AUTHORS_CHECKS.replace(old, new))
    assert any(finding in text for text in found), found


def test_a_good_graded_lesson_has_no_findings(tmp_path):
    assert findings(AUTHORS_LESSON, tmp_path) == []


def test_a_broken_graded_lesson_is_not_built(tmp_path):
    root = write_course(tmp_path / "course", AUTHORS_LESSON.replace(" points=2\n", "\n"))
    done = run("course", "build", folder=root)
    assert done.returncode == 1
    assert 'solutions/04-Small, cell 7: "double" needs points' in done.stderr
    assert not (root / "assignments").exists()


def test_a_cell_cannot_be_two_things(tmp_path):
    root = write_course(
        tmp_path / "course", AUTHORS_LESSON.replace(ANSWER, 'answer="double" tests="x"')
    )
    done = run("course", "build", folder=root)
    assert done.returncode == 2
    assert "is both answer and tests: choose one" in done.stderr


def findings(lesson, folder, checks=AUTHORS_CHECKS):
    from course_lib.project import CourseSettings
    from course_staff.authoring.assignment_rules import lint_assignment
    from course_staff.authoring.notebooks import build_notebook

    (folder / "lesson.py").write_text(lesson, "utf-8")
    notebook = build_notebook(folder, CourseSettings("https://github.com/a/b", "main"))
    found = lint_assignment(notebook, checks)
    return [f"{finding.cell}: {finding.message}" for finding in found]
