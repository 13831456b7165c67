"""QAOA as what it does to amplitudes: no circuit, no Cirq; the phase is a product in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles, check_mixer
from labkit.costs import Cost
from labkit.limits import check_register, show_value
from labkit.simulators.mixers import Stage, State, build_stages, start_state
from labkit.simulators.states import ComplexArray

FloatArray = npt.NDArray[np.float64]
# a state, its adjoint and their products, complex128, beside the costs
BYTES_PER_MASK = 112


def evolve_qaoa(
    cost: Cost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
) -> ComplexArray:
    """The state prod_l exp(-i beta_l B) exp(-i gamma_l C) |start>, layer 1 first.

    Args:
        cost: C, not rescaled.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.
        mixer: B, 'x', 'grover' or 'ring', see `labkit.ansatz`.
        n_active: neurons that every mask keeps, the start being the Dicke state; None for the
            uniform start. 'ring' needs one, 'x' has none.

    Returns:
        complex64 (2^n,) by mask index.

    Raises:
        TypeError: an argument is not of its kind.
        ValueError: angles of different lengths, an unknown mixer, or `n_active` out of range.
        TooLargeError: the state does not fit in memory.
    """
    return qaoa_state(cost, gammas, betas, mixer=mixer, n_active=n_active).astype(np.complex64)


def qaoa_state(
    cost: Cost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
) -> State:
    """The state of `evolve_qaoa` in full precision, complex128 (2^n,)."""
    return _Ansatz.of(cost, mixer, n_active).evolve(*check_angles(gammas, betas))


def qaoa_expectation(
    cost: Cost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
) -> float:
    """The mean cost <psi|C|psi> of the masks that the state of `evolve_qaoa` gives.

    Args and Raises as for `evolve_qaoa`.
    """
    ansatz = _Ansatz.of(cost, mixer, n_active)
    return ansatz.expectation(ansatz.evolve(*check_angles(gammas, betas)))


def qaoa_value_and_gradient(
    cost: Cost,
    gammas: npt.ArrayLike,
    betas: npt.ArrayLike,
    *,
    mixer: str = "x",
    n_active: int | None = None,
) -> tuple[float, FloatArray, FloatArray]:
    """The mean cost and its derivatives by all 2p angles, in one pass back (adjoint method).

    With |lambda> = C|psi> taken back through the layers beside |psi>, the derivative by the angle
    of a factor exp(-i theta G) is 2 Im <lambda|G|psi>.

    Args and Raises as for `evolve_qaoa`.

    Returns:
        value, dgammas float64 (p,), dbetas float64 (p,).

    Reference: Jones and Gacon 2020, arXiv 2009.02823.
    """
    ansatz, (gammas, betas) = _Ansatz.of(cost, mixer, n_active), check_angles(gammas, betas)
    psi = ansatz.evolve(gammas, betas)
    value, lam = ansatz.expectation(psi), ansatz.costs * psi
    dgammas, dbetas = np.zeros_like(gammas), np.zeros_like(betas)
    for layer in reversed(range(len(gammas))):
        for stage in reversed(ansatz.stages):
            dbetas[layer] += 2 * np.vdot(lam, stage.generator(psi)).imag
            psi, lam = (stage.evolve(state, -betas[layer]) for state in (psi, lam))
        dgammas[layer] = 2 * np.vdot(lam, ansatz.costs * psi).imag
        phase = np.exp(1j * gammas[layer] * ansatz.costs)
        psi, lam = phase * psi, phase * lam
    return value, dgammas, dbetas


@dataclass(frozen=True, eq=False)
class _Ansatz:
    """Everything about a QAOA state but its angles."""

    costs: FloatArray
    start: State
    stages: Sequence[Stage]

    @classmethod
    def of(cls, cost: Cost, mixer: str, n_active: int | None) -> _Ansatz:
        if not hasattr(cost, "to_table"):
            raise TypeError(f"cost={show_value(cost)} is not a cost such as a CostTable")
        what = "QAOA states"
        n = check_register("n_neurons", cost.n_neurons, bytes_per_mask=BYTES_PER_MASK, what=what)
        mixer, n_active = check_mixer(mixer, n_active, n)
        stages = build_stages(mixer, n, n_active)
        return cls(cost.to_table().costs, start_state(n, n_active), stages)

    def evolve(self, gammas: FloatArray, betas: FloatArray) -> State:
        state = self.start
        for gamma, beta in zip(gammas, betas, strict=True):
            state = np.exp(-1j * gamma * self.costs) * state
            for stage in self.stages:
                state = stage.evolve(state, beta)
        return state

    def expectation(self, state: State) -> float:
        return float(np.vdot(state, self.costs * state).real / np.vdot(state, state).real)
