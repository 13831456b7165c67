"""The runs of a lab book as a table with filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from labkit.course.html import in_html, table_in_html
from labkit.course.kernel_watch import kernel_watch
from labkit.course.wording import say
from labkit.files import as_text

if TYPE_CHECKING:
    import pandas as pd

    from labkit.records import LabBook

_MOST_ROWS = 50
_ALL = say("runs_table.all_questions")
_ALWAYS = ("started", "question", "seed")
_NEVER = (
    *("versions.", "machine.", "ledger.", "commit", "point", "entry", "corrects", "seconds"),
    *("parameters.seed", "result.text"),
)
_CELL = "white-space:nowrap;max-width:30em;overflow:hidden;text-overflow:ellipsis;text-align:left"


class RunsTable(widgets.VBox):
    """What a lab book holds, newest first; a filter is a question and `name=value` pairs.

    Args:
        book: to show; by default the lab book of this folder, see `labkit.records.default_path`.

    Attributes:
        question: which question (`ipywidgets.Dropdown`).
        where: pairs such as `n_hidden=8 selector=grover_search` (`ipywidgets.Text`).
        refresh_button: reads the book anew.
        text: how many runs fit, or what is wrong (`ipywidgets.HTML`).
        table: the runs (`ipywidgets.HTML`).
    """

    def __init__(self, book: LabBook | None = None) -> None:
        self._book = book
        self.question = widgets.Dropdown(options=[_ALL], description=say("runs_table.question"))
        example = {"placeholder": "n_hidden=8", "continuous_update": False}
        self.where = widgets.Text(description=say("runs_table.where"), **example)
        self.refresh_button = widgets.Button(description=say("shared.refresh"), icon="refresh")
        self.text, self.table = widgets.HTML(), widgets.HTML()
        self.refresh_button.on_click(lambda _: self.refresh())
        self.question.observe(lambda _: self._show(), names="value")
        self.where.observe(lambda _: self._show(), names="value")
        wrap = widgets.Layout(flex_flow="row wrap", width="100%")
        controls = widgets.HBox([self.question, self.where, self.refresh_button], layout=wrap)
        super().__init__([controls, kernel_watch(), self.text, self.table])
        self.refresh()

    def refresh(self) -> None:
        """Reads the book anew."""
        from labkit.records import LabBook, LabBookError, default_path

        try:
            if self._book is None and not default_path().exists():
                self.text.value = say(
                    "runs_table.there_is_no_here", name=in_html(default_path().name)
                )
                return
            if self._book is None:
                self._book = LabBook(default_path())
            questions = self._book.runs()["question"].drop_duplicates().tolist()
        except LabBookError as error:
            self.text.value = in_html(error)
            return
        chosen = self.question.value
        self.question.options = [_ALL, *questions]
        self.question.value = chosen if chosen in questions else _ALL
        self._show()

    def _show(self) -> None:
        from labkit.records import LabBookError, read_filters

        try:
            filters = read_filters(self.where.value.split())
            if self.question.value != _ALL:
                filters["question"] = self.question.value
            runs = None if self._book is None else self._book.runs(**filters)
        except (LabBookError, TypeError, ValueError) as error:
            self.text.value = in_html(error)
            return
        if runs is not None:
            newest = (
                say("runs_table.the_newest_of_them", most_rows=_MOST_ROWS)
                if len(runs) > _MOST_ROWS
                else ""
            )
            self.text.value = say("runs_table.runs", n_runs=len(runs), newest=newest)
            self.table.value = runs_in_html(runs.iloc[::-1].head(_MOST_ROWS))

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live table, and the runs for a page without a kernel."""
        still = f"<p>{self.text.value}</p>{self.table.value}"
        return {**super()._repr_mimebundle_(**kwargs), "text/html": still}


def runs_in_html(runs: pd.DataFrame) -> str:
    """A table of the variables that differ or say something; all text is escaped."""
    told = [name for name in runs if not name.startswith(_NEVER) and runs[name].notna().any()]
    columns = [name for name in runs if name in {*_ALWAYS, *told}]
    short = [name.rpartition(".")[2] for name in columns]
    head = [s if short.count(s) == 1 else name for s, name in zip(short, columns, strict=True)]
    rows = ([*map(_in_words, values)] for values in runs[columns].itertuples(index=False))
    table = table_in_html(rows, [_CELL] * len(head), head=head)
    return f'<div style="overflow-x:auto">{table}</div>'


def _in_words(value: Any) -> str:
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M %Z}"
    text = f"{value:.5g}" if isinstance(value, float) else str(value)
    return "" if text in ("nan", "None", "<NA>", "NaT") else as_text(text[:120])
