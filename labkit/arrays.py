"""The types of the arrays that are passed around, by the kind of their numbers."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
