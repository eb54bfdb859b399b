"""Searching for hyper-parameters and architectures within a budget of time.

>>> from course_lib import automl
>>> ak = automl.autokeras()  # doctest: +SKIP
>>> found = automl.search(space, x, y, ..., seconds=60)  # doctest: +SKIP

KerasTuner and AutoKeras come with the extra ``course-lib[automl]``. Importing this package loads
neither; a name is loaded when it is first used.
"""

from importlib import import_module

_MODULES = {
    "Search": "searching",
    "TableBlock": "table",
    "TimedSchedule": "timed_schedule",
    "Trial": "trials",
    "autokeras": "bridge",
    "best_so_far": "tuning_plots",
    "points_tried": "tuning_plots",
    "predictions_side_by_side": "tuning_table",
    "score_tables": "tuning_plots",
    "SharedTrial": "processes",
    "loopback_is_up": "processes",
    "search": "searching",
    "tune_in_processes": "processes",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
