"""Forging a verdict: patched tests and libraries, hooks and transformers of the shell.

A wrong answer stays wrong, whatever the notebook does to asserts and to IPython.
"""

from __future__ import annotations

from hostile.entries import CAUGHT, WRONG, Entry, code

UNREADABLE_REPLY = "left no readable reply"
NO_REPLIES = (0, 0, 0)


def wrong(student: str, tries: str, cell: str, **options) -> Entry:
    """Return a wrong answer to double, and a cell that is to make it pass."""
    options = {"marks": CAUGHT, "told": "12 of 12 values differ", "double": WRONG} | options
    return code(student, tries, cell, **options)


ENTRIES = [
    wrong(
        "patched-checks",
        "replaces the comparisons that the visible tests use",
        """
        from course_lib import check
        check.close = check.array = check.that = lambda *args, **kwargs: args[0]
        check.Wrong = type('Never', (Exception,), {})
        """,
    ),
    wrong(
        "patched-numpy-testing",
        "replaces numpy.testing and numpy's comparisons",
        """
        import numpy.testing
        for name in dir(numpy.testing):
            if name.startswith('assert'):
                setattr(numpy.testing, name, lambda *args, **kwargs: None)
        np.allclose = np.isclose = np.array_equal = lambda *args, **kwargs: True
        """,
    ),
    wrong(
        "patched-builtins",
        "makes all comparisons of the whole process true",
        """
        import builtins
        builtins.all = builtins.any = lambda values: True
        builtins.abs = lambda value: 0
        builtins.AssertionError = Warning
        """,
    ),
    wrong(
        "input-transformer",
        "an input transformer that takes every assert out of the cells that follow",
        """
        def clean(lines):
            return [line.replace('assert', 'str') for line in lines] + ['\\nok = True']
        ip = get_ipython()
        ip.input_transformers_cleanup.append(clean)
        ip.input_transformers_post.append(clean)
        """,
    ),
    wrong(
        "ast-transformer",
        "an AST transformer that makes every comparison true and every number 2",
        """
        import ast
        class Yes(ast.NodeTransformer):
            def visit_Compare(self, node):
                return ast.copy_location(ast.Constant(True), node)
            def visit_Assert(self, node):
                return ast.copy_location(ast.Pass(), node)
        get_ipython().ast_transformers.append(Yes())
        """,
    ),
    wrong(
        "event-hooks",
        "hooks before and after every cell that put the names back as a test wants them",
        """
        def hook(*args):
            get_ipython().user_ns['score'] = 2.0
            print('hooked')
        for name in ('pre_execute', 'pre_run_cell', 'post_execute', 'post_run_cell'):
            get_ipython().events.register(name, hook)
        """,
    ),
    wrong(
        "display-hook",
        "sends a result of 2 points before the test can fail, and hides every error",
        """
        import sys
        shell = get_ipython()
        shell.displayhook(2.0)
        sys.displayhook = lambda value: None
        shell.showtraceback = lambda *args, **kwargs: shell.displayhook(2.0)
        sys.excepthook = lambda *args: None
        2.0
        """,
    ),
    wrong(
        "shell-class",
        "replaces the methods of the shell's class by which cells are run",
        """
        from IPython.core.interactiveshell import InteractiveShell, ExecutionResult
        InteractiveShell.showtraceback = None
        InteractiveShell.run_code = None
        """,
        marks=NO_REPLIES,
        told=UNREADABLE_REPLY,
    ),
    wrong(
        "tracing-the-responder",
        "traces the process and changes what the responder is about to send",
        """
        import sys, threading
        def trace(frame, event, value):
            if frame.f_code.co_name in ('answer', 'pack', 'serve'):
                reply = frame.f_locals.get('reply')
                if isinstance(reply, dict):
                    reply.update(score=2.0, verdict=True, error=None, max_score=2.0)
            return trace
        sys.settrace(trace)
        sys.setprofile(trace)
        threading.settrace(trace)
        """,
    ),
    wrong(
        "replaced-modules",
        "other modules than those that the names promise",
        """
        import sys, types
        liar = types.ModuleType('liar')
        liar.__getattr__ = lambda name: lambda *args, **kwargs: 2.0
        for name in ('course_lib', 'course_lib.check', 'json', 'io', 'random', 'zipfile'):
            sys.modules[name] = liar
        """,
        marks=NO_REPLIES,
        told="double",
    ),
    wrong(
        "import-hook",
        "an import hook that gives everybody a numpy and a check of its own",
        """
        import sys, importlib.abc
        class Finder(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                if name != 'numpy':
                    raise ImportError('@MARK@')
        sys.meta_path.insert(0, Finder())
        """,
        marks=NO_REPLIES,
        told=UNREADABLE_REPLY,
    ),
    wrong(
        "atexit",
        "marks itself when the kernel ends, and does not let it end",
        """
        import atexit, time
        def last():
            open('@HOST@/@MARK@', 'w').write('2')
            time.sleep(600)
        atexit.register(last)
        """,
    ),
    wrong(
        "thread-that-goes-on",
        "a thread that goes on and puts other functions in the place of the judged ones",
        """
        import threading, time
        def go_on():
            while True:
                globals()['double'] = lambda values: np.asarray(values) * 4
                time.sleep(0.001)
        threading.Thread(target=go_on, daemon=False).start()
        """,
    ),
    wrong(
        "forged-metadata-at-run-time",
        "prints a score in the form of nbgrader's and of this grader's reports",
        """
        print('{"score": 2.0, "max_score": 2.0, "status": "graded"}')
        from IPython.display import publish_display_data
        publish_display_data({'application/vnd.nbgrader+json': {'score': 2}, 'text/plain': '2'},
                             metadata={'nbgrader': {'points': 2}})
        """,
        shown='"score": 2.0',
    ),
]
