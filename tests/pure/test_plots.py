"""Figures that say what the tables say, and touch nothing else."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from label_studio_sdk.converter import brush
from label_studio_tasks import D1, annotation, choice, result, task
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from lsnb import plots
from lsnb.annotations import long_table
from lsnb.errors import InputError, MissingFileError
from lsnb.reliability import agreement, disputed, evaluate, gold


def long(votes: dict[str, list], kind: str = "choices") -> pd.DataFrame:
    rows = [
        (str(n), who, value) for who, values in votes.items() for n, value in enumerate(values) if value is not None
    ]
    table = pd.DataFrame(rows, columns=["item", "annotator", "value"])
    return table.assign(control="c", kind=kind, status="submitted")


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def lengths(figure) -> list[list[float]]:
    return [[round(bar.get_width(), 4) for bar in bars] for bars in figure.axes[0].containers]


def is_png(figure) -> bool:
    return figure._repr_png_().startswith(b"\x89PNG")


def test_the_matrix_shows_each_pair_twice():
    figure = plots.agreement_matrix(agreement(long(D1), "c"))
    assert sorted(words(figure)) == sorted(["0.27\n(4)", "0.58\n(5)", "0.20\n(4)"] * 2)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["A", "B", "C"]
    assert is_png(figure)


def test_a_matrix_of_what_cannot_be_told():
    figure = plots.agreement_matrix(agreement(long({"a": ["x"], "b": ["x"]}), "c"))
    assert words(figure) == ["–\n(1)"] * 2
    assert is_png(figure)
    alone = plots.agreement_matrix(agreement(long({"a": ["x"]}), "c"))
    assert words(alone) == ["Only a has answered, so there is nothing to compare."]
    assert is_png(alone)


def test_shares_are_of_each_annotators_answers():
    figure = plots.label_distribution(long(D1), "c")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["pos", "neg", "neu"]
    assert lengths(figure) == [[0.6, 0.2, 0.2], [0.25, 0.75, 0], [0.6667, 0.3333, 0]]
    assert is_png(figure)


def test_many_texts_many_numbers_and_several_answers():
    texts = plots.label_distribution(long({"a": [f"text {n} {'long ' * 9}" for n in range(30)]}), "c")
    labels = [label.get_text() for label in texts.axes[0].get_yticklabels()]
    assert (len(labels), labels[-1]) == (12, "other (19 answers)")
    assert lengths(texts)[0][-1] == round(19 / 30, 4)
    numbers = plots.label_distribution(long({"a": list(range(100))}, "number"), "c")
    assert lengths(numbers) == [[0.1] * 10]
    assert numbers.axes[0].get_yticklabels()[1].get_text() == "10 – 19"
    narrow = plots.label_distribution(long({"a": [1000 + n / 1000 for n in range(30)]}, "number"), "c")
    ranges = [label.get_text() for label in narrow.axes[0].get_yticklabels()]
    assert len(set(ranges)) == 10
    assert ranges[0] == "1000 to 1000.003"
    ratings = plots.label_distribution(long({"a": [5, 1, 1]}, "rating"), "c")
    assert [label.get_text() for label in ratings.axes[0].get_yticklabels()] == ["1", "5"]
    several = long_table([task(1, [annotation(choice("x", "y"))]), task(2, [annotation(choice("x"), 2)])])
    assert lengths(plots.label_distribution(several, "mood")) == [[0.6667, 0.3333]]
    regions = [result("labels", {"start": 1, "end": 2, "text": "w", "labels": ["PER"]}, name="ner")]
    assert lengths(plots.label_distribution(long_table([task(1, [annotation(regions)])]), "ner")) == [[1.0]]


def test_nobody_has_answered():
    figure = plots.label_distribution(long_table([task(1)]), "c")
    assert words(figure) == ["Nobody has answered yet."]
    assert plots.agreement_matrix(agreement(long({"ana": []}), "")).get_suptitle().startswith("Cohen's kappa")
    assert is_png(figure)


def test_progress():
    table = pd.DataFrame({"annotator": ["ana", "ben"], "tasks": [4, 4], "done": [4, 1], "skipped": [0, 1]})
    before = table.copy()
    figure = plots.progress(table)
    done, skipped, left = figure.axes[0].containers
    assert [[bar.get_width() for bar in bars] for bars in (done, skipped, left)] == [[4, 1], [0, 1], [0, 2]]
    assert words(figure) == ["  4 of 4", "  1 of 4"]
    assert figure.axes[0].get_xticks().max() == 4
    assert is_png(figure)
    pd.testing.assert_frame_equal(table, before)
    assert is_png(plots.progress(table.head(0)))
    with pytest.raises(InputError, match="no column done, skipped"):
        plots.progress(table[["annotator", "tasks"]])


def test_pyplot_stays_out():
    code = "import sys, lsnb.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_disputed_as_colours():
    figure = plots.disagreement_map(long(D1), "c")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["3 (1.00)", "1 (0.67)"]
    assert words(figure) == ["neu", "neg", "pos", "pos", "neg", "pos"]
    assert is_png(figure)
    same = plots.disagreement_map(long({"a": ["x"], "b": ["x"]}), "c")
    assert words(same) == ["No two annotators disagree."]
    early = plots.disagreement_map(long({"a": ["x"], "b": [None]}), "c")
    assert words(early) == ["No item has two answers yet."]


def test_the_confusion_matrix():
    model = pd.DataFrame({"ID": list("0123"), "c": ["pos", "neg", "neg", "pos"]})
    found = evaluate(model, gold(long(D1), "c"), key="ID", column="c", resamples=0)
    figure = plots.confusion_matrix(found)
    assert words(figure) == ["1\n100%", "1\n50%", "1\n50%"]
    assert is_png(figure)
    nothing = evaluate(model.assign(ID=list("wxyz")), gold(long(D1), "c"), key="ID", column="c")
    assert "keys are the same ids" in words(plots.confusion_matrix(nothing))[0]


def segments(*cuts: tuple[int, int, str]) -> list[dict]:
    return [
        result("timelinelabels", {"ranges": [{"start": a, "end": b}], "timelinelabels": [name]}, id=f"{a}{name}")
        for a, b, name in cuts
    ]


def test_segments_of_each_annotator():
    given = [
        annotation(segments((5, 12, "run")), 1, by="ana"),
        annotation(segments((6, 12, "run"), (9, 9, "sit")), 2, by="ben"),
    ]
    figure = plots.timeline(long_table([task(1, given, fps=10)]), "1", "c")
    bars = [(round(bar.get_x(), 3), round(bar.get_width(), 3)) for bar in figure.axes[0].patches]
    assert bars == [(0.4, 0.8), (0.5, 0.7), (0.8, 0.1)]
    assert figure.axes[0].get_xlabel() == "seconds"
    frames = plots.timeline(long_table([task(1, given)]), "1", "c")
    assert (frames.axes[0].patches[0].get_x(), frames.axes[0].get_xlabel()) == (4.5, "frames, from 1")
    assert is_png(frames)
    with pytest.raises(InputError, match="no item 'one'"):
        plots.timeline(long_table([task(1, given)]), "one", "c")


SIZE = {"original_width": 60, "original_height": 40}


def test_everybodys_regions_on_the_picture(tmp_path):
    box = {"x": 50, "y": 50, "width": 10, "height": 10, "rotation": 0, "rectanglelabels": ["car"]}
    given = [annotation([result("rectanglelabels", {**box, "x": 10 * n}, **SIZE)], n, by=f"p{n}") for n in (1, 2, 3)]
    table = long_table([task(1, given), task(2, [annotation([], 9, by="p1")])], raw=True)
    picture = tmp_path / "one.png"
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(picture)
    figure = plots.overlay(table, "1", "c", picture)
    drawn = [patch.get_xy()[0].round(3).tolist() for patch in figure.axes[0].patches]
    assert drawn == [[6, 20], [12, 20], [18, 20]]
    assert len({patch.get_edgecolor() for patch in figure.axes[0].patches}) == 3
    assert is_png(figure)
    without = plots.overlay(table.drop(columns="raw"), "1", "c")
    assert without.axes[0].patches[0].get_xy()[0].tolist() == [10, 50]
    assert words(plots.overlay(table, "2", "c")) == ["Nobody has drawn here."]
    with pytest.raises(MissingFileError, match="check the path"):
        plots.overlay(table, "1", "c", tmp_path / "two.png")
    (tmp_path / "three.png").write_text("no picture")
    with pytest.raises(InputError, match="no picture that can be read"):
        plots.overlay(table, "1", "c", tmp_path / "three.png")


def test_masks_and_points_are_drawn():
    mask = np.zeros((40, 60), np.uint8)
    mask[5:9, 5:9] = 255
    value = {"format": "rle", "rle": brush.encode_rle(np.repeat(mask.ravel(), 4)), "brushlabels": ["sky"]}
    painted = plots.overlay(
        long_table([task(1, [annotation([result("brushlabels", value, **SIZE)])])], raw=True), "1", "c"
    )
    assert painted.axes[0].images[0].get_array()[6, 6, 3] > 0
    point = result("keypointlabels", {"x": 50, "y": 50, "width": 1, "keypointlabels": ["nose"]}, **SIZE)
    pointed = plots.overlay(long_table([task(1, [annotation([point])])], raw=True), "1", "c")
    assert pointed.axes[0].lines[0].get_xydata().tolist() == [[50, 50]]


def test_the_contact_sheet_shows_the_worst_first():
    worst = disputed(long(D1), "c")
    figure = plots.contact_sheet(worst, {"3": np.zeros((4, 6, 3)), "1": np.zeros((6, 4))})
    assert [axes.get_title().splitlines()[0] for axes in figure.axes] == ["3 (1.00)", "1 (0.67)"]
    assert is_png(figure)
    assert len(plots.contact_sheet(worst, {}, n=1).axes) == 1
    assert words(plots.contact_sheet(worst.head(0), {})) == ["No two annotators disagree."]
    with pytest.raises(InputError, match=r"lsnb\.disputed"):
        plots.contact_sheet(pd.DataFrame({"item": []}), {})


@pytest.mark.parametrize("size", [(60, 80), (80, 60), (40, 160), (9, 1)])
@pytest.mark.parametrize("n", [1, 3, 7])
def test_no_line_of_a_caption_is_cut(n, size):
    reasons = [f"left_ear jumped {place} px; likelihood of right_ear 0.{place}3, and more words" for place in range(n)]
    videos = [f"trials/left_camera_2024-05-01_mouse_{place}.mp4" for place in range(n)]
    table = pd.DataFrame({"video": videos, "frame": range(n), "reason": reasons})
    figure = plots.contact_sheet(table, [np.zeros((*size, 3), dtype="uint8")] * n)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [axes.title.get_window_extent(canvas.get_renderer()) for axes in figure.axes]
    assert all(box.y1 <= figure.bbox.height and box.y0 >= 0 for box in boxes)
    pictures = [axes.get_window_extent() for axes in figure.axes[:n]]
    assert not any(box.overlaps(picture.padded(-1)) for box in boxes for picture in pictures)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes[:n], 2))
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)
    assert len({axes.get_title().splitlines()[0] for axes in figure.axes[:n]}) == n


def test_the_sheet_of_difficult_frames_draws_what_it_complains_about():
    columns = pd.MultiIndex.from_product([["net"], ["ear", "left ear", "tail"], ["x", "y", "likelihood"]])
    poses = pd.DataFrame([[1, 2, 0.9, 100, 50, 0.25, 5, 6, 0.8]] * 3, columns=columns)
    table = pd.DataFrame(
        {
            "video": ["v.mp4"] * 3,
            "frame": [0, 1, 2],
            "reason": ["left ear jumped 9 px; likelihood of left ear 0.25", "tail 9 px off the usual poses", "odd"],
        }
    )
    pictures = [np.zeros((400, 800, 3), dtype="uint8")] * 3
    figure = plots.contact_sheet(table, pictures, predictions=poses)
    drawn = [[line.get_xydata()[0].tolist() for line in axes.lines] for axes in figure.axes[:3]]
    assert drawn == [[[100 / 3 - 0.5, 50 / 3 - 0.5]], [[5 / 3 - 0.5, 6 / 3 - 0.5]], []]  # each third pixel is shown
    assert "left ear 0.25" in [text.get_text() for text in figure.axes[0].texts]
    assert is_png(figure)


def test_days_without_work_are_there():
    tasks = [
        task(n, [annotation(choice("a"), 10 * n, by="ana", at=f"2026-01-0{n}T10:00:00Z", was_cancelled=n == 1)])
        for n in (1, 3)
    ]
    figure = plots.annotations_per_day(long_table([*tasks, task(5)]))
    assert [bar.get_height() for bar in figure.axes[0].patches] == [1, 0, 1]
    assert is_png(figure)
    assert words(plots.annotations_per_day(long_table([task(1)]))) == ["Nobody has answered yet."]
    with pytest.raises(InputError, match="no column annotator"):
        plots.annotations_per_day(pd.DataFrame({"item": []}))


@pytest.mark.parametrize("name", ["$x^2$", "a$b_$ [\\$x^]", "costs $5 or $10", "$\\frac{broken$"])
def test_dollars_in_names_are_dollars(name):
    def long(**more):
        rows = [("1", name, name), ("2", name, "neg"), ("1", "ben", name), ("2", "ben", "neg")]
        table = pd.DataFrame(rows, columns=["item", "annotator", "value"])
        return table.assign(control=name, status="submitted", kind="choices", region=None, **more)

    counts = pd.DataFrame({"annotator": [name], "tasks": [4], "done": [2], "skipped": [1]})
    drawn = [
        plots.label_distribution(long(), name),
        plots.progress(counts),
        plots.disagreement_map(long(), name),
        plots.agreement_matrix(agreement(long(), name)),
        plots.annotations_per_day(long(project=1, task=1, annotation=1, updated_at="2026-01-02T09:00Z")),
    ]
    for figure in drawn:
        assert figure._repr_png_().startswith(b"\x89PNG")
        texts = [text for text in figure.findobj(Text) if "$" in text.get_text()]
        assert texts
        assert not any(text.get_parse_math() for text in texts)
