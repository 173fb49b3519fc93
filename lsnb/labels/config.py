"""``LabelConfig``: what annotators see and answer, built step by step or read from XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lsnb.errors import LabelConfigError
from lsnb.labels.building import structure_problems
from lsnb.labels.columns import find_column_problems
from lsnb.labels.layout import LayoutMethods
from lsnb.labels.media import MediaMethods
from lsnb.labels.outline import outline
from lsnb.labels.problems import Problem
from lsnb.labels.questions import QuestionMethods
from lsnb.labels.regions import RegionMethods
from lsnb.labels.tree import parse

if TYPE_CHECKING:
    from typing import Self


class LabelConfig(MediaMethods, QuestionMethods, RegionMethods, LayoutMethods):
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
            LabelConfigError: It is not well-formed; the sentence names the line and what to mend.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.from_xml('<View><Image name="i" value="$uri"/></View>').fields["uri"].name
            'i'
        """
        return cls._of(parse(text))

    def check(self, table: pd.DataFrame | None = None, *, release: str | None = None) -> list[Problem]:
        """Return every problem at once, each with its remedy; an empty list for a good config.

        Args:
            table: The table of items; with it, the columns are checked as well.
            release: The server's release, for example ``1.16.0``; by default the one this kit was made for.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.from_xml('<View><Image name="i" value="$uri"/><Chioces/></View>')
            >>> for problem in config.check():
            ...     print(problem)
            Label Studio has no tag Chioces: did you mean Choices?
            The config asks nothing: add a question, for example choices.
        """
        root = self._root()
        found = structure_problems(root, release)
        if not self.controls:
            found.append(Problem("View", "The config asks nothing: add a question, for example choices."))
        if table is not None:
            found += find_column_problems(root, table)
        return found

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
