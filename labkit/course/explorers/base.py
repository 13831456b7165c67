"""What every explorer is: controls above one picture and one line that says what it shows."""

# The controls are imported for others to import from here
# mypy: implicit-reexport
# ruff: noqa: F401

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import ipywidgets as widgets

from labkit.course.explorers.call import call_of, own_of
from labkit.course.explorers.controls import (
    MAX_SEED,
    QUBITS,
    build_buttons,
    dropdown,
    make_room,
    seed_slider,
    selection_slider,
    slider,
    task_dropdown,
)
from labkit.course.explorers.copying import CopyButtons
from labkit.course.explorers.layout import FINEST, arrange, axes_of, larger_type
from labkit.course.explorers.picture import Picture, SharedMask
from labkit.course.html import in_html, plain_text
from labkit.course.kernel_watch import kernel_watch
from labkit.course.plots.canvas import fit_words, picture_html, widen, wipe
from labkit.course.plots.frames import Frames
from labkit.course.plots.style import own_style
from labkit.course.wording import say
from labkit.masks import BoolArray, mask_from_index, mask_to_index
from labkit.problems import Problem, build_problem

if TYPE_CHECKING:
    from labkit.records import LabBook


class Explorer(widgets.VBox):
    """Controls, a reset button, one picture, one line of text.

    One move of a control draws once, into the same picture. A subclass gives its controls, computes
    a `view` of what is chosen, and shows it in `_draw`; where a move changes other controls, it
    does so in `_adjust`. If its picture can be clicked, it implements `_point`, and `_arrow` for
    the keyboard. Axes are wiped and used again, and bear no legend: new axes and legends take most
    of a drawing's time; and their frames are kept. They stand in a row where the page has room for
    it, and else in several; on a fine screen the picture is as fine, see `fit`.

    Args:
        choices: name -> its control, at most four (in `LocalSearchTheatre` six), or a fixed value.
        widths: of the axes, with what is around them, in inches.
        height: of each, inches.
        beside: a widget left of the picture.
        shared: the mask that is lit here and in other explorers; by default one of its own.

    Attributes:
        controls: name -> widget.
        image: the picture (`Picture`, PNG).
        shared: the mask that is lit, see `SharedMask`.
        text: what the picture shows, in one line (`ipywidgets.HTML`).
        note: what became of the last entry in the lab book (`ipywidgets.HTML`).
        type_button: makes the letters in the picture and beside it larger (`ToggleButton`).
        copy_buttons: copy `code`, and a link that runs it in a browser (`CopyButtons`).
        n_draws: how often the picture was drawn.
    """

    #: Properties of the view that the lab book keeps.
    _kept: ClassVar[tuple[str, ...]] = ()
    #: Attributes that are chosen by no control; `reset` gives them what they have at first.
    _places: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        choices: Mapping[str, Any],
        *,
        widths: Sequence[float],
        height: float,
        beside: widgets.Widget | None = None,
        shared: SharedMask | None = None,
    ) -> None:
        self._choices = choices
        self.controls = {name: w for name, w in choices.items() if isinstance(w, widgets.Widget)}
        self.shared = SharedMask() if shared is None else shared
        self.n_draws = 0
        self._widths, self._height, self._ratio = widths, height, 1.0
        self._arrangement = arrange(widths, height)
        self._room = self._arrangement.page_width
        self._axes = axes_of(self._arrangement)
        self._frames = Frames(self._axes)
        self._held = False
        self._start = {name: widget.value for name, widget in self.controls.items()}
        self._start_places = {name: getattr(self, name) for name in self._places}
        self.image = Picture(layout={"flex": "3 1 430px", "max_width": "100%", "min_width": "0"})
        self.text, self.note, self.copy_buttons = widgets.HTML(), widgets.HTML(), CopyButtons()
        for said in (self.text, self.note):
            said.add_class("labkit-says")
        self.reset_button, self.add_button, self.type_button = build_buttons()
        self._listen()
        top = widgets.HBox([*self.controls.values(), self.reset_button])
        middle = widgets.HBox([self.image] if beside is None else [beside, self.image])
        bottom = [self.add_button, self.type_button, self.copy_buttons, self.note]
        rows = [top, kernel_watch(), self.text, middle, widgets.HBox(bottom)]
        super().__init__(rows)
        self.add_class("labkit-explorer")
        self.redraw()

    def _listen(self) -> None:
        """Answers to controls, buttons, the picture and the page."""
        for name, widget in self.controls.items():
            make_room(widget)
            widget.observe(partial(self._moved, name), names="value")
        self.shared.observe(self._shared_changed, names="neuron_mask")
        self.image.on_room(self.fit)
        if type(self)._point is not Explorer._point:
            self.image.listen(self.point_at, self._pressed)
        self.reset_button.on_click(lambda _: self.reset())
        self.add_button.on_click(lambda _: self._add())
        self.type_button.observe(self._change_type, names="value")

    @property
    def chosen(self) -> dict[str, Any]:
        """What is chosen, for good or by a control now: name -> value."""
        return {**self._choices, **{name: w.value for name, w in self.controls.items()}}

    @property
    def view(self) -> Any:
        """What is shown."""
        raise NotImplementedError

    @property
    def lit(self) -> BoolArray | None:
        """The mask that is lit, bool (n_neurons,); None if none of so many neurons is."""
        n = self.chosen.get("n_neurons")
        return None if n is None else self.shared.of(n)

    @property
    def _lit_index(self) -> int | None:
        return None if self.lit is None else mask_to_index(self.lit)

    def reset(self) -> None:
        """Sets every control, and what is chosen otherwise, to where it began."""
        with self.hold():
            for name in self._places:
                setattr(self, name, self._start_places[name])
            for name, value in self._start.items():
                self.controls[name].value = value
                self._adjust(name)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Several changes in its body, one drawing after them."""
        if self._held:
            yield
            return
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.redraw()

    @own_style()
    def redraw(self) -> None:
        """Draws the picture for what the controls say now."""
        for ax in self._axes:
            wipe(ax)
        self.text.value = self._draw()
        for ax, room in zip(self._axes, self._arrangement.rooms(), strict=True):
            widen(ax)
            fit_words(ax, *room, self._frames.renderer)
        with self.image.hold_sync():
            self.image.alt = plain_text(self.text.value)
            self.image.width = self._arrangement.page_width
            self.image.value = self._frames.render_png()
        self.n_draws += 1
        self.copy_buttons.offer(self.code, own=", ".join(own_of(self._settings()).values()))

    def fit(self, width: float, ratio: float) -> None:
        """Arranges the axes in what the page has, and draws them if that changes anything.

        Args:
            width: pixels of the page.
            ratio: pixels of the screen for each of these; 1 to `FINEST` are drawn.
        """
        self._room, ratio = width, min(max(ratio, 1.0), FINEST)
        scale = larger_type(width) if self.type_button.value else 1.0
        arrangement = arrange(self._widths, self._height, width, scale)
        if (arrangement, ratio) != (self._arrangement, self._ratio):
            self._arrangement, self._ratio = arrangement, ratio
            arrangement.place(self._axes, ratio)
            self.redraw()

    def _change_type(self, change: Mapping[str, Any]) -> None:
        (self.add_class if change["new"] else self.remove_class)("labkit-large")
        self.fit(self._room, self._ratio)

    @property
    def code(self) -> str:
        """Python that makes an explorer with the picture that is shown now."""
        return call_of(self, self._settings(), self.lit)

    def point_at(self, x: float, y: float) -> None:
        """Points at a place of the picture, as a click does; outside all axes nothing happens.

        x and y are shares of the picture's width from the left, and of its height from below.
        """
        width, height = self._axes[0].figure.bbox.size
        for number, ax in enumerate(self._axes):
            if ax.bbox.contains(x * width, y * height):
                across, up = ax.transData.inverted().transform((x * width, y * height))
                with self.hold():
                    self._point(number, float(across), float(up))

    def record(self, book: LabBook) -> str:
        """Adds what is shown now to a lab book (controls, numbers, picture); returns the id."""
        parameters = self._parameters()
        return book.record(
            f"What does {type(self).__name__} show?",
            parameters=parameters,
            seed=parameters.get("seed"),
            result={**self._numbers(), "text": plain_text(self.text.value)},
            attachments={"picture.png": bytes(self.image.value)},
        )

    def _add(self) -> None:
        from labkit.records import LabBook, LabBookError, default_path

        try:
            entry = self.record(LabBook(default_path()))
        except LabBookError as error:
            self.note.value = in_html(error)
        else:
            self.note.value = say(
                "base.kept_in_as", name=in_html(default_path().name), entry=entry[:8]
            )

    def _parameters(self) -> dict[str, Any]:
        """What was chosen, for the lab book."""
        return {**self.chosen, **{name: getattr(self, name) for name in self._places}}

    def _settings(self) -> dict[str, Any]:
        """What was chosen, as arguments of the constructor."""
        return self._parameters()

    def _numbers(self) -> Mapping[str, Any]:
        """What is shown, as numbers for the lab book."""
        view = self.view
        return {name: getattr(view, name) for name in self._kept}

    def _moved(self, name: str, _: object) -> None:
        if not self._held:
            with self.hold():
                self._adjust(name)

    def _pressed(self, right: int, up: int) -> None:
        with self.hold():
            self._arrow(right, up)

    def _shared_changed(self, _: object) -> None:
        if not self._held:
            self.redraw()

    def _point(self, number: int, x: float, y: float) -> None:
        """Answers a click on axes `number` at the data coordinates (x, y)."""

    def _arrow(self, right: int, up: int) -> None:
        """Answers an arrow key; by default the next mask by index is lit, or else the first."""
        self._light(0 if self._lit_index is None else self._lit_index + right)

    def _light(self, index: int) -> None:
        """Lights the mask of an index, or the nearest that there is."""
        n = self.chosen["n_neurons"]
        self.shared.choose(mask_from_index(min(max(index, 0), 2**n - 1), n))

    def _adjust(self, moved: str) -> None:
        """Brings other controls in line with the control `moved`; by default there is nothing."""

    def _draw(self) -> str:
        """Draws on the axes, which are empty, and returns the line of text."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live explorer, and its picture for a page without a kernel."""
        still = picture_html(bytes(self.image.value), plain_text(self.text.value))
        return {**super()._repr_mimebundle_(**kwargs), "text/html": still}


class ProblemExplorer(Explorer):
    """An explorer whose choices `task`, `n_neurons`, `seed`, and `cost` if any, name a problem."""

    @property
    def problem(self) -> Problem:
        """The task, network and cost table that are chosen."""
        chosen = self.chosen
        options = {name: chosen[name] for name in ("seed", "cost") if name in chosen}
        return build_problem(chosen["task"], chosen["n_neurons"], **options)
