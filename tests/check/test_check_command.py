"""`course check` on the notebooks that students hand in, good and broken."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

TESTS = """\
with check.question("double", points=2) as question:
    with question.part(0.5, "keeps the shape"):
        check.array(double([[1, 2]]), "double(a table)", shape=(1, 2))
    with question.part(1, "doubles"):
        check.close(double([1, 2]), [2, 4], "double([1, 2])", hint="[hint] Add it twice.")
"""
RIGHT = "def double(values):\n    return 2 * np.asarray(values)"
STUB = "def double(values):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


def code(source, tags=(), **nbgrader):
    metadata = {"tags": list(tags)} if tags else {}
    if nbgrader:
        metadata["nbgrader"] = {"schema_version": 3, "grade": False, "locked": False} | nbgrader
    return {
        "cell_type": "code", "source": source.splitlines(keepends=True), "metadata": metadata,
        "outputs": [], "execution_count": None,
    }  # fmt: skip


def text(source, **nbgrader):
    return {**code(source, **nbgrader), "cell_type": "markdown"}


def notebook(answer=RIGHT, why="Because.", tests=TESTS, **changes):
    """Write a small assignment, less what is None, with further cells after it."""
    cells = {
        "title": text("# Title"),
        "imports": code("import numpy as np\n\nfrom course_lib import check"),
        "question": text("## Question 1"),
        "answer": code(answer, solution=True, grade_id="double-answer"),
        "tests": tests and code(tests, grade=True, locked=True, grade_id="double", points=2),
        "explore": code("raise RuntimeError('not while checking')", tags=["explore"]),
        "why": why and text(why, grade=True, solution=True, grade_id="why", points=1),
        "summary": code("check.summary()"),
    } | changes
    cells = [cell for cell in cells.values() if cell]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 0}


@pytest.fixture
def check(tmp_path):
    """Check a notebook in a folder of its own, in a process of its own."""
    # Not inside a course: its assignments are not these.
    (tmp_path / "pyproject.toml").write_text("[tool.course]\n")

    def run(document, *options, name="04-Small.ipynb", status=None):
        if document is not None:
            path = tmp_path / name
            path.write_text(document if isinstance(document, str) else json.dumps(document))
        done = subprocess.run(
            [sys.executable, "-m", "course_lib", "check", name, *options],
            cwd=tmp_path, env={**os.environ, "COLUMNS": "120"},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert "Traceback" not in done.stderr + done.stdout
        if status is not None:
            assert done.returncode == status, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def questions(check):
    """Check a notebook, and return its questions by name, with the cells that failed."""

    def run(document, *options, **more):
        report = json.loads(check(document, "--json", *options, **more).stdout)
        return {entry["name"]: entry for entry in report["questions"]} | {
            "errors": report["errors"]
        }

    return run


def test_right_answers_pass(check, questions):
    table = check(notebook(), status=0).stdout
    assert "double" in table
    assert "passed" in table
    assert "1.5 of 2" in table
    assert "see 1.5 of 2 points; 1 more are marked by hand" in " ".join(table.split())
    found = questions(notebook(), status=0)
    assert found["why"]["verdict"] == "written"


def test_a_lessons_number_means_the_copy_that_was_saved_last(check, tmp_path):
    stub = tmp_path / "notebooks" / "04-Small.ipynb"
    own = tmp_path / "assignments" / "04-Small" / "04-Small.ipynb"
    for path, document in ((stub, notebook(STUB, "YOUR ANSWER HERE")), (own, notebook())):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document))
    os.utime(stub, (1, 1))
    done = check(None, "--json", name="4", status=0)
    assert json.loads(done.stdout)["notebook"] == str(own)
    os.utime(own, (0, 0))
    done = check(None, name="small", status=1)
    assert str(stub) in done.stdout.replace("\n", "")
    assert "5 is not a lesson" in check(None, name="5", status=2).stderr.replace("'", "")


def test_untouched_stubs_are_not_yet(questions):
    found = questions(notebook(STUB, "YOUR ANSWER HERE"), status=1)
    assert found["double"]["verdict"] == "not_yet"
    assert found["double"]["problems"] == ["Write your answer in its cell."]
    assert found["why"]["problems"] == ["Write your text into its cell."]
    assert found["errors"] == []


def test_a_mistake_is_partly_right_and_its_hint_appears_as_it_was_written(check):
    done = check(notebook("def double(values):\n    return values"), status=1)
    said = " ".join(done.stdout.replace("│", " ").split())
    assert "partly" in said
    assert "0.5 of 2" in said
    assert "2 of 2 values differ from what is expected. [hint] Add it twice." in said


def test_one_mistake_that_several_parts_meet_is_told_once(questions):
    found = questions(notebook("def double(values):\n    return values / 0"))
    (problem,) = found["double"]["problems"]
    assert problem.startswith("keeps the shape; doubles: raised TypeError")
    assert problem.endswith("(in double, line 2 of its cell)")


def test_a_syntax_error_is_told_where_it_is_and_the_rest_goes_on(questions):
    found = questions(notebook("def double(values:\n    pass"), status=1)
    (problem,) = found["double"]["problems"]
    assert "The cell with your answer failed: SyntaxError: '(' was never closed" in problem
    assert found["why"]["verdict"] == "written"


def test_an_error_in_another_cell_is_named_with_its_heading(questions):
    found = questions(notebook(own=code("print(undefined)")), status=1)
    assert found["errors"] == [
        "cell 9, under \"Question 1\": NameError: name 'undefined' is not defined"
    ]
    assert found["double"]["verdict"] == "passed"


SWALLOWING = """\
while True:
        try:
            while True: pass
        except BaseException: pass"""


@pytest.mark.parametrize(
    "loop", ["while True: pass", SWALLOWING], ids=["plain", "that swallows interrupts"]
)
def test_an_endless_loop_ends_at_the_limit_and_the_other_question_is_judged(loop, questions):
    triple = TESTS.replace("double", "triple").replace("[2, 4]", "[3, 6]")
    found = questions(
        notebook(
            f"def double(values):\n    {loop}",
            other=code("def triple(values):\n    return 3 * np.asarray(values)"),
            tests_of_other=code(triple, grade=True, grade_id="triple", points=2),
        ),
        "--time-limit",
        "2",
        status=1,
    )
    assert "took longer than 2 seconds" in found["double"]["problems"][0]
    assert found["triple"]["verdict"] == "passed"


def test_a_cell_that_ends_python_is_left_out_and_the_rest_goes_on(questions):
    found = questions(notebook(own=code("import os\nos._exit(3)")), status=1)
    assert "ended Python (exit status 3)" in found["errors"][0]
    assert found["double"]["verdict"] == "passed"


def test_exit_and_input_do_not_stop_the_check(questions):
    document = notebook(first=code("exit()"), second=code("name = input()"))
    found = questions(document, status=1)
    assert len(found["errors"]) == 2
    assert found["double"]["verdict"] == "passed"


def test_what_cells_print_stays_out_of_the_result(questions):
    document = notebook(own=code("import os\nprint('{}')\nos.system('echo {\\\"event\\\": 1}')"))
    assert questions(document, status=0)["double"]["verdict"] == "passed"


def test_a_terminal_without_the_signs_shows_the_rest(check, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = check(notebook(tests=TESTS.replace("keeps the shape", "λ → μ")), status=0)
    assert "passed" in done.stdout
    wrong = "def double(values):\n    return 'λ'"
    assert "?" in check(notebook(wrong, tests=TESTS.replace("doubles", "λ")), status=1).stdout


def test_a_notebook_that_colab_saved_is_like_any_other(questions):
    bare = notebook()
    for cell in bare["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"] = {"id": "aXb-9"}
    found = questions(bare, status=0)
    assert found["double"]["verdict"] == "passed"
    assert found["double"]["points"] == 2


def test_deleted_tests_are_missed_where_nothing_else_is_known(questions):
    found = questions(notebook(tests=None), status=1)
    assert found["double"]["problems"] == [
        "The cell with the tests is missing: copy it from the notebook handed out."
    ]


def test_the_notebook_handed_out_stands_in_for_deleted_and_changed_tests(questions, tmp_path):
    handed_out = tmp_path / "assignments" / "04-Small" / "04-Small.ipynb"
    handed_out.parent.mkdir(parents=True)
    handed_out.write_text(json.dumps(notebook(STUB, "YOUR ANSWER HERE")))
    wrong = "def double(values):\n    return 3 * np.asarray(values)"
    cheat = 'with check.question("double", points=2) as question:\n    pass'
    for tests, said in ((None, "were missing"), (cheat, "were changed")):
        found = questions(notebook(wrong, tests=tests), name="04-Small (1).ipynb", status=1)
        assert found["double"]["verdict"] == "partly"
        assert said in found["double"]["problems"][-1]
    reformatted = TESTS.replace("points=2", "points = 2 ") + "# done\n"
    found = questions(notebook(RIGHT, tests=reformatted))
    assert found["double"]["problems"] == []
    found = questions(notebook(why=None), status=1)
    assert "Its cell is missing" in found["why"]["problems"][-1]


def test_exploring_cells_are_known_by_what_was_handed_out_when_their_tags_are_lost(
    questions, tmp_path
):
    handed_out = tmp_path / "assignments" / "04-Small" / "04-Small.ipynb"
    handed_out.parent.mkdir(parents=True)
    handed_out.write_text(json.dumps(notebook(STUB, "YOUR ANSWER HERE")))
    bare = notebook(explore=code("raise RuntimeError('not while checking')"))
    assert questions(bare, status=0)["errors"] == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "is damaged or not a notebook: it is not valid JSON at line 1"),
        ("[1]", "is not a notebook: it has no list of cells"),
        ('{"cells": [1]}', "is not a notebook: it has no list of cells"),
        ('{"worksheets": []}', "old notebook format: open it in JupyterLab and save it"),
        ('{"cells": []}', "has no questions to check: give an assignment's notebook"),
        ("[" * 100_000, "is damaged or not a notebook"),
        (
            '{"cells": [{"cell_type": 3, "source": [1], "metadata": 5}]}',
            "has no questions to check",
        ),
    ],
)
def test_what_is_no_assignment_is_refused_in_one_sentence(document, said, check):
    done = check(document, status=2)
    assert said in done.stderr
    assert done.stdout == ""


def test_a_missing_file_a_folder_and_a_wrong_limit_are_wrong_use(check, tmp_path):
    (tmp_path / "folder").mkdir()
    for arguments in (["gone.ipynb"], ["folder"], ["04-Small.ipynb", "--time-limit", "0"]):
        done = subprocess.run(
            [sys.executable, "-m", "course_lib", "check", *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert done.stderr.startswith("Error: ")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_ends_the_check_and_what_it_started(tmp_path):
    loop = "import time\nopen('started', 'w').close()\ntime.sleep(600)"
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook(imports=code(loop))))
    process = subprocess.Popen(
        [sys.executable, "-m", "course_lib", "check", "a.ipynb"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.startswith("Interrupted")
    assert said == ""


def test_checking_needs_nothing_beyond_the_student_core(tmp_path):
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook()))
    blocked = "nbclient", "nbformat", "nbgrader", "papermill", "jupytext", "tensorflow"
    code = f"""
import sys
for name in {blocked}:
    sys.modules[name] = None
sys.argv = ["course", "check", "a.ipynb"]
from course_lib.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def released(tmp_path, **changes) -> None:
    """Hand out the notebook that the student's copy was made from."""
    path = tmp_path / "assignments" / "04-Small" / "04-Small.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(STUB, "YOUR ANSWER HERE", **changes)))


def test_the_imports_cell_that_failed_is_told_with_what_follows_from_it(questions):
    imports = code("import no_such_module\nimport numpy as np\nfrom course_lib import check")
    found = questions(notebook(imports=imports), status=1)
    assert (
        "The cell that should define check failed: ModuleNotFoundError: No module named "
        "'no_such_module' (it begins \"import no_such_module\")."
    ) in found["double"]["problems"]


def test_a_line_for_colab_costs_nothing_below_it(check):
    imports = code("%matplotlib widget\nimport numpy as np\nfrom course_lib import check")
    said = check(notebook(imports=imports), status=0).stdout
    assert "A line that works only elsewhere was left out: %matplotlib widget" in said


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_answers_cell_of_another_type_counts_and_is_told(questions, tmp_path, kind):
    cell = code(RIGHT, solution=True, grade_id="double-answer") | {"cell_type": kind}
    for known in (False, True):
        if known:
            released(tmp_path)
        found = questions(notebook(answer=RIGHT) | {"cells": [
            cell if "double-answer" in str(one["metadata"]) else one
            for one in notebook()["cells"]
        ]}, status=0)  # fmt: skip
        assert found["double"]["verdict"] == "passed"
        assert "it counts as code again" in found["double"]["problems"][0]


@pytest.mark.parametrize("kind", ["code", "raw"])
def test_a_written_answers_cell_of_another_type_counts_and_is_told(questions, tmp_path, kind):
    cell = text("Because it is so.", grade=True, solution=True, grade_id="why", points=1)
    for known in (False, True):
        if known:
            released(tmp_path)
        found = questions(notebook(why=None, other=cell | {"cell_type": kind}))
        assert found["why"]["verdict"] == "written"
        assert "it counts as text (Markdown) again" in found["why"]["problems"][0]


def test_a_written_answer_beside_its_cell_is_seen(questions, tmp_path):
    released(tmp_path)
    cells = notebook(why="YOUR ANSWER HERE")["cells"]
    at = next(i for i, cell in enumerate(cells) if "why" in str(cell["metadata"]))
    beside = {"cells": [*cells[: at + 1], text("It is so."), *cells[at + 1 :]]}
    assert questions(beside, status=0)["why"]["verdict"] == "written"
    elsewhere = {"cells": [text("I like it."), *cells]}
    assert questions(elsewhere, status=1)["why"]["verdict"] == "not_yet"


def test_a_helper_in_a_skipped_cell_is_run_without_the_rest(check, questions, tmp_path):
    helper = code("print(housing)\ndef middle(x):\n    return 2 * x", tags=["explore"])
    answer = "def double(values):\n    return middle(np.asarray(values))"
    cells = notebook(answer)["cells"]
    document = {"cells": [*cells[:3], helper, *cells[3:]]}
    problems = " ".join(questions(document, status=1)["double"]["problems"])
    assert "middle is defined only in a cell that is skipped" in problems
    released(tmp_path)
    assert "is skipped, but what it defines was run" in check(document, status=0).stdout


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "is empty"),
        ("<!DOCTYPE html><html>", "is a web page, not a notebook: download or save it again"),
        ("{\n<<<<<<< HEAD\n=======\n>>>>>>> b\n}", "a merge conflict (<<<<<<<)"),
        ("import os\n", "is a Python program (.py)"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(check, data, said):
    assert said in check(data, status=2).stderr


def test_only_the_stub_itself_is_not_answered_and_no_terminal_sign_is_shown(check):
    answer = (
        "def built():\n    raise NotImplementedError\n"
        "def double(values):\n    print(values)\n    return built()"
    )
    said = check(notebook(answer), "--json", status=1).stdout
    assert "raised NotImplementedError (in built, line 2 of its cell)" in said
    answer = "def double(values):\n    raise ValueError('\\x1b[1mtoo small\\x1b[0m')"
    said = check(notebook(answer), "--json", status=1).stdout
    assert "raised ValueError: too small (in double" in said
