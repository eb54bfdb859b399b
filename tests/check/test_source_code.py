"""What code defines and needs is read from its text; none of it is executed."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_lib.check.source_code import (
    SkippedCells,
    binds,
    own_definitions,
    statements,
    without_elsewhere,
)

EXPLORING = """\
import matplotlib.pyplot as plt
look_at_test = False
def histogram(values):
    return plt.hist(values)
histogram(housing.y_train)
"""
KNOWN = SkippedCells.of([EXPLORING, "check.summary()"])


def test_what_was_handed_out_and_what_explores_is_no_definition_of_the_students():
    assert own_definitions(EXPLORING, KNOWN) == ""
    assert own_definitions(EXPLORING.replace("False", "True"), KNOWN) == ""
    assert own_definitions("print(1)\nx = train()\ny = [f(2)]\nfor z in x: pass", KNOWN) == ""


@pytest.mark.parametrize(
    "code",
    [
        "def middle(table):\n    return table.mean(axis=0)  # a comment",
        "@cache\ndef middle(table):\n    return 1",
        "class Net(keras.Model):\n    pass",
        "from scipy import stats",
        "middle = lambda table: table.mean()",
        "TINY = [1e-08, -2.5]",
        "try:\n    import scipy\nexcept ImportError:\n    scipy = None",
        'def said():\n    return """a\n%no magic\nb"""',
    ],
)
def test_a_students_own_definitions_are_found_among_what_explores(code):
    assert own_definitions(f"{EXPLORING}%matplotlib inline\n{code}\nmiddle(housing)", KNOWN) == code


def test_a_merged_cell_is_known_by_what_it_holds():
    assert KNOWN.merged_into(f"{EXPLORING}\ndef f(): pass")
    assert not KNOWN.merged_into("check.summary()\nx = 1")  # too short to tell


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import numpy as np", "np"),
        ("import tensorflow.keras", "tensorflow"),
        ("from a import b as c, d", "c"),
        ("if True:\n    try:\n        x, (y, *z) = 1\n    except E:\n        pass", "z"),
        ("for i in range(3):\n    pass", "i"),
        ("%matplotlib widget\nimport numpy as np", "np"),
        ("import numpy as np\nthis is no Python", "np"),
        ("def double(values:\n    pass", "double"),
    ],
)
def test_what_a_cell_binds(code, name):
    assert binds(code, name)


def test_what_a_cell_only_uses_or_keeps_inside_is_not_bound():
    code = "def f(np):\n    inner = 1\n    return np\nprint(np == 1, [q for q in []])"
    assert binds(code, "f")
    assert not any(binds(code, name) for name in ("np", "inner", "q"))


@pytest.mark.parametrize(
    "line",
    [
        "from google.colab import drive, files as f",
        "import google.colab",
        "from google.colab import (\n    drive,\n)",
        "%matplotlib widget",
        "%matplotlib notebook",
        "%tensorflow_version 2.x",
        "!pip install keras",
        "%pip install -q keras",
        "!apt-get install graphviz",
    ],
)
def test_a_line_that_works_only_elsewhere_costs_nothing_below_it(line):
    code, gone = without_elsewhere(f"{line}\nimport numpy as np\n", set())
    assert code.endswith("\nimport numpy as np\n")
    assert gone == [one.strip() for one in line.splitlines()]
    names: dict = {}
    exec(code, names)
    assert "np" in names
    assert without_elsewhere(code, set()) == (code, [])


def test_what_was_imported_from_colab_goes_with_the_import():
    colab: set[str] = set()
    without_elsewhere("from google.colab import drive, files", colab)
    code, gone = without_elsewhere("drive.mount('/content')\nx = files.upload()\ny = 1", colab)
    assert len(gone) == 2
    assert code.endswith("\ny = 1")
    files = "files = [1]\nprint(files)"
    assert without_elsewhere(files, colab) == (files, [])  # a name of the student's own by now


@pytest.mark.parametrize(
    "code",
    [
        "%matplotlib inline",
        "try:\n    import google.colab\nexcept ImportError:\n    pass",
        "import sys; IN_COLAB = 'google.colab' in sys.modules",
        "if colab:\n    from google.colab import drive",
        "x = 1; from google.colab import drive",
        "%%bash\n!pip install keras\npip list",
        "drive = 1\ndrive.mount",
    ],
)
def test_what_knows_what_to_do_elsewhere_stays(code):
    assert without_elsewhere(code, set()) == (code, [])


class _Slow:
    """Garbage whose collection lets other threads go on."""

    def __init__(self):
        self.me = self

    def __del__(self):
        time.sleep(0.0005)


def test_code_is_read_in_several_threads_at_once():
    source = "\n".join(f"def f{n}(a, b):\n    return [a + {n}, (b, {{'x': a}})]" for n in range(60))

    def read(depth: int) -> int:
        _Slow()
        return len(statements(source)) if depth == 0 else read(depth - 1)

    before = gc.get_threshold()
    gc.set_threshold(50, 2, 2)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(read, [number % 20 for number in range(60)])) == {60}
    finally:
        gc.set_threshold(*before)
