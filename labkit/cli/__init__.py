"""The command line `labkit`: sweeps, the lab book, grades, and what is missing on this machine."""

from __future__ import annotations

import io
import sys
from typing import Any

import click

import labkit
from labkit.cli.books import export, merge, runs
from labkit.cli.doctor import doctor
from labkit.cli.grading import grade
from labkit.cli.handing_in import hand_in
from labkit.cli.room import show_class
from labkit.cli.sweeps import sweep

__all__ = ["main"]

_INTERRUPTED = 130  # as shells say: 128 + SIGINT


class _OneLineErrors(click.Group):
    """Commands whose errors are one line on standard error: status 2 for a wrong call, else 1."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Runs a command, then ends the process with its status."""
        extra["standalone_mode"] = False
        _print_what_can_be()
        try:
            status = super().main(*args, **extra)
        except click.ClickException as error:
            _end(error.format_message(), error.exit_code)
        except click.Abort as error:
            _end(str(error) or "interrupted", _INTERRUPTED)
        except Exception as error:
            if not isinstance(error, _expected()):
                raise
            _end(str(error), 1)
        sys.exit(status or 0)


def _print_what_can_be() -> None:
    """Lets characters that a pipe's encoding lacks (Windows: cp1252) be replaced, not fail."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _expected() -> tuple[type[Exception], ...]:
    """What a user may meet; any other exception is a mistake of ours, and shown as one."""
    from labkit.records import LabBookError
    from labkit.sweeps import SweepError

    return (LabBookError, SweepError, OSError)


def _end(message: str, status: int) -> None:
    click.echo(f"labkit: {' '.join(message.split())}", err=True)
    sys.exit(status)


@click.group(cls=_OneLineErrors, invoke_without_command=True)
@click.version_option(labkit.__version__, prog_name="labkit", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Quantum Neuron Selection Lab: run sweeps, keep and read the lab book.

    \b
    Example:
      labkit doctor                   is all that is needed here?
      labkit sweep restarts.toml      run a sweep; again, to go on with it
      labkit runs --where n_hidden=8  read what came
      labkit export report            a folder with HTML, CSV and Parquet
      labkit hand-in ada.zip          your notebooks and lab book in one zip
      labkit class handed_in          what the class guessed, without names
      labkit grade handed_in          which of the students' exercises are right

    Every command says more with --help.
    """  # noqa: D301
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (sweep, runs, export, merge, hand_in, show_class, grade, doctor):
    main.add_command(command)
