"""What `labkit grade` puts into the kernel of a notebook: a `check` that notes its verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

from labkit import course
from labkit.course import checking
from labkit.course.registry import BY_NUMBER

#: The `check` that notes its verdicts, once `watch` has been called.
check: Callable[[str, Any], checking.Verdict] = checking.check


def watch(file: str, chapters: Iterable[str]) -> None:
    """Puts a `check` that notes each verdict in place of labkit's, under whatever name it is used.

    It is called before anything of the notebook is run, and keeps the checks as they are then.

    Args:
        file: to which a line is added for each verdict, a JSON list [exercise, status, message].
        chapters: numbers of the lessons whose checks are loaded now.
    """
    global check
    for number in chapters:
        if number in BY_NUMBER:
            BY_NUMBER[number].load()
    judge, known = checking.check, dict(checking.EXERCISES)

    @wraps(judge)
    def noted(name: str, answer: Any) -> checking.Verdict:
        checking.EXERCISES.update(known)
        verdict = judge(name, answer)
        line = json.dumps([verdict.exercise, verdict.status, verdict.message])
        with Path(file).open("a", encoding="utf-8") as notes:
            notes.write(f"{line}\n")
        return verdict

    check = course.check = checking.check = noted
