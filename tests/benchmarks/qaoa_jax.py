"""QAOA in JAX."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.measuring import Call
from benchmarks.qaoa_instances import TABLE, Instance, Peer

_MOST_BYTES = 6e9  # of a gradient


def _jax_objective(instance: Instance, group: int) -> Callable[..., Any]:
    """The mean cost in JAX; the mixer rotates some qubits at a time by one small matrix.

    One axis after another as `c * s + i * s[:, ::-1]` was given up: it had not compiled in 100 s.
    """
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    n, costs = instance.n, jnp.asarray(instance.table.costs, jnp.float32)

    def objective(gammas: Any, betas: Any) -> Any:
        state = jnp.full(2**n, 2 ** (-n / 2), jnp.complex64)
        for gamma, beta in zip(gammas, betas, strict=True):
            angle = gamma * costs
            state = state * jax.lax.complex(jnp.cos(angle), -jnp.sin(angle))
            one = jnp.cos(beta) * jnp.eye(2) + 1j * jnp.sin(beta) * jnp.eye(2)[::-1]
            for start in range(0, n, group):
                rotation = jnp.ones((1, 1))
                for _ in range(min(group, n - start)):
                    rotation = jnp.kron(rotation, one)
                state = (rotation @ state.reshape(len(rotation), -1)).T.reshape(-1)
        return jnp.sum((state.real**2 + state.imag**2) * costs)

    return objective


def _jax_value(instance: Instance) -> Call:
    # of 2 to 7 at a time the fastest at n = 8, 12, 16 and 20, or within a few percent of it
    jitted = import_module("jax").jit(_jax_objective(instance, 3 if instance.n < 16 else 4))
    gammas, betas = _float32(instance)
    jitted(gammas, betas)  # compiles
    return lambda: float(jitted(gammas, betas))


def _jax_gradient(instance: Instance) -> Call:
    jax = import_module("jax")
    jitted = jax.jit(jax.value_and_grad(_jax_objective(instance, 3), argnums=(0, 1)))
    gammas, betas = _float32(instance)

    def call() -> Any:
        value, gradient = jitted(gammas, betas)
        return float(value), *map(np.asarray, gradient)

    call()  # compiles
    return call


def gradient_bytes(n: int, p: int) -> int:
    """What reverse mode keeps, by estimate: of each layer the state before each of its factors.

    These are a product with a phase, that needs its cosine, its sine and the state, and a rotation
    for every 3 qubits; beside them are some four states.
    """
    return 8 * 2**n * (p * (math.ceil(n / 3) + 3) + 4)


def _float32(instance: Instance) -> tuple[Any, Any]:
    return instance.gammas.astype(np.float32), instance.betas.astype(np.float32)


PEER = Peer(
    "JAX jit",
    lambda n, gradient: TABLE,
    lambda n, p, gradient: not gradient or gradient_bytes(n, p) <= _MOST_BYTES,
    _jax_value,
    _jax_gradient,
)
