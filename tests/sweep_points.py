"""Functions for the points of sweeps, in a module that worker processes import."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from labkit.sweeps import Outcome, select_neurons

HEAVY = ("cirq", "qsimcirq", "tensorflow", "keras", "pandas")


def multiply(parameters: Mapping[str, Any], seed: int) -> Outcome:
    return Outcome({"product": parameters["factor"] * seed}, {"cost_queries": seed})


def name_task(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What the task that came is called."""
    return Outcome({"name": parameters["task"].name})


def log_and_sleep(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Says that it has begun; works for a while once the file `gate` holds a larger number."""
    _log(parameters, seed)
    while "gate" in parameters and seed >= int(Path(parameters["gate"]).read_text() or 0):
        time.sleep(0.005)
    time.sleep(parameters["seconds"])
    return Outcome({"square": seed**2}, attachments={"numbers": np.arange(seed % 7 + 1)})


def fail_sometimes(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Fails at seed 1 unless a file is there, and in other ways at other seeds."""
    if seed == 1 and not Path(parameters["mended"]).exists():
        raise RuntimeError("one is\nno good")
    if seed == 2:
        return Outcome({"value": object()})
    if seed == 3:
        return {"value": 3}  # type: ignore[return-value]
    if seed == 4:
        sys.exit("leaving")
    return Outcome({"value": seed})


def interrupt_at_three(parameters: Mapping[str, Any], seed: int) -> Outcome:
    _log(parameters, seed)
    if seed == 3:
        raise KeyboardInterrupt
    return Outcome({"value": seed})


def die_at_three(parameters: Mapping[str, Any], seed: int) -> Outcome:
    _log(parameters, seed)
    if seed == 3:
        os._exit(1)
    return Outcome({"value": seed})


def take_too_much_at_three(parameters: Mapping[str, Any], seed: int) -> Outcome:
    _log(parameters, seed)
    held = []
    while seed == 3:
        held.append(np.ones(2**22))
        time.sleep(0.01)
    return Outcome({"value": seed})


def die_while_answering_at_three(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """At seed 3 it dies in a second, when nobody has taken more of the answer than a pipe holds."""
    _log(parameters, seed)
    if seed == 3:
        threading.Timer(1, os._exit, [1]).start()
    return Outcome({"value": seed}, attachments={"numbers": np.zeros(2**20 if seed == 3 else 1)})


def sleep_long(parameters: Mapping[str, Any], seed: int) -> Outcome:
    time.sleep(36_000 if seed else 0)
    return Outcome({"value": seed})


def look_around(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """What a worker has loaded and set after a classical selection."""
    select_neurons(parameters, seed)
    threads = [f"{k}={v}" for k, v in os.environ.items() if k.endswith("_NUM_THREADS")]
    loaded = [name for name in HEAVY if name in sys.modules]
    return Outcome({"loaded": " ".join(loaded), "threads": " ".join(threads)})


def _log(parameters: Mapping[str, Any], seed: int) -> None:
    """Appends the seed to a file, by one write."""
    with Path(parameters["log"]).open("ab", buffering=0) as log:
        log.write(f"{seed}\n".encode())
