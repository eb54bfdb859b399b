"""The state that a lesson starts from: seeds, device, precision and profile."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from course_lib import keras_settings, short_errors
from course_lib.errors import CourseError
from course_lib.results import note

PROFILES = ("quick", "full")


@dataclass(frozen=True)
class Runtime:
    """The choices that `setup` made.

    Attributes
    ----------
    profile : {"quick", "full"}
        How much to train: minutes on a CPU, or the numbers that want a GPU.
    device : str
        One line about the device that the network trains on.
    seed : int
    mixed_precision : bool
        Whether Keras computes in 16 bits and keeps its variables in 32.
    """

    profile: str
    device: str
    seed: int
    mixed_precision: bool = False

    @property
    def quick(self) -> bool:
        return self.profile == "quick"


def setup(
    *,
    profile: str = "auto",
    seed: int = 0,
    deterministic: bool = False,
    mixed_precision: bool = True,
) -> Runtime:
    """Prepare TensorFlow and Keras for a lesson, and print the device that it will use.

    Seeds Python, NumPy and Keras, and gives Keras the settings that the lessons need, whatever the
    user's ``keras.json`` says. Where there is a GPU, lets TensorFlow take its memory step by
    step, and computes in mixed precision if the GPU has tensor cores to gain from it. Call it
    before the first TensorFlow operation.

    Parameters
    ----------
    profile : {"auto", "quick", "full"}
        "auto" is "full" where there is a GPU and "quick" elsewhere.
    seed : int
        From 0 to 2**32 - 1.
    deterministic : bool
        Make every operation give the same bits in every run. Costs speed on a GPU.
    mixed_precision : bool
        Compute in 16 bits where the GPU gains from it. A lesson that compares numbers to more than
        three digits, as the tests of a graded one do, says False and computes in float32.

    Raises
    ------
    CourseError
        If the profile or the seed is not one of those above, or Keras does not run on TensorFlow.

    Examples
    --------
    >>> runtime = setup(profile="quick", seed=1)  # doctest: +ELLIPSIS
    quick profile, seed 1, on ...
    >>> runtime.quick
    True
    """
    if profile not in ("auto", *PROFILES):
        raise CourseError(f'profile is {profile!r}: choose "auto", "quick" or "full".')
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise CourseError(f"seed is {seed!r}: choose a whole number from 0 to {2**32 - 1}.")

    with _start_up_notes_withheld():
        keras_settings.start()
        import keras
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
    short_errors.install()
    tf.get_logger().addFilter(_is_no_false_alarm)
    for gpu in gpus:
        _grow_memory(gpu)
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    # Newer GPUs round the factors of a float32 product to ten bits unless they are told not to.
    tf.config.experimental.enable_tensor_float_32_execution(mixed_precision)
    mixed = mixed_precision and bool(gpus) and all(map(_has_tensor_cores, gpus))
    keras.mixed_precision.set_global_policy("mixed_float16" if mixed else "float32")

    if profile == "auto":
        profile = "full" if gpus else "quick"
    runtime = Runtime(profile, describe_device(gpus), seed, mixed)
    note(
        "setup",
        f"{profile} profile, seed {seed}, on {runtime.device}"
        f"{', mixed precision' if mixed else ''} "
        f"(TensorFlow {tf.__version__}, Keras {keras.__version__})",
        profile=profile,
        seed=seed,
        device=runtime.device,
        mixed_precision=mixed,
    )
    return runtime


def describe_device(gpus: list | None = None) -> str:
    """Return one line on the device that TensorFlow uses, such as "CPU, 2 cores"."""
    with _start_up_notes_withheld():
        if gpus is None:
            keras_settings.start()  # TensorFlow loads Keras
        import tensorflow as tf

        if gpus is None:
            gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        cores = available_cores()
        return f"CPU, {cores} core{'s' * (cores != 1)}"
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "?") for gpu in gpus]
    return f"GPU, {', '.join(names)}"


def available_cores() -> int:
    """Return how many cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):  # Linux: respects containers' and batch systems' limits
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _start_up_notes_withheld() -> Iterator[None]:
    """Hide TensorFlow's alarming messages on stderr while it starts.

    Its C++ code notes there that it was built with oneDNN and found no CUDA, before any log level
    takes effect. If the start fails, the notes are shown after all: they may say why.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except BaseException:
            notes.seek(0)
            os.write(saved, notes.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
    """Tell whether a message of TensorFlow's is useful to the reader.

    Keras makes one function for each model's `predict`. TensorFlow takes them for one that is
    traced again and again, and warns about it in any notebook with half a dozen models.
    """
    return "triggered tf.function retracing" not in record.getMessage()


def _grow_memory(gpu) -> None:
    import tensorflow as tf

    try:
        tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:
        # The GPU is in use already: setup() was called a second time, or too late to matter.
        if not tf.config.experimental.get_memory_growth(gpu):
            note(
                "warning",
                "TensorFlow ran before setup(), so it keeps all of the GPU's memory: "
                "restart the kernel and run setup() first to share the GPU.",
            )


def _has_tensor_cores(gpu) -> bool:
    """Whether half precision is faster: NVIDIA GPUs of compute capability 7.0 (Volta) or newer."""
    import tensorflow as tf

    capability = tf.config.experimental.get_device_details(gpu).get("compute_capability")
    return capability is not None and capability >= (7, 0)
