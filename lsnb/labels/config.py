"""``LabelConfig``: what annotators see and answer, built step by step or read from XML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import InputError, LabelConfigError
from lsnb.labels.building import structure_problems
from lsnb.labels.codebook import add_codebook, read_codebook
from lsnb.labels.columns import find_column_problems
from lsnb.labels.comparisons import ComparisonMethods
from lsnb.labels.form import build_from_form
from lsnb.labels.labelbox import config_from_labelbox
from lsnb.labels.layout import LayoutMethods
from lsnb.labels.media import MEDIA_TAGS, Media, MediaMethods
from lsnb.labels.outline import outline
from lsnb.labels.problems import Problem
from lsnb.labels.questions import QuestionMethods
from lsnb.labels.reference import find_reference_problems
from lsnb.labels.regions import RegionMethods
from lsnb.labels.synced import SyncedMethods
from lsnb.labels.tree import parse
from lsnb.labels.vocabulary import find_tag

if TYPE_CHECKING:
    from typing import Self


class LabelConfig(MediaMethods, SyncedMethods, QuestionMethods, ComparisonMethods, RegionMethods, LayoutMethods):
    """What annotators see and answer. It never changes: each method returns another config.

    Begin with what is shown, on the class itself, and go on with what is asked; a question is about the last
    media added unless ``to`` names another.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = (
        ...     LabelConfig.image("uri")
        ...     .text("caption")
        ...     .choices("sentiment", ["positive", "negative"], title="What is the mood?")
        ... )
        >>> print(config.xml, end="")
        <View>
          <Image name="uri" value="$uri"/>
          <Text name="caption" value="$caption"/>
          <Header value="What is the mood?"/>
          <Choices name="sentiment" toName="caption" choice="single">
            <Choice value="positive" hotkey="1"/>
            <Choice value="negative" hotkey="2"/>
          </Choices>
        </View>
        >>> config.check()
        []
    """

    __slots__ = ()

    @classmethod
    def from_xml(cls, text: str) -> Self:
        """Return a config from XML. What it does not know, it keeps.

        Args:
            text: The XML of any label config, nested views included.

        Raises:
            LabelConfigError: It is not well-formed, and the sentence names the line and what to mend; or it begins
                with a tag that is none of Label Studio's.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.from_xml('<View><Image name="i" value="$uri"/></View>').fields["uri"].name
            'i'
        """
        root = parse(text)
        if find_tag(str(root.tag)) is None:
            raise LabelConfigError(
                f"A label config begins with <View>, and this begins with <{root.tag}>: put everything inside one "
                "<View>, or give the text of another file."
            )
        return cls._of(root)

    @classmethod
    def from_form(
        cls,
        *,
        coding_name: str,
        coding_values: str | Sequence[str],
        coding_choice: str = "single",
        media: str = "image",
        field: str = "uri",
        text_field: str = "",
        title: str = "",
        required: bool = False,
    ) -> LabelConfig:
        """Return a config with one coding question, from a form's parameters alone.

        Args:
            coding_name: The question's name in results.
            coding_values: The answers: a text with commas or line breaks between them, or a list.
            coding_choice: ``single`` or ``multiple``.
            media: What is coded: ``image``, ``video``, ``audio``, ``text`` or ``hypertext``.
            field: The column that holds it.
            text_field: A column with a text to show beside it, or nothing.
            title: The question as annotators read it.
            required: Whether Label Studio insists on an answer.

        Raises:
            LabelConfigError: With every parameter that is wrong.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.from_form(coding_name="sentiment", coding_values="positive, negative")
            >>> config == LabelConfig.image("uri").choices("sentiment", ["positive", "negative"])
            True
        """
        return build_from_form(
            cls,
            coding_name=coding_name,
            coding_values=coding_values,
            coding_choice=coding_choice,
            media=media,
            field=field,
            text_field=text_field,
            title=title,
            required=required,
        )

    @classmethod
    def from_codebook(cls, codebook: pd.DataFrame, *, media: Media = "image", field: str = "uri") -> LabelConfig:
        """Return a config that shows one column and asks a codebook's questions.

        Args:
            codebook: A row per answer, with the columns ``variable``, ``label``, ``description`` and ``type``, and
                ``code`` where results should hold a code. A row without a label describes the variable itself. A
                variable that is left empty is that of the row above. Types: ``single``, ``multiple``,
                ``taxonomy`` (labels such as ``animal / dog``), ``text``, ``number``, ``rating``, ``date``, ``labels``,
                ``rectangles``, ``polygons``, ``keypoints`` and the other region methods' names.
            media: What is shown.
            field: The column that holds it.

        Raises:
            LabelConfigError: With every variable that is wrong.

        Example:
            >>> import pandas as pd
            >>> from lsnb import LabelConfig
            >>> rows = [("mood", "", "What is the mood?", "single"), ("mood", "good", "", ""), ("mood", "bad", "", "")]
            >>> codebook = pd.DataFrame(rows, columns=["variable", "label", "description", "type"])
            >>> LabelConfig.from_codebook(codebook).controls["mood"].labels
            ('good', 'bad')
        """
        if media not in MEDIA_TAGS:
            raise LabelConfigError(f"media is {media!r}: give one of {', '.join(MEDIA_TAGS)}.")
        start: LabelConfig = getattr(cls, media)(field)
        return add_codebook(start, codebook)

    @classmethod
    def from_labelbox(cls, ontology: Any, *, field: str = "uri", frame_rate: float | str | None = "fps") -> LabelConfig:
        """Return the config for video that matches a Labelbox ontology.

        Rectangles, points and lines become labels of one box tool. A classification of scope ``index``, or below a
        tool, is answered by frame on the timeline; any other once for the video. What stands below an option is asked
        after that answer, as ``parent.child``. Format: "Ontology" in Labelbox's documentation.

        Args:
            ontology: A dict with ``tools`` and ``classifications``, or an ``OntologyBuilder`` of the ``labelbox``
                package.
            field: The column with the video's address.
            frame_rate: Frames a second, or the column that holds them.

        Raises:
            LabelConfigError: With everything in the ontology that cannot be had on video.

        Example:
            >>> from lsnb import LabelConfig
            >>> weather = {"type": "radio", "name": "weather", "options": [{"value": "sun"}, {"value": "rain"}]}
            >>> ontology = {"tools": [{"tool": "rectangle", "name": "car"}], "classifications": [weather]}
            >>> [(c.name, c.kind, c.labels) for c in LabelConfig.from_labelbox(ontology).controls.values()][1:]
            [('objects', 'videorectangle', ('car',)), ('weather', 'choices', ('sun', 'rain'))]
        """
        return config_from_labelbox(cls, ontology, field=field, frame_rate=frame_rate)

    def codebook_questions(self, codebook: pd.DataFrame) -> LabelConfig:
        """Return a config that also asks a codebook's questions.

        Args:
            codebook: As for ``from_codebook``.

        Raises:
            LabelConfigError: With every variable that is wrong.
        """
        return add_codebook(self, codebook)

    @property
    def codebook(self) -> pd.DataFrame:
        """The questions as a table for a paper's appendix: variable, label, description, type (and code).

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.image("uri").choices("mood", ["good", "bad"], title="What is the mood?")
            >>> config.codebook["label"].tolist()
            ['', 'good', 'bad']
        """
        return read_codebook(self._root(), self.controls)

    def check(self, table: pd.DataFrame | None = None, *, release: str | None = None) -> list[Problem]:
        """Return every problem at once, each with its remedy; an empty list for a good config.

        Args:
            table: The table of items; with it, the columns are checked as well.
            release: The server's release, for example ``1.16.0``; by default the one this kit was made for.

        Raises:
            InputError: The table is none, or the release no text.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.from_xml('<View><Image name="i" value="$uri"/><Chioces/></View>')
            >>> for problem in config.check():
            ...     print(problem)
            Label Studio has no tag Chioces: did you mean Choices?
        """
        if release is not None and not isinstance(release, str):
            raise InputError(f"release is {release!r}: give a text such as '1.16.0', since 1.10 as a number is 1.1.")
        root = self._root()
        found = structure_problems(root, release)
        if not self.controls and not found:
            found.append(Problem("View", "The config asks nothing: add a question, for example choices."))
        if table is not None:
            found += find_column_problems(root, table)
        return found or find_reference_problems(self.xml)

    def raise_for_problems(self, table: pd.DataFrame | None = None, *, release: str | None = None) -> None:
        """Raise if there is any problem.

        Args:
            table: The table of items; with it, the columns are checked as well.
            release: The server's release; by default the one this kit was made for.

        Raises:
            LabelConfigError: With every problem.
        """
        problems = self.check(table, release=release)
        if problems:
            raise LabelConfigError([problem.message for problem in problems])

    def __repr__(self) -> str:
        shown = ", ".join(f"${key}" for key in self.fields) or "nothing"
        asked = ", ".join(self.controls) or "nothing"
        return f"LabelConfig(shows {shown}; asks {asked})"

    def _repr_html_(self) -> str:
        return outline(self.fields, self.controls, self.xml)
