"""Codebooks: a table of variables, labels and descriptions becomes questions, and questions become a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, cast

import pandas as pd
from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.kernel.words import closest
from lsnb.labels.building import ConfigTree
from lsnb.labels.tree import Control, attribute, option_elements, walk
from lsnb.labels.vocabulary import WORDS

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
    for variable, rows in table.groupby("variable", sort=False):
        try:
            config = _ask(config, str(variable), rows)
        except LabelConfigError as error:
            faults += error.problems
    if faults:
        raise LabelConfigError(faults)
    return config


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
    columns = {name: codebook[names[name]] if name in names else "" for name in wanted}
    table = pd.DataFrame({name: pd.Series(values, index=codebook.index) for name, values in columns.items()})
    table = table.astype(object).where(table.notna(), "").map(_cell)
    table["variable"] = table["variable"].mask(table["variable"] == "").ffill()
    if table.empty or bool(table["variable"].isna().any()):
        raise LabelConfigError("The codebook's first row names no variable: fill the column variable.")
    return table


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


def _ask(config: C, variable: str, rows: pd.DataFrame) -> C:
    heads, answers = rows[rows["label"] == ""], rows[rows["label"] != ""]
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
    method = getattr(config, tag.method)
    if tag.option == "Choice":
        if tag.is_tree:
            shown |= {
                name: {_last(label): text for label, text in shown[name].items()} for name in ("hints", "aliases")
            }
        options = [label.split(_SEPARATOR) for label in labels] if tag.is_tree else labels
        return cast(C, method(variable, options, **shown, **way.given))
    if tag.offers == "none":
        return cast(C, method(variable, title=title, **way.given))
    grown = method(variable, labels if labels or tag.offers == "needed" else None, title=title)
    return _describe(config, grown, shown) if tag.is_region else cast(C, grown)


def _last(label: str) -> str:
    return label.split(_SEPARATOR)[-1]


def _describe(before: C, grown: C, shown: dict[str, Any]) -> C:
    """Give the labels just added their descriptions and codes, which the region methods do not take."""
    root = grown._root()
    added = set(grown.controls) - set(before.controls)
    for control in (e for e in walk(root) if attribute(e, "name") in added):
        for option, path in option_elements(control):
            for name, given in (("hint", shown["hints"]), ("alias", shown["aliases"])):
                if path[-1] in given:
                    option.set(name, given[path[-1]])
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
    for element in walk(root):
        elements.setdefault(attribute(element, "name"), element)
    for control in controls.values():
        if any((control.tag, target) in named for target in control.to_names):
            continue  # the labels are listed with the tool they belong to
        element = elements[control.name]
        kind = _kind(control, element)
        listed = _listed_in(root, element, control)
        title = _title(listed)
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


def _title(element: etree._Element) -> str:
    before = element.getprevious()
    if before is not None and before.tag == "Header":
        return attribute(before, "value") or ""
    return ""


def _listed_in(root: etree._Element, element: etree._Element, control: Control) -> etree._Element:
    """Return the tag that lists the answers of a control: another one where it shares that one's labels."""
    if not control.row.shares_labels:
        return element
    beside = (e for e in walk(root) if e.tag == control.row.beside and attribute(e, "toName") in control.to_names)
    return next(beside, element)


def _answer_rows(element: etree._Element, control: Control, kind: str) -> Iterator[dict[str, str]]:
    for option, path in option_elements(element):
        yield {
            "variable": control.name,
            "label": _SEPARATOR.join(path),
            "code": attribute(option, "alias") or "",
            "description": attribute(option, "hint") or "",
            "type": kind,
        }
