"""QAOA in the C simulator of QOKit, compiled from a checkout of its source."""

from __future__ import annotations

import ctypes
import os
import subprocess
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.measuring import Call
from benchmarks.qaoa_instances import TABLE, Instance, Peer


def _qokit_value(instance: Instance) -> Call:
    """QOKit's C kernels, double precision: its phase is by gamma/2, its mixer exp(-i beta X).

    Its arrays are made once; each call fills them again and works in them to the end. It is given
    pointers: for small n NumPy's checks of its arguments took as long as its work.
    """
    library = _compile_qokit(_find_source())
    sizes = ctypes.c_uint, ctypes.c_size_t, ctypes.c_size_t
    library.apply_qaoa_furx.argtypes = [*[ctypes.c_void_p] * 5, *sizes]
    library.apply_qaoa_furx.restype = None
    n, p, costs = instance.n, instance.p, instance.table.costs
    real, imaginary, gammas, betas = np.empty(2**n), np.empty(2**n), np.empty(p), np.empty(p)
    arrays = (real, imaginary, gammas, betas, costs)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]

    def call() -> float:
        real.fill(2 ** (-n / 2))
        imaginary.fill(0.0)
        np.multiply(instance.gammas, 2, out=gammas)
        np.negative(instance.betas, out=betas)
        library.apply_qaoa_furx(*pointers, n, 2**n, p)
        np.multiply(real, real, out=real)
        np.multiply(imaginary, imaginary, out=imaginary)
        np.add(real, imaginary, out=real)
        return float(real @ costs)

    return call


def _find_source() -> Path:
    if "QOKIT_SOURCE" not in os.environ:
        raise ImportError("set QOKIT_SOURCE to a checkout of QOKit to compile its C simulator")
    return Path(os.environ["QOKIT_SOURCE"]) / "qokit/fur/c/csim/src"


@cache
def _compile_qokit(source: Path) -> ctypes.CDLL:
    """Compiles with -O3, which QOKit's makefile leaves out."""
    target = Path(__file__).parents[2] / ".bench" / "libqokit.so"
    options = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", f"-I{source}"]
    files = [str(source / name) for name in ("qaoa_fur.c", "fur.c", "diagonal.c")]
    subprocess.run(["cc", *options, *files, "-lm", "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


PEER = Peer(
    "QOKit C -O3", lambda n, gradient: TABLE, lambda n, p, gradient: True, _qokit_value, None
)
