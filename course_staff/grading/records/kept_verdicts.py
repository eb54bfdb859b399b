"""Verdicts kept beside an attempt, for as long as it would be judged in the same way.

Judging is pure, but takes its time on large replies. A class that is graded again, with nothing
changed, need not be judged again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata

from course_lib import files
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.records.attempts import AttemptArchive
from course_staff.grading.sources import FINGERPRINT


class KeptVerdicts:
    """The verdicts on one assignment's attempts, in attempts/…/<key>/verdicts.json."""

    def __init__(self, archive: AttemptArchive, assignment: Assignment) -> None:
        self._folder, self._judge = archive.folder, judge_of(assignment)

    def find(self, student: str, key: str) -> dict[str, Verdict] | None:
        """Return the verdicts on an attempt, if it would be judged in the same way now."""
        try:
            kept = json.loads((self._folder / student / key / "verdicts.json").read_text("utf-8"))
            if kept["judge"] != self._judge:
                return None
            return {
                name: Verdict(one["score"], one["max_score"], tuple(one["messages"]))
                for name, one in kept["verdicts"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self, student: str, key: str, verdicts: Mapping[str, Verdict]) -> None:
        """Save the verdicts on an attempt."""
        listed = {name: asdict(verdict) for name, verdict in verdicts.items()}
        kept = {"judge": self._judge, "verdicts": listed}
        files.write(self._folder / student / key / "verdicts.json", json.dumps(kept))


def judge_of(assignment: Assignment) -> str:
    """Return a fingerprint of all that verdicts depend on besides the replies."""
    digest = hashlib.sha256(FINGERPRINT.encode())
    checks = assignment.root / "lessons" / assignment.name / "checks.py"
    if checks.is_file():
        digest.update(checks.read_bytes())
    for notebook in (assignment.graded, assignment.release):
        digest.update(json.dumps(notebook, sort_keys=True).encode())
    for name in ("keras", "numpy", "tensorflow"):
        digest.update(metadata.version(name).encode())
    return digest.hexdigest()[:20]
