"""Which control of a config shows a region: by what it draws and the labels it has, never by its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.labels.tree import Control
from lsnb.labels.vocabulary import KINDS as TAG_OF
from lsnb.labels.vocabulary import Shape as Drawn
from lsnb.labels.vocabulary import kinds_of
from lsnb.shapes import Fault
from lsnb.tables.keys import listing, nearest

Shape = Literal["box", "polygon", "mask", "point", "track"]

_DRAWN: Mapping[Shape, tuple[Drawn, str]] = {
    "box": ("Box", ""),
    "polygon": ("Outline", "points"),
    "mask": ("Mask", ""),
    "point": ("Point", ""),
    "track": ("Track", "width"),
}
# Result types that hold each shape, of controls that can name it.
KINDS: Mapping[Shape, tuple[str, ...]] = {
    shape: tuple(kind for kind in kinds_of(*drawn) if TAG_OF[kind].has_labels or TAG_OF[kind].beside)
    for shape, drawn in _DRAWN.items()
}
WORDS: Mapping[Shape, str] = {
    "box": "boxes (rectangles)",
    "polygon": "outlines (polygons)",
    "mask": "masks (brush)",
    "point": "points (keypoints)",
    "track": "boxes in videos (video_boxes)",
}


@dataclass(frozen=True)
class Target:
    """Where a region with one label goes.

    Args:
        shape: What is drawn.
        name: ``from_name`` of its results.
        to_name: What it is drawn on.
        kind: The ``type`` of its results.
        label: The label as the config has it, None where the control has no labels.
        label_key: Where the label stands in the value; empty where it does not.
        labels_name: The ``Labels`` control that names a shape drawn without labels; empty if there is none.
    """

    shape: Shape
    name: str
    to_name: str
    kind: str
    label: str | None
    label_key: str
    labels_name: str = ""


class Targets:
    """The places of a config where regions can go.

    Args:
        config: The label config.
        control: The only control to use, by default all.
        labels: Label as the input has it → label of the config, or None to leave such regions out.
        unknown: What to do with a label that the config lacks: ``fail``, or ``drop`` its regions with a warning.

    Raises:
        InputError: With every argument that cannot be used.
    """

    def __init__(
        self,
        config: LabelConfig,
        *,
        control: str | None = None,
        labels: Mapping[Any, str | None] | None = None,
        unknown: str = "fail",
    ) -> None:
        check_arguments(config, control=control, labels=labels, unknown=unknown)
        self.controls = config.controls
        self.only = control
        self.mapping = {str(label): other for label, other in (labels or {}).items()}
        self.drops_unknown = unknown == "drop"
        self._drawn = {shape for shape in KINDS if self._candidates((shape,))}
        self._known: dict[tuple[Any, ...], Target | Fault | None] = {}

    def find(self, shapes: Sequence[Shape], label: str | None, hint: str | None = None) -> Target | Fault | None:
        """Return where a region goes, why it can go nowhere, or None if it is to be left out.

        Args:
            shapes: What could be drawn of it.
            label: Its label as the input has it.
            hint: A control that the input itself names.
        """
        key = (*shapes, label, hint)
        if key not in self._known:
            self._known[key] = self._find(shapes, label, hint)
        return self._known[key]

    def draws(self, shape: Shape) -> bool:
        """Return whether any control draws this."""
        return shape in self._drawn

    def takes(self, shapes: Sequence[Shape], label: str, hint: str | None = None) -> bool:
        """Return whether a region of this label has a place."""
        return isinstance(self.find(shapes, label, hint), Target)

    def _candidates(self, shapes: Iterable[Shape]) -> list[tuple[Shape, Control]]:
        return [
            (shape, control)
            for shape in shapes
            for control in self.controls.values()
            if control.kind in KINDS[shape] and (self.only is None or control.name == self.only)
        ]

    def _find(self, shapes: Sequence[Shape], given: str | None, hint: str | None) -> Target | Fault | None:
        label = given
        if given is not None and given in self.mapping:
            label = self.mapping[given]
            if label is None:
                return None
        candidates = self._candidates(shapes)
        if not candidates:
            where = f"The control {self.only!r}" if self.only else "The config"
            wanted = " or ".join(WORDS[shape] for shape in shapes)
            return Fault("no_control", f"{where} draws no {wanted}: add such a control to the config.")
        named = [(shape, control, self._labels(control)) for shape, control in candidates]
        if label is None:
            holders = [one for one in named if not one[2]]
            if not holders:
                return Fault("no_label", f"There is no label, and {candidates[0][1].name!r} needs one.")
        else:
            holders = [one for one in named if label in one[2]] or [one for one in named if not one[2]]
        holders = [one for one in holders if one[1].name == hint] or holders
        if not holders:
            every = dict.fromkeys(name for one in named for name in one[2])
            words = f"The config has no label {label!r} for {' or '.join(WORDS[shape] for shape in shapes)}."
            remedy = f"{nearest(label, every)} Map it with labels={{{given!r}: …}}, one of {listing(list(every))}."
            return Fault("unknown_label", words + remedy, is_warning=self.drops_unknown)
        if len({one[1].name for one in holders}) > 1:
            names = " and ".join(repr(one[1].name) for one in holders)
            return Fault(
                "two_controls", f"{names} both take {label!r}: choose one with control={holders[0][1].name!r}."
            )
        shape, control, labels = holders[0]
        return self._target(shape, control, label if labels or control.row.has_labels else None)

    def _labels(self, control: Control) -> Sequence[str]:
        beside = None if control.row.has_labels else self._labels_beside(control)
        return control.labels or (beside.labels if beside is not None else ())

    def _labels_beside(self, control: Control) -> Control | None:
        """Return the ``Labels`` that names shapes drawn by a tool without labels of its own."""
        if control.row.shares_labels:
            return None
        others = (other for other in self.controls.values() if other.row.names_others)
        return next((other for other in others if set(other.to_names) & set(control.to_names)), None)

    def _target(self, shape: Shape, control: Control, label: str | None) -> Target:
        key = control.row.key
        beside = self._labels_beside(control) if label is not None and not key else None
        to_name = control.to_names[0] if control.to_names else ""
        return Target(shape, control.name, to_name, control.kind, label, key, beside.name if beside else "")


def check_arguments(config: Any, *, control: Any = None, labels: Any = None, unknown: Any = "fail") -> None:
    """Raise for arguments of a reader that cannot be used, all at once.

    Raises:
        InputError: With a sentence for each.
    """
    if not isinstance(config, LabelConfig):
        raise InputError(
            f"config is a {type(config).__name__}: give a lsnb.LabelConfig, for example study.config or "
            "lsnb.LabelConfig.from_xml(text)."
        )
    problems = []
    controls = config.controls
    if control is not None and (not isinstance(control, str) or control not in controls):
        problems.append(f"control is {control!r}, and the config has no such control.{nearest(control, controls)}")
    if labels is not None and not isinstance(labels, Mapping):
        problems.append(f"labels is a {type(labels).__name__}: give pairs such as labels={{'car': 'vehicle'}}.")
    elif labels:
        known = {label for one in controls.values() for label in one.labels}
        is_open = any(not one.labels and one.row.has_labels for one in controls.values())
        for label, other in labels.items():
            if other is not None and (not isinstance(other, str) or (other not in known and known and not is_open)):
                problems.append(f"labels maps {label!r} to {other!r}, which the config lacks.{nearest(other, known)}")
    if not isinstance(unknown, str) or unknown not in ("fail", "drop"):
        problems.append(f"unknown is {unknown!r}: give 'fail', or 'drop' to leave regions of unknown labels out.")
    if problems:
        raise InputError(problems)
