"""Verdicts on exercises in the lab book: kept once each, and read again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from labkit.course.wording import say

if TYPE_CHECKING:
    import pandas as pd

#: Of every entry that holds a verdict.
QUESTION = "Which exercises are solved?"
#: The environment variable that switches the keeping off.
SWITCH = "LABKIT_KEEP_VERDICTS"
_OFF = ("0", "off", "no", "false")


def keep_verdict(exercise: str, status: str, message: str) -> str:
    """Keeps a verdict in the lab book of this folder; the same one is kept once.

    With LABKIT_KEEP_VERDICTS=0 in the environment nothing is kept.

    Returns:
        Why it could not be kept; '' where it was, or was not to be.
    """
    if os.environ.get(SWITCH, "").strip().lower() in _OFF:
        return ""
    from labkit.records import LabBook, LabBookError, default_path

    said = "\n".join((exercise, status, message)).encode("utf-8", "replace")
    try:
        LabBook(default_path()).record(
            QUESTION,
            parameters={"exercise": exercise},
            result={"status": status, "message": said.decode().split("\n", 2)[2]},
            point=f"verdict {hashlib.sha256(said).hexdigest()[:32]}",
        )
    except (LabBookError, OSError) as error:
        return say("verdicts.not_kept_in_the", error=error)
    return ""


def read_verdicts(runs: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """The verdicts among the runs of a lab book, in their order: book, exercise, status.

    The book is that which an entry was merged from; '' for entries of the book itself.
    """
    names = ["merged_from", "parameters.exercise", "result.status"]
    kept = runs[runs["question"] == QUESTION].reindex(columns=names)
    for book, exercise, status in kept.itertuples(index=False):
        yield book if isinstance(book, str) else "", str(exercise), str(status)
