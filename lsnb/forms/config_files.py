"""Label configs on disk: as Label Studio's XML, or as a codebook."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsnb.errors import InputError, LabelConfigError, LsnbError, MissingFileError
from lsnb.kernel.files import safe_name, write_whole
from lsnb.labels import LabelConfig
from lsnb.tables import read_table

_BOOKS = (".csv", ".xlsx", ".tsv")


def save_config(config: LabelConfig, path: str | Path) -> Path:
    """Write a config and return where it is.

    Args:
        config: The config.
        path: A name that ends in ``.xml``, or in ``.csv`` for a codebook. Folders are made; a config or codebook that
            is there already is replaced, any other file is not.

    Raises:
        InputError: The name has another ending, or the file there is something else.
        FileAccessError: It cannot be written; what was there stays.
    """
    file = Path(path).expanduser()
    ending = file.suffix.lower()
    if ending not in (".xml", ".csv"):
        raise InputError(f"{file.name or 'The name'} ends in neither .xml nor .csv: give a name such as config.xml.")
    if file.exists() and not (file.is_file() and _is_config(file)):
        raise InputError(f"{file} is there already and is no {_noun(ending)}: give another name, so that it stays.")
    text = config.xml if ending == ".xml" else config.codebook.to_csv(index=False)
    return write_whole(file, text, parents=True)


def load_config(path: str | Path, questions_for: LabelConfig) -> LabelConfig:
    """Return a config from a file.

    Args:
        path: A label config as XML, or a codebook as CSV or Excel.
        questions_for: What a codebook's questions are asked about, since a codebook names no media.

    Raises:
        MissingFileError: There is no such file.
        LabelConfigError: The XML is not well-formed, or the codebook cannot be used; each sentence says what to mend.
        TableError: The codebook is no table.
    """
    if not str(path).strip():
        raise InputError("Write the file's name first, for example config.xml.")
    file = Path(path).expanduser()
    if file.suffix.lower() in _BOOKS:
        return questions_for.codebook_questions(read_table(file))
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise MissingFileError(f"There is no file {file}: check its name and folder.") from None
    except OSError as fault:
        raise InputError(f"{file} could not be read ({fault.strerror}): give a config.xml or a codebook.csv.") from None
    return LabelConfig.from_xml(_text(data, file.name))


def load_upload(name: str, content: bytes, questions_for: LabelConfig) -> LabelConfig:
    """Return a config from a file that came through the browser.

    Args:
        name: The file's name, whose ending says what it is.
        content: Its bytes.
        questions_for: As for ``load_config``.

    Raises:
        LabelConfigError: As ``load_config`` raises it, and TableError too.
    """
    with tempfile.TemporaryDirectory(prefix="lsnb-") as folder:
        file = Path(folder, safe_name(name or "config.xml"))
        file.write_bytes(content)
        return load_config(file, questions_for)


def uploaded_file(value: Any) -> tuple[str, bytes] | None:
    """Return name and bytes of the last file in an ipywidgets ``FileUpload.value``, or None where there is none.

    Args:
        value: A dict by name (ipywidgets 7) or a tuple of dicts (ipywidgets 8).

    Example:
        >>> uploaded_file({"a.xml": {"metadata": {"name": "a.xml"}, "content": b"<View/>"}})
        ('a.xml', b'<View/>')
        >>> uploaded_file(({"name": "a.xml", "content": memoryview(b"<View/>")},))
        ('a.xml', b'<View/>')
    """
    if not value:
        return None
    if isinstance(value, Mapping):
        name, file = list(value.items())[-1]
        return str(name), bytes(file["content"])
    return str(value[-1]["name"]), bytes(value[-1]["content"])


def _is_config(file: Path) -> bool:
    try:
        if file.suffix.lower() == ".csv":
            return "variable" in [str(column).lower() for column in read_table(file).columns]
        return LabelConfig.from_xml(_text(file.read_bytes(), file.name)).xml.lstrip().startswith("<View")
    except (LsnbError, OSError):
        return False


def _noun(ending: str) -> str:
    return "label config" if ending == ".xml" else "codebook"


def _text(data: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise LabelConfigError(
        f"{name} is no text, so it is no label config: give the XML that Label Studio shows as Code."
    )
