"""What probe says of a video, and what it says will be trouble."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from video_maker import cut_video, make_video, read_barcode

from lsnb.errors import InputError, TableError
from lsnb.media import frame_times, probe, read_frames, transcode
from lsnb.media.probing import creation_time


def test_all_facts_of_one_video(tmp_path: Path) -> None:
    path = make_video(
        tmp_path / "clip.mp4",
        45,
        fps=Fraction(30000, 1001),
        width=96,
        height=128,
        rotation=90,
        audio=True,
        tags={"creation_time": "2026-03-01T10:00:00Z", "title": "Trial 7"},
    )
    info = probe(path)
    assert info.path == str(path)
    assert (info.width, info.height, info.rotation) == (96, 128, 90)
    assert (info.fps, info.is_constant_rate, info.frames) == (Fraction(30000, 1001), True, 45)
    assert info.duration == pytest.approx(45 * 1001 / 30000, abs=1e-4)
    assert (info.codec, info.pixel_format, info.container) == ("h264", "yuv420p", "mp4")
    assert (info.has_audio, info.audio_codec) == (True, "aac")
    assert info.file_size == path.stat().st_size
    assert info.bit_rate == pytest.approx(info.file_size * 8 / info.duration, abs=1)
    assert info.created == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert info.tags["title"] == "Trial 7"
    assert pickle.loads(pickle.dumps(info)) == info


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi"])
def test_a_tag_that_is_no_utf8_hides_no_video_and_goes_into_a_file(tmp_path: Path, name: str) -> None:
    path = make_video(tmp_path / name, 12, tags={"title": "Muller 7"})
    written = path.read_bytes()
    assert written.count(b"Muller 7") == 1
    path.write_bytes(written.replace(b"Muller 7", b"M\xfcller 7"))
    info = probe(path)
    assert (info.frames, info.tags["title"]) == (12, "M\ufffdller 7")
    assert "M\ufffdller 7".encode() in info._repr_html_().encode()
    copy = transcode(path, tmp_path / "copy.mp4")
    made = copy.stat().st_mtime_ns
    assert transcode(path, copy).stat().st_mtime_ns == made
    assert probe(copy).tags["title"] == "M\ufffdller 7"


def test_without_counting_the_containers_claim_is_called_an_estimate(tmp_path: Path) -> None:
    source = make_video(tmp_path / "whole.mp4", 48, gop=24)
    cut = cut_video(source, tmp_path / "cut.mp4", 31)
    info = probe(cut, count=False)
    assert (info.frames, info.frames_are_estimated, info.is_constant_rate, info.start) == (24, True, None, None)
    assert probe(make_video(tmp_path / "clip.mkv", 60), count=False).frames == 60


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("clip.avi", {"codec": "libx264"}, "AVI"),
        ("clip.mkv", {}, "Matroska"),
        ("clip.ts", {}, "MPEG-TS"),
        ("clip.mp4", {"codec": "libx265"}, "HEVC"),
        ("clip.mp4", {"codec": "mpeg4"}, "mpeg4"),
        ("clip.mp4", {"pixel_format": "yuv444p"}, "yuv444p"),
        ("clip.mp4", {"pixel_format": "yuv420p10le"}, "yuv420p10le"),
        ("clip.mp4", {"rate": "variable"}, "frame rate varies"),
        ("clip.mov", {"fast_start": False}, "end of the file"),
        ("clip.mp4", {"rotation": 270}, "270 degrees"),
        ("clip.mp4", {"audio": True, "video_start": 0.5}, "0.500 s after 0"),
    ],
)
def test_trouble_is_said_once_and_names_its_remedy(
    tmp_path: Path, name: str, options: dict[str, Any], said: str
) -> None:
    (sentence,) = probe(make_video(tmp_path / name, 30, **options)).problems
    assert said in sentence
    assert "lsnb.transcode makes a copy that" in sentence


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.webm"])
def test_a_video_that_plays_everywhere_has_no_problems(tmp_path: Path, name: str) -> None:
    assert probe(make_video(tmp_path / name, 30, audio=True)).problems == ()


def test_a_rate_that_drifts_is_not_constant(tmp_path: Path) -> None:
    path = make_video(tmp_path / "clip.mp4", 20, rate="variable")
    info = probe(path)
    assert info.is_constant_rate is False
    assert info.fps == pytest.approx(19 / (20 * 0.061 - 0.250), rel=0.01)


@pytest.mark.parametrize(
    ("tags", "when"),
    [
        ({"creation_time": "2026-03-01T10:00:00.000000Z"}, datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (
            {"com.apple.quicktime.creationdate": "2026-03-01T11:00:00+0100", "creation_time": "2026-03-01T10:00:00Z"},
            datetime(2026, 3, 1, 11, tzinfo=timezone(timedelta(hours=1))),
        ),
        ({"creation_time": "yesterday"}, None),
        ({}, None),
    ],
)
def test_the_time_of_recording_keeps_its_zone(tags: dict[str, str], when: datetime | None) -> None:
    found = creation_time(tags)
    assert found == when
    assert found is None or when is None or found.utcoffset() == when.utcoffset()


def test_a_table_is_the_same_from_threads_and_keeps_its_order(tmp_path: Path) -> None:
    paths = [str(make_video(tmp_path / f"{count}.mp4", count, width=32, height=32)) for count in (5, 1, 9, 3)]
    serial = probe(paths)
    assert serial["path"].tolist() == paths
    assert serial["frames"].tolist() == [5, 1, 9, 3]
    assert serial["fps"].dtype == np.float64
    with ThreadPoolExecutor(3) as executor:
        pd.testing.assert_frame_equal(probe(paths, executor=executor), serial)
    column = probe(pd.Series(paths, index=[4, 3, 2, 1]))
    assert column.index.tolist() == [4, 3, 2, 1]
    assert column["frames"].tolist() == [5, 1, 9, 3]


@pytest.mark.exhaustive
def test_a_table_is_the_same_from_dask_workers(tmp_path: Path) -> None:
    from distributed import Client, LocalCluster

    paths = [str(make_video(tmp_path / f"{count}.mp4", count, width=32, height=32)) for count in (5, 1, 9, 3)]
    paths.append(str(tmp_path / "lost.mp4"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        pd.testing.assert_frame_equal(probe(paths, executor=client.get_executor()), probe(paths))


def test_tables_that_cannot_be_used_are_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"no column 'path'.*video"):
        probe(pd.DataFrame({"video": ["a.mp4"]}))
    with pytest.raises(TableError, match=r"a column 'width' of its own.*rename"):
        probe(pd.DataFrame({"path": ["a.mp4"], "width": [3]}))
    with pytest.raises(InputError, match="executor"):
        probe(["a.mp4"], executor=4)  # type: ignore[call-overload]
    with pytest.raises(TableError, match="several columns called 'path'"):
        probe(pd.DataFrame([["a.mp4", "b.mp4"]], columns=["path", "path"]))
    with ThreadPoolExecutor(1) as executor:
        pass
    assert "cannot schedule new futures" in probe(["a.mp4"], executor=executor)["error"].item()
    assert len(probe([])) == 0
    assert probe(pd.Series(["a.mp4", "a.mp4"]).unique())["status"].tolist() == ["failed"]


@pytest.mark.parametrize("name", ["trial:1.mp4", "C:x.mp4", "http:x.mp4", "file:x.mp4", "concat:a|b.mp4", "-y.mp4"])
def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    make_video(Path("plain.mp4"), 5)
    Path("plain.mp4").rename(name)
    assert probe(name).frames == 5
    assert [frame.index for frame in read_frames(name, [0, 4])] == [0, 4]
    transcode(name, "copy:1.mp4")
    assert probe("copy:1.mp4").frames == 5


@pytest.mark.parametrize(("ending", "codec"), [(".h264", "libx264"), (".hevc", "libx265")])
@pytest.mark.parametrize("fps", [30, 12, Fraction(30000, 1001)])
def test_a_stream_without_a_container_has_the_rate_that_it_states(
    tmp_path: Path, ending: str, codec: str, fps: Fraction
) -> None:
    video = make_video(tmp_path / f"clip{ending}", 24, fps=fps, codec=codec, b_frames=2)
    for count in (True, False):
        assert probe(video, count=count).fps == fps
    assert frame_times(video).tolist() == pytest.approx([n / float(fps) for n in range(24)])
    assert [read_barcode(frame.image) for frame in read_frames(video, [0, 7, 23])] == [0, 7, 23]
    assert not any("guess" in problem for problem in probe(video).problems)
    assert probe(transcode(video, tmp_path / "copy.mp4", progress=False)).fps == fps


def test_a_stream_that_states_no_rate_is_said_to_be_a_guess(tmp_path: Path) -> None:
    silent = {"x265-params": "log-level=error:vui-timing-info=0"}
    info = probe(make_video(tmp_path / "clip.hevc", 24, codec="libx265", options=silent))
    assert info.fps == 25
    assert "does not say its frame rate, and 25 frames a second are taken" in " ".join(info.problems)
