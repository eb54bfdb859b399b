"""The identity of a search: its space, data, settings and versions."""

from __future__ import annotations

import hashlib
import inspect
import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib.errors import CourseError

_PACKAGES = ("keras", "tensorflow", "keras-tuner", "autokeras", "course-lib")


def fingerprint(tuner: Any, arrays: list[ArrayLike], **settings: Any) -> str:
    """Return a key that two searches share if they would find the same.

    Two searches have one key if their tuners are of one kind with the same settings and the same
    search space, and data, settings and installed versions agree. A function that builds a
    network counts by its text; names that it uses from elsewhere in a notebook are not seen.

    Parameters
    ----------
    tuner : keras_tuner.Tuner
        KerasTuner's, or the one in an AutoModel of AutoKeras.
    arrays : list of arrays
        All data that is trained and validated on.
    **settings
        Values that JSON can hold.

    Returns
    -------
    str
        16 hexadecimal digits.

    Raises
    ------
    CourseError
        If the text of the function is not available.
    """
    oracle = tuner.oracle
    objective = oracle.objective
    description = {
        "tuner": [_name(tuner), getattr(tuner, "executions_per_trial", 1), tuner.max_model_size],
        "oracle": [_name(oracle), _plain(vars(oracle))],
        "objective": [objective.name, objective.direction],
        "space": _space(tuner),
        "settings": settings,
        "versions": {package: _version(package) for package in _PACKAGES},
    }
    digest = hashlib.sha256(json.dumps(description, sort_keys=True, default=str).encode())
    for array in map(np.asarray, arrays):
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _space(tuner: Any) -> list[Any]:
    hypermodel = tuner.hypermodel
    if hasattr(hypermodel, "blocks"):  # a graph of AutoKeras
        own = [block for block in hypermodel.blocks if not _is_autokeras(block)]
        return [hypermodel.get_config(), [_source(type(block)) for block in own]]
    build = hypermodel.build
    written = build if inspect.isfunction(build) else type(hypermodel)
    return [tuner.oracle.get_space().get_config(), _source(written)]


def _is_autokeras(block: Any) -> bool:
    return type(block).__module__.split(".")[0] == "autokeras"


def _source(written: Any) -> str:
    try:
        return inspect.getsource(written)
    except (OSError, TypeError) as error:
        raise CourseError(
            f"The text of {written!r} cannot be found, so a search with it cannot be told from "
            "another one: define it in a notebook or in a file."
        ) from error


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings among an object's attributes."""
    return {
        name: value
        for name, value in values.items()
        if not name.startswith("_") and isinstance(value, str | int | float | None)
    }


def _name(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
