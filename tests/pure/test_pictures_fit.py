"""Every figure, rendered: no text is cut or lies over another or over a bar, and no two classes look alike."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from label_studio_tasks import annotation, result, task
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from shapely import Polygon, affinity

from lsnb import plots
from lsnb.annotations import long_table
from lsnb.plots.looks import apart, line_look, look
from lsnb.reliability import agreement, disputed, evaluate

SIZE = {"original_width": 640, "original_height": 480}
WORDS = ("Zustimmung", "Ablehnung", "Unentschieden", "Gleichgültigkeit", "Verunsicherung")


def german(number: int) -> str:
    """Forty letters that begin and end alike."""
    middle = f"{WORDS[number % len(WORDS)]} {number}"
    return f"überwiegend {middle}".ljust(28, "e") + " eingeschränkt"[: 40 - 28]


def people(n: int) -> list[str]:
    return [f"Projektmitarbeiterin Nr. {number} im Hauptseminar" if n > 2 else f"p{number}" for number in range(n)]


def answers(n: int, classes: int, items: int = 40) -> pd.DataFrame:
    chance = np.random.default_rng(n * 100 + classes)
    truth = chance.integers(0, classes, items)
    rows = []
    for who in people(n):
        said = np.where(chance.random(items) < 0.6, truth, chance.integers(0, classes, items))
        rows += [(f"videos/aufnahme_{item:03d}_morgens.mp4", who, german(code)) for item, code in enumerate(said)]
    table = pd.DataFrame(rows, columns=["item", "annotator", "value"])
    stamps = pd.date_range("2025-12-20", periods=30, freq="D", tz="UTC").strftime("%Y-%m-%dT09:00:00Z")
    return table.assign(
        control="Stimmung der Personen im Bild insgesamt", kind="choices", status="submitted", project=1, task=1,
        annotation=range(len(table)), updated_at=[stamps[number % 30] for number in range(len(table))],
    )  # fmt: skip


def marks(n: int, classes: int) -> pd.DataFrame:
    chance = np.random.default_rng(classes)
    given = []
    for number, who in enumerate(people(n)):
        at = np.sort(chance.integers(1, 900, classes + 5))
        cuts = [
            result(
                "timelinelabels",
                {"ranges": [{"start": int(a), "end": int(a + 40)}], "timelinelabels": [german(k % classes)]},
                id=f"{number}-{k}",
            )
            for k, a in enumerate(at)
        ]
        given.append(annotation(cuts, number + 1, by=who))
    return long_table([task(1, given, fps=10)])


def drawn(n: int, classes: int, pictures: int = 1) -> pd.DataFrame:
    chance = np.random.default_rng(classes)
    tasks = []
    for picture in range(pictures):
        given = []
        places = chance.uniform(5, 60, (min(classes, 6), 2))
        for number, who in enumerate(people(n)):
            boxes = []
            for k, (x, y) in enumerate(places + chance.normal(0, 2, places.shape)):
                box = {"x": x, "y": y, "width": 20, "height": 15, "rotation": 0, "rectanglelabels": [german(k)]}
                boxes.append(result("rectanglelabels", box, id=f"{number}-{k}", **SIZE))
            given.append(annotation(boxes, 100 * picture + number, by=who))
        tasks.append(task(picture, given))
    return long_table(tasks, raw=True)


def pointed(n: int, classes: int) -> pd.DataFrame:
    chance = np.random.default_rng(classes)
    places = chance.uniform(5, 95, (min(classes, 12), 2))
    given = []
    for number, who in enumerate(people(n)):
        points = [
            result(
                "keypointlabels",
                {"x": x, "y": y, "width": 1, "keypointlabels": [german(k)]},
                id=f"{number}-{k}",
                **SIZE,
            )
            for k, (x, y) in enumerate((places + chance.normal(0, 1.5, places.shape)).clip(1, 99).tolist())
        ]
        given.append(annotation(points, number, by=who))
    return long_table([task(0, given)], raw=True)


def model_of(table: pd.DataFrame) -> pd.DataFrame:
    first = table[table["annotator"] == table["annotator"].iloc[0]]
    labels = sorted(table["value"].unique())
    said = [value if n % 3 else labels[n % len(labels)] for n, value in enumerate(first["value"])]
    return pd.DataFrame({"ID": first["item"].to_numpy(), "Antwort": said})


def progress_of(n: int) -> pd.DataFrame:
    return pd.DataFrame({"annotator": people(n), "tasks": 400, "done": range(n), "skipped": 3}).assign(
        done=lambda t: t["done"] * 397 // max(1, n - 1)
    )


def confusion(n: int, classes: int) -> Figure:
    table = answers(n, classes, 120)
    first = table[table["annotator"] == people(n)[0]][["item", "value"]]
    return plots.confusion_matrix(evaluate(model_of(table), first, key="ID", column="Antwort", resamples=0))


def sheet(n: int, classes: int) -> Figure:
    table = drawn(n, classes, 3)
    worst = disputed(table, "c")
    if worst.empty:
        worst = pd.DataFrame({"item": ["0"], "n": [1], "disagreement": [0.5], "answers": ["; ".join(people(n))]})
    return plots.contact_sheet(worst, {}, annotations=table, control="c")


def keyed(n: int, classes: int) -> Figure:
    table = answers(n, classes)
    return plots.agreement_matrix(agreement(table, table["control"].iloc[0], resamples=0))


CHARTS: dict[str, Callable[[int, int], Figure]] = {
    "label_distribution": lambda n, c: plots.label_distribution(answers(n, c), answers(1, 3)["control"].iloc[0]),
    "agreement_matrix": keyed,
    "confusion_matrix": confusion,
    "disagreement_map": lambda n, c: plots.disagreement_map(answers(n, c, 12), answers(1, 3)["control"].iloc[0]),
    "progress": lambda n, c: plots.progress(progress_of(n)),
    "annotations_per_day": lambda n, c: plots.annotations_per_day(answers(n, c)),
    "timeline": lambda n, c: plots.timeline(marks(n, c), "1", "c"),
    "overlay": lambda n, c: plots.overlay(drawn(n, c), "0", "c"),
    "points": lambda n, c: plots.overlay(pointed(n, c), "0", "c"),
    "overlays": lambda n, c: plots.overlays(drawn(n, c, 2), {}, "c"),
    "contact_sheet": sheet,
}


def visible(figure: Figure) -> Iterator[tuple[Text, Bbox]]:
    """Return each text that is seen, and its box."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    hidden = set()
    for axes in figure.axes:
        # Ticks beyond the limits are there and not drawn; so are those of axes that are off.
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted(limits)
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                if not axes.axison or not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {id(tick.label1), id(tick.label2)}
            if not axes.axison:
                hidden |= {id(axis.label), id(axis.offsetText)}
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            yield text, text.get_window_extent(renderer)


def covered(text: Text, box: Bbox) -> Polygon:
    """Return what a text covers, whose upright box about it has the same middle."""
    turned = text.get_rotation()
    text.set_rotation(0)
    flat = text.get_window_extent()
    text.set_rotation(turned)
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    plain = shapely.box(x - flat.width / 2, y - flat.height / 2, x + flat.width / 2, y + flat.height / 2)
    return affinity.rotate(plain, turned, origin=(x, y))


def faults(figure: Figure) -> list[str]:
    """Return what is cut, and which texts lie over each other."""
    found = list(visible(figure))
    wide, high = figure.bbox.width, figure.bbox.height
    said = [
        f"cut: {text.get_text()!r}"
        for text, box in found
        if box.x0 < -1 or box.y0 < -1 or box.x1 > wide + 1 or box.y1 > high + 1
    ]
    for (one, a), (other, b) in itertools.combinations(found, 2):
        if one.get_rotation() or other.get_rotation():
            first, second = covered(one, a), covered(other, b)
            if first.intersection(second).area > 0.1 * min(first.area, second.area):
                said.append(f"over each other: {one.get_text()!r} and {other.get_text()!r}")
            continue
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 1 and down > 0.3 * min(a.height, b.height):
            said.append(f"over each other: {one.get_text()!r} and {other.get_text()!r}")
    return said


def covers(figure: Figure) -> list[str]:
    """Return the labels that lie over a mark in a picture."""
    found = list(visible(figure))
    marks = [
        (x, y)
        for axes in figure.axes
        for line in axes.lines
        if line.get_marker() not in ("", "None", None)
        for x, y in axes.transData.transform(line.get_xydata())
    ]
    return [
        text.get_text()
        for text, box in found
        if any(box.x0 - 2 < x < box.x1 + 2 and box.y0 - 2 < y < box.y1 + 2 for x, y in marks)
    ]


# One cell of the grid for each, the fullest that is quick.
SMALL = {
    "points": (5, 9),
    "timeline": (2, 9),
    "contact_sheet": (2, 9),
    "overlays": (2, 9),
    "overlay": (5, 9),
    "disagreement_map": (5, 9),
}
GRID = [(n, c) for n in (1, 2, 5, 12) for c in (3, 9, 30)]


def check(name: str, n: int, classes: int, folder: Path | None = None) -> None:
    figure = CHARTS[name](n, classes)
    assert not faults(figure), (n, classes)
    assert name != "points" or (figure.axes[0].lines and not covers(figure))
    for axes in figure.axes:
        # Turned labels of ticks are one line apart at least.
        places = [label.get_position()[0] for label in axes.get_xticklabels() if label.get_rotation()]
        if len(places) > 1:
            pixels = axes.transData.transform([(place, 0) for place in places])[:, 0]
            assert np.diff(np.sort(pixels)).min() > 10
        shown = [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels()) if label.get_text()]
        ticks = [[label.get_text() for label in labels] for labels in (axes.get_xticklabels(), axes.get_yticklabels())]
        assert all(len(set(texts)) == len(texts) for texts in ticks), shown
        # Nothing that is written lies outside of the room that the picture leaves for bars.
    legends = [legend for legend in (*figure.legends, *(axes.get_legend() for axes in figure.axes)) if legend]
    for legend in legends:
        texts = [text.get_text() for text in legend.get_texts()]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", CHARTS)
def test_nothing_is_cut_or_over_another(name):
    check(name, *SMALL.get(name, (12, 30)))


@pytest.mark.exhaustive
@pytest.mark.parametrize(("n", "classes"), GRID)
@pytest.mark.parametrize("name", CHARTS)
def test_the_whole_grid(name, n, classes):
    check(name, n, classes)


def test_no_two_classes_look_alike():
    areas = [tuple(sorted(look(number).items())) for number in range(100)]
    lines = [tuple(sorted(line_look(number).items())) for number in range(100)]
    assert len(set(areas)) == len(set(lines)) == 100


def test_long_names_stay_different():
    names = [german(number) for number in range(30)] + ["kurz", german(3)[:24]]
    short = apart(names)
    assert len(set(short.values())) == len(set(names))
    assert max(len(text) for text in short.values()) <= 24
    same = [f"{'gleich' * 10}{number}{'gleich' * 10}" for number in range(12)]
    assert len(set(apart(same, 20).values())) == 12
    assert apart(["a", "b"]) == {"a": "a", "b": "b"}
    # What they share goes first, not the word that tells them apart.
    assert all(WORDS[number % 5][:4] in text for number, text in enumerate(apart(names[:30], 18).values()))
    # A number says nothing of which text it is, where words tell them apart.
    assert not any(text.endswith(")") for text in apart([german(number) for number in range(30)]).values())


def test_less_than_chance_is_not_chance():
    less = pd.DataFrame({"item": list("1234") * 2, "annotator": ["a"] * 4 + ["b"] * 4, "value": list("xyxyyxyx")})
    figure = plots.agreement_matrix(agreement(less.assign(control="c", status="submitted"), "c", resamples=0))
    image = figure.axes[0].images[0]
    minus, none, full = (tuple(image.cmap(image.norm(kappa))) for kappa in (-1.0, 0.0, 1.0))
    assert len({minus, none, full}) == 3
    assert figure.axes[0].texts[0].get_text().startswith("-1.00")


def test_an_annotator_has_one_colour_in_all_pictures():
    place = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 40.0, "value": "car"}
    rows = [
        {"item": item, "annotator": who, "region": f"{item}{who}", **place} for item, who in ("1a", "1b", "2b", "2c")
    ]
    table = pd.DataFrame(rows).assign(control="box", kind="rectanglelabels", status="submitted")
    figure = plots.overlays(table, {})
    colors = [[patch.get_edgecolor() for patch in axes.patches] for axes in figure.axes]
    assert colors[0][1] == colors[1][0]
    assert len({*colors[0], *colors[1]}) == 3
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore:No font")
@pytest.mark.parametrize(
    ("reason", "video"),
    [
        (
            "左前足の先端の尤度が低い0.12、右耳は通常の姿勢から百二十三ピクセル離れている",
            "実験一回目の動画の名前が長い場合左側カメラ",
        ),
        ("W" * 80, "W" * 40),
        ("вероятность левой передней лапы 0.12; правое ухо отклонено на 123 пикселя", "видео"),
        ("likelihood of left_hind_paw_tip_outer 0.12; right_ear 1234 px off the usual poses", "session_left_side_view"),
    ],
)
@pytest.mark.parametrize("frames", [2, 7])
def test_a_sheet_of_frames_has_room_for_what_is_said_in_any_letters(frames: int, reason: str, video: str) -> None:
    table = pd.DataFrame(
        {
            "video": [f"{video}_{place % 2}.mp4" for place in range(frames)],
            "frame": range(frames),
            "time": np.arange(frames) * 40.04,
            "reason": [reason if place % 3 else f"{reason[::-1]}" for place in range(frames)],
        }
    )
    figure = plots.contact_sheet(table, [np.zeros((48, 64, 3), dtype="uint8")] * frames)
    assert not faults(figure)


def test_letters_that_no_font_has_are_said_once_in_a_sentence() -> None:
    reasons = ["\ue123 jumped 42 px", "nose \ue124\u0001 0.12", "left_ear jumped"]
    table = pd.DataFrame({"video": "a.mp4", "frame": range(3), "time": np.arange(3.0), "reason": reasons})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        figure = plots.contact_sheet(table, [np.zeros((48, 64, 3), dtype="uint8")] * 3)
        FigureCanvasAgg(figure).draw()
        figure._repr_png_()
    (one,) = map(str, (each.message for each in said))
    assert one.startswith(
        "No font of this computer has 3 letters of this picture (U+E123 U+E124 U+0001), drawn as boxes"
    )


def test_other_warnings_of_a_drawing_go_on() -> None:
    figure = plots.Picture()

    class Odd(Text):
        def draw(self, renderer: object) -> None:
            warnings.warn("something else", RuntimeWarning, stacklevel=1)

    figure.add_artist(Odd())
    with pytest.warns(RuntimeWarning, match="something else"):
        FigureCanvasAgg(figure).draw()
