from itertools import combinations

import numpy as np
import pytest

from course_lib import class_maps
from course_lib.datasets.drawings.scenes import CLASS_NAMES, PALETTE

PHOTOS = np.full((2, 24, 32, 3), 90, "uint8")
MASKS = np.zeros((2, 24, 32), "uint8")
MASKS[:, 12:] = 3
MASKS[:, 12:14, :3] = 9

# What dichromats see, on linear RGB: Machado, Oliveira and Fernandes (2009), IEEE TVCG 15(6).
VISION = {
    "normal": np.eye(3),
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def cielab(linear_rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = np.clip(linear_rgb, 0, 1) @ to_xyz.T / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


@pytest.mark.parametrize("vision", VISION)
def test_the_classes_colours_differ_for_colour_blind_readers_too(vision):
    values = np.array(PALETTE) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = cielab(linear @ np.transpose(VISION[vision]))
    for a, b in combinations(range(len(PALETTE)), 2):
        distance = np.linalg.norm(seen[a] - seen[b])
        assert distance > 25, (CLASS_NAMES[a], CLASS_NAMES[b], distance)


def test_a_mask_is_coloured_by_its_classes():
    assert class_maps.coloured(MASKS).shape == (2, 24, 32, 3)
    assert tuple(class_maps.coloured(MASKS)[0, 0, 0]) == PALETTE[0]


def test_a_class_without_a_colour_is_refused():
    with pytest.raises(ValueError, match="classes from 0 to 12"):
        class_maps.coloured(np.array([[0, 12]]))


def test_an_error_map_tells_right_wrong_and_not_judged():
    picture = class_maps.error_map(np.array([[0, 1, 11]]), np.array([[0, 2, 5]]), ignore=11)
    assert [tuple(pixel) for pixel in picture[0]] == [
        class_maps.RIGHT, class_maps.WRONG, PALETTE[11]
    ]  # fmt: skip


def test_a_grid_has_a_row_for_each_scene_and_explains_every_colour():
    errors = class_maps.error_map(MASKS, MASKS[:, ::-1], ignore=11)
    figure = class_maps.grid({"photo": PHOTOS, "truth": MASKS, "errors": errors})
    figure.canvas.draw()
    assert len([axis for axis in figure.axes if axis.images]) == 6
    assert figure.get_label() == "2 scenes, a row each; from left to right photo, truth, errors."
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == [f"{i} {name}" for i, name in enumerate(CLASS_NAMES)] + ["right", "wrong"]


def test_photos_and_masks_alone_need_no_colours_for_errors():
    figure = class_maps.grid({"photo": PHOTOS, "truth": MASKS})
    assert len(figure.legends[0].get_texts()) == len(CLASS_NAMES)


def test_large_regions_carry_their_classes_number_and_small_ones_none():
    figure = class_maps.grid({"truth": MASKS[:1]}, legend=False)
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["0", "3"]


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"hold \[1, 2\] scenes"):
        class_maps.grid({"photo": PHOTOS, "truth": MASKS[:1]})
