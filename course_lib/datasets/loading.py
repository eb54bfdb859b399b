"""Load a data set by name, real where it is available, and print its origin."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from course_lib import results
from course_lib.datasets.entries import entry
from course_lib.datasets.fetching import NotFetched, fetch
from course_lib.datasets.folders import mirror_dir
from course_lib.datasets.sizes import height_and_width
from course_lib.errors import DataError

if TYPE_CHECKING:
    from course_lib.datasets.data import Data

SOURCES = ("auto", "real", "sample")


def load(name: str, source: str = "auto", **options: Any) -> Data:
    """Load a data set as arrays, and show a line that says where it came from.

    Parameters
    ----------
    name : str
        A name of the catalogue: "mnist", "fashion_mnist", "cats_vs_dogs", "camvid",
        "california_housing", "auto_mpg", "adult" or "sample_photos".
    source : {"auto", "real", "sample"}
        "auto" takes the mirror, the cache, a download, or the embedded sample, in this order;
        "real" does without the sample; "sample" takes it at once.
    **options
        ``size``: height and width of pictures in pixels, or one number for a square; for
        "cats_vs_dogs" (default 160), "camvid" (360, 480) and "sample_photos" (224).

    Returns
    -------
    Data

    Raises
    ------
    DataError
        If name, source or an option is unknown, if ``COURSE_DATA_DIR`` is not a folder, or if
        "real" data cannot be had.

    Examples
    --------
    >>> digits = load("mnist", "sample")
    Data: mnist, embedded sample (1,437 training and 360 test).
    >>> digits.x_train.shape
    (1437, 28, 28)
    """
    dataset = entry(name)
    if source not in SOURCES:
        raise DataError(f"There is no data source {source!r}: choose one of {', '.join(SOURCES)}.")
    if not dataset.sample:
        raise DataError(
            f"{name} is weights, not arrays: get the paths of its files with "
            f"datasets.fetch({name!r})."
        )
    from course_lib.datasets import loaders, samples

    load_real, load_sample = getattr(loaders, name), getattr(samples, name)
    _check_options(name, load_sample, options)
    if source == "sample":
        return _announced(name, "sample", load_sample(**options))
    mirror_dir()  # a wrong setting is an error, not a reason to take the sample
    try:
        fetched = fetch(name)
        try:
            arrays = load_real(fetched, **options)
        except (OSError, ValueError, KeyError, EOFError, zlib.error) as error:
            reason = f"the {fetched.origin}'s files of {name} cannot be read ({error})"
            raise NotFetched(f"{reason}: replace those in {fetched.folder}.", [reason]) from error
    except DataError as error:
        if source == "real":
            raise DataError(
                str(error).removesuffix(".") + "; or use the embedded sample (source 'sample')."
            ) from error
        reasons = getattr(error, "reasons", (str(error).removesuffix("."),))
        return _announced(name, "sample", load_sample(**options), reasons)
    return _announced(name, fetched.origin, arrays)


def _check_options(name: str, load_sample: Callable[..., Any], options: dict[str, Any]) -> None:
    known = inspect.signature(load_sample).parameters
    for option in options:
        if option not in known:
            choice = f"it takes {', '.join(known)}" if known else "it takes none, so leave it out"
            raise DataError(f"{name} has no option {option!r}: {choice}.")
    if "size" in options:
        height_and_width(options["size"])


def _announced(
    name: str, origin: str, arrays: dict[str, Any], reasons: tuple[str, ...] = ()
) -> Data:
    from course_lib.datasets.data import Data

    kind = "sample" if origin == "sample" else "real"
    data = Data(name, kind, origin, **arrays)
    origin_words = {
        "sample": "embedded sample",
        "mirror": "real, from the mirror",
        "cache": "real, from the cache",
        "download": "real, downloaded",
    }[origin]
    line = f"Data: {name}, {origin_words} ({data.counts()})"
    if reasons:
        line += f", because the real data could not be had: {'; '.join(reasons)}"
    results.note("data", f"{line}.", dataset=name, data=kind, origin=origin, reasons=list(reasons))
    return data
