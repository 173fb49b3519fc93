"""What the tests of Labelbox payloads share: an ontology with everything in it, its config, a video, and short rows."""

from __future__ import annotations

from typing import Any

from lsnb import LabelConfig


def _radio(name: str, options: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "radio", "name": name, "options": options, **more}


def _checklist(name: str, options: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "checklist", "name": name, "options": options, **more}


def _text(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "name": name, **more}


def option(value: str, *below: dict[str, Any]) -> dict[str, Any]:
    """Return an option and what is asked after it."""
    return {"value": value, "options": list(below)}


ONTOLOGY: dict[str, Any] = {
    "tools": [
        {
            "tool": "rectangle",
            "name": "car",
            "classifications": [
                _radio(
                    "colour", [option("red", _checklist("shade", [option("dark"), option("pale")])), option("blue")]
                ),
                _checklist("state", [option("moving"), option("lit")]),
                _text("plate"),
            ],
        },
        {"tool": "point", "name": "nose"},
        {"tool": "line", "name": "lane"},
    ],
    "classifications": [
        _radio(
            "weather",
            [
                option("sun"),
                option("rain", _radio("how", [option("hard", _text("why")), option("soft")])),
            ],
        ),
        _checklist("who", [option("a", _text("note")), option("b", _text("note")), option("c")]),
        _text("free"),
        _radio(
            "phase",
            [option("start", _radio("sub", [option("x"), option("y")])), option("end")],
            scope="index",
        ),
        _checklist("events", [option("e1"), option("e2"), option("e3")], scope="index"),
        _text("speech", scope="index"),
    ],
}
CONFIG = LabelConfig.from_labelbox(ONTOLOGY)
FACTS = {"width": 640, "height": 480, "fps": "30000/1001", "frames": 200}
VIDEOS = {"a.mp4": FACTS, "b.mp4": FACTS}


def row(name: str, uuid: str = "u1", item: str = "a.mp4", **more: Any) -> dict[str, Any]:
    """Return one row of a payload."""
    return {"name": name, "uuid": uuid, "dataRow": {"globalKey": item}, **more}


def box(
    frame: int, left: float = 64, top: float = 48, width: float = 32, height: float = 24, **more: Any
) -> dict[str, Any]:
    """Return a keyframe with a box; this one is 10, 10, 5, 5 in percent."""
    return {"frame": frame, "bbox": {"left": left, "top": top, "width": width, "height": height}, **more}


def point(frame: int, x: float, y: float, **more: Any) -> dict[str, Any]:
    """Return a keyframe with a point."""
    return {"frame": frame, "point": {"x": x, "y": y}, **more}


def line(frame: int, *points: tuple[float, float], **more: Any) -> dict[str, Any]:
    """Return a keyframe with a line."""
    return {"frame": frame, "line": [{"x": x, "y": y} for x, y in points], **more}


def segments(*parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return segments, each from its keyframes."""
    return [{"keyframes": part} for part in parts]


def frames(*spans: tuple[int, int]) -> list[dict[str, int]]:
    """Return frame ranges."""
    return [{"start": start, "end": end} for start, end in spans]
