"""Options that several commands share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from labkit.records import LabBook

book_option = click.option(
    "--book",
    type=click.Path(dir_okay=False, path_type=Path),
    default="lab_book.sqlite",
    envvar="LABKIT_BOOK",
    show_default=True,
    show_envvar=True,
    help="The lab book: one SQLite file.",
)


def open_book(path: Path) -> LabBook:
    """A lab book that is there.

    Raises:
        LabBookError: it is not, or cannot be read.
    """
    from labkit.records import LabBook

    return LabBook.existing(path)


_INTERRUPTED = 130  # as shells say: 128 + SIGINT


class Interrupted(click.ClickException):
    """Ctrl-C, with a message."""

    exit_code = _INTERRUPTED


class OneLineErrors(click.Group):
    """Commands whose errors are one line on standard error: status 2 for a wrong call, else 1."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Runs a command, then ends the process with its status."""
        extra["standalone_mode"] = False
        try:
            status = super().main(*args, **extra)
        except click.ClickException as error:
            _end(error.format_message(), error.exit_code)
        except click.Abort:
            _end("interrupted", _INTERRUPTED)
        except Exception as error:
            if not isinstance(error, _expected()):
                raise
            _end(str(error), 1)
        sys.exit(status or 0)


def _expected() -> tuple[type[Exception], ...]:
    """What a user may meet; any other exception is a mistake of ours, and shown as one."""
    from labkit.records import LabBookError
    from labkit.sweeps import SweepError

    return (LabBookError, SweepError, OSError)


def _end(message: str, status: int) -> None:
    click.echo(f"labkit: {' '.join(message.split())}", err=True)
    sys.exit(status)
