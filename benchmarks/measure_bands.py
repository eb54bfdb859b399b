"""Run a lesson with several seeds and print a table for its bands.toml.

::

    .venv/bin/python benchmarks/measure_bands.py 01 --profile quick --data real --seeds 5

A band reaches four standard deviations to both sides of the mean over the seeds, and at least
`--margin` (0.2 % by default) of the mean, since few seeds underestimate the spread. Ends
of results that are shares, whose values all lie in [0, 1], are kept in that range. A result that
is the same under every seed gets a band of that one value.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def run(lesson: str, profile: str, data: str, seed: int, folder: Path) -> dict:
    subprocess.run(
        [
            sys.executable, "-m", "course_lib", "run", lesson, "--profile", profile, "--data", data,
            "--out", str(folder), "-p", "seed", str(seed), "--time-limit", "7200",
        ],
        check=False,  # results may well be outside of bands that are being measured again
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    if not (folder / "report.json").exists():
        sys.exit(f"seed {seed}: the run left no report")
    (report,) = json.loads((folder / "report.json").read_text())["lessons"]
    if report["status"] not in ("passed", "out_of_band"):
        sys.exit(f"seed {seed}: {report['status']}: {report.get('error')}")
    return report


def band(values: list[float], margin: float) -> list[float]:
    mean = statistics.mean(values)
    if len(set(values)) == 1:
        return [mean, mean]
    reach = max(4 * statistics.stdev(values), margin * abs(mean))
    low, high = mean - reach, mean + reach
    if min(values) >= 0 and max(values) <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    return [float(f"{end:.4g}") for end in (low, high)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lesson")
    parser.add_argument("--profile", default="quick", choices=["quick", "full"])
    parser.add_argument("--data", default="real", choices=["real", "sample"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--margin", type=float, default=0.002)
    options = parser.parse_args()

    reports = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seeds):
            out = Path(folder) / str(seed)
            report = run(options.lesson, options.profile, options.data, seed, out)
            reports.append(report)
            found = {name: round(result["value"], 4) for name, result in report["results"].items()}
            cost = f"{report['seconds']:.0f} s, {report['peak_memory_mb']:.0f} MB"
            print(f"# seed {seed}: {cost}, {found}", flush=True)

    seconds = [report["seconds"] for report in reports]
    memory = max(report["peak_memory_mb"] for report in reports)
    print(f"[{options.profile}.{options.data}]")
    print(f"seconds = {statistics.median(seconds):.0f}")
    print(f"peak_memory_mb = {memory:.0f}")
    print(
        f'measured = "{datetime.date.today()}, {reports[0]["device"]} ({platform.machine()}), '
        f'seeds 0 to {options.seeds - 1}"'
    )
    for name in reports[0]["results"]:
        values = [report["results"][name]["value"] for report in reports]
        low, high = band(values, options.margin)
        mean, spread = statistics.mean(values), statistics.stdev(values)
        print(
            f"bands.{name} = {{ low = {low}, high = {high}, mean = {mean:.4g}, sd = {spread:.2g} }}"
        )


if __name__ == "__main__":
    main()
