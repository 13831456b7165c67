"""The command line `labkit`: sweeps, the lab book, grades, and what is missing on this machine."""

from __future__ import annotations

import click

import labkit
from labkit.cli.books import export, merge, runs
from labkit.cli.doctor import doctor
from labkit.cli.grading import grade
from labkit.cli.options import OneLineErrors
from labkit.cli.sweeps import sweep

__all__ = ["main"]


@click.group(cls=OneLineErrors, invoke_without_command=True)
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
      labkit grade handed_in          which of the students' exercises are right

    Every command says more with --help.
    """  # noqa: D301
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (sweep, runs, export, merge, grade, doctor):
    main.add_command(command)
