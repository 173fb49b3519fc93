"""Several pictures with what was drawn on them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lsnb import plots
from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.media import write_image


def boxes(items: list[str]) -> pd.DataFrame:
    place = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 40.0, "value": "car", "annotator": "model"}
    table = pd.DataFrame([{"item": item, **place, "region": str(n)} for n, item in enumerate(items)])
    return table.assign(control="box", kind="rectanglelabels", status="submitted")


def test_the_fullest_pictures_come_first_and_boxes_are_in_their_pixels(tmp_path: Path) -> None:
    picture = write_image(tmp_path / "b.png", np.full((50, 200, 3), 128, np.uint8))
    nothing = boxes(["c"]).assign(control=None, kind=None, region=None, status="empty", x=np.nan)
    table = pd.concat([boxes(["a", "b", "b"]), nothing], ignore_index=True)
    before = table.copy()
    figure = plots.overlays(table, pd.Series({"b": str(picture), "a": np.zeros((10, 10, 3))}))
    assert [axes.get_title() for axes in figure.axes] == ["b: 2 regions", "a: 1 region", "c: 0 regions"]
    assert figure.axes[0].patches[0].get_xy()[:4].tolist() == [[20, 10], [80, 10], [80, 30], [20, 30]]
    assert len(figure.axes[2].patches) == 0
    pd.testing.assert_frame_equal(table, before)
    assert len(plots.overlays(table, {}, n=1).axes) == 1


@pytest.mark.parametrize("value", [5, "x", True, ["rle"], {"rle": 5}, {"imageDataURL": []}])
def test_a_region_that_holds_no_places_is_drawn_by_its_columns(value: object) -> None:
    table = boxes(["a"]).assign(raw=[{"value": value}])
    with contextlib.suppress(LsnbError):
        assert len(plots.overlays(table, {}).axes) == 1


def test_where_nothing_was_drawn_the_pictures_stand_alone_and_faults_are_sentences() -> None:
    empty = boxes(["a"]).assign(control=None, kind=None, region=None, status="empty")
    assert [axes.get_title() for axes in plots.overlays(empty, {}).axes] == ["a: 0 regions"]
    assert plots.overlays(boxes(["a"]).head(0), {}).axes[0].texts[0].get_text() == "There is nothing to draw."
    with pytest.raises(InputError, match="bix"):
        plots.overlays(boxes(["a"]), {}, "bix")
    with pytest.raises(MissingFileError, match="no picture"):
        plots.overlays(boxes(["a"]), {"a": "gone.png"})


def test_a_region_without_a_name_is_drawn_in_its_annotators_colour() -> None:
    figure = plots.overlays(boxes(["a"]).assign(region=None), {"a": np.zeros((50, 200, 3), np.uint8)}, "box")
    assert len(figure.axes[0].patches) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["model"]
