"""Ours and each peer timed in turn, so that whatever else the machine does meets both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Call = Callable[[], Any]

TOLERANCE = 1e-4
_SECONDS_PER_SAMPLE = 0.005
_MOST_ROUNDS = 9
_LONG = 2.0  # seconds: a call that is not repeated to warm up


@dataclass(frozen=True, eq=False)
class Contestant:
    """One way to compute something.

    Attributes:
        name: of the engine.
        form: in which it takes the problem.
        call: computes it; what is reused between calls is prepared.
        share: the part of the work that one call does; 1 for all.
        reference: gives what that part has to give; None for the last entries of our result.
        tolerance: how far it may be from ours, see `check_agreement`.
    """

    name: str
    form: str
    call: Call
    share: float = 1.0
    reference: Call | None = None
    tolerance: float = TOLERANCE


@dataclass(frozen=True, eq=False)
class Comparison:
    """A peer beside ours.

    Attributes:
        name: of the peer.
        form: in which it takes the problem.
        seconds: of the peer for all of the work, one for each round.
        our_seconds: ours, measured just before in the same round.
        difference: of the results, relative to the largest entry, or to 1 if that is larger.
    """

    name: str
    form: str
    seconds: FloatArray
    our_seconds: FloatArray
    difference: float = 0.0

    @property
    def ratios(self) -> FloatArray:
        """Time of the peer over ours, one for each round: above 1 ours is faster."""
        return self.seconds / self.our_seconds


def compare(
    ours: Contestant,
    peers: Sequence[Contestant],
    *,
    budget: float,
    read: Callable[[Any], npt.ArrayLike] = np.asarray,
) -> list[Comparison]:
    """Checks that all agree, then times ours, peer A, ours, peer B, and so on, in rounds.

    Args:
        ours: what every peer is measured against.
        peers: the others.
        budget: seconds for the samples of one peer; two rounds are always run, nine at most.
        read: takes what is compared from the result of a call, outside the time.

    Raises:
        AssertionError: a peer's result differs from ours by more than its tolerance.
    """
    expected = np.asarray(read(ours.call()))
    our_count = calls_per_sample(_time(ours.call, 1))
    counts, rounds, differences = [], [], []
    for peer in peers:
        start = time.perf_counter()
        found = np.asarray(read(peer.call()))
        first = time.perf_counter() - start
        part = expected if peer.share == 1 else expected[-len(found) :]
        if peer.reference:
            part = np.asarray(read(peer.reference()))
        differences.append(check_agreement(peer.name, found, part, tolerance=peer.tolerance))
        once = first if first > _LONG else _time(peer.call, 1)
        counts.append(calls_per_sample(once))
        rounds.append(int(np.clip(budget / (once * counts[-1]), 2, _MOST_ROUNDS)))
    pairs: list[list[tuple[float, float]]] = [[] for _ in peers]
    for one_round in range(max(rounds, default=0)):
        for i, peer in enumerate(peers):
            if one_round < rounds[i]:
                our_time = _sample(ours.call, our_count) / ours.share
                pairs[i].append((our_time, _sample(peer.call, counts[i]) / peer.share))
    results = []
    for peer, measured, difference in zip(peers, pairs, differences, strict=True):
        ours_first, theirs = np.array(measured).T
        results.append(Comparison(peer.name, peer.form, theirs, ours_first, difference))
    return results


def check_agreement(
    name: str, found: npt.ArrayLike, expected: npt.ArrayLike, *, tolerance: float = TOLERANCE
) -> float:
    """Returns max |found - expected| / max(1, |expected|), which `tolerance` limits.

    Raises:
        AssertionError: with the engine's name and the difference.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise AssertionError(f"{name} gives shape {found.shape}, ours {expected.shape}")
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    difference = float(np.max(np.abs(found - expected), initial=0.0) / scale)
    if not difference <= tolerance:
        raise AssertionError(
            f"{name} differs from ours by {difference:.2g} (limit: {tolerance:.2g})"
        )
    return difference


def calls_per_sample(once: float) -> int:
    """How many calls make a sample long enough for the clock, if one takes so many seconds."""
    return max(1, round(_SECONDS_PER_SAMPLE / once))


def time_alone(call: Call, *, budget: float) -> float:
    """The median time of a call that has no peer, in rounds as in `compare`."""
    call()
    once = _time(call, 1)
    count = calls_per_sample(once)
    rounds = int(np.clip(budget / (once * count), 2, _MOST_ROUNDS))
    return float(np.median([_time(call, count) for _ in range(rounds)]))


def _sample(call: Call, count: int) -> float:
    """Seconds of a call; short ones first run once untimed, after another engine's work."""
    if count > 1:
        call()
    return _time(call, count)


def _time(call: Call, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count
