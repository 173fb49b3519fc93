"""What annotators answer about an item or a region: choices, scales, numbers, texts, comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.building import ConfigTree, Setting, column_of, element
from lsnb.labels.conditions import PerRegion, When, conditional
from lsnb.labels.options import Options, choice_elements, paths_to_tree
from lsnb.labels.vocabulary import CHOICES, DATE_TIME, NUMBER, RATING, TAXONOMY, TEXT_AREA, Tag

if TYPE_CHECKING:
    from lsnb.labels.config import LabelConfig


class QuestionMethods(ConfigTree):
    """The question methods of ``LabelConfig``."""

    __slots__ = ()

    def choices(
        self,
        name: str,
        options: Options,
        *,
        title: str = "",
        multiple: bool = False,
        required: bool = False,
        layout: Literal["vertical", "inline", "select"] = "vertical",
        aliases: Mapping[str, str] | None = None,
        hints: Mapping[str, str] | None = None,
        hotkeys: bool | Mapping[str, str] = True,
        selected: str | Sequence[str] = (),
        per_region: PerRegion = False,
        visible_when: When | None = None,
        visible_unless: When | None = None,
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also asks to choose.

        Args:
            name: The question's name in results.
            options: The answers: a list, a text with commas or line breaks, or nested dicts for answers
                below answers (a dict's value is a list, another dict or None). ``"$column"`` takes them from
                that column, which holds a list of ``{"value": …}`` in each row.
            title: The question as annotators read it.
            multiple: Whether several answers may be chosen.
            required: Whether Label Studio insists on an answer.
            layout: ``vertical``, ``inline`` or ``select`` (a drop-down list).
            aliases: Answer → what results hold instead of it.
            hints: Answer → what is shown when the mouse rests on it.
            hotkeys: Whether answers get keys, in order, until the keys run out; or answer → key.
            selected: The answers chosen at first.
            per_region: True to ask for each region, or the labels whose regions it is about.
            visible_when: Ask only after another question was answered: its name, or name → answer or answers.
            visible_unless: Ask until another question was answered so.
            to: The media it is about; the last one added by default.
            attributes: Any attribute of the Choices tag.

        Raises:
            LabelConfigError: An answer is empty or repeated, a name is taken, or a condition cannot hold.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.image("uri").choices("mood", ["good", "bad"], title="What is the mood?")
            >>> config.controls["mood"].multiple
            False
        """
        keys = self._free_hotkeys() if hotkeys is True and layout != "select" else []
        options_given = choice_elements(
            name,
            options,
            aliases=aliases,
            hints=hints,
            hotkeys=hotkeys if isinstance(hotkeys, Mapping) else dict(enumerate(keys)),
            selected=[selected] if isinstance(selected, str) else selected,
        )
        nested = any(len(option) for option in options_given)
        given: dict[str, Setting] = {
            "name": name,
            "toName": self._target(CHOICES, to),
            "choice": "multiple" if multiple else "single",
            "value": column_of(options),
            "allowNested": True if nested else None,
            "layout": layout if layout != "vertical" else None,
            "required": True if required else None,
            **attributes,
        }
        return self._ask(element(CHOICES.name, given, *options_given), title, visible_when, visible_unless, per_region)

    def taxonomy(
        self,
        name: str,
        tree: Mapping[str, Any] | Iterable[str | Sequence[str]],
        *,
        title: str = "",
        separator: str = "/",
        multiple: bool = True,
        leaves_only: bool = False,
        required: bool = False,
        aliases: Mapping[str, str] | None = None,
        hints: Mapping[str, str] | None = None,
        per_region: PerRegion = False,
        visible_when: When | None = None,
        visible_unless: When | None = None,
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also asks to choose from a tree in a drop-down list.

        Args:
            name: The question's name in results.
            tree: Nested dicts (a value is a list, a dict or None), or paths: ``"animal/dog"`` or
                ``("animal", "dog")``.
            title: The question as annotators read it.
            separator: What stands between the parts of a path written as text.
            multiple: Whether several places of the tree may be chosen.
            leaves_only: Whether only answers without answers below them may be chosen.
            required: Whether Label Studio insists on an answer.
            aliases: Answer → what results hold instead of it.
            hints: Answer → what is shown when the mouse rests on it.
            per_region: True to ask for each region, or the labels whose regions it is about.
            visible_when: Ask only after another question was answered: its name, or name → answer or answers.
            visible_unless: Ask until another question was answered so.
            to: The media it is about; the last one added by default.
            attributes: Any attribute of the Taxonomy tag, for example ``show_full_path=True``.

        Raises:
            LabelConfigError: The tree is empty, an answer is empty or repeated, or a name is taken.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.text("body").taxonomy("topic", ["news/sport", "news/local", "advert"])
            >>> config.controls["topic"].paths
            (('news',), ('news', 'sport'), ('news', 'local'), ('advert',))
        """
        options = tree if isinstance(tree, Mapping) else paths_to_tree(name, tree, separator)
        given: dict[str, Setting] = {
            "name": name,
            "toName": self._target(TAXONOMY, to),
            "maxUsages": None if multiple else 1,
            "leafsOnly": True if leaves_only else None,
            "required": True if required else None,
            **attributes,
        }
        question = element(TAXONOMY.name, given, *choice_elements(name, options, aliases=aliases, hints=hints))
        return self._ask(question, title, visible_when, visible_unless, per_region)

    def rating(
        self,
        name: str,
        *,
        stars: int = 5,
        title: str = "",
        required: bool = False,
        per_region: PerRegion = False,
        visible_when: When | None = None,
        visible_unless: When | None = None,
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also asks for a number of stars.

        Args:
            name: The question's name in results.
            stars: The most stars, 1 or more.
            title: The question as annotators read it.
            required: Whether Label Studio insists on an answer.
            per_region: True to ask for each region, or the labels whose regions it is about.
            visible_when: Ask only after another question was answered: its name, or name → answer or answers.
            visible_unless: Ask until another question was answered so.
            to: The media it is about; the last one added by default.
            attributes: Any attribute of the Rating tag.

        Raises:
            LabelConfigError: The number of stars is below 1, or a name is taken.
        """
        if stars < 1:
            raise LabelConfigError(f'The rating "{name}" has {stars} stars: give 1 or more.')
        given: dict[str, Setting] = {"maxRating": stars, **attributes}
        return self._simple(RATING, name, given, title, required, visible_when, visible_unless, per_region, to)

    def number(
        self,
        name: str,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        step: float | None = None,
        slider: bool = False,
        title: str = "",
        required: bool = False,
        per_region: PerRegion = False,
        visible_when: When | None = None,
        visible_unless: When | None = None,
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also asks for a number.

        Args:
            name: The question's name in results.
            minimum: The lowest number allowed.
            maximum: The highest number allowed.
            step: The distance between numbers, above 0.
            slider: Whether to show a slider; it needs a minimum and a maximum.
            title: The question as annotators read it.
            required: Whether Label Studio insists on an answer.
            per_region: True to ask for each region, or the labels whose regions it is about.
            visible_when: Ask only after another question was answered: its name, or name → answer or answers.
            visible_unless: Ask until another question was answered so.
            to: The media it is about; the last one added by default.
            attributes: Any attribute of the Number tag.

        Raises:
            LabelConfigError: The bounds cross, a slider has none, or a name is taken.
        """
        faults = []
        if minimum is not None and maximum is not None and minimum >= maximum:
            faults.append(f'The number "{name}" goes from {minimum:g} to {maximum:g}: give a higher maximum.')
        if step is not None and step <= 0:
            faults.append(f'The number "{name}" has a step of {step:g}: give one above 0.')
        if slider and (minimum is None or maximum is None):
            faults.append(f'The slider "{name}" needs both a minimum and a maximum.')
        if faults:
            raise LabelConfigError(faults)
        given: dict[str, Setting] = {
            "min": minimum,
            "max": maximum,
            "step": step,
            "slider": True if slider else None,
            **attributes,
        }
        return self._simple(NUMBER, name, given, title, required, visible_when, visible_unless, per_region, to)

    def datetime(
        self,
        name: str,
        *,
        only: Literal["date", "time", "month", "year"] | None = None,
        title: str = "",
        required: bool = False,
        per_region: PerRegion = False,
        visible_when: When | None = None,
        visible_unless: When | None = None,
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also asks for a date or time.

        Args:
            name: The question's name in results.
            only: The part asked for; date and time by default.
            title: The question as annotators read it.
            required: Whether Label Studio insists on an answer.
            per_region: True to ask for each region, or the labels whose regions it is about.
            visible_when: Ask only after another question was answered: its name, or name → answer or answers.
            visible_unless: Ask until another question was answered so.
            to: The media it is about; the last one added by default.
            attributes: Any attribute of the DateTime tag, for example ``min="2020-01-01"``.

        Raises:
            LabelConfigError: A name is taken, or an attribute is not one of the tag's.
        """
        given: dict[str, Setting] = {"only": only, **attributes}
        return self._simple(DATE_TIME, name, given, title, required, visible_when, visible_unless, per_region, to)

    def textarea(
        self,
        name: str,
        *,
        rows: int = 1,
        placeholder: str | None = None,
        most: int | None = 1,
        title: str = "",
        required: bool = False,
        per_region: PerRegion = False,
        visible_when: When | None = None,
        visible_unless: When | None = None,
        to: str | None = None,
        **attributes: Setting,
    ) -> LabelConfig:
        """Return a config that also asks for a text.

        Args:
            name: The question's name in results.
            rows: Height in lines; with 1, Enter submits the text.
            placeholder: What stands there until something is typed.
            most: The most texts one annotator may give; None for any number.
            title: The question as annotators read it.
            required: Whether Label Studio insists on an answer.
            per_region: True to ask for each region, or the labels whose regions it is about.
            visible_when: Ask only after another question was answered: its name, or name → answer or answers.
            visible_unless: Ask until another question was answered so.
            to: The media it is about; the last one added by default.
            attributes: Any attribute of the TextArea tag, for example ``editable=True``.

        Raises:
            LabelConfigError: rows or most is below 1, or a name is taken.
        """
        faults = [
            f'The text area "{name}" has {what}={value}: give 1 or more.'
            for what, value in (("rows", rows), ("most", most))
            if value is not None and value < 1
        ]
        if faults:
            raise LabelConfigError(faults)
        given: dict[str, Setting] = {
            "rows": rows,
            "placeholder": placeholder,
            "maxSubmissions": most,
            "editable": True,
            **attributes,
        }
        return self._simple(TEXT_AREA, name, given, title, required, visible_when, visible_unless, per_region, to)

    def _simple(
        self,
        tag: Tag,
        name: str,
        given: Mapping[str, Setting],
        title: str,
        required: bool,
        visible_when: When | None,
        visible_unless: When | None,
        per_region: PerRegion,
        to: str | None,
    ) -> LabelConfig:
        base: dict[str, Setting] = {
            "name": name,
            "toName": self._target(tag, to),
            "required": True if required else None,
        }
        return self._ask(element(tag.name, {**base, **given}), title, visible_when, visible_unless, per_region)

    def _ask(
        self,
        question: etree._Element,
        title: str,
        visible_when: When | None,
        visible_unless: When | None,
        per_region: PerRegion,
    ) -> LabelConfig:
        return self._add(
            *conditional(
                question,
                title,
                controls=self.controls,
                visible_when=visible_when,
                visible_unless=visible_unless,
                per_region=per_region,
            )
        )
