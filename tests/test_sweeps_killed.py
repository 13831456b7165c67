"""Sweeps whose scheduler, workers and writing process are killed: nothing is lost or repeated."""

from __future__ import annotations

import json
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import numpy as np
import psutil
import pytest
from dask_cluster import ENVIRONMENT, HandMadeCluster, is_running, kill, wait_until

from labkit.records import LabBook
from labkit.sweeps import Sweep

_UNDER_WAY = 4  # points that may be under way when the sweep is killed


class KilledSweep:
    """A sweep under `labkit sweep`, and a log of the points that were begun.

    How far it may go stands in a file, so that it is never at its end before it is killed.
    """

    def __init__(self, folder: Path, n_points: int) -> None:
        self.file, self.log = folder / "sweep.toml", folder / "begun.txt"
        self.gate = folder / "gate.txt"
        self.book = LabBook(folder / "book.sqlite")
        self.n_points = n_points
        self.writer: subprocess.Popen[str] | None = None
        self._snapshots: list[tuple[set[str], int]] = []
        self.log.touch()
        self.gate.touch()
        self.file.write_text(
            'question = "What does a kill cost?"\n'
            f"seeds = {{first = 0, count = {n_points}}}\n"
            'function = "sweep_points:log_and_sleep"\n'
            f"[options]\nlog = {json.dumps(str(self.log))}\nseconds = 0.02\n"
            f"gate = {json.dumps(str(self.gate))}\n"
        )

    def start_writer(self, *options: str) -> None:
        command = [sys.executable, "-m", "labkit", "sweep", str(self.file), *options]
        self.writer = subprocess.Popen(
            [*command, "--book", str(self.book.path)],
            env={**ENVIRONMENT, "TMPDIR": str(self.file.parent)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )

    def wait_for_more(self, more: int) -> None:
        """Until so many more points are in the book; fails where the writer has given up."""
        enough = min(len(self.book.points()) + more, self.n_points)
        self.gate.write_text(str(enough + _UNDER_WAY))

        def is_enough() -> bool:
            return len(self.book.points()) >= enough or not is_running(self.writer)

        wait_until(is_enough, what=f"{more} points")
        assert len(self.book.points()) >= enough, self.last_words()

    def open_gate(self) -> None:
        """Lets all of its points run."""
        self.gate.write_text(str(self.n_points))

    def last_words(self) -> str:
        """All that it has said: progress, and one line at most."""
        assert self.writer is not None
        words = self.writer.communicate()[0]
        assert "Traceback" not in words
        assert "distributed" not in words
        return words

    def remember(self) -> None:
        """Notes what is in the book, then what was begun."""
        self._snapshots.append((self.book.points(), len(self.begun())))

    def begun(self) -> list[str]:
        """The key of each point that was begun, in order."""
        key = self._keys()
        return [key[int(line)] for line in self.log.read_text().split()]

    def check(self) -> None:
        """Every point is there once, the file is sound, and nothing in the book was begun again."""
        frame = self.book.runs()
        assert Counter(frame["point"]) == Counter(self._keys().values())
        assert frame["error"].isna().all()
        assert (frame["result.square"] == frame["seed"] ** 2).all()
        for finished, begun in self._snapshots:
            assert finished.isdisjoint(self.begun()[begun:])
        connection = sqlite3.connect(self.book.path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()

    def stop(self) -> None:
        if self.writer is not None and self.writer.stdout is not None:
            self.writer.kill()
            self.writer.wait()
            self.writer.stdout.close()

    def _keys(self) -> dict[int, str]:
        sweep = Sweep.from_toml(self.file)
        return {seed: sweep.point_key(parameters, seed) for parameters, seed in sweep.runs()}


@pytest.fixture
def killed_sweep(tmp_path: Path, request: pytest.FixtureRequest) -> KilledSweep:
    sweep = KilledSweep(tmp_path, n_points=request.param)
    request.addfinalizer(sweep.stop)
    return sweep


@pytest.mark.parametrize("killed_sweep", [200], indirect=True)
def test_a_sweep_killed_at_ten_moments_holds_each_point_once(killed_sweep: KilledSweep) -> None:
    rng = np.random.default_rng(5)
    with HandMadeCluster(n_workers=2) as cluster:
        victims: list[Callable[[], None]] = [
            lambda: kill(cluster.scheduler),
            lambda: kill(cluster.workers[0]),
            lambda: kill(killed_sweep.writer),
        ]
        for turn in range(10):
            cluster.start_missing()
            if not is_running(killed_sweep.writer):
                killed_sweep.start_writer("--scheduler", cluster.address)
            killed_sweep.wait_for_more(int(rng.integers(4, 16)))
            time.sleep(rng.uniform(0, 0.04))
            assert len(killed_sweep.book.points()) < killed_sweep.n_points
            victims[turn % 3]()
            killed_sweep.remember()
            if turn % 3 == 0:
                assert "points are in" in killed_sweep.last_words()
            elif turn % 3 == 2:
                killed_sweep.last_words()
        cluster.start_missing()
        killed_sweep.open_gate()
        killed_sweep.start_writer("--scheduler", cluster.address)
        assert "200 points: 200 finished" in killed_sweep.last_words()
    killed_sweep.check()


@pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups of POSIX")
@pytest.mark.parametrize("killed_sweep", [100], indirect=True)
def test_processes_of_this_machine_may_be_killed_and_leave_none_behind(
    killed_sweep: KilledSweep,
) -> None:
    for turn in range(3):
        if not is_running(killed_sweep.writer):
            killed_sweep.start_writer("--workers", "2")
        assert killed_sweep.writer is not None
        killed_sweep.wait_for_more(8)
        workers = find_workers(killed_sweep.writer.pid)
        assert len(workers) == 2
        if turn == 1:
            workers[0].kill()
            killed_sweep.remember()
            continue
        killed_sweep.writer.kill()
        killed_sweep.last_words()
        killed_sweep.remember()
        psutil.wait_procs(workers, timeout=1500)
        assert not any(worker.is_running() for worker in workers)
    killed_sweep.open_gate()
    killed_sweep.start_writer("--workers", "2")
    assert "100 points: 100 finished" in killed_sweep.last_words()
    killed_sweep.check()


@pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups of POSIX")
@pytest.mark.parametrize("killed_sweep", [200], indirect=True)
def test_ctrl_c_ends_all_processes_in_a_few_words(killed_sweep: KilledSweep) -> None:
    killed_sweep.start_writer("--workers", "2")
    assert killed_sweep.writer is not None
    killed_sweep.wait_for_more(8)
    workers = find_workers(killed_sweep.writer.pid)
    os.killpg(killed_sweep.writer.pid, signal.SIGINT)  # as a terminal does: to the workers too
    assert "labkit: interrupted: what has come is in" in killed_sweep.last_words()
    assert killed_sweep.writer.returncode == 130
    psutil.wait_procs(workers, timeout=1500)
    assert not any(worker.is_running() for worker in workers)


def test_a_worker_whose_answer_nobody_hears_ends_without_a_word() -> None:
    code = "from labkit.sweeps.processes import serve; serve()"
    worker = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with worker:
        assert worker.stdin is not None and worker.stdout is not None and worker.stderr is not None
        worker.stdout.close()
        pickle.dump(cloudpickle.dumps(abs), worker.stdin)
        worker.stdin.flush()
        assert worker.wait() == 1
        assert worker.stderr.read() == b""


def find_workers(pid: int) -> list[psutil.Process]:
    children = psutil.Process(pid).children(recursive=True)
    return [
        child
        for child in children
        if any("labkit.sweeps.processes" in word for word in child.cmdline())
    ]
