"""Answers that lie: values and models that say of themselves what is not so, and pickles."""

from __future__ import annotations

from hostile.entries import CAUGHT, RIGHT, Entry, code


def answer(student: str, tries: str, source: str, told: str = "", marks=CAUGHT, **more) -> Entry:
    """Return an answer to double that lies."""
    return code(student, tries, double=source, told=told, marks=marks, **more)


OBJECTS = [
    answer(
        "equals-everything",
        "returns an object that is equal to everything",
        """
        class Yes:
            __eq__ = __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: True
            __sub__ = __rsub__ = __abs__ = lambda self, *other: self
            shape = (4, 3)
        def double(values):
            return Yes()
        """,
        "cannot be read: it holds a value of the type Yes",
        (0, 1, 0),
    ),
    answer(
        "int-subclass",
        "returns whole numbers of a class of their own that equal every number",
        """
        class Any(int):
            __eq__ = lambda self, other: True
            __hash__ = int.__hash__
            __sub__ = __rsub__ = lambda self, other: 0
        def double(values):
            return [[Any(7)] * 3] * 4
        """,
        "12 of 12 values differ",
    ),
    answer(
        "ndarray-subclass",
        "returns an array of a class of its own that equals every array",
        """
        class Any(np.ndarray):
            def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                return np.ones(self.shape, bool)
            __eq__ = lambda self, other: np.ones(self.shape, bool)
            __array_priority__ = 1000
        def double(values):
            return (3 * np.asarray(values)).view(Any)
        """,
        "12 of 12 values differ",
    ),
    answer(
        "object-array",
        "returns an array of objects that equal everything",
        """
        class Yes:
            __eq__ = lambda self, other: True
        def double(values):
            array = np.empty((4, 3), object)
            array[:] = Yes()
            return array
        """,
        "cannot be read",
        (0, 1, 0),
    ),
    answer(
        "lying-conversion",
        "returns an object that is another array each time it is converted",
        """
        class Liar:
            count = 0
            def __array__(self, dtype=None, copy=None):
                Liar.count += 1
                return np.full((4, 3), float(Liar.count))
        def double(values):
            return Liar()
        """,
        "12 of 12 values differ",
    ),
    answer(
        "not-a-number",
        "returns NaN, which stock nbgrader counts as full points",
        """
        def double(values):
            return np.full((4, 3), np.nan)
        """,
        "double(values)",
    ),
    answer(
        "masked-array",
        "returns an array whose wrong values are masked",
        """
        def double(values):
            return np.ma.masked_array(3 * values, np.ones((4, 3)))
        """,
        "12 of 12 values differ",
    ),
    answer(
        "pickles",
        "returns pickled bytes that run a program where they are read",
        """
        import os, pickle
        class Run:
            def __reduce__(self):
                return os.system, ('touch @HOST@/@MARK@',)
        def double(values):
            return pickle.dumps(Run())
        """,
        "cannot be read: it holds a value of the type bytes",
        (0, 1, 0),
    ),
    answer(
        "reduce-object",
        "returns an object that runs a program where it is copied or unpickled",
        """
        import os
        class Run:
            def __reduce__(self):
                return os.system, ('touch @HOST@/@MARK@',)
            __reduce_ex__ = __deepcopy__ = __copy__ = lambda self, *args: self.__reduce__()
        def double(values):
            return {'value': Run()}
        """,
        "cannot be read",
        (0, 1, 0),
    ),
    answer(
        "unpickled-answer",
        "an answer that is unpickled from a text, and right: it may be",
        """
        import pickle
        TEXT = pickle.dumps((2.0, 'times'))
        def double(values):
            return pickle.loads(TEXT)[0] * np.asarray(values)
        """,
        marks=RIGHT,
    ),
    answer(
        "forged-tree",
        "returns what looks like the grader's own way to write arrays down",
        """
        def double(values):
            return {'array': 'tree', 'dict': {'array': '../../request'}, 'made': 'generator'}
        """,
        "double(values)",
        (0, 1, 0),
    ),
    answer(
        "endless-list",
        "returns a list that never ends",
        """
        class Endless(list):
            def __iter__(self):
                while True:
                    yield 0
        def double(values):
            return Endless()
        """,
        "too deep or too long",
        (0, 1, 0),
    ),
    answer(
        "deepest-list",
        "returns a list that holds itself",
        """
        def double(values):
            a = []
            a.append(a)
            return a
        """,
        "too deep or too long",
        (0, 1, 0),
    ),
    answer(
        "error-that-raises",
        "raises an exception whose text raises",
        """
        class Bad(Exception):
            def __str__(self):
                raise Bad
        def double(values):
            raise Bad
        """,
        "double failed: Bad",
        (0, 1, 0),
    ),
    answer(
        "callable-object",
        "an answer that is an object which pretends to be everything",
        """
        class Everything:
            def __getattr__(self, name):
                return self
            def __call__(self, *args, **kwargs):
                return self
        double = Everything()
        """,
        "cannot be read",
        (0, 1, 0),
    ),
]

KERAS = "import keras\n"

MODELS = [
    code(
        "lambda-layer",
        "a model whose Lambda layer runs a program and returns what was expected last time",
        affine=KERAS + "import os\n"
        "def affine(kernel, bias):\n"
        "    def inner(x):\n"
        "        os.system('touch @HOST@/@MARK@')\n"
        "        return keras.ops.matmul(x, kernel) + bias\n"
        "    return keras.Sequential([keras.Input((3,)), keras.layers.Lambda(inner)])",
        marks=(2, 1, 1),
        told="set_weights",
    ),
    code(
        "lying-model",
        "an object that only looks like a model, with methods that return zeros",
        affine="""
        class Model:
            def __call__(self, inputs, training=False):
                return np.zeros((len(inputs), 2))
            predict = get_weights = __call__
            def set_weights(self, weights):
                pass
        def affine(kernel, bias):
            return Model()
        """,
        told="8 of 8 values differ",
    ),
    code(
        "patched-evaluate",
        "replaces keras.Model's evaluate, predict and fit by ones that are content",
        KERAS + "keras.Model.evaluate = lambda *args, **kwargs: [0.0, 1.0]\n"
        "keras.Model.predict = lambda self, x, **kwargs: np.zeros((len(x), 2))\n"
        "keras.Model.fit = keras.Model.__call__ = lambda self, *args, **kwargs: np.ones((4, 2))",
        affine=KERAS + "def affine(kernel, bias):\n"
        "    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])",
        told="8 of 8 values differ",
    ),
    code(
        "model-that-breaks-out",
        "a layer whose config and weights are objects that raise and recurse",
        affine=KERAS + "class Odd(keras.layers.Layer):\n"
        "    def get_config(self):\n        return {'self': self.get_config()}\n"
        "    def call(self, x):\n        raise SystemExit('away')\n"
        "    weights = property(lambda self: 1 / 0)\n"
        "def affine(kernel, bias):\n"
        "    return Odd()",
        told="affine",
    ),
]

ENTRIES = [*OBJECTS, *MODELS]
