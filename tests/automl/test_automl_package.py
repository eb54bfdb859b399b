"""course_lib.automl costs nothing to import, and says how to install what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from course_lib import automl

HEAVY = ("tensorflow", "keras", "autokeras", "keras_tuner", "numpy", "matplotlib")


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_importing_it_loads_nothing_heavy():
    look = f"print([module for module in {HEAVY} if module in sys.modules])"
    assert python(f"import sys; from course_lib import automl; {look}") == "[]"


def test_every_name_is_there():
    for name in automl.__all__:
        assert getattr(automl, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="serch"):
        _ = automl.serch


@pytest.mark.parametrize("name", ["autokeras", "search", "TableBlock", "tune_in_processes"])
def test_without_the_extra_the_line_to_install_is_named(name):
    call = {
        "autokeras": "automl.autokeras()",
        "search": "automl.search(None, [], [], validation_data=([], []), epochs=1, seconds=1,"
        " title='', seed=0)",
        "TableBlock": "automl.TableBlock",
        "tune_in_processes": "automl.tune_in_processes('', '.')",
    }[name]
    code = (
        "import sys\n"
        "for name in ('autokeras', 'keras_tuner', 'tensorboard'): sys.modules[name] = None\n"
        "from course_lib import automl, errors\n"
        f"try:\n    {call}\n"
        "except errors.CourseError as error: print(error)"
    )
    assert 'pip install "course-lib[automl]"' in python(code)
