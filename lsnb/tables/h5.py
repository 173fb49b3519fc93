"""The H5 files of pose tools: pandas' tables in HDF5, read in a process of their own and written whole.

A file may be damaged or made to do harm: HDF5's library crashes on bytes that are not as it wants them, and what pandas
and PyTables keep beside the cells are pickles, which run whatever they say when they are opened. So a file is never
opened in this process. ``h5_process.py`` opens it in one with limits, and runs nothing that the file says.
"""

from __future__ import annotations

import importlib.util
import io
import json
import math
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import MissingExtraError, TableError
from lsnb.kernel.jobs import is_started
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted

# DeepLabCut's own; then what its labelling plug-in calls it.
H5_KEYS = ("df_with_missing", "keypoints")
MAX_CELLS = 4 << 30
MAX_JSON = 256 << 20
SECONDS = 60
# A file claims no more bytes than this, and than this many times its size: missing values compress well.
SMALL, RATIO = 64 << 20, 100
WAY_OUT = "give the file that DeepLabCut or Lightning Pose wrote, or its CSV"
_PROCESS = Path(__file__).with_name("h5_process.py")


def require_h5(name: str, way_out: str = "use the CSV file") -> None:
    """Raise unless h5py is installed.

    Args:
        name: What is to be read or written, for the message.
        way_out: What else to do.

    Raises:
        MissingExtraError: With the command that installs it.
    """
    if importlib.util.find_spec("h5py") is None:
        raise MissingExtraError(
            f"{name} is an H5 file, which needs h5py: run 'pip install \"lsnb[pose]\"', or {way_out}."
        )


def read_h5(path: Path) -> pd.DataFrame:
    """Return the table in a pose tool's H5 file.

    Args:
        path: The file, in either layout of ``pandas.DataFrame.to_hdf``, with its table under one of ``H5_KEYS`` or
            alone in it.

    Raises:
        MissingExtraError: h5py is not installed.
        TableError: It holds no table of pandas, is damaged, leads to other files, or claims more than it can hold.

    Example:
        >>> import tempfile
        >>> columns = pd.MultiIndex.from_product([["net"], ["nose"], ["x", "y"]])
        >>> path = Path(tempfile.mkdtemp(), "trial.h5")
        >>> write_h5(pd.DataFrame([[1.0, 2.0]], columns=columns), path)
        >>> read_h5(path).to_numpy().tolist()
        [[1.0, 2.0]]
    """
    with H5Reader() as reader:
        return reader.read(path)


class H5Reader:
    """Reads H5 files one after the other, in one process that starts with the first and again after a crash.

    Use it in a ``with`` block, which ends the process.

    Args:
        seconds: How long a small file may take; a large one may take longer.
        process: The file that the process runs.
    """

    def __init__(self, seconds: float = SECONDS, process: Path = _PROCESS) -> None:
        self._seconds = seconds
        self._file = process
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> H5Reader:
        """Return the reader."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """End the process."""
        self._end()

    def read(self, path: Path) -> pd.DataFrame:
        """Return the table in a file, as ``read_h5`` does."""
        said, arrays = self._ask(path, is_head=False)
        try:
            table = _table(said, arrays)
            return table if "account" not in said else _accounted(table, path.name, said["account"])
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise _unreadable(path, "its names and cells do not fit together") from None

    def head(self, path: Path) -> tuple[pd.Index[Any], int]:
        """Return the columns and the number of rows of the table in a file, without reading its cells.

        Raises:
            MissingExtraError: As ``read_h5``.
            TableError: As ``read_h5``.
        """
        said, arrays = self._ask(path, is_head=True)
        try:
            rows = int(said["rows"])
            if not 0 <= rows <= MAX_CELLS:
                raise ValueError
            return _index(said["columns"], arrays), rows
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise _unreadable(path, "its names and cells do not fit together") from None

    def _ask(self, path: Path, *, is_head: bool) -> tuple[dict[str, Any], list[Any]]:
        require_h5(path.name)
        try:
            size = path.stat().st_size
        except OSError as error:
            raise _unreadable(path, error.strerror or type(error).__name__) from None
        allowed = min(MAX_CELLS, max(SMALL, RATIO * size))
        # A slow disk still gives ten megabytes in a second.
        seconds = self._seconds + size / 10e6
        request = {
            "path": str(path.absolute()), "keys": H5_KEYS, "allowed": allowed, "seconds": math.ceil(seconds),
            "head": is_head,
        }  # fmt: skip
        try:
            process = self._started()
        except OSError as error:  # so many processes run already, or so little memory is left
            why = f"the process that reads it could not be started, {error.strerror or type(error).__name__}"
            raise _unreadable(path, why) from None
        assert process.stdin is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        is_started(timer)  # where no thread can be had, the process's own limit must do
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            said, arrays = _answer(process, allowed)
        except (OSError, ValueError, EOFError, RecursionError, MemoryError):
            self._end()
            why = "it takes too long" if late.is_set() else "it is damaged"
            raise _unreadable(path, why) from None
        except BaseException:  # an interrupt leaves an answer in the pipe
            self._end()
            raise
        finally:
            timer.cancel()
        if "refusal" in said:
            raise _unreadable(path, str(said["refusal"])[:200])
        return said, arrays

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(self._file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_surroundings(),
                close_fds=True,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was not sent cannot be any more
                    continue


def _surroundings() -> dict[str, str]:
    """Return the environment of the process: where modules are, and nothing secret."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "HOME", "TMP")
        if name in os.environ
    }
    return kept | {
        "PYTHONPATH": os.pathsep.join(place for place in sys.path if place and Path(place).is_absolute()),
        "OPENBLAS_NUM_THREADS": "1",  # each thread takes addresses, which are limited
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "HDF5_USE_FILE_LOCKING": "FALSE",
        "HDF5_PLUGIN_PRELOAD": "::",  # no filter is loaded from anywhere
    }


def _answer(process: subprocess.Popen[bytes], allowed: int) -> tuple[dict[str, Any], list[Any]]:
    """Return what the process says of a file, which is believed as little as the file."""
    stream: Any = process.stdout
    line = stream.readline(MAX_JSON)
    if not line.endswith(b"\n"):
        raise EOFError
    said = json.loads(line)
    if not isinstance(said, dict):
        raise ValueError
    described: list[dict[str, Any]] = []
    _collect(said, described)
    arrays = []
    left = 2 * allowed
    for one in sorted(described, key=lambda found: int(found["array"])):
        dtype = np.dtype(str(one["dtype"]))
        shape = [int(size) for size in one["shape"]]
        needed = math.prod(shape) * dtype.itemsize
        left -= needed
        if dtype.kind not in "iufb" or min(shape, default=0) < 0 or left < 0:
            raise ValueError
        buffer = bytearray(needed)
        if stream.readinto(buffer) != needed:
            raise EOFError
        arrays.append(np.frombuffer(buffer, dtype=dtype).reshape(shape))
    return said, arrays


def _collect(value: Any, found: list[dict[str, Any]]) -> None:
    if isinstance(value, dict):
        if "array" in value:
            found.append(value)
            return
        for one in value.values():
            _collect(one, found)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for one in value:
            _collect(one, found)


def _values(said: Any, arrays: list[Any]) -> Any:
    return arrays[said["array"]] if isinstance(said, dict) else said


def _index(said: dict[str, Any], arrays: list[Any]) -> pd.Index[Any]:
    if "values" in said:
        values = _values(said["values"], arrays)
        if isinstance(values, list):
            # Names are text, whatever a release of pandas makes of text.
            return pd.Index(values, dtype="object", name=said["name"])
        plain: pd.Index[Any] = pd.Index(values, name=said["name"])
        return plain
    levels = [pd.Index(_values(level, arrays), dtype="object") for level in said["levels"]]
    codes = [_values(code, arrays) for code in said["codes"]]
    return pd.MultiIndex(levels=levels, codes=codes, names=said["names"])


def _table(said: dict[str, Any], arrays: list[Any]) -> pd.DataFrame:
    columns = _index(said["columns"], arrays)
    index = _index(said["index"], arrays)
    blocks = [(block["places"], _values(block["values"], arrays)) for block in said["blocks"]]
    if len(blocks) == 1 and isinstance(blocks[0][1], np.ndarray) and blocks[0][0] == list(range(len(columns))):
        return pd.DataFrame(blocks[0][1], columns=columns, index=index)
    cells: dict[int, Any] = {}
    for places, values in blocks:
        for place, number in enumerate(places):
            cells[number] = (
                values[:, place] if isinstance(values, np.ndarray) else pd.array(values[place], dtype="object")
            )
    table = pd.DataFrame({place: cells[place] for place in range(len(columns))}, index=index)
    return table.set_axis(columns, axis=1)


def _accounted(table: pd.DataFrame, source: str, account: dict[str, Any]) -> pd.DataFrame:
    tally = Tally(source, "pose", seen=int(account["seen"]), taken=int(account["taken"]))
    for reason, count in account["left"].items():
        tally.leave(reason, n=int(count))
    if account.get("by_place"):
        tally.note(said_of_places(source, int(account["by_place"])))
    return tally.attach(table)


def said_of_places(source: str, poses: int) -> str:
    """Return what is said where several animals of a frame are of no track."""
    return (
        f"{source}: {counted(poses, 'pose')} are of no track. Such animals are called animal1, animal2, … in the order "
        "of each frame's list, and a name may stand for another animal in the next frame."
    )


def _unreadable(path: Path, why: str) -> TableError:
    return TableError(f"{path.name} cannot be read as a pose tool's H5 file ({why}): {WAY_OUT}.")


# -- writing -------------------------------------------------------------------------------------------------


def write_h5(table: pd.DataFrame, path: Path, key: str = H5_KEYS[0]) -> None:
    """Write a table as ``to_hdf(format="fixed")`` does, so that pandas and the pose tools read it.

    Args:
        table: Numbers, with text in several levels as columns; the index is text in one or several levels, or whole
            numbers.
        path: The file; one that is there is written over.
        key: What the table is called in the file.

    Raises:
        MissingExtraError: h5py is not installed.
    """
    require_h5(path.name)
    import h5py

    # In memory first: HDF5 goes on writing, and complaining, after the disk has told it that there is no room.
    whole = io.BytesIO()
    with h5py.File(whole, "w") as file:
        _mark(file, CLASS="GROUP", PYTABLES_FORMAT_VERSION="2.1", TITLE="", VERSION="1.0")
        group = file.create_group(key)
        _mark(group, CLASS="GROUP", TITLE="", VERSION="1.0", encoding="UTF-8", errors="strict", pandas_type="frame")
        _mark(group, ndim=2, nblocks=1)
        _write_index(group, "axis0", table.columns)
        _write_index(group, "axis1", table.index)
        _write_array(group, "block0_values", table.to_numpy("float64"), is_transposed=True)
        _write_index(group, "block0_items", table.columns)
    path.write_bytes(whole.getvalue())


def _mark(thing: Any, **attributes: str | int) -> None:
    import h5py

    for name, value in attributes.items():
        if isinstance(value, str):
            kept = value.encode()
            # PyTables takes fixed-width UTF-8 for text, and other bytes for pickles.
            form = h5py.string_dtype("utf-8", max(len(kept), 1))
            thing.attrs.create(name, np.array(kept, form) if kept else h5py.Empty(form), dtype=form)
        else:
            thing.attrs[name] = np.int64(value)


def _write_index(group: Any, name: str, index: pd.Index[Any]) -> None:
    if not isinstance(index, pd.MultiIndex):
        _mark(group, **{f"{name}_variety": "regular"})
        _write_level(group, name, index, index.name)
        return
    _mark(group, **{f"{name}_variety": "multi"})
    _mark(group, **{f"{name}_nlevels": index.nlevels})
    for level, (values, codes, called) in enumerate(zip(index.levels, index.codes, index.names, strict=True)):
        _write_level(group, f"{name}_level{level}", values, called)
        _write_array(group, f"{name}_label{level}", np.asarray(codes))


def _write_level(group: Any, name: str, values: pd.Index[Any], called: Any) -> None:
    kind = "integer" if pd.api.types.is_integer_dtype(values.dtype) else "string"
    cells: Any = (
        values.to_numpy("int64")
        if kind == "integer"
        else np.array([str(value).encode() for value in values], dtype="S")
    )
    written = _write_array(group, name, cells)
    _mark(written, kind=kind)
    if called is None:
        written.attrs["name"] = np.bytes_(pickle.dumps(None, protocol=0))
    else:
        _mark(written, name=str(called))
    if kind == "string":
        _mark(written, nan_rep="")


def _write_array(group: Any, name: str, cells: Any, *, is_transposed: bool = False) -> Any:
    if not cells.size:
        # pandas keeps an array without cells as one cell, its type and its shape.
        written = group.create_dataset(name, data=np.zeros((1,) * cells.ndim))
        shape = cells.shape[::-1] if is_transposed else cells.shape
        _mark(written, value_type="object" if cells.dtype.kind == "S" else str(cells.dtype))
        written.attrs["shape"] = np.bytes_(pickle.dumps(tuple(map(int, shape)), protocol=0))
        is_transposed = False
    else:
        written = group.create_dataset(name, data=cells)
    _mark(written, CLASS="ARRAY", FLAVOR="numpy", TITLE="", VERSION="2.4")
    written.attrs["transposed"] = np.uint8(is_transposed or bool(cells.size))
    return written
