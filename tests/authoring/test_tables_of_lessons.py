"""The tables that `course build` makes of all lessons: bands for course_lib, rows for READMEs."""

from __future__ import annotations

import json
from functools import partial

import pytest
from courses import run

course = partial(run, "course")

BANDS = """\
headline = "test accuracy {accuracy:.2f}"

[quick.real]
seconds = 61.7
peak_memory_mb = 1471
measured = "2026-11-28, CPU, seeds 0 to 2"
bands.accuracy = { low = 0.9, high = 1.0, mean = 0.9712, sd = 0.004 }
bands.loss = { low = 0.1, high = 0.3 }  # widened

[measurements.race]
measured = "seeds 0 to 2"
rows.ours = [0.9, 0.8, 0.85]
"""
README = """# Course

<!-- lessons: made by `course build` -->
<!-- end of lessons -->

The end.
"""


@pytest.fixture
def measured(small_course):
    """The small course with bands, a place for their table, and a README with its two marks."""
    (small_course / "course_lib").mkdir()
    (small_course / "README.md").write_text(README)
    folder = small_course / "lessons" / "01-One"
    (folder / "bands.toml").write_text(BANDS)
    lesson = (folder / "lesson.py").read_text()
    (folder / "lesson.py").write_text(lesson.replace("# # Small", "# # 01 · One: how many: two?"))
    return small_course


def test_bands_and_rows_are_built_and_checked(measured):
    stale = course("build", "--check", folder=measured).stderr
    assert "course_lib/bands.json is stale" in stale
    assert "README.md is stale" in stale
    assert course("build", folder=measured).returncode == 0
    table = json.loads((measured / "course_lib" / "bands.json").read_text())
    assert table["lessons"]["01-One"]["quick"]["real"]["bands"] == {
        "accuracy": [0.9, 1.0], "loss": [0.1, 0.3]
    }  # fmt: skip
    assert table["measurements"]["race"]["rows"] == {"ours": [0.9, 0.8, 0.85]}
    readme = (measured / "README.md").read_text()
    row = "| [01 One](notebooks/01-One.ipynb) | How many: two? | test accuracy 0.97; 62 s, 1.5 GB |"
    assert row in readme.splitlines()
    assert readme.endswith("<!-- end of lessons -->\n\nThe end.\n")
    assert course("build", "--check", folder=measured).returncode == 0


def test_a_lesson_without_bands_has_a_row_and_no_table(measured):
    (measured / "lessons" / "01-One" / "bands.toml").unlink()
    assert course("build", folder=measured).returncode == 0
    table = json.loads((measured / "course_lib" / "bands.json").read_text())
    assert table == {"lessons": {}, "measurements": {}}
    assert "| How many: two? | not measured |" in (measured / "README.md").read_text()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("low = 0.1", "low = 0.4", "[quick.real] bands.loss is {'low': 0.4, 'high': 0.3}: write {"),
        ("{ low = 0.1, high = 0.3 }", "[0.1, 0.3]", "bands.loss is [0.1, 0.3]: write { low"),
        ("seconds = 61.7\n", "", "[quick.real] lacks seconds: benchmarks/measure_bands.py"),
        ("[quick.real]", "[fast.real]", "fast is neither a profile (quick, full) nor headline"),
        ("[quick.real]", "[quick.true]", "[quick.true] is neither real nor sample"),
        ("{accuracy:.2f}", "{acuracy}", "names results of [quick.real]"),
        ("[quick.real]", "[quick.real", "bands.toml cannot be read"),
    ],
)
def test_what_is_wrong_in_bands_is_named(measured, old, new, told):
    path = measured / "lessons" / "01-One" / "bands.toml"
    path.write_text(BANDS.replace(old, new))
    done = course("build", folder=measured)
    assert done.returncode == 2
    assert told.replace("names", "name") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_readme_that_lost_its_second_mark_is_named(measured):
    (measured / "README.md").write_text(README.replace("<!-- end of lessons -->\n", ""))
    done = course("build", folder=measured)
    assert done.returncode == 2
    assert "README.md lacks the line '<!-- end of lessons -->'" in done.stderr
