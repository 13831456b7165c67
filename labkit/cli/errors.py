"""How the command line says what went wrong: in one line, with an exit status."""

from __future__ import annotations

import sys
from typing import Any

import click

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
