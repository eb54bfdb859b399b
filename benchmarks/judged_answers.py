"""Judge the table of answers to an assignment under many seeds, and print their marks.

::

    .venv/bin/python benchmarks/judged_answers.py 04
    .venv/bin/python benchmarks/judged_answers.py 04 --question train_best --seeds 5

A seed stands for other hidden data and another start of the network. Where a question trains, its
steps lie three standard deviations or more below the scores of the reference solution, and the
weaker answers show where the other steps lie. Exit status 1: a verdict was not the table's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from answer_tables import Assignment  # noqa: E402

from course_lib import runtime  # noqa: E402
from course_staff.grading.judging import judging  # noqa: E402
from course_staff.grading.protocol import responder  # noqa: E402


def judged(question, source: str, seed: int) -> tuple[float, float | None, float]:
    """Return the mark, the score that the check computed (if it tells) and the CPU seconds."""
    namespace: dict = {"__name__": "__main__"}
    exec(compile(source, "<answer>", "exec"), namespace)
    check, calls = judging.prepare_check(question, seed)
    start = time.process_time()
    replies = [responder.answer(call.request, namespace) for call in calls]
    seconds = time.process_time() - start
    verdict = judging.judge(question, replies, seed=seed)
    read = [judging.Reply.read(call, data) for call, data in zip(calls, replies, strict=True)]
    try:
        score = float(check.score(read))
    except (AssertionError, AttributeError):  # no answer, or a check without one score
        score = None
    return verdict.score, score, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignment", help="its number, such as 04")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--question", action="append", help="one of its questions, instead of all")
    parser.add_argument("--reference-only", action="store_true")
    options = parser.parse_args()

    runtime.setup(profile="quick", seed=0)
    assignment = Assignment.load(options.assignment)
    wrong = 0
    for name in options.question or assignment.questions:
        question = assignment.checks[name]
        print(f"\n{name}, {question.points:g} points, seeds 0 to {options.seeds - 1}, "
              f"CPU with {os.cpu_count()} cores\n")  # fmt: skip
        print("| answer | marks | wrong | score: mean, s.d., least, most | CPU seconds |")
        print("| --- | --- | --- | --- | --- |")
        for answer in assignment.answers(name):
            if options.reference_only and answer.label != "reference":
                continue
            rows = []
            for seed in range(options.seeds):
                rows.append(judged(question, answer.source, seed))
                print(f"{answer.label}, seed {seed}: {rows[-1]}", file=sys.stderr, flush=True)
            marks, scores, seconds = (list(column) for column in zip(*rows, strict=True))
            values, counts = np.unique(marks, return_counts=True)
            told = ", ".join(f"{v:g} × {n}" for v, n in zip(values, counts, strict=True))
            known = [score for score in scores if score is not None]
            spread = "–"
            if len(known) > 1:
                spread = (
                    f"{statistics.mean(known):.3f}, {statistics.stdev(known):.3f}, "
                    f"{min(known):.3f}, {max(known):.3f}"
                )
            missed = sum(mark != answer.marks for mark in marks)
            wrong += missed
            row = f"| {answer.label} | {told} | {missed} | {spread} | {max(seconds):.1f} |"
            print(row, flush=True)
    print(f"\n{wrong} wrong verdicts")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
