"""QAOA in compiled loops, complex64: each mixer on the masks that it reaches.

Behind this door `compiled` says which loops run, and `loops` on how many threads; `kernels` and
`rotations` rotate every qubit with instructions from `registers`; `phases` turns phases, and has
the Grover mixer; `ring` is the ring mixer. Numba is imported when the first of them runs;
where it is missing `labkit.simulators.staged` does the same in NumPy.
"""

from labkit.simulators.engine.compiled import CompiledSubspace, CompiledX, warm_up

__all__ = ["CompiledSubspace", "CompiledX", "warm_up"]
