"""The answers of choices and taxonomies, from lists, texts, nested dicts or paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lxml import etree

from lsnb.errors import LabelConfigError
from lsnb.labels.building import Setting, column_of, element, words

Options = str | Iterable[str] | Mapping[str, Any]


def choice_elements(
    name: str,
    options: Options,
    *,
    aliases: Mapping[str, str] | None = None,
    hints: Mapping[str, str] | None = None,
    hotkeys: Mapping[Any, str] | None = None,
    selected: Sequence[str] = (),
) -> list[etree._Element]:
    """Return Choice tags.

    Args:
        name: The question, for messages.
        options: A list, a text with commas or line breaks, or nested dicts.
        aliases: Answer → alias.
        hints: Answer → hint.
        hotkeys: Answer → key, or number of the answer (from 0, at the first level) → key.
        selected: The answers chosen at first.

    Raises:
        LabelConfigError: An answer is empty, repeated or unknown; every fault at once.
    """
    tree = {} if column_of(options) else _tree(name, options)
    known = _all_answers(tree)
    faults = [
        f'{name} has {what} for "{answer}", which it does not offer: offered are {", ".join(known)}.'
        for what, given in (("an alias", aliases), ("a hint", hints), ("a hotkey", hotkeys), ("a choice", selected))
        for answer in given or ()
        if isinstance(answer, str) and answer not in known
    ]
    if faults:
        raise LabelConfigError(faults)
    keys = dict(hotkeys or {})

    def make(answers: Mapping[str, Any], level: int) -> list[etree._Element]:
        made = []
        for number, (answer, below) in enumerate(answers.items()):
            given: dict[str, Setting] = {
                "value": answer,
                "alias": (aliases or {}).get(answer),
                "hint": (hints or {}).get(answer),
                "hotkey": keys.get(answer, keys.get(number) if level == 0 else None),
                "selected": True if answer in selected else None,
            }
            made.append(element("Choice", given, *make(below, level + 1)))
        return made

    return make(tree, 0)


def paths_to_tree(name: str, paths: Iterable[str | Sequence[str]], separator: str) -> dict[str, Any]:
    """Return nested dicts from paths.

    Args:
        name: The question, for messages.
        paths: ``"animal/dog"`` or ``("animal", "dog")``.
        separator: What stands between the parts of a path written as text.

    Raises:
        LabelConfigError: A path has an empty part or stands twice.

    Example:
        >>> paths_to_tree("kind", ["animal/dog", ("animal", "cat")], "/")
        {'animal': {'dog': {}, 'cat': {}}}
    """
    if not isinstance(paths, Iterable):
        raise LabelConfigError(f"{name} is {paths!r}: give nested dicts, or a list of paths such as 'animal/dog'.")
    tree: dict[str, Any] = {}
    seen: set[tuple[str, ...]] = set()
    faults = []
    for path in paths:
        if not isinstance(path, Iterable):
            faults.append(f"{name} has the path {path!r}: write it as a text such as 'animal/dog', or as a list.")
            continue
        parts = tuple(str(p).strip() for p in (path.split(separator) if isinstance(path, str) else path))
        if not parts or "" in parts:
            faults.append(f"{name} has the path {path!r} with an empty part: fill it or remove it.")
            continue
        if parts in seen:
            faults.append(f"{name} has the path {separator.join(parts)} more than once: keep one.")
        seen.add(parts)
        node = tree
        for part in parts:
            node = node.setdefault(part, {})
    if faults:
        raise LabelConfigError(faults)
    return tree


def _tree(name: str, options: Options) -> dict[str, Any]:
    """Return nested dicts whatever the answers were given as."""
    if options is None or options == {}:
        return {}
    if not isinstance(options, Mapping):
        return {answer: {} for answer in words(options, name)}
    tree: dict[str, Any] = {}
    for answer, below in zip(words(options, name), options.values(), strict=True):
        if isinstance(below, str):
            raise LabelConfigError(
                f'{name} has "{answer}": {below!r}; below an answer stands a list or a dict of answers. '
                "For a text shown beside the mouse give hints={...}."
            )
        tree[answer] = _tree(f"{name}, {answer}", below) if below else {}
    return tree


def _all_answers(tree: Mapping[str, Any]) -> list[str]:
    return [answer for key, below in tree.items() for answer in (key, *_all_answers(below))]
