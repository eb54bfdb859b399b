"""A block of AutoKeras for tables of numbers."""

from __future__ import annotations

from typing import Any

from course_lib.automl.bridge import demand

demand("autokeras")

import autokeras as ak  # noqa: E402
import keras  # noqa: E402


@keras.utils.register_keras_serializable(package="course_lib")
class TableBlock(ak.Block):
    """Standardise the columns of a table, then search for a stack of dense layers.

    AutoKeras' own StructuredDataBlock draws the width of each layer on its own, and lets a search
    leave out the standardisation. Here one width holds for the whole stack, and one choice says
    whether all layers but the first have a shortcut around them: a small space for a small budget.

    Parameters
    ----------
    most_layers : int
        How deep at most, at least 1.
    widths : tuple of int
        The widths to choose from.
    **options
        For ak.Block: its name.

    References
    ----------
    Gorishniy, Y. et al. (2021). Revisiting deep learning models for tabular data. NeurIPS,
    section 3: a stack of dense layers and one with shortcuts are the baselines to beat.
    """

    def __init__(
        self, most_layers: int = 3, widths: tuple[int, ...] = (32, 64, 128), **options: Any
    ) -> None:
        super().__init__(**options)
        self.most_layers, self.widths = most_layers, tuple(widths)

    def get_config(self) -> dict[str, Any]:
        own = {"most_layers": self.most_layers, "widths": list(self.widths)}
        return super().get_config() | own

    def build(self, hp: Any, inputs: Any = None) -> Any:
        """Return the layers that the hyper-parameters `hp` describe, applied to the table."""
        (table,) = keras.tree.flatten(inputs)
        width = hp.Choice("width", list(self.widths))
        shortcut = hp.Boolean("shortcut")
        x = ak.Normalization().build(hp, table)
        for number in range(hp.Int("layers", 1, self.most_layers)):
            layer = keras.layers.Dense(width, activation="relu")(x)
            x = keras.layers.Add()([x, layer]) if shortcut and number > 0 else layer
        return x
