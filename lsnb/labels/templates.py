"""Configs for the usual cases of a course, each one call of the same builder."""

from __future__ import annotations

from lsnb.labels.asked import Labels
from lsnb.labels.building import Options
from lsnb.labels.config import LabelConfig


def image_coding(field: str, name: str, options: Options, *, title: str = "", multiple: bool = False) -> LabelConfig:
    """Return a config that shows an image and asks to choose.

    Args:
        field: The column with the image's address.
        name: The question's name in results.
        options: The answers.
        title: The question as annotators read it.
        multiple: Whether several answers may be chosen.

    Example:
        >>> list(image_coding("uri", "scene", "indoors, outdoors").controls)
        ['scene']
    """
    return LabelConfig.image(field).choices(name, options, title=title, multiple=multiple).laid_out()


def text_coding(field: str, name: str, options: Options, *, title: str = "", multiple: bool = False) -> LabelConfig:
    """Return a config that shows a text and asks to choose.

    Args:
        field: The column with the text.
        name: The question's name in results.
        options: The answers.
        title: The question as annotators read it.
        multiple: Whether several answers may be chosen.
    """
    return LabelConfig.text(field).choices(name, options, title=title, multiple=multiple).laid_out()


def video_coding(
    field: str,
    name: str,
    options: Options,
    *,
    title: str = "",
    multiple: bool = False,
    frame_rate: float | str | None = None,
) -> LabelConfig:
    """Return a config that plays a video and asks to choose.

    Args:
        field: The column with the video's address.
        name: The question's name in results.
        options: The answers.
        title: The question as annotators read it.
        multiple: Whether several answers may be chosen.
        frame_rate: Frames a second, or the column that holds them.
    """
    shown = LabelConfig.video(field, frame_rate=frame_rate)
    return shown.choices(name, options, title=title, multiple=multiple).laid_out()


def image_boxes(field: str, labels: Labels, *, name: str = "box") -> LabelConfig:
    """Return a config that shows an image and lets annotators draw labelled boxes.

    Args:
        field: The column with the image's address.
        labels: The labels.
        name: The tool's name in results.
    """
    return LabelConfig.image(field).rectangles(name, labels)


def keypoints(field: str, parts: Labels, *, name: str = "keypoint") -> LabelConfig:
    """Return a config that shows an image and lets annotators set one point per body part.

    Args:
        field: The column with the image's address.
        parts: The body parts; each may be set once.
        name: The tool's name in results.

    Example:
        >>> keypoints("uri", ["nose", "left ear"]).controls["keypoint"].labels
        ('nose', 'left ear')
    """
    return LabelConfig.image(field).keypoints(name, parts, max_usages=1, opacity=0.9)


def video_tracking(
    field: str, labels: Labels, *, name: str = "track", frame_rate: float | str | None = None
) -> LabelConfig:
    """Return a config that plays a video and lets annotators follow things with boxes.

    Args:
        field: The column with the video's address.
        labels: The labels of the boxes.
        name: The tool's name in results.
        frame_rate: Frames a second, or the column that holds them.
    """
    return LabelConfig.video(field, frame_rate=frame_rate, timeline_height=120).video_boxes(name, labels)


def frame_classification(
    field: str, labels: Labels, *, name: str = "state", frame_rate: float | str | None = None
) -> LabelConfig:
    """Return a config that plays a video and lets annotators label stretches of its frames.

    Args:
        field: The column with the video's address.
        labels: The labels of frames.
        name: The tool's name in results.
        frame_rate: Frames a second, or the column that holds them.
    """
    return LabelConfig.video(field, frame_rate=frame_rate, timeline_height=120).labels(name, labels)


def pairwise_comparison(
    left: str, right: str, *, media: str = "image", name: str = "better", title: str = ""
) -> LabelConfig:
    """Return a config that shows two media side by side and asks which is the better one.

    Args:
        left: The column shown on the left.
        right: The column shown on the right.
        media: What both are: image, video, audio, text or hypertext.
        name: The question's name in results; the answer is ``left`` or ``right``.
        title: The question as annotators read it.
    """
    return LabelConfig.pair(left, right, media=media).pairwise(name, title=title)  # type: ignore[arg-type]
