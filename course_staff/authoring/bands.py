"""The lessons' measured bands: read from lessons/NN-Title/bands.toml, built into one table."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_lib.errors import CourseError

PROFILES, KINDS = ("quick", "full"), ("real", "sample")


def read(folder: Path) -> dict[str, Any]:
    """Return the content of a lesson's bands.toml; empty where the lesson has none."""
    path = folder / "bands.toml"
    if not path.is_file():
        return {}
    try:
        entry = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read: {error}.") from error
    if unknown := entry.keys() - {*PROFILES, "headline", "measurements"}:
        raise CourseError(
            f"{path}: {', '.join(sorted(unknown))} is neither a profile (quick, full) nor headline "
            "or measurements."
        )
    for profile in PROFILES:
        for kind, run in entry.get(profile, {}).items():
            _require_whole(f"{path}: [{profile}.{kind}]", kind, run)
    return entry


def _require_whole(where: str, kind: str, run: Mapping[str, Any]) -> None:
    if kind not in KINDS:
        raise CourseError(f"{where} is neither real nor sample.")
    for key in ("seconds", "peak_memory_mb", "measured"):
        if key not in run:
            raise CourseError(f"{where} lacks {key}: benchmarks/measure_bands.py prints it.")
    for name, band in run.get("bands", {}).items():
        ends = [band.get(end) for end in ("low", "high")] if isinstance(band, dict) else [None]
        numbers = all(isinstance(end, int | float) and math.isfinite(end) for end in ends)
        if not numbers or ends[0] > ends[1]:
            raise CourseError(
                f"{where} bands.{name} is {band!r}: write {{ low = 0.9, high = 1.0 }}."
            )


def table(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text of course_lib/bands.json, by which a student's course judges results."""
    lessons = {
        lesson: {
            profile: {kind: _run(run) for kind, run in entry[profile].items()}
            for profile in PROFILES
            if profile in entry
        }
        for lesson, entry in measured.items()
    }
    rows = {
        name: outcome
        for entry in measured.values()
        for name, outcome in entry.get("measurements", {}).items()
    }
    text = {"lessons": {lesson: runs for lesson, runs in lessons.items() if runs}}
    return json.dumps(text | {"measurements": rows}, indent=1, ensure_ascii=False) + "\n"


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    ends = {name: [band["low"], band["high"]] for name, band in run.get("bands", {}).items()}
    return {"seconds": run["seconds"], "measured": run["measured"], "bands": ends}
