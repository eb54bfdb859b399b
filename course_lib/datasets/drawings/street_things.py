"""The things in a street: each is painted x metres to the right and z metres ahead."""

from __future__ import annotations

import numpy as np

from course_lib.datasets.drawings.street_view import (
    BUILDING,
    CAR,
    CYCLIST,
    FENCE,
    PEDESTRIAN,
    POLE,
    ROAD,
    SIGN,
    TREE,
    VOID,
    Colour,
    View,
)


def grey(rng: np.random.Generator, low: float, high: float, tint: float = 8) -> Colour:
    """Give a grey between two levels with a slight tint."""
    return rng.uniform(low, high) + rng.normal(0, tint, 3)


def bright(rng: np.random.Generator) -> Colour:
    """Give any colour."""
    return rng.integers(25, 225, 3).astype(float)


def house(
    view: View, rng: np.random.Generator, side: int, wall: float, start: float, end: float
) -> None:
    """Paint a terraced house from `start` to `end` metres ahead along the line `wall`."""
    top = rng.uniform(5.5, 13)
    brick = np.array(
        [[158, 96, 74], [190, 170, 140], [172, 160, 150], [206, 198, 184], [122, 88, 74]]
    )
    colour = brick[rng.integers(5)] + rng.normal(0, 12, 3)
    lit = rng.uniform(0.75, 1.1)
    back = wall + side * 9
    roof = rng.random() < 0.6
    if roof:
        ridge, slate = wall + side * 4.5, grey(rng, 60, 110, 8)
        peak = top + rng.uniform(1.5, 3)
        slope = [(wall, top, start), (wall, top, end), (ridge, peak, end), (ridge, peak, start)]
        view.polygon(slope, slate, BUILDING)
        gable = [(wall, top, start), (ridge, peak, start), (back, top, start)]
        view.polygon(gable, colour * lit * 0.75, BUILDING)
    view.upright((wall, back), (0, top), start, colour * lit * 0.75, BUILDING)
    front = [(wall, 0, start), (wall, top, start), (wall, top, end), (wall, 0, end)]
    view.polygon(front, colour * lit, BUILDING)
    storeys = max(2, int(top // 2.9))
    glass, frame = grey(rng, 50, 120, 10), np.array([225, 222, 214.0])
    pitch = rng.uniform(2.4, 3.4)
    for z in np.arange(start + 0.8, end - 1.4, pitch):
        for storey in range(storeys):
            low = storey * top / storeys + 0.9
            high = low + 0.5 * top / storeys
            if storey == 0 and rng.random() < 0.25:
                low, high = 0.05, 2.1  # a door
            for margin, shade in ((0.12, frame), (0.0, glass * rng.uniform(0.7, 1.25))):
                a, b = z - margin, z + 1.2 + margin
                lo, hi = low - margin, high + margin
                pane = [(wall, lo, a), (wall, hi, a), (wall, hi, b), (wall, lo, b)]
                view.polygon(pane, shade * lit, BUILDING)


def fence(
    view: View, rng: np.random.Generator, side: int, wall: float, start: float, end: float
) -> None:
    """Paint a wooden fence in the same place."""
    top = rng.uniform(1.1, 1.9)
    colour = np.array([118, 92, 66]) + rng.normal(0, 18, 3)
    panel = [(wall, 0, start), (wall, top, start), (wall, top, end), (wall, 0, end)]
    view.polygon(panel, colour, FENCE)
    for z in np.arange(start, end, 0.5):
        slat = [(wall, 0, z), (wall, top, z), (wall, top, z + 0.09), (wall, 0, z + 0.09)]
        view.polygon(slat, colour * 0.7, FENCE)


def tree(view: View, rng: np.random.Generator, x: float, z: float) -> None:
    """Paint a tree with a crown of leaves."""
    trunk, crown = rng.uniform(1.8, 3.2), rng.uniform(1.4, 2.6)
    bark = np.array([88, 70, 54]) + rng.normal(0, 8, 3)
    view.upright((x - 0.16, x + 0.16), (0, trunk + crown), z, bark, TREE)
    leaf = np.array([72, 104, 48]) + rng.normal(0, 14, 3)
    for i in range(34):
        angle, reach = rng.uniform(0, 2 * np.pi), crown * np.sqrt(rng.random())
        cx, cy = x + reach * np.cos(angle), trunk + crown + 1.1 * reach * np.sin(angle)
        r = rng.uniform(0.25, 0.6) * crown * 0.6
        light = 0.7 + 0.25 * np.sin(angle) * reach / crown + 0.35 * i / 34
        shade = leaf * light + rng.normal(0, 6, 3)
        view.upright((cx - r, cx + r), (cy - r, cy + r), z, shade, TREE, oval=True)


def lamp(view: View, rng: np.random.Generator, x: float, z: float, side: float) -> None:
    """Paint a street lamp whose arm hangs over the road."""
    top, colour = rng.uniform(5, 7.5), grey(rng, 70, 130, 5)
    view.upright((x - 0.09, x + 0.09), (0, top), z, colour, POLE)
    view.upright((x, x - side * 1.2), (top - 0.12, top), z, colour, POLE)
    view.upright((x - side * 0.9, x - side * 1.5), (top - 0.22, top), z, colour * 1.3, POLE)


def sign(view: View, rng: np.random.Generator, x: float, z: float) -> None:
    """Paint a traffic sign on its post."""
    top = rng.uniform(2.1, 2.9)
    view.upright((x - 0.06, x + 0.06), (0, top), z, np.array([130, 130, 132.0]), POLE)
    rim = np.array([[196, 40, 42], [34, 72, 168], [222, 186, 40], [38, 120, 66]])[rng.integers(4)]
    r, is_round = rng.uniform(0.36, 0.6), bool(rng.random() < 0.5)
    face = rim if rng.random() < 0.4 else np.array([235, 235, 230])
    for size, colour in ((r, rim), (0.7 * r, face)):
        y = (top - size, top + size)
        view.upright((x - size, x + size), y, z, colour, SIGN, oval=is_round)


def car(view: View, rng: np.random.Generator, x: float, z: float, side: float) -> None:
    """Paint a car from behind, with the flank that the camera sees."""
    paint = np.array([grey(rng, 30, 220, 4), bright(rng), [150, 30, 36], [40, 60, 120]])[
        rng.integers(4)
    ]
    w, h, length = rng.uniform(0.8, 0.92), rng.uniform(1.4, 1.65), rng.uniform(3.8, 4.6)
    far, waist = z + length, 0.85
    glass = np.array([45, 52, 60.0])
    shadow = [
        (x - w - 0.1, 0, z - 0.2),
        (x + w + 0.1, 0, z - 0.2),
        (x + w, 0, far),
        (x - w, 0, far),
    ]
    view.polygon(shadow, np.array([35, 35, 38.0]), ROAD)
    # The flank that the camera sees is the one that turns to the middle of the picture.
    flank = x - w if x > 0 else x + w
    body = [(flank, 0.3, z), (flank, waist, z), (flank, waist, far), (flank, 0.3, far)]
    view.polygon(body, paint * 0.8, CAR)
    cabin = [
        (flank, waist, z + 0.2),
        (flank, h, z + 0.6),
        (flank, h, far - 1.6),
        (flank, waist, far - 0.8),
    ]
    view.polygon(cabin, glass, CAR)
    for at in (z + 0.8, far - 0.8):
        wheel = [
            (flank, 0.33 + 0.33 * np.sin(t), at + 0.33 * np.cos(t))
            for t in np.linspace(0, 6.28, 14)
        ]
        view.polygon(wheel, np.array([24, 24, 26.0]), CAR)
    roof = [(x - w * 0.85, h, z + 0.6), (x + w * 0.85, h, z + 0.6), (x + w * 0.85, h, far - 1.6)]
    view.polygon([*roof, (x - w * 0.85, h, far - 1.6)], paint * 1.1, CAR)
    for s in (-0.75, 0.75):
        view.upright(
            (x + s * w - 0.14, x + s * w + 0.14), (0, 0.4), z, np.array([22, 22, 24.0]), CAR
        )
    view.upright((x - w, x + w), (0.28, waist + 0.1), z, paint, CAR)
    rear = [(x - w, waist, z), (x - w * 0.82, h, z), (x + w * 0.82, h, z), (x + w, waist, z)]
    view.polygon(rear, paint, CAR)
    pane = [(x - w * 0.8, waist + 0.1, z), (x - w * 0.7, h - 0.1, z)]
    view.polygon([*pane, (x + w * 0.7, h - 0.1, z), (x + w * 0.8, waist + 0.1, z)], glass, CAR)
    for s in (-1, 1):
        lamp = (x + s * w, x + s * (w - 0.2))
        view.upright(lamp, (waist - 0.2, waist + 0.05), z, np.array([190, 36, 34.0]), CAR)
    view.upright((x - 0.26, x + 0.26), (0.5, 0.62), z, np.array([226, 206, 90.0]), CAR)


def pedestrian(view: View, rng: np.random.Generator, x: float, z: float) -> None:
    """Paint somebody on foot."""
    h = rng.uniform(1.5, 1.85)
    trousers, coat = grey(rng, 25, 100, 10), bright(rng)
    stride = rng.uniform(0.03, 0.14)
    for s in (-1, 1):
        view.upright(
            (x + s * stride - 0.08, x + s * stride + 0.08), (0, h * 0.5), z, trousers, PEDESTRIAN
        )
    view.upright((x - 0.23, x + 0.23), (h * 0.45, h * 0.85), z, coat, PEDESTRIAN)
    for s in (-1, 1):
        arm = (x + s * 0.2, x + s * 0.31)
        view.upright(arm, (h * 0.46, h * 0.82), z, coat * 0.85, PEDESTRIAN)
    skin = np.array([[226, 186, 158], [150, 104, 76], [92, 62, 46]])[rng.integers(3)]
    view.upright((x - 0.12, x + 0.12), (h * 0.86, h), z, skin, PEDESTRIAN, oval=True)


def cyclist(view: View, rng: np.random.Generator, x: float, z: float) -> None:
    """Paint somebody on a bicycle."""
    turn = rng.uniform(0.25, 0.5)  # half the distance between the wheels as we see it
    tyre, coat = np.array([30, 30, 32.0]), bright(rng)
    for s in (-1, 1):
        view.ring(x + s * turn, 0.34, z, 0.34, tyre, CYCLIST)
    view.upright((x - turn, x + turn), (0.55, 0.64), z, bright(rng), CYCLIST)
    view.upright((x - 0.1, x + 0.12), (0.35, 1.0), z, grey(rng, 25, 90), CYCLIST)
    lean = 0.15 * np.sign(rng.normal())
    torso = [(x - 0.18, 0.9, z), (x + 0.18, 0.9, z), (x + lean + 0.24, 1.5, z)]
    view.polygon([*torso, (x + lean - 0.24, 1.5, z)], coat, CYCLIST)
    head = (x + lean - 0.12, x + lean + 0.12)
    view.upright(head, (1.5, 1.8), z, bright(rng), CYCLIST, oval=True)


def litter_bin(view: View, rng: np.random.Generator, x: float, z: float) -> None:
    """Paint a litter bin, which CamVid leaves without a class."""
    w, top = rng.uniform(0.2, 0.45), rng.uniform(0.8, 1.5)
    colour = np.array([[40, 80, 50], [160, 34, 38], [60, 60, 66]])[rng.integers(3)] * 1.0
    view.upright((x - w, x + w), (0, top), z, colour, VOID)
    view.upright((x - w, x + w), (top - 0.2, top), z, colour * 0.7, VOID)
