"""Which letters a text file's bytes are: Unicode where the bytes say so, else a guess by the letters of languages."""

from __future__ import annotations

import math
import re
from itertools import islice

from lsnb.errors import TableError
from lsnb.kernel.words import listing

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
    "Icelandic": "ð170 í140 á140 þ60 ú60 ö70 é60 ó80 ý40 æ60",
    "Polish": "ł220 ą130 ę140 ó110 ż110 ś90 ć60 ń30 ź10",
    "Czech or Slovak": "í190 á160 é100 ě90 ý70 ž70 ř70 č70 š60 ú20 ů40 ň10 ľ20 ť10 ď5 ó5 ĺ2 ô10 ä5 ŕ1",
    "Hungarian": "á280 é270 ö90 ó90 ő70 í60 ü60 ú30 ű20",
    "Croatian": "š280 č280 ž160 ć160 đ60",
    "Romanian": "ă330 ţ160 ş160 î160 â80 ș160 ț160",
    "Turkish": "ı330 ü120 ş120 ğ80 ö60 ç80 İ5 â5 î5",
    "Russian": "о110 е85 а80 и74 н67 т63 с55 р47 в45 л44 к35 м32 д30 п28 у26 я20 ы19 ь17 г17 з16 б16 ч14 й12 х9 ж9 ш7 "
    "ю6 ц4 щ3 э3 ф2 ъ1 ё1 і60 ї10 є8 ґ1",
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
    "koi8_r": "KOI8-R",
    "cp866": "DOS (code page 866)",
    "mac_cyrillic": "Mac Cyrillic",
    "cp1253": "Windows-1253",
    "iso8859_15": "ISO 8859-15",
}
# Of several bytes a letter. What speaks for each is how many of its letters are common ones of its language.
_EASTERN = {
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "cp949": "EUC-KR",
}
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
_COMMON = ("German", "French", "Spanish")
_RARER = -1.5
_PREFERENCE = 0.05
_MARKS = frozenset("€£„“”‘’–—…«»°§×±²³µ·¿¡©®™\xa0‚´")
_OPENING = frozenset("„“‘«¿¡‚–—…\xa0€£§×±")
_BEYOND_ASCII = re.compile(rb"[\x00-\x7f]{0,2}[\x80-\xff]+[\x00-\x7f]{0,2}")
_SHOWN = re.compile(r"\w*[^\x00-\x7f]\w*")
_ODD_BYTES = re.compile("[\udc80-\udcff]+")
_LETTERS = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
_PIECES = 4000


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
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        sure = ["utf-16"]
    elif b"\0" in data[:4096]:
        # Latin letters in UTF-16 have a zero in every other byte; which one tells the byte order.
        sure = ["utf-16-le" if data[1:4096:2].count(0) > data[0:4096:2].count(0) else "utf-16-be"]
    else:
        sure = ["utf-8-sig"]
    for encoding in sure:
        text = _decoded(data, encoding)
        if text is not None and "\0" not in text:
            return text, None
    if sure == ["utf-8-sig"] and b"\0" not in data:
        mixed = _mostly_utf8(data, name)
        if mixed is not None:
            return mixed
        for encoding in _ranked(data):
            text = _decoded(data, encoding)
            if text is not None:
                shown = _SHOWN.search(text)
                example = f", so that it holds {shown[0]!r}" if shown else ""
                return text, (
                    f"{name} does not say how its letters are encoded; by its letters it is taken to be "
                    f"{(_CANDIDATES | _EASTERN)[encoding]}{example}. If that is wrong, save it as 'CSV UTF-8'."
                )
    raise TableError(
        f"{name} is not text in UTF-8, UTF-16 or Windows-1252: open it in a spreadsheet and save it as "
        "'CSV UTF-8' or .xlsx."
    )


def _mostly_utf8(data: bytes, name: str) -> tuple[str, str] | None:
    """Return UTF-8 with a few other bytes in it, and where they are; they are taken as Windows-1252."""
    text = data.decode("utf-8-sig", "surrogateescape")
    odd = _ODD_BYTES.findall(text)
    if not odd or 4 * sum(map(len, odd)) > len(_LETTERS.findall(text)):
        return None
    lines = [number for number, line in enumerate(text.split("\n"), start=1) if _ODD_BYTES.search(line)]
    mended = _ODD_BYTES.sub(lambda match: match[0].encode("ascii", "surrogateescape").decode("cp1252", "replace"), text)
    return mended, (
        f"{name} is UTF-8, except in line {listing(lines)}, where letters are in another encoding and taken to be "
        "Windows-1252: look at these, and save the file as 'CSV UTF-8'."
    )


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _ranked(data: bytes) -> list[str]:
    """Return the encodings that the letters speak for, the likeliest first."""
    pieces = b" ".join(match[0] for match in islice(_BEYOND_ASCII.finditer(data), _PIECES))
    scores = {}
    for place, encoding in enumerate(_CANDIDATES):
        text = _decoded(pieces, encoding)
        if text is not None:
            scores[encoding] = _likeness(text) - place * _PREFERENCE
    if max(scores.values(), default=_UNLIKE) <= _UNLIKE:
        eastern = {encoding: _commonness(data, encoding) for encoding in _EASTERN}
        likely = [encoding for encoding, share in eastern.items() if share >= _LEAST_COMMON]
        if likely:
            return sorted(likely, key=lambda each: -eastern[each])
    # Windows-1252 is what most programs mean when they say nothing; where it cannot be, another must speak for itself.
    least = -math.inf if "cp1252" in scores else _PLAUSIBLE
    return sorted((each for each, score in scores.items() if score >= least), key=lambda each: -scores[each])


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
    letters: list[tuple[str, float]] = []
    marks: list[float] = []
    for place in range(1, len(padded) - 1):
        letter, before, after = padded[place], padded[place - 1], padded[place + 1]
        if letter <= "\x7f":
            continue
        if letter.isalpha():
            is_mixed = any(one.isalpha() and _script(one) != _script(letter) for one in (before, after))
            is_bumpy = letter.isupper() and before.islower()
            cost = _STRANGE * (is_mixed + is_bumpy) - (0.3 if letter.isupper() else 0.0)
            letters.append((letter.lower() if letter != "İ" else letter, cost))
        else:
            is_apostrophe = letter == "’" and before.isalpha()
            is_glued = after.isalpha() and (before.isalpha() or letter not in _OPENING) and not is_apostrophe
            marks.append(_STRANGE if is_glued or letter not in _MARKS else -2.0)
    if not letters:
        return sum(marks) / len(marks) if marks else 0.0
    spoken = max(
        sum(known.get(letter, _STRANGE) + cost for letter, cost in letters) + (0.0 if language in _COMMON else _RARER)
        for language, known in _FREQUENCIES.items()
    )
    return (spoken + sum(marks)) / (len(letters) + len(marks))


def _script(letter: str) -> int:
    """Return 0 for Latin letters, 1 for Greek and 2 for Cyrillic ones: no word mixes them."""
    code = ord(letter)
    return 0 if code < 0x250 else 1 + (code >= 0x400)
