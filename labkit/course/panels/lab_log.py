"""What a reader writes into the lab book about one question, and finds there again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from labkit.course.html import in_html, with_title
from labkit.course.kernel_watch import kernel_watch
from labkit.course.wording import say
from labkit.limits import show_value

if TYPE_CHECKING:
    import pandas as pd

    from labkit.records import LabBook

#: Columns of a book's runs that tell what became of a question.
_READ = ("parameters.guess", "parameters.late", "result.answer", "result.shown")


class Panel(widgets.VBox):
    """Fields about one question, whose contents become entries of the lab book.

    Args:
        question: what they are about.
        book: where to; by default the lab book of this folder, see `labkit.records.default_path`.

    Attributes:
        note: what became of the last entry (`ipywidgets.HTML`).
        entries: ids of what was kept.
    """

    _title = ""

    def __init__(self, question: str, book: LabBook | None) -> None:
        if not isinstance(question, str):
            raise TypeError(f"question={show_value(question)} is not text")
        if not question.strip():
            raise ValueError(f"question={question!r} is empty")
        self.question, self.entries = question, list[str]()
        self._book = book
        self.note = widgets.HTML()
        self.note.add_class("labkit-says")
        super().__init__()

    def _show(self, *fields: widgets.Widget) -> None:
        """Puts the fields between the question and the note, and a watch over the kernel below."""
        title = widgets.HTML(with_title(self._title, self.question))
        self.children = (title, *fields, self.note, kernel_watch())

    def record(self, **told: Any) -> bool:
        """Keeps an entry; whether that went well."""
        from labkit.records import LabBook, LabBookError, default_path

        try:
            book = LabBook(default_path()) if self._book is None else self._book
            entry = book.record(self.question, **told)
        except (LabBookError, OSError, ValueError) as error:
            self.note.value = in_html(error)
            return False
        self.entries.append(entry)
        self.note.value = say("lab_log.kept_in_as", name=in_html(book.path.name), entry=entry[:8])
        return True

    def found(self) -> pd.DataFrame | None:
        """What the book holds under this question, in order; None where there is no book."""
        from labkit.records import LabBook, LabBookError, default_path

        try:
            book = self._book
            if book is None and default_path().exists():
                book = LabBook(default_path())
            runs = None if book is None else book.runs(question=self.question, point=None)
        except (LabBookError, OSError):  # it is said when something is to be kept
            return None
        return None if runs is None else runs.reindex(columns=[*runs.columns.union(_READ)])

    def _asked(self) -> str:
        """The question as a page without a kernel shows it."""
        return self.question

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live panel, and its question for a page without a kernel."""
        still = f"<p>{with_title(self._title, self._asked())}</p>"
        return {**super()._repr_mimebundle_(**kwargs), "text/html": still}


def button_for(description: str, icon: str, answer: Callable[[], None]) -> widgets.Button:
    """A button as wide as its words, which calls `answer`."""
    fits = widgets.Layout(width="max-content")
    button = widgets.Button(description=description, icon=icon, layout=fits)
    button.on_click(lambda _: answer())
    return button


class LabLog(Panel):
    """A panel that keeps a prediction before the answer is known, and then the answer.

    Both are entries of the lab book. The second points at the first, so that nobody, the writer
    included, can change a prediction afterwards. A prediction that still waits for its answer is
    found again after a restart. Arguments are those of `Panel`.

    Attributes:
        prediction: what is expected (`ipywidgets.Textarea`).
        outcome: what came (`ipywidgets.Textarea`), open once the prediction is kept.
        keep_button: keeps the prediction.
        add_button: keeps the outcome.
    """

    _title = say("lab_log.lab_log")

    def __init__(self, question: str, *, book: LabBook | None = None) -> None:
        super().__init__(question, book)
        self.prediction, self.outcome = (
            widgets.Textarea(placeholder=hint, layout=widgets.Layout(width="min(100%, 640px)"))
            for hint in (say("lab_log.i_expect_because"), say("lab_log.what_came_and_what"))
        )
        self.keep_button = button_for(say("lab_log.keep_my_prediction"), "lock", self._keep)
        self.add_button = button_for(say("lab_log.add_what_came"), "book", self._add)
        self.outcome.disabled = self.add_button.disabled = True
        self._show(self.prediction, self.keep_button, self.outcome, self.add_button)
        self._resume()

    def _resume(self) -> None:
        """Takes up the newest prediction of the book that has no outcome yet."""
        if (found := self.found()) is None:
            return
        other = ("result.", "parameters.guess", "conclusion", "corrects", "error")
        is_open = found[[name for name in found if name.startswith(other)]].isna().all(axis=1)
        is_open &= found["hypothesis"].notna() & ~found["entry"].isin(found["corrects"])
        waiting = found[is_open]
        if waiting.empty:
            return
        kept = waiting.iloc[-1]
        self.entries.append(kept["entry"])
        self.prediction.value = kept["hypothesis"]
        self._close()
        self.note.value = say("lab_log.found_in_the_lab", entry=kept["entry"][:8])

    def _close(self) -> None:
        """The prediction stands, and waits for what comes."""
        self.prediction.disabled = self.keep_button.disabled = True
        self.outcome.disabled = self.add_button.disabled = False

    def _keep(self) -> None:
        """Keeps the prediction, after which it stands."""
        if not (text := self.prediction.value.strip()):
            self.note.value = say("lab_log.write_down_what_you")
        elif self.record(hypothesis=text):
            self._close()

    def _add(self) -> None:
        """Keeps what came, beside the prediction."""
        if not (text := self.outcome.value.strip()):
            self.note.value = say("lab_log.write_down_what_came")
        elif self.record(
            hypothesis=self.prediction.value.strip(), conclusion=text, corrects=self.entries[0]
        ):
            self.outcome.disabled = self.add_button.disabled = True

    def _asked(self) -> str:
        return say("lab_log.write_down_what_you_expect", question=self.question)
