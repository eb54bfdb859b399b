"""A camera in a street: it paints things in metres into a picture and a mask of classes at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CLASS_NAMES = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "cyclist",
    "void",
)
(SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, CYCLIST, VOID) = range(12)

# Chosen by a search so that any two colours differ by at least 29 in CIELAB, for people with
# normal, deuteranopic, protanopic or tritanopic vision; in the usual colours of CamVid's masks
# the closest two, building and pedestrian, differ by 6.
PALETTE = (
    (11, 165, 255),
    (126, 1, 3),
    (203, 255, 238),
    (80, 52, 82),
    (161, 165, 190),
    (63, 120, 84),
    (250, 251, 0),
    (215, 172, 108),
    (0, 20, 167),
    (245, 142, 28),
    (154, 59, 165),
    (0, 0, 0),
)

NEAR = 2.0  # metres: nothing is drawn closer to the camera

Point = tuple[float, float]
Colour = np.ndarray


@dataclass
class View:
    """The camera, the picture and the mask."""

    height: int
    width: int
    rng: np.random.Generator
    picture: Image.Image = field(init=False)
    mask: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        self.picture = Image.new("RGB", (self.width, self.height))
        self.mask = Image.new("L", (self.width, self.height), VOID)
        self._colours, self._classes = ImageDraw.Draw(self.picture), ImageDraw.Draw(self.mask)
        self.focal = 0.95 * self.width
        self.eye = self.rng.uniform(1.3, 1.7)  # metres above the road
        self.centre_x = self.width * self.rng.uniform(0.4, 0.6)
        self.horizon = self.height * self.rng.uniform(0.42, 0.52)
        self.haze = np.array([200, 208, 216]) * self.rng.uniform(0.75, 1.1)

    def project(self, x: float, y: float, z: float) -> Point:
        """Give the pixel of a point x metres right, y above the road and z ahead."""
        scale = self.focal / max(z, NEAR)
        return self.centre_x + x * scale, self.horizon + (self.eye - y) * scale

    def faded(self, colour: Colour, z: float) -> tuple[int, int, int]:
        """Mix a colour with the haze in the distance."""
        share = min(z / 220, 0.45)
        mixed = (1 - share) * np.asarray(colour) + share * self.haze
        return tuple(int(v) for v in np.clip(mixed, 0, 255))

    def polygon(self, points: list[tuple[float, float, float]], colour: Colour, label: int) -> None:
        """Draw a flat shape given by its corners in metres."""
        pixels = [self.project(*point) for point in points]
        depth = min(point[2] for point in points)
        self._colours.polygon(pixels, fill=self.faded(colour, depth))
        self._classes.polygon(pixels, fill=label)

    def upright(
        self, x: Point, y: Point, z: float, colour: Colour, label: int, *, oval: bool = False
    ) -> None:
        """Draw a rectangle or oval that faces the camera, between two x and two y."""
        left, top = self.project(min(x), max(y), z)
        right, bottom = self.project(max(x), min(y), z)
        box = (left, top, max(right, left), max(bottom, top))
        for draw, fill in ((self._colours, self.faded(colour, z)), (self._classes, label)):
            (draw.ellipse if oval else draw.rectangle)(box, fill=fill)

    def ring(self, x: float, y: float, z: float, radius: float, colour: Colour, label: int) -> None:
        """Draw a wheel that faces the camera."""
        left, top = self.project(x - radius, y + radius, z)
        right, bottom = self.project(x + radius, y - radius, z)
        thick = max(1, round(0.09 * self.focal / z))
        for draw, fill in ((self._colours, self.faded(colour, z)), (self._classes, label)):
            draw.ellipse((left, top, right, bottom), outline=fill, width=thick)

    def sky(self, high: Colour, low: Colour) -> None:
        """Fill picture and mask with a sky between two colours, with soft clouds."""
        rows = np.linspace(0, 1, self.height)[:, None] * self.height / self.horizon
        shades = high + np.clip(rows, 0, 1) * (low - high)
        strip = np.repeat(shades[:, None], self.width, axis=1)
        clouds = Image.fromarray(self.rng.integers(0, 255, (5, 7), dtype="uint8"))
        clouds = clouds.resize((self.width, self.height), Image.BICUBIC)
        cover = np.clip((np.asarray(clouds, "float32") - 120) / 130, 0, 1)[..., None]
        strip = strip + 0.6 * cover * (245 - strip)
        self.picture.paste(Image.fromarray(np.clip(strip, 0, 255).astype("uint8")))
        self.mask.paste(SKY, (0, 0, self.width, self.height))


# How rough the surfaces of each class look: standard deviation of their grain, in grey levels.
_GRAIN = np.array([2, 7, 4, 7, 7, 22, 4, 8, 4, 8, 8, 7], "float32")


def photographed(picture: Image.Image, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add the grain of the surfaces, uneven light, and the camera's blur, cast and noise."""
    height, width = mask.shape
    values = np.asarray(picture, "float32")
    grain = rng.normal(0, 1, (height, width)).astype("float32")
    values = values + (grain * _GRAIN[mask])[..., None]
    blurred = Image.fromarray(np.clip(values, 0, 255).astype("uint8"))
    values = np.asarray(blurred.filter(ImageFilter.GaussianBlur(0.0016 * width)), "float32")
    patches = Image.fromarray(rng.integers(0, 255, (4, 5), dtype="uint8"))
    light = np.asarray(patches.resize((width, height), Image.BICUBIC), "float32") / 255
    values *= (0.82 + 0.36 * light)[..., None]
    contrast, exposure = rng.uniform(0.75, 1.15), rng.uniform(0.7, 1.2)
    values = ((values - 120) * contrast + 120) * exposure * rng.normal(1, 0.04, 3)
    values += rng.normal(0, rng.uniform(2, 7), values.shape)
    return np.clip(values, 0, 255).astype("uint8")
