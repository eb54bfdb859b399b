"""Signs in a submission's code that it may be after more than an answer.

They are found by reading, before anybody runs anything, and prove nothing: an honest student may
have a reason, and one who hides well leaves no sign. The sandbox and the judging outside of the
student's process are what protects the marks; the signs say which submissions a person should read.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from course_staff.grading.reports.own_code import (
    MOST_CODE,
    OwnCode,
    Syntax,
    bound_names,
    imports,
    name_parts,
    syntax_of,
)

_LONGEST_LINE = 160  # characters shown

# What it may be after, and full names that say so. "a*" is a and all that is in it, "a.b*" also
# whatever starts so.
_BY_FULL_NAME = {
    "works on the notebook's machinery": """
        get_ipython IPython.core* IPython.get_ipython IPython.terminal* ipykernel* traitlets*
        jupyter_client* jupyter_core* zmq* comm* nbformat* nbgrader* In _ih Out _oh
        sys.displayhook sys.excepthook builtins*""",
    "looks into who calls it": """
        sys._getframe sys._current_frames inspect.currentframe inspect.stack inspect.trace
        inspect.getouterframes inspect.getframeinfo inspect.getsource* gc.* traceback.walk_stack
        sys.settrace sys.setprofile sys._getframemodulename threading.settrace tracemalloc*""",
    "starts or steers processes": """
        os.fork* os.system os.popen os.exec* os.spawn* os.posix_spawn* os.kill* os.setsid
        os.setpgid os.nice os.setpriority subprocess* multiprocessing* pty* signal* ctypes* cffi*
        resource* os._exit os.abort sys.exit exit quit faulthandler* psutil*
        asyncio.create_subprocess*""",
    "uses the network": """
        socket* ssl* urllib* requests* http* ftplib* smtplib* telnetlib* xmlrpc* aiohttp*
        asyncio.open_connection asyncio.start_server""",
    "looks around in files": """
        os.walk os.listdir os.scandir os.environ* os.getenv* os.chdir os.symlink os.link os.mkfifo
        os.mknod os.chroot os.getppid os.readlink glob* shutil* pathlib.Path.home
        pathlib.Path.cwd os.path.expanduser mmap* sqlite3* sqlalchemy* zipfile* tarfile*""",
    "runs text or stored objects": """
        exec eval compile __import__ importlib* runpy* pickle* cloudpickle* dill* marshal* joblib*
        shelve* codeop* types.CodeType types.FunctionType base64* zlib* codecs*
        keras.config.enable_unsafe_deserialization""",
    "reaches for the grader": "course_staff.grading* course_staff.authoring* course_staff.running*",
    "may go on after its answer": """
        atexit* threading* concurrent.futures* _thread* weakref.finalize asyncio.create_task
        asyncio.ensure_future asyncio.get_event_loop sched*""",
    "changes what others use": """
        unittest.mock* importlib.reload sys.modules* sys.path sys.meta_path sys.path_hooks site
        sys.stdout sys.stderr""",
}
# Names that say so wherever they stand, also as the text that getattr is given.
_BY_LAST_NAME = {
    "works on the notebook's machinery": """
        ast_transformers input_transformers input_transformers_cleanup input_transformers_post
        user_ns user_global_ns run_cell run_cell_async do_execute shell_handlers execute_reply
        set_custom_exc displayhook history_manager showtraceback _showtraceback""",
    "looks into who calls it": """
        f_back f_globals f_locals f_code f_builtins tb_frame tb_next gi_frame cr_frame __closure__
        __globals__ __code__ __subclasses__ __mro__ __bases__ _getframe currentframe""",
    "runs text or stored objects": "__reduce__ __reduce_ex__ __setstate__ __loader__",
    "may go on after its answer": "__del__ call_later call_soon run_in_executor",
    "makes its own comparisons": """
        __eq__ __ne__ __le__ __lt__ __ge__ __gt__ __array_ufunc__ __array_function__ __array__
        __array_priority__ __instancecheck__ __subclasscheck__ __bool__ __float__ __index__""",
    "starts or steers processes": "_exit fork forkpty setrlimit",
    "changes what others use": "__builtins__",
}
_PLACES = re.compile(
    r"/proc\b|/sys/|/etc/|/dev/|/root\b|/home/|gradebook|nbgrader|\.checks\b|\.\./\.\."
    r"|(?:^|/)(?:solutions?|submitted|autograded|attempts|feedback|release|course_lib)/"
    r"|sitecustomize|usercustomize|\.pth$|\.ipynb$|\.bashrc|LD_PRELOAD|PYTHONPATH"
)
# Bases of a class whose instances may pass for the answer that is compared.
_PLAIN_TYPES = {"int", "float", "complex", "str", "bool", "list", "tuple", "dict", "set"} | {
    "numpy.ndarray", "numpy.float64", "numpy.float32", "numpy.generic"
}  # fmt: skip
# Built-in names that a beginner overwrites unawares ("sum", "list") are no sign.
_GUARDED = {name for name in vars(builtins) if name.endswith("Error") or name.startswith("_")} | {
    "isinstance", "issubclass", "type", "getattr", "setattr", "hasattr", "vars", "globals",
    "exit", "quit", "open", "print", "repr", "float", "bool", "abs", "all", "any",
}  # fmt: skip
_SETTINGS = re.compile(r"\b(rcParams|options|set_\w+|seed)\b")  # of libraries, meant to be changed
_MAGIC = re.compile(
    r"\s*(?:!|%%(?!time)|%(?:sx|system|reset|run|load|cd|env|set_env|autoawait|macro|rerun|recall)\b)"
)


@dataclass(frozen=True)
class Sign:
    """Something in a submission's code that a person should look at.

    Attributes
    ----------
    kind : str
        What it may be after, such as "uses the network".
    place : str
        The question whose answer it stands in, or the cell.
    line : int
        In that cell, from 1; 0 where it is no line.
    text : str
        The line.
    """

    kind: str
    place: str
    line: int
    text: str


def signs_in(code: OwnCode, given: Mapping[str, str] | None = None) -> list[Sign]:
    """Return the signs in what a student wrote, in its order, each line once for every kind.

    Parameters
    ----------
    code : OwnCode
    given : mapping of str to str, optional
        What the names that the handout imports stand for, as `imports` returns them.
    """
    read = [syntax for cell in code.cells if (syntax := syntax_of(cell.source))]
    names = _Names({**(given or {}), **imports(read)}, bound_names(read))
    found: dict[tuple[str, str, int], Sign] = {}
    for cell in code.cells:
        lines, syntax = cell.source.splitlines(), syntax_of(cell.source)
        listed = _in_words(lines) if syntax is None else _in_syntax(syntax, names)
        for kind, line in (*_in_magics(lines), *listed):
            text = lines[line - 1].strip()[:_LONGEST_LINE] if 0 < line <= len(lines) else ""
            found.setdefault((kind, cell.place, line), Sign(kind, cell.place, line, text))
    signs = list(found.values())
    if code.cut:
        told = f"Only the first {MOST_CODE:,} characters of code were looked at."
        signs.append(Sign("is far too long", "the notebook", 0, told))
    return signs


@dataclass(frozen=True)
class _Names:
    """What names stand for in a submission."""

    imported: Mapping[str, str]
    own: set[str]  # bound by the student's code

    def full(self, node: ast.AST) -> str | None:
        """Return the full name of what was imported or is built in; None for what is one's own."""
        parts = name_parts(node)
        if parts is None:
            return None
        if parts[0] in self.imported:
            return ".".join([self.imported[parts[0]], *parts[1:]])
        return None if parts[0] in self.own else ".".join(parts)


def _in_syntax(syntax: Syntax, names: _Names) -> Iterator[tuple[str, int]]:
    """Yield the kind and the line of every sign in a cell that is Python."""
    unused = {id(node.value) for node in syntax.nodes if isinstance(node, ast.Expr)}
    for node in syntax.nodes:
        if isinstance(node, ast.Constant) and id(node) in unused:
            continue  # documentation
        for kind in _kinds_of(node, names):
            yield kind, getattr(node, "lineno", 0)
    for node in syntax.tree.body:
        if _GUARDED.intersection(_rebound(node)):
            yield "changes what others use", node.lineno


def _kinds_of(node: ast.AST, names: _Names) -> Iterator[str]:
    match node:
        case ast.Import(names=listed):
            for one in listed:
                yield from _of_full_name(one.name)
        case ast.ImportFrom(module=module, names=listed):
            for one in listed:
                yield from _of_full_name(f"{module}.{one.name}")
                yield from _of_last_name(one.name)
        case ast.Attribute() | ast.Name():
            full = names.full(node)
            if full is not None:
                yield from _of_full_name(full)
            last = node.attr if isinstance(node, ast.Attribute) else node.id
            yield from _of_last_name(last)
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                yield from _of_change(node, names)
        case ast.FunctionDef(name=name):
            yield from _of_last_name(name)
        case ast.ClassDef(bases=bases):
            if any(names.full(base) in _PLAIN_TYPES for base in bases):
                yield "makes its own comparisons"
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[target, *_]):
            yield from _of_change(target, names)
        case ast.Constant(value=str(text)):
            yield from _of_text(text)


def _of_change(node: ast.AST, names: _Names) -> Iterator[str]:
    """Tell of a change to what was imported; settings are meant to be changed."""
    parts = name_parts(node)
    if parts and parts[0] in names.imported and not _SETTINGS.search(".".join(parts)):
        yield "changes what others use"
    if parts and parts[-1] == "__class__":
        yield "makes its own comparisons"


def _rebound(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement gives another meaning."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _in_magics(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(lines, start=1):
        if _MAGIC.match(line):
            yield "runs a shell or one of IPython's own commands", number


def _in_words(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield the signs in a cell that is no Python, by its words."""
    for number, line in enumerate(lines, start=1):
        kinds = [*_of_text(line)]
        for word in re.findall(r"[^\W\d][\w.]*", line):
            kinds += [*_of_full_name(word), *_of_last_name(word.rpartition(".")[2])]
        for kind in kinds:
            yield kind, number


def _of_text(text: str) -> Iterator[str]:
    if _PLACES.search(text):
        yield "names places of the grader or the system"
    yield from _of_last_name(text)


@cache
def _full_patterns() -> list[tuple[str, re.Pattern[str]]]:
    def pattern(name: str) -> str:
        if not name.endswith("*"):
            return re.escape(name)
        return re.escape(name[:-1]) + (r"[\w.]*" if "." in name else r"(?:\..*)?")

    return [
        (kind, re.compile("|".join(map(pattern, names.split()))))
        for kind, names in _BY_FULL_NAME.items()
    ]


@lru_cache(maxsize=10_000)
def _of_full_name(name: str) -> tuple[str, ...]:
    return tuple(kind for kind, pattern in _full_patterns() if pattern.fullmatch(name))


@cache
def _kinds_by_last_name() -> dict[str, tuple[str, ...]]:
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, names in _BY_LAST_NAME.items():
        for name in names.split():
            kinds[name] = (*kinds.get(name, ()), kind)
    return kinds


def _of_last_name(name: str) -> tuple[str, ...]:
    return _kinds_by_last_name().get(name, ())
