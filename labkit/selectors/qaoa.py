"""Selection by QAOA: a state that leans towards low cost, measured some times."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles, check_mixer, ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import AnyCost, CostTable, LocalCost, PauliZCost, as_cost
from labkit.costs.tables import centred_table
from labkit.limits import check_choice, check_integer, check_number, show_value
from labkit.selectors.meter import CostMeter
from labkit.simulators import evolve_qaoa, qaoa_value_and_gradient, sample_masks, sample_state
from labkit.threads import one_blas_thread

if TYPE_CHECKING:
    import cirq

    from labkit.circuits.qubits import Qubits

Angles = tuple[FloatArray, FloatArray]

ANGLES = ("ramp", "gradient", "sampled")


def qaoa_sampling(
    meter: CostMeter,
    *,
    rng: np.random.Generator,
    p: int | None = None,
    shots: int = 64,
    angles: str | tuple[npt.ArrayLike, npt.ArrayLike] = "ramp",
    cvar: float = 1.0,
    evaluations: int = 50,
    mixer: str = "x",
    n_active: int | None = None,
    sampler: cirq.Sampler | None = None,
    qubits: Qubits | None = None,
) -> None:
    """Prepares a QAOA state, measures it `shots` times, and asks the cost of each mask found.

    The angles are those of a ramp, which needs no training; or given, as transferred from another
    problem; or trained from the ramp: by the exact gradient of the mean cost (L-BFGS), or on the
    mean of the best share `cvar` of measured costs (COBYLA), which is all that hardware offers.

    The ledger counts p cost layers for each shot and one query for each measured mask, those of
    the training too. An exact evaluation in training is one circuit run without shots and 2p
    cost layers, forward and back. A phase layer made from a table has taken 2^n forward passes.

    Args:
        meter: the cost; a polynomial or local one is used as such, any other as a table.
        rng: source of the measurement outcomes, without a `sampler`.
        p: number of layers, at least 1; by default 4, or that of the angles given.
        shots: measurements of the final state, and of each state that is tried in training.
        angles: 'ramp', 'gradient', 'sampled', or gammas and betas (p,) each for a cost of standard
            deviation 1: gammas are divided by that of this cost.
        cvar: in (0, 1], the share of best outcomes whose mean is trained; 1 is the mean of all.
        evaluations: states tried in training, at most.
        mixer: 'x', 'grover' or 'ring', see `labkit.ansatz`.
        n_active: neurons that every mask keeps; 'ring' needs it.
        sampler: runs the circuits; by default outcomes are drawn from the exact state.
        qubits: of its circuits, by neuron, see `qaoa_circuit`; without a `sampler` not used.

    Raises:
        ValueError: `cvar` is below 1 with angles that are not 'sampled'.
        TooLargeError: the state does not fit in memory.

    Reference: Farhi et al. 2014, arXiv 1411.4028; Barkoutsos et al. 2020, arXiv 1907.04769 (CVaR).
    """
    p, given = _check_layers(p, angles)
    check_mixer(mixer, n_active, meter.n_neurons)
    share = _check_cvar(cvar, angles)
    shots = check_integer("shots", shots, minimum=1)
    evaluations = check_integer("evaluations", evaluations, minimum=1)
    if not isinstance(meter.cost, PauliZCost | LocalCost):
        meter.count_table(meter.n_neurons)
    cost = with_phase(meter.cost)
    mixing = {"mixer": mixer, "n_active": n_active}
    source = _Source(meter, cost, rng, shots, mixing, sampler, qubits)
    chosen = given or ramp_angles(p, meter.n_neurons, std=1.0)
    if given is None and angles == "gradient":
        chosen = _train_by_gradient(source, chosen, evaluations)
    elif given is None and angles == "sampled":
        chosen = _train_by_sampling(source, chosen, evaluations, share)
    source.sample(chosen)


def optimise_angles(
    cost: AnyCost,
    start: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    evaluations: int = 50,
    mixer: str = "x",
    n_active: int | None = None,
) -> Angles:
    """Angles of a low mean cost near a start, by the exact gradient (L-BFGS).

    Args:
        cost: what to minimise.
        start: gammas and betas (p,), for a cost of standard deviation 1.
        evaluations: of the mean cost and its gradient, at most.
        mixer: 'x', 'grover' or 'ring', see `labkit.ansatz`.
        n_active: neurons that every mask keeps; 'ring' needs it.

    Returns:
        gammas and betas, float64 (p,), for a cost of standard deviation 1: they can be transferred.

    Raises:
        TooLargeError: the state does not fit in memory.
    """
    check_integer("evaluations", evaluations, minimum=1)
    angles = check_angles(*start)
    meter = CostMeter(with_phase(cost))
    mixing = {"mixer": mixer, "n_active": n_active}
    source = _Source(meter, meter.cost, np.random.default_rng(0), 1, mixing, None)
    return _train_by_gradient(source, angles, evaluations)


def with_phase(cost: AnyCost) -> CostTable | PauliZCost | LocalCost:
    """A cost in a form of which a phase layer can be made: its own, or a table."""
    if isinstance(cost, CostTable | PauliZCost | LocalCost):
        return cost
    return as_cost(cost).to_table()


@dataclass(frozen=True, eq=False)
class _Source:
    """States by their angles: their exact mean cost, or masks measured from them."""

    meter: CostMeter
    cost: Any
    rng: np.random.Generator
    shots: int
    mixing: dict[str, Any]
    sampler: cirq.Sampler | None
    qubits: Qubits | None = None

    @cached_property
    def scale(self) -> float:
        """The standard deviation of the cost, or 1 where it is the same everywhere."""
        return float(self.cost.std) or 1.0

    @cached_property
    def mean(self) -> float:
        """Over all masks: an optimiser that ends by relative gains must not see it."""
        return float(self.cost.mean)

    @cached_property
    def table(self) -> CostTable:
        """The phases of the exact state, made once, without a constant."""
        return centred_table(self.cost)[0]

    def scaled(self, angles: Angles) -> Angles:
        """Gammas for this cost, from those for a cost of standard deviation 1."""
        return angles[0] / self.scale, angles[1]

    def sample(self, angles: Angles) -> FloatArray:
        """The costs of measured masks, each asked for, (shots,)."""
        if self.sampler is None:
            state = evolve_qaoa(self.table, *self.scaled(angles), **self.mixing)
            masks = sample_state(state, self.shots, rng=self.rng)
        else:
            from labkit.circuits.qaoa import qaoa_circuit
            from labkit.circuits.qubits import choose_qubits

            qubits = choose_qubits(self.qubits, self.cost.n_neurons)
            circuit = qaoa_circuit(self.cost, *self.scaled(angles), **self.mixing, qubits=qubits)
            how: dict[str, Any] = {"qubits": qubits, "sampler": self.sampler}
            masks = sample_masks(circuit, self.shots, rng=self.rng, **how)
        self.meter.count(circuit_runs=1, shots=self.shots, cost_layers=len(angles[0]) * self.shots)
        return self.meter.evaluate(masks)

    def value_and_gradient(self, angles: Angles) -> tuple[float, FloatArray]:
        """The mean cost above that of all masks, in standard deviations, and its gradient (2p,)."""
        self.meter.count(circuit_runs=1, cost_layers=2 * len(angles[0]))
        scaled = self.scaled(angles)
        value, dgammas, dbetas = qaoa_value_and_gradient(self.table, *scaled, **self.mixing)
        gradient = np.concatenate([dgammas / self.scale, dbetas])
        return (value - self.table.mean) / self.scale, gradient / self.scale


def _train_by_gradient(source: _Source, start: Angles, evaluations: int) -> Angles:
    return _minimise(source.value_and_gradient, start, evaluations, jac=True, method="L-BFGS-B")


def _train_by_sampling(source: _Source, start: Angles, evaluations: int, share: float) -> Angles:
    def best_share(angles: Angles) -> float:
        costs = np.sort(source.sample(angles))
        best = costs[: math.ceil(share * len(costs))] - source.mean
        return float(best.mean() / source.scale)

    return _minimise(best_share, start, evaluations, method="COBYLA", options={"rhobeg": 0.2})


class _Enough(Exception):
    """Ends an optimiser that has used up its evaluations."""


def _minimise(
    objective: Callable[[Angles], Any], start: Angles, evaluations: int, **how: Any
) -> Angles:
    """The best angles that a scipy optimiser tried, in at most `evaluations` of the objective."""
    from scipy.optimize import minimize

    tried: list[tuple[float, FloatArray]] = []

    def counted(flat: FloatArray) -> Any:
        if len(tried) == evaluations:
            raise _Enough
        result = objective(_split(flat))
        tried.append((result[0] if isinstance(result, tuple) else result, flat.copy()))
        return result

    # of 2p numbers: several BLAS threads would only wait for one another, long on a busy machine
    with suppress(_Enough), one_blas_thread():
        minimize(counted, np.concatenate(start), **how)
    return _split(min(tried, key=lambda value_and_flat: value_and_flat[0])[1])


def _split(flat: FloatArray) -> Angles:
    return flat[: len(flat) // 2], flat[len(flat) // 2 :]


def _check_layers(p: Any, angles: Any) -> tuple[int, Angles | None]:
    """The number of layers, and the angles where they are given."""
    if isinstance(angles, str):
        check_choice("angles", angles, ANGLES)
        return check_integer("p", 4 if p is None else p, minimum=1), None
    if not isinstance(angles, tuple | list) or len(angles) != 2:
        shown = f"angles={show_value(angles)}"
        raise TypeError(f"{shown} is no pair of arrays (known: {', '.join(ANGLES)})")
    given = check_angles(*angles)
    if p is not None and p != len(given[0]):
        raise ValueError(f"p={show_value(p)} with angles of {len(given[0])} layers (limit: None)")
    return len(given[0]), given


def _check_cvar(cvar: Any, angles: Any) -> float:
    share = check_number("cvar", cvar)
    if not 0 < share <= 1:
        raise ValueError(f"cvar={share} is not a share (limit: above 0, at most 1)")
    if share < 1 and not (isinstance(angles, str) and angles == "sampled"):
        raise ValueError(f"cvar={share} is trained with angles='sampled' only (limit: 1)")
    return share
