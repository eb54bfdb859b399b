"""Generated street scenes with a class for every pixel, in the classes of CamVid.

A small world is laid out in metres, seen by a camera in a car, and painted from far to near.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_lib.datasets.drawings.street_things import (
    car,
    cyclist,
    fence,
    grey,
    house,
    lamp,
    litter_bin,
    pedestrian,
    sign,
    tree,
)
from course_lib.datasets.drawings.street_view import (
    BUILDING,
    CLASS_NAMES,
    NEAR,
    PALETTE,
    PAVEMENT,
    ROAD,
    VOID,
    View,
    photographed,
)

__all__ = ["CLASS_NAMES", "PALETTE", "scenes"]

FAR = 90.0  # metres at which the street ends


def scenes(n: int, height: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Paint street scenes and their masks.

    Parameters
    ----------
    n : int
        Number of scenes.
    height, width : int
        Size in pixels; CamVid's is 360 by 480.
    seed : int
        The same seed gives the same scenes.

    Returns
    -------
    pictures : array of uint8, shape (n, height, width, 3)
    masks : array of uint8, shape (n, height, width)
        Indices into `CLASS_NAMES`; 11 is void.

    Examples
    --------
    >>> pictures, masks = scenes(2, 90, 120, seed=0)
    >>> pictures.shape, masks.shape, int(masks.max()) <= 11
    ((2, 90, 120, 3), (2, 90, 120), True)
    """
    pictures = np.empty((n, height, width, 3), "uint8")
    masks = np.empty((n, height, width), "uint8")
    for i, child in enumerate(np.random.SeedSequence(seed).spawn(n)):
        rng = np.random.default_rng(child)
        view = View(height, width, rng)
        _paint_street(view, rng)
        masks[i] = np.asarray(view.mask)
        pictures[i] = photographed(view.picture, masks[i], rng)
    return pictures, masks


def _paint_street(view: View, rng: np.random.Generator) -> None:
    half = rng.uniform(3.2, 5.0)  # metres from the middle of the road to its kerb
    offset = rng.uniform(-1.8, 0.3)  # of the road's middle: the camera drives on the left
    walk = rng.uniform(1.8, 3.2)  # width of a pavement
    overcast = rng.random() < 0.4
    high = grey(rng, 165, 215) if overcast else np.array([95, 145, 205]) + rng.normal(0, 15, 3)
    view.sky(high, high + rng.uniform(15, 50))
    _paint_ground(view, rng, half, offset, walk)

    jobs: list[tuple[float, Callable[[], None]]] = []  # depth, and what paints there
    for side in (-1, 1):
        kerb = offset + side * half
        wall = kerb + side * (walk + rng.choice([0.0, 0.6, 3.0]))
        _plan_row(jobs, view, rng, side, wall)
        _plan_furniture(jobs, view, rng, side, kerb, walk)
    for _ in range(rng.integers(0, 4)):
        x = offset + rng.choice([-0.5, 0.5]) * half + rng.normal(0, 0.2)
        z = rng.uniform(9, 55)
        jobs.append((z, lambda x=x, z=z: car(view, rng, x, z, 0)))
    for _ in range(rng.poisson(0.7)):
        x, z = offset + rng.choice([-0.8, 0.8]) * half, rng.uniform(7, 25)
        jobs.append((z, lambda x=x, z=z: cyclist(view, rng, x, z)))
    for _, paint in sorted(jobs, key=lambda job: -job[0]):
        paint()
    if rng.random() < 0.5:  # the bonnet of our own car
        reach, colour = rng.uniform(2.0, 4.0), grey(rng, 20, 90)
        bulge = [(x, 0.62 - 0.05 * x * x, 3.4) for x in np.linspace(-reach, reach, 12)]
        view.polygon([*bulge, (reach, -3, 3.4), (-reach, -3, 3.4)], colour, VOID)


def _paint_ground(
    view: View, rng: np.random.Generator, half: float, offset: float, walk: float
) -> None:
    grass = np.array([95, 115, 65]) + rng.normal(0, 10, 3)
    view.polygon([(-200, 0, NEAR), (200, 0, NEAR), (200, 0, 400), (-200, 0, 400)], grass, VOID)
    paving = grey(rng, 120, 175)
    outer = half + walk + 3.5
    strip = [(offset - outer, 0, NEAR), (offset + outer, 0, NEAR)]
    ahead = [(offset + outer, 0, 400), (offset - outer, 0, 400)]
    view.polygon(strip + ahead, paving, PAVEMENT)
    for z in np.arange(NEAR, 26, 1.6):  # joints between the slabs
        joint = [(offset - outer, 0, z), (offset + outer, 0, z)]
        back = [(offset + outer, 0, z * 1.012), (offset - outer, 0, z * 1.012)]
        view.polygon(joint + back, paving * 0.88, PAVEMENT)
    tar = grey(rng, 65, 125, 5)
    near, far = [(offset - half, 0, NEAR), (offset + half, 0, NEAR)], 400
    view.polygon([*near, (offset + half, 0, far), (offset - half, 0, far)], tar, ROAD)
    for side in (-1, 1):
        a, b = offset + side * half, offset + side * (half + 0.18)
        kerb = [(a, 0, NEAR), (b, 0, NEAR), (b, 0, far), (a, 0, far)]
        view.polygon(kerb, paving * 1.12, PAVEMENT)
    line = np.array([215, 215, 205.0])
    for z in np.arange(rng.uniform(3, 7), FAR, 7):
        a, b = offset - 0.09, offset + 0.09
        view.polygon([(a, 0, z), (b, 0, z), (b, 0, z + 3), (a, 0, z + 3)], line, ROAD)
    for _ in range(rng.integers(0, 5)):  # mended patches and shadows
        x, z = offset + rng.uniform(-half, half * 0.4), rng.uniform(4, 25)
        w, d = rng.uniform(0.5, half * 0.6), rng.uniform(1, 6)
        patch = [(x, 0, z), (x + w, 0, z), (x + w, 0, z + d), (x, 0, z + d)]
        view.polygon(patch, tar * rng.uniform(0.72, 1.1), ROAD)


def _plan_row(jobs: list, view: View, rng: np.random.Generator, side: int, wall: float) -> None:
    """Line one side of the street with houses, and with gaps that show trees and fences."""
    z = rng.uniform(-4, 3)
    while z < FAR:
        depth = rng.uniform(7, 20)
        start, end = max(z, NEAR), z + depth
        if end > NEAR + 1:
            if rng.random() < 0.76:
                paint = house
            else:
                paint = fence
                for _ in range(rng.integers(1, 4)):
                    x, at = wall + side * rng.uniform(2, 7), rng.uniform(start, end)
                    jobs.append((at + 0.1, lambda x=x, at=at: tree(view, rng, x, at)))
            jobs.append((start, lambda p=paint, a=start, b=end: p(view, rng, side, wall, a, b)))
        z = end + rng.choice([0.0, 0.0, 2.5])
    jobs.append((FAR + 5, lambda: _end_of_street(view, rng, side)))


def _plan_furniture(
    jobs: list, view: View, rng: np.random.Generator, side: int, kerb: float, walk: float
) -> None:
    """Put trees, lamps, signs, people, bins and parked cars along one kerb."""
    inside = kerb + side * 0.5

    def plan(paint: Callable[..., None], x: float, z: float, *more: float) -> None:
        jobs.append((z, lambda: paint(view, rng, x, z, *more)))

    if rng.random() < 0.45:
        for z in np.arange(rng.uniform(5, 14), 70, rng.uniform(9, 16)):
            plan(tree, inside, z)
    for z in np.arange(rng.uniform(6, 20), 70, rng.uniform(16, 28)):
        plan(lamp, inside, z, side)
    for _ in range(rng.integers(0, 3)):
        plan(sign, inside, rng.uniform(6, 35))
    for _ in range(rng.poisson(1.6)):
        plan(pedestrian, kerb + side * rng.uniform(0.5, walk), rng.uniform(6, 40))
    for _ in range(rng.poisson(0.5)):
        plan(litter_bin, kerb + side * rng.uniform(0.4, walk), rng.uniform(5, 25))
    if rng.random() < 0.6:
        z = rng.uniform(5, 20)
        while z < 60:
            if rng.random() < 0.7:
                plan(car, kerb - side * 1.05, z, side)
            z += rng.uniform(5.5, 7.5)


def _end_of_street(view: View, rng: np.random.Generator, side: int) -> None:
    for _ in range(4):
        x, w, top = side * rng.uniform(-2, 45), rng.uniform(6, 16), rng.uniform(5, 13)
        if rng.random() < 0.6:
            view.upright((x, x + w), (0, top), FAR, grey(rng, 90, 170, 14), BUILDING)
        else:
            tree(view, rng, x, FAR)
