"""What a reader points at: a picture, a drawn network; and the mask that explorers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

import anywidget
import numpy as np
import numpy.typing as npt
import traitlets

from labkit import palette
from labkit.course.wording import say
from labkit.masks import BoolArray, check_one_mask
from labkit.networks import NetworkArrays

#: What the arrow keys move a point by: name -> (right, up).
ARROWS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}


def style_sheet(name: str) -> str:
    """A file beside this one, in which `$BLUE` stands for that colour of the palette."""
    sheet = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return Template(sheet).substitute(vars(palette))


class Picture(anywidget.AnyWidget):
    """A PNG picture that tells where it is clicked or dragged over, and which arrow is pressed.

    Attributes:
        value: the PNG.
        width: on the page, in its pixels; 0 for as many as the PNG has.
        alt: what it shows, for who cannot see it.
        interactive: whether it listens; set before it is displayed.
    """

    _esm = Path(__file__).with_name("picture.js")
    _css = style_sheet("picture.css")

    value = traitlets.Bytes().tag(sync=True)
    width = traitlets.Float().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    interactive = traitlets.Bool(False).tag(sync=True)

    def listen(
        self, point: Callable[[float, float], None], arrow: Callable[[int, int], None]
    ) -> None:
        """Calls `point(x, y)` at each click or drag, `arrow(right, up)` at each arrow key.

        (x, y) are shares of the width and the height from the lower left corner; right and up are
        -1, 0 or 1.
        """

        def heard(_: object, message: Mapping[str, Any], __: object) -> None:
            match message:
                case {"kind": "point", "x": x, "y": y}:
                    answer = partial(point, float(x), float(y))
                case {"kind": "key", "key": key} if key in ARROWS:
                    answer = partial(arrow, *ARROWS[key])
                case _:
                    return
            try:
                answer()
            finally:  # the next message may be sent, whatever became of this one
                self.send({"kind": "answered"})

        self.interactive = True
        self.on_msg(heard)

    def on_room(self, fit: Callable[[float, float], None]) -> None:
        """Calls `fit(width, ratio)` when the page has another room for it, and when it begins.

        The width is in pixels of the page, each of which is `ratio` pixels of the screen.
        """

        def heard(_: object, message: Mapping[str, Any], __: object) -> None:
            match message:
                case {"kind": "room", "width": width, "ratio": ratio}:
                    fit(float(width), float(ratio))

        self.on_msg(heard)


class SharedMask(traitlets.HasTraits):
    """One mask that several explorers light: chosen in one of them, it is seen in all.

    Args:
        neuron_mask: lit to begin with, bool (n,) or a mask string; by default none is.

    Attributes:
        neuron_mask: list of bool (n,); empty where no mask is chosen.
    """

    neuron_mask = traitlets.List(traitlets.Bool())

    def __init__(self, neuron_mask: str | Sequence[bool] | BoolArray = ()) -> None:
        super().__init__()
        if len(neuron_mask):
            self.choose(neuron_mask)

    def choose(self, neuron_mask: str | Sequence[bool] | BoolArray) -> None:
        """Lights a mask, bool (n,) or a mask string, in every explorer that shares this."""
        self.neuron_mask = check_one_mask(neuron_mask, len(neuron_mask)).tolist()

    def of(self, n_neurons: int) -> BoolArray | None:
        """The mask, bool (n,), or None if none of n neurons is chosen."""
        mask = np.array(self.neuron_mask, dtype=bool)
        return mask if len(mask) == n_neurons else None


class NetworkDrawing(anywidget.AnyWidget):
    """A network drawn as nodes and edges; each hidden neuron is a switch.

    A click, the space bar or Enter switches a neuron; arrow keys move between neurons.

    Attributes:
        neuron_mask: list of bool (n,), which neurons are on.
        network: the kernel without biases, (n_inputs, n) lists, and the readout, (n, outputs).
        words: what a screen reader says of the neurons, and of one of them, by name.
    """

    _esm = Path(__file__).with_name("network_drawing.js")
    _css = style_sheet("network_drawing.css")

    neuron_mask = traitlets.List(traitlets.Bool()).tag(sync=True)
    network = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        # beside a picture it takes the room that is left, above it where there is none
        layout = {"flex": "1 1 210px", "max_width": "300px", "min_width": "0"}
        words = {name: say(f"drawing.{name}") for name in ("neurons", "neuron")}
        super().__init__(layout=layout, words=words)

    def show_network(self, network: NetworkArrays, neuron_mask: npt.ArrayLike) -> None:
        """Draws another network, of one hidden layer, and which of its neurons are on, (n,).

        Raises:
            ValueError: the network has more layers, or masks of weights.
        """
        if network.hidden_layers != 1 or network.mask_kind != "neuron":
            kind = f"hidden_layers={network.hidden_layers}, mask_kind={network.mask_kind!r}"
            raise ValueError(f"network has {kind}; drawn are 1 and 'neuron' (limit: 1)")
        mask = check_one_mask(neuron_mask, network.n_mask_bits)
        with self.hold_sync():
            kernel, readout = network.kernel[:-1].tolist(), network.readout.tolist()
            self.network = {"kernel": kernel, "readout": readout}
            self.neuron_mask = mask.tolist()

    @property
    def mask(self) -> BoolArray:
        """The mask as a bool array (n,)."""
        return np.array(self.neuron_mask, dtype=bool)
