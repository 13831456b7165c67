"""Run by `fresh_processes` in a process of its own: `python busy_script.py N_BUSY`.

Beside so many busy processes, what evaluations and selectors take over what their share of a core
explains: the seconds that one core needs for them, times what a loop waits for each of its own.
Prints {name: [ratio, how long the loop waits]} as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

_ROUNDS, _SAMPLE = 7, 0.05  # seconds
Calls = dict[str, Callable[[], object]]


def calls() -> Calls:
    """What is timed, on networks and polynomials whose products BLAS would share among threads."""
    import numpy as np

    from labkit import selectors
    from labkit.datasets import load_task
    from labkit.networks import sample_network
    from labkit.scoring import network_cost, quadratic_cost, score_all_masks

    task = load_task("breast_cancer")
    data = task.x_train, task.y_train
    network = sample_network(task.n_features, 512, 1, scale=2.0, seed=1).adapted(task.x_train)
    small = sample_network(task.n_features, 12, 1, scale=2.0, seed=1).adapted(task.x_train)
    cost, polynomial = network_cost(network, *data), quadratic_cost(network, *data)
    masks = np.random.default_rng(0).random((64, 512)) < 0.5

    def search(name: str, over: Any, **options: Any) -> object:
        selector, rng = getattr(selectors, name), np.random.default_rng(0)
        return selectors.run(selector, over, rng=rng, **options)

    return {
        "one mask of a network": partial(cost.evaluate, masks[0]),
        "64 masks of a network": partial(cost.evaluate, masks),
        "one mask of a polynomial": partial(polynomial.evaluate, masks[0]),
        "64 masks of a polynomial": partial(polynomial.evaluate, masks),
        "a table of 12 neurons": partial(score_all_masks, small, *data),
        "one-flip search": partial(search, "one_flip_search", cost),
        "annealing": partial(search, "simulated_annealing", polynomial),
        "tabu search": partial(search, "tabu_search", polynomial, max_cost_queries=50_000),
        "genetic search": partial(search, "genetic_search", cost, generations=5),
    }


@contextmanager
def busy(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """As many processes that do nothing but take their share of the cores."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def spin() -> None:
    """Some milliseconds of one core."""
    for _ in range(200_000):
        pass


def seconds(call: Callable[[], object], count: int) -> float:
    """Of one call, wall time."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def measure(call: Callable[[], object]) -> list[float]:
    """Over its share of a core, and what a loop takes over what it needs, over some rounds."""
    from threadpoolctl import threadpool_limits

    count, sums = max(1, round(_SAMPLE / seconds(call, 1))), [0.0] * 4
    for _ in range(_ROUNDS):
        sums[0] += seconds(call, count) * count
        start = time.process_time()
        with threadpool_limits(1, "blas"):
            seconds(call, count)
        sums[1] += time.process_time() - start
        start = time.process_time()
        sums[2] += seconds(spin, 3) * 3
        sums[3] += time.process_time() - start
    waits = sums[2] / sums[3]
    return [sums[0] / sums[1] / waits, waits]


def main(n_busy: int) -> dict[str, list[float]]:
    """By name, of each call."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    timed = calls()
    for call in timed.values():
        call()
    with busy(n_busy):
        return {name: measure(call) for name, call in timed.items()}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
