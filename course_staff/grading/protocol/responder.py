"""The part of the grader that runs in the student's kernel: it makes calls and sends back data.

Its source is sent into the kernel as text, so it imports nothing of the course and uses no name of
the notebook's. It decides nothing: its replies are judged elsewhere, and students who tamper with
it changes only the replies to their own calls.

A message is a tree of plain data: None, booleans, numbers, texts, lists, dictionaries with text
keys and numeric arrays. It travels as one npz file, in which the array "tree" holds JSON and the
others are referred to by name, so that nothing ever needs to be unpickled.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import numpy

MAX_DEPTH, MAX_LENGTH = 12, 100_000  # of the trees that a reply may hold
MAX_SEQUENCE_LENGTH = 1_000_000  # of any other class than list and tuple, which becomes an array
ENVELOPE_DEPTH = 3  # levels that a reply has around a value
MAX_TEXT_LENGTH = 10_000
MAX_CONFIG_DEPTH = 6  # of the config of a layer that `describe` tells
MAX_ERROR_LENGTH = 600
SIXTEEN_BITS = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
UNANSWERED = "NotImplementedError"  # the error of a stub: without a text, raised in the stub itself


class TooLargeError(ValueError):
    """A value is too deep or has too many entries."""

    def __init__(self) -> None:
        super().__init__("it is too deep or too long")


def pack(tree: Any, around: int = ENVELOPE_DEPTH) -> bytes:
    """Return a tree of plain data as the bytes of an npz file."""
    arrays: list[numpy.ndarray] = []
    text = json.dumps(_encode(tree, arrays, -around))
    file = io.BytesIO()
    named = {f"array{number}": value for number, value in enumerate(arrays)}
    numpy.savez(file, tree=numpy.frombuffer(text.encode(), "uint8"), **named)
    return file.getvalue()


def unpack(data: bytes, around: int = ENVELOPE_DEPTH) -> Any:
    """Return the tree that `pack` put into bytes; nothing in it is executed or unpickled.

    The tree can be packed again, into no more bytes than it came from.
    """
    with numpy.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files if name != "tree"}
        return _decode(json.loads(file["tree"].tobytes().decode()), arrays, -around)


def _encode(value: Any, arrays: list, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:MAX_TEXT_LENGTH]
    if isinstance(value, numpy.generic) and value.dtype.kind in "biuf":
        return value.item()
    if isinstance(value, list | tuple | dict):
        if depth == MAX_DEPTH:
            raise TooLargeError
        if isinstance(value, dict):
            pairs = _all_of(value.items())
            return {"dict": {str(key): _encode(one, arrays, depth + 1) for key, one in pairs}}
        return [_encode(entry, arrays, depth + 1) for entry in _all_of(value)]
    try:
        array = numpy.asarray(_bounded(value))
    except TooLargeError:
        raise
    except Exception:  # whatever an object does when it is converted
        array = numpy.asarray(None)
    if array.dtype.name.startswith(("bfloat16", "float8")):  # no types of NumPy's own
        array = array.astype("float32")
    if array.dtype.kind not in "biuf":
        numbers = f" and the dtype {array.dtype.name}" if array.dtype.kind != "O" else ""
        raise TypeError(f"it holds a value of the type {type(value).__name__}{numbers}")
    arrays.append(array)
    return {"array": f"array{len(arrays) - 1}"}


def _all_of(entries: Iterable, most: int = MAX_LENGTH) -> list:
    """Return the entries as a list; those of a student's class may never end."""
    listed = list(islice(entries, most + 1))
    if len(listed) > most:
        raise TooLargeError
    return listed


def _bounded(value: Any, depth: int = 0) -> Any:
    """Return a value for `numpy.asarray`, which reads a sequence of any class up to its end."""
    is_sequence = hasattr(type(value), "__getitem__") and hasattr(type(value), "__len__")
    if not is_sequence or isinstance(value, str | bytes | Mapping) or _is_array(value):
        return value
    if depth == MAX_DEPTH:
        raise TooLargeError
    return [_bounded(entry, depth + 1) for entry in _all_of(value, MAX_SEQUENCE_LENGTH)]


def _is_array(value: Any) -> bool:
    """Tell whether NumPy is given the numbers of a value at once."""
    if any(hasattr(value, f"__array{name}__") for name in ("", "_interface", "_struct")):
        return True
    try:
        memoryview(value).release()
    except TypeError:
        return False
    return True


def _decode(value: Any, arrays: dict[str, numpy.ndarray], depth: int) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if not isinstance(value, list | dict):
        return value
    if isinstance(value, dict) and "array" in value:
        array = arrays.pop(
            value["array"]
        )  # each once: a thousand names must not make a thousand arrays
        if array.dtype.kind not in "biuf":
            raise ValueError("it holds an array that is not of numbers")
        return array
    entries = value if isinstance(value, list) else value["dict"]
    if depth == MAX_DEPTH or len(entries) > MAX_LENGTH:
        raise ValueError("it is too deep or too long")
    if isinstance(value, list):
        return [_decode(entry, arrays, depth + 1) for entry in entries]
    return {plain_text(key): _decode(entry, arrays, depth + 1) for key, entry in entries.items()}


def plain_text(text: str) -> str:
    """Return a text that every file and gradebook takes: no half characters, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def answer(request: dict[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Make one call of a student's function and return its outcome."""
    name = request["function"]
    reply: dict[str, Any] = {"error": None, "changed": False}
    function = namespace.get(name)
    if not callable(function):
        reply["error"] = f"{name} is not defined"
        return reply
    with open(os.devnull, "w") as nowhere, contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(nowhere))
        stack.enter_context(contextlib.redirect_stderr(nowhere))
        try:
            _seed(request["seed"])
            if _sixteen_bits():  # left on in the notebook: results are compared to 0.01 %
                sys.modules["keras"].config.set_floatx("float32")
                sys.modules["keras"].config.set_dtype_policy("float32")
            arguments = [_made(value) for value in request["arguments"]]
            named = {key: _made(value) for key, value in request["named"].items()}
            before = _snapshot([arguments, named])
            result = function(*arguments, **named)
            reply["changed"] = _snapshot([arguments, named]) != before
            reply["precision"] = _sixteen_bits()
            if request["steps"]:
                reply["steps"] = _follow(request["steps"], result)
            else:
                reply["value"] = _plain(result, f"the value that {name} returned")
        except (Exception, SystemExit) as error:
            reply["error"] = _failure_text(error)
            if reply["error"] != UNANSWERED:
                reply["error"] += _place(error)
            elif _raised_in(error) != name:
                reply["error"] += _place(error) or " (not in the notebook's own code)"
    return reply


def _follow(steps: list[dict[str, Any]], returned: Any) -> list[dict[str, Any]]:
    """Take the steps; after one that fails, the next ones on the same object fail like it."""
    replies: list[dict[str, Any]] = []
    chosen, failure = returned, None
    for step in steps:
        name, value = step["step"], None
        try:
            if name == "pick":
                failure = None
                chosen = _pick(returned, **step["arguments"])
            elif failure is None:
                value = _plain(STEPS[name](chosen, **step["arguments"]), name)
        except Exception as error:
            failure = f"{name}: {_failure_text(error)}"
        replies.append({"value": value, "error": failure})
    return replies


def _plain(value: Any, what: str) -> Any:
    """Return a value as plain data, so that one reply cannot spoil the others."""
    try:
        return unpack(pack(value, around=0), around=0)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} cannot be read: {error}.") from None


def _failure_text(error: BaseException) -> str:
    try:
        message = f"{type(error).__name__}: {error}"
    except Exception:  # an exception whose text raises
        message = type(error).__name__
    return message.removesuffix(": ")[:MAX_ERROR_LENGTH]


def _place(error: BaseException) -> str:
    """Return the place of an error in the notebook's own code, as far as it is known."""
    place, traceback = "", error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        is_own = traceback.tb_frame.f_globals.get("__name__") == "__main__"
        if is_own and code.co_name.isidentifier():
            place = f" (in {code.co_name}, line {traceback.tb_lineno} of its cell)"
        traceback = traceback.tb_next
    return place


def _raised_in(error: BaseException) -> str:
    """Return the outermost name of the function or class in whose code an error was raised."""
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_qualname.split(".")[0]


def _seed(seed: int) -> None:
    random.seed(seed)
    numpy.random.seed(seed)  # noqa: NPY002  (students may use the old interface)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(seed)


def _sixteen_bits() -> str | None:
    if "keras" not in sys.modules:
        return None
    config = sys.modules["keras"].config
    names = (config.dtype_policy().name, config.floatx())
    return next((name for name in names if name in SIXTEEN_BITS), None)


def _made(value: Any) -> Any:
    """Return an argument as the function gets it: objects that are not data are made here."""
    if isinstance(value, list):
        return [_made(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "made" not in value:
        return {key: _made(entry) for key, entry in value.items()}
    return MAKERS[value["made"]](**{k: v for k, v in value.items() if k != "made"})


def _snapshot(tree: Any) -> Any:
    """Return a copy of the arguments' data, of a network its weights, to compare afterwards."""
    if isinstance(tree, list):
        return [_snapshot(entry) for entry in tree]
    if isinstance(tree, dict):
        return {key: _snapshot(entry) for key, entry in tree.items()}
    if isinstance(tree, numpy.ndarray):
        return tree.dtype.str, tree.shape, tree.tobytes()
    if hasattr(tree, "get_weights"):  # a network that was made here
        return _snapshot(tree.get_weights())
    return repr(tree) if isinstance(tree, int | float | str) else None


def _generator(seed: int) -> numpy.random.Generator:
    return numpy.random.default_rng(seed)


def _initializer(class_name: str, config: dict[str, Any]) -> Any:
    import keras

    return keras.initializers.get({"class_name": class_name, "config": config})


def _dense_network(kernels: list, biases: list, activation: str, api: str) -> Any:
    import keras

    layers = [keras.layers.Dense(kernel.shape[1], activation=activation) for kernel in kernels]
    layers[-1].activation = keras.activations.linear
    inputs = keras.Input(shape=(len(kernels[0]),))
    if api == "sequential":
        model = keras.Sequential([inputs, *layers])
    else:
        outputs = inputs
        for layer in layers:
            outputs = layer(outputs)
        model = keras.Model(inputs, outputs)
    model.set_weights([array for pair in zip(kernels, biases, strict=True) for array in pair])
    return model


MAKERS: dict[str, Callable[..., Any]] = {
    "generator": _generator,
    "initializer": _initializer,
    "dense_network": _dense_network,
}


def _pick(returned: Any, keys: list) -> Any:
    for key in keys:
        returned = returned[key]
    return returned


def _outline(returned: Any) -> Any:
    try:
        return _plain(returned, "outline")
    except (TypeError, ValueError):
        if isinstance(returned, list | tuple):
            return [_outline(entry) for entry in returned]
        if isinstance(returned, dict):
            return {str(key): _outline(entry) for key, entry in returned.items()}
        return None


def _kind(model: Any) -> dict[str, Any]:
    import keras

    return {"class": type(model).__name__, "keras": isinstance(model, keras.Model)}


def _weights(model: Any) -> list:
    return [numpy.asarray(weight) for weight in _all_of(model.get_weights())]


def _set_weights(model: Any, weights: list) -> None:
    model.set_weights(weights)


def _randomize_weights(model: Any, seed: int, scale: float) -> None:
    rng = numpy.random.default_rng(seed)
    for variable in _all_of(model.weights):
        drawn = rng.normal(0.0, scale, variable.shape)
        if "seed" in variable.path:  # a dropout layer's generator
            continue
        if "variance" in variable.path:
            drawn = 1.0 + numpy.abs(drawn)
        variable.assign(drawn.astype(variable.dtype))


def _forward(model: Any, inputs: Any, training: bool) -> Any:
    return numpy.asarray(model(inputs, training=training))


def _predict(model: Any, inputs: Any) -> Any:
    try:
        return numpy.asarray(model.predict(inputs, verbose=0))
    except TypeError:  # not a Keras model, but something with a `predict`
        return numpy.asarray(model.predict(inputs))


def _penalty(model: Any) -> float:
    return float(sum(float(loss) for loss in _all_of(model.losses)))


def _describe(model: Any) -> list:
    operations = _operations(model)
    inside = {operation.name for operation in operations}
    return [
        {
            "class": type(operation).__name__,
            "name": operation.name,
            "config": _config(operation),
            "inputs": _names_before(operation, inside),
        }
        for operation in operations
    ]


def _operations(model: Any) -> list:
    # Of a Functional model also those that are not layers: the operations of `keras.ops`.
    return _all_of(getattr(model, "operations", None) or model.layers)


def _config(operation: Any) -> Any:
    try:
        return _pruned(operation.get_config(), 0)
    except NotImplementedError:  # a student's own layer need not have one
        return {}


def _names_before(operation: Any, inside: set) -> list:
    names = []
    for node in operation._inbound_nodes:
        for tensor in node.input_tensors:
            before = tensor._keras_history.operation.name
            if before in inside and before not in names:
                names.append(before)
    return names


def _pruned(value: Any, depth: int) -> Any:
    """Return the plain data of a config, down to the configs of a nested model's layers."""
    if depth == MAX_CONFIG_DEPTH:
        return None
    if isinstance(value, list | tuple):
        return [_pruned(entry, depth + 1) for entry in _all_of(value)]
    if isinstance(value, dict):
        return {str(key): _pruned(one, depth + 1) for key, one in _all_of(value.items())}
    return value if isinstance(value, bool | int | float | str) else None


STEPS: dict[str, Callable[..., Any]] = {
    "pick": _pick,
    "outline": _outline,
    "kind": _kind,
    "weights": _weights,
    "set_weights": _set_weights,
    "randomize_weights": _randomize_weights,
    "forward": _forward,
    "predict": _predict,
    "penalty": _penalty,
    "describe": _describe,
}
