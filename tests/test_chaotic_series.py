"""Chaotic series: exponents, periods, random filters; against closed forms and plain loops."""

from __future__ import annotations

from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit.neighbours.chaos import (
    MAPS,
    growth_of_neighbours,
    has_no_period,
    iterate_map,
    least_period,
    load_series_task,
    lyapunov_exponent,
    z_score,
)
from labkit.neighbours.random_filters import RandomFilters, sample_filters, slide_filters
from labkit.scoring import score_all_masks


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# Maps and exponents


@pytest.mark.parametrize("name", MAPS)
def test_exponents_and_periods_are_those_of_the_reference(name: str) -> None:
    cases = [case for case in load_cases("neighbours/s15_lyapunov") if case["map"] == name]
    parameters = [case["parameter"] for case in cases]
    found = lyapunov_exponent(name, parameters)
    series = iterate_map(name, parameters, 200, rng=rng())
    periods = np.asarray(least_period(series, tolerance=1e-6, longest=64))
    for case, exponent, period in zip(cases, found, periods, strict=True):
        assert exponent == pytest.approx(case["lyapunov"], abs=case.get("tolerance", 0.01))
        assert period == case.get("period", period), case


def test_a_cycle_of_two_has_its_exponent_in_closed_form_and_is_superstable_once() -> None:
    r = np.array([3.1, 3.2, 3.3, 3.4])
    expected = np.log(np.abs(4 + 2 * r - r**2)) / 2
    assert lyapunov_exponent("logistic", r, steps=500) == pytest.approx(expected, abs=1e-9)
    assert lyapunov_exponent("logistic", 1 + 5**0.5, steps=50) < -10


@pytest.mark.parametrize("name", MAPS)
def test_an_orbit_follows_its_map(name: str) -> None:
    parameter = np.mean(MAPS[name])
    x = iterate_map(name, parameter, 30, rng=rng(1))
    for before, after in pairwise(x):
        if name == "logistic":
            assert after == pytest.approx(parameter * before * (1 - before))
        else:
            turned = before + 0.606661 - parameter / (2 * np.pi) * np.sin(2 * np.pi * before)
            assert after == pytest.approx(turned % 1)


# Periods


def test_periods_of_series_and_of_activations_are_those_of_the_reference() -> None:
    for case in load_cases("neighbours/s15_period"):
        active = slide_filters(
            [case["series"]], [case["filter"]], [case["bias"]], stride=case["stride"]
        )[0, 0]
        assert active.tolist() == case["activation"]
        assert least_period(case["series"], tolerance=0, longest=16) == case["input_period"]
        assert least_period(active, tolerance=0, longest=10) == case["activation_period"]


@given(st.integers(1, 9), st.integers(1, 6), st.integers(1, 5), st.integers(0, 99))
def test_a_period_at_a_stride_divides_what_the_stride_leaves(
    period: int, stride: int, kernel: int, seed: int
) -> None:
    draw = rng(seed)
    series = np.tile(draw.integers(-9, 9, period), 120)[:120].astype(float)
    weights = draw.integers(-3, 4, (1, kernel)).astype(float)
    active = slide_filters(series[None], weights, [0.0], stride=stride)[0, 0]
    found = int(least_period(active, tolerance=0, longest=9))
    own = int(least_period(series, tolerance=0, longest=9))
    assert period % own == 0 and (own // gcd(own, stride)) % found == 0


def test_a_constant_of_rounding_has_period_one_and_a_trend_none() -> None:
    constant = 0.1 + np.array([0, 1, 0, 1, 1, 0] * 5) * 1e-17
    assert least_period(z_score(constant), tolerance=1e-6, longest=8) == 1
    assert least_period(np.arange(30.0), tolerance=0.5, longest=20) == 0
    assert least_period(np.arange(30.0), tolerance=1, longest=20) == 1


# A task


def test_a_task_is_balanced_and_each_series_scored_by_itself() -> None:
    task = load_series_task("logistic")
    for x, y in ((task.x_train, task.y_train), (task.x_test, task.y_test)):
        assert x.shape[1] == 160 and y.mean() == 0.5
        assert x.mean(axis=1) == pytest.approx(np.zeros(len(x)), abs=1e-5)
        assert (x.std(axis=1) > 0.9).all()
    rule = has_no_period(task.x_test) == task.y_test
    growth = (growth_of_neighbours(task.x_test[:100]) > 0) == task.y_test[:100]
    assert rule.mean() > 0.97 and growth.mean() > 0.95


# Random filters


def test_features_contributions_and_costs_are_those_of_the_reference() -> None:
    for case in load_cases("neighbours/s15_random_filters"):
        series, labels = z_score(case["series"]), np.array(case["labels"])
        filters, biases, readout = (np.array(case[k]) for k in ("filters", "biases", "readout"))
        network = RandomFilters(filters, biases, readout)
        assert network.features(series) == pytest.approx(np.array(case["features"]), abs=1e-9)
        network = network.adapted(series)
        found = network.contributions(series)[..., 0]
        assert found == pytest.approx(np.array(case["contributions"]), abs=1e-9)
        for cost in ("cross_entropy", "squared_error"):
            table = score_all_masks(network, series, labels, cost=cost)
            assert table.costs == pytest.approx(np.array(case[cost]), abs=1e-6)


def test_filters_are_slid_as_a_loop_would() -> None:
    series, one = rng().normal(size=(2, 20)), sample_filters(3, 5, seed=1, stride=2)
    active = slide_filters(series, one.filters, one.biases, stride=2)
    for t in range(active.shape[2]):
        seen = series[:, 2 * t : 2 * t + 5]
        expected = np.maximum(seen @ one.filters.T + one.biases, 0)
        assert active[:, :, t] == pytest.approx(expected)
    assert one.features(series) == pytest.approx(active.max(axis=2))
    assert one.adapted(series).outputs(series, "101") == pytest.approx(
        one.contributions(series)[:, [0, 2]].sum(axis=1)
    )


def test_a_filter_of_one_feature_adds_nothing() -> None:
    silent = RandomFilters(np.ones((1, 3)), np.array([-100.0]), np.ones(1))
    assert not silent.contributions(rng().normal(size=(4, 9))).any()


BAD: list[tuple[str, Any]] = [
    ("name='tent'", lambda: iterate_map("tent", 1, 5, rng=rng())),
    ("parameter=4.5", lambda: iterate_map("logistic", 4.5, 5, rng=rng())),
    ("parameter=-1", lambda: lyapunov_exponent("sine_circle", -1)),
    ("length=0", lambda: iterate_map("logistic", 1, 0, rng=rng())),
    ("length=", lambda: iterate_map("logistic", 1, 10**15, rng=rng())),
    ("rng=", lambda: iterate_map("logistic", 1, 5, rng=3)),  # type: ignore[arg-type]
    ("tolerance=-1", lambda: least_period([1, 2, 3], tolerance=-1, longest=2)),
    ("longest=3", lambda: least_period([1, 2, 3], tolerance=0, longest=3)),
    ("series", lambda: least_period(np.zeros((2, 2, 2)), tolerance=0, longest=1)),
    ("series has shape", lambda: least_period([1], tolerance=0, longest=1)),
    ("series has shape", lambda: growth_of_neighbours([1, 2, 3])),
    ("series has shape", lambda: growth_of_neighbours(np.zeros((2, 2)))),
    ("apart=3", lambda: growth_of_neighbours(np.zeros((2, 6)), apart=3)),
    ("readout has shape", lambda: RandomFilters(np.ones((2, 3)), np.ones(2), np.ones(3))),
    ("biases has shape", lambda: RandomFilters(np.ones((2, 3)), np.ones(3), np.ones(2))),
    ("x has shape", lambda: sample_filters(1, 3, seed=0).adapted(np.zeros((0, 9)))),
    ("kernel_size=", lambda: sample_filters(1, 10**13, seed=0)),
    ("series", lambda: slide_filters([[1, 2]], np.ones((1, 3)), [0])),
    ("filters", lambda: slide_filters([[1, 2]], np.ones((2, 1)), [0])),
    ("stride=0", lambda: slide_filters([[1, 2]], np.ones((1, 1)), [0], stride=0)),
    ("kernel_size=0", lambda: sample_filters(1, 0, seed=0)),
    ("n_filters=", lambda: sample_filters(10**13, 40, seed=0)),
]  # fmt: skip


@pytest.mark.parametrize(("start", "call"), BAD)
def test_a_bad_argument_is_named_in_one_line(start: str, call: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{start}") as caught:
        call()
    assert "\n" not in str(caught.value)


# In Keras


def test_a_large_kernel_network_is_its_formula() -> None:
    keras = pytest.importorskip("keras")
    from labkit.networks import LargeKernelNetwork

    network, x = LargeKernelNetwork(4, 3, seed=1), rng().normal(size=(5, 20)).astype(np.float32)
    network(x)
    active = np.asarray(network.activations(x))
    first, second = (
        (np.asarray(layer.kernel), np.asarray(layer.bias))
        for layer in (network.first, network.second)
    )
    h = np.moveaxis(slide_filters(x, first[0][:, 0].T, first[1]), 1, 2)
    for t in range(active.shape[1]):
        u = np.einsum("stf,tfg->sg", h[:, t : t + 4], second[0]) + second[1]
        assert active[:, t] == pytest.approx(np.maximum(u, 0), abs=1e-5)
    found = np.asarray(network(x))
    read, bias = (np.asarray(of) for of in (network.readout.kernel, network.readout.bias))
    assert found == pytest.approx(active.max(axis=1) @ read + bias, abs=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(network))
    assert (again.kernel_size, again.n_filters, again.seed) == (4, 3, 1)
    for argument, options in (("kernel_size", {"kernel_size": 0}), ("dropout", {"dropout": 1.0})):
        with pytest.raises(ValueError, match=f"^{argument}"):
            LargeKernelNetwork(**options)
    with pytest.raises(ValueError, match="7 or more"):
        network(x[:, :6])
