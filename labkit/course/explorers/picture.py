"""What a reader points at: a picture, a drawn network; and the mask that explorers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import numpy.typing as npt
import traitlets

from labkit.masks import BoolArray, check_one_mask
from labkit.networks import NetworkArrays

#: What the arrow keys move a point by: name -> (right, up).
ARROWS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}


class Picture(anywidget.AnyWidget):
    """A PNG picture that tells where it is clicked or dragged over, and which arrow is pressed.

    Attributes:
        value: the PNG.
        alt: what it shows, for who cannot see it.
        interactive: whether it listens; set before it is displayed.
    """

    _esm = Path(__file__).with_name("picture.js")
    _css = Path(__file__).with_name("picture.css")

    value = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    interactive = traitlets.Bool(False).tag(sync=True)

    def on_pointed(self, answer: Callable[[float, float], None]) -> None:
        """Calls `answer(x, y)` at each click or drag, with shares of the width and the height.

        (0, 0) is the lower left corner, (1, 1) the upper right one.
        """

        def heard(_: object, message: Mapping[str, Any], __: object) -> None:
            if message.get("kind") == "point":
                self._answered(lambda: answer(float(message["x"]), float(message["y"])))

        self.on_msg(heard)

    def on_arrow(self, answer: Callable[[int, int], None]) -> None:
        """Calls `answer(right, up)` at each arrow key, with -1, 0 or 1 for either."""

        def heard(_: object, message: Mapping[str, Any], __: object) -> None:
            if message.get("kind") == "key" and message.get("key") in ARROWS:
                self._answered(lambda: answer(*ARROWS[message["key"]]))

        self.on_msg(heard)

    def _answered(self, answer: Callable[[], None]) -> None:
        """Lets the picture send its next message, whatever became of this one."""
        try:
            answer()
        finally:
            self.send({"kind": "answered"})


class SharedMask(traitlets.HasTraits):
    """One mask that several explorers light: chosen in one of them, it is seen in all.

    Attributes:
        neuron_mask: list of bool (n,); empty where no mask is chosen.
    """

    neuron_mask = traitlets.List(traitlets.Bool())

    def choose(self, neuron_mask: npt.ArrayLike) -> None:
        """Lights a mask, in every explorer that shares this.

        Args:
            neuron_mask: bool (n,).

        Raises:
            ValueError: it is no single mask.
        """
        mask = np.asarray(neuron_mask)
        self.neuron_mask = check_one_mask(mask, mask.size).tolist()

    def of(self, n_neurons: int) -> BoolArray | None:
        """The mask, bool (n,), or None if none of n neurons is chosen."""
        if len(self.neuron_mask) != n_neurons:
            return None
        return np.array(self.neuron_mask, dtype=bool)


class NetworkDrawing(anywidget.AnyWidget):
    """A network drawn as nodes and edges; each hidden neuron is a switch.

    A click, the space bar or Enter switches a neuron; arrow keys move between neurons.

    Attributes:
        neuron_mask: list of bool (n,), which neurons are on.
        network: the kernel without biases, (n_inputs, n) lists, and the readout, (n, outputs).
    """

    _esm = Path(__file__).with_name("network_drawing.js")
    _css = Path(__file__).with_name("network_drawing.css")

    neuron_mask = traitlets.List(traitlets.Bool()).tag(sync=True)
    network = traitlets.Dict().tag(sync=True)

    def show_network(self, network: NetworkArrays, neuron_mask: npt.ArrayLike) -> None:
        """Draws another network.

        Args:
            network: with one hidden layer and neuron masks.
            neuron_mask: (n,) which neurons are on.

        Raises:
            ValueError: the network is another, or the mask has the wrong length.
        """
        if network.hidden_layers != 1 or network.mask_kind != "neuron":
            kind = f"hidden_layers={network.hidden_layers}, mask_kind={network.mask_kind!r}"
            raise ValueError(f"network has {kind}; drawn are 1 and 'neuron' (limit: 1)")
        mask = check_one_mask(neuron_mask, network.n_mask_bits)
        with self.hold_sync():
            self.network = {
                "kernel": network.kernel[:-1].tolist(),
                "readout": network.readout.tolist(),
            }
            self.neuron_mask = mask.tolist()

    @property
    def mask(self) -> BoolArray:
        """The mask as a bool array (n,)."""
        return np.array(self.neuron_mask, dtype=bool)
