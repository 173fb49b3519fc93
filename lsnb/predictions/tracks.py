"""Boxes that move through a video: the keyframes of a ``videorectangle``, checked.

Label Studio draws a box linearly between keyframes; the nearest one at or before a frame decides, and one that is not
``enabled`` is itself visible and hides what follows. https://labelstud.io/tags/videorectangle
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lsnb.predictions import values
from lsnb.predictions.report import Fault
from lsnb.predictions.values import Faults, Value

# The exporter and the editor break on a keyframe that lacks one.
KEYFRAME_KEYS = ("frame", "enabled", "x", "y", "width", "height", "rotation", "time")


def track(value: Value) -> Faults:
    """Check ``framesCount, duration, sequence``; frames are counted from 1, places in percent."""
    faults = [
        *values.number(value, "framesCount", 0, float("inf")),
        *values.number(value, "duration", 0, float("inf")),
    ]
    if not faults and value["framesCount"] != int(value["framesCount"]):
        faults.append(Fault("not_a_number", f"{value['framesCount']} is no whole number.", ".framesCount"))
    sequence = value.get("sequence")
    if not isinstance(sequence, list | tuple):
        return [*faults, Fault("missing_key", "sequence is needed: a list of keyframes.", ".sequence")]
    if not sequence:
        faults.append(Fault("empty_track", "The track has no keyframe, so nobody will see it.", ".sequence"))
    for place, keyframe in enumerate(sequence):
        where = f".sequence[{place}]"
        if not isinstance(keyframe, Mapping):
            faults.append(Fault("wrong_value", "A keyframe is a dict.", where))
            continue
        missing = [name for name in KEYFRAME_KEYS if name not in keyframe]
        if missing:
            words = f"A keyframe lacks {', '.join(missing)}: Label Studio needs all of {', '.join(KEYFRAME_KEYS)}."
            faults.append(Fault("missing_key", words, where))
        found = [
            *values.box({name: given for name, given in keyframe.items() if name != "rotation"}),
            *values.number(keyframe, "rotation", -float("inf"), float("inf"), needed=False),
            *values.number(keyframe, "time", 0, float("inf"), needed=False),
            *values.number(keyframe, "frame", -float("inf"), float("inf"), needed=False),
        ]
        faults += [Fault(f.code, f.message, where + f.path, f.is_warning) for f in found if f.code != "missing_key"]
        for name in ("frame", "time"):
            if name in keyframe and keyframe[name] is None:
                faults.append(Fault("not_a_number", f"{name} is missing.", f"{where}.{name}"))
        if "enabled" in keyframe and not isinstance(keyframe["enabled"], bool):
            faults.append(Fault("wrong_value", "enabled is true or false.", f"{where}.enabled"))
    return faults


def track_faults(value: Mapping[str, Any], frames: int | None) -> list[Fault]:
    """Return what is wrong with a track's frames: below 1, past the end, twice, or out of order.

    Args:
        value: The value of a ``videorectangle``.
        frames: How many frames the video has, None if only the value says it.
    """
    sequence = value.get("sequence")
    if not isinstance(sequence, list | tuple):
        return []
    counted = value.get("framesCount")
    said = counted if isinstance(counted, int | float) and not isinstance(counted, bool) and counted > 0 else None
    last = frames if frames is not None else said
    faults: list[Fault] = []
    if frames is not None and said is not None and said != frames:
        words = f"framesCount is {said}, and the video has {frames} frames."
        faults.append(Fault("wrong_frame_count", words, ".value.framesCount", is_warning=True))
    before = None
    for place, keyframe in enumerate(sequence):
        frame = keyframe.get("frame") if isinstance(keyframe, Mapping) else None
        path = f".value.sequence[{place}].frame"
        if isinstance(frame, bool) or not isinstance(frame, int | float) or not math.isfinite(values.as_float(frame)):
            continue
        if frame != int(frame):
            faults.append(Fault("not_a_number", f"{frame} is no whole number.", path))
        elif frame < 1:
            faults.append(Fault("frame_before_first", f"Frame {frame}: frames are counted from 1.", path))
        elif last is not None and frame > last:
            faults.append(Fault("frame_past_end", f"Frame {frame} is past the end: the video has {last}.", path))
        if before is not None and frame <= before:
            words = f"Frame {frame} comes after frame {before}: keyframes are in order, each once."
            faults.append(Fault("frames_out_of_order", words, path))
        before = frame
    return faults
