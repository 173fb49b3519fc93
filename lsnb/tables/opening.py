"""``read_table``: what a user has on a drive, as a table; which letters its bytes are, and what separates its cells.

Letters are Unicode where the bytes say so, else a guess by the letters of languages, which is said.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import unicodedata
import warnings
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Annotated, Any

import pandas as pd

from lsnb.errors import InputError, KeyColumnError, MissingExtraError, MissingFileError, TableError
from lsnb.kernel.checks import TOLD, FilePath, checked
from lsnb.kernel.files import file_sentence, named_path, nearest_file
from lsnb.kernel.formats import TABLE_ENDINGS, csv_rows, is_beyond_floats, parse_json, rows_of_json, why_packed
from lsnb.kernel.tally import Tally, sheet_rows
from lsnb.kernel.words import joined, listing, nearest, warn
from lsnb.tables.cells import (
    LONG,
    MARKS_OF_UTF8,
    RULES,
    SEVERAL,
    TEXT_DTYPE,
    answers_of,
    are_names,
    as_told,
    column_of,
    column_of_texts,
    is_missing,
    is_structure,
    is_tuple,
    known_here,
    note_another,
    note_changed,
    note_forgotten,
    note_guards,
    note_header_again,
    numbers_of_locales,
    of_marked,
    refuse_padding,
    structure_of,
    structure_text,
    told_in,
    unguarded,
    unique_titles,
    value_of,
    with_index,
    without_arrays,
    without_empty_rows,
    without_mark,
)
from lsnb.tables.keys import ROUNDED_SAID, RoundedKeyError, find_column, key_text, note_keyless, rounded_rows
from lsnb.tables.workbooks import AGAIN, header_below, read_workbook

# How often each letter beyond ASCII comes among those of a language, per mille: counted roughly from each language's
# letter frequencies (https://en.wikipedia.org/wiki/Letter_frequency). Only the ratios matter.
_LANGUAGES = {
    "German": "ü330 ä290 ß200 ö170",
    "French": "é620 à130 è100 ê60 ç30 û15 ô15 î15 â15 ù15 ë4 ï5 œ6",
    "Spanish": "ó280 á220 í220 é130 ñ100 ú45 ü5",
    "Portuguese": "ã210 á140 ç130 é120 í90 ó80 ê70 õ60 â40 ú40 à20 ô20",
    "Italian": "è330 à280 ò150 ù140 ì80 é20 î1",
    "Danish or Norwegian": "å330 ø330 æ320 é20",
    "Swedish or Finnish": "ä450 å270 ö260 é20",
    "Dutch": "ë600 é150 ï100 ö80 ü40 è20 ê10",
    "Icelandic": "ð170 í140 á140 þ60 ú60 ö70 é60 ó80 ý40 æ60",
    "Polish": "ł220 ą130 ę140 ó110 ż110 ś90 ć60 ń30 ź10",
    "Czech or Slovak": "í190 á160 é100 ě90 ý70 ž70 ř70 č70 š60 ú20 ů40 ň10 ľ20 ť10 ď5 ó5 ĺ2 ô10 ä5 ŕ1",
    "Hungarian": "á280 é270 ö90 ó90 ő70 í60 ü60 ú30 ű20",
    "Croatian": "š280 č280 ž160 ć160 đ60",
    "Romanian": "ă330 ţ160 ş160 î160 â80 ș160 ț160",
    "Turkish": "ı330 ü120 ş120 ğ80 ö60 ç80 İ5 â5 î5",
    "Russian": "о110 е85 а80 и74 н67 т63 с55 р47 в45 л44 к35 м32 д30 п28 у26 я20 ы19 ь17 г17 з16 б16 ч14 й12 х9 ж9 ш7 "
    "ю6 ц4 щ3 э3 ф2 ъ1 ё1",
    "Ukrainian": "о94 а83 н68 и61 і57 т48 в52 р44 е45 с41 к35 у33 м31 л36 д31 п28 я25 з23 ь18 б17 г16 й13 ч12 х12 ж9 "
    "ц8 ш8 ю8 ї7 щ6 є5 ф3 ґ1",
    "Bulgarian": "а118 и89 о87 е87 т74 н72 р47 с47 в45 д32 л31 к36 п28 м24 з22 я16 б14 г15 ъ15 у15 ч14 ц9 й7 щ6 ж7 х6 "
    "ш4 ф2 ю1 ь1",
    "Serbian or Macedonian": "а114 о90 и88 е86 н55 р53 с47 т44 ј43 у43 д37 к36 в37 м33 л35 п27 з16 г16 б15 ч11 ш10 ж7 "
    "х7 ц7 њ7 ћ6 љ5 ђ2 ф2 џ1 ѓ1 ќ1 ѕ1",
    "Lithuanian": "ė150 š130 ų160 ž90 į60 ą80 č40 ū50 ę20",
    "Latvian": "ā380 ī170 ē160 š80 ū50 ņ60 ž30 ļ30 ķ20 ģ15 č10",
    "Estonian": "ä350 õ280 ü270 ö80 š5 ž5",
    "Hebrew": "י111 ה109 ו104 ל74 א63 ר56 ת50 ב47 מ46 ש44 ם33 ע32 נ29 כ27 ד26 ח25 ק21 פ17 ס15 ן14 ג13 ז13 ט12 צ12 ך8 "
    "ף2 ץ1",
    "Arabic": "ا149 ل116 ي85 م65 ن64 و60 ر52 ت49 ه44 ب41 ع39 د30 س29 ف29 ة27 أ26 ق25 ك23 ح21 ج13 ش10 ص9 ى9 خ9 إ9 ط6 ض5 "
    "ز5 ث5 ذ5 ء5 غ4 ئ4 آ2 ظ2 ؤ1",
    "Persian": "ا140 ي90 ر80 د70 ن75 ه70 م60 ت50 و65 ب45 س40 ش35 ک20 ك20 ز30 ل30 ف15 گ12 خ15 ق10 پ10 ع10 ج10 چ6 ح10 "
    "ط5 ص5 غ3 آ15 ذ2 ض3 ث2 ظ2 ء1 ئ2 ژ2",
    "Thai": "า85 น70 ร64 อ55 ก50 เ50 ง47 ม40 ่43 ย36 ั35 ว35 ้35 ล34 ี30 ท28 ิ28 ด27 ส26 ห26 ต24 ะ24 ค21 ป20 บ19 แ19 จ15 "
    "พ14 ุ14 ไ13 ข13 ์13 ใ12 ช12 ำ10 ู10 ื9 โ8 ถ7 ็7 ณ6 ผ5 ศ5 ึ5 ธ5 ซ4 ภ4 ษ3 ญ3 ฟ2 ฐ2 ฝ2 ฉ2 ๆ1",
    "Greek": "α120 ο98 ι83 ε83 τ79 σ75 ν63 η52 υ42 ρ41 π40 κ40 ς37 μ33 λ28 ω19 ί30 ά28 ό27 έ25 ή20 ύ11 ώ8 θ15 δ17 γ18 "
    "χ11 φ8 β7 ξ4 ζ4 ψ2",
}
_FREQUENCIES = {
    language: {entry[0]: math.log(int(entry[1:]) / 1000) for entry in letters.split()}
    for language, letters in _LANGUAGES.items()
}
# In the order in which they are preferred.
_CANDIDATES = {
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
    "cp850": "DOS (code page 850)",
    "cp1250": "Windows-1250",
    "iso8859_2": "ISO 8859-2",
    "mac_latin2": "Mac Central European",
    "cp1254": "Windows-1254",
    "cp1251": "Windows-1251",
    "cp874": "Windows-874",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "koi8_r": "KOI8-R",
    "cp866": "DOS (code page 866)",
    "mac_cyrillic": "Mac Cyrillic",
    "cp1253": "Windows-1253",
    "iso8859_15": "ISO 8859-15",
    "cp1257": "Windows-1257",
    "cp852": "DOS (code page 852)",
    "iso8859_5": "ISO 8859-5",
    "iso8859_6": "ISO 8859-6",
    "iso8859_7": "ISO 8859-7",
    "cp737": "DOS (code page 737)",
    "cp862": "DOS (code page 862)",
}
# Of several bytes a letter. What speaks for each is how many of its letters are common ones of its language.
_EASTERN = {
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "cp949": "EUC-KR",
}
_HIRAGANA, _ENOUGH_HIRAGANA = range(0x3041, 0x3097), 3
_KANA, _HANGUL = range(0x3041, 0x3100), range(0xAC00, 0xD7A4)
# The characters that a third of any Chinese text is made of, https://lingua.mtsu.edu/chinese-computing.
_CHINESE = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点"
    "正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西月话合回特代内信表化老给世位次度门任常先海通教儿"
    "這個們來為國說時會對過發後裡種經麼學現當沒動還進樣開從實軍無與長機業關點將兩間問應戰頭體見產話給門兒"
)
_LEAST_COMMON = 0.2
# No language of one byte a letter is so unlike itself.
_UNLIKE = -4.5
_STRANGE = math.log(0.0005)
_PLAUSIBLE = math.log(0.02)
# How much likelier a file is in one of these than in another language, before its letters are looked at.
_COMMON = ("German", "French", "Spanish", "Portuguese")
_RARER = -1.5
_PREFERENCE = 0.03
# How much more the letters of a file have to speak for another encoding than for Windows-1252, all together.
_LESS_USUAL = 0.5
_MARKS = frozenset("€£„“”‘’–—…«»°§×±²³µ·¿¡©®™\xa0‚´")
# Of units, which no language's letters tell of: µs, °C, m/s².
_UNIT_SIGNS = re.compile("µ(?=[smVATgWlLFHMS])|°(?=[CFKs/)\\]])|(?<=[a-z])[²³]")
_SIGN = math.log(0.05)
_OPENING = frozenset("„“‘«¿¡‚–—…\xa0€£§×±")
_BEGINNING = frozenset(',;\t|\r\n"')
_BEYOND_ASCII = re.compile(rb"[\x00-\x7f]{0,2}[\x80-\xff]+[\x00-\x7f]{0,2}")
# What a character of UTF-8 begins with, and not its end.
_CUT_OFF = re.compile(rb"[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2}")
_LOST = "\ufffd"
# Two characters of three bytes, or one of four: other encodings hardly make these by chance.
_NO_CHANCE = re.compile(rb"([\xe0-\xef][\x80-\xbf]{2}){2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SHOWN = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z0-9_]*+[^\x00-\x7f]\w*")
_ODD_BYTES = re.compile("[\udc80-\udcff]+")
_LETTERS = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
_PIECES = 4000
# Where Greek, Cyrillic, Hebrew, Arabic and Thai begin, and other scripts after the first and the last two.
_SCRIPTS = (0x370, 0x400, 0x590, 0x600, 0x700, 0xE00, 0xE80)


def decode(data: bytes, name: str) -> tuple[str, str | None]:
    """Return a file's bytes as text, and a sentence where its encoding is a guess.

    UTF-8 and UTF-16, with or without a mark, are no guess; nor is UTF-8 with a few bytes that are none, as files have
    that were put together of several. Else each of the usual encodings of one byte a letter is tried, and the one taken
    whose letters beyond ASCII are most like those of a language: of ``†bung`` and ``Übung`` the latter. Where they are
    like none, those of East Asia are tried.

    Args:
        data: The whole file.
        name: The file, for messages.

    Raises:
        TableError: None of these.

    Example:
        >>> decode("für Übung".encode("mac_roman"), "a.csv")[0]
        'für Übung'
        >>> decode("für".encode(), "a.csv")
        ('für', None)
    """
    if said := why_packed(data, name):
        raise TableError(said)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        sure = ["utf-16"]
    elif b"\0" in data[:4096]:
        # Latin letters in UTF-16 have a zero in every other byte; which one tells the byte order.
        sure = ["utf-16-le" if data[1:4096:2].count(0) > data[0:4096:2].count(0) else "utf-16-be"]
    else:
        sure = ["utf-8-sig"]
    for encoding in sure:
        text = _decoded(data, encoding)
        is_right = encoding in ("utf-8-sig", "utf-16") or (text is not None and _is_utf16(text, data))
        if text is not None and "\0" not in text and is_right:
            return text, None
    if sure == ["utf-8-sig"] and b"\0" not in data:
        mixed = _mostly_utf8(data, name)
        if mixed is not None:
            return mixed
        ranked = [(encoding, text) for encoding in _ranked(data) if (text := _decoded(data, encoding)) is not None]
        if ranked:
            encoding, text = ranked[0]
            shown = _SHOWN.search(text)
            example = f", so that it holds {shown[0]!r}" if shown else ""
            others = _others(data, text, ranked[1:])
            return text, (
                f"{name} does not say how its letters are encoded; by its letters it is taken to be "
                f"{(_CANDIDATES | _EASTERN)[encoding]}{example}{others}. If that is wrong, save it as 'CSV UTF-8'."
            )
    zeros = f" (line {data.count(bytes([10]), 0, data.index(0)) + 1:,} holds bytes of zero)" if 0 in data else ""
    raise TableError(
        f"{name} is not text in UTF-8, UTF-16 or Windows-1252{zeros}: open it in a spreadsheet and save it as "
        "'CSV UTF-8' or .xlsx."
    )


# So few letters, each counted once, tell no language unless they are a common one's, and others may be as likely.
_FEW, _DOUBTFUL, _POSSIBLE = 6, -1.5, -5.5


def _others(data: bytes, text: str, ranked: Sequence[tuple[str, str]]) -> str:
    """Return what else a file may hold whose letters beyond ASCII are too few to tell, for a sentence."""
    first = _SHOWN.search(text)
    scores = _likenesses(data)
    if first is None or len(set(_LETTERS.findall(text))) > _FEW or max(scores.values(), default=0.0) > _DOUBTFUL:
        return ""
    likely = [(encoding, other) for encoding, other in ranked if scores.get(encoding, _UNLIKE) > _POSSIBLE]
    eastern = [each for each in _EASTERN if each not in dict(ranked) and _commonness(data, each) >= _LEAST_COMMON]
    readings: dict[str, str] = {}
    for encoding, other in [*likely, *((each, _decoded(data, each)) for each in eastern)]:
        shown = _SHOWN.search(other or "")
        if shown and shown[0] != first[0] and shown[0].isalpha():
            readings.setdefault(shown[0], (_CANDIDATES | _EASTERN)[encoding])
    found = [f"{word!r} in {called}" for word, called in islice(readings.items(), 4)]
    return f"; its letters are few, and it may be {joined(found, 'or')}" if found else ""


def read_json(content: bytes, name: str, *, lines: bool = False) -> tuple[Any, str | None]:
    """Return what JSON says, and a sentence where its encoding is a guess: JSON is UTF-8, and not all tools know.

    Args:
        content: The whole file.
        name: The file, for messages.
        lines: Whether it may be JSON lines.

    Raises:
        InputError: It is no JSON in any encoding: see ``parse_json``.

    Example:
        >>> value, said = read_json('{"a": "für Übung"}'.encode("cp1252"), "a.json")
        >>> value, said.partition(";")[0]
        ({'a': 'für Übung'}, 'a.json does not say how its letters are encoded')
    """
    try:
        return parse_json(content, name, lines=lines), None
    except InputError:
        if b"\0" in content[:4] or _decoded(content, "utf-8") is not None:
            raise
        try:
            text, guess = decode(content, name)
        except TableError:
            text, guess = "", None
        if guess is None:
            raise
    return parse_json(text, name, lines=lines), guess.replace("'CSV UTF-8'", "UTF-8")


def _is_utf16(text: str, data: bytes) -> bool:
    """Return whether bytes with zeros among them are UTF-16: line ends stay line ends, or zeros are frequent."""
    ends = data.count(b"\n") + data.count(b"\r")
    if not ends:
        return 10 * data.count(0) >= len(data)
    return 2 * (text.count("\n") + text.count("\r")) >= ends


def _mostly_utf8(data: bytes, name: str) -> tuple[str, str] | None:
    """Return UTF-8 with a few other bytes in it, and where they are; they are taken as Windows-1252.

    UTF-8 it is where its letters are many, or where what can be UTF-8 reads more like a language than in any encoding
    of one byte a letter: ``für`` in one row and a wrong byte in another are no ``fÃ¼r``. What is left of a character
    that was cut off is no letter.
    """
    text = data.decode("utf-8-sig", "surrogateescape")
    odd = _ODD_BYTES.findall(text)
    n_letters = len(_LETTERS.findall(text))
    if not odd or not n_letters:
        return None
    if 4 * sum(map(len, odd)) > n_letters and not _reads_as_utf8(data):
        return None
    lines = [number for number, line in enumerate(text.split("\n"), start=1) if _ODD_BYTES.search(line)]
    mended = _ODD_BYTES.sub(_as_windows, text)
    said = f"{name} is UTF-8, except in line {listing(lines)}, where "
    if mended.count(_LOST) == text.count(_LOST):
        said += "letters are in another encoding and taken to be Windows-1252"
    else:
        said += f"letters are in another encoding, taken to be Windows-1252, or cut off, and read as {_LOST!r}"
    return mended, f"{said}: look at these, and save the file as 'CSV UTF-8'."


def _reads_as_utf8(data: bytes) -> bool:
    """Return whether what can be UTF-8 is a third or more of what is beyond ASCII, and nothing else by its letters."""
    can_be: list[bytes] = []
    n_others = 0
    for piece in islice(_BEYOND_ASCII.finditer(data), _PIECES):
        letters = _decoded(piece[0], "utf-8")
        if letters is not None:
            can_be.append(piece[0])
        elif _LETTERS.search(_CUT_OFF.sub(b"", piece[0]).decode("utf-8", "surrogateescape")):
            return False  # words in two encodings side by side are words in a third
        else:
            n_others += 1
    whole = b" ".join(can_be)
    if not can_be or n_others > 2 * len(can_be):
        return False
    return bool(_NO_CHANCE.search(whole)) or _likeness(whole.decode()) > max(_UNLIKE, *_likenesses(whole).values())


def _as_windows(match: re.Match[str]) -> str:
    """Return bytes that are not UTF-8 as letters of Windows-1252, or as one that is lost where they begin a character.

    A text cut after so many bytes ends in the beginning of a character. A single byte is mostly a letter of its own;
    of those that begin Latin letters, Ã and Â, no word ends in small letters and one of these.
    """
    odd = match[0].encode("ascii", "surrogateescape")
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    is_begun = len(odd) > 1 or (odd in (b"\xc2", b"\xc3") and before.islower())
    if is_begun and not after.isalnum() and _CUT_OFF.fullmatch(odd):
        return _LOST
    return odd.decode("cp1252", "replace")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _ranked(data: bytes) -> list[str]:
    """Return the encodings that the letters speak for, the likeliest first."""
    scores = _likenesses(data)
    hiragana = [encoding for encoding in ("cp932", "euc_jp") if _n_hiragana(data, encoding) >= _ENOUGH_HIRAGANA]
    if hiragana:
        return hiragana
    if max(scores.values(), default=_UNLIKE) <= _UNLIKE:
        eastern = {encoding: _commonness(data, encoding) for encoding in _EASTERN}
        likely = [encoding for encoding, share in eastern.items() if share >= _LEAST_COMMON]
        if likely:
            return sorted(likely, key=lambda each: -eastern[each])
    # Windows-1252 is what most programs mean when they say nothing; where it cannot be, another must speak for itself.
    least = -math.inf if "cp1252" in scores else _PLAUSIBLE
    return sorted((each for each, score in scores.items() if score >= least), key=lambda each: -scores[each])


def _likenesses(data: bytes) -> dict[str, float]:
    """Return how much like a language the letters are, for each encoding of one byte a letter that they can be in."""
    pieces = b" ".join(match[0] for match in islice(_BEYOND_ASCII.finditer(data), _PIECES))
    n_bytes = sum(byte > 0x7F for byte in pieces)
    scores = {}
    for place, encoding in enumerate(_CANDIDATES):
        text = _decoded(pieces, encoding)
        if text is not None:
            plain, signs = _UNIT_SIGNS.subn("", text)
            likeness = _likeness(plain) if signs < n_bytes else 0.0
            likeness = (
                ((n_bytes - signs) * likeness + signs * _SIGN) / n_bytes if 0 < signs <= n_bytes else _likeness(text)
            )
            scores[encoding] = likeness - place * _PREFERENCE - (place > 0) * _LESS_USUAL / n_bytes
    return scores


def _n_hiragana(data: bytes, encoding: str) -> int:
    """Return how many hiragana an encoding finds, which hardly are there by chance; 0 where others are as many."""
    letters = [letter for letter in _decoded(data, encoding) or "" if letter > "\x7f" and letter.isalpha()][:_PIECES]
    n = sum(ord(letter) in _HIRAGANA for letter in letters)
    return n if 2 * n > len(letters) else 0


def _commonness(data: bytes, encoding: str) -> float:
    """Return the share of common letters of the encoding's language; 0 where the bytes are none of it."""
    text = _decoded(data, encoding)
    letters = [letter for letter in text or "" if letter > "\x7f" and letter.isalpha()][:_PIECES]
    if encoding == "cp949":
        # The common syllables are those of the standard before Windows' own.
        common = sum(ord(letter) in _HANGUL and len(letter.encode("euc_kr", "ignore")) == 2 for letter in letters)
    elif encoding in ("cp932", "euc_jp"):
        common = sum(ord(letter) in _KANA for letter in letters)
    else:
        common = sum(letter in _CHINESE for letter in letters)
    return common / len(letters) if letters else 0.0


def _likeness(text: str) -> float:
    """Return the mean logarithm of how often a language's letters are what stands here, of the likeliest language."""
    padded = f" {text} "
    letters: Counter[str] = Counter()
    costs = 0.0
    marks: list[float] = []
    for place in range(1, len(padded) - 1):
        letter, before, after = padded[place], padded[place - 1], padded[place + 1]
        if letter <= "\x7f":
            continue
        # Vowels that stand over or below a letter are none by themselves.
        if letter.isalpha() or unicodedata.category(letter) == "Mn":
            is_mixed = any(one.isalpha() and _script(one) != _script(letter) for one in (before, after))
            is_bumpy = (letter.isupper() and before.islower()) or (
                letter.islower() and letter != "ß" and not before.islower() and after.isupper()
            )
            is_odd = is_mixed or (before.isdigit() and after.isdigit())
            # A capital alone beside a number is a sign of money in another encoding: 5 € is no 5 Ä.
            is_alone = letter.isupper() and not before.isalpha() and not after.isalpha()
            is_sign = is_alone and _is_beside_number(padded, place)
            costs += _STRANGE * (is_odd + is_bumpy) - (0.3 if letter.isupper() else 0.0) - is_sign
            letters[letter.lower() if letter != "İ" else letter] += 1
        else:
            is_apostrophe = letter == "’" and before.isalnum()
            is_glued = after.isalpha() and (before.isalpha() or letter not in _OPENING) and not is_apostrophe
            # Three marks in a row are the letters of another encoding.
            is_crowded = all(one > "\x7f" and not one.isalpha() for one in (before, after))
            # No cell begins with a space that only keeps a line together.
            is_leading = letter == "\xa0" and before in _BEGINNING
            is_strange = is_glued or is_crowded or is_leading or letter not in _MARKS
            is_price = letter in "€£" and _is_beside_number(padded, place)
            marks.append(_STRANGE if is_strange else -1.0 if is_price else -2.0)
    if not letters:
        return sum(marks) / len(marks) if marks else 0.0
    spoken = max(
        sum(known.get(letter, _STRANGE) * n for letter, n in letters.items()) + (0.0 if language in _COMMON else _RARER)
        for language, known in _FREQUENCIES.items()
    )
    return (spoken + costs + sum(marks)) / (letters.total() + len(marks))


def _is_beside_number(text: str, place: int) -> bool:
    """Return whether a digit stands before or behind a letter of a text, with a space between them or not."""
    beside = text[max(place - 2, 0) : place].rstrip(" ")[-1:] + text[place + 1 : place + 3].lstrip(" ")[:1]
    return any(letter.isdigit() for letter in beside)


def _script(letter: str) -> int:
    """Return a number that is one for the letters of a script: no word mixes them."""
    return bisect(_SCRIPTS, ord(letter))


# Text files of rows: which separator, and are the rows whole.


SEPARATORS = (",", ";", "\t", "|")
SNIFFED_ROWS = 200
# Control characters first: they stand in hardly any table.
_SELDOM = ("\x1f", "\x1e", "\x1d", "\x1c", *map(chr, range(0xF0000, 0xF00FF)))


@dataclass(frozen=True)
class Dialect:
    """How the fields of a text file are told apart.

    Args:
        separator: One character.
        skip_space: Whether a space after the separator belongs to no field (``1, "a, b"``).
    """

    separator: str
    skip_space: bool = False

    def lines(self, text: str) -> Iterator[list[str]]:
        """Yield each record's fields; a blank line has none."""
        return csv_rows(io.StringIO(text, newline=""), delimiter=self.separator, skipinitialspace=self.skip_space)

    def records(self, text: str) -> Iterator[list[str]]:
        """Yield each record's fields; blank lines are left out."""
        return (fields for fields in self.lines(text) if fields)


def sniff(text: str) -> tuple[Dialect, str]:
    """Return how the fields are separated, and the text without Excel's ``sep=`` line.

    The separator that gives the header more than one field and the most rows as many fields as the header
    wins; quoted separators do not count. Where none splits the header, the file has one column.
    """
    declared = re.match(r"sep=(.)\r?\n", text)
    if declared:
        return Dialect(declared[1]), text[declared.end() :]
    best, best_score = Dialect(_unused(text)), (0.0, 0)
    for dialect in [Dialect(mark, space) for space in (False, True) for mark in SEPARATORS]:
        counts = []
        for fields in dialect.records(text):
            counts.append(len(fields))
            if len(counts) > SNIFFED_ROWS:
                break
        if not counts or counts[0] < 2:
            continue
        like_header = sum(count == counts[0] for count in counts) / len(counts)
        if (like_header, counts[0]) > best_score:
            best, best_score = dialect, (like_header, counts[0])
    return best, text


def _unused(text: str) -> str:
    """Return a character that a text does not hold: as a separator, it makes each line one field."""
    return next(letter for letter in _SELDOM if letter not in text)


def _parse(text: str, key: str | None, wanted: Sequence[str], tally: Tally, file: Path) -> pd.DataFrame:
    """Return the table in a text of others, every column as its cells say; the tally counts its rows."""
    name = tally.source
    dialect, text = sniff(_END_OF_FILE.sub("", _without_marks(text, tally)))
    # A record of its own behind the last one: it is swallowed where a quote is open.
    end = _unused(text + dialect.separator)
    lines = dialect.lines(f"{text}\n{end}\n")
    header: list[str] = []
    before = 0
    for before, header in enumerate(lines, start=1):  # noqa: B007  the count goes on below
        if header:
            break
    if not any(field.strip() for field in header):
        raise TableError(f"{name} has no header: its first row should name the columns.")
    refuse_padding(name, 1, len(header), len(text))
    # What write_table wrote, a row of nothing too, comes back also after a spreadsheet has saved it.
    types = _types_beside(file, header)
    plain = [unguarded(title) for title in header]
    if plain != header and len(of_plain := _types_beside(file, plain)) > len(types):
        header, types = plain, of_plain
    is_own = types.keys() == set(header)  # and nobody added a column or took one away
    are_headers = not is_own and are_names(header)
    body = _Body(name, header, is_own, are_names=are_headers, size=len(text))
    body.read(lines, before + 1, end)
    tally.seen += body.seen
    columns = body.columns
    if behind := _behind_quotes(text, dialect):
        tally.note(
            f"{name}: in line {listing(behind)} a text goes on behind the quote that ends it, and its quotes are lost: "
            'write a quote within quotes twice ("").'
        )
    body.tell(tally)
    of_formulas: set[int] = set()
    if not types:
        if '="' in text:
            header, of_formulas = _of_formulas(header, columns, tally)
        _look_below(header, text, key, wanted, tally)
        left = {*body.empty_rows, *body.ruled}
        first = list(islice((row for row in count(before + 1) if row not in left), 3))
        note_header_again(header, columns, first, tally)
    titles = unique_titles(header, wanted, tally)
    if not types and "'" in text:
        note_guards(columns, titles, tally)
    if (
        not types
        and "[ " in text
        and _TUPLES.search(text)
        and any(is_tuple(cell) for cells in columns for cell in cells)
    ):
        note_forgotten(columns, titles, _FORGOTTEN, tally)
    if types:
        known = _declared(dict(zip(titles, columns, strict=True)), types, dialect.separator, wanted, tally)
    else:
        texts = [titles[place] for place in of_formulas]
        known = numbers_of_locales(columns, titles, dialect.separator, [*wanted, *texts], tally)
        known |= {titles[place]: column_of(columns[place]) for place in of_formulas}
    if set(titles) >= LONG:
        answers, kinds = (columns[titles.index(name)] for name in ("value", "kind"))
        if types.get("value", "").endswith(GUARDS):
            answers = [None if cell is None else unguarded(cell) for cell in answers]
        known["value"] = answers_of(answers, kinds)
    if key in titles:
        cells = columns[titles.index(str(key))]
        known[str(key)] = column_of(cells)
        if not is_own:
            left = {*body.empty_rows, *body.again, *body.ruled}
            note_keyless(cells, str(key), (row for row in count(before + 1) if row not in left), tally)
    made = {
        place: known[title] if title in known else column_of_texts(cells)
        for place, (title, cells) in enumerate(zip(titles, columns, strict=True))
    }
    return pd.DataFrame(made).set_axis(titles, axis=1)


# Where a cell may be a tuple.
_TUPLES = re.compile(r'[,;|\t\r\n]"?\[ ')
_FORGOTTEN = (
    "no data dictionary (….columns.csv) beside the file says what they were; if lsnb wrote it, and it was saved anew "
    "under another name, give its dictionary that name, too"
)


class _Body:
    """The rows of a table in a text, below its header, and which of them are odd.

    Args:
        name: How sentences call the file.
        header: The names of its columns.
        is_own: Whether lsnb wrote it, of which a row of nothing comes back.
        are_names: Whether the header is names, so that a row like it is the header again.
        size: How many letters the text has.
    """

    def __init__(self, name: str, header: Sequence[str], is_own: bool, *, are_names: bool, size: int) -> None:
        self._name, self._header, self._is_own, self._size = name, header, is_own, size
        self._repeated = header if are_names else None
        self.seen = 0
        self.columns: list[list[str | None]] = [[] for _ in header]
        self.empty_rows: list[int] = []
        self.again: list[int] = []
        self.ruled: list[int] = []
        self._short_rows: list[int] = []
        self._long_rows: list[int] = []
        # The first rows behind empty ones: where they stand, and which they are.
        self._below: list[tuple[int, int]] = []

    def read(self, lines: Iterable[list[str]], row: int, end: str) -> None:
        """Take the rows of a text.

        Args:
            lines: Their fields.
            row: The first one's number.
            end: A record behind the last one.

        Raises:
            TableError: A row has more fields than the header, or a quote is never closed.
        """
        blank: list[int] = []
        last: list[str] | None = None
        for number, fields in enumerate(lines, start=row):
            if last is None:
                pass
            elif not last:
                blank.append(number - 1)  # below the last row it says nothing
            elif last != [end]:
                self._pass_over(blank)
                blank = []
                self._add(number - 1, last)
            last = fields
        if last != [end]:
            raise TableError(
                f"{self._name} cannot be read as a table: a quote is opened and never closed. Mend that row or save it "
                "anew."
            )
        if self._long_rows:
            raise TableError(
                f"{self._name} has {len(self._long_rows)} rows with more fields than the header's "
                f"{len(self._header)}: row {listing(self._long_rows)}. Put quotes around texts that contain the "
                "separator, or save the file from a spreadsheet again."
            )

    def _pass_over(self, blank: list[int]) -> None:
        self.seen += len(blank)
        if self._is_own and len(self._header) == 1:
            self.columns[0].extend([None] * len(blank))  # so a spreadsheet writes a row of nothing
        else:
            self.empty_rows += blank

    def _add(self, row: int, fields: list[str]) -> None:
        self.seen += 1
        if not self._is_own and not any(field.strip() for field in fields):
            self.empty_rows.append(row)
            return
        if fields == self._repeated:
            self.again.append(row)
            return
        if not (self._is_own or self.columns[0] or self.ruled) and _is_rule(fields):
            self.ruled.append(row)
            return
        width = len(self._header)
        if len(fields) < width:
            self._short_rows.append(row)
            refuse_padding(self._name, len(self._short_rows), width, self._size)
            fields = [*fields, *[""] * (width - len(fields))]
        elif any(extra.strip() for extra in fields[width:]):
            self._long_rows.append(row)
        if row - 1 in self.empty_rows[-1:]:
            self._below.append((row, len(self.columns[0])))
        for column, field in zip(self.columns, fields, strict=False):
            column.append(field or None)

    def tell(self, tally: Tally) -> None:
        """Note which rows are odd, and leave out those that are none."""
        if self._short_rows:
            tally.note(
                f"{self._name}: row {listing(self._short_rows)} has fewer fields than the header's "
                f"{len(self._header)}; what is not there is taken as empty."
            )
        if self.empty_rows:
            tally.leave("empty", [f"row {row}" for row in self.empty_rows])
        if self.again:
            tally.leave(AGAIN, [f"row {row}" for row in self.again])
        if self.ruled:
            tally.leave("a ruled line", [f"row {row}" for row in self.ruled])
        note_another(self.columns, self._below, tally)


# A mark of UTF-8 before a line, and how DOS ended files.
_MARKS_OF_UTF8 = re.compile(f"(?:\\A|(?<=[\r\n])){MARKS_OF_UTF8}")
_END_OF_FILE = re.compile("(?<=[\r\n])\x1a+\\s*\\Z")


def _without_marks(text: str, tally: Tally) -> str:
    """Return a text without marks of UTF-8, which stand before a line where files were put together."""
    places = [match.start() for match in _MARKS_OF_UTF8.finditer(text)]
    if any(places):
        lines, line = [], 1
        for before, place in pairwise([0, *places]):
            line += text.count("\n", before, place)
            lines += [line] if place else []
        tally.note(f"{tally.source}: a mark of UTF-8 before line {listing(lines)} is left out.")
    return _MARKS_OF_UTF8.sub("", text) if places else text


def _is_rule(fields: Sequence[str]) -> bool:
    """Return whether a row is a line drawn below the header, as databases and Markdown draw it.

    Example:
        >>> _is_rule(["---", ":--:"]), _is_rule(["--"]), _is_rule(["--", "1"])
        (True, False, False)
    """
    filled = [field.strip() for field in fields if field.strip()]
    return len(filled) > 1 and all(set(one) <= {*"-=:+"} and ("--" in one or "==" in one) for one in filled)


_FORMULA_OF_TEXT = re.compile(r'\s*="([^"]*+(?:""[^"]*+)*+)"\s*')


def _of_formulas(
    header: Sequence[str], columns: Sequence[list[str | None]], tally: Tally
) -> tuple[list[str], set[int]]:
    """Put the texts into the cells that hold them as formulas, ``="001"``, as programs write what is to stay a text.

    Returns:
        The columns' names, likewise, and the places of the columns that had such cells.
    """

    def plain(cell: str | None) -> str | None:
        found = _FORMULA_OF_TEXT.fullmatch(cell) if cell is not None else None
        return cell if found is None else found[1].replace('""', '"') or None

    titles = [plain(title) or "" for title in header]
    shown: dict[int, str] = {}
    for place, cells in enumerate(columns):
        texts = list(map(plain, cells))
        if texts != cells:
            example = next(cell for cell, text in zip(cells, texts, strict=True) if cell != text)
            shown[place] = f"{titles[place]!r} ({str(example).strip()[:40]} is {plain(example) or 'nothing'})"
            cells[:] = texts
    if shown:
        tally.note(
            f"{tally.source}: formulas that only hold a text are read as that text in {listing([*shown.values()])}."
        )
    return titles, set(shown)


def _behind_quotes(text: str, dialect: Dialect) -> list[int]:
    """Return the lines in which a quoted field goes on behind its last quote."""
    if '"' not in text:
        return []
    mark = re.escape(dialect.separator)
    space = " *" if dialect.skip_space else ""
    fields = re.compile(rf'(?:\A|[{mark}\r\n]){space}"[^"]*+(?:""[^"]*+)*+"(?P<rest>[^{mark}\r\n]?)')
    places = [match.end() for match in fields.finditer(text) if match["rest"]]
    return [text.count("\n", 0, place) + 1 for place in places]


def _look_below(header: Sequence[str], text: str, key: str | None, wanted: Sequence[str], tally: Tally) -> None:
    """Refuse a table whose columns are named further down, and say where that only seems so."""
    below = [line for line in text.splitlines()[1:SNIFFED_ROWS] if line.strip()]
    needed = [name for name in wanted if name not in header]
    by_mark = {mark: list(csv_rows(below, delimiter=mark)) for mark in SEPARATORS}
    places = [place for rows in by_mark.values() if (place := header_below(rows, needed)) is not None]
    if places:
        line = text.splitlines().index(below[min(places)]) + 1
        fault = KeyColumnError if key is not None else TableError
        raise fault(
            f"{tally.source} names the column {listing([repr(name) for name in needed])} in line {line}, and its first "
            "row should name the columns: delete the lines above it."
        )
    if len(header) > 1 or len(below) < 3:
        return
    for mark, rows in by_mark.items():
        widths = {len(row) for row in rows}
        names = [name.strip() for name in rows[0]]
        if len(widths) == 1 and len(names) > 1 and len(set(names)) == len(names) and all(names):
            tally.note(
                f"{tally.source} has one column, {header[0]!r}, and each line below that {len(names)} fields between "
                f"{mark!r}: if the first line is a title, delete it."
            )
            return


# The data dictionary beside a file of write_table's says what its columns are, also after a spreadsheet has saved it.


GUARDS = ", an apostrophe before what a spreadsheet would run"
_LARGEST_DICTIONARY = 2**24


def _types_beside(file: Path, titles: Sequence[str] | None = None) -> dict[str, str]:
    """Return column → type as ``<name>.columns.csv`` has it, where that is about these columns, or any."""
    about = _about_beside(file, titles)
    types = {} if about is None else dict(zip(about["column"], map(str, about["type"]), strict=True))
    return types if titles is None else known_here(types, titles)


def dictionary_beside(file: Path, ending: str) -> Path:
    """Return where the data dictionary of a table's file goes: ``<name>.columns.csv``, unless that is another file's.

    Two tables of one name and other endings have one each: that of the second is called by its ending, too. A
    dictionary says in its column ``file`` whose it is.

    Args:
        file: The table's file.
        ending: Its ending, of two parts in ``a.coco.json``.

    Example:
        >>> dictionary_beside(Path("nowhere/a.coco.json"), ".coco.json").name
        'a.columns.csv'
    """
    own = file.with_name(f"{file.name}.columns.csv")
    shared = file.with_name(f"{file.name[: len(file.name) - len(ending)]}.columns.csv")
    if own.is_file():
        return own
    about = _dictionary_in(shared)
    whose = _whose(about) if about is not None else None
    is_anothers = whose is not None and _ending_in(whose) != ending.lower() and shared.with_name(whose).is_file()
    return own if is_anothers else shared


def _whose(about: pd.DataFrame) -> str | None:
    """Return the file that a data dictionary says it is of; None where it is older and does not say."""
    first = next(iter(about["file"]), None) if "file" in about.columns else None
    return first if isinstance(first, str) and Path(first).name == first else None


def _ending_in(name: str) -> str:
    return ".coco.json" if name.lower().endswith(".coco.json") else Path(name).suffix.lower()


def _dictionary_in(place: Path) -> pd.DataFrame | None:
    """Return the data dictionary in a file, where it is one."""
    try:
        if not place.is_file() or place.stat().st_size > _LARGEST_DICTIONARY:
            return None
        text, _ = decode(place.read_bytes(), place.name)
        about = _parse_own(text, True, Tally(place.name)) if own_mark(text) is not None else None
        about = _of_spreadsheet(text) if about is None else about
    except (OSError, TableError):
        return None
    return None if about is None or "column" not in about.columns else about


def _of_spreadsheet(text: str) -> pd.DataFrame | None:
    """Return a data dictionary that a spreadsheet has saved again."""
    dialect, text = sniff(text)
    header, *rows = list(dialect.records(text)) or [[]]
    if not {"column", "meaning", "type"} <= set(header):
        return None
    cells = [[unguarded(field) for field in [*row, *[""] * len(header)][: len(header)]] for row in rows]
    return pd.DataFrame(cells, columns=header, dtype="object")


def _about_beside(file: Path, titles: Sequence[str] | None = None) -> pd.DataFrame | None:
    """Return the data dictionary that is beside a file, where it is about these columns, or any."""
    for place in (file.with_name(f"{file.name}.columns.csv"), file.with_name(f"{file.stem}.columns.csv")):
        about = _dictionary_in(place)
        if about is None or "type" not in about:
            continue
        if titles is not None and not known_here(dict.fromkeys(map(str, about["column"]), ""), titles):
            continue
        whose = _whose(about)
        if whose is None or _ending_in(whose) == file.suffix.lower():
            return about
    return None


_NUMBERS = ("number", "whole number")


def _declared(
    columns: Mapping[str, Sequence[str | None]],
    types: Mapping[str, str],
    separator: str,
    wanted: Sequence[str],
    tally: Tally,
) -> dict[str, pd.Series[Any]]:
    """Return the columns as what they were when they were written; a spreadsheet writes numbers as its country does."""
    others = [title for title, kind in types.items() if kind not in _NUMBERS]
    known = numbers_of_locales(list(columns.values()), list(columns), separator, [*wanted, *others], tally)
    for title, cells in columns.items():
        if title not in types:
            continue  # somebody added it
        known.setdefault(title, _as_declared(cells, types[title]))
        if title not in wanted:
            note_changed(known[title], title, types[title], tally)
    return known


def _as_declared(cells: Sequence[str | None], kind: str) -> pd.Series[Any]:
    if kind.endswith(GUARDS):
        cells = [None if cell is None else unguarded(cell) for cell in cells]
    kind = kind.removesuffix(GUARDS)
    if kind.startswith(("time", "duration", "text, ")):
        return column_of([None if cell is None else value_of(cell) for cell in cells])
    if kind == "yes or no" and all(cell is None or cell.casefold() in ("true", "false") for cell in cells):
        return column_of([None if cell is None else cell.casefold() == "true" for cell in cells])
    return column_of(cells) if kind == "text" else column_of_texts(cells)


# Text files that write_table wrote say of each cell whether it is a text, so that a "3" stays one.


_FIELD = re.compile(r'("[^"]*+(?:""[^"]*+)*+"|[^,"\r\n]*)(,|\r\n|\n|\r|\Z)')
NEEDS_QUOTES = re.compile(r'[,;"|\t\r\n]|^ | $')


def own_mark(text: str) -> str | None:
    """Return ``"guarded"`` or ``"typed"`` where a text is a table of ``write_table``'s, else None.

    Of the names in its header that need no quotes, the last is in quotes nevertheless where texts are guarded against
    formulas, and the first where they are not. Where all need quotes and texts are guarded, the header alone ends as
    lines of Windows do.

    Args:
        text: The file, without its mark of UTF-8, which has to be there.

    Example:
        >>> own_mark('item,"value"'), own_mark('"item",value'), own_mark("item,value"), own_mark('"item","value"')
        ('guarded', 'typed', None, None)
    """
    fields, end = _first_fields(text)
    bare = [place for place, field in enumerate(fields) if not NEEDS_QUOTES.search(_unquoted(field))]
    quoted = [place for place in bare if fields[place].startswith('"')]
    needed = all(fields[place].startswith('"') for place in range(len(fields)) if place not in bare)
    if not bare and needed and end == "\r\n" and text.endswith("\n"):
        is_whole = len(text) == sum(len(field) + 1 for field in fields) + 1
        return "guarded" if is_whole or not text.endswith("\r\n") else None
    if len(quoted) != 1 or not needed:
        return None
    return "guarded" if quoted[0] == bare[-1] else "typed" if quoted[0] == bare[0] else None


def _first_fields(text: str) -> tuple[list[str], str]:
    """Return the fields of the header as they stand, and what ends it."""
    fields, at = [], 0
    while True:
        match = _FIELD.match(text, at)
        if match is None:
            return [], ""
        fields.append(match[1])
        at = match.end()
        if match[2] != ",":
            return fields, match[2]


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def _parse_own(text: str, is_guarded: bool, tally: Tally) -> pd.DataFrame | None:
    """Return the table as ``write_table`` had it, or None where somebody has changed the file so that it is not one."""
    header, _ = _first_fields(text)
    rows: list[list[Any]] = []
    row: list[Any] = []
    at = sum(len(field) + 1 for field in header)
    at += text[at - 1 : at + 1] == "\r\n"
    is_alone = len(header) == 1
    while at < len(text) and (match := _FIELD.match(text, at)):
        at = match.end()
        if is_alone and _is_needless(match[1]):
            return None
        row.append(_own_cell(match[1], is_guarded, is_alone))
        if match[2] != ",":
            rows.append(row)
            row = []
    if at < len(text) or row or any(len(cells) != len(header) for cells in rows):
        return None
    titles = [unguarded(_unquoted(field)) if is_guarded else _unquoted(field) for field in header]
    if len(set(titles)) < len(titles):
        return None
    tally.seen += len(rows)
    columns = zip(*rows, strict=True) if rows else [()] * len(titles)
    return pd.DataFrame({place: column_of(list(cells)) for place, cells in enumerate(columns)}).set_axis(titles, axis=1)


def _is_needless(field: str) -> bool:
    """Return whether a field is in quotes that write_table would not write, as where a program quotes all of them."""
    text = _unquoted(field)
    return field.startswith('"') and text != "" and not NEEDS_QUOTES.search(text) and isinstance(value_of(text), str)


def _own_cell(field: str, is_guarded: bool, is_alone: bool) -> Any:
    if field == "" or (is_alone and field == '""'):
        return None
    text = _unquoted(field)
    if not field.startswith('"') or is_structure(text):
        value = value_of(text)
        if not isinstance(value, str):
            return value
    if is_guarded and is_alone and not text.strip("'"):
        return text[1:]
    return unguarded(text) if is_guarded else text


# JSON: a row a line, or as pandas writes tables.


_JSON = re.compile(r"\s*(\{\s*[\"}]|\[\s*[\[{\]])")


# How JSON escapes half of a character that takes two of 16 bits.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def _whole(value: Any) -> Any:
    """Return what JSON says with U+FFFD for each half of a character that has lost its other half.

    Example:
        >>> _whole({"a": ["\\ud83d", "\\ud83d\\ude00b"]}) == {"a": ["\\ufffd", "\\U0001f600b"]}
        True
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(name): _whole(part) for name, part in value.items()}
    return type(value)(map(_whole, value)) if isinstance(value, list | tuple) else value


class _Json:
    """JSON of rows, with what of it no table can hold as it stands.

    Args:
        source: The file, for messages.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self.place = ""
        self._twice: list[tuple[str, str]] = []
        self._beyond: dict[str, str] = {}  # numbers that no float holds, and where the first of each stands
        self._decoder = json.JSONDecoder(object_pairs_hook=self._row_of, parse_float=self._number_of)

    def parse(self, text: str) -> Any:
        """Return what a text says, None where it is no JSON; a line may have tuples as write_table writes them."""
        try:
            return structure_of(text) if "[ " in text and self.place else self._decoder.decode(text)
        except (ValueError, RecursionError):
            return None

    def _row_of(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = unique_titles([name for name, _ in pairs], [], Tally(self._source))
            made = dict(zip(names, (cell for _, cell in pairs), strict=True))
            self._twice.append((self.place, next(name for name in names if name not in dict(pairs))))
        return made

    def _number_of(self, digits: str) -> float | str:
        found = float(digits)
        if (found == 0 or math.isinf(found)) and is_beyond_floats(digits):
            self._beyond.setdefault(digits, digits[:40] + (f" in {self.place}" if self.place else ""))
            return digits
        return found

    def tell(self, rows: list[dict[str, Any]], text: str, tally: Tally) -> list[dict[str, Any]]:
        """Return the rows with texts that files can hold, and note what is read otherwise than it stands."""
        if self._twice:
            lines = [place.removeprefix("line ") for place, _ in self._twice if place]
            tally.note(
                f"{self._source} has a name twice{f' in line {listing(lines)}' if lines else ''}: what stands there "
                f"under the second is read as {listing(list(dict.fromkeys(repr(name) for _, name in self._twice)))}."
            )
        if _HALF.search(text):
            whole_rows = [{_whole(name): _whole(cell) for name, cell in row.items()} for row in rows]
            halved = [n for n, (row, one) in enumerate(zip(rows, whole_rows, strict=True), start=1) if row != one]
            rows = whole_rows
            if halved:
                tally.note(
                    f"{self._source}: half of a character, which no text can hold, is read as {_LOST!r} in row "
                    f"{listing(halved)}."
                )
        if self._beyond:
            tally.note(
                f"{self._source}: what no number of a computer holds is read as text: "
                f"{listing([*self._beyond.values()])}."
            )
        return rows


def _parse_json(text: str, tally: Tally, file: Path) -> pd.DataFrame | None:
    """Return the table of a text with an object on each line, or of JSON as pandas writes tables; None of another."""
    lines = _of_lines(text, tally, file)
    if lines is not None:
        return lines
    said = _Json(tally.source)
    bare = text.strip("\ufeff \t\r\n")
    value = said.parse(bare)
    if value is None and bare[:1] == "[":
        try:
            parse_json(bare, tally.source)
        except InputError as fault:
            raise TableError(fault.problems) from None
    found = rows_of_json(value)
    if found is None:
        return None
    given, index = found
    rows = {n: row for n, row in enumerate(given, start=1) if isinstance(row, dict)}
    # What Label Studio writes is of annotations, whatever it looks like.
    if not rows or any(_OF_EXPORTS & row.keys() or isinstance(row.get("data"), dict) for row in rows.values()):
        return None
    tally.seen += len(given)
    if odd := [f"row {n}" for n in range(1, len(given) + 1) if n not in rows]:
        tally.leave("no JSON object", odd)
    empty = [n for n, row in rows.items() if index is None and all(cell is None for cell in row.values())]
    if empty:
        tally.leave("empty", [f"row {n}" for n in empty])
    table = _of_rows(said.tell([row for n, row in rows.items() if n not in set(empty)], text, tally), text, tally)
    return table if index is None else _with_index(table.set_axis(pd.Index(index, dtype="object"), axis=0), tally)


_OF_EXPORTS = {"annotations", "completions", "result", "annotation_id"}


def _of_lines(text: str, tally: Tally, file: Path) -> pd.DataFrame | None:
    """Return the table of a text with an object on each line, or None where it is JSON of another kind."""
    rows: list[dict[str, Any]] = []
    damaged, empty = [], []
    said = _Json(tally.source)
    for number, whole in enumerate(text.split("\n"), start=1):
        line = whole.strip("\ufeff \t\r")
        if not line.strip():
            continue
        said.place = f"line {number}"
        row = said.parse(line)
        if not isinstance(row, dict):
            if not rows:
                return None
            damaged.append(said.place)
            continue
        if all(cell is None for cell in row.values()):
            empty.append((len(rows), said.place))
        rows.append(row)
    if not rows or any({"annotations", "completions", "result"} & row.keys() for row in rows):
        return None
    titles = list(dict.fromkeys(str(name) for row in rows for name in row))
    by_columns = len(rows) == 1 and all(isinstance(cell, list | dict) for cell in rows[0].values())
    is_own = bool((by_columns or empty) and _types_beside(file, titles))
    if by_columns and not is_own:
        return None  # as pandas writes a table unless it is told otherwise
    tally.seen += len(rows) + len(damaged)
    if damaged:
        tally.leave("no JSON object", damaged)
    rows = said.tell(rows, text, tally)
    # What write_table wrote comes back, a row of nothing, too.
    if empty and not is_own:
        tally.leave("empty", [line for _, line in empty])
        gone = {place for place, _ in empty}
        rows = [row for place, row in enumerate(rows) if place not in gone]
    return _of_rows(rows, text, tally)


def _of_rows(rows: list[dict[str, Any]], text: str, tally: Tally) -> pd.DataFrame:
    titles = list(dict.fromkeys(str(name) for row in rows for name in row))
    refuse_padding(tally.source, len(rows), len(titles), len(text))
    return pd.DataFrame(
        {place: column_of([row.get(title) for row in rows]) for place, title in enumerate(titles)},
        index=range(len(rows)),
    ).set_axis(titles, axis=1)


MOST_PARQUET_CELLS = 2**28
# Where a Parquet file of write_table's says which columns hold cells of several kinds, as marked texts.
MARKED = b"lsnb.marked"


@checked
def read_table(
    path: Annotated[FilePath, TOLD],
    *,
    key: str | None = None,
    sheet: str | None = None,
    wanted: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the table in a file, with its key column as text.

    Reads text separated by commas, semicolons, tabs or pipes, Excel workbooks (.xlsx), JSON of an object for each row
    or line, or as pandas writes tables, and Parquet where pyarrow is installed. The contents decide, not the file's
    ending.

    Only an empty cell is missing: the answers ``None``, ``NA`` and ``null`` are texts. A column is a number only if
    each of its cells would be written in the same letters again, so ``01001``, ``1.50`` and ``1E5`` stay text
    (``table["x"].astype(float)`` makes numbers of them), and a whole number stays whole beside an empty cell
    (``Int64``). The key column is text in any case. What ``lsnb.write_table`` wrote comes back as it was.

    What is guessed or left out is said as a warning, and counted in ``table.attrs["read"]``: the encoding of a text
    that is not Unicode, numbers with decimal commas (1.234 is 1234 only if the file's other cells say so), empty rows,
    a column without a name, a second one of one name, cells that Excel marks as errors, the sheets that were not read.

    Args:
        path: The file.
        key: The column that identifies items. Empty keys are missing values; ``check_key``, which every
            verb calls, reports them and repeated ones.
        sheet: The sheet of a workbook. By default the first one that has ``key`` and what is ``wanted``, or the first.
        wanted: Columns by which the sheet is found; their names have to be there once.

    Raises:
        MissingFileError: There is no such file; the nearest name in its folder is given.
        TableError: A folder, a file that cannot be opened or is empty, no table, no such sheet, a wanted column twice,
            rows longer than the header.
        KeyColumnError: No such column, or ids that a spreadsheet has rounded already.
        MissingExtraError: Parquet without pyarrow.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "posts.csv")
        >>> _ = path.write_text("ID,zip,score\\n007,01001,1.5\\n1234567890123456789,NA,2.0\\n")
        >>> read_table(path, key="ID").to_dict("list")
        {'ID': ['007', '1234567890123456789'], 'zip': ['01001', 'NA'], 'score': [1.5, 2.0]}
    """
    try:
        file = _existing_file(path)
        data = file.read_bytes()
    except MissingFileError:
        raise
    except OSError as error:
        raise TableError(file_sentence(error, path, "opened")) from None
    tally = Tally(file.name)
    needs = [*([key] if key is not None else []), *(name for name in wanted if name != key)]
    if not data and file.suffix.lower() == ".jsonl" and (types := _types_beside(file)):
        return tally.attach(pd.DataFrame({name: column_of([]) for name in types}))  # write_table had no row to write
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise TableError(f"{file.name} is empty: it should have a row of column names and a row per item.")
    is_workbook = data.startswith(b"PK\x03\x04")
    if sheet is not None and not is_workbook:
        raise TableError(f"{file.name} is no workbook, so it has no sheet {sheet!r}: leave sheet= out.")
    if is_workbook:
        table = read_workbook(file, key, sheet, needs, tally)
    elif data.startswith(b"PAR1"):
        table = _read_parquet(file, needs, tally)
    else:
        table = _read_text(data, key, needs, tally, file)
        is_told = {"control", "status"} <= set(table.columns) or {"item", "how"} <= set(table.columns)
        about = _about_beside(file, list(table.columns)) if is_told else None
        if about is not None and "meaning" in about:
            table.attrs |= told_in(dict(zip(about["column"], map(str, about["meaning"]), strict=True)))
    if key is not None:
        cells = find_column(table, key)
        rounded = rounded_rows(cells.tolist())
        if rounded:
            raise KeyColumnError(f"{file.name}: the ids in column {key!r} ({sheet_rows(rounded)}) {ROUNDED_SAID}")
        table[key] = pd.Series(_key_texts(cells, key, file.name), index=table.index, dtype=TEXT_DTYPE)
    tally.taken = len(table)
    tally.warn()
    return tally.attach(table)


def read_items(known: Any, folder: str | os.PathLike[str]) -> dict[str, str]:
    """Return what a table made of a folder before calls each of its files: path inside the folder → item.

    Args:
        known: The table, or the file that it was written to; none where there is no such file yet, or None is given.
            Its items are in ``ID``, ``item`` or ``id``, its files in ``folder`` and ``filename`` or in ``path``; a
            table without them says nothing, which is said.
        folder: Where its paths begin.

    Raises:
        InputError: It is no table.
        TableError: The file is no table.

    Example:
        >>> read_items(pd.DataFrame({"item": ["a"], "path": ["photos/x/a.jpg"]}), "photos")
        {'x/a.jpg': 'a'}
    """
    if known is None or (isinstance(known, str | os.PathLike) and not named_path(known).is_file()):
        return {}
    if not isinstance(known, str | os.PathLike | pd.DataFrame):
        raise InputError(f"known is {known!r}: give the table that was made of this folder before, or its file.")
    table = known if isinstance(known, pd.DataFrame) else _quietly_read(known)
    key = next((name for name in ("ID", "item", "id") if name in table.columns), None)
    parts = [name for name in ("folder", "filename") if name in table.columns]
    if key is None or (len(parts) < 2 and "path" not in table.columns):
        # It may be of an upload of a table, and this is of a folder.
        warn(
            f"No name is known from before: the table given as known= has {listing(list(map(str, table.columns)), 9)}, "
            "and names of files are in ID or item, and path or folder and filename."
        )
        return {}
    root = f"{named_path(folder).as_posix()}/"
    items = {}
    for _, row in table.iterrows():
        if len(parts) == 2:
            cells = [row[name] for name in parts if not is_missing(row[name]) and str(row[name])]
            inside = "/".join(map(str, cells))
        else:
            inside = "" if is_missing(row["path"]) else str(row["path"]).replace("\\", "/").removeprefix(root)
        if inside and not is_missing(row[key]):
            items[inside] = str(key_text(row[key]))
    return items


def _quietly_read(path: str | os.PathLike[str]) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is our own table, made by the call before
        return read_table(path)


def _key_texts(cells: pd.Series[Any], key: str, name: str) -> list[str | None]:
    try:
        return [key_text(value) for value in cells]
    except RoundedKeyError:
        raise KeyColumnError(
            f"{name}: column {key!r} holds decimal or rounded numbers, so long ids in it may already "
            "be other ids: write the file again with the ids as text or whole numbers."
        ) from None


def _read_text(data: bytes, key: str | None, wanted: Sequence[str], tally: Tally, file: Path) -> pd.DataFrame:
    _refuse_other_formats(data, tally.source)
    text, guess = decode(data, tally.source)
    if guess is not None:
        tally.note(guess)
    if _JSON.match(text):
        table = _parse_json(text, tally, file)
        if table is None:
            raise TableError(
                f"{tally.source} is JSON, not a table; for an export of Label Studio use lsnb.read_annotations. A "
                "table is JSON of an object for each row: table.to_json(path, orient='records', lines=True)."
            )
        for title, kind in _types_beside(file, list(table.columns)).items():
            if kind.startswith(("time", "duration")):
                table[title] = column_of([value_of(cell) if isinstance(cell, str) else None for cell in table[title]])
        return table
    mark = own_mark(text) if data.startswith(b"\xef\xbb\xbf") else None
    own = _parse_own(text, mark == "guarded", tally) if mark is not None else None
    if own is None:
        return _parse(text, key, wanted, tally, file)
    if mark == "typed":
        # Without apostrophes a text that looks like a list is told from one by its column.
        for title, kind in _types_beside(file, list(own.columns)).items():
            if kind == "text":
                texts = [structure_text(cell) if isinstance(cell, tuple | list | dict) else cell for cell in own[title]]
                own[title] = column_of([None if is_missing(text) else text for text in texts])
    return own


def _existing_file(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"A path is needed, not a {type(path).__name__}: read_table('media.csv', key='ID').")
    file = named_path(path)
    if file.is_file():
        return file
    if file.is_dir():
        inside = sorted(child.name for child in file.iterdir() if child.suffix.lower() in TABLE_ENDINGS)
        there = f"Tables in it: {listing(inside)}." if inside else "There is no table in it."
        raise TableError(f"{file} is a folder, and read_table reads one file. {there}")
    if file.parent.is_dir():
        siblings = sorted(child.name for child in file.parent.iterdir() if child.is_file())
        hint = nearest(file.name, siblings) or nearest_file(file) or f" Files there: {listing(siblings) or 'none'}."
        raise MissingFileError(f"There is no file {file.name} in {file.parent.resolve()}.{hint}")
    raise MissingFileError(
        f"There is no file {file}: the folder {file.parent} does not exist either.{nearest_file(file)}"
    )


def _refuse_other_formats(data: bytes, name: str) -> None:
    if said := why_packed(data, name):
        raise TableError(said)
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<?xml")):
        raise TableError(
            f"{name} is a web page or XML, whatever its ending: open it in a spreadsheet and save it as "
            ".xlsx or 'CSV UTF-8'."
        )
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(
            f"{name} is a workbook of Excel 97–2003 or one with a password: save it as .xlsx without a password."
        )
    if start.startswith((b"%pdf", b"\x89png", b"\xff\xd8\xff", b"gif8", b"{\\rtf")):
        raise TableError(f"{name} is not a table: give a CSV, TSV, .xlsx or Parquet file.")


def _with_index(table: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Return the table with its index, where it says more than the rows' numbers, as columns."""
    whole, names = with_index(table)
    if names:
        tally.note(f"{tally.source}: the table's index is read as a column: {listing([repr(name) for name in names])}.")
    return whole.reset_index(drop=True)


def _with_whole_numbers(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Return the table with the whole numbers that pandas made floats of, since a cell or a part of one is empty."""
    import pyarrow as pa  # type: ignore[import-untyped,import-not-found,unused-ignore]
    import pyarrow.parquet as pq  # type: ignore[import-untyped,import-not-found,unused-ignore]

    schema = pq.read_schema(file)
    once = {name for name, times in Counter(table.columns).items() if times == 1}
    for place, field in enumerate(schema):
        is_nested = pa.types.is_nested(field.type) and "int" in str(field.type)
        is_whole = pa.types.is_integer(field.type)
        if field.name in once and (is_nested or (is_whole and table[field.name].dtype.kind == "f")):
            whole = pq.read_table(file, columns=[schema.names[place]], page_checksum_verification=True)
            if whole.schema.names == [field.name]:
                cells = whole.column(0).to_pylist()
                column = pd.Series(cells, dtype="object") if is_nested else column_of(cells)
                table[field.name] = column.set_axis(table.index)
    return table


def _of_arrow_types(file: Path) -> pd.DataFrame:
    """Return a table of columns that pandas can write and not read: it does not know the names that it gave Arrow's."""
    import pyarrow.parquet as pq  # type: ignore[import-untyped,import-not-found,unused-ignore]

    whole = pq.read_table(file, page_checksum_verification=True)
    about = json.loads(whole.schema.metadata[b"pandas"])
    for column in about["columns"]:
        if column["numpy_type"].endswith("[pyarrow]"):
            column["numpy_type"] = "object"
    table: pd.DataFrame = whole.replace_schema_metadata({b"pandas": json.dumps(about)}).to_pandas()
    return table


def _of_twins(file: Path, titles: Sequence[str]) -> pd.DataFrame:
    """Return a table of which several columns have one name, which pandas does not read, under these names."""
    import pyarrow as pa  # type: ignore[import-untyped,import-not-found,unused-ignore]
    import pyarrow.parquet as pq  # type: ignore[import-untyped,import-not-found,unused-ignore]

    with pq.ParquetFile(file, page_checksum_verification=True) as opened:
        whole = opened.read()
    made = {
        place: column_of(column.to_pylist()) if pa.types.is_integer(column.type) else column.to_pandas()
        for place, column in enumerate(whole.columns)
    }
    return pd.DataFrame(made).set_axis(list(titles), axis=1)


def _read_parquet(file: Path, wanted: Sequence[str], tally: Tally) -> pd.DataFrame:
    try:
        import pyarrow.parquet  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise MissingExtraError(
            f"{file.name} is a Parquet file, which needs pyarrow: run 'pip install pyarrow', or save it as CSV."
        ) from None
    try:
        about = pyarrow.parquet.read_metadata(file)
        if about.num_rows * about.num_columns > MOST_PARQUET_CELLS:
            raise TableError(
                f"{file.name} has {about.num_rows:,} rows and {about.num_columns:,} columns, and at most "
                f"{MOST_PARQUET_CELLS // 10**6} million cells are read: split it."
            )
        titles = pyarrow.parquet.read_schema(file).names
        if len(set(titles)) < len(titles):
            table = _of_twins(file, unique_titles(titles, wanted, tally))
        else:
            try:
                table = pd.read_parquet(file, engine="pyarrow", page_checksum_verification=True)
            except TypeError:
                table = _of_arrow_types(file)
            table = _with_index(_with_whole_numbers(table, file), tally)
        for place, kind in enumerate(table.dtypes):
            if isinstance(kind, pd.StringDtype):
                # Texts that are not UTF-8 would raise only where somebody looks at them.
                pyarrow.array(table.iloc[:, place].array).validate(full=True)
    except TableError:
        raise
    except Exception:  # pyarrow and pandas raise whatever they meet in a damaged file
        raise TableError(f"{file.name} is a damaged Parquet file: write it anew.") from None
    table.attrs = {}
    for place, title in enumerate(table.columns):
        column = table.iloc[:, place]
        if column.dtype == "object":
            table.isetitem(place, without_arrays(column, str(title), tally).array)
    tally.seen = about.num_rows
    said = about.metadata or {}
    for name in (SEVERAL, RULES):
        with suppress(ValueError, RecursionError):
            table.attrs.update(as_told(name, json.loads(said.get(f"lsnb.{name}".encode(), b"null"))))
    marked = said.get(MARKED)
    if marked is None:
        return without_empty_rows(table.set_axis(without_mark(list(table.columns), tally), axis=1), tally)
    for name in json.loads(marked):
        table[name] = column_of([of_marked(cell) if isinstance(cell, str) else None for cell in table[name]])
    return table
