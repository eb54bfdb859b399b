import nbformat
import pytest

from course_lib.errors import CourseError
from course_lib.project import CourseSettings
from course_staff.authoring.notebooks import (
    badge,
    bootstrap_source,
    build_lesson,
    build_notebook,
    sources,
)

SETTINGS = CourseSettings("https://github.com/someone/student-course", "stable")
SOURCE = """# %% [markdown]
# # A title
#
# Some text with $x^2$.

# %% tags=["parameters"]
profile = "auto"
data = "auto"
seed = 0

# %%
print(seed)

# %%
print(seed)
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "lessons" / "09-Tiny" / "lesson.py"
    path.parent.mkdir(parents=True)
    path.write_text(SOURCE)
    return path


def read(notebook):
    nbformat.validate(notebook)
    return notebook


def test_building_twice_gives_the_same_bytes(source):
    assert build_lesson(source.parent, SETTINGS) == build_lesson(source.parent, SETTINGS)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_source_that_notepad_saved_is_the_same_lesson(source, encoding):
    built = build_notebook(source.parent, SETTINGS)
    source.write_bytes(SOURCE.replace("\n", "\r\n").encode(encoding))
    assert build_notebook(source.parent, SETTINGS) == built


def test_a_notebook_has_title_badge_bootstrap_and_parameters_first(source):
    notebook = read(build_notebook(source.parent, SETTINGS))
    title, bootstrap, parameters = notebook.cells[:3]
    assert title.source.split("\n")[:3] == ["# A title", "", badge("09-Tiny", SETTINGS)]
    assert bootstrap.source == bootstrap_source(None, SETTINGS)
    assert bootstrap.metadata.tags == ["bootstrap"]
    assert parameters.metadata.tags == ["parameters"]
    assert notebook.metadata.kernelspec.name == "python3"


def test_badge_and_bootstrap_point_to_the_student_tree():
    assert "/github/someone/student-course/blob/stable/notebooks/09-Tiny.ipynb" in badge(
        "09-Tiny", SETTINGS
    )
    package = "git+https://github.com/someone/student-course@stable"
    assert package in bootstrap_source(None, SETTINGS)


def test_an_inserted_cell_leaves_the_other_ids_alone(source):
    before = read(build_notebook(source.parent, SETTINGS))
    source.write_text(SOURCE.replace("# %%\nprint", "# %%\nnew = 1\n\n# %%\nprint", 1))
    after = read(build_notebook(source.parent, SETTINGS))
    assert len({cell.id for cell in after.cells}) == len(after.cells), "ids must be unique"
    assert {cell.id for cell in before.cells} < {cell.id for cell in after.cells}


def test_the_bootstrap_cell_does_nothing_outside_colab():
    from IPython.core.inputtransformer2 import TransformerManager

    code = TransformerManager().transform_cell(bootstrap_source(None, SETTINGS))
    calls = []
    exec(code, {"get_ipython": lambda: calls.append("called")})
    assert calls == []


@pytest.mark.parametrize(
    ("extra", "package"), [(None, "course-lib"), ("automl", "course-lib[automl]")]
)
def test_the_bootstrap_cell_installs_one_package_in_colab(monkeypatch, extra, package):
    import sys
    import types

    from IPython.core.inputtransformer2 import TransformerManager

    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    calls = []
    shell = types.SimpleNamespace(run_line_magic=lambda *magic: calls.append(magic))
    exec(
        TransformerManager().transform_cell(bootstrap_source(extra, SETTINGS)),
        {"get_ipython": lambda: shell},
    )
    address = f'"{package} @ git+https://github.com/someone/student-course@stable"'
    assert calls == [("pip", f"install --quiet {address}")]


@pytest.mark.parametrize(
    "text",
    ["# %%\nx = 1\n", "# %% [markdown]\n# # Title\n", "", SOURCE.replace("parameters", "other")],
)
def test_a_source_without_title_and_parameters_is_refused(source, text):
    source.write_text(text)
    with pytest.raises(CourseError, match=r"09-Tiny/lesson\.py must begin with"):
        build_notebook(source.parent, SETTINGS)


def test_a_source_that_is_no_text_is_named(source):
    source.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CourseError, match=r"09-Tiny/lesson\.py cannot be read"):
        build_notebook(source.parent, SETTINGS)


def test_sources_are_found_by_number_and_none_is_an_error(source, tmp_path):
    (source.parents[1] / "notes.py").write_text("")
    assert list(sources(tmp_path)) == ["09-Tiny"]
    source.unlink()
    with pytest.raises(CourseError, match="holds no lesson"):
        sources(tmp_path)


def test_the_titles_extra_is_installed_in_colab_and_leaves_no_trace_in_the_title(source):
    source.write_text(SOURCE.replace("# %% [markdown]", '# %% [markdown] extra="automl"', 1))
    title, bootstrap = build_notebook(source.parent, SETTINGS).cells[:2]
    assert "course-lib[automl]" in bootstrap.source
    assert title.metadata == {}
