"""`course build` on a small course, and on this one."""

from functools import partial

import nbformat
import pytest
from courses import HEADER, run

course = partial(run, "course")


def test_this_courses_notebooks_are_up_to_date_and_keep_every_rule(root):
    done = course("build", "--check", folder=root)
    assert done.returncode == 0, done.stderr


def test_build_then_check_then_change(small_course):
    assert course("build", "--check", folder=small_course).returncode == 1
    assert not (small_course / "notebooks").exists(), "--check changes nothing"

    assert "wrote notebooks/01-One.ipynb" in course("build", folder=small_course).stdout
    built = (small_course / "notebooks" / "01-One.ipynb").read_bytes()
    assert course("build", "--check", folder=small_course).returncode == 0
    assert "wrote" not in course("build", folder=small_course).stdout

    lesson = small_course / "lessons" / "01-One" / "lesson.py"
    lesson.write_text(HEADER + "\n# %%\nprint(1)\n")
    stale = course("build", "--check", folder=small_course)
    assert stale.returncode == 1
    assert "notebooks/01-One.ipynb is stale: run `course build`" in stale.stderr
    assert (small_course / "notebooks" / "01-One.ipynb").read_bytes() == built


@pytest.mark.parametrize("work", ["its outputs", "its text"])
def test_a_notebook_that_was_saved_in_jupyter_is_not_replaced(small_course, work):
    course("build", folder=small_course)
    path = small_course / "notebooks" / "01-One.ipynb"
    notebook = nbformat.read(path, as_version=4)
    if work == "its outputs":
        (cell, *_) = [cell for cell in notebook.cells if cell.cell_type == "code"]
        cell.execution_count, cell.outputs = 1, [nbformat.v4.new_output("stream", text="mine")]
    else:
        notebook.cells[0].source += "My notes."
        notebook.metadata.language_info = {"name": "python", "version": "3.12.4"}
    nbformat.write(notebook, path)
    mine = path.read_bytes()
    for option in ([], ["--check"]):
        done = course("build", *option, folder=small_course)
        assert done.returncode == 1
        assert "notebooks/01-One.ipynb was saved in Jupyter since it was built: move" in done.stderr
        assert path.read_bytes() == mine
    path.unlink()
    assert "wrote notebooks/01-One.ipynb" in course("build", folder=small_course).stdout


def test_a_notebook_without_source_and_a_broken_rule_are_named(small_course):
    course("build", folder=small_course)
    (small_course / "notebooks" / "02-Gone.ipynb").touch()
    (small_course / "lessons" / "01-One" / "lesson.py").write_text(
        HEADER + "\n# %% [markdown]\n# #### Deep\n"
    )
    done = course("build", folder=small_course)
    assert done.returncode == 1
    assert "notebooks/02-Gone.ipynb has no source in lessons/" in done.stderr
    assert 'notebooks/01-One.ipynb, cell 4: "Deep" skips a level' in done.stderr


def test_outside_a_course_the_error_names_the_folder_and_the_fix(monkeypatch, tmp_path):
    from course_lib import project
    from course_lib.errors import CourseError

    monkeypatch.setattr(project, "__file__", str(tmp_path / "site" / "course_lib" / "project.py"))
    with pytest.raises(CourseError, match="change into the course's folder"):
        project.find_root(tmp_path)


def test_settings_and_lessons_with_a_byte_order_mark_are_built(small_course):
    course("build", folder=small_course)
    for name in ("pyproject.toml", "lessons/01-One/lesson.py"):
        path = small_course / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    done = course("build", "--check", folder=small_course)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_setting_and_a_broken_pyproject_are_named(small_course):
    pyproject = small_course / "pyproject.toml"
    pyproject.write_text('[tool.course]\nstudent-tree = "https://github.com/a/b"\n')
    done = course("build", folder=small_course)
    assert done.returncode == 2
    assert "lacks student-branch" in done.stderr
    pyproject.write_text("[tool.course\n")
    done = course("build", folder=small_course)
    assert done.returncode == 2
    assert "pyproject.toml cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
