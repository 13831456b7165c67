"""Neuron masks, mask strings and mask indices: here the bit order is decided.

Character j of a mask string is neuron j is qubit j, left to right, and neuron 0 is the most
significant bit of the mask index. Cirq orders its qubits so, and so does an array of shape
(2,) * n whose axis j is neuron j; what is written with either shares the order::

    neuron       0  1  2  3
    mask       [ 1, 0, 1, 1 ]
    string       "1  0  1  1"
    index        8 + 0 + 2 + 1 = 11
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray as BoolArray
from labkit.arrays import IntArray
from labkit.limits import check_array, check_integer, check_register, show_value


@lru_cache
def place_values(n: int) -> IntArray:
    """What each of n neurons that is kept adds to the mask index: 2^(n-1), ..., 2, 1.

    The index of a mask m is m @ place_values(n), n at most 62: int64 (n,), read-only. Where NumPy
    counts with 32 bits, as in a browser, it is int32 for n below 32: `np.bincount` takes no other.

    >>> place_values(4)
    array([8, 4, 2, 1])
    """
    dtype = np.intp if n < np.iinfo(np.intp).bits else np.int64
    values = np.ones(n, dtype) << np.arange(n, dtype=dtype)[::-1]
    values.setflags(write=False)
    return values


def check_mask(neuron_mask: Any, n: int, *, argument: str = "neuron_mask") -> BoolArray:
    """Returns one mask, or a batch of masks, as a bool array (..., n).

    Args:
        neuron_mask: (..., n), bool or the numbers 0 and 1; or a mask string.
        n: the number of neurons that a mask must have.
        argument: the caller's name of it, for the message.
    """
    array = _read_string(argument, neuron_mask) if isinstance(neuron_mask, str) else neuron_mask
    if not (isinstance(array, np.ndarray) and array.dtype.kind == "b"):
        array = check_array(argument, array)
    length = array.shape[-1] if array.ndim else 0
    if length != n:
        raise ValueError(f"{argument} has {length} entries; this network has {n} (limit: {n})")
    if array.dtype.kind != "b" and not ((array == 0) | (array == 1)).all():
        raise ValueError(f"{argument}={show_value(neuron_mask)} has entries other than 0 and 1")
    return array.astype(bool, copy=False)


def check_one_mask(neuron_mask: Any, n: int, *, argument: str = "neuron_mask") -> BoolArray:
    """Returns one mask as a bool array (n,); see `check_mask`."""
    mask = check_mask(neuron_mask, n, argument=argument)
    if mask.ndim != 1:
        raise ValueError(f"{argument} has shape {mask.shape}; one mask has shape ({n},)")
    return mask


def mask_from_string(s: str) -> BoolArray:
    """Reads a mask string, character j for neuron j, as a bool array (n,), n at least 1.

    >>> mask_from_string("1011").tolist()
    [True, False, True, True]
    """
    if not s:
        raise ValueError(f"s={s!r} is not a mask string (limit: 1 character or more)")
    return _read_string("s", s)


def mask_to_string(m: npt.ArrayLike) -> str:
    """Writes a mask (n,) as a string, neuron 0 first.

    >>> mask_to_string([True, False, True, True])
    '1011'
    """
    array = check_array("m", m)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"m has shape {array.shape}; one mask has shape (n,) (limit: 1 axis)")
    return "".join("1" if kept else "0" for kept in check_mask(array, array.size, argument="m"))


def mask_to_index(m: npt.ArrayLike) -> int:
    """The mask index int(mask_string, 2): neuron 0 is the most significant bit.

    >>> mask_to_index([True, False, True, True])
    11
    """
    return int(mask_to_string(m), 2)


def mask_from_index(i: int, n: int) -> BoolArray:
    """The mask (n,) whose index is `i`.

    >>> mask_to_string(mask_from_index(11, 4))
    '1011'
    """
    n = check_integer("n", n, minimum=1)
    i = check_integer("i", i, minimum=0, maximum=2**n - 1)
    return mask_from_string(format(i, f"0{n}b"))


def masks_from_indices(indices: npt.ArrayLike, n: int) -> BoolArray:
    """The masks (..., n) of an integer array of indices (...), n at most 62.

    >>> masks_from_indices([1, 2], 2).tolist()
    [[False, True], [True, False]]
    """
    n = check_integer("n", n, minimum=1, maximum=62)
    array = np.asarray(indices)
    if array.dtype.kind not in "iu":
        raise TypeError(f"indices={show_value(indices)} are not integers")
    if array.size and not (array.min() >= 0 and array.max() < 2**n):
        raise ValueError(f"indices={show_value(indices)} are not in 0..{2**n - 1}")
    return (array[..., np.newaxis] & place_values(n)).astype(bool)


def masks_to_indices(neuron_masks: npt.ArrayLike) -> IntArray:
    """The indices (...) of masks (..., n), n at most 62.

    >>> masks_to_indices([[0, 1], [1, 0]]).tolist()
    [1, 2]
    """
    array = np.asarray(neuron_masks)
    n = array.shape[-1] if array.ndim else 0
    masks = check_mask(neuron_masks, n, argument="neuron_masks")
    check_integer("n of neuron_masks", n, minimum=1, maximum=62)
    return masks @ place_values(n)


def all_masks(n: int) -> BoolArray:
    """All 2^n masks in index order, bool (2^n, n).

    >>> [mask_to_string(mask) for mask in all_masks(2)]
    ['00', '01', '10', '11']

    Raises:
        TooLargeError: they do not fit in memory.
    """
    # indices and their shifted copies are int64 before they become bools
    check_register("n", n, bytes_per_mask=lambda n: 17 * n + 8, what="all masks")
    return masks_from_indices(np.arange(2**n), n)


def _read_string(argument: str, s: Any) -> BoolArray:
    if not isinstance(s, str) or set(s) - set("01"):
        given = show_value(s)
        raise ValueError(f"{argument}={given} is not a mask string (limit: characters 0 and 1)")
    return np.array([character == "1" for character in s], dtype=bool)
