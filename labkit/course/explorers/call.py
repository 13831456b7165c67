"""An explorer as the Python that makes it anew, with what is chosen in it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

from labkit.datasets import Task
from labkit.masks import BoolArray, mask_to_string

_MODULE, _LONGEST = "labkit.course.explorers", 88


def call_of(explorer: object, chosen: Mapping[str, Any], lit: BoolArray | None) -> str:
    """Python that makes an explorer of the same class with what is chosen, and a lit mask (n,).

    What its constructor does not take is left out; what has no text, such as a task of one's own,
    is named as a variable, which a comment says.
    """
    name = type(explorer).__name__
    taken = inspect.signature(type(explorer)).parameters
    named = own_of(chosen).items()
    own = [f"# {key}: {label}, your own" for key, label in named if key in taken]
    written = [f"{key}={_write(key, chosen[key])}" for key in chosen if key in taken]
    names = [name]
    if lit is not None and "shared" in taken:
        written.append(f"shared=SharedMask({_write('', mask_to_string(lit))})")
        names.append("SharedMask")
    imports = f"from {_MODULE} import {', '.join(sorted(names))}"
    return "\n".join([imports, "", *own, _call(name, written)])


def _call(name: str, written: list[str]) -> str:
    line = f"{name}({', '.join(written)})"
    if len(line) <= _LONGEST:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in written), ")"])


def own_of(chosen: Mapping[str, Any]) -> dict[str, str]:
    """What has no text, such as a task of one's own or a function: argument -> its name."""
    return {key: ", ".join(labels) for key, value in chosen.items() if (labels := _own_in(value))}


def _own_in(value: Any) -> list[str]:
    if isinstance(value, tuple | list):
        return [label for each in value for label in _own_in(each)]
    return [_label(value)] if isinstance(value, Task) or callable(value) else []


def _label(value: Any) -> str:
    return value.label if isinstance(value, Task) else value.__name__


def _write(key: str, value: Any) -> str:
    """A value as Python; what is one's own as the name of its argument, or of the function."""
    if isinstance(value, tuple | list):
        return f"({', '.join(_write(key, each) for each in value)}{',' * (len(value) == 1)})"
    if isinstance(value, Task):
        return key
    if callable(value):
        return _label(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
