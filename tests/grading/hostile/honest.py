"""Honest submissions, handed in between the hostile ones; some of them with odd habits."""

from __future__ import annotations

from small_class import answered

from hostile.assignment import RIGHT_MODEL
from hostile.entries import CAUGHT, RIGHT, WRONG, Entry, code

ALL_RIGHT = (2, 1, 2)

HONEST = [
    code(
        "ada",
        "all right, with a secret of its own",
        "# @PEER@",
        affine=RIGHT_MODEL,
        marks=ALL_RIGHT,
    ),
    code("ben", "a plain mistake", double=WRONG, marks=CAUGHT, told="12 of 12 values differ"),
    Entry(
        "cyd", "nothing answered", answered, (0, 0, 0), "double was not answered", status="graded"
    ),
    code(
        "fay",
        "keeps a file in its own folder, and warns on stderr",
        "import warnings\nopen('notes.txt', 'w').write('2')\nwarnings.warn('careful')",
        double="def double(values):\n    return float(open('notes.txt').read()) * np.asarray(values)",
    ),
    code(
        "ida",
        "prints, plots and times",
        "%time print('x' * 1000)\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        affine=RIGHT_MODEL,
        marks=ALL_RIGHT,
        shown="xxx",
    ),
    code(
        "kim",
        "starts another program",
        "import subprocess\nfound = subprocess.run(['echo', '2'], capture_output=True, text=True)",
        double="def double(values):\n    return int(found.stdout) * np.asarray(values)",
    ),
    code("mia", "a cell that fails and matters to nothing", "1 / 0", shown="ZeroDivisionError"),
    code(
        "oda",
        "computes in threads",
        "from concurrent.futures import ThreadPoolExecutor",
        double=(
            "def double(values):\n"
            "    with ThreadPoolExecutor(4) as pool:\n"
            "        return list(pool.map(lambda row: 2 * row, values))"
        ),
    ),
    code(
        "tom",
        "a model that is subclassed",
        affine=(
            "import keras\n"
            "class Affine(keras.Model):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.dense = keras.layers.Dense(2)\n"
            "    def call(self, inputs):\n"
            "        return self.dense(inputs)\n"
            "def affine(kernel, bias):\n"
            "    model = Affine()\n"
            "    model(np.zeros((1, 3)))\n"
            "    model.set_weights([kernel, bias])\n"
            "    return model"
        ),
        marks=ALL_RIGHT,
    ),
    code("zoe", "all right but the model", marks=RIGHT),
]
