"""Mutants of the reference solutions: does a hidden check notice when one thing is changed?

Each mutant is the reference with one change of the syntax tree. Judged like any answer, it is
killed if it loses points, and survives if it does not. A survivor shows a gap in the check, or
does the same as the reference; `tests/grading/equivalent_mutants.toml` says which, and why.

From the course's folder, for a table of one assignment::

    .venv/bin/python tests/helpers/mutation.py 04 [QUESTION…]

For the questions that train networks ``--seeds 1`` has to do: each takes up to half an hour.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from answer_tables import Assignment, with_imports

from course_staff.grading.judging.judging import prepare_check
from course_staff.grading.judging.questions import Question
from course_staff.grading.judging.rehearsal import rehearse_in

# A mutant may loop for ever; the slowest that ends and trains no network needs a few seconds.
USUAL_SECONDS = 60.0

_ARITHMETIC = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,), ast.FloorDiv: (ast.Div,), ast.Mod: (ast.Div,), ast.MatMult: (ast.Mult,),
}  # fmt: skip
_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
# Names that are taken for one another; each stands for both directions.
_CONFUSED = {
    frozenset(pair)
    for pair in (
        ("mean", "sum"), ("std", "var"), ("max", "min"), ("zeros", "ones"), ("argmin", "argmax"),
        ("zeros_like", "ones_like"), ("sqrt", "square"), ("reduce_mean", "reduce_sum"),
        ("normal", "uniform"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A changed solution.

    Attributes
    ----------
    change : str
        The changed line before and after, as ``ast.unparse`` writes them.
    source : str
    """

    change: str
    source: str = field(repr=False)


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a solution, each once."""
    tree = ast.parse(source)
    original = ast.unparse(tree)
    found: dict[str, Mutant] = {}
    for node in ast.walk(tree):
        for replacement in _replacements(node):
            # What the memo of a deep copy knows already is put in place of the node.
            changed = ast.unparse(copy.deepcopy(tree, {id(node): replacement}))
            if changed != original:
                found.setdefault(changed, Mutant(_difference(original, changed), changed))
    return list(found.values())


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what could stand in a node's place."""
    match node:
        case ast.BinOp():
            for operator in _ARITHMETIC.get(type(node.op), ()):
                yield ast.BinOp(node.left, operator(), node.right)
        case ast.AugAssign():
            for operator in _ARITHMETIC.get(type(node.op), ()):
                yield ast.AugAssign(node.target, operator(), node.value)
        case ast.Compare(ops=[first, *rest]):
            for operator in _COMPARISONS.get(type(first), ()):
                yield ast.Compare(node.left, [operator(), *rest], node.comparators)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield ast.BoolOp(other, node.values)
            yield from node.values
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.Attribute(attr=name):
            for pair in _CONFUSED:
                if name in pair:
                    yield ast.Attribute(node.value, *(pair - {name}), node.ctx)
        case ast.Call():
            for index in range(len(node.args) - 1):
                yield ast.Call(node.func, _swapped(node.args, index), node.keywords)
            for index in range(len(node.keywords)):
                left = node.keywords[:index] + node.keywords[index + 1 :]
                yield ast.Call(node.func, node.args, left)
            if isinstance(node.func, ast.Name) and node.func.id == "range":
                for operator in (ast.Add(), ast.Sub()):
                    end = ast.BinOp(node.args[-1], operator, ast.Constant(1))
                    yield ast.Call(node.func, [*node.args[:-1], end], [])
        case ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()):
            for index in range(len(node.elts) - 1):
                yield type(node)(_swapped(node.elts, index), node.ctx)
    match node:
        case ast.If() | ast.While():
            yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
            yield ast.Pass()
        case ast.Expr(value=ast.Constant()):  # a docstring
            pass
        case ast.Assign() | ast.AugAssign() | ast.Expr() | ast.For() | ast.Raise():
            yield ast.Pass()
        case ast.With():  # what it holds is carried out, without it
            yield ast.If(ast.Constant(value=True), node.body, [])
        case ast.Return():
            yield ast.Return(None)
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()


def _swapped(items: Sequence, index: int) -> list:
    items = list(items)
    items[index : index + 2] = items[index + 1], items[index]
    return items


def _difference(before: str, after: str) -> str:
    """Return the lines that differ, as "before → after"."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    told: dict[str, list[str]] = {"-": [], "+": []}
    for line in lines:
        if line[0] in told:
            told[line[0]].append(line[1:].strip())
    return " → ".join(" ⏎ ".join(told[sign]) for sign in "-+")


class TooLong(BaseException):
    """A mutant used up its CPU time; no `except Exception` on its way swallows this."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise `TooLong` in this thread after so much of this process' CPU time."""

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def marks(question: Question, mutant: Mutant, seeds: Iterable[int]) -> float:
    """Return a mutant's marks under the first seed that takes some, or full marks."""
    namespace: dict = {"__name__": "__main__"}
    try:
        with cpu_limit(_seconds(question)), warnings.catch_warnings(action="ignore"):
            exec(compile(with_imports(mutant.source), "<mutant>", "exec"), namespace)
            for seed in seeds:
                score = rehearse_in(question, namespace, seed=seed).score
                if score < question.points:
                    return score
            return question.points
    except (Exception, TooLong):  # it cannot even be defined, or does not end
        return 0.0


def _seconds(question: Question) -> float:
    if not question.trains:
        return USUAL_SECONDS
    return sum(call.seconds for call in prepare_check(question, 0)[1])  # as when it is graded


@dataclass(frozen=True)
class Outcome:
    """What came of a question's mutants.

    Attributes
    ----------
    question : str
    points : float
        Full marks.
    marks : list of (Mutant, float)
        Each mutant's marks.
    """

    question: str
    points: float
    marks: list[tuple[Mutant, float]]

    @property
    def killed(self) -> list[Mutant]:
        """Those that lost points."""
        return [mutant for mutant, earned in self.marks if earned < self.points]

    @property
    def survived(self) -> list[Mutant]:
        """Those that did not."""
        return [mutant for mutant, earned in self.marks if earned >= self.points]


def judge_mutants(assignment: Assignment, name: str, seeds: int = 2) -> Outcome:
    """Judge all mutants of a question's reference solution.

    It happens in another process, which some mutants take down with them: a layer of no units
    makes TensorFlow abort. Such a mutant counts as killed, and a new process takes over.
    """
    found = mutants(assignment.solutions[name])
    earned: list[float] = []
    while len(earned) < len(found):
        command = [
            sys.executable,
            __file__,
            assignment.folder.name[:2],
            name,
            "--seeds",
            str(seeds),
        ]
        process = subprocess.run(
            [*command, "--report-from", str(len(earned))],
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode == 1:
            raise RuntimeError(process.stderr)
        earned += map(float, re.findall(r"^mutant: ([\d.]+)$", process.stdout, re.MULTILINE))
        if len(earned) < len(found):
            earned.append(0.0)
    return Outcome(name, assignment.checks[name].points, list(zip(found, earned, strict=True)))


def report(assignment: Assignment, name: str, first: int, seeds: int) -> None:
    """Print the marks of each mutant from a given one on, at once."""
    question = assignment.checks[name]
    if question.trains:  # each in a child that has imported Keras and drawn the data already
        import keras  # noqa: F401

        prepare_check(question, 0)
    for mutant in mutants(assignment.solutions[name])[first:]:
        judge = partial(marks, question, mutant, range(seeds))
        earned = in_child(judge) if question.trains else judge()
        print(f"\nmutant: {earned:g}", flush=True)


def in_child(function: Callable[[], float]) -> float:
    """Return a function's number from a process that ends with it, or 0 if it was taken down.

    The memory of a trained network goes with the process, and so does what TensorFlow remembers.
    """
    answer, told = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(told, repr(function()).encode())
        finally:
            os._exit(0)
    os.close(told)
    with os.fdopen(answer) as pipe:
        number = pipe.read()
    os.waitpid(child, 0)
    return float(number or 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignment", help="its number, such as 04")
    parser.add_argument("questions", nargs="*")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--count", action="store_true", help="only say how many there are")
    parser.add_argument("--all", action="store_true", help="list the killed ones too")
    parser.add_argument("--report-from", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    assignment = Assignment.load(options.assignment)
    for name in options.questions or assignment.questions:
        if options.report_from is not None:
            report(assignment, name, options.report_from, options.seeds)
            continue
        if options.count:
            print(f"{name}: {len(mutants(assignment.solutions[name]))} mutants")
            continue
        start = time.monotonic()
        outcome = judge_mutants(assignment, name, options.seeds)
        seconds = time.monotonic() - start
        killed, survived = len(outcome.killed), len(outcome.survived)
        print(f"{name}: {killed} killed, {survived} survived, {seconds:.0f} s", flush=True)
        for mutant, earned in outcome.marks:
            if options.all or earned >= outcome.points:
                print(f"    {earned:g} of {outcome.points:g}: {mutant.change}", flush=True)


if __name__ == "__main__":
    main()
