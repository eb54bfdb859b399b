"""The hidden checks notice a change of the reference solutions, or it is known why they do not."""

from __future__ import annotations

import os
import signal
import tomllib
from pathlib import Path

import pytest
from answer_tables import Assignment
from mutation import Mutant, cpu_limit, in_child, judge_mutants, marks, mutants

ASSIGNMENTS = Assignment.all()
EXPLAINED = tomllib.loads(Path(__file__).with_name("equivalent_mutants.toml").read_text("utf-8"))
QUESTIONS = [
    pytest.param(
        number,
        name,
        id=f"{number}-{name}",
        marks=[pytest.mark.slow] if assignment.uses_keras(name) else [],
    )
    for number, assignment in ASSIGNMENTS.items()
    for name in assignment.questions
    if name not in assignment.training
]


@pytest.mark.parametrize(("number", "name"), QUESTIONS)
def test_every_surviving_mutant_is_explained(number, name):
    outcome = judge_mutants(ASSIGNMENTS[number], name)
    explained = EXPLAINED.get(number, {}).get(name, {})
    survived = {mutant.change for mutant in outcome.survived}
    assert survived - set(explained) == set(), "a change that no check notices"
    assert set(explained) - survived == set(), "explained, but killed or no mutant any more"
    assert len(outcome.killed) > len(outcome.survived)


@pytest.mark.parametrize(
    ("number", "name"),
    [(number, name) for number, found in ASSIGNMENTS.items() for name in found.training],
)
def test_what_is_explained_of_the_training_questions_are_mutants(number, name):
    """They were judged once, which takes up to half an hour; docs/measurements.md tells when."""
    found = {mutant.change for mutant in mutants(ASSIGNMENTS[number].solutions[name])}
    explained = [change for group in EXPLAINED[number][name].values() for change in group]
    assert set(explained) <= found, "the reference solution has changed: judge its mutants again"
    assert len(set(explained)) == len(explained)


def test_mutants_change_one_thing_each():
    found = mutants("def total(x):\n    if not x:\n        return 0\n    return x[0] + x[1]")
    assert sorted(mutant.change for mutant in found) == [
        "if not x: → if not not x:",
        "if not x: → if x:",
        "if not x: ⏎ return 0 → pass",
        "return 0 → return",
        "return 0 → return -1",
        "return 0 → return 1",
        "return x[0] + x[1] → return",
        "return x[0] + x[1] → return x[-1] + x[1]",
        "return x[0] + x[1] → return x[0] + x[0]",
        "return x[0] + x[1] → return x[0] + x[2]",
        "return x[0] + x[1] → return x[0] - x[1]",
        "return x[0] + x[1] → return x[1] + x[1]",
    ]


def test_a_mutant_that_never_ends_is_killed(monkeypatch):
    monkeypatch.setattr("mutation.USUAL_SECONDS", 0.2)
    question = ASSIGNMENTS["05"].checks["generalization_gap"]
    endless = Mutant("", "def generalization_gap(history):\n    while True:\n        pass")
    assert marks(question, endless, range(1)) == 0


def test_a_mutant_that_takes_its_process_down_earns_nothing():
    assert in_child(lambda: 2.5) == 2.5
    assert in_child(lambda: os.kill(os.getpid(), signal.SIGKILL)) == 0


def test_the_limit_is_lifted_afterwards():
    with cpu_limit(0.05):
        pass
    sum(range(3_000_000))
