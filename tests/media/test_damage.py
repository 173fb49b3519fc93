"""Damaged and truncated files: the frames that decode, true indices, a sentence, and never a smeared picture."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
from video_maker import make_video, read_barcode

from lsnb.errors import InputError
from lsnb.media import frame_times, probe, read_frames, thumbnails, transcode

FRAMES = 100
KINDS: dict[str, dict[str, Any]] = {
    "mp4": {"b_frames": 2},
    "mkv": {"b_frames": 2},
    "ts": {"b_frames": 2},
    "avi": {},
    "webm": {},
}


def cut_off(path: Path, share: float) -> Path:
    data = path.read_bytes()
    return write_beside(path, data[: int(len(data) * share)])


def scratched(path: Path) -> Path:
    """Overwrite some stretches in the middle third."""
    chance = random.Random(1)
    data = bytearray(path.read_bytes())
    for _ in range(6):
        start = chance.randrange(len(data) // 3, len(data) * 2 // 3)
        data[start : start + 40] = chance.randbytes(40)
    return write_beside(path, bytes(data))


def write_beside(path: Path, data: bytes) -> Path:
    damaged = path.with_name(f"damaged{path.suffix}")
    damaged.write_bytes(data)
    return damaged


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_ends_in_the_middle_gives_the_frames_up_to_there(tmp_path: Path, kind: str) -> None:
    whole = make_video(tmp_path / f"whole.{kind}", FRAMES, width=320, height=240, **KINDS[kind])
    path = cut_off(whole, 0.66)
    info = probe(path)
    assert 0.4 * FRAMES < info.frames < 0.8 * FRAMES
    assert any("ends in the middle" in sentence for sentence in info.problems) == (kind != "ts")
    assert not any("ends in the middle" in sentence for sentence in probe(whole).problems)
    served = [(frame.index, read_barcode(frame.image)) for frame in read_frames(path)]
    # The last frame may be shown without those that are coded from it: its time is true.
    assert served == [(index, round(time * 30)) for index, time in enumerate(frame_times(path))]
    assert served[-3][0] == served[-3][1]
    assert len(frame_times(path)) == info.frames
    assert sum(len(chunk.frames) for chunk in thumbnails(path)) == info.frames
    chosen = [info.frames - 1, 5]
    assert [read_barcode(frame.image) for frame in read_frames(path, chosen)] == [5, served[-1][1]]


def test_frames_before_a_cut_are_whole_however_long_the_decoder_holds_them(tmp_path: Path) -> None:
    path = cut_off(make_video(tmp_path / "whole.mp4", FRAMES, gop=FRAMES, b_frames=2), 0.95)
    with av.open(str(path)) as container:
        stored = [packet for packet in container.demux(video=0) if packet.size]
    whole = sorted(packet.pts for packet in stored if not packet.is_corrupt)
    assert len(whole) < len(stored)
    shown = [read_barcode(frame.image) for frame in read_frames(path)]
    assert shown == [round(float(pts * stored[0].time_base) * 30) for pts in whole]


def test_a_frame_keeps_its_number_behind_damage(tmp_path: Path) -> None:
    data = make_video(tmp_path / "whole.ts", 60, gop=20, b_frames=2).read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(data + data)
    assert len(frame_times(path)) == probe(path).frames == 120
    served = {frame.index: read_barcode(frame.image) for frame in read_frames(path)}
    assert list(served.values()) == [*range(60), *range(60)]  # the seam is marked as damage, and nothing is missing
    assert [frame.index for frame in read_frames(path, [10, 59, 110])] == [10, 59, 110]
    path.write_bytes(data[: len(data) * 6 // 10 // 188 * 188] + data)
    served = {frame.index: read_barcode(frame.image) for frame in read_frames(path)}
    seam = len(frame_times(path)) - 60
    assert len(set(range(seam + 60)) - set(served)) <= 1, "the frame that was cut alone"
    # What is coded last may be shown without those that are shown before it.
    assert all(
        shown == (index if index < seam else index - seam) for index, shown in served.items() if index != seam - 1
    )


def test_of_hevc_the_frame_before_a_seam_is_shown_where_all_its_pieces_are_there(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.ts", 24, codec="libx265", gop=12, b_frames=0)
    data = whole.read_bytes()
    path = write_beside(whole, data + data)
    assert [read_barcode(frame.image) for frame in read_frames(path)] == [*range(24), *range(24)]
    pictures = [frame.image for frame in read_frames(whole)]
    pieces = [at for at in range(0, len(data), 188) if (data[at + 1] & 0x1F) << 8 | data[at + 2] == 0x100]
    # Where the number 0 would come next, the second file's first piece seems to follow.
    cuts = [at for at in pieces[len(pieces) * 3 // 4 :: 2] if data[at + 3] & 0x0F]
    for cut in cuts:  # the decoder does not say that such a frame lacks its end
        path.write_bytes(data[:cut] + data)
        served = list(read_frames(path))
        seam = len(frame_times(path)) - 24
        assert len({*range(seam + 24)} - {frame.index for frame in served}) <= 1
        for frame in served:
            number = frame.index if frame.index < seam else frame.index - seam
            assert np.array_equal(frame.image, pictures[number])
    assert len(cuts) > 5


def test_frames_of_a_cut_program_stream_are_whole_up_to_the_cut(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mpg", 90, fps=25, codec="mpeg2video", gop=30, b_frames=2)
    path = cut_off(whole, 0.9)
    shown = [read_barcode(frame.image) for frame in read_frames(path)]
    assert shown[:-1] == list(range(len(shown) - 1))
    with av.open(str(path)) as container:
        decoded = sum(1 for _ in container.decode(video=0))
    assert len(shown) >= decoded - 2


def test_a_clock_that_begins_anew_takes_no_frame_and_changes_no_number(tmp_path: Path) -> None:
    data = make_video(tmp_path / "whole.flv", 60, gop=20, b_frames=2).read_bytes()
    path = tmp_path / "joined.flv"
    path.write_bytes(data[: len(data) * 7 // 10] + data)
    shown = [read_barcode(frame.image) for frame in read_frames(path)]
    assert shown == [*range(len(shown) - 60), *range(60)]
    assert len(shown) == len(frame_times(path)) == probe(path).frames > 90
    steps = np.diff(frame_times(path))
    if av.library_versions["libavformat"][0] < 62:  # FFmpeg 7 hands the second clock on, a millisecond after the first
        steps[len(steps) - 60] += 0.032
    assert np.allclose(steps, 1 / 30, atol=1e-3)


@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_scratches_cost_frames_and_never_give_wrong_ones(tmp_path: Path, kind: str) -> None:
    path = scratched(make_video(tmp_path / f"whole.{kind}", FRAMES, width=320, height=240))
    served = {frame.index: read_barcode(frame.image) for frame in read_frames(path)}
    assert 0.5 * FRAMES < len(served) < FRAMES
    assert all(index == shown for index, shown in served.items())
    assert np.concatenate([chunk.frames for chunk in thumbnails(path)]).tolist() == list(served)

    lost = sorted(set(range(FRAMES)) - set(served))
    assert f"{len(lost)} frames are damaged" in " ".join(probe(path, check=True).problems)
    asked = read_frames(path, [lost[0], 2, FRAMES - 1])
    assert [next(asked).index, next(asked).index] == [2, FRAMES - 1]
    with pytest.raises(InputError, match=rf"damaged in .*: {lost[0]}\. "):
        next(asked)

    copy = transcode(path)
    held = [max(index for index in served if index <= number) for number in range(FRAMES)]
    assert [read_barcode(frame.image) for frame in read_frames(copy)] == held


def test_a_stream_that_starts_in_the_middle_starts_at_its_first_keyframe(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.ts", FRAMES, gop=30, b_frames=2)
    data = whole.read_bytes()
    path = write_beside(whole, data[len(data) // 188 // 5 * 188 :])
    shown = [read_barcode(frame.image) for frame in read_frames(path)]
    assert shown == list(range(shown[0], FRAMES))
    assert shown[0] % 30 == 0
    assert probe(path).frames == len(shown)
    assert [read_barcode(frame.image) for frame in read_frames(path, [40])] == [shown[0] + 40]
    assert frame_times(path)[0] == 0


def test_a_file_without_its_index_is_refused(tmp_path: Path) -> None:
    path = cut_off(make_video(tmp_path / "whole.mp4", 30, fast_start=False), 0.5)
    for use in (probe, frame_times, read_frames, thumbnails, transcode):
        with pytest.raises(InputError, match="damaged, was not completely copied"):
            list(use(path))  # type: ignore[operator]


def test_in_a_table_a_damaged_video_is_a_row_and_the_batch_goes_on(tmp_path: Path) -> None:
    good = make_video(tmp_path / "good.mp4", 10)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(random.Random(0).randbytes(5000))
    table = pd.DataFrame({"subject": ["a", "b", "c"], "file": [str(good), str(bad), None]}, index=[7, 8, 9])
    found = probe(table, path="file")
    assert found.index.tolist() == [7, 8, 9]
    assert found[["subject", "file"]].equals(table)
    assert found["status"].tolist() == ["done", "failed", "failed"]
    assert found["frames"].tolist()[0] == 10
    assert "bad.mp4" in found.loc[8, "error"]
    assert "no path of a video" in found.loc[9, "error"]
    assert probe(found, path="file").equals(found)
    copies = transcode(table, path="file")
    assert copies["status"].tolist() == ["done", "failed", "failed"]
    assert probe(copies.loc[7, "transcoded"]).frames == 10


@pytest.mark.parametrize("step", ["reformatted", "Orientation.apply", "av.open"])
def test_where_no_memory_is_left_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = make_video(tmp_path / "a.mp4", 4)
    of = av.error.MemoryError if step == "av.open" else MemoryError

    def full(*_: object, **__: object) -> None:
        raise of(12, "Cannot allocate memory")

    monkeypatch.setattr(f"lsnb.media.decoding.{step}", full)
    with pytest.raises(InputError, match=r"a\.mp4 takes more memory than this computer has free"):
        list(read_frames(path))
