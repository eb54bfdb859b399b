"""The one form in which all lessons get their data."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Data:
    """Arrays of one data set, and where they come from.

    Attributes
    ----------
    name : str
        The data set's name in the catalogue.
    kind : {"real", "sample"}
    origin : {"mirror", "cache", "download", "sample"}
    x_train, x_val, x_test : array or None
        Inputs: uint8 pictures of shape (n, height, width) or (n, height, width, 3) in [0, 255], or
        float64 tables of shape (n, features), or text where a table has words. None where the
        data set has no such part.
    y_train, y_val, y_test : array or None
        Targets: uint8 class indices of shape (n,), uint8 masks of shape (n, height, width), or
        float64 values of shape (n,).
    class_names : tuple of str
        By class index; empty for regression and photographs.
    feature_names : tuple of str
        A table's columns.
    target_name : str
        The quantity that a regression predicts, such as "MedHouseVal".
    titles : tuple of str
        One for each picture of `x_test`, for the sample photographs.
    """

    name: str
    kind: Literal["real", "sample"]
    origin: Literal["mirror", "cache", "download", "sample"]
    x_train: np.ndarray | None = None
    y_train: np.ndarray | None = None
    x_val: np.ndarray | None = None
    y_val: np.ndarray | None = None
    x_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_name: str = ""
    titles: tuple[str, ...] = ()

    def __repr__(self) -> str:
        arrays = [
            f"{field.name} {value.shape} {value.dtype}"
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), np.ndarray)
        ]
        return f"<Data {self.name}, {self.kind}: {', '.join(arrays)}>"

    def counts(self) -> str:
        """Return the sizes of the parts in words, such as "60,000 training and 10,000 test"."""
        parts = {"training": self.x_train, "validation": self.x_val, "test": self.x_test}
        counts = [f"{len(x):,} {part}" for part, x in parts.items() if x is not None]
        return " and ".join([", ".join(counts[:-1]), counts[-1]] if counts[1:] else counts)
