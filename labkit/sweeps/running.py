"""Runs a sweep: each point once, its result into the lab book as it comes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.limits import check_choice, show_value
from labkit.platforms import PROCESSES, progress_bar
from labkit.records import LabBook
from labkit.sweeps.points import Point, PointRun, local_versions, point_key
from labkit.sweeps.processes import Processes, choose_workers
from labkit.sweeps.sweep import Sweep
from labkit.sweeps.workers import Crew, Serial, SweepError, Workers

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client

SCHEDULER = "DASK_SCHEDULER_ADDRESS"

_CHANGED = ("rerun", "keep")
_LOOK = 0.2  # seconds between two looks at what else is to be done


@dataclass(frozen=True, eq=False)
class SweepReport:
    """Where a sweep stands.

    Attributes:
        book: the file of the lab book.
        points: the key of each point, in the order of `Sweep.runs`.
        finished_before: points that the book had a result of.
        finished_now: points whose result came in this run.
        failed: points of which the book has nothing but errors.
        left: points that were not run.
    """

    book: Path
    points: tuple[str, ...] = field(repr=False)
    finished_before: int
    finished_now: int
    failed: int
    left: int

    def __str__(self) -> str:
        finished = self.finished_before + self.finished_now
        return (
            f"{len(self.points)} points: {finished} finished ({self.finished_now} of them now), "
            f"{self.failed} failed, {self.left} left"
        )

    def runs(self) -> pd.DataFrame:
        """One row a point, in the order of `Sweep.runs`: its result, or else its last error."""
        frame, rank = LabBook(self.book).runs(), {key: n for n, key in enumerate(self.points)}
        frame = frame[frame["point"].isin(rank)]
        # errors first, so that the last row of a point is its result if there is one
        frame = frame.iloc[frame["error"].isna().argsort(kind="stable")]
        frame = frame.drop_duplicates("point", keep="last")
        return frame.sort_values("point", key=lambda keys: keys.map(rank)).reset_index(drop=True)


def run_sweep(
    sweep: Sweep,
    book: LabBook | str | Path,
    client: Client | str | None = None,
    *,
    workers: int | None = None,
    progress: bool = True,
    stop: Callable[[], bool] | None = None,
    retry_failed: bool = False,
    changed: str | None = None,
) -> SweepReport:
    """Runs the points of a sweep that a lab book has no result of, and records each as it comes.

    A point that fails is recorded with its error, and the rest goes on. Interrupted, killed or
    stopped, the sweep goes on where it was when it is run again: all that has come is in the book.
    The results are the same from every kind of worker.

    Args:
        sweep: what to run.
        book: the lab book, or its file; this process alone writes to it.
        client: a Dask client, or the address of a scheduler, on which it runs; by default that in
            the environment variable DASK_SCHEDULER_ADDRESS, or else processes on this machine,
            which go when it ends.
        workers: so many processes on this machine; by default one for each core, fewer where
            memory is short. 0 runs the points in this process, as where a system has no processes.
        progress: show a progress bar.
        stop: asked a few times a second whether to end; what is then being run is given up.
        retry_failed: run again what has failed before.
        changed: what becomes of points whose function, or own selector, had another code when they
            were run: 'rerun'
            them or 'keep' them as they are. By default that is an error: results of other code are
            not passed off as new. See `labkit.sweeps.code.code_digest`.

    Raises:
        TypeError: an argument is not of its kind.
        ValueError: `workers` is out of range, or goes with `client`; or `changed` is neither.
        SweepError: the function has changed since points were run, there is no Dask or no
            connection, it was lost, or the workers have other versions.
        LabBookError: the book cannot be opened or written.
        KeyboardInterrupt: after what has come is in the book.
    """
    _check_arguments(sweep, client, workers, stop)
    if changed is not None:
        check_choice("changed", changed, _CHANGED)
    book = book if isinstance(book, LabBook) else LabBook(book)
    state = _State(sweep, book, retry_failed=retry_failed, changed=changed)
    try:
        with _workers(state, client, workers) as found, _bar(state, progress):
            state.run(Crew(found, state.todo), stop)
    finally:
        book.close()  # so that its file alone is the whole book
    return state.report()


def find_changed(sweep: Sweep, runs: pd.DataFrame) -> set[str]:
    """The keys of points that were run when the function or own selector had another code.

    Of points that do not say which code it was, nothing is known: they are not among them.

    Args:
        sweep: whose functions are looked at.
        runs: finished runs, as `LabBook.runs` gives them.
    """
    digests, column = sweep.digests(), f"parameters.{sweep.code_name}"
    if not digests or column not in runs:
        return set()
    then = runs.drop_duplicates("point", keep="last").set_index("point")[column].dropna()
    keyed = sweep.keyed_runs().items()
    now = {key: sweep.code_of(parameters, digests) for key, (parameters, _) in keyed}
    return {key for key, code in then.items() if now.get(key) not in (code, None)}


class _State:
    """Which points are done, which have failed, and which are still to be given out."""

    def __init__(
        self, sweep: Sweep, book: LabBook, *, retry_failed: bool, changed: str | None
    ) -> None:
        self.sweep, self.book = sweep, book
        self.digests = sweep.digests()
        self.points = {point.key: point for point in self._points(changed)}
        self.before = book.points() & self.points.keys()
        self.finished: set[str] = set()
        self.failed = (book.points(finished=False) & self.points.keys()) - self.before
        skipped = self.before if retry_failed else self.before | self.failed
        self.todo = deque(point for key, point in self.points.items() if key not in skipped)
        self.tell: Callable[[], object] = lambda: None

    def run(self, crew: Crew, stop: Callable[[], bool] | None) -> None:
        """Gives out what is to do, until it is done or `stop` says so; keeps what comes."""
        try:
            while crew.is_busy() and not (stop and stop()):
                crew.give_out()
                self._keep_all(crew.collect(_LOOK))
        finally:
            self._keep_all(crew.collect(0))

    def report(self) -> SweepReport:
        """Where the sweep stands."""
        failed = len(self.failed)
        left = len(self.points) - len(self.before) - len(self.finished) - failed
        counts = len(self.before), len(self.finished), failed, left
        return SweepReport(self.book.path, tuple(self.points), *counts)

    def _points(self, changed: str | None) -> Iterator[Point]:
        """All points. One that was run with another code has that of today in its key, if rerun."""
        keyed, finished = self.sweep.keyed_runs(), self.book.points()
        old = set() if finished.isdisjoint(keyed) else self._of_other_code()
        again = {key: self._key_of_today(*keyed[key]) for key in old & {*keyed}}
        if (waiting := [k for k in again if again[k] not in finished]) and changed is None:
            raise SweepError(
                f"{', '.join(self.digests)} has changed since {len(waiting)} of {len(keyed)} "
                f"points in {self.book.path} were run: run them again with changed='rerun' "
                "(--changed rerun), or keep them with 'keep'"
            )
        kept = {*waiting} if changed == "keep" else set()
        for key, run in keyed.items():
            yield Point(key if key in kept else again.get(key, key), *run)

    def _key_of_today(self, parameters: Mapping[str, Any], seed: int) -> str:
        code = self.sweep.code_of(parameters, self.digests)
        return point_key(f"{self.sweep.identity}@{code}", parameters, seed)

    def _of_other_code(self) -> set[str]:
        return find_changed(self.sweep, self.book.runs(error=None))

    def _keep_all(self, came: Iterator[tuple[Point, PointRun]]) -> None:
        for point, ran in came:
            self._keep(point, ran)

    def _keep(self, point: Point, ran: PointRun) -> None:
        """Records one point."""
        if ran.versions is not None:
            _check_versions(ran.versions)
        if ran.outcome is not None:
            try:
                self._record(point, ran)
            except (TypeError, ValueError) as error:  # the book cannot hold such an outcome
                ran = PointRun(None, f"{type(error).__name__}: {error}", ran.started, ran.seconds)
        if ran.outcome is None:
            self._record(point, ran)
        here, there = (self.failed, self.finished) if ran.error else (self.finished, self.failed)
        here.add(point.key)
        there.discard(point.key)
        self.tell()

    def _record(self, point: Point, ran: PointRun) -> None:
        parameters = dict(point.parameters)
        if code := self.sweep.code_of(parameters, self.digests):
            parameters[self.sweep.code_name] = code
        if self.sweep.code_name == "function_code":
            parameters["function"] = self.sweep.function_name
        came = ran.outcome
        self.book.record(
            question=self.sweep.question,
            hypothesis=self.sweep.hypothesis,
            parameters=parameters,
            seed=point.seed,
            result=came.result if came else {},
            ledger=came.ledger if came else None,
            attachments=came.attachments if came else {},
            error=ran.error,
            point=point.key,
            started=ran.started,
            seconds=ran.seconds,
        )

    def kept(self) -> str:
        """What is in the book, for the message of an error."""
        finished = len(self.before) + len(self.finished)
        inside = f"{finished} of {len(self.points)} points are in {self.book.path}"
        return f"{inside}: run the sweep again to go on"


def _check_arguments(sweep: Any, client: Any, workers: Any, stop: Any) -> None:
    if not isinstance(sweep, Sweep):
        raise TypeError(f"sweep={show_value(sweep)} is not a Sweep")
    if stop is not None and not callable(stop):
        raise TypeError(f"stop={show_value(stop)} is not a function without arguments")
    if workers is not None:
        choose_workers(workers)
        if client is not None:
            raise ValueError(f"workers={workers} with client given (limit: one of the two)")


def _check_versions(there: Any) -> None:
    here = local_versions()
    differing = [f"{name} {there.get(name)}" for name in here if there.get(name) != here[name]]
    if differing:
        mine = ", ".join(f"{name} {here[name]}" for name in here if there.get(name) != here[name])
        raise SweepError(f"a worker has {', '.join(differing)}, and here is {mine}")


@contextmanager
def _workers(state: _State, client: Any, workers: int | None) -> Iterator[Workers]:
    """What runs the points; an error of theirs says what is in the book."""
    function = state.sweep.point_function
    address = os.environ.get(SCHEDULER) if client is None and workers is None else client
    try:
        is_alone = workers == 0 or not state.todo
        if is_alone or not (address or PROCESSES.is_installed()):
            if not is_alone:
                print(PROCESSES.line)
            yield Serial(function)
        elif address:
            from labkit.sweeps.dask import connect_cluster

            with connect_cluster(address, function) as cluster:
                yield cluster
        else:
            count = min(choose_workers(workers), len(state.todo))
            with closing(Processes(function, count)) as processes:
                yield processes
    except SweepError as error:
        raise SweepError(f"{error}; {state.kept()}") from error


@contextmanager
def _bar(state: _State, progress: bool) -> Iterator[None]:
    counts = {"total": len(state.points), "initial": len(state.before)}
    with progress_bar(disable=not progress, unit="point", **counts) as bar:

        def tell() -> None:
            bar.set_postfix(failed=len(state.failed), refresh=False)
            bar.update(len(state.before) + len(state.finished) + len(state.failed) - bar.n)

        tell()
        state.tell = tell
        yield
