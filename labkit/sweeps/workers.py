"""What runs the points of a sweep, and the kind that does so in this process."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from labkit.sweeps.functions import PointFunction
from labkit.sweeps.points import Point, PointRun, run_point

LOOK = 0.2  # seconds between two looks at what else is to be done


class SweepError(Exception):
    """A sweep cannot go on; the message says why, and what is in the lab book."""


class Workers(Protocol):
    """Runs points.

    Attributes:
        ready: what has come; taken from it once it is in the lab book.
    """

    ready: deque[tuple[Point, PointRun]]

    def room(self) -> int:
        """How many more points it should be given now."""
        ...

    def start(self, point: Point) -> None:
        """Takes a point."""
        ...

    def busy(self) -> bool:
        """Whether it has points that have not come to `ready`."""
        ...

    def collect(self, timeout: float = LOOK) -> None:
        """Puts into `ready` what has come; waits for `timeout` seconds at most where nothing has.

        Raises:
            SweepError: nothing will come any more.
        """
        ...

    def cancel(self) -> None:
        """Gives up the points that have not come."""
        ...


class Serial:
    """Runs one point after the other in this process."""

    def __init__(self, function: PointFunction) -> None:
        self.ready: deque[tuple[Point, PointRun]] = deque()
        self._function = function
        self._waiting: Point | None = None

    def room(self) -> int:
        """One point at a time."""
        return 0 if self._waiting else 1

    def start(self, point: Point) -> None:
        """Takes a point, which `collect` runs."""
        self._waiting = point

    def busy(self) -> bool:
        """Whether a point waits."""
        return self._waiting is not None

    def collect(self, timeout: float = LOOK) -> None:
        """Runs the point that waits; without time for it, none."""
        if (point := self._waiting) and timeout > 0:
            self.ready.append((point, run_point(self._function, point.parameters, point.seed)))
            self._waiting = None

    def cancel(self) -> None:
        """Forgets the point that waits."""
        self._waiting = None
