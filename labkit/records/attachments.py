"""Figures and arrays beside an entry: packed into bytes, without pickle, and back."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.limits import check_count, show_value

Arrays = dict[str, npt.NDArray[Any]]

MEDIA_TYPES = {"png": "image/png", "svg": "image/svg+xml", "npz": "application/x-npz"}
MOST_BYTES = 2**28
_NAME = re.compile(r"\w[\w .+=-]{0,98}")
_BEGINS = {"png": b"\x89PNG\r\n\x1a\n", "npz": b"PK"}
_DPI = 150


@dataclass(frozen=True)
class Attachment:
    """Something beside an entry.

    Attributes:
        name: letters, digits, spaces and `_.+=-`, ending in .png, .svg or .npz.
        data: what the file would hold.
    """

    name: str
    data: bytes = field(repr=False)

    @property
    def kind(self) -> str:
        """'png', 'svg' or 'npz'."""
        return self.name.rpartition(".")[2]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the data, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def arrays(self) -> Arrays:
        """The arrays of an .npz file; nothing is unpickled.

        Raises:
            ValueError: it holds something else, or objects.
            TooLargeError: the arrays do not fit in memory.
        """
        if self.kind != "npz":
            raise ValueError(f"name={self.name!r} holds no arrays (limit: .npz)")
        try:
            with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
                nbytes = sum(part.file_size for part in archive.infolist())
        except Exception as error:  # a file from anybody breaks in many ways
            raise _no_arrays(self.name, error) from None
        check_count("bytes of arrays", nbytes, bytes_each=1, what=self.name)
        try:
            with np.load(io.BytesIO(self.data), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
        except Exception as error:
            raise _no_arrays(self.name, error) from None
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise _no_arrays(self.name, "a part is no array")
        return arrays


def pack(attachments: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Bytes of figures (PNG; with a name in .svg also SVG), arrays (npz) and files.

    Args:
        attachments: name -> matplotlib figure or axes, array, mapping of arrays, or the bytes of a
            file.

    Raises:
        TypeError: a value is none of these, or an array holds objects.
        ValueError: a name is not allowed, or the bytes are not what the name says.
    """
    if not isinstance(attachments, Mapping):
        raise TypeError(f"attachments={show_value(attachments)} is no mapping of names to values")
    return tuple(one for name, value in attachments.items() for one in _pack(name, value))


def check_attachment(attachment: Attachment) -> Attachment:
    """Returns the attachment if its name is allowed and its bytes are what the name says.

    Raises:
        TypeError, ValueError: they are not.
    """
    name, data = attachment.name, attachment.data
    if not isinstance(data, bytes):
        raise TypeError(f"attachments[{show_value(name)}] holds no bytes")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or attachment.kind not in MEDIA_TYPES:
        raise ValueError(
            f"attachments has the name {show_value(name)}; a name has up to 99 letters, digits, "
            "spaces and _.+=-, and ends in .png, .svg or .npz"
        )
    if len(data) > MOST_BYTES:
        raise ValueError(f"attachments[{name!r}] has {len(data)} bytes (limit: {MOST_BYTES})")
    fits = (
        b"<svg" in data if attachment.kind == "svg" else data.startswith(_BEGINS[attachment.kind])
    )
    if not fits:
        raise ValueError(f"attachments[{name!r}] does not begin as a .{attachment.kind} file does")
    return attachment


def _no_arrays(name: str, error: object) -> ValueError:
    return ValueError(f"name={name!r} is no .npz file of plain arrays: {show_value(str(error))}")


def _pack(name: Any, value: Any) -> list[Attachment]:
    stem, _, kind = str(name).rpartition(".")
    if isinstance(value, (bytes, bytearray)):
        return [Attachment(name, bytes(value))]
    stem = stem if kind in MEDIA_TYPES else str(name)
    value = getattr(value, "figure", value)  # of axes
    if hasattr(value, "savefig"):
        kinds = ["png", "svg"] if kind == "svg" else ["png"]
        return [Attachment(f"{stem}.{kind}", _draw(value, kind)) for kind in kinds]
    arrays = value if isinstance(value, Mapping) else {"array": value}
    if arrays and all(isinstance(array, (np.ndarray, np.generic)) for array in arrays.values()):
        return [Attachment(f"{stem}.npz", _zip(name, arrays))]
    raise TypeError(
        f"attachments[{name!r}]={show_value(value)} is no figure, array, mapping of arrays, or "
        "bytes of a file"
    )


def _draw(figure: Any, kind: str) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, dpi=_DPI)
    return stream.getvalue()


def _zip(name: str, arrays: Mapping[str, Any]) -> bytes:
    """An .npz file, as `numpy.savez_compressed` writes it; equal arrays make equal bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, array in arrays.items():
            whole = np.asanyarray(array)
            _check_array(f"attachments[{name!r}]", key, whole)
            with archive.open(zipfile.ZipInfo(f"{key}.npy"), "w", force_zip64=True) as part:
                np.lib.format.write_array(part, whole, allow_pickle=False)  # type: ignore[no-untyped-call]
    return stream.getvalue()


def _check_array(argument: str, key: Any, array: npt.NDArray[Any]) -> None:
    if not isinstance(key, str) or not _NAME.fullmatch(key) or key.endswith(".npy"):
        raise ValueError(
            f"{argument} has the key {show_value(key)}; a key has up to 99 letters, digits, spaces "
            "and _.+=-"
        )
    if array.dtype.hasobject:
        raise TypeError(f"{argument}[{key!r}] holds objects (limit: numbers, text)")
    if array.nbytes > MOST_BYTES:
        raise ValueError(f"{argument}[{key!r}] has {array.nbytes} bytes (limit: {MOST_BYTES})")
