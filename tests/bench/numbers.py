"""What is made of measured numbers: medians, ratios, and how they are written.

Sizes are decimal: a MB is a million bytes.
"""

from collections.abc import Sequence
from statistics import median
from typing import Final

NOT_MEASURED: Final = "not measured here"


def ratio(of: Sequence[float], to: Sequence[float]) -> float | None:
    """Return the median of the one over the median of the other; None where there is none."""
    if not of or not to or not median(to):
        return None
    return median(of) / median(to)


def seconds(value: float | None) -> str:
    """Write a time in seconds, two digits behind the point below ten, else one."""
    if value is None:
        return NOT_MEASURED
    return f"{value:.2f} s" if value < 9.995 else f"{value:.1f} s"


def size(value: int | None) -> str:
    """Write a number of bytes with a unit that leaves two to four digits."""
    if value is None:
        return NOT_MEASURED
    if value < 10**4:
        return f"{value} B"
    for unit, scale in (("kB", 10**3), ("MB", 10**6)):
        if value < 999.5 * scale:
            return f"{value / scale:.0f} {unit}" if value >= 9.95 * scale else _short(value, unit)
    return f"{value / 10**9:.2f} GB"


def _short(value: int, unit: str) -> str:
    return f"{value / (10**6 if unit == 'MB' else 10**3):.1f} {unit}"


def count(value: int) -> str:
    """Write a number with a space between thousands."""
    return f"{value:,}".replace(",", " ")


def milliseconds(value: float | None) -> str:
    """Write a time given in seconds as whole milliseconds."""
    return NOT_MEASURED if value is None else f"{value * 1000:.0f} ms"
