"""What a label config asks of a video, in the terms of a Labelbox ontology: tools, questions, questions below answers.

A control is named after its feature. Below an answer it is ``parent.child``; below a tool ``tool.child``; and where two
would bear one name, the answer stands between (``parent.answer.child``) or the kind before (``classification.name``).
Text by frame is a timeline control with one label and, on its regions, a text area called ``<control>.text``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from lsnb.labels import Control, LabelConfig
from lsnb.labels.labelbox import CLASSIFICATION_PREFIX, TEXT_SUFFIX, TOOL_PREFIX
from lsnb.labels.tree import attribute, parse, walk
from lsnb.labels.vocabulary import CHOICES, KINDS, TEXT_AREA, TIMELINE_LABELS, version

Kind = Literal["radio", "checklist", "text"]
Parent = tuple[str, str] | None


@dataclass(frozen=True)
class Question:
    """One control, as Labelbox sees it.

    Args:
        control: The control's name in the config.
        name: The feature's name in payloads.
        kind: ``radio``, ``checklist`` or ``text``.
        by_frame: Whether it is answered for stretches of time, not once for the video.
        to_name: The video's name in the config.
        options: The answers it offers; none for texts.
        parent: ``("tool", label)``, ``("question", control)`` or None.
        answers: The parent's answers that ask it; empty for all of them.
        text_control: For texts by frame, the text area on the timeline's regions.
    """

    control: str
    name: str
    kind: Kind
    by_frame: bool
    to_name: str
    options: tuple[str, ...] = ()
    parent: Parent = None
    answers: tuple[str, ...] = ()
    text_control: str = ""

    @property
    def key(self) -> Parent:
        """What its children have as their parent."""
        return ("question", self.control)


@dataclass(frozen=True)
class Tool:
    """The control that shows the objects of one label."""

    control: str
    to_name: str
    kind: str

    @property
    def is_vector(self) -> bool:
        """Whether it draws lines, not boxes."""
        return "vertices" in KINDS[self.kind].holds


@dataclass
class Questions:
    """The tools and questions of a config.

    Args:
        tools: Label → its box track control.
        vectors: Label → its vector control, where the server's editor has vectors on video.
        by_control: Control → question.
    """

    tools: dict[str, Tool] = field(default_factory=dict)
    vectors: dict[str, Tool] = field(default_factory=dict)
    by_control: dict[str, Question] = field(default_factory=dict)
    _found: dict[tuple[Parent, str, str | None, bool], Question | None] = field(default_factory=dict, repr=False)

    def find(self, parent: Parent, name: str, answer: str | None, by_frame: bool) -> Question | None:
        """Return the question of this name below this parent (and its answer), or None.

        A question below a tool may also stand alone in the config, if a person wrote it.
        """
        wanted = (parent, name, answer, by_frame)
        if wanted not in self._found:
            self._found[wanted] = self._find(parent, name, answer, by_frame)
        return self._found[wanted]

    def _find(self, parent: Parent, name: str, answer: str | None, by_frame: bool) -> Question | None:
        named = [q for q in self._children(parent) if q.name == name and q.by_frame == by_frame]
        if not named and parent is not None and parent[0] == "tool":
            named = [q for q in self._children(None) if q.name == name and q.by_frame == by_frame]
        exact = [q for q in named if answer is None or not q.answers or answer in q.answers]
        return next(iter(exact or named), None)

    def names(self, parent: Parent, by_frame: bool | None = None) -> list[str]:
        """Return the names of the questions below a parent."""
        return [q.name for q in self._children(parent) if by_frame is None or q.by_frame == by_frame]

    def _children(self, parent: Parent) -> Iterator[Question]:
        return (question for question in self.by_control.values() if question.parent == parent)


# What a classification can be asked with.
_ASKED = (CHOICES.kind, TEXT_AREA.kind, TIMELINE_LABELS.kind)


def read_questions(config: LabelConfig, release: str) -> Questions:
    """Return the tools and questions of a config.

    Args:
        config: The config of the study.
        release: The server's release, ``1.23.2``, which says what its editor can draw.
    """
    controls = config.controls
    found = Questions()
    for control in controls.values():
        if control.row.shape == "Track" and control.to_names and version(release) >= version(control.row.since):
            tool = Tool(control.name, control.to_names[0], control.kind)
            for label in control.labels:
                (found.vectors if tool.is_vector else found.tools).setdefault(label, tool)
    conditions = _conditions(config)
    asked = [c for c in controls.values() if c.kind in _ASKED and c.to_names]
    texts = {c.name for c in asked if c.row.is_open and c.per_region}
    for control in asked:
        if control.per_region:
            continue
        by_frame = control.row.shape == "Timeline"
        text_control = control.name + TEXT_SUFFIX if by_frame and control.name + TEXT_SUFFIX in texts else ""
        parent, answers, name = _place(control, asked, found, conditions)
        is_text = control.row.is_open or bool(text_control)
        found.by_control[control.name] = Question(
            control=control.name,
            name=name,
            kind="text" if is_text else "checklist" if control.multiple else "radio",
            by_frame=by_frame,
            to_name=control.to_names[0],
            options=control.labels,
            parent=parent,
            answers=answers,
            text_control=text_control,
        )
    return found


def _place(
    control: Control, asked: list[Control], found: Questions, conditions: dict[str, tuple[str, tuple[str, ...]]]
) -> tuple[Parent, tuple[str, ...], str]:
    """Return a control's parent, the parent's answers that ask it, and the feature's own name."""
    name = control.name
    if name in conditions:
        above, answers = conditions[name]
        return ("question", above), answers, _own_name(name, above, answers)
    bare = name.removeprefix(TOOL_PREFIX)
    by_frame = control.row.shape == "Timeline"
    above_me = [
        other.name
        for other in asked
        if other is not control
        and bare.startswith(other.name + ".")
        and (other.row.shape == "Timeline") == by_frame
        and not other.row.is_open
    ]
    tools = [label for label in (*found.tools, *found.vectors) if by_frame and bare.startswith(label + ".")]
    above = max(above_me, key=len, default="")
    tool = max(tools, key=len, default="")
    if above and len(above) >= len(tool):
        options = next(other.labels for other in asked if other.name == above)
        rest = bare[len(above) + 1 :]
        answer = max((option for option in options if rest.startswith(option + ".")), key=len, default="")
        return ("question", above), ((answer,) if answer else ()), rest[len(answer) + 1 :] if answer else rest
    if tool:
        return ("tool", tool), (), bare[len(tool) + 1 :]
    return None, (), name.removeprefix(CLASSIFICATION_PREFIX)


def _own_name(name: str, above: str, answers: tuple[str, ...]) -> str:
    rest = name.removeprefix(above + ".")
    if rest == name:
        return name
    qualified = [answer for answer in answers if rest.startswith(answer + ".")]
    return rest[len(qualified[0]) + 1 :] if qualified else rest


def _conditions(config: LabelConfig) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return control → the control that must be answered first, and its answers that do."""
    found = {}
    for element in walk(parse(config.xml)):
        name = attribute(element, "name")
        if not name:
            continue
        for place in (element, *element.iterancestors()):
            above = attribute(place, "whenTagName")
            if attribute(place, "visibleWhen") == "choice-selected" and above:
                wanted = attribute(place, "whenChoiceValue") or ""
                found[name] = (above, tuple(part.strip() for part in wanted.split(",") if part.strip()))
                break
    return found
