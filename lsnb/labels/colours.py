"""Label colours: the first eight can be told apart with any colour vision, the next are far from them."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from functools import lru_cache

# Okabe and Ito (2008), Color Universal Design, "Set of colors that is unambiguous both to colorblinds and
# non-colorblinds"; black last, since it is the hardest to see over a photograph.
OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000")


@lru_cache(maxsize=8)
def palette(n: int) -> tuple[str, ...]:
    """Return ``n`` different colours as ``#RRGGBB``; a longer palette begins with the shorter one.

    Args:
        n: Number of colours, 0 or more.

    Example:
        >>> palette(2)
        ('#E69F00', '#56B4E9')
        >>> len(set(palette(70)))
        70
    """
    return tuple(_extend(list(OKABE_ITO[:n]), n))


def next_colours(used: Iterable[str], n: int) -> list[str]:
    """Return ``n`` colours of the palette that are not in ``used``, as far as there are any.

    Args:
        used: Colours that are taken, as ``#RRGGBB`` in any case; other spellings are ignored.
        n: Number of colours.

    Example:
        >>> next_colours(["#e69f00"], 2)
        ['#56B4E9', '#009E73']
    """
    taken = {colour.upper() for colour in used}
    return [colour for colour in palette(len(taken) + n) if colour not in taken][:n]


def _extend(chosen: list[str], n: int) -> list[str]:
    """Add, one at a time, the candidate that is farthest from all colours chosen so far."""
    if len(chosen) >= n:
        return chosen
    candidates = _candidates(n)
    labs = {colour: _lab(colour) for colour in candidates}
    gaps = {colour: min(_gap(labs[colour], _lab(other)) for other in chosen) for colour in candidates}
    while len(chosen) < n:
        best = max(candidates, key=lambda colour: gaps[colour])
        chosen.append(best)
        for colour in candidates:
            gaps[colour] = min(gaps[colour], _gap(labs[colour], labs[best]))
    return chosen


def _candidates(n: int) -> list[str]:
    """Return a grid of colours that are neither near white nor near black, more than twice ``n`` of them."""
    # The grid must not depend on n below its first step, or a longer palette would not extend a shorter one.
    hues = 36 if n <= 150 else 36 * (n // 150 + 1)
    grid = [
        colorsys.hls_to_rgb(hue / hues, lightness, saturation)
        for hue in range(hues)
        for lightness in (0.3, 0.42, 0.55, 0.68, 0.8)
        for saturation in (0.45, 0.75, 1.0)
    ]
    hexed = ("#{:02X}{:02X}{:02X}".format(*(round(255 * part) for part in rgb)) for rgb in grid)
    return list(dict.fromkeys(colour for colour in hexed if colour not in OKABE_ITO))


def _lab(colour: str) -> tuple[float, float, float]:
    """Return CIELAB coordinates (D65), where distance is near what the eye sees."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in (red, green, blue))
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _gap(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    return sum((p - q) ** 2 for p, q in zip(a, b, strict=True))
