"""QAOA in compiled loops, complex64: each mixer on the masks that it reaches.

Behind this door `compiled` says which loops run, `kernels` and `rotations` rotate every qubit with
instructions from `registers`, `phases` turns phases, `shifts` and `ring` are the other mixers.
Numba is imported when the first of them runs.
"""

from labkit.simulators.engine.compiled import CompiledSubspace, CompiledX, warm_up

__all__ = ["CompiledSubspace", "CompiledX", "warm_up"]
