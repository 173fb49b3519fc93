"""Annotations → datasets that others learn from: of pictures (YOLO, Pascal VOC, PNG masks) and of texts (CoNLL, JSON
lines for Hugging Face's ``datasets``, spaCy's ``DocBin``), in parts for training, validation and test.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import orjson
import pandas as pd

from lsnb.annotations.long import ANSWERED, require_columns
from lsnb.annotations.outputs import LeftOut, coco_and_rest, write_table
from lsnb.annotations.picture_datasets import (
    SPLITS,
    TEST,
    TRAINING,
    VALIDATION,
    YOLO,
    Shown,
    colour,
    pose_things,
    write_masks,
    write_voc,
    write_yolo,
)
from lsnb.annotations.votes import first_time, latest
from lsnb.errors import InputError, MissingExtraError, MissingFileError
from lsnb.kernel.checks import Annotations, FilePath, Seed, Share, checked
from lsnb.kernel.files import files_in, named_path, path_inside, safe_name, whole_folder, write_whole
from lsnb.kernel.formats import IMAGE_ENDINGS, MOST_PIXELS, ending_of, picture_faults
from lsnb.kernel.words import counted, listing, warn
from lsnb.labels.vocabulary import KINDS, is_region
from lsnb.predictions.spans import check_span, place_quote
from lsnb.sampling.chance import permanent_number, rounded_share
from lsnb.tables.opening import read_table

Format = Literal["detect", "segment", "pose", "obb", "voc", "masks", "conll", "jsonl", "spacy"]
TEXTS = ("conll", "jsonl", "spacy")
ITEMS = "items.csv"
CARD = "README.md"
# What is about all of a dataset, beside the files that its items.csv names.
OF_ALL = ("data.yaml", "labels.csv", "labels.columns.csv", *(f"ImageSets/Main/{name}.txt" for name in YOLO.values()))
MEANINGS = {
    "file": "What is drawn on it, or its part of the dataset, inside the folder",
    "picture": "Where its picture is, or belongs, inside the folder",
    "annotator": "Whose answers these are",
    "written": "How many regions or stretches of text are in the file",
    "notes": "What is not in the file, or only in part, and why",
}
COLUMNS = ("item", "page", "split", "annotator", "file", "picture", "written", "notes")


@checked
def write_dataset(
    annotations: Annotations,
    out: FilePath,
    *,
    format: Format,
    annotator: str | Sequence[str] | None = None,
    val: Share | None = None,
    test: Share | None = None,
    by: str | Mapping[Any, Any] | None = None,
    seed: Seed = 0,
    labels: Sequence[str] | None = None,
    images: FilePath | Mapping[Any, Any] | None = None,
    sizes: Any = None,
    text: str | None = None,
) -> pd.DataFrame:
    """Write answers as a dataset that others learn from, and return what became of each item.

    ==============  ==================================================================================================
    format          ``out``, a folder
    ==============  ==================================================================================================
    detect          ultralytics' boxes: ``data.yaml``, ``images`` and ``labels``, each by its part
    segment, pose,  ultralytics' outlines; boxes with key points; turned boxes
    obb
    voc             Pascal VOC: ``Annotations``, ``JPEGImages``, ``ImageSets/Main``; whole pixels from 1
    masks           a PNG a picture, whose pixels are the numbers in ``labels.csv``, which has the colours, too
    conll           ``train.conll``, ``dev.conll`` and ``test.conll``: a word and its IOB2 tag a line
    jsonl           ``train.jsonl``, ``validation.jsonl``, ``test.jsonl``; ``README.md`` for ``datasets.load_dataset``
    spacy           ``train.spacy``, ``dev.spacy`` and ``test.spacy``: a ``DocBin`` each
    ==============  ==================================================================================================

    ``items.csv`` beside them has the table that is returned, a row an item: what a format has no place for, and items
    that are not in the dataset since they were skipped or not answered, are said there. An item that was submitted
    without an answer is in it, with nothing. ``lsnb.from_yolo``, ``lsnb.read_predictions`` and ``lsnb.from_spans`` read
    the files again: places within 1e-9 of the picture's size, VOC's boxes within half a pixel, words without the white
    space at a stretch's ends.

    Args:
        annotations: The long table; of pictures with its raw results (``raw=True``), of texts with these as a column
            (``data="text"``).
        out: A folder; of an earlier call what that wrote is taken away first.
        format: For whom.
        annotator: Whose answers; of several the first who answered an item. Needed where more than one did:
            ``consensus_regions(...).annotations`` and a study's adjudicator are somebody, too.
        val: Share of the items, or of their groups, for validation. By default the column ``split`` decides, as
            ``study.annotations(splits=True)`` has it; without that a fifth.
        test: Share for the test; by default none.
        by: What stays together: a column, such as ``data.video``, or item → group.
        seed: The same one and the same items give the same parts.
        labels: The labels in the order of their numbers, where others are left out; by default those that were used,
            by name. Of pictures.
        images: The folder of the pictures, or item → file, which are copied; without it ``items.csv`` says what to
            put where. Of pictures.
        sizes: As of ``to_coco``.
        text: The column with the texts; by default the only one in which the marked words stand.

    Returns:
        ``item, page, split, annotator, file, picture, written, notes``; nothing in ``file`` where an item is left out.

    Raises:
        InputError: An argument is wrong; several people answered; nothing is to be written; the folder holds other
            files.
        MissingFileError: A picture is not in ``images``.
        MissingExtraError: ``spacy`` is not installed.

    Example:
        >>> import tempfile
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 25, "y": 50, "width": 50, "height": 25, "rotation": 0, "rectanglelabels": ["car"]}
        >>> drawn = {"id": "r", "from_name": "b", "type": "rectanglelabels", "value": box,
        ...          "original_width": 640, "original_height": 480}
        >>> tasks = [{"id": n, "data": {}, "annotations": [{"id": n, "completed_by": 3, "result": [drawn]}]}
        ...          for n in (1, 2)]
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_dataset(long_table(tasks, raw=True), folder, format="detect")["file"].tolist()
        ['labels/train/1.txt', 'labels/val/2.txt']
        >>> (folder / "labels/train/1.txt").read_text()
        '0 0.5 0.625 0.5 0.25\\n'
    """
    place = named_path(out)
    former = _former_files(place, format)
    chosen = _Chosen.of(annotations, annotator, by, Parts(val, test, seed))
    with whole_folder(place) as room:
        if format in TEXTS:
            rows = _write_texts(chosen, room, format, text)
        else:
            rows = _write_pictures(chosen, room, format, labels, images, sizes)
        rows = sorted([*rows, *chosen.left_out()], key=lambda row: row[:2])
        report = pd.DataFrame(rows, columns=list(COLUMNS), dtype="object").astype({"page": "int64", "written": "int64"})
        write_table(report, room / ITEMS, meanings=MEANINGS, quote_formulas=False)
        written = {path.relative_to(room).as_posix() for path in room.rglob("*")}
    for name in former - written:
        path_inside(place, name).unlink(missing_ok=True)
    unseen = int(report["file"].isna().sum())
    part = int((report["file"].notna() & report["notes"].ne("")).sum())
    if unseen or part:
        warn(
            f"Of {counted(len(report), 'item')} {unseen} {'is' if unseen == 1 else 'are'} not in the dataset, and "
            f"{part} not whole or not as answered: the notes in {ITEMS} say what and why."
        )
    return report


@checked
def to_dataset(
    annotations: Annotations,
    *,
    annotator: str | Sequence[str] | None = None,
    val: Share | None = None,
    test: Share | None = None,
    by: str | Mapping[Any, Any] | None = None,
    seed: Seed = 0,
    text: str | None = None,
) -> Any:
    """Return annotated texts as a ``datasets.DatasetDict`` of Hugging Face, a ``Dataset`` for each part.

    Each row has ``id`` (the item), ``text``, ``spans`` (``start``, ``end`` and ``label``, in characters), ``tokens``
    and ``ner_tags`` (IOB2 as ``ClassLabel``), and a column for each question about the whole text.

    Args:
        annotations: The long table with the texts (``data="text"``).
        annotator: As of ``write_dataset``, like all that follow.
        val: Likewise.
        test: Likewise.
        by: Likewise.
        seed: Likewise.
        text: Likewise.

    Raises:
        InputError: As ``write_dataset``.
        MissingExtraError: ``datasets`` is not installed.
    """
    chosen = _Chosen.of(annotations, annotator, by, Parts(val, test, seed))
    documents = _documents(chosen, text)
    try:
        import datasets  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise MissingExtraError("Hugging Face's datasets are not installed: pip install datasets") from None
    tags = ["O", *sorted({tag for one in documents for _, _, tag in one.tagged()} - {"O"})]
    records = [one.record() for one in documents]
    texts, whole = datasets.Value("string"), datasets.Value("int64")
    features: dict[str, Any] = {
        "id": texts,
        "text": texts,
        "spans": [{"start": whole, "end": whole, "label": texts}],
        "tokens": [texts],
        "ner_tags": [datasets.ClassLabel(names=tags)],
    }
    for name, question in zip(list(records[0])[len(features) :], documents[0].answers, strict=True):
        kind, is_list = answers_type(documents, question)
        features[name] = [datasets.Value(kind)] if is_list else datasets.Value(kind)
    found = {}
    for split in SPLITS:
        rows = [record for one, record in zip(documents, records, strict=True) if one.split == split]
        if rows:
            found[HUGGING[split]] = datasets.Dataset.from_list(rows, features=datasets.Features(features))
    noted = [f"{one.item}: {note}" for one in documents for note in one.notes]
    noted += [f"{row[0]}: {row[-1]}" for row in chosen.left_out()]
    if noted:
        warn(f"Not all is in the dataset ({listing(noted, 3)}).")
    return datasets.DatasetDict(found)


# Whose answers, and in which part.


@dataclass(frozen=True)
class Parts:
    """How items are parted: the shares for validation and test, and the seed."""

    val: float | None
    test: float | None
    seed: int

    def of(self, groups: Mapping[str, str]) -> dict[str, str]:
        """Return item → part, the same for items of one group.

        Args:
            groups: Item → group.
        """
        names = sorted(set(groups.values()), key=lambda name: (permanent_number(self.seed, "split", name), name))
        val, test = 0.2 if self.val is None else self.val, self.test or 0.0
        if val + test >= 1:
            raise InputError(f"val and test are {val:g} and {test:g}, and leave nothing to learn from: give less.")
        # Where there is one group alone it is learned from.
        tested = rounded_share(100 * test, len(names)) if test and len(names) > 1 else 0
        validated = rounded_share(100 * val, len(names)) if val and len(names) > 1 + tested else 0
        part = dict.fromkeys(names, TRAINING)
        part |= dict.fromkeys(names[:tested], TEST) | dict.fromkeys(names[tested : tested + validated], VALIDATION)
        return {item: part[group] for item, group in groups.items()}


@dataclass
class _Chosen:
    """The answers of one person to each item, and what is not among them.

    Args:
        table: Their rows of the long table.
        who: Item → whose.
        split: Item → part.
        absent: Item → why it is not in the dataset.
    """

    table: pd.DataFrame
    who: dict[str, str]
    split: dict[str, str]
    absent: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, annotations: pd.DataFrame, annotator: Any, by: Any, parts: Parts) -> _Chosen:
        require_columns(annotations, "item", "annotator", "annotation", "control", "kind", "region", "value", "status")
        annotations = first_time(annotations)
        items = [str(item) for item in annotations["item"]]
        done = latest(annotations)
        done = done[done["status"].isin(ANSWERED)]
        people: dict[str, list[str]] = {}
        for item, name in done[["item", "annotator"]].drop_duplicates().itertuples(index=False):
            people.setdefault(str(item), []).append(str(name))
        names = [annotator] if isinstance(annotator, str) else list(annotator or ())
        everybody = sorted({name for found in people.values() for name in found})
        strangers = [name for name in names if name not in everybody]
        if strangers:
            raise InputError(f"annotator names {listing(strangers)}, and those who answered are {listing(everybody)}.")
        several = sorted(item for item, found in people.items() if len(found) > 1)
        if several and not names:
            raise InputError(
                f"{counted(len(several), 'item was', 'items were')} answered by more than one person "
                f"({listing(several, 3)}), and a dataset has one answer to each: give annotator={everybody[0]!r} or a "
                "list of names, of which the first who answered counts; or write what people agree on "
                "(lsnb.reliability.consensus_regions(...).annotations)."
            )
        who = {}
        for item, found in people.items():
            name = next((name for name in names if name in found), None) if names else found[0]
            if name is not None:
                who[item] = name
        absent: dict[str, str] = {}
        for item, status in zip(items, annotations["status"].tolist(), strict=True):
            if item not in who:
                why = f"{listing(names)} did not answer it" if item in people else _WHY.get(str(status), str(status))
                absent[item] = min(absent.get(item, why), why, key=_rank)
        told = _given_splits(annotations, items) if parts.val is None and parts.test is None else None
        if told is not None:
            absent |= {item: "it is in no part (the column split has none)" for item in who if item not in told}
            who = {item: name for item, name in who.items() if item in told}
        if not who:
            raise InputError("No item has an answer that could be written: nobody has submitted one.")
        groups = {item: item for item in who} if by is None else _groups(annotations, items, by)
        split = told if told is not None else parts.of({item: groups[item] for item in who})
        own = [who.get(str(item)) == name for item, name in zip(done["item"], done["annotator"], strict=True)]
        return cls(done[own], who, split, absent)

    def left_out(self) -> list[tuple[Any, ...]]:
        """Return the rows of the report for items that are not in the dataset."""
        return [(item, 0, None, None, None, None, 0, f"Left out: {why}.") for item, why in self.absent.items()]


_WHY = {
    "unlabelled": "nobody has labelled it",
    "draft": "there is only a draft of it",
    "skipped": "it was skipped",
    "damaged": "what the export holds of it is damaged",
}


def _rank(why: str) -> int:
    """Return how little a reason says, of several of one item."""
    order = [*reversed(_WHY.values())]
    return order.index(why) if why in order else -1


def _given_splits(annotations: pd.DataFrame, items: Sequence[str]) -> dict[str, str] | None:
    """Return item → part as the table has it, None where it does not."""
    if "split" not in annotations.columns or annotations["split"].isna().all():
        return None
    told = {item: str(split) for item, split in zip(items, annotations["split"], strict=True) if not pd.isna(split)}
    odd = sorted({split for split in told.values() if split not in SPLITS})
    if odd:
        raise InputError(f"The column split has {listing(odd)}: its values are {listing(list(SPLITS))}.")
    return told


def _groups(annotations: pd.DataFrame, items: Sequence[str], by: Any) -> dict[str, str]:
    if isinstance(by, Mapping):
        told = {str(item): str(group) for item, group in by.items()}
    else:
        if by not in annotations.columns:
            raise InputError(
                f"The table has no column {by!r} for by=: its columns are {listing(list(annotations.columns))}. "
                "Columns of your own table come along with study.annotations(data=[...])."
            )
        given = zip(items, annotations[by], strict=True)
        told = {item: str(group) for item, group in given if not isinstance(group, list) and not pd.isna(group)}
    lacking = sorted(set(items) - told.keys())
    if lacking:
        raise InputError(f"by= has no group for {counted(len(lacking), 'item')} ({listing(lacking, 3)}): add it.")
    return told


# What an earlier call wrote is known by its items.csv; a folder with other files in it is left alone.


def _former_files(out: Path, format: str) -> set[str]:
    if not out.exists():
        return set()
    if not out.is_dir():
        raise InputError(f"{out} is a file: give a folder.")
    if not any(out.iterdir()):
        return set()
    if not (out / ITEMS).is_file():
        raise InputError(f"The folder {out} holds other files: give an empty or a new one.")
    former = read_table(out / ITEMS)
    names = [former[name].dropna().astype(str) for name in ("file", "picture") if name in former.columns]
    found = {*OF_ALL, *(name for found in names for name in found)}
    if (out / CARD).is_file():
        if OURS in (out / CARD).read_text(encoding="utf-8", errors="replace"):
            found.add(CARD)
        elif format == "jsonl":
            raise InputError(f"The folder {out} holds a {CARD} of others, which JSON lines need: give another folder.")
    return found


# Pictures.


def _write_pictures(
    chosen: _Chosen, out: Path, format: str, labels: Any, images: Any, sizes: Any
) -> list[tuple[Any, ...]]:
    made, rest = coco_and_rest(chosen.table, None, sizes)
    pictures = _shown(made, chosen, images)
    categories = {one["id"]: one for one in made["categories"]}
    by_image = {one["id"]: picture for one, picture in zip(made["images"], pictures, strict=True)}
    for thing in made["annotations"]:
        names = categories[thing["category_id"]].get("keypoints", ())
        triples = list(zip(*[iter(thing.get("keypoints", ()))] * 3, strict=True))
        points = {name: (x, y) for name, (x, y, seen) in zip(names, triples, strict=bool(triples)) if seen}
        label = categories[thing["category_id"]]["name"]
        by_image[thing["image_id"]].things.append({**thing, "label": label, "points": points})
    _tell_rest(pictures, rest)
    if format == "pose":
        for picture in pictures:
            pose_things(picture)
    used = sorted({thing["label"] for picture in pictures for thing in picture.things})
    known = [label for label in (used if labels is None else dict.fromkeys(labels)) if is_whole(label)]
    for picture in pictures:
        strange = [thing["label"] for thing in picture.things if thing["label"] not in known]
        if strange:
            names = listing(sorted(map(ascii, set(strange))))
            picture.notes.append(f"{counted(len(strange), 'region')} of other labels left out: {names}.")
            picture.things = [thing for thing in picture.things if thing["label"] in known]
    rows: list[tuple[Any, ...]] = []
    if format == "masks":
        for picture in pictures:
            why = ""
            if picture.size is None:
                why = "Left out: its picture's size is not known (give images= or sizes=)."
            elif picture.size[0] * picture.size[1] > MOST_PIXELS:
                why = f"Left out: {picture.size[0]} × {picture.size[1]} pixels are too many for a mask."
            if why:
                rows.append((picture.item, picture.page, None, None, None, None, 0, why))
        refused = {row[:2] for row in rows}
        pictures = [picture for picture in pictures if (picture.item, picture.page) not in refused]
        write_masks(pictures, out, known)
        table = pd.DataFrame({"number": range(1, len(known) + 1), "label": known})
        table["colour"] = [f"#{bytes(colour(number)).hex()}" for number in table["number"]] if len(known) < 256 else ""
        write_table(table, out / "labels.csv", meanings=_COLOURS, quote_formulas=False)
    elif format == "voc":
        write_voc(pictures, out)
    else:
        write_yolo(pictures, out, format, known)
    for one in pictures:
        files = one.files["file"], one.files["picture"]
        rows.append((one.item, one.page, one.split, one.annotator, *files, one.written, " ".join(one.notes)))
    return rows


_COLOURS = {"number": "Value of the label's pixels; 0 is none", "colour": "Colour of its pixels in the palette"}


def _tell_rest(pictures: Sequence[Shown], rest: LeftOut) -> None:
    for picture in pictures:
        counts = rest.get((picture.item, picture.page), {})
        picture.notes += [f"{n} of {kind} left out: damaged, or no place known." for kind, n in sorted(counts.items())]


def _shown(made: Mapping[str, Any], chosen: _Chosen, images: Any) -> list[Shown]:
    """Return the pictures of a COCO dataset with names of their own and, where they are given, their files."""
    several = {one["item"] for one in made["images"] if one.get("page")}
    used: set[str] = set()
    found = []
    for one in made["images"]:
        item, page = one["item"], one.get("page", 0)
        stem = safe_name(stem_of(item) + (f"#{page}" if item in several else ""))
        # Two items may differ in the ending, or in upper and lower case, which some computers take for one.
        number, free = 2, stem
        while free.casefold() in used:
            free, number = f"{stem}-{number}", number + 1
        used.add(free.casefold())
        address = str(one["file_name"]).partition("?")[0]
        ending = next((ending_of(name) for name in (address, item) if ending_of(name) in IMAGE_ENDINGS), "")
        size = (one["width"], one["height"]) if "width" in one else None
        found.append(Shown(item, page, chosen.split[item], chosen.who[item], free, ending, size=size))
    if images is not None:
        addresses = [str(one["file_name"]).partition("?")[0] for one in made["images"]]
        _find_files(found, addresses, images)
    return found


def stem_of(name: str) -> str:
    """Return a picture's name without its ending; another name as it is.

    Example:
        >>> stem_of("a/b.jpg"), stem_of("v1.2")
        ('a/b', 'v1.2')
    """
    return name[: -len(ending_of(name))] if ending_of(name) in IMAGE_ENDINGS else name


def _find_files(pictures: Sequence[Shown], addresses: Sequence[str], images: Any) -> None:
    given: dict[str, Path] = {}
    index: dict[str, list[Path]] = {}
    if isinstance(images, Mapping):
        odd = [item for item, path in images.items() if not isinstance(path, str | os.PathLike)]
        if odd:
            raise InputError(f"images gives no path for {listing([repr(item) for item in odd])}: give item → file.")
        given = {str(item): named_path(path) for item, path in images.items()}
    else:
        root = named_path(images)
        if not root.is_dir():
            raise MissingFileError(f"There is no folder {root}: give the one that holds the pictures.")
        for path in files_in(root, lambda one: ending_of(one.name) in IMAGE_ENDINGS):
            inside = path.relative_to(root)
            for name in {inside.as_posix(), inside.name, inside.stem, inside.with_suffix("").as_posix()}:
                index.setdefault(name, []).append(path)
    absent = []
    for picture, address in zip(pictures, addresses, strict=True):
        names = (address, picture.item, PurePosixPath(address).name, PurePosixPath(picture.item).name)
        paths = next((index[name] for name in names if len(index.get(name, ())) == 1), None)
        found = given.get(picture.item) if given else paths[0] if paths else None
        if found is None or not found.is_file():
            absent.append(picture.item)
            continue
        picture.source, picture.ending = found, found.suffix.lower()
        _measure(picture, found)
    if absent:
        where = "images" if given else str(images)
        raise MissingFileError(
            f"In {where} there is no picture, or more than one, for {counted(len(absent), 'item')} "
            f"({listing(absent, 3)}): add it, or give item → file."
        )


def _measure(picture: Shown, path: Path) -> None:
    """Note a picture's size as it is shown: turned where its EXIF says so, as browsers do."""
    from PIL import Image

    try:
        with Image.open(path) as opened:
            size = opened.size[::-1] if opened.getexif().get(0x0112, 1) in (5, 6, 7, 8) else opened.size
    except picture_faults():
        picture.notes.append("Its file is no picture that can be read.")
        return
    if picture.size is None:
        picture.size = size
    elif picture.size != size:
        picture.notes.append(
            f"Its file has {size[0]} × {size[1]} pixels, and it was labelled at {picture.size[0]} × {picture.size[1]}."
        )


# Texts.


# What the parts' files are called.
HUGGING = {TRAINING: "train", VALIDATION: "validation", TEST: "test"}
DEV = {**YOLO, VALIDATION: "dev"}


def _documents(chosen: _Chosen, text: str | None) -> list[Document]:
    documents, absent = read_documents(chosen.table, text, chosen.who, chosen.split)
    chosen.absent |= absent
    if not documents:
        raise InputError("No item has a text that could be written.")
    return documents


def _write_texts(chosen: _Chosen, out: Path, format: str, text: str | None) -> list[tuple[Any, ...]]:
    documents = _documents(chosen, text)
    makers: dict[str, Callable[[Sequence[Document]], bytes | str]] = {
        "conll": conll,
        "jsonl": json_lines,
        "spacy": doc_bin,
    }
    if format == "conll":
        check_tags(documents)
    names = HUGGING if format == "jsonl" else DEV
    files = {}
    for split in SPLITS:
        own = [one for one in documents if one.split == split]
        if own:
            files[split] = f"{names[split]}.{format}"
            write_whole(path_inside(out, files[split]), makers[format](own), parents=True)
    if format == "jsonl":
        write_whole(out / CARD, card(documents, {HUGGING[split]: path for split, path in files.items()}))
    rows = []
    for one in documents:
        n = len(one.spans) if format != "conll" else len({start for start, _, tag in one.tagged() if tag[0] == "B"})
        rows.append((one.item, 0, one.split, one.annotator, files[one.split], None, n, " ".join(one.notes)))
    return rows


# What networks of texts learn from: CoNLL's tags, JSON lines, spaCy's DocBin.
#
# A text's stretches are kept whole: a word in which one begins or ends is cut there, so that tags say exactly what was
# marked. What cannot be said (one stretch over another, white space alone) is noted.
#
# Formats: IOB2 is of E. F. Tjong Kim Sang and J. Veenstra, "Representing text chunks", EACL 1999, in the files of CoNLL
# 2003; https://spacy.io/api/docbin.


# A word, or a sign: every character that is no white space is in one of them.
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass
class Document:
    """A text, what is marked in it, and what is answered about it.

    Args:
        item: Its item.
        split: Training, validation or test.
        annotator: Whose answers these are.
        text: The text.
        spans: Start, end (exclusive) and label, in characters, in their order.
        answers: Question → answer.
        notes: What is not in the file, or only in part.
    """

    item: str
    split: str
    annotator: str
    text: str
    spans: list[tuple[int, int, str]]
    answers: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def apart(self) -> tuple[list[tuple[int, int, str]], int]:
        """Return stretches that share no character, the longest first taken, and how many others there are."""
        kept: list[tuple[int, int, str]] = []
        for span in sorted(self.spans, key=lambda one: (one[0] - one[1], one)):
            if all(span[1] <= other[0] or other[1] <= span[0] for other in kept):
                kept.append(span)
        return sorted(kept), len(self.spans) - len(kept)

    def tokens(self) -> list[tuple[int, int]]:
        """Return where words and signs stand; a word in which a stretch begins or ends is two."""
        cuts = sorted({place for start, end, _ in self.spans for place in (start, end)})
        found = []
        at = 0
        for match in _TOKEN.finditer(self.text):
            start, end = match.span()
            while at < len(cuts) and cuts[at] <= start:
                at += 1
            inside = [cut for cut in cuts[at:] if cut < end]
            for edge in [*inside, end]:
                found.append((start, edge))
                start = edge
        return found

    def tagged(self) -> Iterator[tuple[int, int, str]]:
        """Yield where each token stands, and its IOB2 tag."""
        spans, at, opened = self.apart()[0], 0, -1
        for start, end in self.tokens():
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            if at < len(spans) and spans[at][0] <= start:
                yield start, end, f"{'I' if opened == at else 'B'}-{spans[at][2]}"
                opened = at
            else:
                yield start, end, "O"

    def record(self) -> dict[str, Any]:
        """Return it as a row of JSON lines."""
        tagged = list(self.tagged())
        made: dict[str, Any] = {
            "id": self.item,
            "text": self.text,
            "spans": [{"start": start, "end": end, "label": label} for start, end, label in self.spans],
            "tokens": [self.text[start:end] for start, end, _ in tagged],
            "ner_tags": [tag for _, _, tag in tagged],
        }
        return made | {(f"answer.{name}" if name in made else name): value for name, value in self.answers.items()}


def read_documents(
    table: pd.DataFrame, text: str | None, who: Mapping[str, str], split: Mapping[str, str]
) -> tuple[list[Document], dict[str, str]]:
    """Return texts with what is marked in them, in the order of their items, and why others are left out.

    Args:
        table: Rows of the long table, of one person's answers to each item.
        text: The column with the texts; None to tell it by the words that are marked.
        who: Item → whose answers these are.
        split: Item → training, validation or test.

    Raises:
        InputError: There is no such column, or which it is cannot be told.
    """
    absent: dict[str, str] = {}
    column = text if text is not None else _text_column(table)
    if column not in table.columns:
        raise InputError(f"The table has no column {column!r}: its columns are {listing(list(table.columns))}.")
    found: dict[str, Document] = {}
    told: dict[str, dict[str, int]] = {}
    answers: dict[str, dict[str, list[Any]]] = {}
    names = ["item", "control", "kind", "region", "value", "start", "end", "text", "channel", column]
    require_columns(table, *names)
    media, medium = _media(table), _medium(table, column)
    every: dict[str, None] = {}

    def tell(item: str, what: str) -> None:
        told.setdefault(item, {})[what] = told.get(item, {}).get(what, 0) + 1

    for (item, control, kind, region, value, start, end, quote, channel, shown), on in zip(
        table[names].itertuples(index=False), media, strict=True
    ):
        item = str(item)
        why = _why_no_text(shown)
        if why:
            absent[item] = why
            continue
        one = found.setdefault(item, Document(item, split[item], who[item], shown, [], {}))
        tag = KINDS.get(kind) if isinstance(kind, str) else None
        if isinstance(value, str) and not is_whole(value):
            tell(item, f"of {kind} with half a character left out")
        elif tag is not None and tag.is_question and not isinstance(region, str):
            every[str(control)] = None
            answers.setdefault(item, {}).setdefault(str(control), []).append(value)
        elif medium is not None and on not in (None, medium):
            tell(item, f"of {kind} on another text, {on}, left out")
        elif tag is not None and tag.shape == "Span" and isinstance(value, str) and pd.isna(channel):
            place = _stretch(start, end, quote, shown)
            if isinstance(place, str):
                tell(item, place)
            else:
                one.spans.append((*place, value))
        elif isinstance(kind, str):
            bare = " without a label" if is_region(kind) and not isinstance(value, str) else ""
            tell(item, f"of {kind}{bare} left out, which these files have no place for")
    several = {name for said in answers.values() for name, values in said.items() if len(values) > 1}
    # Answers to a question are numbers or texts in every row: a column of both is none that others can read.
    texts_of = {name for said in answers.values() for name, values in said.items() if not all(map(_is_number, values))}
    for item, one in found.items():
        one.spans.sort()
        said = answers.get(item, {})
        one.answers = {
            name: said.get(name, []) if name in several else next(iter(said.get(name, [])), None) for name in every
        }
        for name in texts_of:
            given = one.answers[name]
            one.answers[name] = list(map(_as_text, given)) if isinstance(given, list) else _as_text(given)
        one.notes += [f"{n} {what}." for what, n in told.get(item, {}).items()]
    return [found[item] for item in sorted(found)], absent


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()


def _why_no_text(shown: Any) -> str:
    if not isinstance(shown, str):
        return "what it shows is no text"
    if not shown.strip():
        return "its text is empty"
    return "" if is_whole(shown) else "its text has half a character"


def _text_column(table: pd.DataFrame) -> str:
    """Return the only column of the tasks' data that is the text in which the marked words stand."""
    columns = [str(name) for name in table.columns if str(name).startswith("data.")]
    if not columns:
        raise InputError("The table has no texts: read it with data='text', or what the column with them is called.")
    marked = (
        table[table["text"].notna() & table["start"].notna()] if {"text", "start"} <= {*table.columns} else table[:0]
    )
    held = []
    for name in columns:
        pairs = zip(marked["start"], marked["end"], marked["text"], marked[name], strict=True)
        texts = table[name].dropna()
        is_text = len(texts) and all(isinstance(cell, str) for cell in texts)
        if is_text and all(not isinstance(_stretch(*one), str) for one in pairs):
            held.append(name)
    if len(held) != 1:
        raise InputError(
            f"Which column is the text cannot be told: {listing(held or columns)} may be. Say it with text=..., such "
            f"as text={columns[0]!r}."
        )
    return held[0]


def _media(table: pd.DataFrame) -> list[str | None]:
    """Return for each row which text a stretch is on, as the config calls it; None of what is no stretch of a text."""
    if "to_name" not in table.columns:
        return [None] * len(table)
    spans = {kind for kind, tag in KINDS.items() if tag.shape == "Span"}
    given = zip(table["to_name"], table["kind"], table["channel"], strict=True)
    return [str(on) if kind in spans and isinstance(on, str) and pd.isna(c) else None for on, kind, c in given]


def _medium(table: pd.DataFrame, column: str) -> str | None:
    """Return which of several texts a column is, by its name, else by the words that stand in it; None of one alone.

    Raises:
        InputError: That cannot be told.
    """
    media = _media(table)
    names = sorted({on for on in media if on is not None})
    if len(names) < 2:
        return None
    if (own := column.removeprefix("data.")) in names:
        return own
    stands = dict.fromkeys(names, 0.0)
    given = zip(media, table["start"], table["end"], table["text"], table[column], strict=True)
    for on, *where in given:
        if on is not None and isinstance(where[2], str):
            stands[on] += 1 if not isinstance(_stretch(*where), str) else -1
    best = max(stands.values())
    likely = [on for on, n in stands.items() if n == best]
    if len(likely) > 1:
        raise InputError(
            f"The stretches are on several texts ({listing(names)}), and which of them {column} is cannot be told: "
            f"give those of one, annotations[annotations['to_name'] == {names[0]!r}]."
        )
    return likely[0]


def _stretch(start: Any, end: Any, quote: Any, text: Any) -> tuple[int, int] | str:
    """Return where a marked stretch stands in a text, or why it does not."""
    whole = [isinstance(place, int | float) and float(place).is_integer() for place in (start, end)]
    if not all(whole) or not isinstance(text, str):
        return "of a place that is no stretch of the text left out"
    first, last = int(start), int(end)
    if isinstance(quote, str) and quote:
        found = place_quote(first, last, quote, text)
        if found is None:
            return "whose words are not in the text at that place left out"
        first, last = found[:2]
    return "beyond the text left out" if check_span(first, last, text) else (first, last)


def is_whole(text: str) -> bool:
    """Return whether a text has no half of a character, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_tags(documents: Sequence[Document]) -> None:
    """Raise if two labels differ in white space alone, which a line of CoNLL parts its columns with.

    Args:
        documents: The texts.

    Raises:
        InputError: Naming the labels.
    """
    names: dict[str, str] = {}
    for label in sorted({label for one in documents for _, _, label in one.spans}):
        written = "_".join(label.split())
        if written in names:
            raise InputError(
                f"The labels {label!r} and {names[written]!r} would both be {written!r} in CoNLL, which has no white "
                "space in labels: write jsonl, or rename one."
            )
        names[written] = label


def conll(documents: Sequence[Document]) -> str:
    """Return texts as lines of a token and its tag, each text behind a line ``-DOCSTART-``, and note what is not said.

    Args:
        documents: The texts.

    Example:
        >>> print(conll([Document("1", "training", "ana", "Ana eats.", [(0, 3, "PER")], {})]).replace(chr(9), " "))
        -DOCSTART- O
        <BLANKLINE>
        Ana B-PER
        eats O
        . O
        <BLANKLINE>
    """
    lines = []
    for one in documents:
        _tell_tokens(one)
        lines += ["-DOCSTART-\tO", ""]
        for start, end, tag in one.tagged():
            written = "_".join(tag.split())
            if written != tag and tag[0] == "B":
                one.notes.append(f"The label {tag[2:]!r} is written {written[2:]}, without white space.")
            lines.append(f"{one.text[start:end]}\t{written}")
        one.notes = list(dict.fromkeys(one.notes))
        lines.append("")
    return "\n".join(lines)


def _tell_tokens(one: Document) -> None:
    """Note what tags cannot say of a text's stretches."""
    kept, others = one.apart()
    starts = {start for start, _, tag in one.tagged() if tag[0] == "B"}
    if others:
        are = "lies" if others == 1 else "lie"
        one.notes.append(
            f"{counted(others, 'stretch', 'stretches')} that {are} over a longer one left out of the tags."
        )
    bare = len(kept) - len(starts)
    if bare:
        one.notes.append(f"{counted(bare, 'stretch', 'stretches')} of white space left out of the tags.")
    words = {span for match in _TOKEN.finditer(one.text) for span in [match.span()]}
    split = words - set(one.tokens())
    if split:
        said = counted(len(split), "word is", "words are")
        one.notes.append(f"{said} cut there, since a stretch begins or ends in it.")
    if one.answers:
        asked = listing([name for name, value in one.answers.items() if value is not None and value != []])
        one.notes += [f"The answers to {asked} are not in it."] if asked else []


def answers_type(documents: Sequence[Document], name: str) -> tuple[str, bool]:
    """Return what answers to a question are, ``"float64"`` or ``"string"``, and whether an item has a list of them.

    Args:
        documents: All texts: in a part of them nobody may have answered it.
        name: The question.
    """
    given = [one.answers[name] for one in documents]
    is_list = any(isinstance(one, list) for one in given)
    flat = [value for one in given for value in (one if isinstance(one, list) else [one]) if value is not None]
    return "float64" if flat and all(map(_is_number, flat)) else "string", is_list


def card(documents: Sequence[Document], files: Mapping[str, str]) -> str:
    """Return the ``README.md`` by which ``datasets.load_dataset`` reads JSON lines: the same columns in each part.

    Where nobody answered a question in a whole part, or marked nothing, the part's own lines do not say what would be
    there. The format: https://huggingface.co/docs/hub/datasets-cards.

    Args:
        documents: All texts.
        files: What ``datasets`` calls each part → its file.
    """
    import yaml

    features: list[dict[str, Any]] = [
        {"name": "id", "dtype": "string"},
        {"name": "text", "dtype": "string"},
        {
            "name": "spans",
            "list": [{"name": place, "dtype": "int64"} for place in ("start", "end")]
            + [{"name": "label", "dtype": "string"}],
        },
        {"name": "tokens", "sequence": "string"},
        {"name": "ner_tags", "sequence": "string"},
    ]
    columns = list(documents[0].record())[len(features) :]
    for column, name in zip(columns, documents[0].answers, strict=True):
        kind, is_list = answers_type(documents, name)
        features.append({"name": column, "sequence" if is_list else "dtype": kind})
    parts = [{"split": split, "path": path} for split, path in files.items()]
    said = {
        "configs": [{"config_name": "default", "data_files": parts}],
        "dataset_info": {"features": features},
    }
    return f"---\n{yaml.safe_dump(said, allow_unicode=True, sort_keys=False)}---\n\n{OURS}\n"


# By this line a file is known as ours.
OURS = "Texts and what people marked and answered, as JSON lines that lsnb wrote; `items.csv` says what is not in them."


def json_lines(documents: Sequence[Document]) -> bytes:
    """Return texts as JSON lines, and note what their tags do not say.

    Args:
        documents: The texts.
    """
    for one in documents:
        one.notes += [note for note in _notes_of_tags(one) if note not in one.notes]
    how = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return b"".join(orjson.dumps(one.record(), default=str, option=how) for one in documents)


def _notes_of_tags(one: Document) -> list[str]:
    others = one.apart()[1]
    said = f"{counted(others, 'stretch', 'stretches')} over a longer one: in spans, and not in ner_tags."
    return [said] if others else []


def doc_bin(documents: Sequence[Document]) -> bytes:
    """Return texts as spaCy's ``DocBin``: ``ents``, all stretches in ``spans["sc"]``, answers in ``cats``.

    Args:
        documents: The texts.

    Raises:
        MissingExtraError: spaCy is not installed.
    """
    try:
        from spacy.tokens import Doc, DocBin, Span  # type: ignore[import-not-found,unused-ignore]
        from spacy.vocab import Vocab  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise MissingExtraError("spaCy is not installed: pip install spacy") from None
    vocab = Vocab()
    made = DocBin()
    for one in documents:
        pieces = _with_spaces(one)
        doc = Doc(vocab, [one.text[start:end] for start, end, _ in pieces], [space for _, _, space in pieces])
        first = {start: place for place, (start, _, _) in enumerate(pieces)}
        last = {end: place + 1 for place, (_, end, _) in enumerate(pieces)}

        def span(start: int, end: int, label: str, doc: Any = doc, first: Any = first, last: Any = last) -> Any:
            return Span(doc, first[start], last[end], label=label)

        doc.set_ents([span(*each) for each in one.apart()[0]])
        doc.spans["sc"] = [span(*each) for each in one.spans]
        others = one.apart()[1]
        if others:
            one.notes.append(
                f"{counted(others, 'stretch', 'stretches')} over a longer one: in doc.spans['sc'], and not in doc.ents."
            )
        if one.answers:
            doc.cats = {
                f"{name}: {value}": 1.0
                for name, given in one.answers.items()
                for value in (given if isinstance(given, list) else [given])
                if value is not None
            }
        made.add(doc)
    return bytes(made.to_bytes())


def _with_spaces(one: Document) -> list[tuple[int, int, bool]]:
    """Return all of a text as spaCy has it: tokens, whether a space follows each, other white space as tokens."""
    starts, ends = {span[0] for span in one.spans}, {span[1] for span in one.spans}
    cuts = sorted(starts | ends)
    found: list[tuple[int, int, bool]] = []
    at = 0
    for start, end in [*one.tokens(), (len(one.text), len(one.text))]:
        while at < start:
            # A space belongs to the token before it, unless a stretch begins or ends with it.
            is_open = bool(found) and found[-1][1] == at and not found[-1][2]
            if one.text[at] == " " and is_open and at not in starts and at + 1 not in ends:
                found[-1] = (*found[-1][:2], True)
                at += 1
                continue
            after = bisect_right(cuts, at)
            edge = min(start, cuts[after]) if after < len(cuts) else start
            found.append((at, edge, False))
            at = edge
        if start < end:
            found.append((start, end, False))
            at = end
    return found
