"""The controls of an explorer: refused out of range, and wide enough for what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ipywidgets as widgets

from labkit.course.wording import say
from labkit.datasets import TASK_NAMES, Task, check_task
from labkit.limits import check_choice, check_integer, show_value
from labkit.scoring import COSTS

#: The largest seed on a slider: twenty networks to choose from.
MAX_SEED = 19
#: The tasks of a list: a picture tells their classes apart (`draw_decision`), and the costs of all
#: masks of a dozen neurons are scored within a move. Ten classes are too many for both.
TASKS = tuple(name for name in TASK_NAMES if name not in ("digits", "mnist5k"))
#: What the slider of n neurons says.
QUBITS = say("shared.neurons_qubits")


def slider(name: str, value: int, low: int, high: int, description: str) -> widgets.IntSlider:
    """An integer slider, if the argument `name` is within its limits."""
    start = check_integer(name, value, minimum=low, maximum=high)
    return widgets.IntSlider(start, low, high, description=description)


def seed_slider(seed: int) -> widgets.IntSlider:
    """The slider of the seed of a network's weights, see `slider`."""
    return slider("seed", seed, 0, MAX_SEED, say("controls.seed_of_the_weights"))


def selection_slider(
    name: str, value: float | None, options: Sequence[tuple[str, float]], description: str
) -> widgets.SelectionSlider:
    """A slider over (label, number), if the argument `name` is one of the numbers, or None."""
    offered = [number for _, number in options]
    if value is not None and value not in offered:
        shown = ", ".join(f"{number:g}" for number in offered)
        raise ValueError(f"{name}={show_value(value)} is not offered (limit: {shown})")
    start = 0 if value is None else offered.index(value)
    return widgets.SelectionSlider(options=options, index=start, description=description)


def dropdown(name: str, value: str, options: Sequence[str]) -> widgets.Dropdown:
    """A list to choose from, if the argument `name` is in it."""
    check_choice(name, value, options)
    return widgets.Dropdown(options=named(options), value=value, description=say(f"list.{name}"))


def named(options: Iterable[str]) -> list[tuple[str, str]]:
    """What a list shows for each option, and the option, which is also an argument's value."""
    return [(name_of(option), option) for option in options]


def name_of(option: str) -> str:
    """What an option of a list is called on the page."""
    return say(f"choice.{option.replace(' ', '_')}")


def task_dropdown(task: str | Task, names: Sequence[str] = TASKS) -> widgets.Dropdown:
    """The list of stored tasks, and after them one's own if it is given."""
    own = check_task("task", task, names)
    start = own.label if isinstance(own, Task) and own.label in names else own
    options: list[tuple[str, str | Task]] = [(name, name) for name in names]
    options += [(start.label, start)] if isinstance(start, Task) else []
    return widgets.Dropdown(options=options, value=start, description=say("shared.task"))


def cost_dropdown(cost: str) -> widgets.Dropdown:
    """The list of what can be minimised."""
    return dropdown("cost", cost, COSTS)


def make_room(control: widgets.Widget) -> None:
    """Widens a control so that its description, its track and its longest readout all fit."""
    control.add_class("labkit-control")
    control.style.description_width = "initial"
    labels = getattr(control, "_options_labels", ())
    longest = max(map(len, labels), default=0)
    if isinstance(control, widgets.SelectionSlider):  # one width, or its track would jump
        control.add_class(f"labkit-readout-{min(3, 1 + longest // 12)}")
    if control.layout.width is None:
        control.layout.width = f"{180 + 7.5 * len(control.description) + 10 * longest:.0f}px"


def build_buttons() -> tuple[widgets.Widget, ...]:
    """Reset, "Add to lab book" and "Larger type", which stays pressed."""
    wide = {"width": "max-content"}
    reset = widgets.Button(description=say("controls.reset"), icon="undo")
    add = widgets.Button(description=say("controls.add_to_lab_book"), icon="book", layout=wide)
    larger = widgets.ToggleButton(
        description=say("controls.larger_type"), icon="search-plus", layout=wide
    )
    return reset, add, larger
