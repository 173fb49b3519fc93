"""What annotators compare: which of two media is better, and in which order a list belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lsnb.errors import LabelConfigError
from lsnb.labels.building import ConfigTree, Setting, element, titled, words
from lsnb.labels.reading import object_tags
from lsnb.labels.vocabulary import PAIRWISE, RANKER

if TYPE_CHECKING:
    from lsnb.labels.config import LabelConfig


class ComparisonMethods(ConfigTree):
    """The comparison methods of ``LabelConfig``."""

    __slots__ = ()

    def pairwise(
        self, name: str, *, title: str = "", to: Sequence[str] | None = None, **attributes: Setting
    ) -> LabelConfig:
        """Return a config that also asks which of two media is the better one; annotators click on it.

        Args:
            name: The question's name in results; the answer is ``left`` or ``right``.
            title: The question as annotators read it.
            to: The names of the two media, left first; the last two added by default.
            attributes: Any attribute of the Pairwise tag.

        Raises:
            LabelConfigError: There are not two media, or a name is taken.
        """
        names = list(to) if to is not None else list(object_tags(self._root()))[-2:]
        if len(names) != PAIRWISE.targets:
            raise LabelConfigError(
                f'The comparison "{name}" needs two media, and this config shows {len(names)}: begin with '
                'LabelConfig.pair("left", "right").'
            )
        given: dict[str, Setting] = {"name": name, "toName": ",".join(names), **attributes}
        shown = object_tags(self._root())
        made = titled(title, element(PAIRWISE.name, given))
        return self._add_above(names[0], *made) if names[0] in shown else self._add(*made)

    def ranker(
        self,
        name: str,
        buckets: str | Iterable[str] | Mapping[str, str] | None = None,
        *,
        title: str = "",
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also asks to rank the items of a list, or to sort them into buckets.

        Args:
            name: The question's name in results.
            buckets: The buckets' names, or name → title; None to rank all items in one column.
            title: The question as annotators read it.
            to: The list it is about; the last one added by default.
            attributes: Any attribute of the Ranker tag.

        Raises:
            LabelConfigError: There is no list, a bucket is repeated, or a name is taken.
        """
        titles = buckets if isinstance(buckets, Mapping) else {b: b for b in words(buckets, name)} if buckets else {}
        made = [element("Bucket", {"name": bucket, "title": text}) for bucket, text in titles.items()]
        given: dict[str, Setting] = {"name": name, "toName": self._target(RANKER, to), **attributes}
        return self._add(*titled(title, element(RANKER.name, given, *made)))
