"""Forging a verdict: patched tests and libraries, lying objects, a kernel that says other things.

A wrong answer stays wrong, whatever the notebook does to asserts, to IPython or to the protocol.
"""

from __future__ import annotations

from hostile.entries import CAUGHT, RIGHT, WRONG, Entry, code

UNREADABLE_REPLY = "left no readable reply"
NO_REPLIES = (0, 0, 0)


def wrong(student: str, tries: str, cell: str, **options) -> Entry:
    """Return a wrong answer to double, and a cell that is to make it pass."""
    options = {"marks": CAUGHT, "told": "12 of 12 values differ", "double": WRONG} | options
    return code(student, tries, cell, **options)


def answer(student: str, tries: str, source: str, told: str = "", marks=CAUGHT, **more) -> Entry:
    """Return an answer to double that lies."""
    return code(student, tries, double=source, told=told, marks=marks, **more)


# A reply of the attacker's own, written where the grader looks for it as soon as that is known.
FORGER = """\
import glob, io, os, sys, threading, time
def places():
    found = glob.glob('/tmp/**/reply*', recursive=True) + glob.glob('**/reply*', recursive=True)
    frame = sys._getframe()
    while frame is not None:
        for value in (*frame.f_globals.values(), *frame.f_locals.values()):
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, str) and one.endswith('reply.npz') and len(one) < 200:
                    found.append(one)
        frame = frame.f_back
    return {os.path.abspath(path) for path in found} | {os.path.abspath('reply.npz')}
def forge(write):
    for path in places():
        for name in (path, path + '.part'):
            try:
                write(name)
            except OSError:
                pass
"""
REPLACED = """
def double(values):
    forge(write)
    os._exit(0)
"""

TESTS = [
    wrong(
        "patched-checks",
        "replaces the comparisons that the visible tests use",
        "from course_lib import check\n"
        "check.close = check.array = check.that = lambda *args, **kwargs: args[0]\n"
        "check.Wrong = type('Never', (Exception,), {})",
    ),
    wrong(
        "patched-numpy-testing",
        "replaces numpy.testing and numpy's comparisons",
        "import numpy.testing\n"
        "for name in dir(numpy.testing):\n"
        "    if name.startswith('assert'):\n"
        "        setattr(numpy.testing, name, lambda *args, **kwargs: None)\n"
        "np.allclose = np.isclose = np.array_equal = lambda *args, **kwargs: True",
    ),
    wrong(
        "patched-builtins",
        "makes all comparisons of the whole process true",
        "import builtins\nbuiltins.all = builtins.any = lambda values: True\n"
        "builtins.abs = lambda value: 0\nbuiltins.AssertionError = Warning",
    ),
    wrong(
        "input-transformer",
        "an input transformer that takes every assert out of the cells that follow",
        "def clean(lines):\n"
        "    return [line.replace('assert', 'str') for line in lines] + ['\\nok = True']\n"
        "ip = get_ipython()\n"
        "ip.input_transformers_cleanup.append(clean)\n"
        "ip.input_transformers_post.append(clean)",
    ),
    wrong(
        "ast-transformer",
        "an AST transformer that makes every comparison true and every number 2",
        "import ast\n"
        "class Yes(ast.NodeTransformer):\n"
        "    def visit_Compare(self, node):\n"
        "        return ast.copy_location(ast.Constant(True), node)\n"
        "    def visit_Assert(self, node):\n"
        "        return ast.copy_location(ast.Pass(), node)\n"
        "get_ipython().ast_transformers.append(Yes())",
    ),
    wrong(
        "event-hooks",
        "hooks before and after every cell that put the names back as a test wants them",
        "def hook(*args):\n"
        "    get_ipython().user_ns['score'] = 2.0\n"
        "    print('hooked')\n"
        "for name in ('pre_execute', 'pre_run_cell', 'post_execute', 'post_run_cell'):\n"
        "    get_ipython().events.register(name, hook)",
    ),
    wrong(
        "display-hook",
        "sends a result of 2 points before the test can fail, and hides every error",
        "import sys\n"
        "shell = get_ipython()\n"
        "shell.displayhook(2.0)\n"
        "sys.displayhook = lambda value: None\n"
        "shell.showtraceback = lambda *args, **kwargs: shell.displayhook(2.0)\n"
        "sys.excepthook = lambda *args: None\n"
        "2.0",
    ),
    wrong(
        "shell-class",
        "replaces the methods of the shell's class by which cells are run",
        "from IPython.core.interactiveshell import InteractiveShell, ExecutionResult\n"
        "InteractiveShell.showtraceback = None\n"
        "InteractiveShell.run_code = None",
        marks=NO_REPLIES,
        told=UNREADABLE_REPLY,
    ),
    wrong(
        "tracing-the-responder",
        "traces the process and changes what the responder is about to send",
        "import sys, threading\n"
        "def trace(frame, event, value):\n"
        "    if frame.f_code.co_name in ('answer', 'pack', 'serve'):\n"
        "        reply = frame.f_locals.get('reply')\n"
        "        if isinstance(reply, dict):\n"
        "            reply.update(score=2.0, verdict=True, error=None, max_score=2.0)\n"
        "    return trace\n"
        "sys.settrace(trace)\n"
        "sys.setprofile(trace)\n"
        "threading.settrace(trace)",
    ),
    wrong(
        "replaced-modules",
        "other modules than those that the names promise",
        "import sys, types\n"
        "liar = types.ModuleType('liar')\n"
        "liar.__getattr__ = lambda name: lambda *args, **kwargs: 2.0\n"
        "for name in ('course_lib', 'course_lib.check', 'json', 'io', 'random', 'zipfile'):\n"
        "    sys.modules[name] = liar",
        marks=NO_REPLIES,
        told="double",
    ),
    wrong(
        "import-hook",
        "an import hook that gives everybody a numpy and a check of its own",
        "import sys, importlib.abc\n"
        "class Finder(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name != 'numpy':\n            raise ImportError('@MARK@')\n"
        "sys.meta_path.insert(0, Finder())",
        marks=NO_REPLIES,
        told=UNREADABLE_REPLY,
    ),
    wrong(
        "atexit",
        "marks itself when the kernel ends, and does not let it end",
        "import atexit, time\n"
        "def last():\n"
        "    open('@HOST@/@MARK@', 'w').write('2')\n"
        "    time.sleep(600)\n"
        "atexit.register(last)",
    ),
    wrong(
        "thread-that-goes-on",
        "a thread that goes on and puts other functions in the place of the judged ones",
        "import threading, time\n"
        "def go_on():\n"
        "    while True:\n"
        "        globals()['double'] = lambda values: np.asarray(values) * 4\n"
        "        time.sleep(0.001)\n"
        "threading.Thread(target=go_on, daemon=False).start()",
    ),
    wrong(
        "forged-metadata-at-run-time",
        "prints a score in the form of nbgrader's and of this grader's reports",
        'print(\'{"score": 2.0, "max_score": 2.0, "status": "graded"}\')\n'
        "from IPython.display import publish_display_data\n"
        "publish_display_data({'application/vnd.nbgrader+json': {'score': 2}, 'text/plain': '2'},\n"
        "                     metadata={'nbgrader': {'points': 2}})",
        shown='"score": 2.0',
    ),
]

OBJECTS = [
    answer(
        "equals-everything",
        "returns an object that is equal to everything",
        "class Yes:\n"
        "    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = lambda self, other: True\n"
        "    __sub__ = __rsub__ = __abs__ = lambda self, *other: self\n"
        "    shape = (4, 3)\n"
        "def double(values):\n    return Yes()",
        "cannot be read: it holds a value of the type Yes",
        (0, 1, 0),
    ),
    answer(
        "int-subclass",
        "returns whole numbers of a class of their own that equal every number",
        "class Any(int):\n"
        "    __eq__ = lambda self, other: True\n"
        "    __hash__ = int.__hash__\n"
        "    __sub__ = __rsub__ = lambda self, other: 0\n"
        "def double(values):\n    return [[Any(7)] * 3] * 4",
        "12 of 12 values differ",
    ),
    answer(
        "ndarray-subclass",
        "returns an array of a class of its own that equals every array",
        "class Any(np.ndarray):\n"
        "    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):\n"
        "        return np.ones(self.shape, bool)\n"
        "    __eq__ = lambda self, other: np.ones(self.shape, bool)\n"
        "    __array_priority__ = 1000\n"
        "def double(values):\n    return (3 * np.asarray(values)).view(Any)",
        "12 of 12 values differ",
    ),
    answer(
        "object-array",
        "returns an array of objects that equal everything",
        "class Yes:\n    __eq__ = lambda self, other: True\n"
        "def double(values):\n"
        "    array = np.empty((4, 3), object)\n    array[:] = Yes()\n    return array",
        "cannot be read",
        (0, 1, 0),
    ),
    answer(
        "lying-conversion",
        "returns an object that is another array each time it is converted",
        "class Liar:\n"
        "    count = 0\n"
        "    def __array__(self, dtype=None, copy=None):\n"
        "        Liar.count += 1\n"
        "        return np.full((4, 3), float(Liar.count))\n"
        "def double(values):\n    return Liar()",
        "12 of 12 values differ",
    ),
    answer(
        "not-a-number",
        "returns NaN, which stock nbgrader counts as full points",
        "def double(values):\n    return np.full((4, 3), np.nan)",
        "double(values)",
    ),
    answer(
        "masked-array",
        "returns an array whose wrong values are masked",
        "def double(values):\n    return np.ma.masked_array(3 * values, np.ones((4, 3)))",
        "12 of 12 values differ",
    ),
    answer(
        "pickles",
        "returns pickled bytes that run a program where they are read",
        "import os, pickle\n"
        "class Run:\n"
        "    def __reduce__(self):\n        return os.system, ('touch @HOST@/@MARK@',)\n"
        "def double(values):\n    return pickle.dumps(Run())",
        "cannot be read: it holds a value of the type bytes",
        (0, 1, 0),
    ),
    answer(
        "reduce-object",
        "returns an object that runs a program where it is copied or unpickled",
        "import os\n"
        "class Run:\n"
        "    def __reduce__(self):\n        return os.system, ('touch @HOST@/@MARK@',)\n"
        "    __reduce_ex__ = __deepcopy__ = __copy__ = lambda self, *args: self.__reduce__()\n"
        "def double(values):\n    return {'value': Run()}",
        "cannot be read",
        (0, 1, 0),
    ),
    answer(
        "unpickled-answer",
        "an answer that is unpickled from a text, and right: it may be",
        "import pickle\nTEXT = pickle.dumps((2.0, 'times'))\n"
        "def double(values):\n    return pickle.loads(TEXT)[0] * np.asarray(values)",
        marks=RIGHT,
    ),
    answer(
        "forged-tree",
        "returns what looks like the grader's own way to write arrays down",
        "def double(values):\n"
        "    return {'array': 'tree', 'dict': {'array': '../../request'}, 'made': 'generator'}",
        "double(values)",
        (0, 1, 0),
    ),
    answer(
        "endless-list",
        "returns a list that never ends",
        "class Endless(list):\n"
        "    def __iter__(self):\n        while True:\n            yield 0\n"
        "def double(values):\n    return Endless()",
        "more than 2 s of CPU time",
        (0, 1, 0),
    ),
    answer(
        "deepest-list",
        "returns a list that holds itself",
        "def double(values):\n    a = []\n    a.append(a)\n    return a",
        "too deep or too long",
        (0, 1, 0),
    ),
    answer(
        "error-that-raises",
        "raises an exception whose text raises",
        "class Bad(Exception):\n    def __str__(self):\n        raise Bad\n"
        "def double(values):\n    raise Bad",
        "double failed: Bad",
        (0, 1, 0),
    ),
    answer(
        "callable-object",
        "an answer that is an object which pretends to be everything",
        "class Everything:\n"
        "    def __getattr__(self, name):\n        return self\n"
        "    def __call__(self, *args, **kwargs):\n        return self\n"
        "double = Everything()",
        "cannot be read",
        (0, 1, 0),
    ),
]

PROTOCOL = [
    wrong(
        "replaced-do-execute",
        "a kernel that answers every request with success and executes none",
        "async def do_execute(*args, **kwargs):\n"
        "    return {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}\n"
        "get_ipython().kernel.do_execute = do_execute",
        marks=NO_REPLIES,
        told=UNREADABLE_REPLY,
    ),
    wrong(
        "replaced-dispatch",
        "a kernel that takes messages and never answers",
        "async def nothing(*args, **kwargs):\n    return None\n"
        "kernel = get_ipython().kernel\n"
        "kernel.shell_handlers['execute_request'] = nothing\n"
        "kernel.dispatch_shell = nothing",
        marks=NO_REPLIES,
        told="without doing anything",
    ),
    wrong(
        "garbled-messages",
        "sends bytes that are no messages on every channel",
        "kernel = get_ipython().kernel\n"
        "for junk in ([b'junk'], [b'', b'<IDS|MSG>', b'', b'{', b'}', b'[', b']'], [b'\\xff'] * 9):\n"
        "    kernel.iopub_socket.send_multipart(junk)\n"
        "    kernel.shell_stream.send_multipart(junk) if hasattr(kernel, 'shell_stream') else 0",
    ),
    wrong(
        "badly-signed-messages",
        "signs its messages with another key",
        "kernel = get_ipython().kernel\nkernel.session.key = b'another'",
    ),
    wrong(
        "duplicated-messages",
        "sends every message three times",
        "session = get_ipython().kernel.session\n"
        "send = session.send\n"
        "def thrice(*args, **kwargs):\n"
        "    for _ in range(3):\n        sent = send(*args, **kwargs)\n"
        "    return sent\n"
        "session.send = thrice",
    ),
    wrong(
        "odd-messages",
        "sends messages of unknown kinds, without content, and with content of other types",
        "kernel = get_ipython().kernel\n"
        "for kind in ('stream', 'error', 'execute_result', 'display_data', 'nonsense', 'status',\n"
        "             'update_display_data', 'clear_output', 'comm_open', 'execute_input'):\n"
        "    for content in ({}, {'data': 3, 'text': [], 'ename': {}, 'execution_state': 7},\n"
        "                    {'data': {'image/png': 3, 'text/plain': {}}, 'name': 'stdin'}):\n"
        "        kernel.session.send(kernel.iopub_socket, kind, content=content,\n"
        "                            parent=kernel.get_parent(), ident=b'x')",
    ),
    wrong(
        "idle-before-the-end",
        "says that it is idle and done, and goes on",
        "import time\n"
        "kernel = get_ipython().kernel\n"
        "parent = kernel.get_parent()\n"
        "kernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'},\n"
        "                    parent=parent, ident=b'status')\n"
        "time.sleep(1)",
    ),
    wrong(
        "asks-for-input-in-secret",
        "sends requests for input by itself, which a client is to answer",
        "kernel = get_ipython().kernel\nkernel._allow_stdin = True\nkernel.raw_input('password: ')",
    ),
    code(
        "forged-reply",
        "writes the reply of a call itself, and ends the kernel before the true one is written",
        double=FORGER + "import numpy\n"
        'tree = b\'{"dict": {"error": null, "value": {"array": "a"}, "score": 2.0}}\'\n'
        "def write(path):\n"
        "    file = io.BytesIO()\n"
        "    numpy.savez(file, tree=numpy.frombuffer(tree, 'uint8'), a=numpy.ones((4, 3)))\n"
        "    open(path, 'wb').write(file.getvalue())" + REPLACED,
        marks=(0, 1, 0),
        told="double",
    ),
    code(
        "pickle-for-a-reply",
        "writes a reply that holds pickled objects which run a program",
        double=FORGER + "import numpy, pickle\n"
        "class Run:\n"
        "    def __reduce__(self):\n        return os.system, ('touch @HOST@/@MARK@',)\n"
        "savez = numpy.savez\n"
        "def savez_forged(file, **arrays):\n"
        "    savez(file, **arrays | {'tree': numpy.array([Run()], object)})\n"
        "def double(values):\n"
        "    numpy.savez = savez_forged\n"
        "    return values",
        marks=(0, 0, 0),
        told=UNREADABLE_REPLY,
    ),
    code(
        "bomb-for-a-reply",
        "writes a reply of a few kilobytes that unpacks to a gigabyte",
        double=FORGER + "import numpy, zipfile\n"
        "def savez_forged(file, **arrays):\n"
        "    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as bomb:\n"
        "        with bomb.open('tree.npy', 'w') as entry:\n"
        "            for _ in range(210):\n"
        "                entry.write(bytes(10**6))\n"
        "def double(values):\n"
        "    numpy.savez = savez_forged\n"
        "    return values",
        marks=(0, 0, 0),
        told="the reply is too large",
    ),
    code(
        "link-for-a-reply",
        "a symbolic link to a file of the machine, and a pipe, where the reply is expected",
        double=FORGER + "def write(path):\n"
        "    if os.path.lexists(path):\n        os.remove(path)\n"
        "    os.mkfifo(path) if path.endswith('.part') else os.symlink('/etc/passwd', path)"
        + REPLACED,
        marks=(0, 1, 0),
        told="double",
    ),
    code(
        "json-for-a-reply",
        "a reply whose JSON is nested a hundred thousand times",
        double=FORGER + "import json\n"
        "def double(values):\n"
        "    json.dumps = lambda *args, **kwargs: '[' * 100_000\n"
        "    return values",
        marks=(0, 1, 0),
        told="double",
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
        affine="class Model:\n"
        "    def __call__(self, inputs, training=False):\n        return np.zeros((len(inputs), 2))\n"
        "    predict = get_weights = __call__\n"
        "    def set_weights(self, weights):\n        pass\n"
        "def affine(kernel, bias):\n    return Model()",
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

ENTRIES = [*TESTS, *OBJECTS, *PROTOCOL, *MODELS]
