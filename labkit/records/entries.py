"""One entry of a lab book, checked whether it comes from a person or out of a file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

from labkit.limits import check_finite, check_integer, show_value
from labkit.records import attachments as packing
from labkit.records.attachments import Attachment
from labkit.records.templates import render_entry
from labkit.records.values import check_text, dumps, to_plain

_LARGEST_SEED = 2**63 - 1
LONGEST = 1e9  # seconds, some thirty years
_YEARS = range(1900, 2200)


@dataclass(frozen=True, eq=False)
class Entry:
    """What was asked, done and found. An entry is never changed.

    Attributes:
        question: what the run is to answer.
        hypothesis: what was expected; None if nothing was said.
        parameters: name -> value.
        seed: of all randomness; None if there is none.
        result: name -> value; empty if the run failed.
        ledger: what it cost, entries of `labkit.selectors.Ledger`; None if it was not counted.
        conclusion: what came of it.
        error: why there is no result; None if there is one.
        point: key of a point of a sweep.
        corrects: the entry that this one corrects.
        started: begin, in UTC.
        seconds: duration.
        origin: versions, commit of git (None outside a checkout) and kind of machine.
        attachments: figures and arrays, by name.
        nonce: what tells it from another entry with all else alike.

    Raises:
        TypeError, ValueError: one of these is not of its kind or out of range.
    """

    question: str
    hypothesis: str | None
    parameters: Mapping[str, Any]
    seed: int | None
    result: Mapping[str, Any]
    ledger: Mapping[str, Any] | None
    conclusion: str | None
    error: str | None
    point: str | None
    corrects: str | None
    started: datetime
    seconds: float | None
    origin: Mapping[str, Any]
    attachments: tuple[Attachment, ...] = ()
    nonce: str = field(default_factory=lambda: os.urandom(8).hex())

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))

    @cached_property
    def id(self) -> str:
        """Digest of all that it holds: an entry that was changed no longer fits its name."""
        content = {
            **{name: getattr(self, name) for name in _DIGESTED},
            "started": self.started.isoformat(),
            "attachments": {one.name: one.digest for one in self.attachments},
        }
        return hashlib.sha256(dumps(content).encode()).hexdigest()[:32]

    def __repr__(self) -> str:
        failed = ", failed" if self.error is not None else ""
        return f"<Entry {self.id[:8]} of {self.started:%Y-%m-%d %H:%M %Z}{failed}: {self.question}>"

    def _repr_html_(self) -> str:
        return render_entry(self)


_DIGESTED = tuple(
    name for name in Entry.__dataclass_fields__ if name not in ("started", "attachments")
)


def check_seconds(argument: str, seconds: Any) -> float | None:
    """Returns `seconds` as a float; None stays None.

    Raises:
        TypeError: it is not a number.
        ValueError: it is negative, or too long.
    """
    if seconds is None:
        return None
    seconds = check_finite(argument, seconds)
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"{argument}={seconds} is out of range (limit: 0 to {LONGEST:g})")
    return float(seconds)


def _check_question(argument: str, question: Any) -> str:
    if not (text := check_text(argument, question)).strip():
        raise ValueError(f"{argument}={question!r} is empty")
    return text


def _optional(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """The check, which lets None pass."""
    return lambda argument, value: None if value is None else check(argument, value)


def _check_error(argument: str, error: Any) -> str:
    if isinstance(error, str):  # what a program says may hold anything
        error = error.encode("utf-8", "backslashreplace").decode()
    return check_text(argument, error)


def _check_seed(argument: str, seed: Any) -> int:
    return check_integer(argument, seed, minimum=0, maximum=_LARGEST_SEED)


def _check_mapping(argument: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{argument}={show_value(value)} is no mapping of names to values")
    plain: dict[str, Any] = to_plain(argument, value)
    return plain


def _check_origin(argument: str, origin: Any) -> dict[str, Any]:
    plain = _check_mapping(argument, origin)
    _optional(check_text)(f"{argument} commit", plain.get("commit"))
    for name in ("versions", "machine"):
        for value in _check_mapping(f"{argument} {name}", plain.get(name)).values():
            if isinstance(value, (dict, list)):
                raise TypeError(f"{argument} {name} holds {show_value(value)}")
    return plain


def _check_start(argument: str, started: Any) -> datetime:
    if not isinstance(started, datetime) or started.tzinfo is None:
        raise TypeError(f"{argument}={show_value(started)} is not a datetime with a time zone")
    if started.year not in _YEARS:
        raise ValueError(f"{argument}={started} is out of range (limit: years 1900 to 2199)")
    return datetime.fromisoformat(started.isoformat()).astimezone(timezone.utc)


def _check_attachments(argument: str, attached: Any) -> tuple[Attachment, ...]:
    names = [packing.check_attachment(one).name for one in attached]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{argument} holds two of the name {min(doubled)!r}")
    return tuple(sorted(attached, key=lambda one: one.name))


_CHECKS = {
    "question": _check_question,
    **dict.fromkeys(("hypothesis", "conclusion", "point", "corrects"), _optional(check_text)),
    "error": _optional(_check_error),
    **dict.fromkeys(("parameters", "result"), _check_mapping),
    "seed": _optional(_check_seed),
    "ledger": _optional(_check_mapping),
    "started": _check_start,
    "seconds": check_seconds,
    "origin": _check_origin,
    "attachments": _check_attachments,
    "nonce": check_text,
}
