import re
import subprocess
import sys
import tomllib

import pytest

from course_lib.errors import CourseError
from course_staff.authoring.publish import publish


@pytest.fixture(scope="module")
def tree(tmp_path_factory, root):
    folder = tmp_path_factory.mktemp("published") / "student"
    publish(root, folder)
    return folder


def test_the_student_tree_holds_what_the_design_names_and_nothing_else(tree, root):
    expected = {
        "notebooks",
        "constraints.txt",
        "course_lib",
        "environment.yml",
        "README.md",
        "pyproject.toml",
        "LICENSE",
    }
    expected |= {name for name in ("assignments",) if (root / name).exists()}
    assert {entry.name for entry in tree.iterdir()} == expected
    assert not list(tree.rglob("__pycache__"))


def test_course_lib_is_published_whole_and_needs_nothing_of_staffs(tree, root):
    def files(folder):
        return {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    assert files(tree / "course_lib") == files(root / "course_lib")
    for path in tree.rglob("*.py"):
        assert not re.search(r"^\s*(?:from|import) course_staff", path.read_text("utf-8"), re.M)


def test_the_students_pyproject_keeps_the_core_and_drops_the_graders_packages(tree, root):
    student = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]
    course = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert student["dependencies"] == course["dependencies"]
    assert set(student["optional-dependencies"]) == {"automl", "explain", "gpu", "lab"}


def test_students_install_the_versions_that_the_course_was_tested_with(tree, root):
    pins = (tree / "constraints.txt").read_text("utf-8")
    assert pins == (root / "constraints.txt").read_text("utf-8")
    assert "pip install -c constraints.txt -e" in (tree / "README.md").read_text("utf-8")


def test_the_readme_names_the_student_tree(tree, root):
    readme = (tree / "README.md").read_text("utf-8")
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["course"]
    assert settings["student-tree"] in readme
    assert "{" not in readme


def test_the_command_line_works_from_the_student_tree(tree):
    # First on the path, before the editable install, and without staff's package.
    code = """
import sys
sys.path.insert(0, ".")
sys.modules["course_staff"] = None
from course_lib.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, "--help"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout
    for command in ("build", "publish", "run"):  # a row of the table of commands
        assert f"│ {command} " not in done.stdout


def test_publishing_again_replaces_the_tree_and_leaves_foreign_files_alone(tree, root):
    (tree / ".git").mkdir(exist_ok=True)
    (tree / "notebooks" / "99-Old.ipynb").touch()
    (tree / "CNAME").write_text("theirs")
    publish(root, tree)
    assert not (tree / "notebooks" / "99-Old.ipynb").exists()
    assert (tree / "CNAME").read_text() == "theirs"
    assert (tree / ".git").is_dir()
    assert not list(tree.glob(".publish-*"))
    (tree / "CNAME").unlink()


def test_a_folder_with_other_files_is_left_alone(root, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CourseError, match="holds other files"):
        publish(root, tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_course_itself_and_a_file_are_refused(root, tmp_path):
    with pytest.raises(CourseError, match="holds other files"):
        publish(root, root)
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match="is a file"):
        publish(root, tmp_path / "file")
