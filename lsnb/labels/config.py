"""``LabelConfig``: what annotators see and answer, built step by step, from a form's parameters, or read from XML."""

from __future__ import annotations

import copy
import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar, cast, get_args

import pandas as pd
from lxml import etree

from lsnb.errors import InputError, LabelConfigError
from lsnb.kernel import checks
from lsnb.kernel.files import named_path
from lsnb.kernel.formats import read_bytes
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import closest, joined, listing, warn
from lsnb.labels.building import ConfigTree, words
from lsnb.labels.check import (
    PLAYERS,
    Columns,
    Holder,
    Problem,
    comments_of,
    find_clock_problems,
    find_column_problems,
    find_reference_problems,
    html_of,
    html_players,
    is_script_alone,
    plays,
    structure_problems,
)
from lsnb.labels.labelbox import config_from_labelbox
from lsnb.labels.shown import CLOCK, MEDIA_TAGS, VIDEO_HEIGHT, Layout, Media, ShownMethods, data_key
from lsnb.labels.tree import (
    Control,
    Field,
    attribute,
    build,
    header_of,
    option_elements,
    parse,
    put_attribute,
    read_controls,
    walk,
)
from lsnb.labels.vocabulary import WORDS, find_tag
from lsnb.tables.opening import decode


class LabelConfig(ShownMethods):
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
    def from_xml(cls, text: str | Path) -> Self:
        """Return a config from XML. What it does not know, it keeps.

        Args:
            text: The XML of any label config, nested views included; or the file that holds it, as a ``Path``.

        Raises:
            MissingFileError: There is no such file.
            InputError: It is a folder, or cannot be read.
            LabelConfigError: It is not well-formed, and the sentence names the line and what to mend; or it begins
                with a tag that is none of Label Studio's.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.from_xml('<View><Image name="i" value="$uri"/></View>').fields["uri"].name
            'i'
        """
        if isinstance(text, Path):
            text, guess = decode(read_bytes(named_path(text)), text.name)
            if guess:
                warn(guess.replace("'CSV UTF-8'", "UTF-8"))
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
        layout: str = "columns",
    ) -> Self:
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
            layout: ``columns`` (the answers beside what is coded), ``stacked`` (below it) or ``auto``; see
                ``laid_out``.

        Raises:
            LabelConfigError: With every parameter that is wrong.

        Example:
            >>> from lsnb import LabelConfig
            >>> config = LabelConfig.from_form(coding_name="sentiment", coding_values="positive, negative")
            >>> config == LabelConfig.image("uri").choices("sentiment", ["positive", "negative"]).columns()
            True
        """
        given = {"coding_name": coding_name, "field": field, "text_field": text_field, "title": title}
        given |= {"media": media, "coding_choice": coding_choice, "layout": layout}
        faults = [f"{name} is {value!r}: give a text." for name, value in given.items() if not isinstance(value, str)]
        if not isinstance(coding_values, str | list | tuple):
            faults.append(
                f"coding_values is {coding_values!r}: give a text with commas between the answers, or a list."
            )
        if faults:
            raise LabelConfigError(faults)
        if media not in MEDIA_TAGS:
            faults.append(f"media is {media!r}: give one of {', '.join(MEDIA_TAGS)}.")
        if coding_choice not in _CHOICES:
            faults.append(f"coding_choice is {coding_choice!r}: give single or multiple.")
        if layout not in get_args(Layout):
            faults.append(f"layout is {layout!r}: give columns, stacked or auto.")
        name = coding_name.strip()
        if not name:
            faults.append("coding_name is empty: give the question a name, for example sentiment.")
        elif name in (field.strip(), text_field.strip()):
            faults.append(f'coding_name is "{name}", as is a column shown: give the question a name of its own.')
        for what, column in (("field", field), ("text_field", text_field)):
            if what == "field" and not column.strip():
                faults.append("field is empty: name the column to show, for example uri.")
            elif column.strip():
                faults += _faults_of(partial(data_key, column))
        faults += _faults_of(partial(words, coding_values, "coding_values"))
        if text_field.strip() and text_field.strip() == field.strip():
            faults.append(f'field and text_field are both "{field.strip()}": leave text_field empty.')
        if faults:
            raise LabelConfigError(faults)
        config: Self = getattr(cls, media)(field.strip())
        shown = next(iter(config.fields.values())).name
        if text_field.strip():
            config = config.text(text_field.strip())
        asked = config.choices(
            name, coding_values, title=title.strip(), multiple=coding_choice == "multiple", required=required, to=shown
        )
        return asked.laid_out(cast("Layout", layout))

    @classmethod
    def from_codebook(
        cls, codebook: pd.DataFrame, *, media: Media = "image", field: str = "uri", layout: Layout = "auto"
    ) -> Self:
        """Return a config that shows one column and asks a codebook's questions.

        Args:
            codebook: A row per answer, with the columns ``variable``, ``label``, ``description`` and ``type``, and
                ``code`` where results should hold a code. A row without a label describes the variable itself. A
                variable that is left empty is that of the row above. Types: ``single``, ``multiple``,
                ``taxonomy`` (labels such as ``animal / dog``), ``text``, ``number``, ``rating``, ``date``, ``labels``,
                ``rectangles``, ``polygons``, ``keypoints`` and the other region methods' names.
            media: What is shown.
            field: The column that holds it.
            layout: ``auto``, ``columns`` or ``stacked``; see ``laid_out``.

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
        if not isinstance(media, str) or media not in MEDIA_TAGS:
            raise LabelConfigError(f"media is {checks.shown(media)}: give one of {', '.join(MEDIA_TAGS)}.")
        start: Self = getattr(cls, media)(field)
        return add_codebook(start, codebook).laid_out(layout)

    @classmethod
    def from_labelbox(
        cls, ontology: Any, *, field: str = "uri", frame_rate: float | str | None = "fps", unknown: str = "fail"
    ) -> Self:
        """Return the config for video that matches a Labelbox ontology.

        Rectangles, points and lines become labels of one box tool. A classification of scope ``index``, or below a
        tool, is answered by frame on the timeline; any other once for the video. What stands below an option is asked
        after that answer, as ``parent.child``. Format: "Ontology" in Labelbox's documentation.

        Args:
            ontology: A dict with ``tools`` and ``classifications``, or an ``OntologyBuilder`` of the ``labelbox``
                package.
            field: The column with the video's address.
            frame_rate: Frames a second, or the column that holds them.
            unknown: ``fail`` for a tool or classification that video cannot have, or ``drop`` it with a warning.

        Raises:
            LabelConfigError: With everything in the ontology that cannot be had on video.

        Example:
            >>> from lsnb import LabelConfig
            >>> weather = {"type": "radio", "name": "weather", "options": [{"value": "sun"}, {"value": "rain"}]}
            >>> ontology = {"tools": [{"tool": "rectangle", "name": "car"}], "classifications": [weather]}
            >>> [(c.name, c.labels) for c in LabelConfig.from_labelbox(ontology).controls.values()][1:]
            [('objects', ('car',)), ('weather', ('sun', 'rain'))]
        """
        return config_from_labelbox(cls, ontology, field=field, frame_rate=frame_rate, unknown=unknown)

    def codebook_questions(self, codebook: pd.DataFrame) -> Self:
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

    @property
    def hotkeys(self) -> dict[str, str]:
        """Which key gives which answer: answer → key, in the config's order.

        Example:
            >>> from lsnb import LabelConfig
            >>> LabelConfig.image("uri").choices("mood", ["good", "bad"]).hotkeys
            {'good': '1', 'bad': '2'}
        """
        keyed = [element for element in walk(self._root()) if attribute(element, "hotkey")]
        return {str(attribute(one, "value") or one.tag): str(attribute(one, "hotkey")) for one in keyed}

    def check(
        self,
        table: pd.DataFrame | None = None,
        *,
        release: str | None = None,
        bucket: Holder | None = None,
        columns: Columns | None = None,
    ) -> list[Problem]:
        """Return every problem at once, each with its remedy; an empty list for a good config.

        With a table, the verdict is ``create_study``'s. What a question is about must be there in each row; a text
        beside another medium may be empty, and so may what nothing is asked about.

        Args:
            table: The table of items; with it, columns and rows are checked as well.
            release: The server's release, for example ``1.16.0``; by default the one this kit was made for.
            bucket: The bucket that ``create_study`` will be given: files of this computer, which it uploads, are then
                looked for, and addresses in other buckets are problems. Without it, names of files are.
            columns: The columns that ``create_study`` will be given: pairs of column and field, or a list.

        Raises:
            InputError: The table is none, the release no text, the bucket not open, or columns of another type.

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
        found = [*structure_problems(root, release), *find_clock_problems(root)]
        if not self.controls and not found:
            found.append(Problem("View", "The config asks nothing: add a question, for example choices."))
        if table is not None:
            found += find_column_problems(root, table, bucket, columns)
        return found or find_reference_problems(self.xml)

    def modernised(self) -> Self:
        """Return the config that plays videos, sounds and time series together in today's releases.

        A HyperText that plays a video beside a time series, as Label Studio's guide said up to release 1.4, becomes a
        ``Video`` (or ``Audio``) of the same name and column, which then holds the address alone, not HTML: scripts are
        stripped since 1.11. What plays together gets one ``sync`` (release 1.20), a video ``frameRate="$fps"``, a
        series ``timeColumn="time"`` where it has none; ``lsnb.align(…).to_csv`` writes such files. Sample tasks in
        comments go. All else stays as it is, and so does a config without time series.

        Example:
            >>> from lsnb import LabelConfig
            >>> old = LabelConfig.from_xml(
            ...     '<View><HyperText name="video" value="$video"/><TimeSeriesLabels name="act" toName="ts">'
            ...     '<Label value="run"/></TimeSeriesLabels><TimeSeries name="ts" value="$csv" valueType="url" '
            ...     'timeColumn="time"><Channel column="x"/></TimeSeries></View>'
            ... )
            >>> new = old.modernised()
            >>> print(new.xml.splitlines()[1].strip())
            <Video name="video" value="$video" frameRate="$fps" height="320" sync="clock"/>
            >>> len(old.check()), new.check(), new.modernised() == new
            (1, [], True)
        """
        return self._of(_modernise(self._root()))

    def raise_for_problems(
        self, table: pd.DataFrame | None = None, *, release: str | None = None, bucket: Holder | None = None
    ) -> None:
        """Raise if there is any problem.

        Args:
            table: The table of items; with it, columns and rows are checked as well.
            release: The server's release; by default the one this kit was made for.
            bucket: The bucket that ``create_study`` will be given.

        Raises:
            LabelConfigError: With every problem.
        """
        problems = self.check(table, release=release, bucket=bucket)
        if problems:
            raise LabelConfigError([problem.message for problem in problems])

    def __repr__(self) -> str:
        shown = ", ".join(f"${key}" for key in self.fields) or "nothing"
        asked = ", ".join(self.controls) or "nothing"
        return f"LabelConfig(shows {shown}; asks {asked})"

    def _repr_html_(self) -> str:
        return outline(self.fields, self.controls, self.xml)


_CHOICES = ("single", "multiple")


def _modernise(root: etree._Element) -> etree._Element:
    """Return the root with players as tags of their own, on one clock with the series."""
    asked = {name for control in read_controls(root).values() for name in control.to_names}
    for old, kind, value in html_players(root):
        name = attribute(old, "name")
        if not name or not value:
            continue
        height = {"height": str(VIDEO_HEIGHT)} if kind == "Video" else {}
        new = build(kind, {"name": name, "value": value, **height})
        new.tail = old.tail
        parent = old.getparent()
        if parent is not None:
            parent.replace(old, new)
    around = [node for node in (*root.itersiblings(preceding=True), *root.itersiblings()) if not plays(node.text or "")]
    if any(plays(text) for text in comments_of(root)):
        # A comment beside the outermost tag has no parent to be taken from, and a copy leaves all of these behind.
        root = copy.deepcopy(root)
        for node in around:
            root.addnext(copy.deepcopy(node))
        for comment in [found for found in root.iter(etree.Comment) if plays(found.text or "")]:
            parent = comment.getparent()
            if parent is not None:
                parent.remove(comment)
    for old in [found for found in walk(root) if str(found.tag).lower() == "hypertext"]:
        parent = old.getparent()
        if parent is not None and attribute(old, "name") not in asked and is_script_alone(html_of(old)):
            parent.remove(old)
    tags = [(found, tag.name) for found in walk(root) if (tag := find_tag(str(found.tag))) is not None]
    parts = [(found, name) for found, name in tags if name in (*PLAYERS, "TimeSeries")]
    if len({name == "TimeSeries" for _, name in parts}) < 2:
        return root
    groups = Counter(name for found, _ in tags if (name := attribute(found, "sync")))
    is_grouped = all(groups[attribute(found, "sync") or ""] > 1 for found, _ in parts)
    usual = next((name for name, _ in groups.most_common()), CLOCK)
    for found, name in parts:
        wanted = {"Video": ("frameRate", "$fps"), "TimeSeries": ("timeColumn", "time")}.get(name)
        if wanted and not (attribute(found, wanted[0]) or "").strip():
            put_attribute(found, *wanted)
        if not is_grouped:
            put_attribute(found, "sync", usual)
    return root


def _faults_of(attempt: Callable[[], object]) -> list[str]:
    try:
        attempt()
    except LabelConfigError as error:
        return list(error.problems)
    return []


def outline(fields: Mapping[str, Field], controls: Mapping[str, Control], xml: str) -> str:
    """Return HTML: a row per data key and per question, then the XML under a fold.

    Args:
        fields: What is shown.
        controls: What is asked.
        xml: The config's text.
    """
    rows = [("shows", f"${key}", field.kind, "", "") for key, field in fields.items()]
    rows += [("asks", control.name, control.kind, _answers(control), _manner(control)) for control in controls.values()]
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    head = "".join(f"<th>{text}</th>" for text in ("", "name", "kind", "answers", "how"))
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>"
        f"<details><summary>XML</summary><pre>{html.escape(xml)}</pre></details>"
    )


def _answers(control: Control) -> str:
    shown = [" / ".join(path) for path in control.paths] or list(control.labels)
    return ", ".join(shown[:12]) + (f", … {len(shown)} in all" if len(shown) > 12 else "")


def _manner(control: Control) -> str:
    manners = {
        "several": control.multiple,
        "required": control.required,
        "per region": control.per_region,
    }
    return ", ".join([*(name for name, holds in manners.items() if holds), f"on {', '.join(control.to_names)}"])


# Codebooks: a table of variables, labels and descriptions becomes questions, and questions become a table.

C = TypeVar("C", bound=ConfigTree)
COLUMNS = ("variable", "label", "description", "type")

_SEPARATOR = " / "


def add_codebook(config: C, codebook: pd.DataFrame) -> C:
    """Return a config that also asks a codebook's questions; see ``LabelConfig.codebook_questions``.

    Raises:
        LabelConfigError: With every row or variable that is wrong.
    """
    table = _clean(codebook)
    faults: list[str] = []
    tally = Tally("The codebook", seen=len(codebook))
    _tell_columns(codebook, tally)
    for variable, rows in table.groupby("variable", sort=False):
        try:
            config = _ask(config, str(variable), rows, tally)
        except LabelConfigError as error:
            faults += error.problems
    if faults:
        raise LabelConfigError(faults)
    tally.warn()
    return config


def codebook_text(codebook: pd.DataFrame) -> tuple[str, list[str]]:
    """Return a codebook as Markdown that people read, and the variables that it tells of.

    Args:
        codebook: As for ``LabelConfig.from_codebook``; other columns stay out.

    Raises:
        LabelConfigError: It is no codebook.

    Example:
        >>> rows = [("mood", "", "Which mood?"), ("mood", "good", "A smile."), ("mood", "bad*", "")]
        >>> print(codebook_text(pd.DataFrame(rows, columns=["variable", "label", "description"]))[0])
        # Which mood? (mood)
        <BLANKLINE>
        - **good**: A smile.
        - **bad\\***
    """
    table = _clean(codebook)
    parts = []
    for variable, rows in table.groupby("variable", sort=False):
        heads, answers = _heads(rows), rows[rows["label"] != ""]
        title, *more = [text for text in heads["description"] if text] or [""]
        name = _plain(str(variable))
        parts += [f"# {_plain(title)} ({name})" if title else f"# {name}", *map(_plain, more)]
        lines = [
            f"- **{_plain(label)}**"
            + (f" (code {_plain(code)})" if code else "")
            + (f": {_plain(told)}" if told else "")
            for label, code, told in answers[["label", "code", "description"]].astype(str).itertuples(index=False)
        ]
        parts += ["\n".join(lines)] * bool(lines)
    return "\n\n".join(parts), [str(name) for name in table["variable"].unique()]


def _plain(text: str) -> str:
    """Return a cell as Markdown that says the same letters in one line."""
    return re.sub(r"([\\*#+\-\[\]])", r"\\\1", " ".join(text.split())).replace("\\-", "-")


def _clean(codebook: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(codebook, pd.DataFrame):
        raise LabelConfigError(
            f"A codebook is a table, and this is a {type(codebook).__name__}: read the file with lsnb.read_table(path)."
        )
    names = {str(column).strip().lower(): column for column in codebook.columns}
    if "variable" not in names:
        near = closest("variable", names)
        hint = f'rename the column "{names[near]}" to variable' if near else "add a column called variable"
        raise LabelConfigError(f"The codebook has no column variable: {hint}; the others are {', '.join(COLUMNS[1:])}.")
    wanted = [*COLUMNS, "code"]
    given = [str(column).strip().lower() for column in codebook.columns]
    if twice := [name for name in wanted if given.count(name) > 1]:
        raise LabelConfigError(f"The codebook has more than one column called {joined(twice)}: keep one of each.")
    columns = {name: codebook[names[name]] if name in names else "" for name in wanted}
    table = pd.DataFrame({name: pd.Series(values, index=codebook.index) for name, values in columns.items()})
    table = table.astype(object).where(table.notna(), "").map(_cell)
    table["variable"] = table["variable"].mask(table["variable"] == "").ffill()
    if table.empty or bool(table["variable"].isna().any()):
        raise LabelConfigError("The codebook's first row names no variable: fill the column variable.")
    table["row"] = [f"row {number}" for number in range(2, len(table) + 2)]
    return table


def _tell_columns(codebook: pd.DataFrame, tally: Tally) -> None:
    """Note which columns say nothing to a codebook, and which labels may be what a spreadsheet took for dates."""
    wanted = [*COLUMNS, "code"]
    given = {str(column).strip().lower(): place for place, column in enumerate(codebook.columns)}
    others = [
        repr(str(codebook.columns[place]))
        for name, place in given.items()
        if name not in wanted and codebook.iloc[:, place].notna().any()
    ]
    if others:
        kind = "" if "type" in given else ", and as it has no column type, its types are guessed"
        tally.note(
            f"The codebook: what stands in {listing(others)} is not used{kind}. A codebook's columns are "
            f"{joined(wanted)}: rename what is one of these."
        )
    labels = codebook.iloc[:, given["label"]].dropna().tolist() if "label" in given else []
    if dates := [str(label) for label in labels if isinstance(label, date)]:
        tally.note(
            f"The codebook: labels are dates ({listing(dates)}). If they were something else, such as 1-2, a "
            "spreadsheet has changed them: make the column text and write them again."
        )


def _heads(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that say what is asked: beside answers, a code without a label is an answer that lacks it."""
    unlabelled = rows["label"] == ""
    return rows[unlabelled & ((rows["code"] == "") | bool(unlabelled.all()))]


def _account(rows: pd.DataFrame, title: str, is_asked: bool, tally: Tally) -> None:
    """Count which rows of a variable the question is made of: its own row, and one per answer."""
    has_title = has_head = False
    heads = set(_heads(rows)["row"])
    for row in rows.itertuples():
        if row.label and is_asked:
            tally.taken += 1
        elif row.label:
            tally.leave("an answer to a question that offers none", [row.row])
        elif row.row not in heads:
            tally.leave("a code without a label", [row.row])
        elif row.description and (row.description != title or has_title):
            tally.leave("a second description of one question", [row.row])
        elif row.description or row.type or row.code or not (has_head or (rows["label"] != "").any()):
            has_title = has_title or bool(row.description)
            has_head = True
            tally.taken += 1
        else:
            tally.leave("empty", [row.row])


def _cell(value: Any) -> str:
    """Return a cell as text; a column of codes with gaps comes as floats, and 1.0 is the code 1."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise LabelConfigError(
            f"The codebook holds half of a character in {text[:40]!r}: read the file as UTF-8 and try again."
        ) from None
    return text


def _ask(config: C, variable: str, rows: pd.DataFrame, tally: Tally) -> C:
    heads, answers = _heads(rows), rows[rows["label"] != ""]
    title = next((text for text in heads["description"] if text), "")
    kinds = sorted({kind.lower() for kind in rows["type"] if kind})
    if len(kinds) > 1:
        raise LabelConfigError(f'The codebook gives "{variable}" the types {" and ".join(kinds)}: keep one.')
    kind = kinds[0] if kinds else ("single" if len(answers) else "text")
    repeated = answers["label"][answers["label"].duplicated()]
    if len(repeated):
        raise LabelConfigError(f'The codebook lists "{repeated.iloc[0]}" twice for "{variable}": keep one row.')
    labels = list(answers["label"])
    shown: dict[str, Any] = {
        "title": title,
        "hints": {row.label: row.description for row in answers.itertuples() if row.description},
        "aliases": {row.label: row.code for row in answers.itertuples() if row.code},
    }
    if kind not in WORDS:
        near = closest(kind, WORDS)
        hint = f"did you mean {near}?" if near else f"give one of {', '.join(WORDS)}."
        raise LabelConfigError(f'The codebook gives "{variable}" the type {kind}: {hint}')
    tag, way = WORDS[kind]
    _account(rows, title, tag.option == "Choice" or tag.offers != "none", tally)
    method = getattr(config, tag.method)
    if tag.is_tree:
        # Answers below different ones may be called alike: which one has a code or description, its path says.
        shown |= {
            name: {_SEPARATOR.join(_steps(label)): text for label, text in shown[name].items()}
            for name in ("hints", "aliases")
        }
        return cast(C, _describe(config, method(variable, [*map(_steps, labels)], title=title, **way.given), shown))
    if tag.option == "Choice":
        return cast(C, method(variable, labels, **shown, **way.given))
    if tag.offers == "none":
        return cast(C, method(variable, title=title, **way.given))
    grown = method(variable, labels if labels or tag.offers == "needed" else None, title=title)
    return _describe(config, grown, shown) if tag.is_region else cast(C, grown)


def _steps(label: str) -> list[str]:
    return [step.strip() for step in label.split(_SEPARATOR)]


def _describe(before: C, grown: C, shown: dict[str, Any]) -> C:
    """Give the answers just added their descriptions and codes: the region methods take none, trees none by path."""
    root = grown._root()
    added = set(grown.controls) - set(before.controls)
    for control in (e for e in walk(root) if attribute(e, "name") in added):
        for option, path in option_elements(control):
            for name, given in (("hint", shown["hints"]), ("alias", shown["aliases"])):
                if (label := _SEPARATOR.join(path)) in given:
                    put_attribute(option, name, given[label])
    return type(grown)._of(root)


def read_codebook(root: etree._Element, controls: dict[str, Control]) -> pd.DataFrame:
    """Return a codebook; see ``LabelConfig.codebook``.

    Args:
        root: The config.
        controls: Its controls.
    """
    named = {(c.row.beside, target) for c in controls.values() if c.row.shares_labels for target in c.to_names}
    rows: list[dict[str, str]] = []
    elements: dict[str | None, etree._Element] = {}
    listing: dict[tuple[str, str | None], tuple[int, etree._Element]] = {}
    for number, element in enumerate(walk(root)):
        elements.setdefault(attribute(element, "name"), element)
        listing.setdefault((str(element.tag), attribute(element, "toName")), (number, element))
    for control in controls.values():
        if any((control.tag, target) in named for target in control.to_names):
            continue  # the labels are listed with the tool they belong to
        element = elements[control.name]
        kind = _kind(control, element)
        listed = _listed_in(listing, element, control)
        header = header_of(listed)
        title = (attribute(header, "value") or "") if header is not None else ""
        answers = list(_answer_rows(listed, control, kind))
        if title or not answers:
            rows.append({"variable": control.name, "label": "", "code": "", "description": title, "type": kind})
        rows += answers
    table = pd.DataFrame(rows, columns=["variable", "label", "code", "description", "type"], dtype=object)
    if not any(table["code"]):
        table = table.drop(columns="code")
    return table


def _kind(control: Control, element: etree._Element) -> str:
    written = {str(name): str(text) for name, text in element.attrib.items()}
    return control.row.way(**written, multiple=control.multiple).word or control.kind


def _listed_in(
    listing: dict[tuple[str, str | None], tuple[int, etree._Element]], element: etree._Element, control: Control
) -> etree._Element:
    """Return the tag that lists the answers of a control: another one where it shares that one's labels."""
    if not control.row.shares_labels:
        return element
    beside = [found for target in control.to_names if (found := listing.get((control.row.beside, target)))]
    return min(beside, key=lambda found: found[0])[1] if beside else element


def _answer_rows(element: etree._Element, control: Control, kind: str) -> Iterator[dict[str, str]]:
    for option, path in option_elements(element):
        yield {
            "variable": control.name,
            "label": _SEPARATOR.join(path),
            "code": attribute(option, "alias") or "",
            "description": attribute(option, "hint") or "",
            "type": kind,
        }
