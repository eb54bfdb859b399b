"""Generated drawings of clothing: grey pictures in the ten classes of Fashion-MNIST."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
SCALE = 4  # drawn four times as large, then averaged down to 28×28


def garments(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw clothing of varying cut, cloth and brightness; tops are meant to look alike.

    Parameters
    ----------
    n : int
        Number of pictures; the classes take turns before they are shuffled.
    seed : int

    Returns
    -------
    pictures : array of uint8, shape (n, 28, 28)
        Light on black.
    labels : array of uint8, shape (n,)
        Indices into `CLASS_NAMES`.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % len(CLASS_NAMES)).astype("uint8")
    pictures = [_picture(int(label), rng) for label in labels]
    return np.stack(pictures) if n else np.empty((0, 28, 28), "uint8"), labels


def _picture(label: int, rng: np.random.Generator) -> np.ndarray:
    side = 28 * SCALE
    canvas = Image.new("L", (side, side))
    _DRAW[label](_Pen(ImageDraw.Draw(canvas), rng), rng)
    cloth = np.asarray(canvas, "float32") / 255 * _cloth(side, rng)
    photo = Image.fromarray((cloth * 255).astype("uint8"))
    # Garments lie a little askew, stretched and off the middle.
    shear, turn = rng.normal(0, 0.07, 2)
    wide, tall = 1 / rng.uniform(0.78, 1.06, 2)
    matrix = np.array([[wide, shear], [turn, tall]])
    offset = side / 2 - matrix @ (side / 2 + rng.normal(0, 1.3 * SCALE, 2))
    coefficients = (*matrix[0], offset[0], *matrix[1], offset[1])
    photo = photo.transform((side, side), Image.AFFINE, coefficients, Image.BILINEAR)
    small = np.asarray(photo.resize((28, 28), Image.BOX), "float32")
    noisy = small + (small > 8) * rng.normal(0, 14, small.shape)
    return np.clip(noisy, 0, 255).astype("uint8")


def _cloth(side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a brightness pattern: plain, striped across or along, or mottled."""
    y, x = np.mgrid[:side, :side] / side
    kind = rng.choice(4, p=[0.45, 0.2, 0.15, 0.2])
    wave = {
        1: np.sin(2 * np.pi * y * rng.uniform(5, 9)),
        2: np.sin(2 * np.pi * x * rng.uniform(5, 9)),
    }
    if kind == 3:
        coarse = Image.fromarray(rng.integers(0, 255, (14, 14), dtype="uint8"))
        pattern = np.asarray(coarse.resize((side, side), Image.BICUBIC)) / 127.5 - 1
    else:
        pattern = wave.get(int(kind), np.zeros((side, side)))
    light = rng.uniform(0.45, 0.95) * (1 + 0.25 * (rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y))
    return np.clip(light * (1 + rng.uniform(0.1, 0.3) * pattern), 0.05, 1)


class _Pen:
    """Draws in units of the 28×28 picture, every corner a little off."""

    def __init__(self, draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
        self.draw, self.rng = draw, rng

    def shape(self, corners: list[tuple[float, float]], shade: int = 255) -> None:
        jitter = self.rng.normal(0, 0.3, (len(corners), 2))
        points = (np.array(corners) + jitter) * SCALE
        self.draw.polygon([tuple(point) for point in points], fill=shade)

    def mirrored(self, half: list[tuple[float, float]], shade: int = 255) -> None:
        """Draw a shape given by its left half, top to bottom, about the middle column."""
        self.shape(half + [(28 - x, y) for x, y in reversed(half)], shade)

    def line(self, points: list[tuple[float, float]], width: float, shade: int = 255) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, fill=shade, width=max(1, round(width * SCALE)), joint="curve")


def _top(
    pen: _Pen, rng: np.random.Generator, *, sleeve: float, length: float, width: float
) -> None:
    """Draw an upper garment; `sleeve` is how far down the arm it reaches, 0 to 1."""
    neck, shoulder, chest = rng.uniform(2, 4), rng.uniform(4.5, 6), width + rng.uniform(-0.6, 0.6)
    pen.mirrored([(14 - neck, 3.5), (14 - chest, shoulder), (14 - chest, 13), (14 - chest, length)])
    reach, end = 5 + 16 * sleeve, 14 - chest - 2.5 - 2.5 * sleeve
    for side in (1, -1):
        arm = [
            (14 - chest + 1, shoulder - 0.8),
            (14 - chest, 10),
            (end + 3, reach + 1),
            (end, reach),
        ]
        pen.shape([(x if side == 1 else 28 - x, y) for x, y in arm])
    pen.shape([(14 - neck, 3), (14 + neck, 3), (14, 3 + rng.uniform(1.5, 3.5))], 0)


def _tshirt(pen: _Pen, rng: np.random.Generator) -> None:
    _top(pen, rng, sleeve=rng.uniform(0.1, 0.45), length=rng.uniform(22, 25), width=6.5)


def _trouser(pen: _Pen, rng: np.random.Generator) -> None:
    waist, hem, gap = rng.uniform(4, 5.2), rng.uniform(4.5, 6.5), rng.uniform(0.6, 1.6)
    crotch = rng.uniform(9, 11)
    pen.mirrored([(14 - waist, 2.5), (14 - hem, 25.5), (14 - gap, 25.5), (13.9, crotch)])


def _pullover(pen: _Pen, rng: np.random.Generator) -> None:
    _top(pen, rng, sleeve=rng.uniform(0.8, 1), length=rng.uniform(22, 25), width=7)
    pen.line([(7.5, 23), (20.5, 23)], 0.5, 150)


def _dress(pen: _Pen, rng: np.random.Generator) -> None:
    waist, hem, bust = rng.uniform(2.6, 3.8), rng.uniform(5, 8.5), rng.uniform(3.6, 4.6)
    pen.mirrored([(14 - 2.8, 2.5), (14 - bust, 6), (14 - waist, 11), (14 - hem, 26)])
    pen.shape([(12.4, 2), (15.6, 2), (14, rng.uniform(4, 6))], 0)


def _coat(pen: _Pen, rng: np.random.Generator) -> None:
    _top(pen, rng, sleeve=rng.uniform(0.8, 1), length=rng.uniform(25, 27), width=7.2)
    pen.line([(14, 5), (14, 27)], rng.uniform(0.4, 0.8), 40)
    for row in np.arange(9, 24, rng.uniform(3.5, 5)):
        pen.line([(15.2, row), (15.9, row)], 0.6, 60)


def _sandal(pen: _Pen, rng: np.random.Generator) -> None:
    heel = rng.uniform(0, 5)
    pen.shape([(2, 21 - heel), (9, 19.5 - heel / 2), (25, 20), (26, 21.5), (10, 21.5), (3, 22.5)])
    pen.shape([(2.5, 21 - heel), (5, 21 - heel), (4.5, 23.5), (3, 23.5)])
    for start, stop, top in ((3, 9, 13), (11, 18, 15), (17, 24, 16)):
        width = rng.uniform(0.6, 1.6)
        pen.line(
            [(start, 20 - heel * 0.6), ((start + stop) / 2, top - heel * 0.5), (stop, 20)], width
        )


def _shirt(pen: _Pen, rng: np.random.Generator) -> None:
    _top(pen, rng, sleeve=rng.uniform(0.2, 1), length=rng.uniform(22.5, 26), width=6.7)
    pen.line([(14, 6), (14, 25)], 0.4, 120)
    for side in (-1, 1):
        pen.shape([(14, 6), (14 + side * 3.5, 3), (14 + side * 4, 6.5)], 190)


def _sneaker(pen: _Pen, rng: np.random.Generator) -> None:
    top = rng.uniform(11.5, 14)
    pen.shape([(3, top), (9, top + 0.5), (14, top + 3), (23, 17.5), (26, 20), (26, 21), (3, 21)])
    pen.shape([(2.5, 20.5), (26, 20.5), (25.5, 22.5), (3, 22.5)], 150)
    for step in range(3):
        x = 10.5 + 2.4 * step
        pen.line([(x, top + 1.6 + step), (x + 1.6, top + 4 + step)], 0.5, 110)


def _bag(pen: _Pen, rng: np.random.Generator) -> None:
    top, flare, height = rng.uniform(10, 13), rng.uniform(-1, 1.5), rng.uniform(10, 13)
    pen.mirrored([(4.5, top), (4 - flare, top + height)])
    arch = rng.uniform(3.5, 7.5)
    pen.line([(9, top), (10.5, top - arch), (17.5, top - arch), (19, top)], rng.uniform(0.7, 1.3))
    pen.line([(4.5, top + 3), (23.5, top + 3)], 0.5, 120)


def _ankle_boot(pen: _Pen, rng: np.random.Generator) -> None:
    top, shaft, heel = rng.uniform(4, 8), rng.uniform(11, 13.5), rng.uniform(1.2, 3)
    pen.shape([(4, top), (shaft, top), (shaft + 1, 14), (22, 17), (25.5, 20), (25.5, 22), (4, 22)])
    pen.shape([(4, 21.5), (9.5, 21.5), (9, 22 + heel), (4.5, 22 + heel)], 160)
    pen.line([(9, 22), (25.5, 22)], 0.7, 150)


_DRAW = (
    _tshirt, _trouser, _pullover, _dress, _coat, _sandal, _shirt, _sneaker, _bag, _ankle_boot,
)  # fmt: skip
