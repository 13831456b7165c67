"""`labkit doctor`: what this machine has, what is missing, and what to type."""

from __future__ import annotations

import click

_MARKS = {True: "ok", False: "--", None: "  "}


@click.command()
def doctor() -> int:
    """Say what is installed, how much memory and how many cores can be used, and what is missing.

    For each thing missing (marked --) there is a command to type. The exit status is 1 if something
    is missing that the lab book needs.

    \b
    Example:
      labkit doctor
    """  # noqa: D301
    from labkit.cli.findings import find_all

    findings = find_all()
    for finding in findings:
        click.echo(f"{_MARKS[finding.is_well]}  {finding.what}")
        if finding.type_this:
            click.echo(f"      type: {finding.type_this}")
    return int(any(finding.is_needed and finding.is_well is False for finding in findings))
