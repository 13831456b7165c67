"""What pages are made of: templates, and values as a reader sees them."""

from __future__ import annotations

import base64
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit import palette
from labkit.files import as_text
from labkit.records.attachments import MEDIA_TYPES, Attachment
from labkit.records.values import dumps, to_plain

if TYPE_CHECKING:
    import jinja2


def render_entry(entry: Any) -> str:
    """An `Entry` as a notebook shows it."""
    return template("entry.html.j2").module.show(entry, None)  # type: ignore[attr-defined]


def is_given(value: Any) -> bool:
    """Whether a cell of a table holds anything."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return False
    return not (isinstance(value, float) and math.isnan(value))


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("labkit.records", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "text": show_text,
        "exact": show_exactly,
        "source": _data_uri,
        "cell": as_text,
    }
    environment.globals["palette"] = palette
    environment.tests["number"] = lambda value: (
        isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    )
    return environment


def template(name: str) -> jinja2.Template:
    """A template, in which what is filled in is escaped."""
    return _environment().get_template(name)


def _data_uri(attachment: Attachment) -> str:
    data = base64.b64encode(attachment.data).decode()
    return f"data:{MEDIA_TYPES[attachment.kind]};base64,{data}"


def show_text(value: Any) -> str:
    """A value for a reader, rounded."""
    return f"{value:.6g}" if isinstance(value, float) and is_given(value) else show_exactly(value)


def show_exactly(value: Any) -> str:
    """A value for a reader, whole."""
    if not is_given(value):
        return "NaN" if isinstance(value, float) else ""
    if isinstance(value, float):
        return repr(float(value))
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M:%S %Z}".strip()
    return value if isinstance(value, str) else dumps(to_plain("value", value))
