"""Events picked by clicking: a moment of the video beside one of the plot, and the fit that follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from jupyter_lab import jupyterlab, open_notebook, run_all, write_notebook
from playwright.sync_api import expect
from video_maker import make_video

import lsnb
from lsnb.alignment import pick_events
from lsnb.errors import InputError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STARTS = pd.Timestamp("2026-05-04 11:30:00")


def sensor(seconds: float = 20.0) -> pd.DataFrame:
    """A clap at 3 s and one at 13 s of a sensor that writes dates, 50 a second."""
    clock = np.arange(0, seconds, 0.02)
    acc = np.exp(-((clock - 3) ** 2) / 1e-3) + np.exp(-((clock - 13) ** 2) / 1e-3)
    return pd.DataFrame({"timestamp": STARTS + pd.to_timedelta(clock, "s"), "acc": acc, "light": np.cos(clock)})


def test_picked_pairs_are_what_align_takes_and_say_how_sure_they_are() -> None:
    picked = pick_events(sensor(), 18.0)
    assert "No events yet" in repr(picked)
    # Next to a sample counts as that sample, written as its column writes it.
    picked.add("sensor", 3.004, 1.0)
    picked.add("sensor", 13.0, 11.0)
    assert picked.events == [(STARTS + pd.Timedelta("3s"), 1.0), (STARTS + pd.Timedelta("13s"), 11.0)]
    assert "By 2 events the offset of sensor is -2.000 s, drift 1.000000." in picked.said
    assert "give a third" in picked.said
    picked.add("sensor", 8.0, 6.02)
    assert "With 95 percent probability" in picked.said
    aligned = lsnb.align(sensor(), 18.0, events=picked.events)
    assert aligned.offset == pytest.approx(-2.0, abs=0.02)
    # The cell again: as it was left; another recording is another picker.
    assert pick_events(sensor(), 18.0) is picked
    assert pick_events(sensor(19), 18.0).events == []


def test_two_sensors_have_events_of_their_own_and_pairs_that_contradict_are_told() -> None:
    picked = pick_events({"wrist": sensor(), "chest": sensor()}, 30.0, events={"chest": [(str(STARTS), 0.5)]})
    assert picked.events == {"chest": [(str(STARTS), 0.5)]}
    picked.add("wrist", 3.0, 1.0)
    picked.add("wrist", 13.0, 29.0)
    assert list(picked.events) == ["wrist", "chest"]
    assert "pairs are mixed up" in picked.said
    assert "By 1 event the offset of chest is +0.500 s" in picked.said
    with pytest.raises(InputError, match="not written as its column"):
        pick_events(sensor(), 18.0, events=[("never", 1.0)])


@pytest.mark.slow
@pytest.mark.browser
def test_a_person_clicks_two_claps_and_the_fit_follows(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    make_video(folder / "clip.mp4", 400, fps=25)
    sensor().to_csv(folder / "wrist.csv", index=False)
    cells = [
        "import lsnb",
        "picked = lsnb.alignment.pick_events('wrist.csv', 'clip.mp4', channels=['acc'])\npicked",
        "print('picked', picked.events, lsnb.align('wrist.csv', 'clip.mp4', events=picked.events or None).offset)",
    ]
    write_notebook(folder / "pick.ipynb", cells)
    with jupyterlab(tmp_path, folder) as address:
        page = browser.new_page(viewport={"width": 1200, "height": 1600})
        try:
            open_notebook(page, address, "pick.ipynb")
            run_all(page)
            expect(page.get_by_text("picked [] 0.0")).to_be_visible()
            for video, share in ((1.0, 3 / 19.98), (11.0, 13 / 19.98)):
                field = page.locator(".lsnb-events-video input")
                field.fill(str(video))
                field.press("Enter")
                plot = page.locator(".lsnb-events-plot")
                box = plot.bounding_box()
                assert box is not None
                plot.click(position={"x": share * box["width"], "y": box["height"] / 2})
                expect(page.get_by_text("the red line is at")).to_contain_text(f"{share * 19.98:.0f}.")
                page.locator("button.lsnb-events-add").click()
                expect(page.get_by_text(f"= video {video:.3f} s")).to_be_visible()
            expect(page.locator(".lsnb-events-said")).to_contain_text("By 2 events the offset of wrist is -2.0")
            page.screenshot(path=tmp_path / "picked.png")
            run_all(page)
            expect(page.get_by_text("picked [('2026-05-04 11:30:0")).to_contain_text("-2.0")
            page.locator("button.lsnb-events-drop").click()
            expect(page.locator(".lsnb-events-said")).to_contain_text("By 1 event")
        finally:
            page.close()
