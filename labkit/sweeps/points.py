"""One point of a sweep: what is run there, by which key a book knows it, and how it went."""

from __future__ import annotations

import hashlib
import importlib
import json
import pickle
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, cast

from labkit.ledger import Outcome
from labkit.limits import show_value
from labkit.provenance import package_versions
from labkit.records.values import to_plain
from labkit.sweeps.code import code_digest

_KEY_LENGTH = 32  # hexadecimal digits: 128 bits, which no two points share by chance
_TRACEBACK_LINES = 8
_PACKAGES = ("numpy", "scipy", "numba", "cirq-core", "qsimcirq", "keras", "tensorflow")


#: Runs one point: (parameters, seed) -> what came out.
PointFunction = Callable[[Mapping[str, Any], int], Outcome]


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


def find_function(function: Any, *, argument: str = "function") -> PointFunction:
    """The function itself, or the one of the name 'module:name'.

    Raises:
        TypeError: it is neither, or a function that other processes cannot find by its name.
        ValueError: there is no such module, or no such function in it.
    """
    if isinstance(function, str):
        return _import_function(function, argument)
    if not callable(function):
        given = f"{argument}={show_value(function)}"
        raise TypeError(f"{given} is neither a function nor 'module:name'")
    module, _, name = _address(function).partition(":")
    if getattr(sys.modules.get(module), name, None) is not function:
        given = f"{argument}={show_value(function)}"
        raise TypeError(f"{given} is not found by its name (limit: a function of a module)")
    return cast(PointFunction, function)


def name_function(function: PointFunction) -> str:
    """Its name, 'module:name'; what was typed into a notebook or a script has its code added.

    The functions of all notebooks are in a module `__main__`, where the name alone would take one
    for another.
    """
    address = _address(function)
    return f"{address}@{code_digest(function)}" if address.startswith("__main__:") else address


def point_key(function: str, parameters: Mapping[str, Any], seed: int) -> str:
    """The digest by which a point is known: of what is run, with which parameters and seed.

    The question is not in it: two sweeps that share a point share its result. Nor is the version
    of labkit, which the entry of the point states. The order of names does not matter, nor whether
    a number is NumPy's; 2 and 2.0 are two points.

    Args:
        function: the name of what is run, as 'module:name'.
        parameters: plain values by name, the selector among them.
        seed: of the point.

    Returns:
        32 hexadecimal digits.
    """
    content = {"function": function, "parameters": parameters, "seed": seed}
    plain = to_plain("parameters", content, limited=False)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]


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


def _address(function: Any) -> str:
    module = getattr(function, "__module__", None)
    return f"{module}:{getattr(function, '__qualname__', type(function).__qualname__)}"


def _import_function(address: str, argument: str) -> PointFunction:
    module, _, name = address.partition(":")
    given = f"{argument}={show_value(address)}"
    if not module or not name:
        raise ValueError(f"{given} is no name of a function (limit: 'module:name')")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise ValueError(f"{given} cannot be imported: {error}") from error
    if not callable(found):
        raise ValueError(f"{given}: module {module} has no function {show_value(name)}")
    return cast(PointFunction, found)


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
