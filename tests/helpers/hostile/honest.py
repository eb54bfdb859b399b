"""Honest submissions, handed in between the hostile ones; some of them with odd habits."""

from __future__ import annotations

from courses import answered

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
        """
        import warnings
        open('notes.txt', 'w').write('2')
        warnings.warn('careful')
        """,
        double="""
        def double(values):
            return float(open('notes.txt').read()) * np.asarray(values)
        """,
    ),
    code(
        "ida",
        "prints, plots and times",
        """
        %time print('x' * 1000)
        import matplotlib.pyplot as plt
        plt.plot([1, 2]);
        """,
        affine=RIGHT_MODEL,
        marks=ALL_RIGHT,
        shown="xxx",
    ),
    code(
        "kim",
        "starts another program",
        """
        import subprocess
        found = subprocess.run(['echo', '2'], capture_output=True, text=True)
        """,
        double="""
        def double(values):
            return int(found.stdout) * np.asarray(values)
        """,
    ),
    code("mia", "a cell that fails and matters to nothing", "1 / 0", shown="ZeroDivisionError"),
    code(
        "oda",
        "computes in threads",
        "from concurrent.futures import ThreadPoolExecutor",
        double=(
            """
            def double(values):
                with ThreadPoolExecutor(4) as pool:
                    return list(pool.map(lambda row: 2 * row, values))
            """
        ),
    ),
    code(
        "tom",
        "a model that is subclassed",
        affine=(
            """
            import keras
            class Affine(keras.Model):
                def __init__(self):
                    super().__init__()
                    self.dense = keras.layers.Dense(2)
                def call(self, inputs):
                    return self.dense(inputs)
            def affine(kernel, bias):
                model = Affine()
                model(np.zeros((1, 3)))
                model.set_weights([kernel, bias])
                return model
            """
        ),
        marks=ALL_RIGHT,
    ),
    code("zoe", "all right but the model", marks=RIGHT),
]
