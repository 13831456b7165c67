"""What a sweep runs at each point: a function of parameters and a seed, found by its name."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy.typing as npt

from labkit.ledger import Ledger
from labkit.limits import show_value
from labkit.sweeps.code import code_digest


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came out at one point of a sweep.

    Attributes:
        result: numbers, text and small arrays by name.
        ledger: what it cost; None where nothing was counted.
        attachments: arrays and figures by name, as `LabBook.record` takes them.
    """

    result: Mapping[str, Any]
    ledger: Ledger | Mapping[str, Any] | None = None
    attachments: Mapping[str, npt.ArrayLike | Any] = field(default_factory=dict)


#: Runs one point: (parameters, seed) -> what came out.
PointFunction = Callable[[Mapping[str, Any], int], Outcome]


def find_function(function: Any) -> PointFunction:
    """The function itself, or the one of the name 'module:name'.

    Raises:
        TypeError: it is neither, or a function that other processes cannot find by its name.
        ValueError: there is no such module, or no such function in it.
    """
    if isinstance(function, str):
        return _import_function(function)
    if not callable(function):
        raise TypeError(f"function={show_value(function)} is neither a function nor 'module:name'")
    module, _, name = _address(function).partition(":")
    if getattr(sys.modules.get(module), name, None) is not function:
        given = f"function={show_value(function)}"
        raise TypeError(f"{given} is not found by its name (limit: a function of a module)")
    return cast(PointFunction, function)


def name_function(function: PointFunction) -> str:
    """Its name, 'module:name'; what was typed into a notebook or a script has its code added.

    The functions of all notebooks are in a module `__main__`, where the name alone would take one
    for another.
    """
    address = _address(function)
    return f"{address}@{code_digest(function)}" if address.startswith("__main__:") else address


def _address(function: Any) -> str:
    module = getattr(function, "__module__", None)
    return f"{module}:{getattr(function, '__qualname__', type(function).__qualname__)}"


def _import_function(address: str) -> PointFunction:
    module, _, name = address.partition(":")
    given = f"function={show_value(address)}"
    if not module or not name:
        raise ValueError(f"{given} is no name of a function (limit: 'module:name')")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise ValueError(f"{given} cannot be imported: {error}") from error
    if not callable(found):
        raise ValueError(f"{given}: module {module} has no function {show_value(name)}")
    return cast(PointFunction, found)
