"""Kernels of wide networks: against independent cases, random networks and dense algebra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference_cases import load_cases
from scipy.integrate import dblquad
from scipy.special import erf

from labkit.neighbours.kernels import (
    MU,
    class_by,
    condition_number,
    convergence_depth,
    deep_erf_kernel,
    keep,
    kernel_machine,
    overlap,
    preparation_runs,
    readout_shots,
    separability,
    sparsity_pattern,
    unit_rows,
    wide_kernel,
)

KERNELS = load_cases("neighbours/ntk_public")
MACHINES = load_cases("neighbours/kernel_machine_public")


def draw_unit_rows(n: int, features: int, seed: int = 3) -> np.ndarray[Any, Any]:
    return unit_rows(np.random.default_rng(seed).normal(size=(n, features)))


@pytest.mark.parametrize("case", KERNELS, ids=lambda case: f"depth {case['depth']}")
def test_kernels_are_those_of_the_reference(case: dict[str, Any]) -> None:
    nngp, ntk = deep_erf_kernel(case["inner_products"], case["depth"])
    assert nngp == pytest.approx(np.array(case["nngp"]), abs=1e-9)
    assert ntk == pytest.approx(np.array(case["ntk"]), rel=1e-8, abs=1e-8)
    diagonal = deep_erf_kernel(1.0, case["depth"])[1]
    assert ntk / diagonal == pytest.approx(np.array(case["ntk_over_diagonal"]), abs=1e-9)


@pytest.mark.parametrize("case", MACHINES, ids=lambda case: f"n = {len(case['y'])}")
def test_kernel_machines_are_those_of_the_reference(case: dict[str, Any]) -> None:
    train, test = np.array(case["x_train"]), np.array(case["x_test"])
    pattern, y = np.array(case["pattern"]), np.array(case["y"])
    kernel = wide_kernel(train, depth=case["depth"])
    rows = wide_kernel(test, train, depth=case["depth"])
    assert kernel == pytest.approx(np.array(case["kernel"]), abs=1e-8)
    assert rows == pytest.approx(np.array(case["kernel_test"]), abs=1e-8)
    solved = {name: kernel_machine(kernel, y, p) for name, p in
              (("exact", None), ("sparse", pattern), ("diagonal", np.eye(len(y))))}  # fmt: skip
    for name, vector in solved.items():
        assert rows @ vector == pytest.approx(np.array(case[name]), abs=1e-7)
    for name in ("sparse", "diagonal"):
        expected = np.array(case[f"overlap_{name}"])
        assert overlap(rows, solved[name]) == pytest.approx(expected, abs=1e-7)
    shots = readout_shots(rows, solved["diagonal"])
    assert shots == pytest.approx(np.array(case["shots_diagonal"]), rel=1e-6)
    assert preparation_runs(rows) == pytest.approx(np.array(case["post_selection"]), rel=1e-6)
    assert condition_number(kernel) == pytest.approx(case["condition_exact"], rel=1e-6)
    assert condition_number(kernel, pattern) == pytest.approx(case["condition_sparse"], rel=1e-6)


@pytest.mark.parametrize("rho", [-0.7, 0.0, 0.4])
def test_a_layer_is_the_mean_over_gaussian_pairs(rho: float) -> None:
    """kappa(rho) = E[phi(u) phi(v)], kappa' = E[phi' phi'], phi = erf normalised, by quadrature."""
    scale = np.pi / 2 / np.arcsin(2 / 3)
    spread = np.sqrt(1 - rho**2)

    def mean(f: Any) -> float:
        def inner(a: float, b: float) -> float:
            u, v = b, rho * b + spread * a
            return float(f(u) * f(v) * np.exp(-(a * a + b * b) / 2) / (2 * np.pi))

        return float(scale * dblquad(inner, -7, 7, -7, 7, epsabs=1e-7, epsrel=1e-7)[0])

    nngp, ntk = deep_erf_kernel(rho, 1)
    assert nngp == pytest.approx(mean(erf), abs=1e-6)
    slope = mean(lambda u: 2 / np.sqrt(np.pi) * np.exp(-(u**2)))
    assert ntk == pytest.approx(nngp + rho * slope, abs=1e-6)


def test_the_gradients_of_a_wide_network_have_the_kernel_as_inner_products() -> None:
    x, width, rng = draw_unit_rows(4, 3), 20_000, np.random.default_rng(1)
    w, v = rng.normal(size=(3, width)), rng.normal(size=width)
    scale = np.sqrt(np.pi / 2 / np.arcsin(2 / 3) / width)
    h = x @ w
    by_v = scale * erf(h)
    by_w = scale * v * 2 / np.sqrt(np.pi) * np.exp(-(h**2))
    empirical = by_v @ by_v.T + (x @ x.T) * (by_w @ by_w.T)
    assert empirical == pytest.approx(deep_erf_kernel(x @ x.T, 1)[1], abs=0.06)


def test_depth_takes_the_kernel_to_the_identity() -> None:
    x = draw_unit_rows(12, 5)
    off = [np.abs(wide_kernel(x, depth=depth) - np.eye(12)).max() for depth in (1, 8, 32, 64)]
    assert off == sorted(off, reverse=True) and off[-1] < 1e-4
    depths = range(40)
    ratios = [float(np.divide(*deep_erf_kernel([0.5, 1.0], d)[1])) for d in depths]
    assert next(d for d in depths if ratios[d] < 0.01) == 19


def test_the_separable_depth_is_the_formula() -> None:
    x = np.array([[1.0, 0.0], [0.6, 0.8], [-0.8, 0.6]])
    assert separability(x) == pytest.approx(0.2)
    assert separability([[1.0, 0.0], [1.0, 0.0]]) == 0
    assert round(MU, 4) == 0.0864
    assert convergence_depth(16, 0.2) == pytest.approx(8 * np.log(80) / MU)
    below = 0.1 * convergence_depth(12, separability(draw_unit_rows(12, 5)))
    kernel = wide_kernel(draw_unit_rows(12, 5), depth=round(below))
    assert condition_number(kernel) < 1.1


@pytest.mark.parametrize("n", [1, 2, 16, 200])
def test_a_pattern_is_symmetric_keeps_the_diagonal_and_about_log_n_in_a_row(n: int) -> None:
    y = np.where(np.arange(n) % 2, 1, -1)
    pattern = sparsity_pattern(y, rng=np.random.default_rng(1))
    other = sparsity_pattern(y, rng=np.random.default_rng(1), by_label=False)
    assert pattern.dtype == bool and (pattern == pattern.T).all() and pattern.diagonal().all()
    assert not (pattern & (y[:, None] != y)).any()
    assert (pattern == (other & (y[:, None] == y))).all()
    if n == 200:
        assert other.sum() / n - 1 == pytest.approx(np.log(n), rel=0.1)


def test_a_machine_solves_the_entries_that_are_kept() -> None:
    kernel, y = wide_kernel(draw_unit_rows(9, 4), depth=4), np.where(np.arange(9) % 2, 1, -1)
    pattern = sparsity_pattern(y, rng=np.random.default_rng(2))
    vector = kernel_machine(kernel, y, pattern)
    assert (kernel * pattern) @ vector == pytest.approx(y)
    assert kernel_machine(kernel, y, np.eye(9)) == pytest.approx(y)
    assert keep(kernel, pattern)[~pattern].tolist() == [0] * int((~pattern).sum())


@settings(max_examples=25, deadline=None)
@given(arrays(float, 6, elements=st.floats(0.1, 1)), st.integers(0, 2**32 - 1))
def test_a_drawn_index_needs_as_many_samples_as_a_shot(k: np.ndarray[Any, Any], seed: int) -> None:
    """1/o^2 - 1 is the relative variance of one weighed index, and of one outcome +-1."""
    v = np.random.default_rng(seed).normal(size=6)
    chances = v**2 / (v @ v)
    weighed = k * (v @ v) / v
    mean = chances @ weighed
    assert mean == pytest.approx(k @ v)
    variance = chances @ weighed**2 - mean**2
    o = overlap(k, v)
    assert readout_shots(k, v) == pytest.approx(variance / mean**2, rel=1e-6)
    assert readout_shots(k, v) == pytest.approx((1 - o**2) / o**2, rel=1e-6)


def test_the_read_out_of_the_exercise() -> None:
    assert readout_shots([1, 0.5, 0.25, 0.25], [1, 1, -1, 1]) == pytest.approx(1.4444, abs=1e-4)
    assert np.isinf(readout_shots([1.0, 1.0], [1.0, -1.0]))
    assert readout_shots([[2.0, 2.0], [1.0, 0.0]], [1.0, 1.0]) == pytest.approx([0, 1])


def test_the_median_calls_half_of_any_set_positive() -> None:
    f = [0.9, 0.8, 0.7, 0.6, -0.1, 0.5]
    assert class_by(f).tolist() == [1, 1, 1, 1, -1, 1]
    assert class_by(f, threshold="median").tolist() == [1, 1, 1, -1, -1, -1]


IDENTITY = np.eye(3)
REFUSED: dict[str, Callable[[], object]] = {
    "inner_products holds .1.5": lambda: deep_erf_kernel([0.2, 1.5], 1),
    "inner_products holds a value that is not finite": lambda: deep_erf_kernel([np.nan], 1),
    "depth=-1 is too small": lambda: deep_erf_kernel([0.2], -1),
    "depth=1001 is too large": lambda: deep_erf_kernel([0.2], 1001),
    "x holds no direction at row 1": lambda: unit_rows([[1.0, 0.0], [0.0, 0.0]]),
    "x has length 2 at row 0": lambda: separability([[2.0, 0.0], [1.0, 0.0]]),
    "x has 1 samples": lambda: separability([[1.0, 0.0]]),
    r"x has shape \(2,\)": lambda: wide_kernel([1.0, 0.0], depth=1),
    "other has 3 features": lambda: wide_kernel([[1.0, 0.0]], [[1.0, 0.0, 0.0]], depth=1),
    "n=0 is too small": lambda: convergence_depth(0, 0.1),
    "delta=0 is not a finite number above 0": lambda: convergence_depth(4, 0),
    "delta=1.5 is too large": lambda: convergence_depth(4, 1.5),
    "y=3 has shape": lambda: sparsity_pattern(3, rng=np.random.default_rng(1)),
    "y holds a value that is not finite": lambda: sparsity_pattern(
        [1.0, np.nan], rng=np.random.default_rng(1)
    ),
    "rng=3 is not a numpy.random.Generator": lambda: sparsity_pattern([1, -1], rng=3),  # type: ignore[arg-type]
    r"kernel has shape \(2, 3\)": lambda: kernel_machine(np.ones((2, 3)), [1, -1]),
    "kernel is not symmetric": lambda: kernel_machine([[1.0, 0.5], [0.0, 1.0]], [1, -1]),
    "kernel is singular": lambda: kernel_machine(np.ones((3, 3)), [1, -1, 1]),
    r"y has shape \(2,\)": lambda: kernel_machine(IDENTITY, [1, -1]),
    r"pattern has shape \(2, 2\)": lambda: kernel_machine(IDENTITY, [1, -1, 1], np.eye(2)),
    "pattern is not symmetric": lambda: kernel_machine(IDENTITY, [1, 1, 1], np.triu(np.ones(3))),
    r"kernel_test has shape \(3,\)": lambda: readout_shots([1, 1, 1], [1, 1]),
    "all zeros": lambda: readout_shots([[1, 1], [0, 0]], [1, 1]),
    "kernel_test has shape .* or a row of zeros": lambda: preparation_runs([[1, 1], [0, 0]]),
    "threshold='mean' is unknown": lambda: class_by([1.0], threshold="mean"),
}


@pytest.mark.parametrize("said", REFUSED)
def test_bad_input_is_refused_in_one_line(said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said) as refused:
        REFUSED[said]()
    assert "\n" not in str(refused.value)


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(
        st.none(),
        st.text(max_size=3),
        st.floats(1.001, 1e300),
        st.floats(-1e300, -1.001),
        st.sampled_from([np.nan, np.inf, -np.inf]),
        st.just([[0.1, 0.2], [0.3]]),
        st.just(1j),
    )
)
def test_no_inner_product_but_that_of_unit_vectors_is_taken(value: object) -> None:
    with pytest.raises((TypeError, ValueError), match="inner_products") as refused:
        deep_erf_kernel(value, 3)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_a_pattern_that_does_not_fit_is_refused_before_it_is_made() -> None:
    with pytest.raises(MemoryError, match="the pattern"):
        sparsity_pattern(np.zeros(3_000_000), rng=np.random.default_rng(1))
