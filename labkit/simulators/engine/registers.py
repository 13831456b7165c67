"""Rotations of some qubits within vector registers, as instructions for LLVM.

Each qubit is turned by [[1, -t], [t, 1]] = R / cos(beta), t = tan(beta): one fused multiply-add for
each number and qubit, and the factor is left to the caller. A compiler does not find this in a loop
over places whose distance it does not know.

Numba's cache does not see a change here: after one, remove it (`make clean`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

#: float32 numbers in a register: of a cache line. LLVM splits it as the machine needs.
WIDTH = 16
_NUMBER, _PLACE = types.float32, types.intp
_LANE = ir.IntType(32)
_REGISTER = ir.VectorType(ir.FloatType(), WIDTH)
_LANES = ir.VectorType(_LANE, WIDTH)
_FAST = ("contract", "nsz", "reassoc")


def rotate_registers(qubits: int, *, in_lanes: bool = False) -> Any:
    """Makes a function (v, first, step, t) for compiled code.

    It rotates, in place, the qubits that number 2^qubits registers of a float32 array,
    v[first + k step : first + k step + WIDTH]; with `in_lanes` those within a register too.
    """

    @intrinsic
    def rotate(_: Any, v: Any, first: Any, step: Any, t: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            v, first, step, t = arguments
            emit = _Emitter(context, builder, signature.args[0], 2**qubits, in_lanes)
            places = emit.places(v, first, step)
            emit.write(places, emit.rotate(emit.read(places), t))
            return context.get_dummy_value()

        return types.void(v, _PLACE, _PLACE, _NUMBER), generate

    return rotate


def rotate_two_states(qubits: int, *, in_lanes: bool = False) -> Any:
    """Makes a function (p, q, first, step, t) for compiled code.

    As `rotate_registers` for p and for q. It returns sum_k sum (q_0 p_1 - q_1 p_0) before the
    rotation, over its qubits k, float32.
    """

    @intrinsic
    def rotate(_: Any, p: Any, q: Any, first: Any, step: Any, t: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            p, q, first, step, t = arguments
            emit = _Emitter(context, builder, signature.args[0], 2**qubits, in_lanes)
            places = [emit.places(v, first, step) for v in (p, q)]
            states = [emit.read(at) for at in places]
            for at, state in zip(places, states, strict=True):
                emit.write(at, emit.rotate(state, t))
            return emit.overlap(*states)

        return _NUMBER(p, p, _PLACE, _PLACE, _NUMBER), generate

    return rotate


class _Emitter:
    """Writes the instructions for `count` registers of arrays of one type."""

    def __init__(self, context: Any, builder: Any, array: Any, count: int, in_lanes: bool) -> None:
        self.context, self.builder, self.array, self.count = context, builder, array, count
        self.lane_bits = _bits(WIDTH) if in_lanes else []

    def places(self, v: Any, first: Any, step: Any) -> list[Any]:
        """Pointers to the registers v[first + k step : ...]."""
        data = self.context.make_array(self.array)(self.context, self.builder, v).data
        found = []
        for k in range(self.count):
            place = self.builder.add(first, self.builder.mul(step, step.type(k)))
            address = self.builder.gep(data, [place])
            found.append(self.builder.bitcast(address, _REGISTER.as_pointer()))
        return found

    def read(self, places: Sequence[Any]) -> list[Any]:
        """What stands at some places."""
        return [self.builder.load(at, align=4) for at in places]

    def write(self, places: Sequence[Any], registers: Sequence[Any]) -> None:
        """Puts registers there."""
        for at, register in zip(places, registers, strict=True):
            self.builder.store(register, at, align=4)

    def rotate(self, x: Sequence[Any], t: Any) -> Sequence[Any]:
        """x + t y for each qubit in turn, y_0 = -x_1 and y_1 = x_0."""
        spread = self._spread(t)
        for bit in self.lane_bits:
            signed = self.builder.fmul(spread, _signs(bit))
            x = [self._add(one, self._multiply(signed, self._exchange(one, bit))) for one in x]
        for bit in _bits(self.count):
            turned = [self._multiply(spread, x[k ^ bit]) for k in range(self.count)]
            x = [
                self._add(x[k], turned[k]) if k & bit else self._subtract(x[k], turned[k])
                for k in range(self.count)
            ]
        return x

    def overlap(self, p: Sequence[Any], q: Sequence[Any]) -> Any:
        """-sum q y, y_0 = -p_1 and y_1 = p_0 summed over the qubits."""
        products = []
        for k, one in enumerate(p):
            y = [self._multiply(_signs(b), self._exchange(one, b)) for b in self.lane_bits]
            y += [p[k ^ b] if k & b else self.builder.fneg(p[k ^ b]) for b in _bits(self.count)]
            products.append(self._multiply(q[k], reduce(self._add, y)))
        total = reduce(self._add, products)
        for bit in _bits(WIDTH):
            total = self._add(total, self._exchange(total, bit))
        return self.builder.fneg(self.builder.extract_element(total, _LANE(0)))

    def _spread(self, number: Any) -> Any:
        """A register with the number in every lane."""
        empty = ir.Constant(_REGISTER, ir.Undefined)
        one = self.builder.insert_element(empty, number, _LANE(0))
        return self.builder.shuffle_vector(one, empty, _LANES([0] * WIDTH))

    def _exchange(self, register: Any, bit: int) -> Any:
        """Lanes whose numbers differ in one bit change places."""
        lanes = _LANES([lane ^ bit for lane in range(WIDTH)])
        return self.builder.shuffle_vector(register, register, lanes)

    def _add(self, a: Any, b: Any) -> Any:
        return self.builder.fadd(a, b, flags=_FAST)

    def _subtract(self, a: Any, b: Any) -> Any:
        return self.builder.fsub(a, b, flags=_FAST)

    def _multiply(self, a: Any, b: Any) -> Any:
        return self.builder.fmul(a, b, flags=_FAST)


def _bits(count: int) -> list[int]:
    """1, 2, 4, ... below a power of two."""
    return [2**k for k in range(count.bit_length() - 1)]


def _signs(bit: int) -> Any:
    """-1 in lanes whose bit is 0, else 1."""
    return _REGISTER([1.0 if lane & bit else -1.0 for lane in range(WIDTH)])
