"""Generated portraits of cats and dogs, for where the photographs cannot be had."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 240  # drawn larger than the lessons' 160 pixels, so that edges come out smooth

_FURS = (
    (92, 64, 44),
    (196, 148, 92),
    (226, 206, 176),
    (70, 70, 76),
    (150, 150, 152),
    (206, 122, 60),
)


def pet_portraits(n: int, size: tuple[int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw portraits that differ in fur, pose, light and background.

    A cat has pointed upright ears, slit pupils and whiskers; a dog has hanging or upright rounded
    ears, a long muzzle and a big nose. Colours and backgrounds tell nothing about the class.

    Parameters
    ----------
    n : int
        Number of portraits, cats and dogs in turn before they are shuffled.
    size : (int, int)
        Height and width in pixels.
    seed : int

    Returns
    -------
    pictures : array of uint8, shape (n, height, width, 3)
    labels : array of uint8, shape (n,)
        0 for a cat, 1 for a dog.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 2).astype("uint8")
    pictures = np.empty((n, *size, 3), "uint8")
    for i, label in enumerate(labels):
        pictures[i] = _portrait(int(label), size, rng)
    return pictures, labels


def _portrait(label: int, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    backdrop = _backdrop(rng)
    layer = Image.new("RGBA", (SIDE, SIDE))
    _draw_head(ImageDraw.Draw(layer), label, rng)
    zoom = rng.uniform(0.6, 1.05)
    around = (SIDE / 2, SIDE / 2)
    layer = layer.rotate(rng.normal(0, 13), Image.BICUBIC, center=around)
    edge = round(SIDE * zoom)
    layer = layer.resize((edge, edge), Image.BICUBIC)
    if rng.random() < 0.5:
        layer = layer.transpose(Image.FLIP_LEFT_RIGHT)
    shift = (SIDE - edge) // 2 + rng.integers(-22, 23, 2)
    backdrop.paste(layer, (int(shift[0]), int(shift[1])), layer)
    blurred = backdrop.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.4)))
    resized = blurred.resize((size[1], size[0]), Image.BICUBIC)
    return _photographed(np.asarray(resized, "float32"), rng)


def _photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add uneven light, a colour cast, film contrast and noise."""
    height, width, _ = picture.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 1 + 0.22 * (rng.normal() * x + rng.normal() * y)
    cast = rng.normal(1, 0.06, 3)
    contrast, exposure = rng.uniform(0.7, 1.15), rng.uniform(0.75, 1.2)
    picture = (picture - 128) * contrast + 128
    picture = picture * np.clip(light, 0.4, 1.6)[..., None] * cast * exposure
    picture += rng.normal(0, rng.uniform(3, 11), picture.shape)
    return np.clip(picture, 0, 255).astype("uint8")


def _backdrop(rng: np.random.Generator) -> Image.Image:
    """Paint soft patches of colour, at times with objects in front of them."""
    coarse = rng.integers(40, 220) + 0.5 * rng.integers(-110, 110, 3) + rng.normal(0, 28, (4, 4, 3))
    picture = Image.fromarray(np.clip(coarse, 0, 255).astype("uint8"))
    picture = picture.resize((SIDE, SIDE), Image.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.integers(0, 7)):
        x, y = rng.integers(-30, SIDE, 2)
        w, h = rng.integers(20, 120, 2)
        colour = _colour(rng.integers(30, 225) + 0.5 * rng.integers(-110, 110, 3))
        outline = draw.ellipse if rng.random() < 0.4 else draw.rectangle
        outline((x, y, x + w, y + h), fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(2, 7)))


def _draw_head(draw: ImageDraw.ImageDraw, label: int, rng: np.random.Generator) -> None:
    fur = np.array(_FURS[rng.integers(len(_FURS))]) + rng.normal(0, 12, 3)
    middle = SIDE / 2
    body = rng.uniform(60, 85)
    draw.ellipse((middle - body, 165, middle + body, 330), fill=_colour(fur * 0.85))
    (_draw_cat if label == 0 else _draw_dog)(draw, fur, middle, rng)


def _draw_cat(
    draw: ImageDraw.ImageDraw, fur: np.ndarray, m: float, rng: np.random.Generator
) -> None:
    width, height = rng.uniform(58, 70), rng.uniform(50, 60)
    tip, spread = rng.uniform(20, 42), rng.uniform(50, 64)
    for s in (-1, 1):
        draw.polygon(
            [(m + s * spread, tip), (m + s * width, 108), (m + s * 14, 84)], fill=_colour(fur)
        )
        inner = [(m + s * spread * 0.95, tip + 16), (m + s * width * 0.85, 98), (m + s * 28, 86)]
        draw.polygon(inner, fill=_colour(0.5 * fur + (112, 75, 75)))
    draw.ellipse((m - width, 122 - height, m + width, 122 + height), fill=_colour(fur))
    if rng.random() < 0.6:  # a tabby's stripes
        for x in (-24, 0, 24):
            draw.line([(m + x, 78), (m + x * 0.6, 98)], fill=_colour(fur * 0.6), width=7)
    iris = [(150, 180, 60), (90, 150, 190), (200, 160, 50)][rng.integers(3)]
    wide, slit = rng.uniform(13, 17), rng.uniform(2, 6)
    for s in (-1, 1):
        _oval(draw, m + s * 28, 114, wide, 11, iris)
        _oval(draw, m + s * 28, 114, slit, 10, (15, 15, 15))
        _oval(draw, m + s * 28 - 4, 110, 2.5, 2.5, (250, 250, 250))
    for s in (-1, 1):
        _oval(draw, m + s * 11, 148, 15, 12, _colour(fur * 0.6 + 100))
    draw.polygon([(m - 8, 134), (m + 8, 134), (m, 143)], fill=(205, 120, 125))
    for s in (-1, 1):
        for dy in (-9, 0, 9):
            end = (m + s * rng.uniform(70, 88), 146 + dy * 1.9 + rng.normal(0, 3))
            draw.line([(m + s * 16, 147 + dy * 0.5), end], fill=(238, 238, 232), width=2)


def _draw_dog(
    draw: ImageDraw.ImageDraw, fur: np.ndarray, m: float, rng: np.random.Generator
) -> None:
    width, height = rng.uniform(50, 64), rng.uniform(58, 68)
    upright = rng.random() < 0.3
    ear = _colour(fur * rng.uniform(0.55, 0.85))
    if upright:
        for s in (-1, 1):
            _oval(draw, m + s * (width - 10), 62, 19, rng.uniform(34, 42), ear)
    draw.ellipse((m - width, 118 - height, m + width, 118 + height), fill=_colour(fur))
    if not upright:
        drop = rng.uniform(40, 60)
        for s in (-1, 1):
            _oval(draw, m + s * (width + 3), 78 + drop * 0.6, rng.uniform(17, 24), drop, ear)
    if rng.random() < 0.5:  # a blaze on the forehead
        _oval(draw, m, 90, 12, 36, _colour(fur * 0.4 + 140))
    if rng.random() < 0.35:  # a patch around one eye
        _oval(draw, m + 25, 104, 21, 22, _colour(fur * 0.5))
    for s in (-1, 1):
        _oval(draw, m + s * 25, 104, 10, 10, (60, 38, 22))
        _oval(draw, m + s * 25, 104, 5.5, 5.5, (10, 10, 10))
        _oval(draw, m + s * 25 - 3, 101, 2.5, 2.5, (250, 250, 250))
    muzzle = rng.uniform(26, 34)
    if rng.random() < 0.5:
        _oval(draw, m, 183, 12, 22, (222, 110, 122))  # tongue
    _oval(draw, m, 152, muzzle, 29, _colour(fur * 0.65 + 80))
    _oval(draw, m, 138, rng.uniform(14, 19), 12, (28, 24, 26))
    draw.line([(m, 148), (m, 164)], fill=(50, 36, 36), width=3)
    draw.arc((m - 22, 148, m, 172), 20, 160, fill=(50, 36, 36), width=3)
    draw.arc((m, 148, m + 22, 172), 20, 160, fill=(50, 36, 36), width=3)


def _oval(draw: ImageDraw.ImageDraw, x: float, y: float, rx: float, ry: float, fill: tuple) -> None:
    draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill)


def _colour(values: np.ndarray) -> tuple[int, int, int]:
    return tuple(int(v) for v in np.clip(values, 0, 255))
