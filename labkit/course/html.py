"""Small pieces of HTML; whatever is text is escaped here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence

from IPython.display import HTML


def in_html(value: object) -> str:
    """A value as HTML: what it says of itself (`_repr_html_`), else its text, escaped."""
    own = getattr(value, "_repr_html_", None)
    return html.escape(str(value)) if own is None else str(own())


def plain_text(markup: str) -> str:
    """What HTML says without its tags, in one line."""
    words = re.sub("<[^>]*>", " ", re.sub("</?b>", "", markup))  # bold words end where others do
    return html.unescape(" ".join(words.split()))


def with_title(title: str, text: object) -> str:
    """A text after a bold title."""
    return f"<b>{in_html(title)}</b> {in_html(text)}"


def table_in_html(
    rows: Iterable[Sequence[object]],
    columns: Sequence[str],
    *,
    head: Sequence[object] = (),
    caption: str = "",
    css: str = "",
    is_named: bool = False,
    bold: int | None = None,
) -> str:
    """A table that a screen reader reads as one.

    Args:
        rows: of cells, see `in_html`.
        columns: the CSS of each column's cells.
        head: titles of the columns; none by default.
        caption: of the table.
        css: of the table.
        is_named: whether the first cell of each row is the row's name.
        bold: the number of the row that stands out.
    """
    lines = [_tag("caption", in_html(caption))] if caption else []
    if head:
        lines.append(_row(head, columns, ["col"] * len(columns)))
    scopes = ["row" if is_named else "", *[""] * (len(columns) - 1)]
    for number, row in enumerate(rows):
        lines.append(_row(row, columns, scopes, "font-weight:bold" if number == bold else ""))
    return _tag("table", "".join(lines), style=css)


def beside_in_html(words: str, table: str) -> str:
    """A line of HTML and a table: beside one another on a page that has room for it."""
    return _tag("div", _tag("span", words) + table, **{"class": "labkit-beside"})


def bars_in_html(values: Mapping[str, float], what: str) -> str:
    """A small bar chart as a table: drawn by the browser at once, read by a screen reader.

    Args:
        values: label -> value, above 0; a bar over five times the smallest ends in a tip.
        what: what the values are, its heading.
    """
    # with Matplotlib, which checks and panels do without
    from labkit.course.plots.canvas import SERIES

    unit = 60 / min(values.values())
    rows = [
        (label, f"{value:,.1f}", _bar(unit * value, colour))
        for (label, value), colour in zip(values.items(), SERIES, strict=False)
    ]
    columns = ("text-align:left;font-weight:normal", "text-align:right", "white-space:nowrap")
    return table_in_html(rows, columns, caption=what, css="border-spacing:8px 0", is_named=True)


def _bar(width: float, colour: str) -> HTML:
    length = f"width:min({min(300, width):.0f}px, {min(300, width) / 10:.1f}vw)"  # on a phone
    bar = f"display:inline-block;background:{colour};height:0.8em;{length}"
    return HTML(_tag("span", "", style=bar) + "▸" * (width > 300))  # type: ignore[no-untyped-call]


def _row(
    values: Sequence[object], columns: Sequence[str], scopes: Sequence[str], css: str = ""
) -> str:
    """A row; a cell with a scope is the title of its column or row."""
    cells = (
        _tag("th" if scope else "td", in_html(value), scope=scope, style=column)
        for value, column, scope in zip(values, columns, scopes, strict=True)
    )
    return _tag("tr", "".join(cells), style=css)


def _tag(name: str, inner: str, **attributes: str) -> str:
    """An element; attributes that are empty are left out."""
    given = "".join(f' {key}="{value}"' for key, value in attributes.items() if value)
    return f"<{name}{given}>{inner}</{name}>"
