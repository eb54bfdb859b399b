"""AutoKeras and KerasTuner search with the newest Keras.

The other versions have their tests elsewhere: the pinned ones in this folder, and Colab's in
``tests/test_colab.py``, which runs the lesson with them. Here an environment with the newest
versions of everything is made, and runs this folder's tests of AutoKeras, of the bridge to it and
of the search by several processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import environments
import pytest
from packaging.requirements import Requirement

PYTHON = "3.13"
NEWEST = "keras>=3.15"  # AutoKeras 3.0.0 needs the bridge from 3.13 on
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = (
    "test_autokeras_bridge", "test_autokeras_searches", "test_table_block", "test_tuning_processes",
)  # fmt: skip
# One tuner stands for all; what ends processes is no matter of versions.
LEFT_OUT = "random or bayesian or hyperband or killed or too_long or too_late"
ASK = """
import sys, keras, keras_tuner, tensorflow
from course_lib import automl

ak = automl.autokeras()
found = {module.__name__: module.__version__ for module in (tensorflow, keras, keras_tuner, ak)}
print("Python", sys.version.split()[0], found)
"""


def requirements() -> list[str]:
    """What a student installs for this lesson; TensorFlow without what only a GPU needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    core = [text for text in project["dependencies"] if Requirement(text).name != "tensorflow"]
    return [*core, *project["optional-dependencies"]["automl"], "tensorflow-cpu", NEWEST, "pytest"]


@pytest.mark.slow
def test_autokeras_and_kerastuner_search_with_the_newest_keras(tmp_path):
    python = environments.find_python(PYTHON)
    if python is None:
        resolved = environments.resolve(requirements(), PYTHON, tmp_path)
        assert any(entry.startswith("keras==3.") for entry in resolved)
        warnings.warn(
            f"no Python {PYTHON} was found: resolved for it, run on {sys.version.split()[0]}",
            stacklevel=1,
        )
        python = sys.executable
    interpreter = environments.make(tmp_path / "environment", python, requirements())

    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    ask = [str(interpreter), "-c", ASK]
    said = subprocess.run(ask, env=environment, capture_output=True, text=True, check=True).stdout
    assert "repaired for this session" in said

    # conftest.py and the options in pyproject.toml want more of the test tools than are there.
    command = [
        str(interpreter), "-m", "pytest", "-q", "-rfs", "--noconftest", "-o", "addopts=",
        "-p", "no:cacheprovider", "-p", "no:warnings", "-k", f"not ({LEFT_OUT})",
        *(str(HERE / f"{module}.py") for module in MODULES),
    ]  # fmt: skip
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    print(said, done.stdout[-4000:])
    assert done.returncode == 0, "see above"
    # One test is for the pinned Keras; one more needs a loopback network.
    assert "is missing" not in done.stdout
