"""runtime.setup, tried in processes of its own: seeds and policies are a process's state."""

import json
import os
import subprocess
import sys

import pytest

from course_lib import runtime
from course_lib.errors import CourseError


def in_new_process(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def set_up_twice() -> list[dict]:
    """What two processes with the same seed and one with another see."""
    code = """
import json, random
from course_lib import runtime
run = runtime.setup(seed={seed}, deterministic={deterministic})
import keras, numpy
from tensorflow.python.framework import config
print(json.dumps(dict(
    draws=[random.random(), float(numpy.random.rand()), float(keras.random.uniform(()))],
    kernel=float(keras.initializers.GlorotUniform()((1, 1))[0, 0]),
    profile=run.profile, device=run.device, policy=keras.mixed_precision.global_policy().name,
    deterministic=config.is_op_determinism_enabled(),
)))
"""
    runs = []
    for seed, deterministic in ((3, False), (3, True), (4, False)):
        done = in_new_process(code.format(seed=seed, deterministic=deterministic))
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout.splitlines()[-1])
        runs.append({**facts, "stderr": done.stderr, "said": done.stdout})
    return runs


def test_one_seed_rules_python_numpy_and_keras(set_up_twice):
    first, second, other = set_up_twice
    assert first["draws"] == second["draws"]
    assert first["kernel"] == second["kernel"]
    assert all(a != b for a, b in zip(first["draws"], other["draws"], strict=True))


def test_op_determinism_comes_on_request_only(set_up_twice):
    assert [run["deterministic"] for run in set_up_twice] == [False, True, False]


def test_one_line_says_profile_seed_device_and_versions(set_up_twice):
    line = set_up_twice[0]["said"].splitlines()[0]
    assert line.startswith(f"{set_up_twice[0]['profile']} profile, seed 3, on ")
    assert "TensorFlow 2." in line
    assert "Keras 3." in line


def test_tensorflows_start_up_notes_do_not_reach_the_reader(set_up_twice):
    assert set_up_twice[0]["stderr"] == ""


def test_a_cpu_gets_the_quick_profile_and_full_precision(set_up_twice):
    run = set_up_twice[0]
    if not run["device"].startswith("CPU"):
        pytest.skip("there is a GPU here")
    assert (run["profile"], run["policy"]) == ("quick", "float32")


def test_many_models_that_predict_raise_no_alarm_but_other_warnings_are_heard():
    code = """
from course_lib import runtime
runtime.setup()
import keras, numpy as np, tensorflow as tf
for _ in range(7):
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).predict(np.ones((3, 1)), verbose=0)
tf.get_logger().warning("something else")
"""
    stderr = in_new_process(code).stderr
    assert "retracing" not in stderr
    assert "something else" in stderr


def test_a_failing_start_shows_what_was_withheld():
    code = """
import os
from course_lib.runtime import _start_up_notes_withheld
with _start_up_notes_withheld():
    os.write(2, b"libcuda is broken")
    raise SystemExit(3)
"""
    done = in_new_process(code)
    assert done.returncode == 3
    assert "libcuda is broken" in done.stderr


class _TensorFlow:
    """As much of a TensorFlow with GPUs as setup() talks to."""

    def __init__(self, capabilities):
        self.events = []
        self.config = self
        self.experimental = self
        self.capabilities = capabilities

    def set_memory_growth(self, gpu, on):
        self.events.append((gpu, on))

    def get_device_details(self, gpu):
        return {"device_name": f"Card {gpu}", "compute_capability": self.capabilities[gpu]}


@pytest.mark.parametrize(
    ("capability", "gains"), [((6, 1), False), ((7, 0), True), ((9, 0), True), (None, False)]
)
def test_mixed_precision_is_for_gpus_with_tensor_cores(monkeypatch, capability, gains):
    monkeypatch.setitem(sys.modules, "tensorflow", _TensorFlow([capability]))
    assert runtime._has_tensor_cores(0) is gains


def test_a_lesson_that_wants_float32_gets_it_on_tensor_cores_too():
    code = """
from course_lib import runtime
runtime._has_tensor_cores = lambda gpu: True
runtime._grow_memory = lambda gpu: None
import keras, tensorflow as tf
tf.config.list_physical_devices = lambda kind: ["a card"]
runtime.describe_device = lambda gpus: gpus[0]
for wanted in (True, False):
    run = runtime.setup(mixed_precision=wanted)
    print(run.mixed_precision, keras.config.dtype_policy().name,
          tf.config.experimental.tensor_float_32_execution_enabled())
"""
    said = in_new_process(code).stdout.splitlines()
    assert said[1::2] == ["True mixed_float16 True", "False float32 False"]


def test_every_gpu_gets_its_memory_step_by_step_and_is_named(monkeypatch):
    fake = _TensorFlow([(8, 0), (8, 0)])
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    for gpu in (0, 1):
        runtime._grow_memory(gpu)
    assert fake.events == [(0, True), (1, True)]
    assert runtime.describe_device([0, 1]) == "GPU, Card 0, Card 1"


def test_an_unknown_profile_is_refused_with_the_choices():
    with pytest.raises(CourseError, match=r'profile is \'fast\': choose "auto", "quick" or "full"'):
        runtime.setup(profile="fast")


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "0", True])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(CourseError, match="seed is"):
        runtime.setup(seed=seed)


def test_cores_are_those_this_process_may_use():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("only Linux limits a process to some cores")
    code = """
import os
from course_lib.runtime import available_cores
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(available_cores())
"""
    assert in_new_process(code).stdout.strip() == "1"
