"""The calls of a hidden check to a student's function: arguments, and the steps that follow.

A call is plain data, so that it can be written to a file for the student's kernel. Objects that
are not data, a random generator or a network, are described here and made there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from course_staff.grading.protocol.responder import STEPS

# A Keras call traces for a second or two first; anything else takes milliseconds.
USUAL_SECONDS = 10.0


@dataclass(frozen=True)
class Call:
    """One call of a student's function; made by `call`.

    Attributes
    ----------
    request : dict
        The data that the student's kernel gets.
    seconds : float
        The most CPU time that it may take.
    """

    request: dict[str, Any]
    seconds: float = USUAL_SECONDS

    @property
    def function(self) -> str:
        """The name of the function that is called, or of the cell that is looked at."""
        return self.cell or self.request["function"]

    @property
    def cell(self) -> str | None:
        """The grade_id of the cell that is looked at, where no function is called."""
        return self.request.get("cell")


@dataclass(frozen=True)
class Step:
    """An operation on the object that a call returned."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


def outcome(grade_id: str, source: str) -> Call:
    """Ask for the outcome of one of the notebook's own cells: its error, and its result.

    Parameters
    ----------
    grade_id : str
        The cell's, in nbgrader's metadata.
    source : str
        Its source: the outcome of another source does not count.
    """
    return Call({"cell": grade_id, "source": source})


def call(
    function: str,
    *arguments: Any,
    then: Sequence[Step] = (),
    seed: int = 0,
    seconds: float = USUAL_SECONDS,
    **named: Any,
) -> Call:
    """Describe one call of a student's function.

    Parameters
    ----------
    function : str
        Its name in the notebook.
    *arguments, **named
        Plain data (None, bool, int, float, str, lists, dictionaries with text keys, arrays),
        `generator`, `initializer` and `dense_network`. Arrays are copied.
    then : sequence of Step, optional
        The steps to do with the returned object, in order, in place of sending it back.
    seed : int, optional
        For `keras.utils.set_random_seed` before the call.
    seconds : float, optional
        The most CPU time that the call and its steps may take.
    """
    return Call(
        {
            "function": function,
            "arguments": [_travelling(value) for value in arguments],
            "named": {name: _travelling(value) for name, value in named.items()},
            "steps": [{"step": step.name, "arguments": step.arguments} for step in then],
            "seed": int(seed),
        },
        seconds,
    )


def _travelling(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list | tuple):
        return [_travelling(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _travelling(entry) for key, entry in value.items()}
    return value


def generator(seed: int) -> dict[str, Any]:
    """Describe an argument that is a NumPy random generator."""
    return {"made": "generator", "seed": int(seed)}


def initializer(class_name: str, **config: Any) -> dict[str, Any]:
    """Describe an argument that is a Keras initializer object, such as ``"HeNormal", seed=1``."""
    return {"made": "initializer", "class_name": class_name, "config": config}


def dense_network(
    kernels: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    *,
    activation: str = "tanh",
    api: Literal["functional", "sequential"] = "functional",
) -> dict[str, Any]:
    """Describe an argument that is a Keras model of Dense layers, the last one linear.

    Parameters
    ----------
    kernels, biases : sequences of numpy.ndarray
        Of shapes (fan_in, fan_out) and (fan_out,), from the input on.
    activation : str, optional
        Of the hidden layers.
    api : {"functional", "sequential"}, optional
        How the model is built.
    """
    return {
        "made": "dense_network",
        "kernels": [np.array(kernel) for kernel in kernels],
        "biases": [np.array(bias) for bias in biases],
        "activation": activation,
        "api": api,
    }


def pick(*keys: str | int) -> Step:
    """Let the following steps work on one part of the returned object, until the next `pick`.

    Where a function returns several models, as in ``{"zeros": (errors, model)}``, each has steps of
    its own: ``pick("zeros", 1), predict(x), pick("he_normal", 1), predict(x)``. What fails on
    one part does not keep another from answering.

    Parameters
    ----------
    *keys
        From the returned object inwards: keys of dictionaries, numbers of list entries.
    """
    return _step("pick", keys=list(keys))


def outline() -> Step:
    """Ask for the object as plain data, with None in place of a model or the like."""
    return _step("outline")


def kind() -> Step:
    """Ask what the object is: its "class", a name, and "keras", whether it is a Keras model.

    Like `describe`, it is the student's own description of itself: good for a message that
    an honest student understands, but not a proof.
    """
    return _step("kind")


def weights() -> Step:
    """Ask for the model's weights: the list of arrays that Keras' `get_weights` gives."""
    return _step("weights")


def set_weights(arrays: Sequence[np.ndarray]) -> Step:
    """Set the model's weights, in the order of Keras' `get_weights`."""
    return _step("set_weights", weights=list(arrays))


def randomize_weights(seed: int, scale: float = 0.1) -> Step:
    """Draw all weights, biases too, from a normal distribution; moving variances above 1."""
    return _step("randomize_weights", seed=int(seed), scale=float(scale))


def forward(inputs: np.ndarray, training: bool = False) -> Step:
    """Ask for ``model(inputs, training=training)`` as an array."""
    return _step("forward", inputs=inputs, training=training)


def predict(inputs: np.ndarray) -> Step:
    """Ask for ``model.predict(inputs)`` as an array."""
    return _step("predict", inputs=inputs)


def penalty() -> Step:
    """Ask for the sum of the model's regularisation losses."""
    return _step("penalty")


def describe() -> Step:
    """Ask for the model's own description of its layers: class, name, config, inputs.

    It is the student's process' description of itself: a part of a verdict that rests on it must
    be marked ``reported=True``.
    """
    return _step("describe")


def _step(name: str, **arguments: Any) -> Step:
    assert name in STEPS
    return Step(name, arguments)
