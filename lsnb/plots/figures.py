"""What all figures share: how they show themselves, and colours that everybody can tell apart."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

# Okabe & Ito's colours, which people with any colour vision tell apart (Color Universal Design, 2008).
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MISSING = "#EEEEEE"


class Picture(Figure):
    """A matplotlib figure that a notebook shows without pyplot, and in which every text is what it says.

    Names, labels and answers come from people and files; matplotlib takes what stands between two ``$`` for a formula.
    """

    def draw(self, renderer: Any) -> None:
        """Draw the figure.

        Args:
            renderer: matplotlib's.
        """
        for text in self.findobj(Text):
            text.set_parse_math(False)
            text.set_usetex(False)
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()


def shortened(text: str, limit: int = 24) -> str:
    """Return a text cut to a length.

    Example:
        >>> shortened("a long text", 6)
        'a lon…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def only_words(figure: Picture, axes: Any, words: str) -> Picture:
    """Return a figure that says why there is nothing to draw.

    Args:
        figure: The figure.
        axes: Its only axes.
        words: What to say.
    """
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", wrap=True, transform=axes.transAxes)
    return figure
