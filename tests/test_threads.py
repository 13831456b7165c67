"""BLAS takes one thread for small products, and as many as before for all else."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from labkit.costs import PauliZCost
from labkit.networks import sample_network
from labkit.scoring import network_cost, score_all_masks
from labkit.threads import SMALL_PRODUCT, blas_threads_for


def blas_threads() -> set[int]:
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    with threadpool_limits(2, "blas"):
        if blas_threads() != {2}:
            pytest.skip("BLAS has one thread here")
        yield


def test_a_small_product_has_one_thread_and_a_large_one_what_there_was() -> None:
    with blas_threads_for(SMALL_PRODUCT):
        assert blas_threads() == {1}
    assert blas_threads() == {2}
    with blas_threads_for(SMALL_PRODUCT + 1):
        assert blas_threads() == {2}


def test_threads_come_back_after_an_error_and_from_within_another_product() -> None:
    with pytest.raises(ZeroDivisionError), blas_threads_for(1), blas_threads_for(1):
        raise ZeroDivisionError
    assert blas_threads() == {2}


def test_products_of_several_python_threads_leave_what_there_was() -> None:
    inside, leave = threading.Barrier(2), threading.Barrier(2)

    def multiply(first_out: bool) -> None:
        with blas_threads_for(1):
            inside.wait()
            if not first_out:
                leave.wait()
        if first_out:
            leave.wait()

    both = [threading.Thread(target=multiply, args=(first,)) for first in (True, False)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert blas_threads() == {2}


def test_costs_by_products_say_how_large_these_are(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[float] = []

    @contextmanager
    def note(multiplications: float) -> Iterator[None]:
        said.append(multiplications)
        yield

    for module in ("costs.sums", "scoring.network_cost", "scoring.tables"):
        monkeypatch.setattr(importlib.import_module(f"labkit.{module}"), "blas_threads_for", note)
    rng = np.random.default_rng(0)
    terms: dict[tuple[int, ...], float] = {(i, j): 1.0 for j in range(9) for i in range(j)}
    PauliZCost(terms, 9).evaluate(rng.random((5, 9)) < 0.5)
    x, y = rng.normal(size=(40, 2)), np.arange(40) % 2
    network: Any = sample_network(2, 9, seed=0).adapted(x)
    network_cost(network, x, y).evaluate(rng.random((5, 9)) < 0.5)
    score_all_masks(network, x, y)
    assert said == [5 * 9 * 9, 5 * 9 * 40, 2**9 * 40]
