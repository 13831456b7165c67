"""Threads that run one compiled loop together, each its shares, and wait for one another.

They wait in compiled code, since handing every pass to threads anew takes a tenth of a millisecond.

Numba's cache does not see a change here: after one, remove it (`make clean`).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from labkit.simulators.engine.phases import compiled
from labkit.simulators.engine.shares import FLAG

_SPINS = 1000  # looks at a flag before another thread is let in
_instruction: Any = intrinsic


@compiled
def alone() -> Any:
    """The flags of a team of one."""
    return np.zeros((1, FLAG), np.int64)


@compiled
def share(count: int, flags: Any, rank: int) -> tuple[int, int]:
    """The first of a member's things, and the one after its last."""
    return count * rank // len(flags), count * (rank + 1) // len(flags)


@compiled
def wait(flags: Any, rank: int) -> None:
    """Returns once every member has come here as often as this one."""
    if len(flags) == 1:
        return
    times = flags[rank, 0] + 1
    _store(flags, rank * FLAG, times)
    for other in range(len(flags)):
        spins = 0
        while _load(flags, other * FLAG) < times:
            spins += 1
            if spins % _SPINS == 0:  # the other may be waiting for this core
                _give_way()


@_instruction
def _load(_: Any, flags: Any, place: Any) -> Any:
    """Reads a number that another thread writes, and sees all that it wrote before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = _find(context, builder, signature, arguments)
        return builder.load_atomic(at, "acquire", 8)

    return types.int64(flags, place), generate


@_instruction
def _store(_: Any, flags: Any, place: Any, number: Any) -> Any:
    """Writes a number, after all that was written before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = _find(context, builder, signature, arguments)
        builder.store_atomic(arguments[2], at, "release", 8)
        return context.get_dummy_value()

    return types.void(flags, place, types.int64), generate


@_instruction
def _give_way(_: Any) -> Any:
    """Lets the system run another thread on this core."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), generate


def _find(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    return builder.gep(data, [arguments[1]])
