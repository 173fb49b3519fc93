"""A task that any config can show, with tiny media inside the task itself."""

from __future__ import annotations

import base64
import functools
import io
import wave
from typing import Any

import av
import numpy as np

from lsnb import LabelConfig
from lsnb.labels.tree import attribute, walk


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@functools.cache
def image() -> str:
    frame = av.VideoFrame.from_ndarray(np.full((24, 32, 3), 128, dtype=np.uint8), format="rgb24")
    buffer = io.BytesIO()
    frame.to_image().save(buffer, format="PNG")
    return _uri("image/png", buffer.getvalue())


@functools.cache
def video() -> str:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("h264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level * 10, dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return _uri("video/mp4", buffer.getvalue())


@functools.cache
def audio() -> str:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000)
    return _uri("audio/wav", buffer.getvalue())


def task_for(config: LabelConfig) -> dict[str, Any]:
    """Return task data with every key the config shows."""
    return {key: _value(config, key, field.kind, field.is_url) for key, field in config.fields.items()}


def _value(config: LabelConfig, key: str, kind: str, is_url: bool) -> Any:
    if kind == "timeseries":
        return _series(config, key, is_url)
    if kind == "paragraphs":
        element = next(e for e in walk(config._root()) if attribute(e, "value") == f"${key}")
        who, what = attribute(element, "nameKey") or "author", attribute(element, "textKey") or "text"
        turns = [{who: "Ana", what: "Hello.", "start": 0.0, "end": 0.4}, {who: "Ben", what: "Hi.", "start": 0.5}]
        return _uri("application/json", str(turns).replace("'", '"').encode()) if is_url else turns
    texts = {
        "text": "A text to read.",
        "hypertext": "<p>A <b>bold</b> text.</p>",
    }
    if kind in texts:
        return _uri("text/plain", texts[kind].encode()) if is_url else texts[kind]
    return {
        "image": image,
        "images": lambda: [image(), image()],
        "video": video,
        "audio": audio,
        "number": lambda: 25,
        "options": lambda: [{"value": "first"}, {"value": "second"}],
        "list": lambda: [{"id": "a", "title": "A", "body": "one"}, {"id": "b", "title": "B", "body": "two"}],
        "nested": lambda: [{"uri": image()}],
        "table": lambda: {"age": 30, "place": "here"},
        "pdf": lambda: _uri("application/pdf", b"%PDF-1.1\n%%EOF\n"),
    }[kind]()


def _series(config: LabelConfig, key: str, is_url: bool) -> Any:
    element = next(e for e in walk(config._root()) if attribute(e, "value") == f"${key}")
    columns = [attribute(e, "column") or "" for e in walk(element) if str(e.tag).lower() == "channel"]
    time = attribute(element, "timeColumn")
    dated = attribute(element, "timeFormat")
    rows = range(50)
    data: dict[str, list[Any]] = {column: [float(row % 7) for row in rows] for column in columns}
    if time:
        data = {time: [f"2020-01-01 00:00:{row:02d}" if dated else float(row) for row in rows], **data}
    if not is_url:
        return data
    separator = attribute(element, "sep") or ","
    lines = [separator.join(data), *(separator.join(str(values[row]) for values in data.values()) for row in rows)]
    return _uri("text/csv", "\n".join(lines).encode())
