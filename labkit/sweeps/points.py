"""One point of a sweep, run wherever it may be: what came out, or what went wrong."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from labkit.limits import show_value
from labkit.provenance import package_versions
from labkit.sweeps.functions import Outcome, PointFunction
from labkit.sweeps.plain import to_plain

_TRACEBACK_LINES = 8
_PACKAGES = ("numpy", "scipy", "numba", "cirq-core", "qsimcirq", "keras", "tensorflow")


@dataclass(frozen=True, eq=False)
class Point:
    """One run of a sweep: its key in the lab book, its parameters and its seed."""

    key: str
    parameters: Mapping[str, Any]
    seed: int


@dataclass(frozen=True, eq=False)
class PointRun:
    """How one point went.

    Attributes:
        outcome: what came out; None where it failed.
        error: what went wrong, and the last lines of the traceback; None where nothing did.
        started: when, in UTC; None where that is not known.
        seconds: wall time; None where that is not known.
        versions: of Python, labkit and its stack, where it was run; None where that is not known.
    """

    outcome: Outcome | None = None
    error: str | None = None
    started: datetime | None = None
    seconds: float | None = None
    versions: Mapping[str, str] | None = None


def run_point(function: PointFunction, parameters: Mapping[str, Any], seed: int) -> PointRun:
    """Runs one point; whatever it raises is kept as its error.

    Args:
        function: of the sweep.
        parameters: plain values by name.
        seed: of the point.
    """
    started, start = datetime.now(timezone.utc), time.perf_counter()
    outcome, error = None, None
    try:
        outcome = _checked(function(dict(parameters), seed))
    except (Exception, SystemExit) as raised:  # a point that calls exit() ends no worker
        error = _describe(raised)
    return PointRun(outcome, error, started, time.perf_counter() - start, local_versions())


def pickled_run(function: PointFunction, parameters: Mapping[str, Any], seed: int) -> bytes:
    """`run_point`, pickled: of an outcome that cannot be, the point fails and not the worker."""
    ran = run_point(function, parameters, seed)
    try:
        return pickle.dumps(ran)
    except Exception as raised:
        error = f"the outcome cannot be sent: {_describe(raised)}"
        return pickle.dumps(PointRun(None, error, ran.started, ran.seconds, ran.versions))


@lru_cache
def local_versions() -> Mapping[str, str]:
    """The versions, in this process, of what numbers may depend on."""
    return package_versions(_PACKAGES)


def _checked(outcome: Any) -> Outcome:
    """The outcome, with a result of plain values: the same from every kind of worker."""
    if not isinstance(outcome, Outcome):
        raise TypeError(f"the function returned {show_value(outcome)} (limit: an Outcome)")
    result = to_plain("result", outcome.result)
    return Outcome(result, outcome.ledger, dict(outcome.attachments))


def _describe(raised: BaseException) -> str:
    """The exception in one line, then the last lines of its traceback."""
    what = traceback.format_exception_only(type(raised), raised)[-1].strip()
    within = raised.__traceback__ and raised.__traceback__.tb_next  # without `run_point` itself
    lines = "".join(traceback.format_tb(within)).rstrip().splitlines()
    told = [line for line in lines if line.strip(" ~^")]
    return "\n".join([what, *told[-_TRACEBACK_LINES:]])
