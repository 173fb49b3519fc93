"""What all figures share: how they show themselves, and colours that everybody can tell apart."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from lsnb.kernel.words import counted, warn

# Okabe & Ito's colours, which people with any colour vision tell apart (Color Universal Design, 2008).
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MISSING = "#EEEEEE"
# Patterns for what comes after the last colour: each colour again, with lines or dots in it.
PATTERNS = ("////", "....", "xxxx", "\\\\\\\\", "++++", "oo", "||||", "----", "**")
LINES = ("-", "--", ":", "-.")
# What matplotlib says of each letter that its fonts lack, each time that it draws or measures one.
_LACKING = re.compile(r"Glyph (\d+) .*missing from")


@contextmanager
def lacking_letters() -> Iterator[list[str]]:
    """Gather the letters that no font here has, of which matplotlib warns one by one; other warnings go on."""
    found: list[str] = []
    with warnings.catch_warnings():
        say = warnings.showwarning

        def hear(message: Warning | str, *rest: Any, **more: Any) -> None:
            glyph = _LACKING.match(str(message))
            if glyph:
                found.append(chr(int(glyph[1])))
            else:
                say(message, *rest, **more)

        warnings.filterwarnings("always", _LACKING.pattern)
        warnings.showwarning = hear
        yield found


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
        with lacking_letters() as found:
            super().draw(renderer)
        told: set[str] = self.__dict__.setdefault("_told", set())
        new = [letter for letter in dict.fromkeys(found) if letter not in told]
        if new:
            told.update(new)
            shown = " ".join(letter if letter.isprintable() else f"U+{ord(letter):04X}" for letter in new[:12])
            warn(
                f"No font of this computer has {counted(len(new), 'letter')} of this picture ({shown}"
                f"{'…' if len(new) > 12 else ''}), drawn as boxes: install one that has, such as Noto Sans, and name "
                "it in matplotlib's rcParams['font.family']."
            )

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


def folded(text: str, width: float, size: float) -> str:
    """Return a text in lines, of which none is wider than a picture has room for, whatever letters it is in.

    Args:
        text: With lines of its own, which stay.
        width: In inches.
        size: Of the letters, in points.

    Example:
        >>> folded("nose jumped 42 px", 0.8, 8).splitlines()
        ['nose jumped', '42 px']
    """
    letters = FontProperties(size=size)

    def fits(words: str) -> bool:
        return float(text_to_path.get_text_width_height_descent(words, letters, ismath=False)[0]) <= width * 72

    lines = []
    with lacking_letters():  # the drawing says which
        for line in text.split("\n"):
            now = ""
            for word in line.split(" "):
                if now and not fits(f"{now} {word}"):
                    lines.append(now)
                    now = ""
                now = f"{now} {word}" if now else word
                while len(now) > 1 and not fits(now):
                    # A word of its own that has no room: as many letters as have.
                    most = next(count for count in range(len(now) - 1, 0, -1) if count == 1 or fits(now[:count]))
                    lines.append(now[:most])
                    now = now[most:]
            lines.append(now)
    return "\n".join(lines)


def apart(texts: Iterable[str], limit: int = 24) -> dict[str, str]:
    """Return text → the same cut to a length, so that different texts stay different.

    Where their beginnings are the same, what comes behind the words that all of these begin with is kept, or else what
    comes behind what some of them begin with, or their ends; where these are the same, too, they are numbered.

    Args:
        texts: The texts.
        limit: How many characters are left at most.

    Example:
        >>> list(apart(["Zustimmung, teilweise", "Zustimmung, gänzlich"], 12).values())
        ['Zu…teilweise', 'Zu…gänzlich']
        >>> list(apart(["short", "a long text"], 6).values())
        ['short', 'a lon…']
    """
    names = list(dict.fromkeys(texts))
    found = {name: name for name in names if len(name) <= limit}
    taken = set(found.values())
    for cut in (_beginning, _behind_words, _behind, _ending):
        left = [name for name in names if name not in found]
        short = cut(left, limit)
        counts = Counter(short.values())
        new = {name: text for name, text in short.items() if counts[text] == 1 and text not in taken}
        found |= new
        taken |= set(new.values())
    for name in names:
        number = 1
        while name not in found:
            text = f"{shortened(name, max(2, limit - len(f' ({number})')))} ({number})"
            if text not in taken:
                found[name] = text
                taken.add(text)
            number += 1
    return {name: found[name] for name in names}


def _beginning(names: list[str], limit: int) -> dict[str, str]:
    return {name: shortened(name, limit) for name in names}


def _behind_words(names: list[str], limit: int) -> dict[str, str]:
    """Return names without the words that all of them begin with behind their first letters."""
    shared = names[0][: _alike(names)] if names else ""
    word = max((place + 1 for place, letter in enumerate(shared) if not letter.isalnum()), default=0)
    kept = max(1, limit // 6)
    if len(names) < 2 or word <= kept + 1 or limit < 8:
        return {}
    rest = apart([name[word:] for name in names], limit - kept - 1)
    return {name: f"{name[:kept]}…{rest[name[word:]]}" for name in names}


def _behind(names: list[str], limit: int) -> dict[str, str]:
    """Return names without what those that begin alike have in common behind their first letters."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name[: limit - 1], []).append(name)
    kept = limit // 3
    found: dict[str, str] = {}
    for group in alike.values():
        same = _alike(group)
        # A word is kept whole where there is room: 11 and 21 would both be 1 behind what 11 and 16 have in common.
        word = group[0].rfind(" ", 0, same) + 1
        same = word if same - word <= kept // 2 else same
        found |= {name: f"{name[:kept]}…{shortened(name[same:], limit - kept - 1)}" for name in group}
    return found


def _alike(names: list[str]) -> int:
    """Return how many letters all names begin with."""
    letters = enumerate(zip(*names, strict=False))
    return next((place for place, here in letters if len({*here}) > 1), min(map(len, names)))


def _ending(names: list[str], limit: int) -> dict[str, str]:
    half = (limit - 1) // 2
    return {name: f"{name[: limit - 1 - half]}…{name[len(name) - half :]}" for name in names}


def look(number: int) -> dict[str, Any]:
    """Return how an area is filled that is the n-th of several: its colour, from the ninth on with a pattern, too.

    Example:
        >>> look(0)["hatch"], look(8)["hatch"], look(8)["facecolor"] == look(0)["facecolor"]
        ('', '////', True)
    """
    turn, color = divmod(number, len(COLORS))
    # Beyond all patterns they come again, denser.
    again, which = divmod(turn - 1, len(PATTERNS))
    pattern = PATTERNS[which] * (1 + again) if turn else ""
    dark = COLORS[color] in ("#000000", "#0072B2")
    return {"facecolor": COLORS[color], "hatch": pattern, "edgecolor": "white" if dark or not pattern else "black"}


def line_look(number: int) -> dict[str, Any]:
    """Return how a line is drawn that is the n-th of several: its colour, from the ninth on broken, too."""
    turn, color = divmod(number, len(COLORS))
    width = 1.8 + 0.9 * (turn // len(LINES))
    return {"color": COLORS[color], "linestyle": LINES[turn % len(LINES)], "linewidth": width}


def headline(figure: Picture, subject: str, words: str) -> None:
    """Write over a whole figure what it shows, in as many lines as it takes.

    Args:
        figure: The figure.
        subject: A control, a column or an item; empty where nothing has a name yet.
        words: What is shown of it.
    """
    across = int(12.5 * float(figure.get_size_inches()[0]))
    said = f"{shortened(subject, 60)}: {words}" if subject else words[:1].upper() + words[1:]
    figure.suptitle(textwrap.fill(said, across), fontsize=10)


def room_for(names: Sequence[str]) -> float:
    """Return how many inches a column of names takes, in the smallest letters."""
    return 0.075 * max((len(name) for name in names), default=0)


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


def legend_beside(figure: Picture, names: Sequence[str], *, lines: bool = False) -> None:
    """Write beside a figure what its colours and patterns stand for; of many names in several columns.

    Args:
        figure: The figure.
        names: What is the first, second and so on.
        lines: Whether they are drawn as lines.
    """
    said = apart(names)
    if lines:
        handles: list[Any] = [Line2D([], [], label=said[name], **line_look(n)) for n, name in enumerate(names)]
    else:
        handles = [Patch(label=said[name], **look(n)) for n, name in enumerate(names)]
    rows = max(1, int((float(figure.get_size_inches()[1]) - 0.2) / 0.19))
    figure.legend(
        handles=handles, fontsize=8, frameon=False, loc="outside right upper", ncols=max(1, -(-len(handles) // rows)),
        handleheight=1.0,
    )  # fmt: skip
