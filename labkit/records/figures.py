"""The figure of an entry, drawn again from what was kept."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.limits import check_count, show_value
from labkit.records.entries import Entry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 150
_BYTES_A_PIXEL = 32


def draw_entry(entry: Entry, name: str | None = None) -> Figure:
    """The picture attached, or the best cost so far of the array 'history'.

    Raises:
        ValueError: there is no such picture, and no such array, or it is not what its name says.
        TooLargeError: the picture does not fit in memory.
    """
    pictures = {one.name: one.data for one in entry.attachments if one.kind == "png"}
    if name is not None:
        name = name if name in pictures else f"{name}.png"
        if name not in pictures:
            raise ValueError(
                f"name={name!r} is no PNG beside it (known: {', '.join(pictures) or 'none'})"
            )
    if pictures:
        name = name or min(pictures)
        return _draw_picture(name, pictures[name])
    for one in entry.attachments:
        if one.kind == "npz" and "history" in (arrays := one.arrays()):
            return _draw_history(arrays["history"])
    raise ValueError(f"entry {entry.id} has no PNG picture and no array 'history'")


def _draw_picture(name: str, data: bytes) -> Figure:
    from matplotlib.figure import Figure

    pixels = _read_picture(name, data)
    height, width = pixels.shape[:2]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(pixels)
    ax.set_axis_off()
    return figure


def _read_picture(name: str, data: bytes) -> npt.NDArray[Any]:
    from matplotlib.image import imread

    if len(data) >= 24:  # what the picture says of its size, before it is unpacked
        width, height = struct.unpack(">II", data[16:24])
        check_count("pixels", width * height, bytes_each=_BYTES_A_PIXEL, what=name)
    try:
        return imread(io.BytesIO(data))
    except Exception as error:  # a picture from anybody breaks in many ways
        raise ValueError(f"name={name!r} is no PNG picture: {show_value(str(error))}") from None


def _draw_history(history: npt.NDArray[Any]) -> Figure:
    from matplotlib.figure import Figure

    if history.dtype.kind not in "biuf":
        raise ValueError(f"the array 'history' holds {history.dtype} (limit: numbers)")
    costs = history.ravel()
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    ax = figure.subplots()
    ax.step(np.arange(1, len(costs) + 1), np.fmin.accumulate(costs), where="post")
    ax.set(xlabel="cost queries", ylabel="lowest cost so far")
    return figure
