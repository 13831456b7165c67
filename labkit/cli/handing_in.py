"""`labkit hand-in`: a student's notebooks and lab book in one zip; and the zips of a class."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from labkit.cli.books import UserPath
from labkit.cli.submissions import find_notebooks
from labkit.files import user_path
from labkit.limits import format_bytes, printable

_MOST_BYTES = 2**28  # of one zip, unpacked
_MOST_FILES = 500


@click.command("hand-in")
@click.argument("target", type=UserPath(dir_okay=False), metavar="ZIP")
@click.argument("folder", type=UserPath(exists=True, file_okay=False), default=".")
@click.option(
    "--book",
    type=UserPath(dir_okay=False),
    envvar="LABKIT_BOOK",
    show_envvar=True,
    help="The lab book; by default lab_book.sqlite in FOLDER.",
)
def hand_in(target: Path, folder: Path, book: Path | None) -> None:
    """Put the notebooks in FOLDER (by default this one) and the lab book into one ZIP to hand in.

    The lab book is copied as it is at this moment, what is not yet in its file proper included.
    Nothing is overwritten.

    \b
    Example:
      labkit hand-in ada.zip
      labkit hand-in ada.zip notebooks
    """  # noqa: D301
    click.echo(pack(target, folder, book))


def pack(
    target: str | os.PathLike[str],
    folder: str | os.PathLike[str] = ".",
    book: str | os.PathLike[str] | None = None,
) -> str:
    """What `labkit hand-in` does, for where there is no command line, as in a web page.

    Args:
        target: the zip to make.
        folder: of the notebooks.
        book: the lab book; by default lab_book.sqlite in the folder.

    Returns:
        What was packed, in one line.

    Raises:
        click.ClickException: there is no notebook, or the zip is there already.
    """
    from labkit.records.files import is_there, new_file

    target, folder = user_path(target), user_path(folder)
    notebooks = [path for path in find_notebooks(folder) if path.is_file()]
    if not notebooks:
        raise click.ClickException(f"{folder} holds no notebook (*.ipynb)")
    if target.suffix.lower() != ".zip":
        raise click.ClickException(f"{target} does not end in .zip")
    book = user_path(book) if book else folder / "lab_book.sqlite"
    has_book = is_there(book)
    if target.exists():
        raise click.ClickException(f"{target} exists already; it is not overwritten")
    with new_file(target) as draft, zipfile.ZipFile(draft, "x", zipfile.ZIP_DEFLATED) as packed:
        for path in notebooks:
            packed.write(path, path.relative_to(folder).as_posix())
        if has_book:
            _add_book(packed, book)
    with_book = "the lab book" if has_book else f"no lab book: there is no {printable(str(book))}"
    return f"{target}: {len(notebooks)} notebooks, and {with_book}"


def _add_book(packed: zipfile.ZipFile, book: Path) -> None:
    """Adds a whole copy of a lab book, as one file."""
    from labkit.records.files import check_file, connected_untouched, explained

    check_file(book)
    with tempfile.TemporaryDirectory() as scratch, explained(book):
        copy = Path(scratch) / "lab_book.sqlite"
        with connected_untouched(book) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        packed.write(copy, copy.name)


@contextmanager
def unpacked(folder: Path) -> Iterator[dict[Path, Path]]:
    """The zips in a folder, each with a folder of what is in it, while the body runs.

    What is no zip, too large or has too many files is left out; a name in a zip cannot lead out of
    its folder.
    """
    with tempfile.TemporaryDirectory(prefix="handed_in_", ignore_cleanup_errors=True) as scratch:
        found: dict[Path, Path] = {}
        for path in sorted(folder.rglob("*.zip")):
            inside = path.relative_to(folder)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                target = Path(scratch) / inside.with_suffix("")
                if _unpack(path, target):
                    found[path] = target
        yield found


def _unpack(path: Path, target: Path) -> bool:
    """Whether a zip could be unpacked into a new folder."""
    try:
        with zipfile.ZipFile(path) as packed:
            files = packed.infolist()
            if len(files) > _MOST_FILES or sum(f.file_size for f in files) > _MOST_BYTES:
                limits = f"limit: {_MOST_FILES} files, {format_bytes(_MOST_BYTES)}"
                click.echo(f"left out, too large: {printable(path.name)} ({limits})", err=True)
                return False
            target.mkdir(parents=True, exist_ok=True)
            packed.extractall(target)
    except Exception:  # a file from anybody breaks in many ways
        return False
    return True
