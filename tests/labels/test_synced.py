"""Video, sound and series on one clock: what the config says, and what cannot be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lxml import etree
from video_maker import make_video

import lsnb
from lsnb import LabelConfig
from lsnb.errors import LabelConfigError


def tags(config: LabelConfig, name: str) -> list[dict[str, str]]:
    return [dict(found.attrib) for found in etree.fromstring(config.xml).iter(name)]  # type: ignore[arg-type]


def aligned(**columns: str) -> Any:
    table = pd.DataFrame({"timestamp": [0.0, 1.0, 2.0], "Puls [1/min]": [60, 61, 62], "Acc X (g)": [0.1, 0.2, 0.3]})
    return lsnb.align(table.rename(columns=columns), 2.0, unit="s")


def test_an_aligned_series_brings_its_columns_legends_and_units() -> None:
    config = LabelConfig.video_timeseries(aligned(), ["rest", "run"])
    shown = [(one["column"], one["legend"], one["units"]) for one in tags(config, "Channel")]
    assert shown == [("puls", "Puls", "1/min"), ("acc_x", "Acc X", "g")]
    assert tags(config, "TimeSeries")[0]["timeColumn"] == "time"
    assert tags(config, "Video")[0]["frameRate"] == "$fps"


@pytest.mark.parametrize(
    ("channels", "plots"), [(["x"], 1), (["x", ["y", "z"]], 1), ({"x": "X"}, 1), ({"a": ["x"], "b": {"x": "X"}}, 2)]
)
def test_every_part_is_in_one_group(channels: Any, plots: int) -> None:
    config = LabelConfig.video_timeseries(channels, "rest, run", audio="sound", frame_labels="near, far")
    parts = [part for name in ("Video", "Audio", "TimeSeries") for part in tags(config, name)]
    assert len(parts) == 2 + plots
    assert {part["sync"] for part in parts} == {"clock"}
    assert config.check() == []


def test_a_list_among_the_columns_is_one_plot() -> None:
    config = LabelConfig.video_timeseries(["pulse", ["x", "y"]], "rest, run", units={"x": "g"})
    root = etree.fromstring(config.xml)
    assert [one.get("column") for one in root.iterfind(".//MultiChannel/Channel")] == ["x", "y"]
    assert [one.get("column") for one in root.iterfind(".//TimeSeries/Channel")] == ["pulse"]
    assert [one.get("units") for one in root.iter("Channel")] == [None, "g", None]


def test_several_files_have_labels_each_in_the_same_colours() -> None:
    config = LabelConfig.video_timeseries({"wrist": aligned(), "chest": ["pulse"]}, {"rest": "", "run": "#123456"})
    assert {name: control.to_names for name, control in config.controls.items()} == {
        "state_wrist": ("wrist",),
        "state_chest": ("chest",),
    }
    colours = [one["background"] for one in tags(config, "Label")]
    assert colours == [colours[0], "#123456"] * 2
    keys = [one["hotkey"] for one in tags(config, "Label")]
    assert len(set(keys)) == 4


def test_labels_of_frames_stand_beside_labels_of_the_series() -> None:
    config = LabelConfig.video_timeseries(["x"], "rest, run", frame_labels="near, far", frame_labels_name="place")
    kinds = {name: (control.kind, control.to_names) for name, control in config.controls.items()}
    assert kinds == {"place": ("timelinelabels", ("video",)), "state": ("timeserieslabels", ("series",))}


def test_the_frame_rate_is_a_number_a_column_or_what_probe_says(tmp_path: Path) -> None:
    info = lsnb.probe(make_video(tmp_path / "even.mp4", 12, fps=30000 / 1001))
    rates = [
        tags(LabelConfig.video_timeseries(["x"], "a", frame_rate=rate), "Video")[0]["frameRate"]
        for rate in (25, "hertz", info.fps, info)
    ]
    assert rates == ["25", "$hertz", "29.97002997", "29.97002997"]


def test_a_video_of_uneven_frames_is_refused_and_its_transcoded_copy_taken(tmp_path: Path) -> None:
    uneven = make_video(tmp_path / "uneven.mp4", 30, rate="variable")
    with pytest.raises(LabelConfigError, match=r"constant rate.*lsnb\.transcode\(video\)"):
        LabelConfig.video_timeseries(["x"], "a", frame_rate=lsnb.probe(uneven))
    table = pd.DataFrame({"timestamp": [0.0, 1.0], "x": [1.0, 2.0]})
    assert "lsnb.transcode(video)" in lsnb.align(table, uneven, unit="s").notes[0]
    copy = lsnb.probe(lsnb.transcode(uneven, tmp_path / "even.mp4"))
    assert "transcode" not in "".join(lsnb.align(table, copy, unit="s").notes)
    assert LabelConfig.video_timeseries(["x"], "a", frame_rate=copy).check() == []


def test_a_table_without_the_frame_rate_is_told_so() -> None:
    table = pd.DataFrame({"video": ["gs://b/v.mp4"], "series": ["gs://b/s.csv"]})
    (problem,) = LabelConfig.video_timeseries(["x"], "a").check(table)
    assert "fps" in problem.message
    assert LabelConfig.video_timeseries(["x"], "a").check(table.assign(fps=25.0)) == []


@pytest.mark.parametrize(
    ("channels", "given", "words"),
    [
        ([], {}, "channels is empty"),
        ([[]], {}, "channels is empty"),
        ("x", {}, "give a list of columns"),
        (7, {}, "give a list of columns"),
        (["x", 3], {}, "names of columns as texts"),
        (["x", ["x"]], {}, "'x' more than once"),
        ({"wrist": ["x"], "chest": []}, {}, "channels of 'chest' is empty"),
        (["x"], {"video": None}, "nothing to play"),
        (["x"], {"video": None, "audio": "a", "frame_labels": "near"}, "need a video"),
        (["x"], {"frame_rate": 0}, "frames a second"),
        (["x"], {"frame_rate": True}, "frames a second"),
        (["x"], {"frame_rate": float("nan")}, "frames a second"),
        (["x"], {"frame_rate": None}, "frames a second"),
        (["x"], {"frame_rate": "my rate"}, 'cannot show a column called "my rate"'),
        (["x"], {"units": 5}, "units is 5"),
        (["x"], {"video": 5}, "a column is shown by its name"),
    ],
)
def test_what_cannot_be_shown_is_said(channels: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(LabelConfigError) as caught:
        LabelConfig.video_timeseries(channels, "rest, run", **given)
    assert words.lower() in str(caught.value).lower()


# What Label Studio's own guide said up to release 1.4, with its sample task in a comment.
GUIDE = """<View>
  <TimeSeriesLabels name="label" toName="ts"><Label value="Run"/><Label value="Walk"/></TimeSeriesLabels>
  <HyperText name="video" value="$video" inline="true"/>
  <TimeSeries name="ts" value="$csv" valueType="url" timeColumn="time_column"><Channel column="first"/></TimeSeries>
</View>
<!-- {"csv": "a.csv", "video": "<video src='a.mp4' onloadeddata=\\"ts=Htx.annotationStore.selected\\" />"} -->"""
SERIES = (
    '<TimeSeriesLabels name="l" toName="ts"><Label value="a"/></TimeSeriesLabels><TimeSeries name="ts" value="$csv"'
)
CHANNEL = "><Channel column='x'/></TimeSeries></View>"
INSIDE = (
    '<View><HyperText name="v" value="$unused"><![CDATA[<video width="9" onplay="if(a>b){}" src="$clip"></video>]]>'
    '</HyperText><HyperText name="s" value=""><![CDATA[<script>run()</script>]]></HyperText>'
    f'{SERIES} timeColumn="t"{CHANNEL}'
)
BARE = f'<View><Video name="v" value="$clip"/>{SERIES}{CHANNEL}'
APART = f'<View><Video name="v" value="$clip" sync="a" frameRate="25"/>{SERIES} sync="b" timeColumn="t"{CHANNEL}'
SOUND = f'<View><HyperText name="audio" value="$audio"/>{SERIES} timeColumn="t"{CHANNEL}'


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        (GUIDE, ["strips its script"]),
        (INSIDE, ['"v" runs a script', '"s" runs a script']),
        (SOUND, ["show it with Audio"]),
        (BARE, ['"v" has no sync', '"v" has no frameRate', '"ts" has no sync', '"ts" has no timeColumn']),
        (APART, ['"v" has sync="a" alone', '"ts" has sync="b" alone']),
    ],
)
def test_what_does_not_play_together_is_told_and_mended(xml: str, told: list[str]) -> None:
    old = LabelConfig.from_xml(xml)
    said = [problem.message for problem in old.check()]
    assert all(any(part in message for message in said) for part in told), said
    new = old.modernised()
    assert new.check() == []
    assert new.modernised() == new
    parts = [part for name in ("Video", "Audio", "TimeSeries") for part in tags(new, name)]
    assert len(parts) == 2
    assert len({part["sync"] for part in parts}) == 1
    assert all("frameRate" in part for part in tags(new, "Video"))
    assert "<script" not in new.xml
    assert "Htx" not in new.xml
    assert [control.labels for control in new.controls.values()] == [one.labels for one in old.controls.values()]


def test_the_old_recipes_table_is_told_what_to_hold_now() -> None:
    table = pd.DataFrame({"csv": ["gs://b/a.csv"], "video": ["<video src='gs://b/a.mp4' onplay='go()'/>"]})
    config = LabelConfig.from_xml(GUIDE)
    assert any("holds a script" in problem.message for problem in config.check(table))
    said = [problem.message for problem in config.modernised().check(table)]
    assert any("keep the address alone" in message for message in said)
    assert any("no column fps" in message for message in said)
    table["video"] = table["video"].str.extract(r"src=['\"]?([^'\" >]+)", expand=False)
    assert config.modernised().check(table.assign(fps=25.0)) == []


@pytest.mark.parametrize(
    "xml",
    [
        f'<View><HyperText name="notes" value="$notes"/>{SERIES}{CHANNEL}',
        f'<View><Video name="v" value="$a" sync="1a" frameRate="9"/><Audio name="u" value="$b" sync="b2"/>{SERIES} '
        'sync="b2" timeColumn="t"><Channel column="x"/></TimeSeries><Paragraphs name="p" value="$c" sync="1a"/></View>',
        '<View><Video name="v" value="$v"/><Choices name="c" toName="v"><Choice value="a"/></Choices></View>',
    ],
)
def test_what_plays_as_it_was_meant_stays(xml: str) -> None:
    config = LabelConfig.from_xml(xml)
    assert config.check() == []
    assert config.modernised() == config
