"""`labkit sweep`: run a sweep that is written as a TOML file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from labkit.cli.books import book_option, existing_file


@click.command()
@click.argument("file", type=existing_file)
@book_option
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes on this machine; one for each core by default, 0 for none beside this one.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the Dask cluster of this scheduler; by default on that in "
    "DASK_SCHEDULER_ADDRESS, if it is set.",
)
@click.option(
    "--changed",
    type=click.Choice(["rerun", "keep"]),
    help="What becomes of points that were run when the function had another code; without it "
    "they are an error.",
)
@click.option("--retry-failed", is_flag=True, help="Run again the points that failed before.")
def sweep(
    file: Path,
    book: Path,
    workers: int | None,
    scheduler: str | None,
    changed: str | None,
    retry_failed: bool,
) -> int:
    """Run the points of a sweep that the lab book has no result of.

    Interrupted or killed, the same command goes on where it was. A point that fails is kept with
    its error, and the rest goes on; the exit status is then 1.

    \b
    FILE says what to run:
      question = "Does a second descent pay?"
      seeds = {first = 0, count = 20}       # or a list
      selector = "one_flip_search"
      [problem]                             # the same everywhere
      task_name = "moons"
      [options]                             # of the selector, too
      max_cost_queries = 200
      [grid]                                # every combination
      n_hidden = [8, 10, 12]
      restarts = [0, 1]
      [[points]]                            # instead, or each with all of the grid
      scale = 2.0

    \b
    A table of your own, beside FILE, becomes a task:
      [tasks.churn]                         # then task_name = "churn"
      path = "churn.csv"
      target = "churn"                      # its column of labels

    \b
    Also: hypothesis = "...", and function = "module:name" for your own function
    of (parameters, seed), whose module is looked for beside FILE too, with
    name = "..." to find its points again when the function has moved.
    A selector of your own is selector = "module:name", too.

    \b
    Example:
      labkit sweep restarts.toml
      labkit sweep restarts.toml --scheduler tcp://10.0.0.5:8786
    """  # noqa: D301
    from labkit.sweeps import Sweep, run_sweep

    if scheduler is not None and workers is not None:
        raise click.UsageError("--workers and --scheduler were both given (limit: one of the two)")
    sys.path.insert(0, str(file.resolve().parent))
    try:
        planned = Sweep.from_toml(file)
    except (TypeError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    try:
        report = run_sweep(
            planned, book, scheduler, workers=workers, retry_failed=retry_failed, changed=changed
        )
    except KeyboardInterrupt:
        said = f"interrupted: what has come is in {book}, and the same command goes on"
        raise click.Abort(said) from None
    click.echo(f"{report}; in {book}")
    if report.failed:
        shown = "labkit runs --columns seed,error"
        click.echo(f"labkit: {report.failed} points failed; why: {shown} --book {book}", err=True)
    return 1 if report.failed else 0
