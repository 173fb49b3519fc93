"""What annotators answer: questions, comparisons, and what they mark (shapes, spans, stretches of time, tracks)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any, Literal, Self

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.building import (
    ConfigTree,
    Options,
    PerRegion,
    Setting,
    When,
    checked,
    choice_elements,
    column_of,
    conditional,
    element,
    next_colours,
    paths_to_tree,
    titled,
    words,
)
from lsnb.labels.tree import OPTIONS_CLASS, attribute, object_tags, walk
from lsnb.labels.vocabulary import (
    BITMASK_LABELS,
    BRUSH_LABELS,
    CHOICES,
    DATE_TIME,
    ELLIPSE_LABELS,
    KEY_POINT_LABELS,
    MAGIC_WAND,
    NUMBER,
    PAIRWISE,
    POLYGON_LABELS,
    RANKER,
    RATING,
    RECTANGLE_LABELS,
    RELATIONS,
    TAGS,
    TAXONOMY,
    TEXT_AREA,
    VECTOR_LABELS,
    VIDEO_RECTANGLE,
    Tag,
    unlabelled,
)

Labels = str | Iterable[str] | Mapping[str, str]

# A list with more answers than this scrolls in a box, so that the next question stays in sight. The box cuts through
# the tenth, which shows that there are more: on a screen 768 points high two short questions fit below it, and a higher
# one gives it more.
LONG_LIST = 9
_SCROLLS = "max-height: max(27.5em, 45vh); overflow-y: auto"


class AskedMethods(ConfigTree):
    """The methods of ``LabelConfig`` that ask: questions, comparisons, and tools that mark regions.

    Labels are a list, a text with commas or line breaks, or a dict from label to colour. Colours not given are
    taken so that all labels of the config differ: the first eight can be told apart with any colour vision.
    ``"$column"`` takes the labels from that column, which holds a list of ``{"value": …}`` in each row.
    """

    __slots__ = ()

    @checked()
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
    ) -> Self:
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
        asked = element(CHOICES.name, given, *options_given)
        if layout == "vertical" and sum(1 for _ in asked.iterdescendants()) > LONG_LIST:
            asked = element("View", {"className": OPTIONS_CLASS, "style": _SCROLLS}, asked)
        return self._ask(asked, title, visible_when, visible_unless, per_region)

    @checked()
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
    ) -> Self:
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
        if not separator:
            raise LabelConfigError("separator is '': give what stands between the parts of a path, such as '/'.")
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

    @checked(stars=(1, None))
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
    ) -> Self:
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
        given: dict[str, Setting] = {"maxRating": stars, **attributes}
        return self._simple(RATING, name, given, title, required, visible_when, visible_unless, per_region, to)

    @checked()
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
    ) -> Self:
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

    @checked()
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
    ) -> Self:
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

    @checked(rows=(1, None), most=(1, None))
    def textarea(
        self,
        name: str,
        *,
        rows: int | None = 1,
        placeholder: str | None = None,
        most: int | None = 1,
        title: str = "",
        required: bool = False,
        per_region: PerRegion = False,
        visible_when: When | None = None,
        visible_unless: When | None = None,
        to: str | None = None,
        **attributes: Setting,
    ) -> Self:
        """Return a config that also asks for a text.

        Args:
            name: The question's name in results.
            rows: Height in lines; with 1, Enter submits the text; None for Label Studio's own.
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
    ) -> Self:
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
    ) -> Self:
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

    @checked()
    def pairwise(self, name: str, *, title: str = "", to: Sequence[str] | None = None, **attributes: Setting) -> Self:
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

    @checked()
    def ranker(
        self,
        name: str,
        buckets: str | Iterable[str] | Mapping[str, str] | None = None,
        *,
        title: str = "",
        to: str | None = None,
        **attributes: Setting,
    ) -> Self:
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
        titles: Mapping[str, str] = {}
        if isinstance(buckets, Mapping):
            titles = buckets
        elif buckets is not None and not (isinstance(buckets, Sized) and not len(buckets)):
            titles = {bucket: bucket for bucket in words(buckets, name)}
        made = [element("Bucket", {"name": bucket, "title": text}) for bucket, text in titles.items()]
        given: dict[str, Setting] = {"name": name, "toName": self._target(RANKER, to), **attributes}
        return self._add(*titled(title, element(RANKER.name, given, *made)))

    @checked()
    def rectangles(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> Self:
        """Return a config that also lets annotators draw boxes on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for boxes without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the RectangleLabels tag, for example ``can_rotate=False``.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.image("uri").rectangles("animal", ["cat", "dog"]).controls["animal"].labels
            ('cat', 'dog')
        """
        return self._mark(RECTANGLE_LABELS, name, labels, title, to, attributes)

    @checked()
    def ellipses(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> Self:
        """Return a config that also lets annotators draw ellipses on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for ellipses without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the EllipseLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(ELLIPSE_LABELS, name, labels, title, to, attributes)

    @checked()
    def polygons(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> Self:
        """Return a config that also lets annotators draw polygons on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for polygons without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the PolygonLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(POLYGON_LABELS, name, labels, title, to, attributes)

    @checked()
    def vectors(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> Self:
        """Return a config that also lets annotators draw lines and curves on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for lines without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the VectorLabels tag, for example ``closable=True`` or ``curves=True``.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(VECTOR_LABELS, name, labels, title, to, attributes)

    @checked()
    def keypoints(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> Self:
        """Return a config that also lets annotators set points on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, for example body parts, or None for points without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the KeyPointLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.

        Example:
            >>> from lsnb import LabelConfig
            >>> parts = [f"part {i}" for i in range(70)]
            >>> len(LabelConfig.image("frame").keypoints("body", parts).controls["body"].labels)
            70
        """
        return self._mark(KEY_POINT_LABELS, name, labels, title, to, attributes)

    @checked()
    def brush(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> Self:
        """Return a config that also lets annotators paint masks on an image.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for masks without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the BrushLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(BRUSH_LABELS, name, labels, title, to, attributes)

    @checked()
    def bitmask(
        self, name: str, labels: Labels | None = None, *, title: str = "", to: str | None = None, **attributes: Setting
    ) -> Self:
        """Return a config that also lets annotators paint masks of whole pixels, kept without loss.

        Args:
            name: The tool's name in results.
            labels: The labels, or None for masks without labels.
            title: A heading above the labels.
            to: The image; the last one added by default.
            attributes: Any attribute of the BitmaskLabels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no image.
        """
        return self._mark(BITMASK_LABELS, name, labels, title, to, attributes)

    @checked()
    def magic_wand(self, name: str, *, to: str | None = None, **attributes: Setting) -> Self:
        """Return a config that also offers a wand, which selects an area of like colour for the brush's labels.

        Args:
            name: The tool's name in the config.
            to: The image; the last one added by default. Its address must allow reading its pixels (CORS).
            attributes: Any attribute of the MagicWand tag, for example ``default_threshold=20``.

        Raises:
            LabelConfigError: A name is taken, or there is no image.
        """
        given: dict[str, Setting] = {"name": name, "toName": self._target(MAGIC_WAND, to), **attributes}
        return self._add(element(MAGIC_WAND.name, given))

    @checked()
    def labels(
        self,
        name: str,
        labels: Labels,
        *,
        title: str = "",
        multiple: bool = False,
        to: str | None = None,
        **attributes: Setting,
    ) -> Self:
        """Return a config that also lets annotators label spans: of text, sound, time series or video time.

        The tag follows the media: Labels for text and audio, HyperTextLabels, ParagraphLabels,
        TimeSeriesLabels, and TimelineLabels for video. The labels stand above their media.

        Args:
            name: The tool's name in results.
            labels: The labels.
            title: A heading above them.
            multiple: Whether one span may carry several labels.
            to: The media; the last one added that has spans by default.
            attributes: Any attribute of that tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or no media here has spans.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.video("uri").labels("behaviour", ["rest", "run"]).controls["behaviour"].labels
            ('rest', 'run')
        """
        shown = object_tags(self._root())
        fitting = [n for n, tag in shown.items() if tag.spans]
        target = to if to is not None else (fitting[-1] if fitting else "")
        if target not in shown or not shown[target].spans:
            raise LabelConfigError(
                f'The labels "{name}" need a text, audio, video, conversation or time series, and '
                f"{f'{target} is none' if target else 'this config shows none'}: on images use rectangles, "
                "polygons or keypoints."
            )
        given: dict[str, Setting] = {"choice": "multiple" if multiple else None, **attributes}
        made = self._label(TAGS[shown[target].spans], name, labels, title, target, given)
        return self._add_above(target, *made)

    @checked()
    def video_boxes(
        self,
        name: str,
        labels: Labels,
        *,
        labels_name: str | None = None,
        title: str = "",
        to: str | None = None,
        **attributes: Setting,
    ) -> Self:
        """Return a config that also lets annotators follow things through a video with boxes.

        The labels stand above the video.

        Args:
            name: The tool's name in results (VideoRectangle).
            labels: The labels of the boxes.
            labels_name: The name of the Labels beside the tool; ``<name>_label`` by default.
            title: A heading above the labels.
            to: The video; the last one added by default.
            attributes: Any attribute of the Labels tag.

        Raises:
            LabelConfigError: A label is empty or repeated, a name is taken, or there is no video.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.video("uri").video_boxes("track", ["mouse"]).controls["track"].labels
            ('mouse',)
        """
        target = self._target(VIDEO_RECTANGLE, to)
        beside = labels_name if labels_name is not None else f"{name}_label"
        given: dict[str, Setting] = {"name": beside, "toName": target, **attributes}
        listed = element(VIDEO_RECTANGLE.beside, given, *self._label_elements(name, labels))
        tool = element(VIDEO_RECTANGLE.name, {"name": name, "toName": target})
        return self._add_above(target, *titled(title, listed), tool)

    @checked()
    def relations(self, labels: str | Iterable[str] = (), *, multiple: bool = False) -> Self:
        """Return a config that also lets annotators name the relation between two regions.

        Args:
            labels: The names of relations.
            multiple: Whether one relation may carry several names.

        Raises:
            LabelConfigError: A name is empty or repeated.
        """
        names = [] if isinstance(labels, Sized) and not len(labels) else words(labels, "Relations")
        made = [element("Relation", {"value": text}) for text in names]
        return self._add(element(RELATIONS.name, {"choice": "multiple" if multiple else None}, *made))

    @checked(to="The filter has nothing to filter: give the name of labels or choices.")
    def filter(self, name: str, to: str, **attributes: Setting) -> Self:
        """Return a config that also offers a search box for a long list of labels or choices.

        Args:
            name: The box's name in the config.
            to: The name of the labels or choices.
            attributes: Any attribute of the Filter tag, for example ``min_length=0``.

        Raises:
            LabelConfigError: No labels or choices have that name, or a name is taken.
        """
        if not to:
            raise LabelConfigError(f'The filter "{name}" has nothing to filter: give the name of labels or choices.')
        made = element("Filter", {"name": name, "toName": to, **attributes})
        root = self._root()
        place = next((found for found in walk(root) if attribute(found, "name") == to), None)
        if place is None:
            return self._add(made)  # which says what is wrong with it
        place.addprevious(made)
        return self._checked(root)

    def _mark(
        self,
        tag: Tag,
        name: str,
        labels: Labels | None,
        title: str,
        to: str | None,
        attributes: Mapping[str, Setting],
    ) -> Self:
        if labels is None:
            given: dict[str, Setting] = {"name": name, "toName": self._target(tag, to), **attributes}
            return self._add(*titled(title, element(unlabelled(tag).name, given)))
        return self._add(*self._label(tag, name, labels, title, self._target(tag, to), attributes))

    def _label(
        self, tag: Tag, name: str, labels: Labels, title: str, target: str, attributes: Mapping[str, Setting]
    ) -> list[etree._Element]:
        given: dict[str, Setting] = {"name": name, "toName": target, "value": column_of(labels), **attributes}
        return titled(title, element(tag.name, given, *self._label_elements(name, labels)))

    def _label_elements(self, name: str, labels: Labels) -> list[etree._Element]:
        """Return Label tags, each with a colour and, while there are any, a key of its own."""
        if column_of(labels):
            return []
        listed = words(labels, name)
        given = {str(k).strip(): v for k, v in labels.items() if v} if isinstance(labels, Mapping) else {}
        odd = [f"{label!r}: {colour!r}" for label, colour in given.items() if not isinstance(colour, str)]
        if odd:
            raise LabelConfigError(f"{name} has colours that are no texts ({', '.join(odd)}): give such as '#D55E00'.")
        root = self._root()
        used = [colour for e in walk(root) if (colour := attribute(e, "background"))]
        missing = [label for label in listed if not given.get(label)]
        colours = dict(zip(missing, next_colours([*used, *given.values()], len(missing)), strict=True))
        keys = dict(zip(listed, self._free_hotkeys(), strict=False))
        return [
            element(
                "Label",
                {"value": label, "background": given.get(label) or colours[label], "hotkey": keys.get(label)},
            )
            for label in listed
        ]
