"""Addresses and keys, from one source at a time.

The sources, in the order tried:

1. what the call itself names,
2. the environment,
3. Colab's secrets (the key icon on the left),
4. ``credentials.json`` in the working folder or the one above (``LSNB_CREDENTIALS`` names another file), if it is
   the user's own and nobody else may write to it; never above a home folder or a repository,
5. the running local stack,
6. a hidden prompt, where a person sits in front.

An address and its key come from the same source, so a key is never sent to a server it was not made for; where the
call names the address, the key may stand alone in one, and under any name (``LABEL_STUDIO_KEY_NAME`` says which). The
names are the same everywhere: ``LABEL_STUDIO_URL``, ``LABEL_STUDIO_API_KEY``, ``GCS_BUCKET`` and
``GCS_CREDENTIALS`` (a service account's JSON, or the path of its file; ``GOOGLE_APPLICATION_CREDENTIALS``
is read too; a service account's file that was saved as ``credentials.json`` is its own). ``GCS_READ_CREDENTIALS``, if
it is there, is a second key that may only read the bucket: Label Studio is given it in place of the first.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsnb.errors import CredentialsError, InputError, LocalStackError
from lsnb.kernel import runtime
from lsnb.kernel.files import is_there, named_path
from lsnb.kernel.secrecy import looks_like_key, masked, shown_address
from lsnb.stack import Stack, load_stack, trusted_stack

NAMES = ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "GCS_BUCKET", "GCS_CREDENTIALS", "GCS_READ_CREDENTIALS")
# The name of the variable or secret that holds the key, for those who call theirs otherwise.
KEY_NAME = "LABEL_STUDIO_KEY_NAME"
FILE_NAME = "credentials.json"
_LARGEST_FILE = 2**20
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z_ -]{0,39}")
_GOOGLES_TOKENS = ("https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/token")
WHERE_TO_FIND_A_KEY = "In Label Studio, open 'Account & Settings' and copy a personal access token."


@dataclass(frozen=True)
class StudioCredentials:
    """A Label Studio and the key to it.

    Args:
        url: The server's address, without a slash at the end.
        api_key: A legacy token or a personal access token; never shown.
        source: Where both came from, in words.

    Example:
        >>> StudioCredentials("https://ls.example.org", "secret", "the call")
        StudioCredentials(url='https://ls.example.org', source='the call')
    """

    url: str
    api_key: str = field(repr=False)
    source: str = "the call"


@dataclass(frozen=True)
class BucketCredentials:
    """A bucket and what opens it.

    Args:
        name: The bucket's name, without ``gs://``.
        endpoint: Another address than Google's, for the local stack; else None.
        info: A service account's or user's JSON; None means the application default credentials.
        given: A ready-made Google credentials object, when the call brought one.
        source: Where these came from, in words.
        presign: Whether a browser can follow a link signed with these (False in Colab's local stack).
        reader: The JSON of a second key, for Label Studio, which may only read.
    """

    name: str
    endpoint: str | None = None
    info: dict[str, Any] | None = field(repr=False, default=None)
    given: Any = field(repr=False, default=None)
    source: str = "the call"
    presign: bool = True
    reader: dict[str, Any] | None = field(repr=False, default=None)


@dataclass(frozen=True)
class _Source:
    words: str
    values: Mapping[str, str] = field(repr=False)
    folder: Path | None = None  # of the file that was found, if one was
    stack: Stack | None = field(repr=False, default=None)


def normal_url(url: str) -> str:
    """Return a server's address in its plain form, from what people paste.

    Args:
        url: For example ``localhost:8080`` or ``https://ls.example.org/projects/12``.

    Raises:
        InputError: It is no web address.

    Example:
        >>> normal_url(" https://ls.example.org/projects/12/data?tab=3 ")
        'https://ls.example.org'
        >>> normal_url("localhost:8080/")
        'http://localhost:8080'
    """
    text = url.strip().strip("'\"")
    if looks_like_key("".join(text.split())) or looks_like_key(text):
        raise InputError(
            "What was given as Label Studio's address looks like a key, so it is not repeated here: give the address, "
            "such as https://labelstudio.example.org, and the key as api_key or in credentials.json. Where a notebook "
            "shows the key, remove it there, and create a new one in Label Studio."
        )
    if "://" not in text:
        loopback = re.match(r"(localhost|127\.|0\.0\.0\.0|\[::1\])", text)
        text = ("http://" if loopback else "https://") + text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    # Tabs and ends of lines are left out by who splits an address, which so becomes another server's.
    if not host or not re.fullmatch(r"[A-Za-z0-9._:-]+", host) or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise InputError(
            f"{shown_address(url)} is not the address of a Label Studio: "
            "it should look like https://labelstudio.example.org or http://localhost:8080."
        )
    if parts.scheme not in ("http", "https"):
        raise InputError(f"{shown_address(url)} is no web address: give one that begins with https:// or http://.")
    if parts.username or parts.password:
        raise InputError(
            f"The address of {host} holds a user name or password: leave them out and give the API key instead."
        )
    # A path that Label Studio itself uses is where the reader stood, not where the server is mounted.
    mounted = re.split(r"/(?:projects|user|organization|api|data|label|home)(?:/|$)", parts.path)[0].rstrip("/")
    address = f"[{host}]" if host and ":" in host else host
    return f"{parts.scheme}://{address}{f':{port}' if port else ''}{mounted}"


def normal_key(key: str, *, source: str) -> str:
    """Return an API key without what copying adds to it.

    Args:
        key: What was pasted.
        source: Where it came from, for the message.

    Raises:
        CredentialsError: It cannot be a key; the message does not repeat it.
    """
    text = re.sub(r"^(?:token|bearer)\s+", "", key.strip().strip("'\""), flags=re.IGNORECASE)
    if not text or "paste" in text.lower() or text.startswith("<"):
        raise CredentialsError(f"The Label Studio API key from {source} is empty or an example: {WHERE_TO_FIND_A_KEY}")
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", text):
        raise CredentialsError(
            f"The Label Studio API key from {source} holds spaces or characters no key has: copy it again, whole. "
            f"{WHERE_TO_FIND_A_KEY}"
        )
    return text


def studio_credentials(
    url: str | None = None, api_key: str | None = None, *, key_name: str | None = None
) -> StudioCredentials:
    """Return the address of a Label Studio and the key to it, both from one source.

    Args:
        url: The server's address; with it alone, the key comes from the first source that names this address, or that
            holds a key and no address.
        api_key: A legacy token or a personal access token; needs ``url`` beside it.
        key_name: The environment variable or Colab secret that holds the key; ``LABEL_STUDIO_KEY_NAME``, where it is
            set, says so too.

    Raises:
        CredentialsError: Nothing was found, half a pair was found, or a key cannot be one.
        InputError: The address is no web address.
    """
    wanted = normal_url(url) if url and url.strip() else None
    if api_key and not wanted:
        raise CredentialsError(
            "An API key was given without its server: give the address too, as connect(url=…, api_key=…)."
        )
    if wanted and api_key:
        return StudioCredentials(wanted, normal_key(api_key, source="the call"), "the call")
    named = (key_name or os.environ.get(KEY_NAME) or runtime.colab_secret(KEY_NAME) or "").strip()
    if named:
        return _under_a_name(named, wanted)
    for source in _sources():
        found_url, found_key = (
            source.values.get("LABEL_STUDIO_URL"),
            source.values.get("LABEL_STUDIO_API_KEY"),
        )
        if not found_url and not found_key:
            continue
        if not found_url or not found_key:
            missing = "LABEL_STUDIO_API_KEY" if found_url else "LABEL_STUDIO_URL"
            if wanted and found_key:
                # Whoever writes the address and sets the key alone means the two, where no other server lacks a key.
                _refuse_key_of_another(wanted, source)
                return StudioCredentials(wanted, normal_key(found_key, source=source.words), source.words)
            if not wanted:
                raise CredentialsError(
                    f"{missing} is missing in {source.words}, which has the other half of the pair: set both, since an "
                    "address and a key are only taken from the same place."
                )
            continue
        if wanted is None or normal_url(found_url) == wanted:
            return StudioCredentials(normal_url(found_url), normal_key(found_key, source=source.words), source.words)
    ended = ended_stack()
    if ended is not None and wanted in (None, ended.url):
        raise CredentialsError(ENDED)
    if runtime.is_interactive():
        asked = wanted or normal_url(input("Label Studio's address: "))
        key = getpass.getpass(f"API key for {asked} (hidden): ")
        return StudioCredentials(asked, normal_key(key, source="the prompt"), "the prompt")
    if wanted:
        raise CredentialsError(
            f"No API key for {wanted} was found: set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY as environment "
            f"variables, Colab secrets or in {FILE_NAME}. {WHERE_TO_FIND_A_KEY}"
        )
    raise CredentialsError(NO_STUDIO)


def _refuse_key_of_another(wanted: str, source: _Source) -> None:
    """Raise CredentialsError where some place names another server than the one wanted, and no key for it."""
    lacking: list[tuple[str, str]] = []
    with contextlib.suppress(CredentialsError):  # a file that is not obeyed names no server either
        for place in _sources():
            if (named := place.values.get("LABEL_STUDIO_URL")) and not place.values.get("LABEL_STUDIO_API_KEY"):
                lacking.append((place.words, normal_url(named)))
    for words, other in lacking:
        if other != wanted:
            raise CredentialsError(
                f"{source.words} has an API key alone, {words} names {other} without a key, and {wanted} is asked for: "
                "the key may be the other server's, so it is not sent. Set LABEL_STUDIO_URL beside the key, or take "
                "the other address out."
            )


def _under_a_name(name: str, wanted: str | None) -> StudioCredentials:
    """Return the key that stands under a name of the user's own, with the address wanted or the one beside it."""
    if looks_like_key(name) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name):
        raise CredentialsError(
            "The name of the variable or secret with Label Studio's key is no name (it is not repeated here, since it "
            "may be the key itself): give the name, such as MY_KEY, and keep the key in the variable or secret."
        )
    places = {"the environment": os.environ.get(name, "").strip(), "Colab's secrets": runtime.colab_secret(name) or ""}
    words, key = next(((words, key) for words, key in places.items() if key), ("", ""))
    if not key:
        raise CredentialsError(
            f"There is no environment variable or Colab secret {name}, which was named for Label Studio's key: set it, "
            "or mend the name."
        )
    address = wanted
    if address is None:
        beside = {
            "the environment": os.environ.get("LABEL_STUDIO_URL", "").strip(),
            "Colab's secrets": runtime.colab_secret("LABEL_STUDIO_URL") or "",
        }[words]
        if not beside:
            raise CredentialsError(
                f"{words} has the key {name}, and no LABEL_STUDIO_URL: write the address in the form or the call, or "
                "set LABEL_STUDIO_URL there too."
            )
        address = normal_url(beside)
    source = f"{words} ({name})"
    return StudioCredentials(address, normal_key(key, source=source), source)


def bucket_credentials(name: str | None = None, credentials: Any = None) -> BucketCredentials:
    """Return a bucket's name and what opens it.

    Args:
        name: The bucket, with or without ``gs://``; else the first source that names one.
        credentials: A service account's file, its JSON as text or dict, or a Google credentials object.

    Raises:
        CredentialsError: No bucket was named, or the credentials are no JSON of Google's.
    """
    if name:
        refuse_key_for_name(name)
    wanted = name.strip().removeprefix("gs://").strip("/") if name else None
    if credentials is not None:
        if not wanted:
            raise CredentialsError(
                "Credentials were given without a bucket: name it, as open_bucket('my-bucket', credentials=…)."
            )
        if isinstance(credentials, str | os.PathLike | Mapping):
            return BucketCredentials(wanted, info=key_info(credentials, source="the call"))
        return BucketCredentials(wanted, given=credentials)
    lone_reader = None
    for source in _sources():
        if (stack := source.stack) is not None:
            if wanted in (None, stack.bucket):
                return BucketCredentials(
                    stack.bucket,
                    endpoint=stack.endpoint,
                    info=stack.service_account,
                    source=source.words,
                    presign=stack.presign,
                )
            continue
        key = source.values.get("GCS_CREDENTIALS")
        found = (source.values.get("GCS_BUCKET") or "").removeprefix("gs://").strip("/")
        refuse_key_for_name(found)
        if wanted is None and not found:
            continue
        if wanted is not None and not key:
            lone_reader = lone_reader or _key_in(source, "GCS_READ_CREDENTIALS")
            continue
        info, reader = (_key_in(source, name) for name in ("GCS_CREDENTIALS", "GCS_READ_CREDENTIALS"))
        return BucketCredentials(wanted or found, info=info, source=source.words, reader=reader)
    ended = ended_stack()
    if ended is not None and wanted in (None, ended.bucket):
        raise CredentialsError(ENDED)
    if wanted:
        return BucketCredentials(wanted, source="Google's application default credentials", reader=lone_reader)
    raise CredentialsError(NO_BUCKET)


def _key_in(source: _Source, name: str) -> dict[str, Any] | None:
    value = source.values.get(name)
    if not value:
        return None
    info = key_info(value, source=source.words, folder=source.folder)
    if source.folder is not None:
        _refuse_other_addresses(info, source.words)
    return info


def refuse_key_for_name(text: str) -> None:
    """Raise where a key stands for a bucket's name.

    Args:
        text: What was given as the name.

    Raises:
        InputError: It is a key; the message does not repeat it.
    """
    is_name = re.fullmatch(r"(gs://)?[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]/*", text.strip())
    closed = "".join(text.split())  # a key may have broken over lines where it was copied
    if masked(text) != text or masked(closed) != closed or (looks_like_key(closed) and not is_name):
        raise InputError(
            "What was given as the bucket's name looks like a key, so it is not repeated here: give the name, such as "
            "'my-media', and the key as credentials=… or in credentials.json. Where a notebook shows the key, remove "
            "it there, and make a new one in the Cloud console."
        )


def key_info(
    value: str | os.PathLike[str] | Mapping[str, Any], *, source: str, folder: Path | None = None
) -> dict[str, Any]:
    """Return the fields of a Google credentials JSON.

    Args:
        value: The JSON itself (text or dict) or the path of its file.
        source: Where it came from, for the message.
        folder: Where a relative path starts; the working folder by default.

    Raises:
        CredentialsError: There is no such file, or it is not JSON; its content is never repeated.
    """
    if isinstance(value, Mapping):
        return dict(value)
    text = os.fspath(value).strip()
    if not text.lstrip("﻿").startswith("{"):
        path = (folder or Path()) / os.path.expanduser(text)  # noqa: PTH111  a ~ of nobody stays as it is
        # A cut or quoted JSON is no file name, and a secret must not be repeated as if it were one.
        looks_like_a_path = text.lower().endswith(".json") or ("/" in text and is_there(path.parent))
        if len(text) > 300 or "private" in text.lower() or "\n" in text or not looks_like_a_path:
            raise CredentialsError(
                f"The bucket credentials from {source} are not whole JSON: "
                "copy the service account's file again, from { to }."
            )
        try:
            text = _small_file(path)[0].decode("utf-8-sig").strip()
        except FileNotFoundError:
            raise CredentialsError(
                f"There is no credentials file {path} (named by {source}): "
                "give the path of the service account's JSON file."
            ) from None
        except CredentialsError:
            raise
        except (OSError, ValueError):
            raise CredentialsError(
                f"The credentials file {path} (named by {source}) cannot be read as text: "
                "download the service account's JSON file again."
            ) from None
    try:
        info = json.loads(text.lstrip("﻿"), strict=False)
    except (ValueError, RecursionError) as fault:
        line = getattr(fault, "lineno", 0)
        raise CredentialsError(
            f"The bucket credentials from {source} are broken JSON near line {line}: "
            "copy the service account's file again, from { to }."
        ) from None
    if not isinstance(info, dict):
        raise CredentialsError(
            f"The bucket credentials from {source} are not a service account's JSON: download a key of type JSON."
        )
    return info


def running_stack() -> Stack | None:
    """Return the local stack if its keys may be used, or None; a damaged record must not bar a real server."""
    with contextlib.suppress(LocalStackError):
        return trusted_stack()
    return None


def ended_stack() -> Stack | None:
    """Return the recorded local stack if it does not run as recorded: its ports may be anybody's now."""
    with contextlib.suppress(LocalStackError):
        return load_stack() if trusted_stack() is None else None
    return None


NO_STUDIO = (
    "No Label Studio was named: set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY as environment variables, Colab "
    f"secrets or in {FILE_NAME}, or run lsnb.connect('local') for one on this computer."
)
NO_BUCKET = (
    "No bucket was named: write its name in the call or the form, set GCS_BUCKET as an environment variable, Colab "
    f"secret or in {FILE_NAME}, or use lsnb.open_bucket('local') for one on this computer."
)
ENDED = (
    "The local stack ended without being taken down, and its keys are not sent to whatever answers at its addresses "
    "now: run 'lsnb up' or lsnb.local.start(), which revives it with its data."
)


def _sources() -> Iterator[_Source]:
    environment = {name: os.environ[name] for name in NAMES if os.environ.get(name, "").strip()}
    if default := os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "").strip():
        environment.setdefault("GCS_CREDENTIALS", default)
    yield _Source("the environment", environment)
    if runtime.where() == "colab":
        secrets = {name: value for name in NAMES if (value := runtime.colab_secret(name))}
        yield _Source("Colab's secrets", secrets)
    path = _credentials_file()
    if path is not None:
        yield _Source(str(path), _read_file(path), folder=path.parent)
    stack = running_stack()
    if stack is not None:
        values = {"LABEL_STUDIO_URL": stack.url, "LABEL_STUDIO_API_KEY": stack.api_key}
        yield _Source("the local stack", values, stack=stack)


def _credentials_file() -> Path | None:
    if named := os.environ.get("LSNB_CREDENTIALS", "").strip():
        path = named_path(named)
        if not path.is_file():
            raise CredentialsError(f"LSNB_CREDENTIALS names {path}, and there is no such file: mend or unset it.")
        return path
    here = Path.cwd()
    # Above a home or a repository lies what others may write.
    is_outermost = here == Path.home().resolve() or any((here / name).exists() for name in (".git", ".hg", ".svn"))
    for folder in (Path(),) if is_outermost else (Path(), Path("..")):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def _small_file(path: Path) -> tuple[bytes, os.stat_result]:
    """Return a plain file's bytes, and what is known of it: a device has no end, and a pipe keeps one waiting."""
    # One look at the opened file: another could take its place between two.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise CredentialsError(f"{path} is no plain file: give the path of a JSON file.")
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise CredentialsError(f"{path} is larger than any {FILE_NAME}: compare it with credentials.example.json.")
    return content, about


def _read_own(path: Path) -> str:
    """Return the text of a file that is the user's own and that nobody else may write to."""
    try:
        content, about = _small_file(path)
    except CredentialsError:
        raise
    except OSError as fault:
        raise CredentialsError(f"{path} cannot be read ({fault.strerror}): change its permissions.") from None
    if os.name == "posix":
        _refuse_others_link(path, about)
        if about.st_uid != os.getuid():
            raise CredentialsError(
                f"{path} belongs to another user of this computer (number {about.st_uid}), who could send your keys "
                f"and files elsewhere with it, so it is not read: make your own {FILE_NAME} beside the notebook, or "
                "work in a folder of your own."
            )
        if about.st_mode & 0o022:
            raise CredentialsError(
                f"Others on this computer may write to {path}, and could send your keys and files elsewhere with it, "
                f"so it is not read: look at what it says, then run 'chmod 600 {path}'."
            )
    return content.decode("utf-8-sig")


def _refuse_others_link(path: Path, read: os.stat_result) -> None:
    """Refuse a link that another could have laid: it may lead to a file of the user's that says what they want."""
    try:
        link, folder = path.lstat(), path.parent.stat()
    except OSError as fault:
        raise CredentialsError(f"{path} cannot be read ({fault.strerror}): change its permissions.") from None
    is_open = bool(folder.st_mode & 0o022) and not folder.st_mode & 0o1000
    # What was read is the file that stands there, or a link was taken away in between.
    is_link = stat.S_ISLNK(link.st_mode) or (link.st_dev, link.st_ino) != (read.st_dev, read.st_ino)
    if is_link and (link.st_uid != os.getuid() or is_open):
        raise CredentialsError(
            f"{path} is a link that others on this computer could have laid, so it is not followed: copy the file "
            "itself beside the notebook, or work in a folder that only you may write to."
        )


def _refuse_other_addresses(info: Mapping[str, Any], source: str) -> None:
    """Refuse Google credentials that name files, programs or addresses of their own: one found is not one given."""
    kind = info.get("type", "service_account")
    if kind != "service_account":
        # A key can stand in its place.
        named = f"type {kind!r}" if isinstance(kind, str) and _PLAIN_NAME.fullmatch(kind) else "another type"
        raise CredentialsError(
            f"The bucket credentials from {source} are of {named}, and only a service "
            "account's key is taken from there, since others may send files of this computer to any address: give "
            "them in the call, as open_bucket(…, credentials=…), or name their file in GOOGLE_APPLICATION_CREDENTIALS."
        )
    elsewhere = info.get("token_uri", _GOOGLES_TOKENS[0]) not in _GOOGLES_TOKENS
    if elsewhere or info.get("universe_domain", "googleapis.com") != "googleapis.com":
        raise CredentialsError(
            f"The service account's key from {source} signs in at another address than Google's: download the key "
            "again in the Cloud console, or give it in the call if that is right."
        )


def _read_file(path: Path) -> dict[str, str]:
    try:
        fields = json.loads(_read_own(path))
    except (ValueError, RecursionError) as fault:
        line = getattr(fault, "lineno", None)
        place = f" near line {line}" if line else ""
        raise CredentialsError(
            f"{path} is broken JSON{place}: compare it with credentials.example.json (quotes, commas, brackets)."
        ) from None
    if not isinstance(fields, dict):
        raise CredentialsError(f"{path} must hold one JSON object, as credentials.example.json does.")
    if "type" in fields and not set(fields) & set(NAMES):
        return {"GCS_CREDENTIALS": json.dumps(fields)}  # Google's own file, saved under this name
    unknown = sorted(set(fields) - set(NAMES))
    if unknown:
        # A key that lost its quotes or its colon stands where a name should.
        named = [name for name in unknown if _PLAIN_NAME.fullmatch(name)]
        said = [*named, *([f"{len(unknown) - len(named)} that are no names"] if len(named) < len(unknown) else [])]
        raise CredentialsError(f"{path} has fields nothing reads: {', '.join(said)}. It may hold {', '.join(NAMES)}.")
    odd = [name for name, value in fields.items() if not (value is None or isinstance(value, str | dict))]
    if odd:
        raise CredentialsError(f"{path} has what is no text in {', '.join(odd)}: write each in quotes.")
    texts = {}
    for name, value in fields.items():
        text = json.dumps(value) if isinstance(value, dict) else str(value or "").strip()
        if text:
            texts[name] = text
    return texts
