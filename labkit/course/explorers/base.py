"""What every explorer is: controls above one picture and one line that says what it shows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import ipywidgets as widgets
from matplotlib.axes import Axes

from labkit.course.explorers.picture import Picture, SharedMask
from labkit.course.html import in_html
from labkit.course.plots.canvas import new_figure, picture_html, pin_title, widen, wipe
from labkit.course.plots.frames import Frames
from labkit.course.plots.style import own_style
from labkit.datasets import TASK_NAMES, Task, check_task
from labkit.limits import check_choice, check_integer
from labkit.masks import BoolArray, mask_from_index, mask_to_index
from labkit.problems import Problem, build_problem

if TYPE_CHECKING:
    from labkit.records import LabBook

#: The largest seed on a slider: twenty networks to choose from.
MAX_SEED = 19
#: What the slider of n neurons says.
QUBITS = "neurons = qubits"


class Explorer(widgets.VBox):
    """Controls, a reset button, one picture, one line of text.

    One move of a control draws once, into the same picture. A subclass gives its controls, computes
    a `view` of what is chosen, and shows it in `_draw`; where a move changes other controls, it
    does so in `_adjust`. If its picture can be clicked, it implements `_point`, and `_arrow` for
    the keyboard. Axes are wiped and used again, and bear no legend: new axes and legends take most
    of a drawing's time; and their frames are kept.

    Args:
        choices: name -> the control of it, at most four; or the value that it has for good.
        widths: of the axes, which stand in a row, in inches.
        height: of the figure, inches.
        beside: a widget left of the picture.
        shared: the mask that is lit here and in other explorers; by default one of its own.

    Attributes:
        controls: name -> widget.
        image: the picture (`Picture`, PNG).
        shared: the mask that is lit, see `SharedMask`.
        text: what the picture shows, in one line (`ipywidgets.HTML`).
        note: what became of the last entry in the lab book (`ipywidgets.HTML`).
        n_draws: how often the picture was drawn.
    """

    #: Properties of the view that the lab book keeps.
    _kept: ClassVar[tuple[str, ...]] = ()
    #: Attributes that are chosen by no control; they begin at their values in the class.
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
        self._axes = _axes_in_a_row(widths, height)
        self._frames = Frames(self._axes)
        self._held = False
        self._start = {name: widget.value for name, widget in self.controls.items()}
        self.image = Picture(layout=widgets.Layout(max_width="100%"))
        if type(self)._point is not Explorer._point:
            self.image.listen(self.point_at, self._pressed)
        self.text = widgets.HTML()
        self.reset_button = widgets.Button(description="Reset", icon="undo")
        self.reset_button.on_click(lambda _: self.reset())
        wide = widgets.Layout(width="max-content")
        self.add_button = widgets.Button(description="Add to lab book", icon="book", layout=wide)
        self.add_button.on_click(lambda _: self._add())
        self.note = widgets.HTML()
        for name, widget in self.controls.items():
            _make_room(widget)
            widget.observe(partial(self._moved, name), names="value")
        self.shared.observe(self._shared_changed, names="neuron_mask")
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        top = [*self.controls.values(), self.reset_button]
        middle = [self.image] if beside is None else [beside, self.image]
        bottom = [self.add_button, self.note]
        rows = [widgets.HBox(row, layout=wrap) for row in (top, middle, bottom)]
        super().__init__([rows[0], self.text, *rows[1:]])
        self.redraw()

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
        return self.shared.of(self.chosen["n_neurons"])

    @property
    def _lit_index(self) -> int | None:
        return None if self.lit is None else mask_to_index(self.lit)

    def reset(self) -> None:
        """Sets every control, and what is chosen otherwise, to where it began."""
        with self.hold():
            for name in self._places:
                setattr(self, name, getattr(type(self), name))
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
        for ax in self._axes:
            widen(ax)
            pin_title(ax)
        with self.image.hold_sync():
            self.image.alt = self._plain_text()
            self.image.value = self._frames.render_png()
        self.n_draws += 1

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
            result={**self._numbers(), "text": self._plain_text()},
            attachments={"picture.png": bytes(self.image.value)},
        )

    def _add(self) -> None:
        from labkit.records import LabBook, LabBookError, default_path

        try:
            entry = self.record(LabBook(default_path()))
        except LabBookError as error:
            self.note.value = in_html(error)
        else:
            self.note.value = f"kept in {in_html(default_path().name)} as {entry[:8]}"

    def _parameters(self) -> dict[str, Any]:
        """What was chosen, for the lab book."""
        return {**self.chosen, **{name: getattr(self, name) for name in self._places}}

    def _numbers(self) -> Mapping[str, Any]:
        """What is shown, as numbers for the lab book."""
        view = self.view
        return {name: getattr(view, name) for name in self._kept}

    def _plain_text(self) -> str:
        return html.unescape(" ".join(re.sub("<[^>]*>", " ", self.text.value).split()))

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
        still = picture_html(bytes(self.image.value), self._plain_text())
        return {**super()._repr_mimebundle_(**kwargs), "text/html": still}


class ProblemExplorer(Explorer):
    """An explorer whose choices `task`, `n_neurons`, `seed`, and `cost` if any, name a problem."""

    @property
    def problem(self) -> Problem:
        """The task, network and cost table that are chosen."""
        chosen = self.chosen
        options = {name: chosen[name] for name in ("seed", "cost") if name in chosen}
        return build_problem(chosen["task"], chosen["n_neurons"], **options)


@own_style()
def _axes_in_a_row(widths: Sequence[float], height: float) -> list[Axes]:
    figure = new_figure(sum(widths), height)
    # fixed margins: working a layout out takes longer than drawing
    margins = {"left": 0.75 / sum(widths), "right": 1 - 0.15 / sum(widths), "wspace": 0.3}
    figure.subplots_adjust(**margins, bottom=0.5 / height, top=1 - 0.3 / height)
    return list(figure.subplots(1, len(widths), width_ratios=widths))


def _make_room(control: widgets.Widget) -> None:
    """Widens a control so that its description, its track and its readout all fit."""
    control.style.description_width = "initial"
    longest = max(map(len, getattr(control, "_options_labels", ())), default=0)
    if control.layout.width is None:
        control.layout.width = f"{180 + 7.5 * len(control.description) + 10 * longest:.0f}px"


def slider(name: str, value: int, low: int, high: int, description: str) -> widgets.IntSlider:
    """An integer slider, if the argument `name` is within its limits."""
    start = check_integer(name, value, minimum=low, maximum=high)
    return widgets.IntSlider(start, low, high, description=description)


def seed_slider(seed: int) -> widgets.IntSlider:
    """The slider of the seed of a network's weights, see `slider`."""
    return slider("seed", seed, 0, MAX_SEED, "seed of the weights")


def dropdown(name: str, value: str, options: Sequence[str]) -> widgets.Dropdown:
    """A list to choose from, if the argument `name` is in it."""
    check_choice(name, value, options)
    return widgets.Dropdown(options=options, value=value, description=name)


def task_dropdown(task: str | Task) -> widgets.Dropdown:
    """The list of the stored tasks, and after them one's own if it is given."""
    own = check_task("task", task)
    start = own.label if isinstance(own, Task) and own.label in TASK_NAMES else own
    options: list[tuple[str, str | Task]] = [(name, name) for name in TASK_NAMES]
    options += [(start.label, start)] if isinstance(start, Task) else []
    return widgets.Dropdown(options=options, value=start, description="task")
