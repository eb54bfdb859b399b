"""The lessons' notebooks before they run: found, read, and their parameters checked."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.errors import CourseError
from course_lib.project import find_lesson

if TYPE_CHECKING:
    from nbformat import NotebookNode


def select(names: Sequence[str], available: Mapping[str, Path]) -> list[str]:
    """Return the lessons that a user means, in the course's order."""
    if not available:
        raise CourseError(
            "There is no notebook in notebooks/ yet: make them with `course build` first."
        )
    single = [name for name in names if name.casefold() != "all"]
    chosen = {find_lesson(name, list(available)) for name in single}
    if len(single) < len(names) or not names:
        return list(available)
    return [lesson for lesson in available if lesson in chosen]


def read(path: Path) -> NotebookNode:
    """Read a notebook in the current format, with a kernel named and every cell with an id."""
    import nbformat

    try:
        text = path.read_text("utf-8-sig")
        with warnings.catch_warnings():  # about cells without ids, which get theirs here
            warnings.simplefilter("ignore")
            notebook = nbformat.v4.upgrade(nbformat.reads(text, as_version=4))
            nbformat.validate(notebook)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except (
        ValueError,  # neither JSON nor UTF-8
        AttributeError,  # JSON, but no notebook's
        KeyError,
        TypeError,
        nbformat.ValidationError,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise CourseError(
            f"{path} is not a valid notebook ({reason[:120]}): make it again with `course build`."
        ) from error
    # papermill wants to know the language; the kernel is ours in any case.
    notebook.metadata.setdefault("kernelspec", {"name": "python3", "display_name": "Python 3"})
    notebook.metadata.kernelspec.setdefault("language", "python")
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    return notebook


def parameter_values(
    lesson: str, notebook: NotebookNode, *, profile: str, data: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the parameters to inject into one notebook."""
    import papermill

    parameters = papermill.inspect_notebook(notebook)
    requested = {"profile": profile, "data": data}
    # A notebook without these two can be run as it is.
    values = {
        n: value for n, value in requested.items() if n in parameters or value != "auto"
    } | dict(given)
    for name in values:
        if name not in parameters:
            has = (
                f"its parameters are {', '.join(parameters)}"
                if parameters
                else "it has no parameters"
            )
            raise CourseError(f"{lesson} has no parameter {name!r}: {has}.")
    for name, value in given.items():
        default = parse_value(parameters[name]["default"])
        whole = isinstance(default, int) and not isinstance(default, bool)
        if whole and (isinstance(value, bool) or not isinstance(value, int)):
            raise CourseError(
                f"-p {name} {value} does not fit {lesson}: give a whole number, such as {default}."
            )
    return values


def parse_parameters(pairs: Iterable[Sequence[str]]) -> dict[str, Any]:
    """Read the pairs of ``-p NAME VALUE``; values are YAML scalars, and 1e-3 is a number too."""
    values: dict[str, Any] = {}
    for name, text in pairs:
        if name in ("profile", "data"):
            raise CourseError(f"-p {name} has its own option: use --{name} {text}.")
        if name in values:
            raise CourseError(f"-p {name} is given twice: keep one of them.")
        values[name] = parse_value(text)
    return values


def parse_value(text: str) -> Any:
    """Read one parameter's value as papermill reads it.

    Examples
    --------
    >>> parse_value("3"), parse_value("1e-3"), parse_value("true"), parse_value("adam")
    (3, 0.001, True, 'adam')
    """
    import yaml
    from papermill.iorw import NoDatesSafeLoader

    for number in (int, float):  # YAML 1.1 takes 1e-3 for a word
        try:
            return number(text)
        except ValueError:
            continue
    if text == "None":
        return None
    try:
        return yaml.load(text, Loader=NoDatesSafeLoader)
    except yaml.YAMLError:
        return text
