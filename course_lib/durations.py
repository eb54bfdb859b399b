"""Durations as people write them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a duration as people write it.

    Examples
    --------
    >>> duration(4.2), duration(192), duration(7265), duration(200_000)
    ('4 s', '3 min 12 s', '2 h 1 min', '2 d 7 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 2 * 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
