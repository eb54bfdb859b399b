"""AutoKeras and KerasTuner search with the pinned versions, Colab's, and the newest Keras.

Each environment is made anew and runs this folder's tests of AutoKeras, of the bridge to it and of
the search by several processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

import environments
import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = ("test_bridge", "test_autokeras_searches", "test_table_block", "test_tuning_processes")
# One tuner stands for all; what ends processes is no matter of versions.
LEFT_OUT = "random or bayesian or hyperband or killed or too_long"
ASK = """
import sys, autokeras, keras, keras_tuner, tensorflow
found = {"Python": sys.version.split()[0]}
found |= {m.__name__: m.__version__ for m in (tensorflow, keras, keras_tuner, autokeras)}
print(", ".join(f"{name} {version}" for name, version in found.items()))
"""


@dataclass(frozen=True)
class Versions:
    """What is installed in one environment, and what must hold for it.

    Attributes
    ----------
    python : str
    constraints : list of str
        Exact versions; empty for the newest ones.
    keras : str
        The requirement on Keras, to be sure that it is the one meant.
    repaired : bool
        Whether AutoKeras needs the bridge.
    """

    python: str
    constraints: list[str]
    keras: str
    repaired: bool


def matrix() -> dict[str, Versions]:
    pins = environments.versions(ROOT / "constraints.txt")
    colab = environments.versions(environments.COLAB)
    return {
        "pinned": Versions("3.11", pins, "keras==3.12.4", repaired=False),
        "colab": Versions(environments.COLAB_PYTHON, colab, "keras==3.13.2", repaired=True),
        "newest": Versions("3.13", [], "keras>=3.15", repaired=True),
    }


def requirements(versions: Versions) -> list[str]:
    """What a student installs for this lesson; TensorFlow without what only a GPU needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = project["optional-dependencies"]["automl"]
    wanted = [text for text in project["dependencies"] if Requirement(text).name != "tensorflow"]
    pinned = [text for text in versions.constraints if text.startswith("tensorflow==")]
    tensorflow = pinned[0].replace("tensorflow", "tensorflow-cpu") if pinned else "tensorflow-cpu"
    return [*wanted, *extra, tensorflow, versions.keras, "pytest"]


@pytest.mark.parametrize("name", matrix())
def test_autokeras_and_kerastuner_search(name, tmp_path):
    versions = matrix()[name]
    wanted = requirements(versions)
    python, constraints = environments.find_python(versions.python), versions.constraints
    if python is None:
        resolved = environments.resolve(wanted, versions.python, tmp_path, constraints)
        assert any(entry.startswith("keras==") for entry in resolved)
        warnings.warn(
            f"No Python {versions.python} was found: {name} was resolved for it and run on "
            f"{sys.version.split()[0]}",
            stacklevel=1,
        )
        python = sys.executable
    interpreter = environments.make(tmp_path / "environment", python, wanted, constraints)

    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE.parent)]),
        "COURSE_CACHE_DIR": str(tmp_path / "cache"),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    tests = [str(HERE / f"{module}.py") for module in MODULES]
    # conftest.py and the options in pyproject.toml want more of the test tools than are there.
    command = [
        str(interpreter), "-m", "pytest", "-q", "-rfs", "--noconftest", "-o", "addopts=",
        "-p", "no:cacheprovider", "-p", "no:warnings", "-k", f"not ({LEFT_OUT})", *tests,
    ]  # fmt: skip
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "could not import" not in done.stdout

    ask = [str(interpreter), "-c", f"{ASK}\nfrom course_lib import automl\nautoml.autokeras()"]
    said = subprocess.run(ask, env=environment, capture_output=True, text=True, check=True).stdout
    print(f"{name}: {said}{done.stdout.strip().splitlines()[-1]}")
    assert f"keras {versions.keras.partition('=')[2].strip('=')}" in said
    assert ("repaired for this session" in said) == versions.repaired
