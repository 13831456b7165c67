"""`labkit class`: what a room guessed, and which exercises it solved, without names."""

from __future__ import annotations

from pathlib import Path

import click

from labkit.cli.books import UserPath
from labkit.cli.grading import check_target
from labkit.cli.handing_in import unpacked
from labkit.limits import printable


@click.command("class")
@click.argument("folder", type=UserPath(exists=True, file_okay=False))
@click.option(
    "--html",
    "page",
    type=UserPath(dir_okay=False),
    help="Write a page with the histograms too, to project; it must not exist yet.",
)
def show_class(folder: Path, page: Path | None) -> None:
    """Show the guesses of a class, and the exercises that it solved, from the lab books in FOLDER.

    Every *.sqlite in FOLDER and its folders is read, books that were merged and those in zips of
    labkit hand-in too; the files stay as they are. Each question has a histogram of the guesses
    that were kept before the answer was shown, with the truth. No name appears: neither of readers
    nor of files.

    \b
    Example:
      labkit class handed_in
      labkit class handed_in --html class.html
    """  # noqa: D301
    from labkit.course.panels.class_board import page_of, text_of
    from labkit.course.room import find_books, read_room
    from labkit.records.files import new_file

    if page is not None:
        check_target(page)
    with unpacked(folder) as zips:
        folders = [folder, *zips.values()]
        if not any(map(find_books, folders)):
            raise click.ClickException(f"{folder} holds no lab book (*.sqlite)")
        room = read_room(*folders)
    click.echo("\n".join(map(printable, text_of(room))))
    if page is not None:
        with new_file(page) as draft:
            draft.write_text(page_of(room), encoding="utf-8")
        click.echo(f"written to {page}")
