"""Every lesson runs from top to bottom: on the sample without a network, and on real data."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from course_lib import project, results
from course_staff.running import notebooks
from course_staff.running.execution import execute

ROOT = Path(__file__).resolve().parent.parent
LESSONS = list(project.notebooks(ROOT))
# On real data, and solved, the shortest lessons run, as many as take this many seconds together
# when alone, for a machine may be four times as slow; `make test-slow EVERYTHING=1` runs all.
SECONDS = float("inf") if os.environ.get("EVERYTHING") else 140


def shortest(lessons: list[str], data: str) -> list[str]:
    """Return the lessons that take the least time on the data, within SECONDS in all."""
    cost = {name: results.expectation(name, "quick", data).seconds or 0 for name in lessons}
    by_cost = sorted(lessons, key=cost.get)
    sums = itertools.accumulate(cost[name] for name in by_cost)
    chosen = {name for name, so_far in zip(by_cost, sums, strict=True) if so_far <= SECONDS}
    return [name for name in lessons if name in chosen]


ON_REAL_DATA = shortest(LESSONS, "real")
ASSIGNMENTS = sorted(path.stem for path in (ROOT / "solutions").glob("*/*.ipynb"))
SOLVED = shortest(ASSIGNMENTS, "sample")
LEFT_OUT = "shorter ones run: EVERYTHING=1 runs this one too"


def on_real_data(lesson: str):
    """Mark a test that asks what a lesson found on real data."""
    return pytest.mark.skipif(lesson not in ON_REAL_DATA, reason=LEFT_OUT)


@dataclass(frozen=True)
class Run:
    """One finished `course run`."""

    folder: Path
    process: subprocess.CompletedProcess

    @property
    def lessons(self) -> dict[str, dict]:
        report = json.loads((self.folder / "report.json").read_text())
        return {entry["lesson"]: entry for entry in report["lessons"]}

    def notebook(self, lesson: str) -> nbformat.NotebookNode:
        return nbformat.read(self.folder / f"{lesson}.ipynb", as_version=4)


def run_lessons(
    folder: Path, data: str, environment: dict[str, str], wrapper: list[str], lessons: list[str]
) -> Run:
    command = [*wrapper, sys.executable, "-m", "course_lib", "run", *lessons, "--profile", "quick"]
    command += ["--data", data, "--out", str(folder), "--junit", str(folder / "junit.xml")]
    process = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(folder, process)


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory) -> Run:
    """All lessons on the embedded sample, in a network namespace without any network."""
    if not sys.platform.startswith("linux"):
        pytest.skip("network namespaces are Linux's")
    folder = tmp_path_factory.mktemp("sample")
    environment = {"COURSE_DATA_DIR": "", "COURSE_CACHE_DIR": str(folder / "cache")}
    return run_lessons(
        folder, "auto", environment, ["unshare", "--map-root-user", "--net"], ["all"]
    )


@pytest.fixture(scope="module")
def real_run(tmp_path_factory) -> Run:
    """Lessons on the mirror's real data."""
    mirror = os.environ.get("COURSE_DATA_DIR")
    if not mirror:
        pytest.skip("needs real data: set COURSE_DATA_DIR to a mirror")
    folder = tmp_path_factory.mktemp("real")
    environment = {"COURSE_DATA_DIR": str(Path(mirror).resolve())}
    return run_lessons(folder, "real", environment, [], ON_REAL_DATA)


@dataclass(frozen=True)
class Demands:
    """What a run of a lesson has to show, by what its source does."""

    records: bool
    loads_data: bool
    trains: bool
    pictures: int

    @classmethod
    def of(cls, lesson: str) -> Demands:
        code = "\n".join(
            cell.source
            for cell in nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4).cells
            if cell.cell_type == "code"
        )
        shown = len(re.findall(r"plots\.show\(", code))
        return cls(
            records=".record(" in code,
            loads_data="datasets.load" in code,
            trains=".fit(" in code or "training." in code,
            pictures=min(shown, 5),  # some are shown once an exercise is solved
        )


def test_there_are_lessons_and_they_record_load_train_and_draw():
    demands = [Demands.of(lesson) for lesson in LESSONS]
    for kind in ("records", "loads_data", "trains", "pictures"):
        assert any(getattr(demand, kind) for demand in demands)


def check(run: Run, lesson: str, data: str) -> None:
    demands = Demands.of(lesson)
    report = run.lessons[lesson]
    assert report["status"] == "passed", f"{report}\n{run.process.stdout}\n{run.process.stderr}"
    assert report["profile"] == "quick"
    assert report["data"] == data or not demands.loads_data
    assert bool(report["results"]) == demands.records
    assert all(result["ok"] for result in report["results"].values()), report["results"]
    assert report["seconds"] < 45 * 60  # a lesson that hangs, not a slow machine
    assert (300 if demands.trains else 30) < report["peak_memory_mb"] < 4096


def check_outputs(notebook: nbformat.NotebookNode, lesson: str) -> None:
    """Every picture has its text alternative, and nothing alarming is in the outputs."""
    pictures = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output
            assert output.get("name") != "stderr", output.get("text")
            if "image/png" in output.get("data", {}):
                pictures += 1
                assert output["metadata"]["image/png"]["alt"], cell.source
                assert output["data"]["text/plain"] == output["metadata"]["image/png"]["alt"]
    assert pictures >= Demands.of(lesson).pictures


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_on_the_sample_without_a_network(sample_run, lesson):
    check(sample_run, lesson, "sample")


@pytest.mark.parametrize("lesson", [name for name in LESSONS if Demands.of(name).loads_data])
def test_a_lesson_on_the_sample_says_so_and_why(sample_run, lesson):
    text = json.dumps(sample_run.notebook(lesson))
    assert "sample" in text
    assert "could not be had" in text or "offline" in text or "network" in text


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lessons_outputs_are_clean_and_its_pictures_have_words(sample_run, lesson):
    check_outputs(sample_run.notebook(lesson), lesson)


WORKED = sorted((ROOT / "lessons").glob("*/worked_numbers.txt"))


@pytest.mark.parametrize("path", WORKED, ids=lambda path: path.parent.name)
def test_a_lesson_prints_the_worked_numbers_that_its_text_speaks_of(sample_run, path):
    shown = [
        output.get("text") or output.get("data", {}).get("text/markdown", "")
        for cell in sample_run.notebook(path.parent.name).cells
        for output in cell.get("outputs", [])
    ]
    printed = "".join(shown)
    lines = path.read_text("utf-8").splitlines()
    assert lines
    assert [line for line in lines if line not in printed] == []


def test_the_run_as_a_whole_succeeds_and_prints_results_and_paths(sample_run):
    assert sample_run.process.returncode == 0, sample_run.process.stderr
    said = sample_run.process.stdout
    for lesson in LESSONS:
        assert f"{lesson}.html" in said.replace("\n", "")
        assert (sample_run.folder / f"{lesson}.html").stat().st_size > 50_000
    assert (sample_run.folder / "junit.xml").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "lesson", [pytest.param(lesson, marks=on_real_data(lesson)) for lesson in LESSONS]
)
def test_a_lesson_runs_on_real_data(real_run, lesson):
    check(real_run, lesson, "real")
    check_outputs(real_run.notebook(lesson), lesson)


@pytest.mark.slow
def test_a_lesson_whose_libraries_are_missing_names_what_to_install(tmp_path):
    hidden = "import sys; sys.modules.update(autokeras=None, keras_tuner=None)"
    (tmp_path / "sitecustomize.py").write_text(hidden)
    run = run_lessons(tmp_path / "out", "sample", {"PYTHONPATH": str(tmp_path)}, [], ["06"])
    assert run.process.returncode == 1
    assert run.lessons["06-Autokeras"]["status"] == "failed"
    told = 'autokeras and keras_tuner are missing: pip install "course-lib[automl]"'
    assert run.process.stdout.count(told) == 1
    assert "Traceback" not in run.process.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "assignment",
    [
        pytest.param(name, marks=pytest.mark.skipif(name not in SOLVED, reason=LEFT_OUT))
        for name in ASSIGNMENTS
    ],
)
def test_a_solved_assignment_runs_and_passes_its_visible_tests(assignment):
    notebook = notebooks.read(ROOT / "solutions" / assignment / f"{assignment}.ipynb")
    execution = execute(notebook, {"data": "sample", "profile": "quick"}, memory_limit_mb=4096)
    assert execution.status == "completed", execution.failure
    check_outputs(execution.notebook, assignment)
    verdicts = [fact["verdict"] for fact in results.notes(execution.notebook, "check")]
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("locked")]
    assert verdicts == ["passed"] * len(cells)


@pytest.mark.slow
@on_real_data("01-MNIST-classification")
def test_the_convolutional_network_reads_real_digits(real_run):
    found = real_run.lessons["01-MNIST-classification"]["results"]
    assert found["cnn_test_accuracy"]["value"] >= 0.990
    assert found["cnn_test_accuracy"]["low"] >= 0.990


@pytest.mark.slow
@on_real_data("03-Segmentation")
def test_the_u_net_has_twice_the_mean_iou_of_the_per_pixel_prior(real_run):
    found = real_run.lessons["03-Segmentation"]["results"]
    assert found["test_mean_iou_over_prior"]["value"] >= 2
    assert found["unet_val_mean_iou"]["value"] >= 2 * found["prior_val_mean_iou"]["value"]
    assert found["no_skips_val_mean_iou"]["value"] < found["plain_val_mean_iou"]["value"]


@pytest.mark.slow
@on_real_data("08-Perceptron-and-MLP")
def test_more_neurons_help_on_clear_spirals_and_harm_on_few_noisy_points(real_run):
    found = real_run.lessons["08-Perceptron-and-MLP"]["results"]
    names = ("line", "3_neurons", "6_neurons", "20_neurons")
    spirals = [found[f"spiral_{name}_accuracy"]["value"] for name in names]
    assert spirals == sorted(spirals)
    assert spirals[-1] > 0.97
    moons = [found[f"moons_{name}_accuracy"]["value"] for name in ("line", "20_neurons")]
    assert moons[1] < moons[0] - 0.02
    assert found["best_degree"]["value"] in (2, 3)
    baseline = found["mean_test_mae"]["value"]
    assert found["network_test_mae"]["value"] < found["line_test_mae"]["value"] < baseline / 2
    assert found["network_over_line_few_rows"]["value"] < 1


def test_rules_differ_less_where_each_has_its_own_rate(sample_run):
    found = sample_run.lessons["09-Backpropagation-and-optimizers-assignment"]["results"]
    apart = [found[f"range_at_{rate}"]["value"] for rate in ("common_rate", "best_rates")]
    assert apart[1] < apart[0] / 2
    losses = [found[f"loss_range_at_{rate}"]["value"] for rate in ("common_rate", "best_rates")]
    assert losses[1] < losses[0] / 2
    baseline = found["nearest_mean_accuracy"]["value"]
    assert found["final_test_accuracy"]["value"] > baseline + 0.1
    assert found["adam_at_best_rate"]["value"] > baseline


def test_a_shift_is_answered_predictably_and_a_global_maximum_survives_it(sample_run):
    found = sample_run.lessons["10-Convolution-by-hand-assignment"]["results"]
    value = {name: result["value"] for name, result in found.items()}
    for kernel in ("sobel", "edges"):
        assert value[f"{kernel}_shift_by_7"] < 1e-6
        assert value[f"{kernel}_rotation_by_15"] > 0.1
    assert value["shifted_4_global"] > value["shifted_4_flatten"] + 0.3
    assert value["many_hand_made"] > value["many_random"] > value["commonest_class"]


def test_an_addition_trains_fifty_layers_that_a_plain_stack_does_not_train(sample_run):
    found = sample_run.lessons["11-Deep_architectures"]["results"]
    value = {name: result["value"] for name, result in found.items()}
    plain, residual = value["plain_50_log10_gradient"], value["residual_50_log10_gradient"]
    assert plain < residual - 1
    assert value["plain_50_alike"] > 0.95 > 0.9 > value["residual_50_alike"]
    baseline = value["nearest_mean_val_accuracy"]
    assert value["plain_50_val_accuracy"] < baseline < value["residual_50_val_accuracy"] - 0.05
    assert value["residual_50_val_accuracy"] > value["residual_10_val_accuracy"] - 0.05
    assert value["relu_dead_high_rate"] > value["leaky_relu_dead_high_rate"] + 0.1
    assert value["spirals_4_hidden_accuracy"] > value["spirals_1_hidden_accuracy"] + 0.1


def test_each_remedy_cures_its_own_fault_and_what_no_curve_shows_is_found(sample_run):
    found = sample_run.lessons["13-Loss_curves-and-data"]["results"]
    value = {name: result["value"] for name, result in found.items()}
    assert value["flat_more_data_val_loss"] > 2 * value["flat_more_units_val_loss"]
    assert value["rising_lowest_val_loss"] < value["rising_as_it_was_val_loss"] - 0.1
    for knowledge in ("shifted", "more_data"):
        assert value[f"rising_{knowledge}_val_loss"] < value["rising_lowest_val_loss"] - 0.1
    for cure in ("momentum", "rate"):
        assert value[f"momentum_{cure}_val_loss"] < value["momentum_schedule_val_loss"] - 0.5
    assert value["k_fold_error"] < value["one_split_error"]
    assert value["colour_reversed_accuracy"] < 0.3 < 0.8 < value["colour_validation_accuracy"]
    assert value["groups_by_coin_two_cameras"] > value["groups_by_coin_one_camera"] + 0.3
    assert value["census_women_tpr"] < value["census_men_tpr"] - 0.1


def test_class_weights_move_the_threshold_and_not_the_curve(sample_run):
    found = sample_run.lessons["12-Losses-and-metrics-assignment"]["results"]
    value = {name: result["value"] for name, result in found.items()}
    assert value["weighted_half_tpr"] > value["plain_half_tpr"] + 0.1
    assert value["weighted_half_f1"] < value["plain_half_f1"] - 0.05
    assert abs(value["weighted_half_auc"] - value["plain_half_auc"]) < 0.05
    assert value["cars_mse_spoiled"] > value["cars_mae_spoiled"] + 3
    assert value["sigmoid_doubled_loss"] > 1.5 * value["sigmoid_right_loss"]
    assert value["sigmoid_the_slides_loss"] < 1.2 * value["sigmoid_right_loss"]
    assert value["tops_88_weighted_recall"] > value["tops_88_plain_recall"]
