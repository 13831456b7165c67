"""The lab log of a notebook: first what you expect, then what came."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from labkit.limits import show_value

if TYPE_CHECKING:
    from labkit.records import LabBook

_WIDE = widgets.Layout(width="min(100%, 640px)")


class LabLog(widgets.VBox):
    """A panel that keeps a prediction before the answer is known, and then the answer.

    Both are entries of the lab book. The second points at the first, so that nobody, the writer
    included, can change a prediction afterwards.

    Args:
        question: what the prediction is about.
        book: where to; by default the lab book of this folder, see `labkit.records.default_path`.

    Attributes:
        prediction: what is expected (`ipywidgets.Textarea`).
        outcome: what came (`ipywidgets.Textarea`), open once the prediction is kept.
        keep_button: keeps the prediction.
        add_button: keeps the outcome.
        note: what became of it (`ipywidgets.HTML`).
        entries: ids of what was kept.

    Raises:
        TypeError: the question is no text.
        ValueError: it is empty.
    """

    def __init__(self, question: str, *, book: LabBook | None = None) -> None:
        if not isinstance(question, str):
            raise TypeError(f"question={show_value(question)} is not text")
        if not question.strip():
            raise ValueError(f"question={question!r} is empty")
        self.question, self.entries = question, list[str]()
        self._book = book
        self.prediction = widgets.Textarea(placeholder="I expect ... because ...", layout=_WIDE)
        self.outcome = widgets.Textarea(
            placeholder="What came, and what I take from it", layout=_WIDE, disabled=True
        )
        fits = widgets.Layout(width="max-content")
        self.keep_button = widgets.Button(
            description="Keep my prediction", icon="lock", layout=fits
        )
        self.add_button = widgets.Button(
            description="Add what came", icon="book", layout=fits, disabled=True
        )
        self.keep_button.on_click(lambda _: self._keep())
        self.add_button.on_click(lambda _: self._add())
        self.note = widgets.HTML()
        title = widgets.HTML(f"<b>Lab log.</b> {html.escape(question)}")
        super().__init__(
            [title, self.prediction, self.keep_button, self.outcome, self.add_button, self.note]
        )

    def _keep(self) -> None:
        """Keeps the prediction, after which it stands."""
        if not (text := self.prediction.value.strip()):
            self.note.value = "Write down what you expect first."
        elif self._record(hypothesis=text):
            self.prediction.disabled = self.keep_button.disabled = True
            self.outcome.disabled = self.add_button.disabled = False

    def _add(self) -> None:
        """Keeps what came, beside the prediction."""
        if not (text := self.outcome.value.strip()):
            self.note.value = "Write down what came first."
        elif self._record(
            hypothesis=self.prediction.value.strip(), conclusion=text, corrects=self.entries[0]
        ):
            self.outcome.disabled = self.add_button.disabled = True

    def _record(self, **told: Any) -> bool:
        from labkit.records import LabBook, LabBookError, default_path

        try:
            book = LabBook(default_path()) if self._book is None else self._book
            entry = book.record(self.question, **told)
        except (LabBookError, ValueError) as error:
            self.note.value = html.escape(str(error))
            return False
        self.entries.append(entry)
        self.note.value = f"Kept in {html.escape(book.path.name)} as {entry[:8]}."
        return True

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live panel, and its question for a page without a kernel."""
        still = f"<p><b>Lab log.</b> {html.escape(self.question)} Write down what you expect.</p>"
        return {**super()._repr_mimebundle_(**kwargs), "text/html": still}
